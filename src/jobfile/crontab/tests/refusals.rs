//! Lines that are refused: place and message of each.

use super::super::Style::{self, System, User};
use super::super::parse;
use super::entry;

fn complaints(text: &[u8], style: Style) -> Vec<String> {
    let errors = parse(text, style).expect_err("not readable");
    assert!(
        errors.iter().all(|error| error.hint.is_some()),
        "{errors:?}"
    );
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn bad_lines_are_refused_in_place() {
    for (text, complaint) in [
        ("oops", "1:1: this is neither a setting nor a job"),
        (
            "  This cron job will play",
            "1:3: this is neither a setting nor a job",
        ),
        ("every 5m cmd", "1:1: this is neither a setting nor a job"),
        (
            "0 3 *",
            "1:6: a job needs five time fields and a command, and this line has 3 words",
        ),
        ("0 3 * * *  ", "1:10: the command is missing"),
        ("@daily", "1:7: the command is missing"),
        ("@every", "1:7: `@every` needs a duration and a command"),
        ("@every 5m", "1:10: the command is missing"),
        (
            "@every 1h 30m cmd",
            "1:11: `30m` looks like more of the duration",
        ),
        ("* * * * * %in", "1:14: the command is missing"),
        ("* * * * * *.sh", "1:11: the command begins with `*`"),
        (
            "* * * * * -x cmd",
            "1:11: the command begins with the option `-x`",
        ),
        (
            "0 0 3 * * 1-5 cmd",
            "1:11: `1-5` looks like a sixth time field, and crontab(5) has five",
        ),
        (
            "0 30 12 * * ? cmd",
            "1:13: `?` looks like a sixth time field, and crontab(5) has five",
        ),
        (
            "* * * * *  * * echo hi",
            "1:12: these are seven time fields, as supercronic has them; crontab(5) has five",
        ),
        (
            "@daily 5",
            "1:8: `5` is not a command; it looks like a time field",
        ),
        (
            "0\u{a0}3 * * * * cmd",
            "1:2: U+00A0 looks like a blank and is none",
        ),
        ("A='b", "1:3: the quote that opens here is not closed"),
        (
            "A = \"b\" # c",
            "1:9: nothing may follow the closing quote of a setting",
        ),
        (
            "RANDOM_DELAY = 1.5",
            "1:16: RANDOM_DELAY is \"1.5\", not a whole number of minutes",
        ),
        (
            "RANDOM_DELAY=''",
            "1:15: RANDOM_DELAY is \"\", not a whole number of minutes",
        ),
        (
            "CRON_TZ=Europe/Berlin x",
            "1:9: time zone Europe/Berlin x is unknown",
        ),
        (
            "CRON_TZ=UTC 0 5 * * * cmd",
            "1:13: a setting takes the whole line, so `CRON_TZ` swallows this job",
        ),
        (
            "TZ=UTC 0 5 * * * cmd",
            "1:8: a setting takes the whole line, so `TZ` swallows this job",
        ),
        (
            "!bootrun(true),nice(15)",
            "1:1: `!bootrun(true),nice(15)` begins an option line of fcron, not of crontab(5)",
        ),
        (
            "%daily * 3-6 cmd",
            "1:1: `%daily` begins a line that runs once in each period of fcron, not of crontab(5)",
        ),
        (
            "@hourly  ID=sys-hourly  cmd",
            "1:10: `ID=sys-hourly` is a job name of dcron, not of crontab(5)",
        ),
        (
            "7\t25\tcron.weekly\tnice cmd",
            "1:1: this is a line of anacrontab(5): period, delay, the name `cron.weekly`, command",
        ),
        (
            "@monthly 45 cron.monthly cmd",
            "1:1: this is a line of anacrontab(5): period, delay, the name `cron.monthly`, command",
        ),
        (
            "0 3 * * * a\0b",
            "1:12: a NUL character cannot be part of a job file",
        ),
        ("# ü\0", "1:4: a NUL character cannot be part of a job file"),
    ] {
        assert_eq!(complaints(text.as_bytes(), User), [complaint], "{text}");
    }
}

#[test]
fn a_bad_system_line_is_refused_in_place() {
    for (text, complaint) in [
        ("0 3 * * * root", "1:15: the user or the command is missing"),
        (
            "0 3 * * * /etc/daily now",
            "1:11: `/etc/daily` is not a user name",
        ),
        (
            "0 3 * * * root:wheel cmd",
            "1:11: `root:wheel` is not a user name",
        ),
        (
            "0 0 3 * * * root cmd",
            "1:11: `*` looks like a sixth time field, and crontab(5) has five",
        ),
        (
            "0 0 3 * * root * cmd",
            "1:16: `*` looks like a sixth time field, and crontab(5) has five",
        ),
        (
            "@hourly ID=x cmd",
            "1:9: `ID=x` is a job name of dcron, not of crontab(5)",
        ),
    ] {
        assert_eq!(complaints(text.as_bytes(), System), [complaint], "{text}");
    }
}

#[test]
fn a_bad_field_is_pointed_at_where_it_stands() {
    for (text, place) in [
        ("99 3 * * * cmd", (1, 1)),
        (" 0\t\t30   * * * cmd", (1, 5)),
        ("# é\n0 0 1,\u{e9} * * cmd", (2, 7)),
        ("-0 0 0   * * cmd", (1, 6)),
        ("@dayly cmd", (1, 1)),
    ] {
        let error = parse(text.as_bytes(), User)
            .expect_err("not readable")
            .remove(0);
        assert_eq!((error.line, error.column), place, "{error}");
        assert!(error.hint.is_some(), "{error}");
    }
}

#[test]
fn all_errors_of_a_file_are_told_in_order() {
    assert_eq!(
        complaints(b"@daily a\noops\n\n# \xff\n0 3 * * *\r\nA=\"\n", User),
        [
            "2:1: this is neither a setting nor a job",
            "4:3: this is not UTF-8 text",
            "5:10: the command is missing",
            "6:3: the quote that opens here is not closed",
        ]
    );
}

#[test]
fn a_command_has_a_longest_length() {
    let longest = "x".repeat(131_071);
    assert_eq!(entry(&format!("@daily {longest}"), User).command, longest);
    let errors = parse(format!("@daily {longest}x").as_bytes(), User).expect_err("too long");
    assert_eq!(
        errors[0].to_string(),
        "1:8: the command has 131072 bytes, and 131071 are the most that a system takes"
    );
    assert!(
        errors[0].text.len() < 300,
        "only what is around the caret is shown"
    );
}
