# Completion of hakmem's commands and options for bash. It asks the command's own --help, so that it
# knows what the installed version knows.

_hakmem_commands() { hakmem --help 2>/dev/null | sed -n 's/^  \([a-z][a-z-]*\)  *.*/\1/p'; }

_hakmem_options() { hakmem "$1" --help 2>/dev/null | sed -n 's/^  \(--*[a-z][a-z-]*\) .*/\1/p'; }

# _hakmem_argument COMMAND OPTION: what the option wants after it, FILE, N, … ; nothing if nothing.
_hakmem_argument() {
    case $2 in
    -*) hakmem "$1" --help 2>/dev/null | sed -n "s/^  $2 \([A-Z][^ ]*\) .*/\1/p" ;;
    esac
}

# Processes that HAKMEM is loaded in.
_hakmem_processes() {
    grep -l -s libhakmem /proc/[0-9]*/maps 2>/dev/null | sed 's,/proc/\([0-9]*\)/.*,\1,'
}

# Sets `program` to the place of a program that is to be run, if the word to complete is in or behind it.
_hakmem_find_program() {
    local command=${COMP_WORDS[1]} i
    program=
    for ((i = 2; i <= COMP_CWORD; i++)); do
        if [ "${COMP_WORDS[i]}" = -- ] && ((i < COMP_CWORD)); then
            program=$((i + 1))
            return
        fi
        case $command in
        run | compare) ;;
        *) continue ;;
        esac
        case ${COMP_WORDS[i]} in
        -*) ;;
        *)
            [ -n "$(_hakmem_argument "$command" "${COMP_WORDS[i - 1]}")" ] && continue
            program=$i
            return
            ;;
        esac
    done
}

_hakmem_complete() {
    mapfile -t COMPREPLY < <(compgen "$@" -- "${COMP_WORDS[COMP_CWORD]}" | sort -u)
}

_hakmem() {
    local command=${COMP_WORDS[1]} program
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        _hakmem_complete -W "$(_hakmem_commands) --help --version"
        return
    fi
    _hakmem_find_program
    if [ -n "$program" ]; then
        if declare -F _command_offset >/dev/null; then
            _command_offset "$program"
        elif [ "$program" -eq "$COMP_CWORD" ]; then
            _hakmem_complete -c -f
        else
            _hakmem_complete -f
        fi
        return
    fi
    case $(_hakmem_argument "$command" "${COMP_WORDS[COMP_CWORD - 1]}") in
    *FILE*) _hakmem_complete -f; return ;;
    ?*) return ;;
    esac
    case $command:${COMP_WORDS[COMP_CWORD]} in
    *:-*) _hakmem_complete -W "$(_hakmem_options "$command")" ;;
    bench:*) ;;
    *) _hakmem_complete -f -W "$(_hakmem_processes)" ;;
    esac
}

complete -o filenames -F _hakmem hakmem
