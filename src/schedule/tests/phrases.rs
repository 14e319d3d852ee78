//! What a reader is told: plain English, warnings, and errors with their place.

use std::sync::LazyLock;

use super::laws::instant;
use crate::schedule::grammar::begins_longer_form;
use crate::schedule::{Zone, describe, is_form_word, parse, parse_zone, reads_as_time, warnings};

static ZONE: LazyLock<Zone> = LazyLock::new(|| "Europe/Berlin".parse().unwrap());

#[test]
fn plain_english() {
    for (text, said) in [
        ("* * * * *", "Every minute (Europe/Berlin)"),
        ("*/5 * * * *", "Every 5 minutes (Europe/Berlin)"),
        ("*/35 * * * *", "At minutes 0 and 35 (Europe/Berlin)"),
        ("@hourly", "Every hour (Europe/Berlin)"),
        ("0 */2 * * *", "Every 2 hours (Europe/Berlin)"),
        ("*/10 * * * * *", "Every 10 seconds (Europe/Berlin)"),
        ("0 3 * * 1-5", "At 03:00, Monday to Friday (Europe/Berlin)"),
        ("0 3,15 * * *", "At 03:00 and 15:00 (Europe/Berlin)"),
        (
            "*/15 9-17 * * mon-fri",
            "Every 15 minutes of hours 9 to 17, Monday to Friday (Europe/Berlin)",
        ),
        (
            "0 0 13 * 5",
            "At 00:00, on day 13 of the month or on Friday (Europe/Berlin)",
        ),
        (
            "0 0 1-7 * +mon",
            "At 00:00, on days 1 to 7 of the month, and only if it is Monday (Europe/Berlin)",
        ),
        (
            "0 0 L * *",
            "At 00:00, on the last day of the month (Europe/Berlin)",
        ),
        (
            "0 0 * * 5L",
            "At 00:00, the last Friday of the month (Europe/Berlin)",
        ),
        (
            "0 0 * * 0,6",
            "At 00:00, Saturday and Sunday (Europe/Berlin)",
        ),
        (
            "0 0 15W jan,jul *",
            "At 00:00, on the Monday-to-Friday nearest day 15 of the month, in January and July (Europe/Berlin)",
        ),
        (
            "30 15 10 1 10 * 2027",
            "At 10:15:30, on day 1 of the month, in October, in 2027 (Europe/Berlin)",
        ),
        ("TZ=Asia/Tokyo 0 3 * * *", "At 03:00 (Asia/Tokyo)"),
        (
            "H 3 * * *",
            "At the minute drawn for the job (H) of hour 3 (Europe/Berlin)",
        ),
        ("every 15m", "Every 15 minutes"),
        ("every 1h30m", "Every 90 minutes"),
        ("every 2d at 06:00", "Every 2 days at 06:00 (Europe/Berlin)"),
        (
            "every 2w on monday 08:00",
            "Every 2 weeks on Monday at 08:00 (Europe/Berlin)",
        ),
        ("2026-12-01 17:30", "At 17:30 on 2026-12-01 (Europe/Berlin)"),
        (
            "2026-12-01T17:30:00Z",
            "At 18:30 on 2026-12-01 (Europe/Berlin)",
        ),
        ("monday 8am", "At 08:00 on Monday (Europe/Berlin)"),
        ("in 10m", "Once, in 10m"),
        ("now", "Once, now"),
        (
            "after build,test",
            "After build and test have all succeeded",
        ),
        ("@reboot", "Once for each boot of the machine"),
        ("never", "Only when triggered"),
    ] {
        assert_eq!(describe(&parse(text).unwrap(), *ZONE), said, "{text}");
    }
}

