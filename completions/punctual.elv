
use builtin;
use str;

set edit:completion:arg-completer[punctual] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'punctual'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'punctual'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand add 'Create a job: its name and next time are the answer'
            cand list 'List the jobs: what, when next, how it went, why it waits'
            cand ls 'List the jobs: what, when next, how it went, why it waits'
            cand show 'Show everything about a job or a run'
            cand edit 'Change jobs in place'
            cand remove 'Remove jobs; their history stays readable'
            cand rm 'Remove jobs; their history stays readable'
            cand pause 'Start nothing new of some jobs, until they are resumed'
            cand resume 'Let paused jobs go on'
            cand trigger 'Run jobs once more now, exactly as their schedule would'
            cand cancel 'End running runs, drop waiting ones'
            cand retry 'Make new runs of jobs whose runs have ended'
            cand wait 'Wait until runs are final, and exit as they did'
            cand logs 'Print what a run wrote, stdout and stderr in order'
            cand history 'List runs, newest first'
            cand next 'Say when a job, or any WHEN, comes next'
            cand queue 'Queues: named lanes with their own limit'
            cand run 'The runner: executes jobs on schedule, in the foreground'
            cand status 'The runner and the queues on one screen'
            cand check 'Find out whether anything is wrong: exit 1 then'
            cand apply 'Make the database match a job file'
            cand import 'Take over jobs from elsewhere'
            cand export 'Print the jobs as a job file that `apply` takes back'
            cand prune 'Forget now what is beyond keeping'
            cand backup 'Write a consistent copy of the database, while the runner works'
            cand service 'Print a systemd unit that keeps a runner of this database alive'
            cand completions 'Print the completions of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'punctual;add'= {
            cand --batch 'Add a job for each line of a file, or of standard input (-), all or none: see below'
            cand --name 'Name of the job [default: made from the command]'
            cand --if-exists 'What to do when a job of this name exists'
            cand --tz 'IANA zone in which WHEN is read [default: the machine''s]'
            cand --from 'First moment of a recurring job'
            cand --until 'Last moment of a recurring job'
            cand --jitter 'A fixed offset in 0..D for this job on this machine'
            cand --overlap 'When an earlier run is unfinished [default: skip]'
            cand --missed 'Due times that passed while nobody ran [default: once]'
            cand --deadline 'Skip a run that could not start D after its due time'
            cand --queue 'Queue whose slots the job shares [default: default]'
            cand --priority 'Higher starts first [default: 0]'
            cand --unique 'Refuse (exit 4) while a job that is not done has the same key'
            cand --timeout 'End the run after D: TERM to its group, then KILL'
            cand --kill-after 'From TERM to KILL [default: 10s]'
            cand --retries 'Try a failed run again, up to N times [default: 0]'
            cand --backoff 'Wait before a retry: doubled each time, ±10 % [default: 10s..1h]'
            cand --retry-on 'Retry only on these exit codes [default: any failure]'
            cand --success-codes 'Exit codes that mean success [default: 0]'
            cand --output-limit 'Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]'
            cand --on-success 'Command for the shell when a run succeeded; the run''s JSON is its input'
            cand --on-failure 'When a run failed, was missed, expired, or lost its dependency'
            cand --on-finish 'When a run succeeded, failed or was cancelled'
            cand --mail-to 'Mail the output to these addresses, through sendmail'
            cand --mail-on 'Which ends are mailed; `output` means whatever wrote something [default: failure]'
            cand --cwd 'Working directory [default: this one]'
            cand --env 'Set a variable (K=V), or copy one from here (K)'
            cand --env-file 'Read K=V lines from a file at each attempt'
            cand --shell 'Shell for shell strings [default: /bin/sh]'
            cand --user 'Run as this user, with a runner of root'
            cand --umask 'Octal file creation mask [default: the runner''s]'
            cand --nice 'Niceness [default: the runner''s]'
            cand --stdin 'Standard input, stored with the job: a file, or - for this one''s [default: empty]'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --paused 'Add it paused'
            cand --wait 'Wait for the run to end, and exit as it did'
            cand --follow 'Wait, and show the output meanwhile'
            cand --exec 'One word is a program, not a string for the shell'
            cand --sh 'Join the words for the shell'
            cand --env-all 'Copy this environment, without terminal and session variables'
            cand --env-clean 'Start from cron''s minimal environment instead of the runner''s'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;list'= {
            cand --state 'Only jobs in this state'
            cand --queue 'Only jobs of this queue'
            cand -n 'At most N jobs'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --failed 'Only jobs whose latest run failed'
            cand --all 'One-offs that ended long ago too'
            cand --long 'Absolute times, whole commands'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;ls'= {
            cand --state 'Only jobs in this state'
            cand --queue 'Only jobs of this queue'
            cand -n 'At most N jobs'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --failed 'Only jobs whose latest run failed'
            cand --all 'One-offs that ended long ago too'
            cand --long 'Absolute times, whole commands'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;show'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;edit'= {
            cand --when 'A new WHEN'
            cand --name 'A new name'
            cand --unset 'Give an option its default again, such as `timeout`'
            cand --tz 'IANA zone in which WHEN is read [default: the machine''s]'
            cand --from 'First moment of a recurring job'
            cand --until 'Last moment of a recurring job'
            cand --jitter 'A fixed offset in 0..D for this job on this machine'
            cand --overlap 'When an earlier run is unfinished [default: skip]'
            cand --missed 'Due times that passed while nobody ran [default: once]'
            cand --deadline 'Skip a run that could not start D after its due time'
            cand --queue 'Queue whose slots the job shares [default: default]'
            cand --priority 'Higher starts first [default: 0]'
            cand --unique 'Refuse (exit 4) while a job that is not done has the same key'
            cand --timeout 'End the run after D: TERM to its group, then KILL'
            cand --kill-after 'From TERM to KILL [default: 10s]'
            cand --retries 'Try a failed run again, up to N times [default: 0]'
            cand --backoff 'Wait before a retry: doubled each time, ±10 % [default: 10s..1h]'
            cand --retry-on 'Retry only on these exit codes [default: any failure]'
            cand --success-codes 'Exit codes that mean success [default: 0]'
            cand --output-limit 'Output kept for each attempt, head and tail; 0 keeps none [default: 1MiB]'
            cand --on-success 'Command for the shell when a run succeeded; the run''s JSON is its input'
            cand --on-failure 'When a run failed, was missed, expired, or lost its dependency'
            cand --on-finish 'When a run succeeded, failed or was cancelled'
            cand --mail-to 'Mail the output to these addresses, through sendmail'
            cand --mail-on 'Which ends are mailed; `output` means whatever wrote something [default: failure]'
            cand --cwd 'Working directory [default: this one]'
            cand --env 'Set a variable (K=V), or copy one from here (K)'
            cand --env-file 'Read K=V lines from a file at each attempt'
            cand --shell 'Shell for shell strings [default: /bin/sh]'
            cand --user 'Run as this user, with a runner of root'
            cand --umask 'Octal file creation mask [default: the runner''s]'
            cand --nice 'Niceness [default: the runner''s]'
            cand --stdin 'Standard input, stored with the job: a file, or - for this one''s [default: empty]'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --exec 'One word is a program, not a string for the shell'
            cand --sh 'Join the words for the shell'
            cand --env-all 'Copy this environment, without terminal and session variables'
            cand --env-clean 'Start from cron''s minimal environment instead of the runner''s'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;remove'= {
            cand --queue 'All jobs of this queue'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --all 'All jobs'
            cand --cancel 'End living runs first: the runner does it, then the jobs go'
            cand --yes 'Do not ask before --all'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;rm'= {
            cand --queue 'All jobs of this queue'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --all 'All jobs'
            cand --cancel 'End living runs first: the runner does it, then the jobs go'
            cand --yes 'Do not ask before --all'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;pause'= {
            cand --queue 'All jobs of this queue'
            cand --until 'Resume by itself at this time'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --all 'All jobs'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;resume'= {
            cand --queue 'All jobs of this queue'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --all 'All jobs'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;trigger'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --wait 'Wait for the runs to end, and exit as they did'
            cand --follow 'Wait, and show the output meanwhile'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;cancel'= {
            cand --queue 'All unfinished runs of this queue'
            cand --signal 'Only send this signal to running runs: a name or number'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --all 'All unfinished runs'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;retry'= {
            cand --since 'Only failures due since then: a time, or a duration ago'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --failed 'For each job its latest run, if that failed'
            cand --cascade 'Also the jobs that were skipped because these failed'
            cand --dry-run 'Only say what would be done'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;wait'= {
            cand --timeout 'Stop waiting after D (exit 123)'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --any 'Return at the first final run'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;logs'= {
            cand -n 'Only the last N lines'
            cand --attempt 'This attempt instead of the last one'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand -f 'Wait for the start, follow, and end with the run'
            cand --follow 'Wait for the start, follow, and end with the run'
            cand --raw 'Print bytes as they are, on a terminal too'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;history'= {
            cand --state 'Only runs in this state'
            cand --since 'Only runs due since then: a time, or a duration ago'
            cand -n 'At most N runs'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --long 'Absolute times'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;next'= {
            cand -n 'How many times [default: 5]'
            cand --from 'Times strictly after this one [default: now]'
            cand --tz 'Zone of a WHEN [default: the machine''s]'
            cand --name 'Job name that H and ~ are drawn for'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;queue'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand list 'List the queues with their slots and depth'
            cand set 'Set how many runs of a queue may be alive at once'
            cand pause 'Start nothing new of a queue'
            cand resume 'Let a paused queue go on'
            cand remove 'Remove a queue that nothing uses'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'punctual;queue;list'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;queue;set'= {
            cand --slots 'Runs alive at once; `none` leaves only the pool''s bound'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;queue;pause'= {
            cand --until 'Resume by itself at this time'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;queue;resume'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;queue;remove'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;queue;help'= {
            cand list 'List the queues with their slots and depth'
            cand set 'Set how many runs of a queue may be alive at once'
            cand pause 'Start nothing new of a queue'
            cand resume 'Let a paused queue go on'
            cand remove 'Remove a queue that nothing uses'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'punctual;queue;help;list'= {
        }
        &'punctual;queue;help;set'= {
        }
        &'punctual;queue;help;pause'= {
        }
        &'punctual;queue;help;resume'= {
        }
        &'punctual;queue;help;remove'= {
        }
        &'punctual;queue;help;help'= {
        }
        &'punctual;run'= {
            cand -j 'Runs alive at once [default: the number of CPUs]'
            cand --file 'Make the database match this job file (.toml, .json, else a crontab), now and whenever it changes'
            cand --for 'Stop after D, as on SIGTERM'
            cand --grace 'How long running work may go on after the first signal: D or forever [default: 25s]'
            cand --on-failure 'Command for the shell when a run fails whose job has no --on-failure'
            cand --forward-output 'Copy what the jobs write to standard output; `prefix` puts `JOB.N: ` before each line'
            cand --log-format 'How events are written to standard error; `json` is an object a line [default: text]'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --until-idle 'Exit when nothing runs, is due or waits for a retry'
            cand --leave-running 'On a signal exit at once and leave the jobs running, for the next runner to adopt'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;status'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --metrics 'Numbers for a monitor, in the text format of Prometheus'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;check'= {
            cand --within 'Each job succeeded within this long'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --live 'Only whether the runner lives and the database answers, for probes'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;apply'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --dry-run 'Only show what would change'
            cand --prune 'Remove jobs that came from this file and are gone from it'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;import'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand crontab 'Turn the lines of a crontab(5) into jobs, all or none'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'punctual;import;crontab'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --system 'A user stands before each command, as in /etc/crontab and /etc/cron.d'
            cand --paused 'Add new jobs paused'
            cand --keep-going 'Leave out lines that cannot be imported, and say which'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;import;help'= {
            cand crontab 'Turn the lines of a crontab(5) into jobs, all or none'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'punctual;import;help;crontab'= {
        }
        &'punctual;import;help;help'= {
        }
        &'punctual;export'= {
            cand --format 'Format of the file [default: toml, with --json json]'
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;prune'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;backup'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;service'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --system 'For the system''s manager; the runner is the database''s owner [default: when root asks]'
            cand --user 'For the manager of the user who installs it [default: unless root asks]'
            cand --allow-setuid 'Leave out what keeps jobs from sudo and from mailers that are set-uid'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;completions'= {
            cand --db 'The database file'
            cand --color 'When to use colours'
            cand --json 'Print one JSON document instead of text for people'
            cand -q 'Print only what was asked for'
            cand --quiet 'Print only what was asked for'
            cand -v 'Say on stderr which database is used'
            cand --verbose 'Say on stderr which database is used'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'punctual;help'= {
            cand add 'Create a job: its name and next time are the answer'
            cand list 'List the jobs: what, when next, how it went, why it waits'
            cand show 'Show everything about a job or a run'
            cand edit 'Change jobs in place'
            cand remove 'Remove jobs; their history stays readable'
            cand pause 'Start nothing new of some jobs, until they are resumed'
            cand resume 'Let paused jobs go on'
            cand trigger 'Run jobs once more now, exactly as their schedule would'
            cand cancel 'End running runs, drop waiting ones'
            cand retry 'Make new runs of jobs whose runs have ended'
            cand wait 'Wait until runs are final, and exit as they did'
            cand logs 'Print what a run wrote, stdout and stderr in order'
            cand history 'List runs, newest first'
            cand next 'Say when a job, or any WHEN, comes next'
            cand queue 'Queues: named lanes with their own limit'
            cand run 'The runner: executes jobs on schedule, in the foreground'
            cand status 'The runner and the queues on one screen'
            cand check 'Find out whether anything is wrong: exit 1 then'
            cand apply 'Make the database match a job file'
            cand import 'Take over jobs from elsewhere'
            cand export 'Print the jobs as a job file that `apply` takes back'
            cand prune 'Forget now what is beyond keeping'
            cand backup 'Write a consistent copy of the database, while the runner works'
            cand service 'Print a systemd unit that keeps a runner of this database alive'
            cand completions 'Print the completions of a shell'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'punctual;help;add'= {
        }
        &'punctual;help;list'= {
        }
        &'punctual;help;show'= {
        }
        &'punctual;help;edit'= {
        }
        &'punctual;help;remove'= {
        }
        &'punctual;help;pause'= {
        }
        &'punctual;help;resume'= {
        }
        &'punctual;help;trigger'= {
        }
        &'punctual;help;cancel'= {
        }
        &'punctual;help;retry'= {
        }
        &'punctual;help;wait'= {
        }
        &'punctual;help;logs'= {
        }
        &'punctual;help;history'= {
        }
        &'punctual;help;next'= {
        }
        &'punctual;help;queue'= {
            cand list 'List the queues with their slots and depth'
            cand set 'Set how many runs of a queue may be alive at once'
            cand pause 'Start nothing new of a queue'
            cand resume 'Let a paused queue go on'
            cand remove 'Remove a queue that nothing uses'
        }
        &'punctual;help;queue;list'= {
        }
        &'punctual;help;queue;set'= {
        }
        &'punctual;help;queue;pause'= {
        }
        &'punctual;help;queue;resume'= {
        }
        &'punctual;help;queue;remove'= {
        }
        &'punctual;help;run'= {
        }
        &'punctual;help;status'= {
        }
        &'punctual;help;check'= {
        }
        &'punctual;help;apply'= {
        }
        &'punctual;help;import'= {
            cand crontab 'Turn the lines of a crontab(5) into jobs, all or none'
        }
        &'punctual;help;import;crontab'= {
        }
        &'punctual;help;export'= {
        }
        &'punctual;help;prune'= {
        }
        &'punctual;help;backup'= {
        }
        &'punctual;help;service'= {
        }
        &'punctual;help;completions'= {
        }
        &'punctual;help;help'= {
        }
    ]
    $completions[$command]
}
