//! Ending: what is signalled, what is left alone, and what is kept of the output.

use super::super::group::{Signal, signal_group, signal_tree};
use super::super::identity::Identity;
use super::*;

#[tokio::test]
async fn a_grandchild_that_keeps_the_output_delays_nobody() {
    let place = Place::new();
    let child = spawn(&place.sh("sleep 60 & echo $! > pid; echo done")).unwrap();
    let identity = child.identity.clone();
    let path = place.path("output");
    assert!(is_held(&path).unwrap());
    assert_eq!(child.ended().exit, Exit::Code(0));
    assert_eq!(place.output(), "done\n");
    // It lives, holds the file, and can be found in the group that nobody leads any more.
    let stray = pid_in(&place.path("pid")).await;
    assert!(is_alive(stray) && is_held(&path).unwrap());
    assert!(!signal_group(&identity, Signal::Kill).unwrap());
    assert!(is_alive(stray));
    kill(stray);
    until("the file is let go", || !is_held(&path).unwrap()).await;
}

/// Whether any process still has the file locked from the start of the attempt.
fn is_held(path: &Path) -> std::io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(
        std::fs::File::open(path)?,
        FlockOperation::NonBlockingLockShared,
    ) {
        Ok(()) => Ok(false),
        Err(rustix::io::Errno::AGAIN) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_group_is_signalled_down_to_its_grandchildren() {
    let place = Place::new();
    let script = "sh -c 'sh -c \"echo \\$\\$ > pid; exec sleep 60\" & wait' & wait";
    let child = spawn(&place.sh(script)).unwrap();
    let identity = child.identity.clone();
    let grandchild = pid_in(&place.path("pid")).await;
    assert!(signal_group(&identity, Signal::Term).unwrap());
    assert_eq!(child.ended().exit, Exit::Signal(15));
    until("the grandchild ends", || !is_alive(grandchild)).await;
    assert!(!signal_group(&identity, Signal::Term).unwrap());
}

#[tokio::test]
async fn an_exited_leader_still_proves_its_group_until_reaped() {
    let place = Place::new();
    let child = spawn(&place.sh("sleep 60 & echo $! > pid")).unwrap();
    let stray = pid_in(&place.path("pid")).await;
    child.exited();
    assert!(signal_group(&child.identity, Signal::Kill).unwrap());
    until("the stray ends", || !is_alive(stray)).await;
    assert_eq!(child.ended().exit, Exit::Code(0));
}

#[tokio::test]
async fn a_stopped_process_hears_term_after_cont_and_kill_at_once() {
    for (signals, exit) in [
        (vec![Signal::Term, Signal::Cont], Exit::Signal(15)),
        (vec![Signal::Kill], Exit::Signal(9)),
        (vec![Signal::Other(10), Signal::Cont], Exit::Signal(10)),
    ] {
        let place = Place::new();
        let child = spawn(&place.sh("kill -STOP $$")).unwrap();
        let pid = child.identity.pid;
        // A small `t` is a stop seen by a tracer.
        until("it stops", || {
            crate::os::proc::stat(pid).is_ok_and(|stat| stat.state.eq_ignore_ascii_case(&b't'))
        })
        .await;
        for signal in signals {
            assert!(signal_group(&child.identity, signal).unwrap());
        }
        assert_eq!(child.ended().exit, exit);
    }
}

#[test]
fn strangers_are_never_signalled() {
    let place = Place::new();
    let child = spawn(&place.sh("until [ -e go ]; do sleep 0.01; done")).unwrap();
    let real = child.identity.clone();
    for stranger in [
        Identity {
            start: real.start + 1,
            ..real.clone()
        },
        Identity {
            start: 0,
            ..real.clone()
        },
        Identity {
            boot: "another boot".into(),
            ..real.clone()
        },
        Identity {
            pid: 1,
            ..real.clone()
        },
        Identity {
            pid: 0,
            ..real.clone()
        },
        Identity {
            pid: -1,
            ..real.clone()
        },
    ] {
        assert!(!signal_group(&stranger, Signal::Kill).unwrap());
        assert!(!signal_tree(&stranger, "no such mark", Signal::Kill).unwrap());
    }
    assert!(signal_group(&real, Signal::Other(999)).is_err());
    std::fs::write(place.path("go"), "").unwrap();
    assert_eq!(child.ended().exit, Exit::Code(0));
}

#[tokio::test]
async fn strays_are_found_by_their_mark_and_ended() {
    let place = Place::new();
    let (launch, mark) = place.marked("setsid sh -c 'echo $$ > pid; exec sleep 60' & wait");
    let child = spawn(&launch).unwrap();
    let identity = child.identity.clone();
    let stray = pid_in(&place.path("pid")).await;
    let found = marks(&mark);
    assert_eq!(found.len(), 2);
    assert_eq!(found.iter().filter(|it| **it == child.identity).count(), 1);
    assert!(signal_tree(&identity, &mark, Signal::Term).unwrap());
    assert_eq!(child.ended().exit, Exit::Signal(15));
    until("the stray ends", || !is_alive(stray)).await;
    assert!(!signal_tree(&identity, &mark, Signal::Kill).unwrap());
    assert_eq!(marks(&mark), []);
}

/// A member that dropped the mark is reached through one that kept it.
#[tokio::test]
async fn a_group_without_leader_is_ours_by_any_marked_member() {
    let place = Place::new();
    let (launch, mark) =
        place.marked("env -i sleep 60 & echo $! > bare; sleep 60 & echo $! > marked; exit 0");
    let child = spawn(&launch).unwrap();
    let identity = child.identity.clone();
    child.ended();
    let (bare, marked) = (
        pid_in(&place.path("bare")).await,
        pid_in(&place.path("marked")).await,
    );
    until("it dropped its mark", || {
        is_alive(bare) && marks(&mark).len() == 1
    })
    .await;
    assert!(signal_tree(&identity, &mark, Signal::Kill).unwrap());
    until("both end", || !is_alive(bare) && !is_alive(marked)).await;
}

#[test]
fn output_keeps_head_and_tail() {
    let place = Place::new();
    run(&place.sh("seq 1 1000"));
    let path = place.path("output");
    let all = std::fs::read(&path).unwrap();
    let total = all.len() as u64;
    for limit in [total, total + 1, 1 << 40] {
        let kept = output::collect(&path, limit).unwrap();
        assert_eq!((kept.head.as_slice(), kept.tail.len()), (all.as_slice(), 0));
    }
    for limit in [total - 1, 100, 7, 1, 0] {
        let kept = output::collect(&path, limit).unwrap();
        assert_eq!(kept.total, total);
        assert_eq!((kept.head.len() + kept.tail.len()) as u64, limit);
        assert!(all.starts_with(&kept.head) && all.ends_with(&kept.tail));
    }
}

#[tokio::test]
async fn a_flood_is_freed_in_its_middle_and_keeps_its_ends() {
    let place = Place::new();
    let path = place.path("output");
    let script = "printf first; head -c 3000000 /dev/zero; printf last; sleep 60";
    let child = spawn(&place.sh(script)).unwrap();
    until("the flood is written", || {
        crate::os::fs::lstat(&path).is_ok_and(|it| it.size == 3_000_009)
    })
    .await;
    output::trim(&path, 1 << 20).unwrap();
    output::trim(&path, 10_000).unwrap();
    let facts = crate::os::fs::lstat(&path).unwrap();
    assert_eq!(facts.size, 3_000_009);
    assert!(facts.allocated < 64_000, "{facts:?}");
    let kept = output::collect(&path, 10_000).unwrap();
    assert!(kept.head.starts_with(b"first") && kept.tail.ends_with(b"last"));
    signal_group(&child.identity, Signal::Kill).unwrap();
    child.ended();
    output::discard(&path).unwrap();
    output::discard(&path).unwrap();
    assert!(output::collect(&path, 1).is_err());
}

#[test]
fn collecting_follows_no_symlink() {
    let place = Place::new();
    std::fs::write(place.path("secret"), "secret").unwrap();
    let link = place.path("output");
    std::os::unix::fs::symlink(place.path("secret"), &link).unwrap();
    assert!(output::collect(&link, 100).is_err());
    assert!(output::trim(&link, 0).is_ok());
    assert_eq!(text(&place.path("secret")), "secret");
}

#[tokio::test]
async fn a_thousand_children_leave_no_zombie_and_no_descriptor() {
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let place = Place::new();
    let before = count();
    for _ in 0..10 {
        let children = (0..100).map(|n| Launch {
            output: place.path(&n.to_string()),
            ..place.launch(&["/bin/true"])
        });
        let children: Vec<_> = children
            .map(|it| (spawn(&it).unwrap(), it.output))
            .collect();
        for (child, path) in children {
            let pid = child.identity.pid;
            assert_eq!(child.ended().exit, Exit::Code(0));
            output::discard(&path).unwrap();
            assert!(crate::os::proc::stat(pid).is_err());
        }
    }
    // Other tests of this process open and close theirs.
    until("descriptors are back", || count() <= before + 20).await;
}
