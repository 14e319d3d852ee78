//! What other programs write into files that look like a crontab.
//!
//! Read as cron's own, such a line would be nonsense or, worse, another job. So each is
//! recognised, refused by the name of its program, and told how to say the same thing here.

use super::super::FileError;
use super::super::line::{Line, Word, is_blank};
use super::Style;

/// Names that stand in user columns and are hardly ever programs.
const USERS: [&str; 12] = [
    "apache", "centos", "daemon", "debian", "ec2-user", "nobody", "operator", "root", "ubuntu",
    "vagrant", "www", "www-data",
];

/// Programs that are hardly ever users.
const PROGRAMS: [&str; 14] = [
    "bash",
    "cd",
    "curl",
    "echo",
    "env",
    "find",
    "nice",
    "perl",
    "php",
    "python",
    "python3",
    "run-parts",
    "sh",
    "test",
];

/// fcron marks its own lines by their first character.
pub(super) fn refuse_fcron(line: &Line<'_>) -> Result<(), FileError> {
    let Some(word) = line.word(0) else {
        return Ok(());
    };
    let (what, hint) = match word.text.chars().next() {
        Some('!') => (
            "an option line",
            "leave it out; options of jobs are written in a TOML job file, under [defaults]",
        ),
        Some('%') => (
            "a line that runs once in each period",
            "choose a time, such as @daily or `0 3 * * *`; --missed once makes up for missed times",
        ),
        Some('&') => (
            "a line with options",
            "leave out the & and its options, and write five fields and the command",
        ),
        _ => return Ok(()),
    };
    let message = format!("`{}` begins {what} of fcron, not of crontab(5)", word.text);
    Err(line.error(word.at, message).with_hint(hint))
}

/// anacrontab(5) has a period in days or by name, a delay in minutes, a name and a command.
pub(super) fn refuse_anacron(line: &Line<'_>) -> Result<(), FileError> {
    let words: Vec<Word<'_>> = line.words(0).take(4).collect();
    let &[period, delay, name, _] = words.as_slice() else {
        return Ok(());
    };
    let is_nickname = period.text.starts_with('@') && !is_every(period.text);
    let is_name = name.text.chars().filter(|c| c.is_alphabetic()).count() > 2;
    if !(is_number(delay.text) && is_name && (is_nickname || is_number(period.text))) {
        return Ok(());
    }
    let when = match period.text {
        "1" => "@daily".to_owned(),
        "7" => "@weekly".to_owned(),
        text if is_nickname => text.to_owned(),
        days => format!("@every {days}d"),
    };
    let message = format!(
        "this is a line of anacrontab(5): period, delay, the name `{}`, command",
        name.text
    );
    Err(line.error(period.at, message).with_hint(format!(
        "write `{when} COMMAND`; --missed once makes up for missed times"
    )))
}

/// dcron writes the name of a job before its command.
pub(super) fn refuse_dcron(line: &Line<'_>, command: Word<'_>) -> Result<(), FileError> {
    let Some(name) = command.text.strip_prefix("ID=") else {
        return Ok(());
    };
    let message = format!(
        "`{}` is a job name of dcron, not of crontab(5)",
        command.text
    );
    Err(line.error(command.at, message).with_hint(format!(
        "leave it out, or name the job in a TOML job file: [job.{name}]; for a variable write env ID={name}"
    )))
}

/// Refuses a sixth field: a command is never made of digits, stars and commas alone.
pub(super) fn refuse_more_fields(
    line: &Line<'_>,
    when: &str,
    from: usize,
) -> Result<(), FileError> {
    let extra: Vec<Word<'_>> = line
        .words(from)
        .take_while(|word| is_field(word.text))
        .take(2)
        .collect();
    let Some(&first) = extra.first() else {
        return refuse_star(line, from);
    };
    if when.starts_with('@') {
        let message = format!(
            "`{}` is not a command; it looks like a time field",
            first.text
        );
        return Err(line
            .error(first.at, message)
            .with_hint("a nickname is a whole schedule: the command follows at once"));
    }
    let message = if extra.len() == 1 {
        format!(
            "`{}` looks like a sixth time field, and crontab(5) has five",
            first.text
        )
    } else {
        "these are seven time fields, as supercronic has them; crontab(5) has five".to_owned()
    };
    let long: String = extra.iter().flat_map(|word| [" ", word.text]).collect();
    Err(line.error(first.at, message).with_hint(format!(
        "leave out what is too much, or give seconds (first) and years (last) in a TOML job file: when = \"{when}{long}\""
    )))
}

/// Refuses a command that begins with a star, cron's own test for too many fields.
fn refuse_star(line: &Line<'_>, from: usize) -> Result<(), FileError> {
    match line.word(from).filter(|word| word.text.starts_with('*')) {
        None => Ok(()),
        Some(word) => Err(line
            .error(word.at, "the command begins with `*`")
            .with_hint("write five time fields, then a program; its name cannot be a pattern")),
    }
}

/// A doubt about a whole file: it may be of the other style.
pub(super) fn wrong_style(style: Style, user: Option<&str>, command: &str) -> Option<String> {
    match (style, user) {
        (Style::System, Some(user)) => PROGRAMS.contains(&user).then(|| {
            format!("`{user}` is taken for a user; a user's own crontab is read without --system")
        }),
        (Style::User, None) => {
            let (first, rest) = command.split_once(is_blank)?;
            let is_user = USERS.contains(&first) && !rest.trim_matches(is_blank).is_empty();
            is_user.then(|| {
                format!("`{first}` is taken for a program; a system crontab is read with --system")
            })
        }
        _ => None,
    }
}

/// Could this be the first field of a job?
pub(super) fn begins_like_a_minute(word: &str) -> bool {
    let mut chars = word.chars();
    match chars.next() {
        Some('H' | 'h') => matches!(chars.next(), None | Some('/' | '(' | ',' | '-')),
        Some(c) => c.is_ascii_digit() || "*~?".contains(c),
        None => false,
    }
}

pub(super) fn is_every(word: &str) -> bool {
    word.eq_ignore_ascii_case("@every")
}

/// `?` is no program's name either; Quartz writes it in its sixth field.
fn is_field(word: &str) -> bool {
    word == "?"
        || word
            .chars()
            .all(|c| c.is_ascii_digit() || "*,-/".contains(c))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
