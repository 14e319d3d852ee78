//! The number of a process is given to another: neither is the stranger adopted, nor does it feel
//! anything of what was meant for the first.

use crate::sandbox::{Answer, PUNCTUAL, Sandbox, is_root, skipped};

/// Runs as process 1 of a namespace of its own. `$1` is what the runner is asked for afterwards.
const SCRIPT: &str = r#"
punctual() { "$PUNCTUAL" --db "$DB" "$@"; }
waits() { n=0; until eval "$1" 2>/dev/null; do n=$((n + 1)); test $n -lt 2000 || exit 99; sleep 0.01; done; }
echo 300 > /proc/sys/kernel/ns_last_pid || exit 77

punctual add now --name x --timeout 1s --kill-after 100ms 'echo $$ > pid; exec sleep 600'
"$PUNCTUAL" --db "$DB" run 2> first & runner=$!
waits 'test -s pid'
pid=$(cat pid)
start=$(cut -d ' ' -f 22 /proc/$pid/stat)
waits 'punctual --json show x.1 | grep -q "\"pid\":$pid"'
parent=$(sed -n 's/^PPid:\t//p' /proc/$pid/status)
kill -9 $runner; wait $runner
kill -9 $parent
kill -9 $pid
waits '! test -e /proc/$pid/stat'
# Start times are told in hundredths of a second, and no number comes around in one.
waits 'test "$(cut -d " " -f 1 /proc/uptime | tr -d .)" -gt "$start"'

echo $((pid - 1)) > /proc/sys/kernel/ns_last_pid
setsid sh -c 'trap "echo felt >> felt" HUP INT TERM CONT USR1; echo $$ > stranger; while :; do sleep 0.01; done' &
waits 'test -s stranger'
cat pid stranger
case $1 in
late) ;;
cancel) punctual cancel x ;;
signal) punctual cancel x --signal USR1 ;;
esac
punctual run --until-idle 2> second
echo code $?
kill -0 $pid && echo alive
kill -9 $pid
cat second >&2
"#;

#[test]
fn a_stranger_with_the_number_of_a_dead_job_feels_nothing() {
    if !is_root("a pid namespace") {
        return;
    }
    for wish in ["late", "cancel", "signal"] {
        let sandbox = Sandbox::new();
        sandbox.write("script", SCRIPT);
        let mut unshare = sandbox.program("unshare");
        unshare
            .args(["--pid", "--fork", "--mount-proc", "sh", "script", wish])
            .env("PUNCTUAL", PUNCTUAL)
            .env("DB", sandbox.database());
        let answer = Answer::of(&mut unshare);
        if answer.code == 77 || answer.err.starts_with("unshare:") {
            skipped(&format!("no pid namespace of our own here: {answer:?}"));
            return;
        }
        assert_eq!(answer.code, 0, "{wish}: {answer:?}");
        let lines: Vec<&str> = answer.out.lines().collect();
        let ends = &lines[lines.len().saturating_sub(2)..];
        assert_eq!(ends, ["code 0", "alive"], "{wish}: {answer:?}");
        assert_eq!(sandbox.read("pid"), sandbox.read("stranger"), "{wish}");
        assert_eq!(sandbox.read("felt"), "", "{wish}: {answer:?}");
        assert!(!answer.err.contains("adopted"), "{wish}: {answer:?}");
        let state = sandbox.state("x");
        assert!(
            ["failed(lost)", "cancelled"].contains(&state.as_str()),
            "{wish}: {state} {answer:?}"
        );
    }
}
