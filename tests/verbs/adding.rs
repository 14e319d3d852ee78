//! `add`: every form of WHEN, and what is no WHEN.

use serde_json::Value;

use crate::NO_RUNNER;
use crate::sandbox::{Answer, Sandbox};

#[test]
fn every_form_of_when_makes_a_job() {
    let sandbox = Sandbox::new();
    let forms = [
        "now",
        "in 10m",
        "at 17:30",
        "17:30",
        "5:30pm",
        "9am",
        "tomorrow 09:00",
        "monday 08:00",
        "2099-12-01",
        "2099-12-01 09:00",
        "2099-12-01 09:00:30",
        "2099-12-01T09:00:00Z",
        "2099-12-01T09:00:00+02:00",
        "every 15m",
        "@every 15m",
        "every 3d at 06:00",
        "every 2w on monday 08:00",
        "0 3 * * *",
        "30 0 3 * * *",
        "30 0 3 1 1 * 2099",
        "@yearly",
        "@annually",
        "@monthly",
        "@weekly",
        "@daily",
        "@midnight",
        "@hourly",
        "H 3 * * *",
        "TZ=Europe/Berlin 0 3 * * *",
        "CRON_TZ=Europe/Berlin 0 3 * * *",
        "EVERY  15M",
    ];
    for form in forms {
        let job = sandbox.json(["add", form, "true"]);
        assert_eq!(job["when"], form);
        assert_eq!(job["state"], "active", "{form}");
        assert!(job["next"].is_string(), "{form}: {job}");
    }
    for form in ["@reboot", "@start", "never"] {
        let job = sandbox.json(["add", form, "true"]);
        assert_eq!(job["next"], Value::Null, "{form}");
    }
}

#[test]
fn an_absolute_time_is_kept_to_the_second() {
    let sandbox = Sandbox::new();
    let next = |words: &[&str]| sandbox.json(words)["next"].clone();
    assert_eq!(
        [
            next(&["add", "2099-12-01", "true"]),
            next(&["add", "2099-12-01 09:00:30", "true"]),
            next(&["add", "2099-12-01T09:00:00+02:00", "true"]),
            next(&["add", "2099-07-01 09:00", "--tz", "Europe/Berlin", "true"]),
        ],
        [
            "2099-12-01T00:00:00+00:00",
            "2099-12-01T09:00:30+00:00",
            "2099-12-01T07:00:00+00:00",
            "2099-07-01T07:00:00+00:00",
        ]
    );
}

#[test]
fn the_answer_is_the_name_and_the_next_time() {
    let sandbox = Sandbox::new();
    let said = |out: &str| Answer {
        err: NO_RUNNER.to_owned(),
        ..Answer::said(out)
    };
    assert_eq!(
        sandbox.punctual(["add", "now", "backup.sh"]),
        said("backup-sh: due now\n")
    );
    assert_eq!(
        sandbox.punctual(["add", "never", "--name", "by-hand", "true"]),
        said("by-hand: runs when triggered: punctual trigger by-hand\n")
    );
    let answer = sandbox.punctual(["add", "2099-12-01 09:00", "--name", "far", "true"]);
    let (time, distance) = answer.out.split_once(", in ").unwrap();
    assert_eq!(time, "far: next 2099-12-01 09:00 +00:00");
    assert!(distance.ends_with("d\n"), "{answer:?}");
}

#[test]
fn in_ten_minutes_is_ten_minutes_away() {
    let sandbox = Sandbox::new();
    let answer = sandbox.punctual(["add", "in 10m", "true"]);
    assert!(answer.out.ends_with(", in 10m\n"), "{answer:?}");
}

#[test]
fn quiet_says_only_the_name() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["-q", "add", "@daily", "backup.sh"]),
        Answer::said("backup-sh\n")
    );
}

#[test]
fn a_first_word_alone_shows_the_whole_form() {
    let sandbox = Sandbox::new();
    let forms = [
        ("in", "in 10m"),
        ("at", "at 17:30"),
        ("every", "every 15m"),
        ("tomorrow", "tomorrow 09:00"),
        ("monday", "monday 08:00"),
        ("after", "after build"),
    ];
    for (word, form) in forms {
        let carets = "^".repeat(word.len());
        assert_eq!(
            sandbox.punctual(["add", word, "true"]),
            Answer::refused(
                2,
                &format!(
                    "punctual: \"{word}\" alone says too little\n  {word}\n  {carets}\n\
                     hint: write it as one argument: \"{form}\"\n"
                )
            )
        );
    }
}

#[test]
fn what_is_no_time_has_a_caret_under_it() {
    let sandbox = Sandbox::new();
    let refusals = [
        (
            "61 3 * * *",
            "minute 61 is out of range 0-59\n  61 3 * * *\n  ^^\n",
        ),
        ("in 5", "5 has no unit, write 5s or 5m\n  in 5\n     ^\n"),
        (
            "every 0s",
            "every 0s is too often, the shortest is 1s\n  every 0s\n        ^^\n",
        ),
        (
            "0 0 30 2 *",
            "this schedule never fires: no month has the days it names (30 2)\n  0 0 30 2 *\n      ^^^^\n",
        ),
        (
            "evry 5m",
            "\"evry\" does not begin a schedule\n  evry 5m\n  ^^^^\nhint: did you mean every?\n",
        ),
        (
            "",
            "the schedule is empty\n  \n  ^\nhint: write for example \"every 15m\" or '0 3 * * *'\n",
        ),
    ];
    for (when, complaint) in refusals {
        assert_eq!(
            sandbox.punctual(["add", when, "true"]),
            Answer::refused(2, &format!("punctual: {complaint}")),
        );
    }
    assert!(!sandbox.database().exists());
}

