
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'punctual' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'punctual'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'punctual' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Create a job: its name and next time are the answer')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the jobs: what, when next, how it went, why it waits')
            [CompletionResult]::new('ls', 'ls', [CompletionResultType]::ParameterValue, 'List the jobs: what, when next, how it went, why it waits')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show everything about a job or a run')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Change jobs in place')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove jobs; their history stays readable')
            [CompletionResult]::new('rm', 'rm', [CompletionResultType]::ParameterValue, 'Remove jobs; their history stays readable')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Start nothing new of some jobs, until they are resumed')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let paused jobs go on')
            [CompletionResult]::new('trigger', 'trigger', [CompletionResultType]::ParameterValue, 'Run jobs once more now, exactly as their schedule would')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'End running runs, drop waiting ones')
            [CompletionResult]::new('retry', 'retry', [CompletionResultType]::ParameterValue, 'Make new runs of jobs whose runs have ended')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until runs are final, and exit as they did')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print what a run wrote, stdout and stderr in order')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'List runs, newest first')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Say when a job, or any WHEN, comes next')
            [CompletionResult]::new('queue', 'queue', [CompletionResultType]::ParameterValue, 'Queues: named lanes with their own limit')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'The runner: executes jobs on schedule, in the foreground')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'The runner and the queues on one screen')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Find out whether anything is wrong: exit 1 then')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make the database match a job file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over jobs from elsewhere')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the jobs as a job file that `apply` takes back')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Forget now what is beyond keeping')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Write a consistent copy of the database, while the runner works')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'Print a systemd unit that keeps a runner of this database alive')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'punctual;add' {
            [CompletionResult]::new('--batch', '--batch', [CompletionResultType]::ParameterName, 'Add a job for each line of a file, or of standard input (-), all or none: see below')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Name of the job [default: made from the command]')
            [CompletionResult]::new('--if-exists', '--if-exists', [CompletionResultType]::ParameterName, 'What to do when a job of this name exists')
            [CompletionResult]::new('--tz', '--tz', [CompletionResultType]::ParameterName, 'IANA zone in which WHEN is read [default: the machine''s]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'First moment of a recurring job')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Last moment of a recurring job')
            [CompletionResult]::new('--jitter', '--jitter', [CompletionResultType]::ParameterName, 'A fixed offset in 0..D for this job on this machine')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'When an earlier run is unfinished [default: skip]')
            [CompletionResult]::new('--missed', '--missed', [CompletionResultType]::ParameterName, 'Due times that passed while nobody ran [default: once]')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Skip a run that could not start D after its due time')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Queue whose slots the job shares [default: default]')
            [CompletionResult]::new('--priority', '--priority', [CompletionResultType]::ParameterName, 'Higher starts first [default: 0]')
            [CompletionResult]::new('--unique', '--unique', [CompletionResultType]::ParameterName, 'Refuse (exit 4) while a job that is not done has the same key')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End the run after D: TERM to its group, then KILL')
            [CompletionResult]::new('--kill-after', '--kill-after', [CompletionResultType]::ParameterName, 'From TERM to KILL [default: 10s]')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Try a failed run again, up to N times [default: 0]')
            [CompletionResult]::new('--backoff', '--backoff', [CompletionResultType]::ParameterName, 'Wait before a retry: doubled each time, ±10 % [default: 10s..1h]')
            [CompletionResult]::new('--retry-on', '--retry-on', [CompletionResultType]::ParameterName, 'Retry only on these exit codes [default: any failure]')
            [CompletionResult]::new('--success-codes', '--success-codes', [CompletionResultType]::ParameterName, 'Exit codes that mean success [default: 0]')
            [CompletionResult]::new('--output-limit', '--output-limit', [CompletionResultType]::ParameterName, 'Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]')
            [CompletionResult]::new('--on-success', '--on-success', [CompletionResultType]::ParameterName, 'Command for the shell when a run succeeded; the run''s JSON is its input')
            [CompletionResult]::new('--on-failure', '--on-failure', [CompletionResultType]::ParameterName, 'When a run failed, was missed, expired, or lost its dependency')
            [CompletionResult]::new('--on-finish', '--on-finish', [CompletionResultType]::ParameterName, 'When a run succeeded, failed or was cancelled')
            [CompletionResult]::new('--mail-to', '--mail-to', [CompletionResultType]::ParameterName, 'Mail the output to these addresses, through sendmail')
            [CompletionResult]::new('--mail-on', '--mail-on', [CompletionResultType]::ParameterName, 'Which ends are mailed; `output` means whatever wrote something [default: failure]')
            [CompletionResult]::new('--cwd', '--cwd', [CompletionResultType]::ParameterName, 'Working directory [default: this one]')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'Set a variable (K=V), or copy one from here (K)')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Read K=V lines from a file at each attempt')
            [CompletionResult]::new('--shell', '--shell', [CompletionResultType]::ParameterName, 'Shell for shell strings [default: /bin/sh]')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Run as this user, with a runner of root')
            [CompletionResult]::new('--umask', '--umask', [CompletionResultType]::ParameterName, 'Octal file creation mask [default: the runner''s]')
            [CompletionResult]::new('--nice', '--nice', [CompletionResultType]::ParameterName, 'Niceness [default: the runner''s]')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Standard input, stored with the job: a file, or - for this one''s [default: empty]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--paused', '--paused', [CompletionResultType]::ParameterName, 'Add it paused')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for the run to end, and exit as it did')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Wait, and show the output meanwhile')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'One word is a program, not a string for the shell')
            [CompletionResult]::new('--sh', '--sh', [CompletionResultType]::ParameterName, 'Join the words for the shell')
            [CompletionResult]::new('--env-all', '--env-all', [CompletionResultType]::ParameterName, 'Copy this environment, without terminal and session variables')
            [CompletionResult]::new('--env-clean', '--env-clean', [CompletionResultType]::ParameterName, 'Start from cron''s minimal environment instead of the runner''s')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;list' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only jobs in this state')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only jobs of this queue')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'At most N jobs')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--failed', '--failed', [CompletionResultType]::ParameterName, 'Only jobs whose latest run failed')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'One-offs that ended long ago too')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Absolute times, whole commands')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;ls' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only jobs in this state')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Only jobs of this queue')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'At most N jobs')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--failed', '--failed', [CompletionResultType]::ParameterName, 'Only jobs whose latest run failed')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'One-offs that ended long ago too')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Absolute times, whole commands')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;show' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;edit' {
            [CompletionResult]::new('--when', '--when', [CompletionResultType]::ParameterName, 'A new WHEN')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'A new name')
            [CompletionResult]::new('--unset', '--unset', [CompletionResultType]::ParameterName, 'Give an option its default again, such as `timeout`')
            [CompletionResult]::new('--tz', '--tz', [CompletionResultType]::ParameterName, 'IANA zone in which WHEN is read [default: the machine''s]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'First moment of a recurring job')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Last moment of a recurring job')
            [CompletionResult]::new('--jitter', '--jitter', [CompletionResultType]::ParameterName, 'A fixed offset in 0..D for this job on this machine')
            [CompletionResult]::new('--overlap', '--overlap', [CompletionResultType]::ParameterName, 'When an earlier run is unfinished [default: skip]')
            [CompletionResult]::new('--missed', '--missed', [CompletionResultType]::ParameterName, 'Due times that passed while nobody ran [default: once]')
            [CompletionResult]::new('--deadline', '--deadline', [CompletionResultType]::ParameterName, 'Skip a run that could not start D after its due time')
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'Queue whose slots the job shares [default: default]')
            [CompletionResult]::new('--priority', '--priority', [CompletionResultType]::ParameterName, 'Higher starts first [default: 0]')
            [CompletionResult]::new('--unique', '--unique', [CompletionResultType]::ParameterName, 'Refuse (exit 4) while a job that is not done has the same key')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'End the run after D: TERM to its group, then KILL')
            [CompletionResult]::new('--kill-after', '--kill-after', [CompletionResultType]::ParameterName, 'From TERM to KILL [default: 10s]')
            [CompletionResult]::new('--retries', '--retries', [CompletionResultType]::ParameterName, 'Try a failed run again, up to N times [default: 0]')
            [CompletionResult]::new('--backoff', '--backoff', [CompletionResultType]::ParameterName, 'Wait before a retry: doubled each time, ±10 % [default: 10s..1h]')
            [CompletionResult]::new('--retry-on', '--retry-on', [CompletionResultType]::ParameterName, 'Retry only on these exit codes [default: any failure]')
            [CompletionResult]::new('--success-codes', '--success-codes', [CompletionResultType]::ParameterName, 'Exit codes that mean success [default: 0]')
            [CompletionResult]::new('--output-limit', '--output-limit', [CompletionResultType]::ParameterName, 'Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]')
            [CompletionResult]::new('--on-success', '--on-success', [CompletionResultType]::ParameterName, 'Command for the shell when a run succeeded; the run''s JSON is its input')
            [CompletionResult]::new('--on-failure', '--on-failure', [CompletionResultType]::ParameterName, 'When a run failed, was missed, expired, or lost its dependency')
            [CompletionResult]::new('--on-finish', '--on-finish', [CompletionResultType]::ParameterName, 'When a run succeeded, failed or was cancelled')
            [CompletionResult]::new('--mail-to', '--mail-to', [CompletionResultType]::ParameterName, 'Mail the output to these addresses, through sendmail')
            [CompletionResult]::new('--mail-on', '--mail-on', [CompletionResultType]::ParameterName, 'Which ends are mailed; `output` means whatever wrote something [default: failure]')
            [CompletionResult]::new('--cwd', '--cwd', [CompletionResultType]::ParameterName, 'Working directory [default: this one]')
            [CompletionResult]::new('--env', '--env', [CompletionResultType]::ParameterName, 'Set a variable (K=V), or copy one from here (K)')
            [CompletionResult]::new('--env-file', '--env-file', [CompletionResultType]::ParameterName, 'Read K=V lines from a file at each attempt')
            [CompletionResult]::new('--shell', '--shell', [CompletionResultType]::ParameterName, 'Shell for shell strings [default: /bin/sh]')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'Run as this user, with a runner of root')
            [CompletionResult]::new('--umask', '--umask', [CompletionResultType]::ParameterName, 'Octal file creation mask [default: the runner''s]')
            [CompletionResult]::new('--nice', '--nice', [CompletionResultType]::ParameterName, 'Niceness [default: the runner''s]')
            [CompletionResult]::new('--stdin', '--stdin', [CompletionResultType]::ParameterName, 'Standard input, stored with the job: a file, or - for this one''s [default: empty]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--exec', '--exec', [CompletionResultType]::ParameterName, 'One word is a program, not a string for the shell')
            [CompletionResult]::new('--sh', '--sh', [CompletionResultType]::ParameterName, 'Join the words for the shell')
            [CompletionResult]::new('--env-all', '--env-all', [CompletionResultType]::ParameterName, 'Copy this environment, without terminal and session variables')
            [CompletionResult]::new('--env-clean', '--env-clean', [CompletionResultType]::ParameterName, 'Start from cron''s minimal environment instead of the runner''s')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;remove' {
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'All jobs of this queue')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All jobs')
            [CompletionResult]::new('--cancel', '--cancel', [CompletionResultType]::ParameterName, 'End living runs first: the runner does it, then the jobs go')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask before --all')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;rm' {
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'All jobs of this queue')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All jobs')
            [CompletionResult]::new('--cancel', '--cancel', [CompletionResultType]::ParameterName, 'End living runs first: the runner does it, then the jobs go')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask before --all')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;pause' {
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'All jobs of this queue')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Resume by itself at this time')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All jobs')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;resume' {
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'All jobs of this queue')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All jobs')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;trigger' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--wait', '--wait', [CompletionResultType]::ParameterName, 'Wait for the runs to end, and exit as they did')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Wait, and show the output meanwhile')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;cancel' {
            [CompletionResult]::new('--queue', '--queue', [CompletionResultType]::ParameterName, 'All unfinished runs of this queue')
            [CompletionResult]::new('--signal', '--signal', [CompletionResultType]::ParameterName, 'Only send this signal to running runs: a name or number')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--all', '--all', [CompletionResultType]::ParameterName, 'All unfinished runs')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;retry' {
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only failures due since then: a time, or a duration ago')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--failed', '--failed', [CompletionResultType]::ParameterName, 'For each job its latest run, if that failed')
            [CompletionResult]::new('--cascade', '--cascade', [CompletionResultType]::ParameterName, 'Also the jobs that were skipped because these failed')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only say what would be done')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;wait' {
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Stop waiting after D (exit 123)')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--any', '--any', [CompletionResultType]::ParameterName, 'Return at the first final run')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;logs' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Only the last N lines')
            [CompletionResult]::new('--attempt', '--attempt', [CompletionResultType]::ParameterName, 'This attempt instead of the last one')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'Wait for the start, follow, and end with the run')
            [CompletionResult]::new('--follow', '--follow', [CompletionResultType]::ParameterName, 'Wait for the start, follow, and end with the run')
            [CompletionResult]::new('--raw', '--raw', [CompletionResultType]::ParameterName, 'Print bytes as they are, on a terminal too')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;history' {
            [CompletionResult]::new('--state', '--state', [CompletionResultType]::ParameterName, 'Only runs in this state')
            [CompletionResult]::new('--since', '--since', [CompletionResultType]::ParameterName, 'Only runs due since then: a time, or a duration ago')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'At most N runs')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--long', '--long', [CompletionResultType]::ParameterName, 'Absolute times')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;next' {
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'How many times [default: 5]')
            [CompletionResult]::new('--from', '--from', [CompletionResultType]::ParameterName, 'Times strictly after this one [default: now]')
            [CompletionResult]::new('--tz', '--tz', [CompletionResultType]::ParameterName, 'Zone of a WHEN [default: the machine''s]')
            [CompletionResult]::new('--name', '--name', [CompletionResultType]::ParameterName, 'Job name that H and ~ are drawn for')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;queue' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the queues with their slots and depth')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set how many runs of a queue may be alive at once')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Start nothing new of a queue')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let a paused queue go on')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a queue that nothing uses')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'punctual;queue;list' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;queue;set' {
            [CompletionResult]::new('--slots', '--slots', [CompletionResultType]::ParameterName, 'Runs alive at once; `none` leaves only the pool''s bound')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;queue;pause' {
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Resume by itself at this time')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;queue;resume' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;queue;remove' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;queue;help' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the queues with their slots and depth')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set how many runs of a queue may be alive at once')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Start nothing new of a queue')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let a paused queue go on')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a queue that nothing uses')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'punctual;queue;help;list' {
            break
        }
        'punctual;queue;help;set' {
            break
        }
        'punctual;queue;help;pause' {
            break
        }
        'punctual;queue;help;resume' {
            break
        }
        'punctual;queue;help;remove' {
            break
        }
        'punctual;queue;help;help' {
            break
        }
        'punctual;run' {
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Runs alive at once [default: the number of CPUs]')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Make the database match this job file (.toml, .json, else a crontab), now and whenever it changes')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Stop after D, as on SIGTERM')
            [CompletionResult]::new('--grace', '--grace', [CompletionResultType]::ParameterName, 'How long running work may go on after the first signal: D or forever [default: 25s]')
            [CompletionResult]::new('--on-failure', '--on-failure', [CompletionResultType]::ParameterName, 'Command for the shell when a run fails whose job has no --on-failure')
            [CompletionResult]::new('--forward-output', '--forward-output', [CompletionResultType]::ParameterName, 'Copy what the jobs write to standard output; `prefix` puts `JOB.N: ` before each line')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How events are written to standard error; `json` is an object a line [default: text]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--until-idle', '--until-idle', [CompletionResultType]::ParameterName, 'Exit when nothing runs, is due or waits for a retry')
            [CompletionResult]::new('--leave-running', '--leave-running', [CompletionResultType]::ParameterName, 'On a signal exit at once and leave the jobs running, for the next runner to adopt')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;status' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Numbers for a monitor, in the text format of Prometheus')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;check' {
            [CompletionResult]::new('--within', '--within', [CompletionResultType]::ParameterName, 'Each job succeeded within this long')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--live', '--live', [CompletionResultType]::ParameterName, 'Only whether the runner lives and the database answers, for probes')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;apply' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Only show what would change')
            [CompletionResult]::new('--prune', '--prune', [CompletionResultType]::ParameterName, 'Remove jobs that came from this file and are gone from it')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;import' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('crontab', 'crontab', [CompletionResultType]::ParameterValue, 'Turn the lines of a crontab(5) into jobs, all or none')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'punctual;import;crontab' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'A user stands before each command, as in /etc/crontab and /etc/cron.d')
            [CompletionResult]::new('--paused', '--paused', [CompletionResultType]::ParameterName, 'Add new jobs paused')
            [CompletionResult]::new('--keep-going', '--keep-going', [CompletionResultType]::ParameterName, 'Leave out lines that cannot be imported, and say which')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;import;help' {
            [CompletionResult]::new('crontab', 'crontab', [CompletionResultType]::ParameterValue, 'Turn the lines of a crontab(5) into jobs, all or none')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'punctual;import;help;crontab' {
            break
        }
        'punctual;import;help;help' {
            break
        }
        'punctual;export' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'Format of the file [default: toml, with --json json]')
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;prune' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;backup' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;service' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'For the system''s manager; the runner is the database''s owner [default: when root asks]')
            [CompletionResult]::new('--user', '--user', [CompletionResultType]::ParameterName, 'For the manager of the user who installs it [default: unless root asks]')
            [CompletionResult]::new('--allow-setuid', '--allow-setuid', [CompletionResultType]::ParameterName, 'Leave out what keeps jobs from sudo and from mailers that are set-uid')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;completions' {
            [CompletionResult]::new('--db', '--db', [CompletionResultType]::ParameterName, 'The database file')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When to use colours')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print one JSON document instead of text for people')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Print only what was asked for')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Say on stderr which database is used')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'punctual;help' {
            [CompletionResult]::new('add', 'add', [CompletionResultType]::ParameterValue, 'Create a job: its name and next time are the answer')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the jobs: what, when next, how it went, why it waits')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show everything about a job or a run')
            [CompletionResult]::new('edit', 'edit', [CompletionResultType]::ParameterValue, 'Change jobs in place')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove jobs; their history stays readable')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Start nothing new of some jobs, until they are resumed')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let paused jobs go on')
            [CompletionResult]::new('trigger', 'trigger', [CompletionResultType]::ParameterValue, 'Run jobs once more now, exactly as their schedule would')
            [CompletionResult]::new('cancel', 'cancel', [CompletionResultType]::ParameterValue, 'End running runs, drop waiting ones')
            [CompletionResult]::new('retry', 'retry', [CompletionResultType]::ParameterValue, 'Make new runs of jobs whose runs have ended')
            [CompletionResult]::new('wait', 'wait', [CompletionResultType]::ParameterValue, 'Wait until runs are final, and exit as they did')
            [CompletionResult]::new('logs', 'logs', [CompletionResultType]::ParameterValue, 'Print what a run wrote, stdout and stderr in order')
            [CompletionResult]::new('history', 'history', [CompletionResultType]::ParameterValue, 'List runs, newest first')
            [CompletionResult]::new('next', 'next', [CompletionResultType]::ParameterValue, 'Say when a job, or any WHEN, comes next')
            [CompletionResult]::new('queue', 'queue', [CompletionResultType]::ParameterValue, 'Queues: named lanes with their own limit')
            [CompletionResult]::new('run', 'run', [CompletionResultType]::ParameterValue, 'The runner: executes jobs on schedule, in the foreground')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'The runner and the queues on one screen')
            [CompletionResult]::new('check', 'check', [CompletionResultType]::ParameterValue, 'Find out whether anything is wrong: exit 1 then')
            [CompletionResult]::new('apply', 'apply', [CompletionResultType]::ParameterValue, 'Make the database match a job file')
            [CompletionResult]::new('import', 'import', [CompletionResultType]::ParameterValue, 'Take over jobs from elsewhere')
            [CompletionResult]::new('export', 'export', [CompletionResultType]::ParameterValue, 'Print the jobs as a job file that `apply` takes back')
            [CompletionResult]::new('prune', 'prune', [CompletionResultType]::ParameterValue, 'Forget now what is beyond keeping')
            [CompletionResult]::new('backup', 'backup', [CompletionResultType]::ParameterValue, 'Write a consistent copy of the database, while the runner works')
            [CompletionResult]::new('service', 'service', [CompletionResultType]::ParameterValue, 'Print a systemd unit that keeps a runner of this database alive')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print the completions of a shell')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'punctual;help;add' {
            break
        }
        'punctual;help;list' {
            break
        }
        'punctual;help;show' {
            break
        }
        'punctual;help;edit' {
            break
        }
        'punctual;help;remove' {
            break
        }
        'punctual;help;pause' {
            break
        }
        'punctual;help;resume' {
            break
        }
        'punctual;help;trigger' {
            break
        }
        'punctual;help;cancel' {
            break
        }
        'punctual;help;retry' {
            break
        }
        'punctual;help;wait' {
            break
        }
        'punctual;help;logs' {
            break
        }
        'punctual;help;history' {
            break
        }
        'punctual;help;next' {
            break
        }
        'punctual;help;queue' {
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'List the queues with their slots and depth')
            [CompletionResult]::new('set', 'set', [CompletionResultType]::ParameterValue, 'Set how many runs of a queue may be alive at once')
            [CompletionResult]::new('pause', 'pause', [CompletionResultType]::ParameterValue, 'Start nothing new of a queue')
            [CompletionResult]::new('resume', 'resume', [CompletionResultType]::ParameterValue, 'Let a paused queue go on')
            [CompletionResult]::new('remove', 'remove', [CompletionResultType]::ParameterValue, 'Remove a queue that nothing uses')
            break
        }
        'punctual;help;queue;list' {
            break
        }
        'punctual;help;queue;set' {
            break
        }
        'punctual;help;queue;pause' {
            break
        }
        'punctual;help;queue;resume' {
            break
        }
        'punctual;help;queue;remove' {
            break
        }
        'punctual;help;run' {
            break
        }
        'punctual;help;status' {
            break
        }
        'punctual;help;check' {
            break
        }
        'punctual;help;apply' {
            break
        }
        'punctual;help;import' {
            [CompletionResult]::new('crontab', 'crontab', [CompletionResultType]::ParameterValue, 'Turn the lines of a crontab(5) into jobs, all or none')
            break
        }
        'punctual;help;import;crontab' {
            break
        }
        'punctual;help;export' {
            break
        }
        'punctual;help;prune' {
            break
        }
        'punctual;help;backup' {
            break
        }
        'punctual;help;service' {
            break
        }
        'punctual;help;completions' {
            break
        }
        'punctual;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
