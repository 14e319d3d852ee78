# Completions of punctual for elvish: punctual itself says what can follow.
use str

set edit:completion:arg-completer[punctual] = {|@words|
  var offers = [(env PUNCTUAL_COMPLETE=elvish punctual -- $@words 2> /dev/null | from-lines)]
  if (eq $offers []) {
    nop
  } elif (eq $offers[0] '>programs') {
    # What elvish offers behind sudo: commands, its own included.
    edit:complete-sudo sudo $words[-1] | each {|command|
      edit:complex-candidate (to-string $command) &code-suffix=' '
    }
  } elif (str:has-prefix $offers[0] '>') {
    edit:complete-filename $@words
  } else {
    for offer $offers {
      var parts = [(str:split "\t" $offer)]
      var display = $parts[0]
      if (> (count $parts) 1) {
        set display = $parts[0]' ('$parts[1]')'
      }
      edit:complex-candidate $parts[0] &display=$display &code-suffix=' '
    }
  }
}
