//! The queues and how full they are.

use crate::domain::QueueState;

use super::column::{Cell, Column, Yield};
use super::grid::Grid;
use super::{Style, Tint};

const COLUMNS: [Column; 6] = [
    Column::name("QUEUE"),
    Column::number("SLOTS"),
    Column::number("RUNNING"),
    Column::number("WAITING"),
    Column::number("PER HOUR"),
    Column::text("STATE").unless("active"),
];

/// One queue a line; `-` for a queue that only the pool bounds.
pub(crate) fn queues_table(queues: &[QueueState], style: &Style) -> String {
    let grid = Grid {
        columns: &COLUMNS,
        rows: queues.iter().map(row).collect(),
        yields: &[
            Yield("PER HOUR", 0),
            Yield("SLOTS", 0),
            Yield("RUNNING", 0),
            Yield("WAITING", 0),
            Yield("QUEUE", 5),
            Yield("STATE", 0),
        ],
    };
    grid.render(style)
}

fn row(state: &QueueState) -> Vec<Cell> {
    let slots = state
        .queue
        .slots
        .map_or_else(|| "-".to_owned(), |slots| slots.to_string());
    let activity = if state.queue.paused {
        Cell::new("paused", Tint::Paused)
    } else {
        "active".into()
    };
    vec![
        state.queue.name.as_str().into(),
        slots.into(),
        state.running.to_string().into(),
        state.waiting.to_string().into(),
        state.ended_last_hour.to_string().into(),
        activity,
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::{queue_state, style};
    use super::queues_table;

    #[test]
    fn a_state_is_shown_when_one_is_paused() {
        let queues = [
            queue_state("default", None, false, 3, 0),
            queue_state("reports", Some(2), true, 0, 17),
        ];
        assert_eq!(
            queues_table(&queues, &style(60)),
            "\
QUEUE    SLOTS  RUNNING  WAITING  PER HOUR  STATE
default      -        3        0         5  active
reports      2        0       17         5  paused
"
        );
        assert_eq!(
            queues_table(&queues[..1], &style(60)),
            "\
QUEUE    SLOTS  RUNNING  WAITING  PER HOUR
default      -        3        0         5
"
        );
    }
}
