# Completion of hakmem's commands and options for fish. It asks the command's own --help, so that it
# knows what the installed version knows.

function __hakmem_commands
    hakmem --help 2>/dev/null | string replace -rf '^  ([a-z][a-z-]*) +(.*)' '$1\t$2'
    printf '%s\t%s\n' --help 'list the commands' --version 'print the version'
end

function __hakmem_command
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

# "--name" or "--name ARGUMENT", a tab, and what it does.
function __hakmem_options
    set -l command (__hakmem_command)
    test -n "$command"; or return
    hakmem $command --help 2>/dev/null | string replace -rf '^  (--?[a-z][a-z-]*)( [A-Z][^ ]*)? +(.*)' '$1\t$3'
end

# Whether the word before wants something after it.
function __hakmem_wants_value
    set -l words (commandline -opc)
    test (count $words) -ge 3; or return 1
    hakmem $words[2] --help 2>/dev/null | string match -rq -- "^  $words[-1] [A-Z][^ ]* "
end

# Processes that HAKMEM is loaded in.
function __hakmem_processes
    grep -l -s libhakmem /proc/*/maps 2>/dev/null | string replace -rf '/proc/(\d+)/maps' '$1\tprocess'
end

# Where a program and its arguments begin.
function __hakmem_program
    set -l words (commandline -opc)
    contains -- -- $words[3..-1]; or contains -- "$words[2]" run compare
end

complete -c hakmem -n __fish_is_first_token -f -a '(__hakmem_commands)'
complete -c hakmem -n 'not __fish_is_first_token; and not __hakmem_wants_value; and string match -q -- "-*" (commandline -ct)' -f -a '(__hakmem_options)'
complete -c hakmem -n 'not __fish_is_first_token; and not __hakmem_wants_value; and not __hakmem_program; and not contains -- (__hakmem_command) bench' -a '(__hakmem_processes)'
complete -c hakmem -n '__hakmem_program; and not __hakmem_wants_value' -a '(__fish_complete_subcommand --fcs-skip=2)'
