//! Adopting: knowing a process again that somebody else started, and hearing how it ended.

use super::super::group::{Signal, signal_group};
use super::super::identity::Identity;
use super::super::orphan::{adopt, find_unrecorded};
use super::super::strangers;
use super::*;

/// A process whose starter is gone, as after the death of a runner.
async fn orphan_of(place: &Place, script: &str) -> Identity {
    let (launch, _) = place.marked(&format!(
        "sh -c 'echo $$ > pid; {script}' & until [ -s pid ]; do sleep 0.01; done"
    ));
    assert_eq!(exit_of(&launch), Exit::Code(0));
    Identity::of(pid_in(&place.path("pid")).await)
}

#[tokio::test]
async fn an_orphan_is_adopted_and_its_exit_code_read() {
    let place = Place::new();
    let identity = orphan_of(&place, "until [ -e go ]; do sleep 0.01; done; exit 42").await;
    let mut orphan = adopt(&identity).unwrap();
    let early = tokio::time::timeout(Duration::from_millis(20), orphan.ended());
    assert!(early.await.is_err());
    std::fs::write(place.path("go"), "").unwrap();
    let ended = orphan.ended().await;
    assert_eq!((ended.exit, ended.usage), (Exit::Code(42), None));
    assert_eq!(orphan.ended().await, ended);
    until("it is reaped", || adopt(&identity).is_none()).await;
}

#[tokio::test]
async fn an_orphan_ended_by_a_signal_says_so() {
    let place = Place::new();
    let identity = orphan_of(&place, "exec sleep 60").await;
    let mut orphan = adopt(&identity).unwrap();
    // Not a leader here, so the group is not signalled; the process itself is meant all the same.
    assert!(signal_group(&identity, Signal::Term).unwrap());
    assert_eq!(orphan.ended().await.exit, Exit::Signal(15));
}

#[tokio::test]
async fn a_zombie_is_adopted_and_has_just_ended() {
    let place = Place::new();
    let child = spawn(&place.sh("exit 17")).unwrap();
    let identity = child.identity.clone();
    child.exited();
    let mut orphan = adopt(&identity).unwrap();
    assert_eq!(orphan.ended().await.exit, Exit::Code(17));
    assert_eq!(child.ended().exit, Exit::Code(17));
    assert!(adopt(&identity).is_none());
}

/// Nobody but the pidfd knows then, and only from Linux 6.15 on.
#[tokio::test]
async fn a_reaped_process_still_tells_how_it_ended_where_the_kernel_can() {
    for (script, exit) in [("exit 17", Exit::Code(17)), ("kill -9 $$", Exit::Signal(9))] {
        let place = Place::new();
        let child = spawn(&place.sh(script)).unwrap();
        let mut orphan = adopt(&child.identity).unwrap();
        child.ended();
        let told = orphan.ended().await.exit;
        let knows = linux() >= (6, 15);
        assert_eq!(told, if knows { exit } else { Exit::Unknown });
    }
}

fn linux() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn another_start_time_or_boot_is_another_process() {
    let place = Place::new();
    let child = spawn(&place.sh("until [ -e go ]; do sleep 0.01; done")).unwrap();
    let real = child.identity.clone();
    assert!(adopt(&real).is_some());
    for other in [
        Identity {
            start: real.start - 1,
            ..real.clone()
        },
        Identity {
            start: 0,
            ..real.clone()
        },
        Identity {
            boot: "another".into(),
            ..real.clone()
        },
        Identity {
            pid: 0,
            ..real.clone()
        },
        Identity {
            pid: i32::MAX,
            ..real.clone()
        },
    ] {
        assert!(adopt(&other).is_none(), "{other:?}");
    }
    std::fs::write(place.path("go"), "").unwrap();
    child.ended();
}

#[tokio::test]
async fn a_claim_without_identity_is_found_by_its_mark() {
    let place = Place::new();
    let (launch, mark) = place.marked("sleep 60 & until [ -e go ]; do sleep 0.01; done; kill $!");
    let child = spawn(&launch).unwrap();
    until("both are up", || marks(&mark).len() >= 2).await;
    let found = find_unrecorded(&mark, &place.path("output")).unwrap();
    assert_eq!(found.identity, child.identity);
    let part = &mark[..mark.len() - 1];
    assert_eq!(marks(part), []);
    std::fs::write(place.path("go"), "").unwrap();
    child.ended();
}

/// A script was killed and its `sleep` was not: that ends well, and says nothing of the script.
#[tokio::test]
async fn what_an_attempt_left_behind_is_not_the_attempt() {
    let place = Place::new();
    let script = "sleep 60 & setsid sleep 60 & until [ -e go ]; do sleep 0.01; done; kill -9 $$";
    let (launch, mark) = place.marked(script);
    let child = spawn(&launch).unwrap();
    until("all are up", || marks(&mark).len() >= 3).await;
    std::fs::write(place.path("go"), "").unwrap();
    assert_eq!(child.ended().exit, Exit::Signal(9));
    until("two are left", || marks(&mark).len() == 2).await;
    assert!(find_unrecorded(&mark, &place.path("output")).is_none());
    for left in marks(&mark) {
        let pid = rustix::process::Pid::from_raw(left.pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    }
}

#[tokio::test]
async fn the_kernels_without_pidfds_are_served_by_looking() {
    let place = Place::new();
    let child = spawn(&place.sh("until [ -e go ]; do sleep 0.01; done; exit 6")).unwrap();
    let mut orphan = adopt(&child.identity).unwrap();
    orphan.go_blind();
    std::fs::write(place.path("go"), "").unwrap();
    assert_eq!(orphan.ended().await.exit, Exit::Code(6));
    assert_eq!(child.ended().exit, Exit::Code(6));
}

#[test]
fn process_one_reaps_strangers_and_leaves_its_own_alone() {
    under("true", "adopting::inner_process_one");
}

#[tokio::test]
#[ignore = "run by process_one_reaps_strangers_and_leaves_its_own_alone, as a process of its own"]
async fn inner_process_one() {
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).unwrap();
    let place = Place::new();
    // A stranger: its parent ends before it does, so that it becomes ours.
    let stranger = orphan_of(&place, "until [ -e go ]; do sleep 0.01; done").await;
    output::discard(&place.path("output")).unwrap();
    let child = spawn(&place.sh("exit 3")).unwrap();
    child.exited();
    assert_eq!(strangers::reap(), 0);
    std::fs::write(place.path("go"), "").unwrap();
    let mut reaped = 0;
    until("the stranger is reaped", || {
        reaped += strangers::reap();
        adopt(&stranger).is_none()
    })
    .await;
    assert!(reaped >= 1);
    assert_eq!(child.ended().exit, Exit::Code(3));
}