#[test]
fn warned_about() {
    let now = instant("2026-03-10T10:07:30Z");
    let told = |text: &str| warnings(&parse(text).unwrap(), *ZONE, now);
    for (text, said) in [
        (
            "30 2 * * *",
            &[
                "02:30 does not exist on 2026-03-29 in Europe/Berlin: it runs once, at 03:00",
                "02:30 comes twice on 2026-10-25 in Europe/Berlin: it runs the first time only",
            ][..],
        ),
        (
            "*/20 2 * * *",
            &[
                "02:00 does not exist on 2026-03-29 in Europe/Berlin: runs before 03:00 are lost",
                "02:00 comes twice on 2026-10-25 in Europe/Berlin: it runs both times",
            ],
        ),
        (
            "every 2d at 02:30",
            &[
                "02:30 does not exist on 2026-03-29 in Europe/Berlin: it runs once, at 03:00",
                "02:30 comes twice on 2026-10-25 in Europe/Berlin: it runs the first time only",
            ],
        ),
        (
            "*/35 * * * *",
            &["*/35 in minute is uneven: after 35 comes 0"],
        ),
        (
            "0 0 13 * 5",
            &[
                "day-of-month 13 and day-of-week 5 are both restricted: either is enough; write +5 for both",
            ],
        ),
        (
            "0 0 31 * *",
            &[
                "not every month has day 31: months without it are skipped; L is the last day of any month",
            ],
        ),
        (
            "0 22-4/6 * * *",
            &["hour range 22-4 is reversed: it wraps around, 22 to 23 and on to 4"],
        ),
        ("0 0 */100,1-7 * MON", &[]),
        ("0 0 31 1 *", &[]),
        ("30 2 * * 1", &[]),
        ("*/15 * * * *", &[]),
        ("every 15m", &[]),
    ] {
        assert_eq!(told(text), said, "{text}");
    }
}

/// Text, message, the blamed part of the text, hint.
const REFUSED: &[(&str, &str, &str, Option<&str>)] = &[
    ("61 * * * *", "minute 61 is out of range 0-59", "61", None),
    (
        "0 3 * * MOM",
        "\"MOM\" is neither a weekday nor a number",
        "MOM",
        Some("did you mean Mon?"),
    ),
    (
        "0 0 30 2 *",
        "this schedule never fires: no month has the days it names (30 2)",
        "30 2",
        None,
    ),
    (
        "1,,2 * * * *",
        "the minute list has an empty item",
        ",",
        None,
    ),
    ("*/0 * * * *", "minute step must be at least 1", "0", None),
    (
        "tomorrow",
        "\"tomorrow\" alone says too little",
        "tomorrow",
        Some("write it as one argument: \"tomorrow 09:00\""),
    ),
    (
        "Monday",
        "\"Monday\" alone says too little",
        "Monday",
        Some("write it as one argument: \"monday 08:00\""),
    ),
    (
        "every",
        "\"every\" alone says too little",
        "every",
        Some("write it as one argument: \"every 15m\""),
    ),
    (
        "tommorow 09:00",
        "\"tommorow\" does not begin a schedule",
        "tommorow",
        Some("did you mean tomorrow?"),
    ),
    (
        "@dayly",
        "\"@dayly\" is not a schedule",
        "@dayly",
        Some("did you mean @daily?"),
    ),
    ("in 10", "10 has no unit, write 10s or 10m", "10", None),
    (
        "every 1h 30m",
        "\"30m\" does not belong here",
        "30m",
        Some("write a duration in one word, as in 1h30m"),
    ),
    (
        "every 500ms",
        "every 500ms is too often, the shortest is 1s",
        "500ms",
        None,
    ),
    (
        "every 36h at 06:00",
        "1d12h is not a number of days",
        "36h",
        Some("write \"every 2d at 06:00\""),
    ),
    (
        "every 3d on monday 08:00",
        "3d is not a number of weeks",
        "3d",
        Some("write \"every 2w on monday 08:00\""),
    ),
    (
        "at 25:00",
        "\"25:00\" is beyond 23:59:59",
        "25:00",
        Some("write 17:30, 17:30:15, 9am or 5:30pm"),
    ),
    (
        "2026-02-30 10:00",
        "there is no day 2026-02-30",
        "2026-02-30",
        Some("write YYYY-MM-DD"),
    ),
    (
        "TZ=Europe/Berln 0 3 * * *",
        "time zone Europe/Berln is unknown",
        "Europe/Berln",
        Some("did you mean Europe/Berlin?"),
    ),
    (
        "after a b",
        "jobs are separated by commas",
        "b",
        Some("write \"after build,test\""),
    ),
];

