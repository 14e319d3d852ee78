//! Who is told of the end of a run by mail, and of which ends.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest address, by RFC 5321.
const LONGEST: usize = 254;

/// One or more addresses. Whatever stands in one can stand in a header: no blank, no control character, no
/// comma, nothing but what an address without quotes has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct MailTo(String);

impl MailTo {
    /// Reads `ann@example.org,root`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let addresses: Vec<&str> = text
            .split([',', ';'])
            .map(|one| one.trim_matches(' '))
            .collect();
        for address in &addresses {
            check(address)?;
        }
        Ok(Self(addresses.join(",")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn check(address: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("{address:?} is not a mail address: {why}"));
    let in_name = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let in_domain = |c: char| c.is_ascii_alphanumeric() || "-.:[]".contains(c);
    let (name, domain) = match address.split_once('@') {
        Some((name, domain)) => (name, Some(domain)),
        // A user of this machine.
        None => (address, None),
    };
    if name.is_empty() || domain.is_some_and(str::is_empty) {
        return refuse("write NAME or NAME@HOST");
    }
    if !name.chars().all(in_name) || !domain.is_none_or(|domain| domain.chars().all(in_domain)) {
        return refuse("only letters, digits and the signs of a plain address may be in it");
    }
    // A mailer would take it for an option.
    if address.starts_with('-') || address.len() > LONGEST {
        return refuse("it begins with a dash or is too long");
    }
    Ok(())
}

impl fmt::Display for MailTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for MailTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Which ends are worth a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MailOn {
    /// Those that `--on-failure` is for.
    #[default]
    Failure,
    /// Any of a run that wrote something, as cron does it.
    Output,
    Always,
}

impl MailOn {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Output => "output",
            Self::Always => "always",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::MailTo;

    #[test]
    fn addresses_are_read_and_joined() {
        for (text, read) in [
            ("root", "root"),
            ("ann+cron@example.org, root", "ann+cron@example.org,root"),
            ("a@[192.0.2.1];b@h", "a@[192.0.2.1],b@h"),
        ] {
            assert_eq!(MailTo::parse(text).unwrap().as_str(), read);
        }
    }

    #[test]
    fn nothing_that_could_become_another_header_is_an_address() {
        for text in [
            "",
            "a,",
            "a@",
            "@b",
            "a b",
            "root HOME=/",
            "a\nBcc: b@c",
            "a@b\r\n\r\nbody",
            "a\u{0}",
            "a@b\u{2028}c",
            "-oQ/tmp",
            "ann <a@b>",
            "\"a b\"@c",
            "a@b@c",
            "ä@b",
        ] {
            assert!(MailTo::parse(text).is_err(), "{text:?}");
        }
        assert!(MailTo::parse(&"x".repeat(300)).is_err());
        assert!(serde_json::from_str::<MailTo>(r#""a\nBcc: b""#).is_err());
    }
}
