//! Starting: what a child gets, and what is said when there is none.

use super::*;

#[test]
fn every_kind_of_exit_code_is_told() {
    for code in [0, 1, 2, 75, 125, 126, 127, 128, 255] {
        let place = Place::new();
        let launch = place.sh(&format!("exit {code}"));
        assert_eq!(exit_of(&launch), Exit::Code(code));
    }
}

#[test]
fn every_fatal_signal_is_told() {
    for signal in [1, 2, 3, 6, 8, 9, 11, 13, 14, 15, 24, 25, 31] {
        let place = Place::new();
        let launch = place.sh(&format!("ulimit -c 0; kill -{signal} $$"));
        assert_eq!(exit_of(&launch), Exit::Signal(signal));
    }
}

#[test]
fn usage_is_told() {
    let place = Place::new();
    let child = spawn(&place.sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")).unwrap();
    let usage = child.ended().usage.unwrap();
    assert!(
        usage.cpu_ms > 0 && usage.max_rss_bytes > 100_000,
        "{usage:?}"
    );
}

#[test]
fn stdout_and_stderr_share_one_file_in_order() {
    let place = Place::new();
    run(&place.sh("echo a; echo b >&2; echo c; echo d >&2"));
    assert_eq!(place.output(), "a\nb\nc\nd\n");
}

#[test]
fn stdin_is_empty_or_what_was_given() {
    let place = Place::new();
    run(&place.sh("cat; echo end"));
    assert_eq!(place.output(), "end\n");
    let place = Place::new();
    let given = vec![b'x'; 200_000];
    let launch = Launch {
        stdin: Some(given),
        ..place.sh("wc -c")
    };
    run(&launch);
    assert_eq!(place.output().trim(), "200000");
}

#[test]
fn the_environment_is_exactly_what_was_given() {
    let place = Place::new();
    run(&place.launch(&["env"]));
    assert_eq!(place.output(), "PATH=/usr/bin:/bin\n");
}

#[test]
fn a_child_leads_its_own_group_and_keeps_its_words() {
    let place = Place::new();
    let child =
        spawn(&place.sh("cut -d' ' -f5 /proc/$$/stat; tr '\\0' ' ' </proc/$$/cmdline")).unwrap();
    let pid = child.identity.pid;
    child.ended();
    assert!(place.output().starts_with(&format!("{pid}\n/bin/sh -c ")));
}

#[test]
fn names_are_searched_in_the_jobs_path_and_directory() {
    let place = Place::new();
    std::fs::create_dir(place.path("bin")).unwrap();
    place.script("bin/tool", "#!/bin/sh\necho found $0\n", 0o755);
    // Skipped like execvp does: a directory, and a file that is not executable.
    std::fs::create_dir_all(place.path("one/tool")).unwrap();
    std::fs::create_dir(place.path("two")).unwrap();
    place.script("two/tool", "", 0o644);
    for path in ["bin", "/nonexistent:one:two:bin"] {
        let mut launch = place.launch(&["tool"]);
        launch.env = super::path(path);
        assert_eq!(exit_of(&launch), Exit::Code(0), "{path}");
        assert!(place.output().starts_with("found "));
        output::discard(&launch.output).unwrap();
    }
    let launch = place.launch(&["bin/tool"]);
    assert_eq!(exit_of(&launch), Exit::Code(0));
}

#[test]
fn a_script_without_interpreter_is_run_by_the_shell() {
    let place = Place::new();
    let path = place.script("plain", "echo $0 $1; exit 4", 0o755);
    let launch = place.launch(&["./plain", "word"]);
    assert_eq!(exit_of(&launch), Exit::Code(4));
    assert!(
        place.output().ends_with("plain word\n"),
        "{}",
        path.display()
    );
    let place = Place::new();
    place.script("plain", "umask; exit 4", 0o755);
    let launch = Launch {
        umask: Some(0o77),
        ..place.launch(&["./plain"])
    };
    assert_eq!(exit_of(&launch), Exit::Code(4));
    assert_eq!(place.output(), "0077\n");
    let place = Place::new();
    place.script("empty", "", 0o755);
    assert_eq!(exit_of(&place.launch(&["./empty"])), Exit::Code(0));
}

#[test]
fn umask_and_nice_are_set_on_the_other_side_only() {
    let place = Place::new();
    // Ours may be another than that of a fresh shell.
    run(&place.sh("umask; nice"));
    let ours = place.output();
    let place = Place::new();
    let launch = Launch {
        umask: Some(0o027),
        nice: Some(17),
        ..place.launch(&["sh", "-c", "umask; nice; exit 9", "zero"])
    };
    assert_eq!(exit_of(&launch), Exit::Code(9));
    assert_eq!(place.output(), "0027\n17\n");
    let place = Place::new();
    run(&place.sh("umask; nice"));
    assert_eq!(place.output(), ours);
    assert_ne!(ours, "0027\n17\n");
}

fn refusal(launch: &Launch) -> SpawnError {
    let error = spawn(launch).unwrap_err();
    assert!(!launch.output.exists(), "left behind by {error}");
    error
}

#[test]
fn what_is_missing_is_named() {
    let place = Place::new();
    let dir = place.dir.path().display().to_string();
    let none = "No such file or directory (os error 2)";
    let told = |launch: &Launch| refusal(launch).to_string().replace(&dir, "DIR");
    assert_eq!(
        told(&place.launch(&["./tool"])),
        format!("DIR/./tool: {none}")
    );
    assert_eq!(
        told(&place.launch(&["tool"])),
        "tool: not found in PATH (/usr/bin:/bin)"
    );
    assert_eq!(told(&place.launch(&[""])), "the command is empty");
    assert_eq!(told(&place.launch(&[])), "the command is empty");
    let nowhere = Launch {
        cwd: "/nope".into(),
        ..place.sh("true")
    };
    assert_eq!(told(&nowhere), format!("cwd /nope: {none}"));
    let file = Launch {
        cwd: place.script("file", "", 0o644),
        ..place.sh("true")
    };
    assert_eq!(told(&file), "cwd DIR/file: Not a directory (os error 20)");
    place.script("odd", "#!/nope/perl -w\n", 0o755);
    assert_eq!(
        told(&place.launch(&["./odd"])),
        format!("DIR/./odd: its interpreter /nope/perl: {none}")
    );
    let relative = Launch {
        cwd: "relative".into(),
        ..place.sh("true")
    };
    assert_eq!(told(&relative), "cwd relative: not an absolute path");
}

#[test]
fn what_cannot_be_executed_is_named() {
    let place = Place::new();
    place.script("plain", "echo", 0o644);
    place.script("garbage", "\0\x01\x02", 0o755);
    for umask in [None, Some(0o22)] {
        for (command, why) in [
            ("./plain", "/./plain: Permission denied (os error 13)"),
            (".", "/.: Permission denied (os error 13)"),
        ] {
            let launch = Launch {
                umask,
                ..place.launch(&[command])
            };
            match refusal(&launch) {
                SpawnError::NotExecutable(told) => assert!(told.ends_with(why), "{told}"),
                other => panic!("{command} {umask:?}: {other:?}"),
            }
        }
    }
    match refusal(&place.launch(&["./garbage"])) {
        SpawnError::NotExecutable(told) => {
            assert!(told.ends_with("/garbage: Exec format error (os error 8)"));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_long_and_nul_are_refused_without_a_panic() {
    let place = Place::new();
    let long = "x".repeat(131_072);
    let told = refusal(&place.launch(&["/bin/echo", &long])).to_string();
    assert!(told.contains("Argument list too long"), "{told}");
    let told = refusal(&place.launch(&["/bin/echo", "a\0b"])).to_string();
    assert!(told.contains("nul byte"), "{told}");
    let told = refusal(&place.launch(&["a\0b"])).to_string();
    assert!(!told.is_empty());
}

/// Had all jobs the same opening, a lock that one left on it would be held for ever.
#[test]
fn what_there_is_to_read_cannot_be_written_and_is_no_other_jobs() {
    let place = Place::new();
    let first = Launch {
        output: place.path("first"),
        ..place.sh("flock -n 0")
    };
    run(&first);
    run(&place.sh("cat /proc/self/fdinfo/0"));
    let said = place.output();
    let flags = said.lines().find(|line| line.starts_with("flags:"));
    // O_RDONLY is zero.
    assert!(flags.is_some_and(|flags| flags.ends_with('0')), "{said}");
    assert!(!said.contains("lock:"), "{said}");
}

#[test]
fn a_file_planted_for_the_output_is_neither_used_nor_removed() {
    let place = Place::new();
    let launch = place.sh("true");
    std::fs::write(place.path("target"), "precious").unwrap();
    std::os::unix::fs::symlink(place.path("target"), &launch.output).unwrap();
    assert!(matches!(spawn(&launch), Err(SpawnError::Other(_))));
    assert!(launch.output.is_symlink());
    assert_eq!(text(&place.path("target")), "precious");
}

#[test]
fn no_room_for_the_output_spends_no_attempt() {
    let place = Place::new();
    let launch = Launch {
        output: "/nonexistent/output".into(),
        ..place.sh("true")
    };
    assert!(matches!(spawn(&launch), Err(SpawnError::Again(_))));
}

#[test]
fn output_is_private_under_any_umask() {
    for umask in ["0", "0777"] {
        under(&format!("umask {umask}"), "starting::inner_private_output");
    }
}

#[test]
#[ignore = "run by output_is_private_under_any_umask, which sets a umask"]
fn inner_private_output() {
    let dir = std::env::temp_dir().join(format!("private-{}", std::process::id()));
    // The directory too would get the umask.
    std::fs::create_dir(&dir).unwrap();
    std::fs::set_permissions(&dir, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let place = Place::new();
    let launch = Launch {
        output: dir.join("output"),
        ..place.sh("echo kept")
    };
    run(&launch);
    assert_eq!(crate::os::fs::lstat(&launch.output).unwrap().mode, 0o600);
    assert_eq!(text(&launch.output), "kept\n");
    std::fs::remove_dir_all(dir).unwrap();
}

#[test]
fn what_the_starter_ignored_is_default_in_the_child() {
    let conditions =
        "exec 7</dev/null; set -- env --ignore-signal=HUP,INT,USR1,CHLD,XFSZ \"$0\" \"$@\"";
    under(
        &format!("{conditions}; exec \"$@\""),
        "starting::inner_default_child",
    );
}

#[test]
#[ignore = "run by what_the_starter_ignored_is_default_in_the_child, which ignores signals"]
fn inner_default_child() {
    let mut mask = nix::sys::signal::SigSet::empty();
    mask.add(nix::sys::signal::Signal::SIGUSR2);
    mask.thread_set_mask().unwrap();
    let ignored = crate::os::signals::ignored().unwrap();
    assert!(
        [1, 2, 10, 13, 17, 25]
            .iter()
            .all(|signal| ignored.contains(signal))
    );
    crate::os::signals::normalize().unwrap();
    let place = Place::new();
    run(&place.launch(&["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"]));
    // The C library leaves its own two signals (32, 33) ignored in whatever it starts this way; no program
    // can use them.
    assert_eq!(
        place
            .output()
            .replace("0000000180000000", "0000000000000000"),
        "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
    );
    let place = Place::new();
    // 3 is the directory that ls reads.
    run(&place.launch(&["ls", "/proc/self/fd"]));
    assert_eq!(place.output(), "0\n1\n2\n3\n");
}

#[test]
fn without_descriptors_nothing_starts_and_nothing_is_lost() {
    under("ulimit -n 24", "starting::inner_few_descriptors");
}

#[test]
#[ignore = "run by without_descriptors_nothing_starts_and_nothing_is_lost, which sets a limit"]
fn inner_few_descriptors() {
    let place = Place::new();
    let mut hoard: Vec<std::fs::File> = Vec::new();
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hoard.push(file);
    }
    // However few are left, it starts and its end is heard, or it surely did not start.
    for left in 0..12 {
        let launch = Launch {
            output: place.path(&format!("output-{left}")),
            ..place.sh("exit 5")
        };
        match spawn(&launch) {
            Ok(child) => assert_eq!(child.ended().exit, Exit::Code(5), "{left}"),
            Err(SpawnError::Again(_)) => assert!(!launch.output.exists(), "{left}"),
            Err(other) => panic!("{left}: {other:?}"),
        }
        hoard.pop();
    }
}

/// The clock and the kernel agree, so that the next runner finds the process by the file in /proc.
#[test]
fn a_start_is_told_to_the_tick() {
    for _ in 0..50 {
        let place = Place::new();
        let child = spawn(&place.sh("until [ -e go ]; do sleep 0.001; done")).unwrap();
        let stat = crate::os::proc::stat(child.identity.pid).unwrap();
        assert_eq!(child.identity.start, stat.start);
        std::fs::write(place.path("go"), "").unwrap();
        assert_eq!(child.ended().exit, Exit::Code(0));
    }
}
