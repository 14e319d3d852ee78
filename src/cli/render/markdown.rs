//! Pages written in a small markdown: taken apart, and laid out for a terminal.
//!
//! The files in `man/` are read here, by `help` and by the test that turns them into man pages. They
//! know headings, paragraphs, lists of terms (`: ` begins the explanation of the line above), code in
//! fences, `code` and *emphasis*. A line that begins with two blanks goes on with the one above.

use super::{Style, text};

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block<'a> {
    /// The number of its signs, and its words.
    Heading(usize, &'a str),
    Paragraph(String),
    Item(&'a str, String),
    Code(Vec<&'a str>),
}

/// The parts of a page, in their order.
pub(crate) fn blocks(page: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut lines = page.lines().peekable();
    let mut goes_on = false;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            blocks.push(Block::Code(
                lines
                    .by_ref()
                    .take_while(|line| !line.starts_with("```"))
                    .collect(),
            ));
            goes_on = false;
        } else if line.is_empty() {
            goes_on = false;
        } else if line.starts_with('#') {
            let title = line.trim_start_matches('#');
            blocks.push(Block::Heading(line.len() - title.len(), title.trim()));
            goes_on = false;
        } else if let Some(begun) = lines.peek().and_then(|next| next.strip_prefix(": ")) {
            blocks.push(Block::Item(line, begun.to_owned()));
            lines.next();
            goes_on = true;
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(words) | Block::Item(_, words)) if goes_on => {
                    words.push(' ');
                    words.push_str(line.trim());
                }
                _ => blocks.push(Block::Paragraph(line.trim().to_owned())),
            }
            goes_on = true;
        }
    }
    blocks
}

/// A screen of more columns than this is hard to read.
const WIDEST: usize = 96;

/// Columns before what is not a heading, and before what explains a term.
const INDENT: usize = 2;
const DEEP: usize = 6;

/// The page as a terminal shows it.
pub(crate) fn page(markdown: &str, style: &Style) -> String {
    let width = style.width.unwrap_or(80).min(WIDEST);
    let mut out = String::new();
    let mut above = None;
    for block in blocks(markdown) {
        let is_item = matches!(block, Block::Item(..));
        if above.is_some_and(|was_item| !(was_item && is_item)) {
            out.push('\n');
        }
        match &block {
            Block::Heading(1, title) => out.push_str(&marked(title, style, BOLD)),
            Block::Heading(_, title) => {
                out.push(' ');
                out.push_str(&marked(title, style, BOLD));
            }
            Block::Paragraph(words) => lay_out(words, INDENT, width, style, &mut out),
            Block::Item(term, words) => {
                lay_out(&bare(term, style), INDENT, width, style, &mut out);
                out.push('\n');
                lay_out(words, DEEP, width, style, &mut out);
            }
            Block::Code(lines) => {
                let lines: Vec<String> = lines
                    .iter()
                    .map(|line| format!("{:DEEP$}{line}", ""))
                    .collect();
                out.push_str(&lines.join("\n"));
            }
        }
        out.push('\n');
        above = Some(is_item);
    }
    out
}

const BOLD: &str = "1";
const CODE: &str = "36";

fn marked(words: &str, style: &Style, code: &str) -> String {
    if style.color {
        format!("\x1b[{code}m{words}\x1b[0m")
    } else {
        words.to_owned()
    }
}

/// A term needs no marks where there is no colour: it stands alone.
fn bare(term: &str, style: &Style) -> String {
    if style.color {
        term.to_owned()
    } else {
        term.replace('`', "")
    }
}

/// Words in lines of at most this width.
fn lay_out(words: &str, indent: usize, width: usize, style: &Style, out: &mut String) {
    let mut used = 0;
    let mut is_code = false;
    for word in words.split(' ') {
        let (shown, columns) = inline(word, &mut is_code, style);
        if used > 0 && indent + used + 1 + columns > width {
            out.push('\n');
            used = 0;
        }
        if used == 0 {
            out.push_str(&" ".repeat(indent));
        } else {
            out.push(' ');
            used += 1;
        }
        out.push_str(&shown);
        used += columns;
    }
}

/// One word with its marks, and the columns it takes. Code may begin in one and end in another.
fn inline(word: &str, is_code: &mut bool, style: &Style) -> (String, usize) {
    let mut shown = String::new();
    let mut columns = 0;
    let mut begun = String::new();
    let mut close = |begun: &mut String, is_code: bool| {
        columns += text::width(begun);
        if is_code && style.color && !begun.is_empty() {
            shown.push_str(&marked(begun, style, CODE));
        } else {
            shown.push_str(begun);
        }
        begun.clear();
    };
    for c in word.chars() {
        match c {
            '`' if style.color => {
                close(&mut begun, *is_code);
                *is_code = !*is_code;
            }
            '`' => {
                *is_code = !*is_code;
                begun.push(c);
            }
            '*' if !*is_code => {}
            _ => begun.push(c),
        }
    }
    close(&mut begun, *is_code);
    (shown, columns)
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::page;

    const PAGE: &str = "# A PAGE\n\nSome *words* and `code with\nblanks` of more than one line.\n\n\
                        `a`, `b`\n: What they\n  mean.\n\n`c`\n: And c.\n\n## Below\n\n```\n$ run `x`\n```\n";

    #[test]
    fn a_page_is_laid_out_in_the_width_there_is() {
        let style = samples::style(40);
        assert_eq!(
            page(PAGE, &style),
            "A PAGE\n\n  Some words and `code with blanks` of\n  more than one line.\n\n  \
             a, b\n      What they mean.\n  c\n      And c.\n\n Below\n\n      $ run `x`\n"
        );
    }

    #[test]
    fn colour_takes_the_place_of_marks() {
        let style = samples::colored(80);
        assert_eq!(
            page("# A\n\nSee `a b`.\n", &style),
            "\x1b[1mA\x1b[0m\n\n  See \x1b[36ma\x1b[0m \x1b[36mb\x1b[0m.\n"
        );
    }
}
