//! Lines that are read, with a word to their author.

use super::super::Crontab;
use super::super::Style::{self, System, User};
use super::read;

fn notes(text: &str, style: Style) -> Vec<String> {
    let notes = read(text, style).notes;
    notes.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_no_address_is_not_mailed_to() {
    let notes = notes("MAILTO=root HOME=/ \n@daily a\n", User);
    let first = notes.first().map(String::as_str);
    assert_eq!(
        first,
        Some(
            "1: \"root HOME=/\" is not a mail address: only letters, digits and the signs of a \
             plain address may be in it; nothing is mailed"
        )
    );
    assert_eq!(
        read("MAILTO=a b\n@daily a\n", User).entries[0]
            .settings
            .mail_to,
        None
    );
}

#[test]
fn what_differs_from_cron_is_noted() {
    for (text, note) in [
        (
            "@daily cmd",
            "1: the last line has no end; cron ignores such a line",
        ),
        (
            "@daily a\r\n@daily b\r\n",
            "1: lines end in CR LF; the CR is ignored (cron makes it part of the command)",
        ),
        (
            "\u{feff}@daily a\n",
            "1: the byte-order mark before the first line is ignored",
        ),
        (
            "PATH=$PATH:/opt/bin\n",
            "1: nothing is expanded in a setting: `$PATH` stays as it is written; \
             programs in the directories it stands for are not found",
        ),
        (
            "A=~/x\n",
            "1: nothing is expanded in a setting: `~` stays as it is written",
        ),
        (
            "LANG=C HOME=/ \n",
            "1: the value runs to the end of the line and includes `HOME=/`; \
             give each setting its own line",
        ),
        (
            "A=b # c\n",
            "1: the value includes the text from `#` on; a remark needs its own line",
        ),
        ("A=\n", "1: cron wants quotes around an empty value: A=\"\""),
        (
            "USER=app\n",
            "1: `USER` is always the user's name; this line is ignored",
        ),
        ("A-B=1\n", "1: no shell can read a variable called \"A-B\""),
        (
            "PERSISTENT=true\n",
            "1: `PERSISTENT` only becomes a variable of the jobs below",
        ),
        (
            "@daily date +%F\n",
            "1: `%` ends the command here, what follows is its input; write \\% for a percent sign",
        ),
        (
            "@daily a \\\n@daily b\n",
            "1: a crontab has no continued lines; the next line is read alone",
        ),
        (
            "-0 0 * * * a\n",
            "1: the leading `-` (do not log) changes nothing here",
        ),
        (
            "@daily root a\n@daily root b\n",
            "1: `root` is taken for a program; a system crontab is read with --system",
        ),
    ] {
        assert_eq!(notes(text, User), [note], "{text:?}");
    }
    assert_eq!(
        notes("@daily cd /x && a\n", System),
        ["1: `cd` is taken for a user; a user's own crontab is read without --system"]
    );
}

#[test]
fn an_ordinary_file_has_no_notes() {
    let text = "# m h dom mon dow\n\nSHELL=/bin/sh\nMAILTO=\"\"\nOPTS=-Da=b -Dc=$1x\n\
                0 3 * * * cat%hello\n*/5 * * * * /bin/sh -c 'a; b'\n";
    assert_eq!(notes(text, User), [""; 0]);
    assert_eq!(read("", User), Crontab::default());
    assert_eq!(read("#", User).entries, []);
}
