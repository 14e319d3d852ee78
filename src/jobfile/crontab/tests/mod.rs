//! Whole lines and files: text → values here, text → complaints and notes beside.

mod notes;
mod refusals;

use crate::domain::MailTo;
use proptest::prelude::*;

use super::Style::{System, User};
use super::{Crontab, Entry, Settings, Style, keys, parse, parse_leniently};

fn read(text: &str, style: Style) -> Crontab {
    parse(text.as_bytes(), style).unwrap_or_else(|errors| panic!("{text:?}: {errors:#?}"))
}

fn entry(text: &str, style: Style) -> Entry {
    let mut crontab = read(&format!("{text}\n"), style);
    assert_eq!(crontab.entries.len(), 1, "{text:?}");
    crontab.entries.remove(0)
}

#[test]
fn job_lines_become_values() {
    for (text, when, command) in [
        ("0 3 * * * backup.sh", "0 3 * * *", "backup.sh"),
        ("  0\t3 *  * *\t a  b ", "0 3 * * *", "a  b"),
        (
            "*/5 1,2-9/3 * jan-mar MON cmd",
            "*/5 1,2-9/3 * jan-mar MON",
            "cmd",
        ),
        ("@daily cmd", "@daily", "cmd"),
        ("@reboot  make -C /srv", "@reboot", "make -C /srv"),
        ("@start cmd", "@start", "cmd"),
        ("@every 2s cmd", "@every 2s", "cmd"),
        ("@EVERY  1h cmd 5", "@EVERY 1h", "cmd 5"),
        ("-*/5 * * * * cmd", "*/5 * * * *", "cmd"),
        ("-@daily cmd", "@daily", "cmd"),
        ("0 3 * * * -n cmd -n", "0 3 * * *", "cmd -n"),
        ("0 3 * * * -/bin/cmd", "0 3 * * *", "/bin/cmd"),
        ("0 3 * * * A=1 B=2 cmd", "0 3 * * *", "A=1 B=2 cmd"),
        (
            "0 3 * * * cmd # not a remark",
            "0 3 * * *",
            "cmd # not a remark",
        ),
        ("0 3 * * * 7z a x", "0 3 * * *", "7z a x"),
        ("0 3 * * * [ -f x ] && y", "0 3 * * *", "[ -f x ] && y"),
        (
            "0 3 * * * find . -exec rm {} \\;",
            "0 3 * * *",
            "find . -exec rm {} \\;",
        ),
        ("0 3 * * * date +\\%F", "0 3 * * *", "date +%F"),
        ("0 3 * * * écho ü", "0 3 * * *", "écho ü"),
    ] {
        let entry = entry(text, User);
        assert_eq!(
            (entry.when.as_str(), entry.command.as_str()),
            (when, command)
        );
        assert_eq!((entry.user, entry.stdin, entry.line), (None, None, 1));
    }
}

#[test]
fn a_system_line_has_a_user() {
    for (text, when, user, command) in [
        (
            "17 * * * * root cd / && x",
            "17 * * * *",
            "root",
            "cd / && x",
        ),
        ("* * * * *\twww-data\tphp", "* * * * *", "www-data", "php"),
        ("@yearly   foo    a command", "@yearly", "foo", "a command"),
        ("@every 5m root cmd", "@every 5m", "root", "cmd"),
        ("0 0 * * * root -n -q cmd", "0 0 * * *", "root", "cmd"),
    ] {
        let entry = entry(text, System);
        assert_eq!(
            (
                entry.when.as_str(),
                entry.user.as_deref(),
                entry.command.as_str()
            ),
            (when, Some(user), command)
        );
    }
}

#[test]
fn a_percent_sign_begins_the_input() {
    let entry = entry("0 9 * * 1 mail joe%Hi,%%Bye\\%", User);
    assert_eq!(entry.command, "mail joe");
    assert_eq!(entry.stdin.as_deref(), Some("Hi,\n\nBye%\n"));
}

#[test]
fn settings_become_values() {
    for (text, name, value) in [
        ("A=b", "A", "b"),
        ("  A \t=  b c \t", "A", "b c"),
        ("A='b c '", "A", "b c "),
        ("\"A\" = \"it's\"  ", "A", "it's"),
        ("A=b\"c\"", "A", "b\"c\""),
        ("A=", "A", ""),
        ("A=\"\"", "A", ""),
        ("A=b=c", "A", "b=c"),
        ("PATH=$HOME/bin", "PATH", "$HOME/bin"),
        ("TZ=Asia/Tokyo", "TZ", "Asia/Tokyo"),
        ("SHELL=/bin/bash", "SHELL", "/bin/bash"),
        ("mailto=x", "mailto", "x"),
        ("A.B-C=1", "A.B-C", "1"),
        ("A=*/5 * * * * cmd", "A", "*/5 * * * * cmd"),
    ] {
        let entry = read(&format!("{text}\n@daily cmd\n"), User)
            .entries
            .remove(0);
        assert_eq!(
            entry.settings,
            Settings {
                env: [(name.to_owned(), value.to_owned())].into(),
                ..Settings::default()
            },
            "{text}"
        );
    }
}

