//! The words below the options of a help text.

/// Paragraphs in one line each, for the terminal to break where it ends. Lines that begin with a
/// blank are examples, and stay as they are.
pub(super) fn flowing(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut above = "";
    for line in text.lines() {
        let goes_on = |line: &str| !line.is_empty() && !line.starts_with(' ');
        if goes_on(line) && goes_on(above) {
            out.push(' ');
        } else if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
        above = line;
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    use super::super::Args;
    use super::flowing;

    #[test]
    fn paragraphs_flow_and_examples_stay() {
        assert_eq!(
            flowing("one\ntwo:\n  a\n  b\n\nthree\nfour\n\nExamples:\n  c"),
            "one two:\n  a\n  b\n\nthree four\n\nExamples:\n  c"
        );
    }

    fn each(verb: &Command, look: &mut impl FnMut(&str)) {
        if let Some(help) = verb.get_after_help() {
            look(&help.to_string());
        }
        for verb in verb.get_subcommands() {
            each(verb, look);
        }
    }

    #[test]
    fn an_example_fits_into_80_columns_and_prose_is_for_the_terminal_to_break() {
        each(&Args::command(), &mut |help| {
            for line in help.lines().filter(|line| line.starts_with(' ')) {
                assert!(line.chars().count() <= 80, "{line}");
            }
            assert_eq!(help, flowing(help));
        });
    }
}
