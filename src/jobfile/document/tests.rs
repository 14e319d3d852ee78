//! Job files: what they say, how they are refused, and that out → in is the identity.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::DateTime;
use proptest::option::of;
use proptest::prelude::*;

use super::{Document, Entry, Format, Place, read, write};
use crate::domain::{
    Backoff, CodeSet, Command, MailOn, MailTo, Missed, Name, Options, Overlap, Size, Span,
};

fn place() -> Place<'static> {
    Place {
        now: "2026-11-23T12:00:00Z".parse().unwrap(),
        zone: "Europe/Berlin".parse().unwrap(),
        directory: Path::new("/srv/jobs"),
        is_read_again: true,
    }
}

fn toml(text: &str) -> Document {
    read(text.as_bytes(), Format::Toml, &place()).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn refused(text: &str, format: Format) -> String {
    let error = read(text.as_bytes(), format, &place()).unwrap_err();
    let hint = error.hint.as_deref().unwrap_or("-");
    format!("{error} ({hint})")
}

#[test]
fn a_file_has_defaults_queues_and_jobs() {
    let document = toml(
        r#"
        [defaults]
        on_failure = "notify-ops"
        retries = 1
        env = { A = "1", B = "2" }
        queue = "reports"

        [queue.reports]
        slots = 2
        [queue.wide]
        slots = "none"

        [job.backup]
        when    = "0 3 * * *"
        tz      = "Europe/Berlin"
        command = "restic backup /data"
        retries = 3
        env.B = "3"
        cwd = "sub"
        from = 2027-01-01
        until = "2027-12-31 09:00"

        [job.argv]
        when = "every 15m"
        command = ["a", "b c"]
        queue = "default"
        "#,
    );
    let [backup, argv] = document.jobs.as_slice() else {
        panic!("{document:?}");
    };
    assert_eq!(
        document.queues,
        [
            (Name::parse("reports").unwrap(), Some(2)),
            (Name::parse("wide").unwrap(), None)
        ]
    );
    assert_eq!(argv.command, Command::Argv(vec!["a".into(), "b c".into()]));
    assert_eq!(argv.queue, Name::default_queue());
    assert_eq!(argv.options.cwd.as_deref(), Some("/srv/jobs"));
    assert_eq!(argv.options.retries, 1);
    assert_eq!(backup.queue.as_str(), "reports");
    assert_eq!(backup.options.retries, 3);
    assert_eq!(backup.options.on_failure.as_deref(), Some("notify-ops"));
    assert_eq!(backup.options.cwd.as_deref(), Some("/srv/jobs/sub"));
    let env: Vec<&str> = backup.options.env.values().map(String::as_str).collect();
    assert_eq!(env, ["1", "3"]);
    let bound = |at: Option<DateTime<_>>| at.unwrap().to_rfc3339();
    assert_eq!(bound(backup.options.from), "2026-12-31T23:00:00+00:00");
    assert_eq!(bound(backup.options.until), "2027-12-31T08:00:00+00:00");
}

#[test]
fn an_error_has_its_place_and_what_was_meant() {
    for (text, complaint) in [
        (
            "[job.a]\nwhen = \"now\"\ncommand = \"x\"\nretris = 3\n",
            "4:1: there is no key \"retris\" (did you mean retries?)",
        ),
        (
            "[jobs.a]\nwhen = \"now\"\n",
            "1:2: there is no key \"jobs\" (did you mean job?)",
        ),
        (
            "[job.a]\nwhen = \"0 61 * * *\"\ncommand = \"x\"\n",
            "2:11: hour 61 is out of range 0-23 (-)",
        ),
        (
            "[job.a]\nwhen = 'every'\ncommand = \"x\"\n",
            "2:9: \"every\" alone says too little (write it as one argument: \"every 15m\")",
        ),
        (
            "[job.a]\ncommand = \"x\"\n",
            "1:6: job a has no when (write when = \"0 3 * * *\", or \"now\" for once)",
        ),
        (
            "[job.a]\nwhen = \"now\"\n",
            "1:6: job a has no command (write command = \"…\")",
        ),
        (
            "[job.a]\nwhen = \"now\"\ncommand = 7\n",
            "3:11: invalid type: integer `7`, expected a string for the shell, or an array of a \
             program and its arguments (-)",
        ),
        (
            "[job.a]\nname = \"b\"\nwhen = \"now\"\ncommand = \"x\"\n",
            "2:1: the name of this job is its key, a (leave name out)",
        ),
        (
            "[job.every]\nwhen = \"now\"\ncommand = \"x\"\n",
            "1:6: every cannot be a name: it is the first word of a WHEN (-)",
        ),
        (
            "[job.a]\nwhen = \"now\"\ncommand = \"x\"\ntimeout = \"15\"\n",
            "4:11: 15 has no unit, write 15s or 15m (-)",
        ),
        (
            "[job.a]\nwhen = \"@daily\"\ncommand = \"x\"\nuntil = \"tomorrow 09:00\"\n",
            "4:1: \"tomorrow 09:00\" is another time at each reading of this file \
             (write a date, such as \"2026-12-01 09:00\")",
        ),
        (
            "[queue.a]\nslots = 0\n",
            "2:9: invalid value: integer `0`, expected a number from 1 to 100000, or \"none\" (-)",
        ),
        (
            "[defaults]\nwhen = \"now\"\n",
            "2:1: when belongs to a job, and [defaults] holds options (write it below [job.NAME])",
        ),
        (
            "[job.a]\nwhen = \"now\"\ncommand = \"x\n",
            "3:13: invalid basic string, expected `\"` (-)",
        ),
        (
            "[job.a]\nwhen = \"now\"\ncommand = \"x\"\ntz = \"Europe/Berlni\"\n",
            "4:7: time zone Europe/Berlni is unknown (did you mean Europe/Berlin?)",
        ),
    ] {
        assert_eq!(refused(text, Format::Toml), complaint, "{text}");
    }
    for (text, complaint) in [
        (
            "{\"job\": {\"a\": {\"when\": \"now\",\n  \"command\": \"x\", \"retris\": 3}}}",
            "2:19: there is no key \"retris\" (did you mean retries?)",
        ),
        (
            "{\"job\": {\"a\": {\"when\": \"now\",\n  \"comand\": \"x\"}}}",
            "2:3: there is no key \"comand\" (did you mean command?)",
        ),
        (
            "{\"job\": {\"a\": {\"command\": \"x\",\n  \"when\": \"0 61 * * *\"}}}",
            "2:14: hour 61 is out of range 0-23 (-)",
        ),
        (
            "{\"job\": {\"a b\": {\"command\": \"x\", \"when\": \"now\"}}}",
            "1:10: \"a b\" is not a name: letters, digits, `_` and `-`, not beginning with a digit \
             or `-`, at most 64 (-)",
        ),
        (
            "{\"job\": {\"a\": {\"command\": \"x\",}}}",
            "1:31: trailing comma (-)",
        ),
        (
            "{\"job\": []}",
            "1:9: invalid type: sequence, expected a map (-)",
        ),
    ] {
        assert_eq!(refused(text, Format::Json), complaint, "{text}");
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,20}",
        "[^\0]{1,12}",
        Just("it's \"three\"\n'''quotes''' \\ \"\"\"\n".to_owned()),
        Just("\r\n\t tab\u{7f}\u{202e}é🦀".to_owned()),
    ]
    .prop_filter("a command is more than blanks", |text| {
        !text.trim().is_empty() && !text.contains('\0')
    })
}

