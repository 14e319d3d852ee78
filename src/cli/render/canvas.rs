//! Between the drawing library and our lines: colours by what they stand for, and a drawn
//! buffer as text.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style as Look};

use super::{Style, Tint};

/// How a tint looks: the same colours as in tables.
pub(crate) fn look(tint: Tint, style: &Style) -> Look {
    let look = Look::new();
    match tint {
        Tint::Plain => look,
        Tint::Title => look.add_modifier(Modifier::BOLD),
        _ if !style.color => look,
        Tint::Failed => look.fg(Color::Red),
        Tint::Running => look.fg(Color::Green),
        Tint::Late => look.fg(Color::Yellow),
        Tint::Paused => look.add_modifier(Modifier::DIM),
    }
}

fn tint_of(look: Look) -> Tint {
    match look.fg {
        Some(Color::Red) => Tint::Failed,
        Some(Color::Green) => Tint::Running,
        Some(Color::Yellow) => Tint::Late,
        _ if look.add_modifier.contains(Modifier::DIM) => Tint::Paused,
        _ => Tint::Plain,
    }
}

/// The lines of a buffer, without blanks at their ends.
pub(super) fn lines_of(buffer: &Buffer, style: &Style) -> String {
    let mut out = String::new();
    for row in buffer.area.rows() {
        let mut pieces: Vec<(String, Tint)> = Vec::new();
        let mut covered = 0;
        for at in row.columns() {
            // The second column of a wide sign holds a blank that is not there.
            if covered > 0 {
                covered -= 1;
                continue;
            }
            let cell = &buffer[(at.x, at.y)];
            covered = super::text::width(cell.symbol()).saturating_sub(1);
            let tint = tint_of(cell.style());
            match pieces.last_mut() {
                Some((text, last)) if *last == tint => text.push_str(cell.symbol()),
                _ => pieces.push((cell.symbol().to_owned(), tint)),
            }
        }
        while let Some((text, _)) = pieces.last_mut() {
            text.truncate(text.trim_end_matches(' ').len());
            if !text.is_empty() {
                break;
            }
            pieces.pop();
        }
        out.extend(pieces.iter().map(|(text, tint)| style.paint(text, *tint)));
        out.push('\n');
    }
    out
}
