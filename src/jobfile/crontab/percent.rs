//! The percent sign, which ends a command in a crontab and nowhere else.
//!
//! cron has two loops for it that treat backslashes differently, and this follows both: in
//! the command a backslash protects whatever follows it, so `\\%` is two backslashes and the
//! end; in the input only the backslash right before a `%` counts, so `\\%` is `\%`.

/// A command line taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Split {
    pub(super) command: String,
    pub(super) stdin: Option<String>,
    /// The `%` that ended the command was probably meant as a percent sign.
    pub(super) is_suspicious: bool,
}

/// Takes the rest of a job line apart.
pub(super) fn split(text: &str) -> Split {
    let mut command = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '%' => {
                let behind = &text[at + 1..];
                return Split {
                    stdin: input(behind),
                    is_suspicious: is_suspicious(&command, behind),
                    command: without_end_blanks(command),
                };
            }
            '\\' => match chars.next() {
                Some((_, '%')) => command.push('%'),
                Some((_, other)) => command.extend(['\\', other]),
                None => command.push('\\'),
            },
            _ => command.push(c),
        }
    }
    Split {
        command: without_end_blanks(command),
        stdin: None,
        is_suspicious: false,
    }
}

/// What follows the first `%`, with its final newline.
fn input(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let mut input = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if chars.next_if_eq(&'%').is_some() => input.push('%'),
            '%' => input.push('\n'),
            _ => input.push(c),
        }
    }
    if !input.ends_with('\n') {
        input.push('\n');
    }
    Some(input)
}

/// Blanks at the end mean nothing to a shell, unless a backslash protects the first one.
fn without_end_blanks(command: String) -> String {
    let trimmed = command.trim_end_matches(super::is_blank);
    if trimmed.ends_with('\\') {
        command
    } else {
        trimmed.to_owned()
    }
}

/// Does a `%` between these texts look like part of a format (`date +%F`) or of arithmetic?
/// An honest one stands where a command could end.
fn is_suspicious(before: &str, behind: &str) -> bool {
    before.ends_with(['+', '=', '_', '-'])
        || behind.starts_with(['{', '('])
        || is_inside_something(before)
}

/// Is a quote, a backquote or a `$(` open at the end of this text? Nested quoting is only
/// guessed, which is enough for a remark.
fn is_inside_something(command: &str) -> bool {
    let mut quote = None;
    let mut depth = 0_usize;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                chars.next();
            }
            (_, '$') if chars.next_if_eq(&'(').is_some() => depth += 1,
            (None, '(') => depth += 1,
            (_, ')') => depth = depth.saturating_sub(1),
            (None, '\'' | '"' | '`') => quote = Some(c),
            _ => {}
        }
    }
    quote.is_some() || depth > 0
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn percent_signs_are_read_as_cron_reads_them() {
        for (text, command, stdin) in [
            ("cmd a b", "cmd a b", None),
            ("cmd  a \t", "cmd  a", None),
            (r"cmd a\ ", r"cmd a\ ", None),
            ("cmd%", "cmd", None),
            ("cmd %in", "cmd", Some("in\n")),
            ("cmd%a%b", "cmd", Some("a\nb\n")),
            ("cmd%a%", "cmd", Some("a\n")),
            ("cmd%%", "cmd", Some("\n")),
            ("cmd% a ", "cmd", Some(" a \n")),
            (r"date +\%F", "date +%F", None),
            (r"date +\%F%x\%y\z", "date +%F", Some("x%y\\z\n")),
            (r"echo \n \\ \;", r"echo \n \\ \;", None),
            (r"echo \\%in", r"echo \\", Some("in\n")),
            (r"echo \\\%in", r"echo \\%in", None),
            (r"cat%a\\%b", "cat", Some("a\\%b\n")),
            (r"cat%a\", "cat", Some("a\\\n")),
            (r"echo \", r"echo \", None),
        ] {
            let split = split(text);
            assert_eq!(
                (split.command.as_str(), split.stdin.as_deref()),
                (command, stdin),
                "{text}"
            );
        }
    }

    #[test]
    fn a_percent_sign_that_was_not_meant_is_suspicious() {
        for (text, suspicious) in [
            ("date +%F", true),
            ("tar czf /b/$(date -I%).tgz", true),
            ("printf '%s' x", true),
            (r#"echo "100%""#, true),
            ("sleep $(( RANDOM % 60 ))", true),
            ("git log --format=%H", true),
            ("curl -w %{http_code} host", true),
            // The example of crontab(5).
            (
                r#"mail -s "It's 10pm" joe%Joe,%%Where are your kids?%"#,
                false,
            ),
            ("cat %hello", false),
            ("(cat; date)%hello", false),
            (r"date +\%F", false),
        ] {
            assert_eq!(split(text).is_suspicious, suspicious, "{text}");
        }
    }
}