fn name() -> impl Strategy<Value = Name> {
    "[A-Za-z_][A-Za-z0-9_-]{0,20}"
        .prop_filter("no form of a WHEN", |text| {
            !crate::schedule::is_form_word(text)
        })
        .prop_map(|text| Name::parse(&text).unwrap())
}

fn span() -> impl Strategy<Value = Span> {
    (0_u64..100_000_000_000).prop_map(Span::from_millis)
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        text().prop_map(Command::Shell),
        (text(), prop::collection::vec("[^\0]{0,8}", 0..4)).prop_map(|(program, words)| {
            Command::Argv(std::iter::once(program).chain(words).collect())
        }),
    ]
}

/// The options that say how a process runs.
fn of_process() -> impl Strategy<Value = Options> {
    let env = prop::collection::btree_map("[A-Za-z_. é-]{1,8}", "[^\0]{0,12}", 0..4);
    (
        of(prop::sample::select(vec!["UTC", "Europe/Berlin"])),
        "/[^\0]{0,12}",
        env,
        of("[^\0]{0,12}"),
        of("/[a-z/]{1,9}"),
        any::<bool>(),
        of("/[a-z/]{1,9}"),
        of("0?[0-7]{1,3}"),
        of(-20..=19),
        of("[^\0]{0,30}"),
        of("[a-z]{1,8}"),
    )
        .prop_map(
            |(tz, cwd, env, path, env_file, env_clean, shell, umask, nice, stdin, user)| Options {
                tz: tz.map(str::to_owned),
                user,
                path: path.filter(|_| !env_clean && !env.contains_key("PATH")),
                cwd: Some(cwd),
                env,
                env_file,
                env_clean,
                shell,
                umask,
                nice,
                stdin,
                ..Options::default()
            },
        )
}

