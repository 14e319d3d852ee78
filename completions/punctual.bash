# Completions of punctual for bash: punctual itself says what can follow.

_punctual() {
    local line=${COMP_LINE:0:COMP_POINT} words=() word i
    # bash takes words apart at each of COMP_WORDBREAKS; pieces without a blank between belong together.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i == COMP_CWORD)); then
            word=${line#"${line%%[![:blank:]]*}"}
        fi
        if ((i > 0)) && [[ $line != [[:blank:]]* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        line=${line#"${line%%[![:blank:]]*}"}
        line=${line#"$word"}
    done
    # What bash replaces is the last piece alone.
    word=${words[${#words[@]} - 1]}
    local behind=${word%"$2"} offer
    COMPREPLY=()
    while IFS= read -r offer; do
        case $offer in
            '>files')
                compopt -o default 2> /dev/null
                return
                ;;
            '>directories')
                compopt -o dirnames 2> /dev/null
                return
                ;;
            '>programs')
                if [[ $2 == */* ]]; then
                    compopt -o default 2> /dev/null
                    return
                fi
                while IFS= read -r offer; do
                    # A name that would need quotes is nothing one types.
                    [[ $offer == *[!A-Za-z0-9._+-]* ]] || COMPREPLY+=("$offer")
                done < <(compgen -c -- "$2")
                return
                ;;
            '>users')
                while IFS= read -r offer; do
                    COMPREPLY+=("$offer")
                done < <(compgen -u -- "$2")
                return
                ;;
            *)
                COMPREPLY+=("${offer#"$behind"}")
                ;;
        esac
    done < <(PUNCTUAL_COMPLETE=bash command punctual -- "${words[@]}" 2> /dev/null)
}

complete -F _punctual punctual