#[test]
fn a_time_in_the_past_is_refused_with_the_time_it_is() {
    let sandbox = Sandbox::new();
    let answer = sandbox.punctual(["add", "2020-01-01", "true"]);
    let (complaint, hint) = answer.err.split_once("hint: ").unwrap();
    assert_eq!(
        complaint,
        "punctual: 2020-01-01 00:00:00 +00:00 is in the past\n  2020-01-01\n  ^^^^^^^^^^\n"
    );
    assert!(hint.starts_with("it is 2"), "{answer:?}");
    assert_eq!(answer.code, 2);
}

#[test]
fn a_program_in_the_place_of_when_is_sent_to_add_now() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["add", "sh", "script"]),
        Answer::refused(
            2,
            "punctual: \"sh\" does not begin a schedule\n  sh\n  ^^\n\
             hint: to run it once: punctual add now -- sh …\n"
        )
    );
}

#[test]
fn an_unknown_zone_is_refused() {
    let sandbox = Sandbox::new();
    assert_eq!(
        sandbox.punctual(["add", "now", "--tz", "Mars/Base", "true"]),
        Answer::refused(
            2,
            "punctual: time zone Mars/Base is unknown\n  Mars/Base\n  ^^^^^^^^^\n\
             hint: write an IANA name such as Europe/Berlin\n"
        )
    );
}

#[test]
fn bounds_keep_a_recurring_job_inside() {
    let sandbox = Sandbox::new();
    let words = ["add", "0 3 * * *", "--from", "2098-12-31", "--name", "late"];
    let job = sandbox.json([&words[..], &["--until", "2099-01-02", "true"]].concat());
    assert_eq!(job["next"], "2098-12-31T03:00:00+00:00");
    let coming = sandbox.json(["next", "late"]);
    assert_eq!(
        coming,
        serde_json::json!([
            { "time": "2098-12-31T03:00:00+00:00" },
            { "time": "2099-01-01T03:00:00+00:00" },
        ])
    );
}

#[test]
fn options_out_of_their_range_are_refused_by_name() {
    let sandbox = Sandbox::new();
    let refusals = [
        ("--retries=1001", "1001 is not in 0..=1000"),
        ("--timeout=5", "5 has no unit, write 5s or 5m"),
        ("--timeout=99999999999d", "a duration is at most 100 years"),
        ("--backoff=-1s", "duration -1s is negative"),
        ("--success-codes=256", "not a set of exit codes 0-255"),
        ("--output-limit=5", "a number with a unit"),
        ("--umask=999", "an octal mask from 0 to 0777"),
        ("--nice=20", "20 is not in -20..=19"),
        ("--overlap=maybe", "one of: skip, queue, replace, allow"),
        ("--missed=maybe", "one of: once, skip, all"),
        ("--cwd=/no/such/place", "is not a directory"),
        ("--env=NO_SUCH_VARIABLE", "no such variable here"),
        ("--env==1", "the name is empty"),
    ];
    for (option, complaint) in refusals {
        let answer = sandbox.punctual(["add", "now", option, "true"]);
        assert_eq!(answer.code, 2, "{answer:?}");
        assert!(answer.err.contains(complaint), "{option}: {answer:?}");
        let value = option.split_once('=').map_or("", |(_, value)| value);
        assert!(answer.err.contains(value), "{option}: {answer:?}");
    }
    assert!(!sandbox.database().exists());
}

#[test]
fn without_a_zone_of_its_own_a_job_follows_the_machines() {
    let sandbox = Sandbox::new();
    sandbox.ok(["add", "0 3 * * *", "--name", "local", "true"]);
    let berlin = ["--tz", "Europe/Berlin", "--name", "berlin"];
    sandbox.ok([&["add", "0 3 * * *"][..], &berlin, &["true"]].concat());
    let first = |job: &str, zone: &str| {
        let mut command = sandbox.command(["--json", "next", job, "-n", "1"]);
        let answer = Answer::of(command.env("TZ", zone));
        let time = answer.document()[0]["time"].as_str().unwrap().to_owned();
        chrono::DateTime::parse_from_rfc3339(&time)
            .unwrap()
            .naive_utc()
            .time()
    };
    let utc = |hour, minute| chrono::NaiveTime::from_hms_opt(hour, minute, 0).unwrap();
    assert_eq!(first("local", "UTC"), utc(3, 0));
    assert_eq!(first("local", "Asia/Kathmandu"), utc(21, 15));
    assert_eq!(first("berlin", "Asia/Kathmandu"), first("berlin", "UTC"));
}

/// It was UTC without a word.
#[test]
fn a_local_zone_that_is_not_understood_is_said() {
    let sandbox = Sandbox::new();
    let next = |zone: &str| Answer::of(sandbox.command(["next", "0 3 * * *"]).env("TZ", zone));
    for zone in ["Nowhere/City", "EST5EDT,M3.2.0,M11.1.0", "/etc/passwd"] {
        let answer = next(zone);
        assert_eq!(answer.code, 0, "{answer:?}");
        let warning = format!("warning: TZ={zone} names no zone of the IANA; local times are ");
        assert_eq!(answer.err.matches(&warning).count(), 1, "{answer:?}");
    }
    for zone in [
        "Asia/Tokyo",
        ":Asia/Tokyo",
        ":/usr/share/zoneinfo/Asia/Tokyo",
    ] {
        let answer = next(zone);
        assert!(answer.out.contains("(Asia/Tokyo)"), "{answer:?}");
        assert_eq!(answer.err, "");
    }
    assert_eq!(next(":/etc/localtime").err, "");
    assert!(next("").out.contains("UTC"));
}