/// The options that say when it runs, and when again.
fn of_policy() -> impl Strategy<Value = Options> {
    let code = prop::sample::select(vec!["0", "0,75", "0-3,100"]);
    let codes = code.prop_map(|text| CodeSet::parse(text).unwrap());
    let backoff = (0_u64..10_000, 0_u64..10_000).prop_map(|(base, more)| Backoff {
        base: Span::from_millis(base),
        max: Span::from_millis(base + more),
    });
    let overlap = prop::sample::select(vec![
        Overlap::Skip,
        Overlap::Queue,
        Overlap::Replace,
        Overlap::Allow,
    ]);
    let missed = prop::sample::select(vec![Missed::Once, Missed::Skip, Missed::All]);
    let times = 0_i64..4_000_000_000_000_000;
    let times = times.prop_map(|at| DateTime::from_timestamp_micros(at).unwrap());
    (
        (of(span()), of(span()), 0_u32..=1_000, of(backoff)),
        (of(codes.clone()), of(codes), overlap, missed),
        (of(span()), of(span()), of(times.clone()), of(times)),
    )
        .prop_map(|(limits, codes, bounds)| Options {
            timeout: limits.0,
            kill_after: limits.1,
            retries: limits.2,
            backoff: limits.3,
            retry_on: codes.0,
            success_codes: codes.1,
            overlap: codes.2,
            missed: codes.3,
            deadline: bounds.0,
            jitter: bounds.1,
            from: bounds.2,
            until: bounds.3,
            ..Options::default()
        })
}

/// The options that say who hears of it.
fn of_report() -> impl Strategy<Value = Options> {
    let size = (0_u64..(1 << 30)).prop_map(Size::from_bytes);
    let mail = prop::sample::select(vec!["root", "ann@example.org,bob"]);
    let mail_on = prop::sample::select(vec![MailOn::Failure, MailOn::Output, MailOn::Always]);
    (
        of(text()),
        of(size),
        of(text()),
        of(text()),
        of(text()),
        of(mail),
        mail_on,
    )
        .prop_map(
            |(unique, output_limit, on_success, on_failure, on_finish, mail_to, mail_on)| Options {
                unique,
                output_limit,
                on_success,
                on_failure,
                on_finish,
                mail_to: mail_to.map(|text| MailTo::parse(text).unwrap()),
                mail_on,
                ..Options::default()
            },
        )
}

fn options() -> impl Strategy<Value = Options> {
    (of_process(), of_policy(), of_report()).prop_map(|(process, policy, report)| Options {
        tz: process.tz,
        cwd: process.cwd,
        env: process.env,
        path: process.path,
        env_file: process.env_file,
        env_clean: process.env_clean,
        shell: process.shell,
        umask: process.umask,
        nice: process.nice,
        stdin: process.stdin,
        user: process.user,
        unique: report.unique,
        output_limit: report.output_limit,
        on_success: report.on_success,
        on_failure: report.on_failure,
        on_finish: report.on_finish,
        mail_to: report.mail_to,
        mail_on: report.mail_on,
        ..policy
    })
}

fn document() -> impl Strategy<Value = Document> {
    let when = prop::sample::select(vec![
        "now",
        "0 3 * * *",
        "every 15m",
        "after a,b",
        "TZ=UTC @daily",
        "EVERY  2w on monday 08:00",
        "never",
    ]);
    let job = (
        when,
        command(),
        name(),
        any::<i64>(),
        any::<bool>(),
        options(),
    );
    let jobs = prop::collection::btree_map(name(), job, 0..4);
    let queues = prop::collection::btree_map(name(), of(1_u32..=100_000), 0..3);
    (queues, jobs).prop_map(
        |(queues, jobs): (BTreeMap<_, _>, BTreeMap<_, _>)| Document {
            queues: queues.into_iter().collect(),
            jobs: jobs
                .into_iter()
                .map(
                    |(name, (when, command, queue, priority, paused, options))| Entry {
                        name,
                        when: when.to_owned(),
                        command,
                        queue,
                        priority,
                        paused,
                        options,
                    },
                )
                .collect(),
        },
    )
}

proptest! {
    #[test]
    fn out_and_in_is_the_identity(document in document()) {
        for format in [Format::Toml, Format::Json] {
            let text = write(&document, format);
            let again = read(text.as_bytes(), format, &place());
            prop_assert_eq!(again.as_ref(), Ok(&document), "{}", text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(\\[(job|queue|defaults)\\.?[a-z]*\\]|[a-z]+ = |\"[^\"]*\"|\n|\\PC){0,12}") {
        for format in [Format::Toml, Format::Json] {
            let _ = read(text.as_bytes(), format, &place());
        }
    }
}
