//! Shell strings that need no shell. Pure.
//!
//! The shell is the dearer half of a short job, and `sh -c 'restic backup /data'` does nothing but
//! execute the words. So does make. A string is run directly only where the result is provably
//! the same: plain words without any character that means something to a shell, and a first word
//! that names a program and not a builtin, whose behaviour may differ. Whoever runs it falls back to the shell
//! when the program is not found, so that its words for that stay the shell's.

/// Builtins and reserved words of dash, bash and POSIX, sorted. `true` and `false` are left
/// out: as programs they do the same.
const SHELL_WORDS: &[&str] = &[
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "builtin",
    "caller",
    "case",
    "cd",
    "chdir",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "coproc",
    "declare",
    "dirs",
    "disown",
    "do",
    "done",
    "echo",
    "elif",
    "else",
    "enable",
    "esac",
    "eval",
    "exec",
    "exit",
    "export",
    "fc",
    "fg",
    "fi",
    "for",
    "function",
    "getopts",
    "hash",
    "help",
    "history",
    "if",
    "in",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "select",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "then",
    "time",
    "times",
    "trap",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "until",
    "wait",
    "while",
];

/// The words of a string that needs no shell; `None` where one might make a difference.
pub(super) fn plain_words(line: &str) -> Option<Vec<&str>> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./:,+@%= \t".contains(&b);
    if !line.bytes().all(plain) {
        return None;
    }
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let first = words.first()?;
    // An assignment, an option of the shell's own, a builtin or a job of job control.
    let is_program = !first.contains(['=', '%'])
        && !first.starts_with('-')
        && SHELL_WORDS.binary_search(first).is_err();
    is_program.then_some(words)
}

#[cfg(test)]
mod tests {
    use super::{SHELL_WORDS, plain_words};

    #[test]
    fn plain_words_need_no_shell() {
        for (line, words) in [
            ("true", vec!["true"]),
            ("  /bin/true x ", vec!["/bin/true", "x"]),
            ("dd if=/dev/zero of=x", vec!["dd", "if=/dev/zero", "of=x"]),
            ("date +%Y-%m-%d", vec!["date", "+%Y-%m-%d"]),
        ] {
            assert_eq!(plain_words(line), Some(words));
        }
    }

    #[test]
    fn whatever_means_something_to_a_shell_is_left_to_it() {
        for line in [
            "",
            "  ",
            "echo hi",
            "a && b",
            "a | b",
            "a > b",
            "a $B",
            "A=1 b",
            "a *",
            "a ~",
            "a 'b'",
            "a \\b",
            "exit 3",
            "cd /",
            "a;b",
            "a\nb",
            "(a)",
            "a &",
            "a # b",
            "é",
            "! a",
            "{ a",
            "a {1,2}",
            "a ?",
            "[ -f x ]",
            "test -f x",
            "time a",
            "a `b`",
            "-c x",
            "%1",
            "a\rb",
        ] {
            assert_eq!(plain_words(line), None, "{line:?}");
        }
    }

    #[test]
    fn the_words_of_the_shell_can_be_searched() {
        assert!(SHELL_WORDS.is_sorted());
    }
}
