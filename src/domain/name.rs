//! Job names: what a user may type, and how a name is made from a command.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

/// The name of a job or queue: `[A-Za-z_][A-Za-z0-9_-]{0,63}`. Shared, for it goes with every run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub(crate) struct Name(Arc<str>);

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a name: letters, digits, `_` and `-`, not beginning with a digit or `-`, at most 64"
)]
pub(crate) struct NameError {
    text: String,
}

/// Longest name, in bytes.
const LONGEST: usize = 64;

impl Name {
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        let mut bytes = text.bytes();
        let good_start = bytes
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
        let good_rest = bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if good_start && good_rest && text.len() <= LONGEST {
            Ok(Self(text.into()))
        } else {
            Err(NameError {
                text: text.to_owned(),
            })
        }
    }

    /// The queue that always exists.
    pub(crate) fn default_queue() -> Self {
        Self("default".into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name a job gets from its command when the user gives none: the script rather
    /// than its interpreter, so `bash backup.sh` becomes `backup-sh`.
    pub(crate) fn made_from<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut words = words.into_iter().filter(|word| !is_assignment(word));
        let first = words.next().unwrap_or_default();
        let program = base_name(first);
        let chosen = if is_interpreter(program) {
            words
                .find(|word| !word.starts_with('-'))
                .map_or(program, base_name)
        } else {
            program
        };
        Self::tidy(chosen)
    }

    /// `backup` and 2 make `backup-2`, shortened so that it stays a name.
    pub(crate) fn numbered(&self, number: u64) -> Self {
        let suffix = format!("-{number}");
        let room = LONGEST - suffix.len();
        let stem = &self.0[..self.0.len().min(room)];
        Self(format!("{stem}{suffix}").into())
    }

    fn tidy(text: &str) -> Self {
        let mut tidy = String::new();
        for c in text.chars() {
            if tidy.len() >= LONGEST - 12 {
                break;
            }
            if c.is_ascii_alphanumeric() || c == '_' {
                tidy.push(c);
            } else if !tidy.is_empty() && !tidy.ends_with('-') {
                tidy.push('-');
            }
        }
        let tidy = tidy.trim_end_matches('-');
        match tidy.bytes().next() {
            None => Self("job".into()),
            Some(first) if first.is_ascii_digit() => Self(format!("_{tidy}").into()),
            Some(_) => Self(tidy.into()),
        }
    }
}

fn base_name(word: &str) -> &str {
    word.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(word)
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(key, _)| {
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Programs that only carry the name of another one in their first operand.
fn is_interpreter(program: &str) -> bool {
    let stem = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(
        stem,
        "sh" | "bash"
            | "dash"
            | "zsh"
            | "ksh"
            | "fish"
            | "env"
            | "python"
            | "perl"
            | "ruby"
            | "node"
            | "php"
            | "lua"
            | "exec"
            | "nice"
            | "nohup"
            | "sudo"
            | "time"
    )
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_are_letters_digits_underscores_and_dashes() {
        for good in ["a", "_", "backup", "Backup_2-x", &"x".repeat(64)] {
            assert_eq!(Name::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "-rf",
            "2x",
            "a b",
            "a.b",
            "../x",
            "ü",
            "a\n",
            &"x".repeat(65),
        ] {
            assert!(Name::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_made_name_is_the_script_not_its_interpreter() {
        for (command, name) in [
            ("bash backup.sh", "backup-sh"),
            ("/usr/bin/python3.11 -u /opt/etl/load.py --all", "load-py"),
            ("restic backup /data", "restic"),
            ("TZ=UTC LANG=C /usr/local/bin/report", "report"),
            ("7z a x", "_7z"),
            ("!!!", "job"),
            ("bash", "bash"),
        ] {
            assert_eq!(Name::made_from(command.split(' ')).as_str(), name);
        }
    }

    #[test]
    fn a_numbered_name_is_still_a_name() {
        let long = Name::parse(&"x".repeat(64)).unwrap();
        assert_eq!(long.numbered(1_000_000).as_str().len(), 64);
        assert!(Name::parse(long.numbered(2).as_str()).is_ok());
    }
}