#[test]
fn special_settings_are_not_variables() {
    let crontab = read(
        "MAILTO=a,b\nCRON_TZ='UTC'\nRANDOM_DELAY=045\nUSER=x\nLOGNAME=y\n@daily a\n\
         MAILTO=\"\"\nCRON_TZ=\nRANDOM_DELAY=0\n@daily b\n",
        User,
    );
    let first = &crontab.entries[0].settings;
    assert_eq!(first.mail_to.as_ref().map(MailTo::as_str), Some("a,b"));
    assert_eq!(first.tz.as_deref(), Some("UTC"));
    assert_eq!(first.jitter, crate::domain::Span::parse("45m").ok());
    assert!(first.env.is_empty());
    assert_eq!(crontab.entries[1].settings, Settings::default());
}

#[test]
fn settings_hold_for_the_lines_below() {
    let crontab = read("@daily a\nA=1\n@daily b\nA=2\nB=3\n@daily c\n", User);
    let seen: Vec<_> = crontab
        .entries
        .iter()
        .map(|entry| (entry.line, format!("{:?}", entry.settings.env)))
        .collect();
    assert_eq!(
        seen,
        [
            (1, "{}".to_owned()),
            (3, r#"{"A": "1"}"#.to_owned()),
            (6, r#"{"A": "2", "B": "3"}"#.to_owned()),
        ]
    );
}

#[test]
fn a_lenient_reader_leaves_out_jobs_below_a_broken_setting() {
    let (crontab, errors) =
        parse_leniently(b"@daily a\noops\n@daily b\nCRON_TZ='x\n@daily c\n", User);
    let commands: Vec<_> = crontab.entries.iter().map(|e| e.command.as_str()).collect();
    assert_eq!(commands, ["a", "b"]);
    assert_eq!(errors.len(), 2);
    assert_eq!(
        crontab.notes[0].to_string(),
        "5: left out, since the setting in line 4 is not readable"
    );
}

#[test]
fn the_key_is_user_command_and_ordinal() {
    let crontab = read("@daily u a\n@hourly u a\n@daily v a\n@daily u 1x\n", System);
    assert_eq!(
        keys(&crontab.entries),
        ["u 1 a", "u 2 a", "v 1 a", "u 1 1x"]
    );
    let crontab = read("@daily a\n@daily a\n", User);
    assert_eq!(keys(&crontab.entries), ["- 1 a", "- 2 a"]);
}

/// Text in which a crontab's special characters are likely.
fn crontab_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("* * * * * ".to_owned()),
        Just("@every 5m ".to_owned()),
        Just("@daily ".to_owned()),
        Just("CRON_TZ=".to_owned()),
        Just("RANDOM_DELAY=".to_owned()),
        Just("ID=".to_owned()),
        Just("\r\n".to_owned()),
        "[ \t\n%\\\\='\"*,/0-9$~#!&@-]{0,5}",
        "\\PC{0,5}",
    ];
    prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_at_a_place_in_it(text in crontab_text(), system: bool) {
        let style = if system { System } else { User };
        if let Err(errors) = parse(text.as_bytes(), style) {
            for error in errors {
                prop_assert!((1..=text.lines().count()).contains(&error.line));
                prop_assert!((1..=error.text.chars().count() + 1).contains(&error.column));
                prop_assert!(error.hint.is_some());
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        let _ = parse(&bytes, User);
        let _ = parse_leniently(&bytes, System);
    }

    #[test]
    fn what_is_written_is_what_is_read(
        // No backslash: before a `%` or the end it protects, so not every text can be written.
        command in r"[a-z][ -\[\]-~é]{0,20}[!-\[\]-~]",
        input in proptest::option::of(r"[ -\[\]-~\n]{1,20}"),
        value in "[!-&(-~]([ -&(-~]{0,20}[!-&(-~])?",
    ) {
        let escape = |text: &str| text.replace('%', "\\%").replace('\n', "%");
        let mut text = format!("A='{value}'\n1 2 3 4 5\t{}", escape(&command));
        if let Some(input) = &input {
            text.push('%');
            text.push_str(&escape(input));
        }
        text.push('\n');
        let entry = read(&text, User).entries.remove(0);
        prop_assert_eq!(&entry.settings.env["A"], &value);
        prop_assert_eq!(&entry.command, &command);
        let mut expected = input;
        if let Some(input) = expected.as_mut().filter(|input| !input.ends_with('\n')) {
            input.push('\n');
        }
        prop_assert_eq!(&entry.stdin, &expected);
    }
}
