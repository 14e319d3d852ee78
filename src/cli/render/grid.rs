//! A table without borders, two blanks between columns.
//!
//! What lives here: which columns are shown, which give way when the terminal is narrow,
//! alignment and colour. What never does: domain values. `comfy-table` aligns; who gives
//! way is decided before, because its own arrangement wraps cells, and a row here is one
//! line. Colour is put on afterwards, so that it has no width.
//!
//! Only what stands last in a line is cut. A cell wider than its column spills: it is whole,
//! and what follows it stands further right in that line, or is left out there. So one name
//! of unusual length costs the other lines nothing, and can be typed as it is shown.

use std::borrow::Cow;

use comfy_table::{CellAlignment, Row, Table, presets};

use super::column::{Cell, Column, Yield};
use super::spill::Frame;
use super::{Style, Tint, text};

pub(super) const GAP: usize = 2;

/// What a name keeps that cannot be whole on so narrow a terminal.
const CUT_NAME: usize = 24;

/// `comfy-table` counts columns in 16 bits; so wide a line is whole for every reader.
const WIDEST: usize = 60_000;

/// A line in pieces, each with what its colour says.
pub(crate) type Pieces = Vec<(String, Tint)>;

/// A table to be printed.
#[derive(Debug)]
pub(super) struct Grid<'a> {
    pub(super) columns: &'a [Column],
    pub(super) rows: Vec<Vec<Cell>>,
    /// Who gives way when the terminal is too narrow, in this order.
    pub(super) yields: &'a [Yield],
}

