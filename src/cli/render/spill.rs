//! A line of a table in which a cell is wider than its column.
//!
//! What lives here: how such a line is laid out, and who is left out of it. What never does:
//! the widths of the columns, which are the grid's.

use super::column::{Cell, Column, Yield};
use super::grid::{GAP, Pieces};
use super::{Style, Tint, text};

/// Text cut shorter than this says less than the mark alone.
const SHORTEST: usize = 8;

/// The columns of a table on a terminal, and how wide each has become.
pub(super) struct Frame<'g> {
    pub(super) columns: &'g [Column],
    pub(super) yields: &'g [Yield],
    /// 0 for those left out.
    pub(super) widths: &'g [usize],
    pub(super) room: usize,
    pub(super) style: &'g Style,
}

impl Frame<'_> {
    /// The line of a row with a cell wider than its column: that cell is whole, what follows
    /// it stands further right, and what then has no room is left out. `None` for a row whose
    /// cells stand in their columns.
    pub(super) fn spilled(&self, row: &[Cell]) -> Option<Pieces> {
        let first = self.widths.iter().position(|&width| width > 0)?;
        let last = self.widths.iter().rposition(|&width| width > 0)?;
        let spills = |index: usize| {
            let wide = text::width(&row[index].text);
            wide > self.widths[index] && (index > first || wide + self.mark() <= self.room)
        };
        if !(first..last).any(spills) {
            return None;
        }
        let mut row = row.to_vec();
        if !spills(first) {
            row[first].text = self.cut(&row, first, self.widths[first]);
        }
        let (told, is_all) = self.told(&row);
        let mut line = Line::default();
        for (place, &index) in told.iter().enumerate() {
            let is_end = is_all && place + 1 == told.len();
            if !self.put(&mut line, &row, index, is_end) {
                return Some(line.pieces);
            }
        }
        if !is_all {
            line.put(0, self.style.ellipsis(), Tint::Plain);
        }
        Some(line.pieces)
    }

    /// Puts a cell on the line; false where the line ends with it.
    fn put(&self, line: &mut Line, row: &[Cell], index: usize, is_end: bool) -> bool {
        let cell = &row[index];
        let wide = text::width(&cell.text);
        let is_number = self.columns[index].is_number;
        let column = self.start(index);
        let start = if is_number {
            column + self.widths[index].saturating_sub(wide)
        } else {
            column.max(line.next())
        };
        // A number away from its title says nothing.
        let is_away = is_number && start < line.next();
        let room = self.room.saturating_sub(start);
        let needed = wide + if is_end { 0 } else { self.mark() };
        if needed <= room && !is_away {
            line.put(start, &cell.text, cell.tint);
            return true;
        }
        if room >= SHORTEST && !is_number {
            line.put(start, &self.cut(row, index, room.min(wide - 1)), cell.tint);
        } else {
            line.put(0, self.style.ellipsis(), Tint::Plain);
        }
        false
    }

    /// The cells that have room on the line, and whether those are all. Who is left out first
    /// of a narrow table is left out first here.
    fn told(&self, row: &[Cell]) -> (Vec<usize>, bool) {
        let is_told = |&index: &usize| self.widths[index] > 0 && !row[index].text.is_empty();
        let mut told: Vec<usize> = (0..row.len()).filter(is_told).collect();
        let mut is_all = true;
        let gives_way = self.yields.iter().filter(|Yield(_, floor)| *floor == 0);
        for Yield(title, _) in gives_way {
            let mark = if is_all { 0 } else { self.mark() };
            if told.len() < 2 || self.shortest(row, &told) + mark <= self.room {
                break;
            }
            let before = told.len();
            told.retain(|&index| self.columns[index].title != *title);
            is_all &= told.len() == before;
        }
        (told, is_all)
    }

    /// What a line of these cells takes when the last is cut.
    fn shortest(&self, row: &[Cell], told: &[usize]) -> usize {
        let wide = |&index: &usize| text::width(&row[index].text);
        let Some((last, before)) = told.split_last() else {
            return 0;
        };
        before.iter().map(|index| wide(index) + GAP).sum::<usize>() + wide(last).min(SHORTEST)
    }

    fn cut(&self, row: &[Cell], index: usize, room: usize) -> String {
        let cut = self.columns[index].cut.function();
        cut(&row[index].text, room, self.style.ellipsis()).into_owned()
    }

    fn start(&self, index: usize) -> usize {
        let before = self.widths[..index].iter().filter(|&&width| width > 0);
        before.map(|width| width + GAP).sum()
    }

    /// What the mark takes beside another cell.
    fn mark(&self) -> usize {
        GAP + text::width(self.style.ellipsis())
    }
}

/// A line as it grows from left to right.
#[derive(Default)]
struct Line {
    pieces: Pieces,
    width: usize,
}

impl Line {
    /// Where the next cell can stand.
    fn next(&self) -> usize {
        if self.pieces.is_empty() {
            0
        } else {
            self.width + GAP
        }
    }

    /// Puts a text there, or behind what is on the line.
    fn put(&mut self, start: usize, text: &str, tint: Tint) {
        let start = start.max(self.next());
        if start > self.width {
            let blanks = " ".repeat(start - self.width);
            self.pieces.push((blanks, Tint::Plain));
        }
        self.width = start + text::width(text);
        self.pieces.push((text.to_owned(), tint));
    }
}
