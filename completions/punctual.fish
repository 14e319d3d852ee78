# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_punctual_global_optspecs
    string join \n db= json color= q/quiet v/verbose h/help V/version
end

function __fish_punctual_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_punctual_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_punctual_using_subcommand
    set -l cmd (__fish_punctual_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c punctual -n "__fish_punctual_needs_command" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_needs_command" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_needs_command" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_needs_command" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_needs_command" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_needs_command" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_needs_command" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "add" -d 'Create a job: its name and next time are the answer'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "list" -d 'List the jobs: what, when next, how it went, why it waits'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "ls" -d 'List the jobs: what, when next, how it went, why it waits'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "show" -d 'Show everything about a job or a run'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "edit" -d 'Change jobs in place'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "remove" -d 'Remove jobs; their history stays readable'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "rm" -d 'Remove jobs; their history stays readable'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "pause" -d 'Start nothing new of some jobs, until they are resumed'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "resume" -d 'Let paused jobs go on'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "trigger" -d 'Run jobs once more now, exactly as their schedule would'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "cancel" -d 'End running runs, drop waiting ones'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "retry" -d 'Make new runs of jobs whose runs have ended'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "wait" -d 'Wait until runs are final, and exit as they did'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "logs" -d 'Print what a run wrote, stdout and stderr in order'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "history" -d 'List runs, newest first'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "next" -d 'Say when a job, or any WHEN, comes next'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "queue" -d 'Queues: named lanes with their own limit'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "run" -d 'The runner: executes jobs on schedule, in the foreground'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "status" -d 'The runner and the queues on one screen'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "check" -d 'Find out whether anything is wrong: exit 1 then'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "apply" -d 'Make the database match a job file'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "import" -d 'Take over jobs from elsewhere'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "export" -d 'Print the jobs as a job file that `apply` takes back'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "prune" -d 'Forget now what is beyond keeping'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "backup" -d 'Write a consistent copy of the database, while the runner works'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "service" -d 'Print a systemd unit that keeps a runner of this database alive'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "completions" -d 'Print the completions of a shell'
complete -c punctual -n "__fish_punctual_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l batch -d 'Add a job for each line of a file, or of standard input (-), all or none: see below' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand add" -l name -d 'Name of the job [default: made from the command]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l if-exists -d 'What to do when a job of this name exists' -r -f -a "error\t'Refuse (exit 4)'
keep\t'Leave it as it is, and say so'
replace\t'Give it the new definition; a living run is left alone'"
complete -c punctual -n "__fish_punctual_using_subcommand add" -l tz -d 'IANA zone in which WHEN is read [default: the machine\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l from -d 'First moment of a recurring job' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l until -d 'Last moment of a recurring job' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l jitter -d 'A fixed offset in 0..D for this job on this machine' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l overlap -d 'When an earlier run is unfinished [default: skip]' -r -f -a "skip\t''
queue\t''
replace\t''
allow\t''"
complete -c punctual -n "__fish_punctual_using_subcommand add" -l missed -d 'Due times that passed while nobody ran [default: once]' -r -f -a "once\t''
skip\t''
all\t''"
complete -c punctual -n "__fish_punctual_using_subcommand add" -l deadline -d 'Skip a run that could not start D after its due time' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l queue -d 'Queue whose slots the job shares [default: default]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l priority -d 'Higher starts first [default: 0]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l unique -d 'Refuse (exit 4) while a job that is not done has the same key' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l timeout -d 'End the run after D: TERM to its group, then KILL' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l kill-after -d 'From TERM to KILL [default: 10s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l retries -d 'Try a failed run again, up to N times [default: 0]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l backoff -d 'Wait before a retry: doubled each time, ±10 % [default: 10s..1h]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l retry-on -d 'Retry only on these exit codes [default: any failure]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l success-codes -d 'Exit codes that mean success [default: 0]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l output-limit -d 'Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l on-success -d 'Command for the shell when a run succeeded; the run\'s JSON is its input' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l on-failure -d 'When a run failed, was missed, expired, or lost its dependency' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l on-finish -d 'When a run succeeded, failed or was cancelled' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l mail-to -d 'Mail the output to these addresses, through sendmail' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l mail-on -d 'Which ends are mailed; `output` means whatever wrote something [default: failure]' -r -f -a "failure\t''
output\t''
always\t''"
complete -c punctual -n "__fish_punctual_using_subcommand add" -l cwd -d 'Working directory [default: this one]' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand add" -l env -d 'Set a variable (K=V), or copy one from here (K)' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l env-file -d 'Read K=V lines from a file at each attempt' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand add" -l shell -d 'Shell for shell strings [default: /bin/sh]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l user -d 'Run as this user, with a runner of root' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l umask -d 'Octal file creation mask [default: the runner\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l nice -d 'Niceness [default: the runner\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand add" -l stdin -d 'Standard input, stored with the job: a file, or - for this one\'s [default: empty]' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand add" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand add" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand add" -l paused -d 'Add it paused'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l wait -d 'Wait for the run to end, and exit as it did'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l follow -d 'Wait, and show the output meanwhile'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l exec -d 'One word is a program, not a string for the shell'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l sh -d 'Join the words for the shell'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l env-all -d 'Copy this environment, without terminal and session variables'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l env-clean -d 'Start from cron\'s minimal environment instead of the runner\'s'
complete -c punctual -n "__fish_punctual_using_subcommand add" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand add" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand add" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c punctual -n "__fish_punctual_using_subcommand add" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand list" -l state -d 'Only jobs in this state' -r -f -a "active\t''
paused\t''
done\t''"
complete -c punctual -n "__fish_punctual_using_subcommand list" -l queue -d 'Only jobs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand list" -s n -d 'At most N jobs' -r
complete -c punctual -n "__fish_punctual_using_subcommand list" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand list" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand list" -l failed -d 'Only jobs whose latest run failed'
complete -c punctual -n "__fish_punctual_using_subcommand list" -l all -d 'One-offs that ended long ago too'
complete -c punctual -n "__fish_punctual_using_subcommand list" -l long -d 'Absolute times, whole commands'
complete -c punctual -n "__fish_punctual_using_subcommand list" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand list" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand list" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand list" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand list" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l state -d 'Only jobs in this state' -r -f -a "active\t''
paused\t''
done\t''"
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l queue -d 'Only jobs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand ls" -s n -d 'At most N jobs' -r
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l failed -d 'Only jobs whose latest run failed'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l all -d 'One-offs that ended long ago too'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l long -d 'Absolute times, whole commands'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand ls" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand show" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand show" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand show" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand show" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand show" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand show" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand show" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l when -d 'A new WHEN' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l name -d 'A new name' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l unset -d 'Give an option its default again, such as `timeout`' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l tz -d 'IANA zone in which WHEN is read [default: the machine\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l from -d 'First moment of a recurring job' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l until -d 'Last moment of a recurring job' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l jitter -d 'A fixed offset in 0..D for this job on this machine' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l overlap -d 'When an earlier run is unfinished [default: skip]' -r -f -a "skip\t''
queue\t''
replace\t''
allow\t''"
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l missed -d 'Due times that passed while nobody ran [default: once]' -r -f -a "once\t''
skip\t''
all\t''"
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l deadline -d 'Skip a run that could not start D after its due time' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l queue -d 'Queue whose slots the job shares [default: default]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l priority -d 'Higher starts first [default: 0]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l unique -d 'Refuse (exit 4) while a job that is not done has the same key' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l timeout -d 'End the run after D: TERM to its group, then KILL' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l kill-after -d 'From TERM to KILL [default: 10s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l retries -d 'Try a failed run again, up to N times [default: 0]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l backoff -d 'Wait before a retry: doubled each time, ±10 % [default: 10s..1h]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l retry-on -d 'Retry only on these exit codes [default: any failure]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l success-codes -d 'Exit codes that mean success [default: 0]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l output-limit -d 'Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l on-success -d 'Command for the shell when a run succeeded; the run\'s JSON is its input' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l on-failure -d 'When a run failed, was missed, expired, or lost its dependency' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l on-finish -d 'When a run succeeded, failed or was cancelled' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l mail-to -d 'Mail the output to these addresses, through sendmail' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l mail-on -d 'Which ends are mailed; `output` means whatever wrote something [default: failure]' -r -f -a "failure\t''
output\t''
always\t''"
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l cwd -d 'Working directory [default: this one]' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l env -d 'Set a variable (K=V), or copy one from here (K)' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l env-file -d 'Read K=V lines from a file at each attempt' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l shell -d 'Shell for shell strings [default: /bin/sh]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l user -d 'Run as this user, with a runner of root' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l umask -d 'Octal file creation mask [default: the runner\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l nice -d 'Niceness [default: the runner\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l stdin -d 'Standard input, stored with the job: a file, or - for this one\'s [default: empty]' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l exec -d 'One word is a program, not a string for the shell'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l sh -d 'Join the words for the shell'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l env-all -d 'Copy this environment, without terminal and session variables'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l env-clean -d 'Start from cron\'s minimal environment instead of the runner\'s'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand edit" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l queue -d 'All jobs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l all -d 'All jobs'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l cancel -d 'End living runs first: the runner does it, then the jobs go'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l yes -d 'Do not ask before --all'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand remove" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l queue -d 'All jobs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l all -d 'All jobs'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l cancel -d 'End living runs first: the runner does it, then the jobs go'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l yes -d 'Do not ask before --all'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand rm" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand pause" -l queue -d 'All jobs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand pause" -l until -d 'Resume by itself at this time' -r
complete -c punctual -n "__fish_punctual_using_subcommand pause" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand pause" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand pause" -l all -d 'All jobs'
complete -c punctual -n "__fish_punctual_using_subcommand pause" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand pause" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand pause" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand pause" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand pause" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand resume" -l queue -d 'All jobs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand resume" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand resume" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand resume" -l all -d 'All jobs'
complete -c punctual -n "__fish_punctual_using_subcommand resume" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand resume" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand resume" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand resume" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand resume" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -l wait -d 'Wait for the runs to end, and exit as they did'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -l follow -d 'Wait, and show the output meanwhile'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand trigger" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -l queue -d 'All unfinished runs of this queue' -r
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -l signal -d 'Only send this signal to running runs: a name or number' -r
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -l all -d 'All unfinished runs'
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand cancel" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l since -d 'Only failures due since then: a time, or a duration ago' -r
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l failed -d 'For each job its latest run, if that failed'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l cascade -d 'Also the jobs that were skipped because these failed'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l dry-run -d 'Only say what would be done'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand retry" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand wait" -l timeout -d 'Stop waiting after D (exit 123)' -r
complete -c punctual -n "__fish_punctual_using_subcommand wait" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand wait" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand wait" -l any -d 'Return at the first final run'
complete -c punctual -n "__fish_punctual_using_subcommand wait" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand wait" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand wait" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand wait" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand wait" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -s n -d 'Only the last N lines' -r
complete -c punctual -n "__fish_punctual_using_subcommand logs" -l attempt -d 'This attempt instead of the last one' -r
complete -c punctual -n "__fish_punctual_using_subcommand logs" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand logs" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand logs" -s f -l follow -d 'Wait for the start, follow, and end with the run'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -l raw -d 'Print bytes as they are, on a terminal too'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand logs" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand history" -l state -d 'Only runs in this state' -r -f -a "blocked\t''
queued\t''
retrying\t''
running\t''
succeeded\t''
failed\t''
cancelled\t''
skipped\t''"
complete -c punctual -n "__fish_punctual_using_subcommand history" -l since -d 'Only runs due since then: a time, or a duration ago' -r
complete -c punctual -n "__fish_punctual_using_subcommand history" -s n -d 'At most N runs' -r
complete -c punctual -n "__fish_punctual_using_subcommand history" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand history" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand history" -l long -d 'Absolute times'
complete -c punctual -n "__fish_punctual_using_subcommand history" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand history" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand history" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand history" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand history" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand next" -s n -d 'How many times [default: 5]' -r
complete -c punctual -n "__fish_punctual_using_subcommand next" -l from -d 'Times strictly after this one [default: now]' -r
complete -c punctual -n "__fish_punctual_using_subcommand next" -l tz -d 'Zone of a WHEN [default: the machine\'s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand next" -l name -d 'Job name that H and ~ are drawn for' -r
complete -c punctual -n "__fish_punctual_using_subcommand next" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand next" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand next" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand next" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand next" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand next" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand next" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -f -a "list" -d 'List the queues with their slots and depth'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -f -a "set" -d 'Set how many runs of a queue may be alive at once'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -f -a "pause" -d 'Start nothing new of a queue'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -f -a "resume" -d 'Let a paused queue go on'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -f -a "remove" -d 'Remove a queue that nothing uses'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and not __fish_seen_subcommand_from list set pause resume remove help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -l slots -d 'Runs alive at once; `none` leaves only the pool\'s bound' -r
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from set" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -l until -d 'Resume by itself at this time' -r
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from pause" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from resume" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from remove" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the queues with their slots and depth'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "set" -d 'Set how many runs of a queue may be alive at once'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "pause" -d 'Start nothing new of a queue'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "resume" -d 'Let a paused queue go on'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Remove a queue that nothing uses'
complete -c punctual -n "__fish_punctual_using_subcommand queue; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c punctual -n "__fish_punctual_using_subcommand run" -s j -d 'Runs alive at once [default: the number of CPUs]' -r
complete -c punctual -n "__fish_punctual_using_subcommand run" -l file -d 'Make the database match this job file (.toml, .json, else a crontab), now and whenever it changes' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand run" -l for -d 'Stop after D, as on SIGTERM' -r
complete -c punctual -n "__fish_punctual_using_subcommand run" -l grace -d 'How long running work may go on after the first signal: D or forever [default: 25s]' -r
complete -c punctual -n "__fish_punctual_using_subcommand run" -l on-failure -d 'Command for the shell when a run fails whose job has no --on-failure' -r
complete -c punctual -n "__fish_punctual_using_subcommand run" -l forward-output -d 'Copy what the jobs write to standard output; `prefix` puts `JOB.N: ` before each line' -r -f -a "prefix\t''
raw\t''
json\t''"
complete -c punctual -n "__fish_punctual_using_subcommand run" -l log-format -d 'How events are written to standard error; `json` is an object a line [default: text]' -r -f -a "text\t''
json\t''"
complete -c punctual -n "__fish_punctual_using_subcommand run" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand run" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand run" -l until-idle -d 'Exit when nothing runs, is due or waits for a retry'
complete -c punctual -n "__fish_punctual_using_subcommand run" -l leave-running -d 'On a signal exit at once and leave the jobs running, for the next runner to adopt'
complete -c punctual -n "__fish_punctual_using_subcommand run" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand run" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand run" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand run" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand run" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand status" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand status" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand status" -l metrics -d 'Numbers for a monitor, in the text format of Prometheus'
complete -c punctual -n "__fish_punctual_using_subcommand status" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand status" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand status" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand status" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand status" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand check" -l within -d 'Each job succeeded within this long' -r
complete -c punctual -n "__fish_punctual_using_subcommand check" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand check" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand check" -l live -d 'Only whether the runner lives and the database answers, for probes'
complete -c punctual -n "__fish_punctual_using_subcommand check" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand check" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand check" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand check" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand check" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand apply" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand apply" -l dry-run -d 'Only show what would change'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -l prune -d 'Remove jobs that came from this file and are gone from it'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand apply" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -f -a "crontab" -d 'Turn the lines of a crontab(5) into jobs, all or none'
complete -c punctual -n "__fish_punctual_using_subcommand import; and not __fish_seen_subcommand_from crontab help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -l system -d 'A user stands before each command, as in /etc/crontab and /etc/cron.d'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -l paused -d 'Add new jobs paused'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -l keep-going -d 'Leave out lines that cannot be imported, and say which'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from crontab" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from help" -f -a "crontab" -d 'Turn the lines of a crontab(5) into jobs, all or none'
complete -c punctual -n "__fish_punctual_using_subcommand import; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c punctual -n "__fish_punctual_using_subcommand export" -l format -d 'Format of the file [default: toml, with --json json]' -r -f -a "toml\t''
json\t''"
complete -c punctual -n "__fish_punctual_using_subcommand export" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand export" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand export" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand export" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand export" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand export" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand export" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand prune" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand prune" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand prune" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand prune" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand prune" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand prune" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand prune" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand backup" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand backup" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand backup" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand backup" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand backup" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand backup" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand backup" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand service" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand service" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand service" -l system -d 'For the system\'s manager; the runner is the database\'s owner [default: when root asks]'
complete -c punctual -n "__fish_punctual_using_subcommand service" -l user -d 'For the manager of the user who installs it [default: unless root asks]'
complete -c punctual -n "__fish_punctual_using_subcommand service" -l allow-setuid -d 'Leave out what keeps jobs from sudo and from mailers that are set-uid'
complete -c punctual -n "__fish_punctual_using_subcommand service" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand service" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand service" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand service" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand service" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand completions" -l db -d 'The database file' -r -F
complete -c punctual -n "__fish_punctual_using_subcommand completions" -l color -d 'When to use colours' -r -f -a "auto\t''
always\t''
never\t''"
complete -c punctual -n "__fish_punctual_using_subcommand completions" -l json -d 'Print one JSON document instead of text for people'
complete -c punctual -n "__fish_punctual_using_subcommand completions" -s q -l quiet -d 'Print only what was asked for'
complete -c punctual -n "__fish_punctual_using_subcommand completions" -s v -l verbose -d 'Say on stderr which database is used'
complete -c punctual -n "__fish_punctual_using_subcommand completions" -s h -l help -d 'Print help'
complete -c punctual -n "__fish_punctual_using_subcommand completions" -s V -l version -d 'Print version'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "add" -d 'Create a job: its name and next time are the answer'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "list" -d 'List the jobs: what, when next, how it went, why it waits'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "show" -d 'Show everything about a job or a run'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "edit" -d 'Change jobs in place'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "remove" -d 'Remove jobs; their history stays readable'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "pause" -d 'Start nothing new of some jobs, until they are resumed'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "resume" -d 'Let paused jobs go on'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "trigger" -d 'Run jobs once more now, exactly as their schedule would'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "cancel" -d 'End running runs, drop waiting ones'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "retry" -d 'Make new runs of jobs whose runs have ended'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "wait" -d 'Wait until runs are final, and exit as they did'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "logs" -d 'Print what a run wrote, stdout and stderr in order'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "history" -d 'List runs, newest first'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "next" -d 'Say when a job, or any WHEN, comes next'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "queue" -d 'Queues: named lanes with their own limit'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "run" -d 'The runner: executes jobs on schedule, in the foreground'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "status" -d 'The runner and the queues on one screen'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "check" -d 'Find out whether anything is wrong: exit 1 then'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "apply" -d 'Make the database match a job file'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "import" -d 'Take over jobs from elsewhere'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "export" -d 'Print the jobs as a job file that `apply` takes back'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "prune" -d 'Forget now what is beyond keeping'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "backup" -d 'Write a consistent copy of the database, while the runner works'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "service" -d 'Print a systemd unit that keeps a runner of this database alive'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "completions" -d 'Print the completions of a shell'
complete -c punctual -n "__fish_punctual_using_subcommand help; and not __fish_seen_subcommand_from add list show edit remove pause resume trigger cancel retry wait logs history next queue run status check apply import export prune backup service completions help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c punctual -n "__fish_punctual_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "list" -d 'List the queues with their slots and depth'
complete -c punctual -n "__fish_punctual_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "set" -d 'Set how many runs of a queue may be alive at once'
complete -c punctual -n "__fish_punctual_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "pause" -d 'Start nothing new of a queue'
complete -c punctual -n "__fish_punctual_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "resume" -d 'Let a paused queue go on'
complete -c punctual -n "__fish_punctual_using_subcommand help; and __fish_seen_subcommand_from queue" -f -a "remove" -d 'Remove a queue that nothing uses'
complete -c punctual -n "__fish_punctual_using_subcommand help; and __fish_seen_subcommand_from import" -f -a "crontab" -d 'Turn the lines of a crontab(5) into jobs, all or none'