impl Grid<'_> {
    /// The lines of the table; on a terminal, nothing when there are no rows.
    pub(super) fn render(&self, style: &Style) -> String {
        match style.width {
            None => plain(self.columns, self.rows.iter(), style),
            Some(_) if self.rows.is_empty() => String::new(),
            Some(_) if style.long => self.aligned(WIDEST, style),
            Some(width) => self.aligned(width.min(WIDEST), style),
        }
    }

    fn aligned(&self, width: usize, style: &Style) -> String {
        let mut out = String::new();
        for line in self.pieces(width, style) {
            for (text, tint) in line {
                out.push_str(&style.paint(&text, tint));
            }
            out.push('\n');
        }
        out
    }

    /// The header and the rows for a terminal of this width, for one who draws them himself.
    pub(super) fn pieces<'a>(&'a self, width: usize, style: &Style) -> Vec<Pieces> {
        let widths = self.widths(width, style);
        let shown: Vec<usize> = (0..self.columns.len())
            .filter(|&index| widths[index] > 0)
            .collect();
        let cut_row = |row: &'a Vec<Cell>| -> Vec<Cow<'a, str>> {
            let cut = |&index: &usize| {
                let cut = self.columns[index].cut.function();
                cut(&row[index].text, widths[index], style.ellipsis())
            };
            shown.iter().map(cut).collect()
        };
        let rows: Vec<_> = self.rows.iter().map(cut_row).collect();
        let titles = shown.iter().map(|&index| self.columns[index].title);
        let mut lines = self.lay_out(titles, &rows, &shown).into_iter();
        let header = vec![(lines.next().unwrap_or_default(), Tint::Title)];
        let frame = Frame {
            columns: self.columns,
            yields: self.yields,
            widths: &widths,
            room: width,
            style,
        };
        let body = lines
            .zip(&rows)
            .zip(&self.rows)
            .map(|((line, cells), row)| {
                frame.spilled(row).unwrap_or_else(|| {
                    let tints = shown.iter().map(|&index| row[index].tint);
                    in_pieces(&line, cells.iter().zip(tints))
                })
            });
        std::iter::once(header).chain(body).collect()
    }

    /// The title line and one line for each row, without blanks at their ends.
    fn lay_out<'t>(
        &self,
        titles: impl Iterator<Item = &'t str>,
        rows: &[Vec<Cow<'_, str>>],
        shown: &[usize],
    ) -> Vec<String> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(Row::from(titles.collect::<Vec<_>>()));
        for row in rows {
            table.add_row(Row::from(
                row.iter().map(Cow::as_ref).collect::<Vec<&str>>(),
            ));
        }
        for (column, &index) in table.column_iter_mut().zip(shown) {
            column.set_padding((0, GAP as u16));
            if self.columns[index].is_number {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let trimmed = |line: String| line.trim_end_matches(' ').to_owned();
        table.lines().map(trimmed).collect()
    }

    /// The width of each column, 0 for those left out.
    fn widths(&self, room: usize, style: &Style) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|index| self.natural_width(index))
            .collect();
        if let Some(first) = widths.iter().position(|&width| width > 0) {
            // A name that is cut anyway costs the other columns no room.
            let longest = self.whole_widths(first, room, style).max();
            let wanted = longest.unwrap_or(0).max(CUT_NAME);
            if total(&widths) > room {
                widths[first] = widths[first].min(wanted);
            }
        }
        // As long as columns can be left out, most cells shall stand in their own.
        for may_spill in [false, true] {
            for &Yield(title, floor) in self.yields {
                let excess = total(&widths).saturating_sub(room);
                let Some(index) = self.columns.iter().position(|c| c.title == title) else {
                    continue;
                };
                let is_cut = is_last(index, &widths);
                let floor = match floor {
                    0 => 0,
                    floor if may_spill || is_cut => floor,
                    floor => floor.max(self.usual_width(index, room, style)),
                };
                if excess == 0 || widths[index] <= floor {
                    continue;
                }
                widths[index] = match floor {
                    0 => 0,
                    floor => (widths[index].saturating_sub(excess)).max(floor),
                };
            }
        }
        self.regrown(widths, room)
    }

    /// A column left out late may have made room for those made narrow early: who gave way
    /// last is the first to get it. A column that would still be too narrow needs none.
    fn regrown(&self, mut widths: Vec<usize>, room: usize) -> Vec<usize> {
        for Yield(title, _) in self.yields.iter().rev() {
            let Some(index) = self.columns.iter().position(|c| c.title == *title) else {
                continue;
            };
            let spare = room.saturating_sub(total(&widths));
            let natural = self.natural_width(index);
            let is_cut = is_last(index, &widths);
            if widths[index] > 0 && (is_cut || natural <= widths[index] + spare) {
                widths[index] = natural.min(widths[index] + spare);
            }
        }
        widths
    }

    /// The width that is not unusual in this column: half as much again as its middle cell's.
    fn usual_width(&self, index: usize, room: usize, style: &Style) -> usize {
        let mut widths: Vec<usize> = self.whole_widths(index, room, style).collect();
        widths.sort_unstable();
        let middle = widths.get(widths.len().saturating_sub(1) / 2);
        let usual = middle.map_or(0, |middle| middle + middle / 2);
        let is_usual = |width: &usize| *width <= usual;
        widths.into_iter().rev().find(is_usual).unwrap_or(0)
    }

    /// The widths of the cells that can be whole on such a terminal, with a mark beside them.
    fn whole_widths(
        &self,
        index: usize,
        room: usize,
        style: &Style,
    ) -> impl Iterator<Item = usize> {
        let room = room.saturating_sub(GAP + text::width(style.ellipsis()));
        let widths = self
            .rows
            .iter()
            .map(move |row| text::width(&row[index].text));
        widths.filter(move |&width| width <= room)
    }

    fn natural_width(&self, index: usize) -> usize {
        let column = &self.columns[index];
        let cells = || self.rows.iter().map(|row| row[index].text.as_str());
        let says_nothing = cells().all(|text| text.is_empty() || text == column.ordinary);
        if says_nothing {
            return 0;
        }
        cells()
            .map(text::width)
            .max()
            .unwrap_or(0)
            .max(column.title.len())
            .min(WIDEST)
    }
}

/// Tab-separated lines, for programs. A row is needed no longer than its line is written.
pub(super) fn plain<R: AsRef<[Cell]>>(
    columns: &[Column],
    rows: impl Iterator<Item = R>,
    style: &Style,
) -> String {
    let titles: Vec<&str> = columns.iter().map(|column| column.title).collect();
    let mut out = titles.join("\t");
    out.push('\n');
    for row in rows {
        for (index, cell) in row.as_ref().iter().enumerate() {
            if index > 0 {
                out.push('\t');
            }
            out.push_str(&style.paint(&cell.text, cell.tint));
        }
        out.push('\n');
    }
    out
}

/// Whether a column is the last that is shown, and so the one whose cells are cut.
fn is_last(index: usize, widths: &[usize]) -> bool {
    widths.iter().rposition(|&width| width > 0) == Some(index)
}

/// Columns a line of such a table takes.
fn total(widths: &[usize]) -> usize {
    let shown = widths.iter().filter(|&&width| width > 0);
    let gaps = shown.clone().count().saturating_sub(1) * GAP;
    shown.sum::<usize>() + gaps
}

