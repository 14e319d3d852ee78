# Completions of punctual for fish: punctual itself says what can follow.

function __punctual_offers
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    set -l word (commandline --current-token --cut-at-cursor)
    set -l offers (PUNCTUAL_COMPLETE=fish command punctual -- $words "$word" 2>/dev/null)
    # Behind the sign of --option=value stands what is asked for.
    set -l behind (string match --regex -- '^--[^=]*=' "$word")
    set -l begun (string replace --regex -- '^--[^=]*=' '' "$word")
    switch "$offers[1]"
        case '>files'
            set offers "$behind"(__fish_complete_path "$begun")
        case '>directories'
            set offers "$behind"(__fish_complete_directories "$begun")
        case '>programs'
            set offers (complete --do-complete "$begun")
        case '>users'
            set offers "$behind"(__fish_complete_users)
    end
    string join -- \n $offers
end

complete --command punctual --no-files --keep-order --arguments '(__punctual_offers)'
