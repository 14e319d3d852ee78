# Completions of punctual for PowerShell: punctual itself says what can follow.

Register-ArgumentCompleter -Native -CommandName punctual -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $words = @($commandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    # An empty last word would not be passed on by every PowerShell, so its number is.
    $at = if ($wordToComplete -eq '') { $words.Count } else { $words.Count - 1 }
    $before = $env:PUNCTUAL_COMPLETE
    $env:PUNCTUAL_COMPLETE = "powershell:$at"
    try {
        $offers = @(& punctual -- @words 2> $null)
    } finally {
        $env:PUNCTUAL_COMPLETE = $before
    }
    # Without an answer PowerShell offers files.
    $offers | Where-Object { $_ -and -not $_.StartsWith('>') } | ForEach-Object {
        $value, $remark = $_.Split("`t", 2)
        if (-not $remark) { $remark = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $remark)
    }
}