/// A laid-out line with the colours of its cells. Only blanks stand between cells, so each
/// is the first place of its text after the one before.
fn in_pieces<'a>(line: &str, cells: impl Iterator<Item = (&'a Cow<'a, str>, Tint)>) -> Pieces {
    let mut pieces = Pieces::new();
    let (mut told, mut at) = (0, 0);
    for (cell, tint) in cells {
        let Some(before) = line[at..].find(cell.as_ref()) else {
            continue;
        };
        let start = at + before;
        at = start + cell.len();
        if tint != Tint::Plain {
            pieces.push((line[told..start].to_owned(), Tint::Plain));
            pieces.push((line[start..at].to_owned(), tint));
            told = at;
        }
    }
    pieces.push((line[told..].to_owned(), Tint::Plain));
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::samples::{colored, style};
    use super::{Cell, Column, Grid, Tint, Yield};

    const COLUMNS: [Column; 3] = [
        Column::name("NAME"),
        Column::number("N").unless("0"),
        Column::text("TEXT"),
    ];

    fn grid(rows: &[[&str; 3]]) -> Grid<'static> {
        Grid {
            columns: &COLUMNS,
            rows: rows
                .iter()
                .map(|row| row.map(Cell::from).to_vec())
                .collect(),
            yields: &[Yield("TEXT", 4), Yield("NAME", 6)],
        }
    }

    #[test]
    fn wide_signs_take_two_columns_and_marks_none() {
        let rows = [
            ["日本語", "1", "wide"],
            ["e\u{301}te\u{301}", "20", "marks"],
            ["👩\u{200d}🚀🎉", "300", "emoji"],
        ];
        assert_eq!(
            grid(&rows).render(&style(60)),
            "\
NAME      N  TEXT
日本語    1  wide
e\u{301}te\u{301}      20  marks
👩\u{200d}🚀🎉    300  emoji
"
        );
    }

    #[test]
    fn a_row_stays_one_line_whatever_a_cell_holds() {
        let rows = [
            ["a\nb", "0", "x\ty\r\x1b[2J\u{202e}"],
            ["", "0", " led by a blank"],
        ];
        assert_eq!(
            grid(&rows).render(&style(80)),
            "\
NAME  TEXT
a\\nb  x\\ty\\r\\x1b[2J\\u{202e}
       led by a blank
"
        );
        assert_eq!(
            grid(&rows).render(&style(None)),
            "\
NAME\tN\tTEXT
a\\nb\t0\tx\\ty\\r\\x1b[2J\\u{202e}
\t0\t led by a blank
"
        );
    }

    #[test]
    fn columns_give_way_in_their_order() {
        let rows = [["a-long-name", "", "some words"]];
        for (width, shown) in [
            (23, "a-long-name  some words"),
            (20, "a-long-name  some w…"),
            (17, "a-long-name  som…"),
            (14, "a-long-name  …"),
            (13, "a-l…ame  som…"),
            (5, "a-l…me  som…"),
        ] {
            let table = grid(&rows).render(&style(width));
            assert_eq!(table.lines().nth(1), Some(shown), "{width}");
        }
    }

    #[test]
    fn a_cell_of_unusual_length_spills_and_costs_the_other_lines_nothing() {
        let rows = [
            ["ls", "1", "one word"],
            ["cat", "2", "some more words"],
            ["a-long-name", "", "some words"],
            ["a-long-name", "3", "some words"],
            ["a-name-that-cannot-be-whole", "4", "any"],
        ];
        let grid = Grid {
            yields: &[Yield("NAME", 6), Yield("TEXT", 4)],
            ..grid(&rows)
        };
        assert_eq!(
            grid.render(&style(21)),
            "\
NAME    N  TEXT
ls      1  one word
cat     2  some more…
a-long-name  some wo…
a-long-name  …
a-n…le  4  any
"
        );
    }

    #[test]
    fn equal_cells_are_coloured_each_by_its_own() {
        let mut grid = grid(&[]);
        grid.rows = vec![vec![
            Cell::from("x"),
            Cell::new("x", Tint::Failed),
            Cell::new("x", Tint::Late),
        ]];
        assert_eq!(
            grid.render(&colored(60)),
            "\x1b[1mNAME  N  TEXT\x1b[0m\nx     \x1b[31mx\x1b[0m  \x1b[33mx\x1b[0m\n"
        );
    }
}