/// What people say, and the schedule that the hint offers for it.
const MEANT: &[(&str, &str)] = &[
    ("every monday", "\"every 1w on monday 08:00\""),
    ("every Monday 8:30", "\"every 1w on monday 08:30\""),
    ("mondays at 8", "\"every 1w on monday 08:00\""),
    ("on fridays", "\"every 1w on friday 08:00\""),
    ("every other tue at 9pm", "\"every 2w on tue 21:00\""),
    (
        "every 2 weeks on friday at 7:05 am",
        "\"every 2w on friday 07:05\"",
    ),
    ("every week", "\"every 1w on monday 08:00\""),
    ("every day", "\"every 1d at 08:00\""),
    ("each day at 8", "\"every 1d at 08:00\""),
    ("daily at 3am", "\"every 1d at 03:00\""),
    ("every 2 days at noon", "\"every 2d at 12:00\""),
    ("every morning", "\"every 1d at 08:00\""),
    ("every weekday at 9", "'0 9 * * MON-FRI'"),
    ("every weekend 10:30", "'30 10 * * SAT,SUN'"),
    ("every hour", "\"every 1h\""),
    ("every minute", "\"every 1m\""),
    ("every 5 minutes", "\"every 5m\""),
    ("every 5 min", "\"every 5m\""),
    ("every 2 hours", "\"every 2h\""),
    ("each second", "\"every 1s\""),
    ("in 10 minutes", "\"in 10m\""),
    ("in an hour", "\"in 1h\""),
    ("5m", "\"every 5m\" or \"in 5m\""),
    ("hourly", "@hourly"),
    ("Daily", "@daily"),
    ("weekly", "@weekly"),
    ("monthly", "@monthly"),
    ("every month", "@monthly"),
    ("every year", "@yearly"),
    ("noon", "\"at 12:00\""),
    ("at noon", "\"at 12:00\""),
    ("next monday", "\"monday 08:00\""),
    ("monday at 8", "\"monday 08:00\""),
    ("on monday 17:30", "\"monday 17:30\""),
];

#[test]
fn plain_english_is_refused_with_the_schedule_it_means() {
    for (text, schedule) in MEANT {
        let error = parse(text).expect_err(text);
        let hint = format!("did you mean {schedule}?");
        assert_eq!(error.hint, Some(hint), "{text}");
    }
    for text in [
        "every day at 25:00",
        "every 999999 weeks",
        "every 0 minutes",
        "every blue moon",
        "every month at 8",
        "each",
        "in a while",
        "on",
    ] {
        let hint = parse(text).expect_err(text).hint.unwrap_or_default();
        assert!(!hint.contains("did you mean \""), "{text}: {hint}");
    }
}

#[test]
fn refused_with_a_place_and_a_hint() {
    for &(text, message, blamed, hint) in REFUSED {
        let error = parse(text).unwrap_err();
        assert_eq!(error.message, message, "{text}");
        assert_eq!(&text[error.span], blamed, "{text}");
        assert_eq!(error.hint.as_deref(), hint, "{text}");
    }
}

#[test]
fn words_of_the_language() {
    for word in [
        "now",
        "in",
        "AT",
        "every",
        "tomorrow",
        "Monday",
        "sun",
        "after-any",
        "never",
        "@daily",
    ] {
        assert!(is_form_word(word), "{word}");
    }
    for word in ["backup", "nightly", "monday-report", "0"] {
        assert!(!is_form_word(word), "{word}");
    }
    for word in ["in", "every", "tuesday", "after"] {
        assert!(begins_longer_form(word), "{word}");
    }
    for word in ["now", "never", "@daily"] {
        assert!(!begins_longer_form(word), "{word}");
    }
    for word in [
        "*/5",
        "0",
        "17:30",
        "9am",
        "@daily",
        "every",
        "15m",
        "2026-12-01",
        "1-5",
    ] {
        assert!(reads_as_time(word), "{word}");
    }
    for word in ["backup.sh", "./run", "7z", "make", "-v", "sh", "L"] {
        assert!(!reads_as_time(word), "{word}");
    }
}

#[test]
fn zones_in_any_case() {
    assert_eq!(parse_zone("europe/berlin"), Ok(*ZONE));
    let error = parse_zone("Berlin").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("did you mean Europe/Berlin?"));
}
