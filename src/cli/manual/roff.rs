//! Roff, the language of man pages: from markdown to the lines that mandoc likes.
//!
//! What never lives here: what a page says.

use std::fmt::Write as _;

use super::super::render::markdown::{self, Block};

/// The markdown of a page.
pub(super) fn roff_of(page: &str) -> String {
    let mut roff = String::new();
    for block in markdown::blocks(page) {
        let _ = match block {
            Block::Heading(1, title) => writeln!(roff, ".SH {}", escaped(title)),
            Block::Heading(_, title) => writeln!(roff, ".SS {}", escaped(title)),
            Block::Paragraph(words) => writeln!(roff, ".PP\n{}", prose_of(&words)),
            Block::Item(term, words) => {
                writeln!(roff, ".TP\n{}\n{}", prose_of(term), prose_of(&words))
            }
            Block::Code(lines) => {
                let lines: Vec<String> = lines.into_iter().map(literal).collect();
                writeln!(roff, ".PP\n.RS 4\n.EX\n{}\n.EE\n.RE", lines.join("\n"))
            }
        };
    }
    roff
}

/// Words with `code` in bold and *terms* in italics.
pub(super) fn prose_of(text: &str) -> String {
    let mut roff = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            let _ = write!(roff, "\\fB{}\\fR", escaped(part));
            continue;
        }
        for (index, part) in part.split('*').enumerate() {
            if index % 2 == 1 {
                let _ = write!(roff, "\\fI{}\\fR", escaped(part));
            } else {
                roff.push_str(&escaped(part));
            }
        }
    }
    guarded(&roff)
}

pub(super) fn literal(line: &str) -> String {
    guarded(&escaped(line))
}

/// A dot or an apostrophe that begins a line would be a request.
fn guarded(line: &str) -> String {
    if line.starts_with('.') {
        format!("\\&{line}")
    } else {
        line.to_owned()
    }
}

/// Characters that roff, or a typographer in it, would turn into others.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            _ => out.push(c),
        }
    }
    out
}

/// Lines as long as mandoc likes them, and no break where a heading makes one.
pub(super) fn laid_out(roff: &str) -> String {
    let mut out = String::new();
    let (mut is_literal, mut above) = (false, "");
    for line in roff.lines() {
        match line {
            ".EX" | ".nf" => is_literal = true,
            ".EE" | ".fi" => is_literal = false,
            _ => {}
        }
        let is_heading = above.starts_with(".SH") || above.starts_with(".SS");
        if line == ".PP" && is_heading {
            continue;
        }
        if is_literal || line.starts_with('.') || above == ".TP" {
            out.push_str(line);
        } else {
            fold(line, &mut out);
        }
        out.push('\n');
        above = line;
    }
    out
}

fn fold(line: &str, out: &mut String) {
    let mut width = 0;
    for word in line.split(' ') {
        if width > 0 && width + 1 + word.len() > 80 {
            out.push('\n');
            out.push_str(&guarded(word));
            width = 0;
        } else {
            if width > 0 {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
        }
        width += word.len();
    }
}

/// Every roff knows characters by their numbers, not every one reads UTF-8.
pub(super) fn ascii(roff: &str) -> String {
    let mut out = String::new();
    for c in roff.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let _ = write!(out, "\\[u{:04X}]", u32::from(c));
        }
    }
    out
}

#[test]
fn markdown_becomes_roff() {
    let text = "# A\n\nOne `a-b` *c*,\n'two'.\n\n`x`\n: Why\n  not.\n\n```\n.x 'y' \\%\n```\n";
    let roff = ".SH A\n.PP\nOne \\fBa\\-b\\fR \\fIc\\fR, \\(aqtwo\\(aq.\n.TP\n\\fBx\\fR\nWhy not.\n\
                .PP\n.RS 4\n.EX\n\\&.x \\(aqy\\(aq \\e%\n.EE\n.RE\n";
    assert_eq!(roff_of(text), roff);
}
