//! The model on the screen: a line about the runner, the list, a line for answers, a line of keys.

use ratatui::Frame;
use ratatui::style::{Modifier, Style as Look};
use ratatui::text::{Line, Span};

use crate::cli::render::{Pieces, Style, Tint, jobs_lines, look, run_words, text, time};
use crate::domain::JobView;

use super::model::{Logs, Model, Pane};

/// All keys, by what they do.
const KEYS: [(&str, &str); 11] = [
    (
        "up, down, k, j",
        "choose a job; PageUp, PageDown, Home, End, g, G",
    ),
    ("p", "pause it, or resume it"),
    ("t", "trigger an extra run of it now"),
    ("r", "retry its latest run"),
    ("c", "cancel what of it runs or waits (asks first)"),
    (
        "l, Enter",
        "what its latest run wrote, followed while it runs",
    ),
    ("a", "show or hide one-offs that ended long ago"),
    ("Ctrl-L", "draw the screen anew"),
    ("Ctrl-Z", "stop, and go on with: fg"),
    ("?", "these keys"),
    ("q, Esc, Ctrl-C", "end"),
];

pub(super) fn draw(model: &mut Model, frame: &mut Frame<'_>, style: &Style) {
    let area = frame.area();
    let style = Style {
        width: Some(usize::from(area.width)),
        now: model.now,
        ..style.clone()
    };
    // A line for the runner, a blank one, the body, a line for answers and one for keys.
    let room = usize::from(area.height).saturating_sub(4);
    let body = match &mut model.pane {
        Pane::Logs { job, logs, above } => {
            let view = model.page.jobs.iter().find(|view| view.job.id == *job);
            model.rows = room.saturating_sub(1);
            logs_lines(view, logs.as_deref(), above, room, &style)
        }
        Pane::Keys => keys_lines(),
        Pane::None | Pane::Sure(_) => list(model, room, &style),
    };
    put(frame, 0, &[status(model, &style)]);
    put(frame, 2, &body[..body.len().min(room)]);
    put(frame, room + 2, &[said(model, &style), help(model, &style)]);
}

/// Lines from a row on, as far as they are on the screen.
fn put(frame: &mut Frame<'_>, row: usize, lines: &[Line<'_>]) {
    let area = frame.area();
    for (line, y) in lines.iter().zip(row as u16..area.height) {
        frame.buffer_mut().set_line(0, y, line, area.width);
    }
}

fn status(model: &Model, style: &Style) -> Line<'static> {
    let (running, waiting) = model.depth;
    let runner = match &model.runner {
        Some(runner) => Span::raw(format!(
            "runner {}, pool {running}/{}",
            runner.pid, runner.pool
        )),
        None => Span::styled("no runner is alive", look(Tint::Failed, style)),
    };
    let clock = model.now.with_timezone(&style.zone).format("%H:%M:%S");
    let more = if model.page.more > 0 {
        format!("  {} more jobs", model.page.more)
    } else {
        String::new()
    };
    let bold = Look::new().add_modifier(Modifier::BOLD);
    Line::from(vec![
        Span::styled("punctual", bold),
        Span::raw(format!("  {clock}  ")),
        runner,
        Span::raw(format!("  waiting {waiting}{more}")),
    ])
}

fn list(model: &mut Model, room: usize, style: &Style) -> Vec<Line<'static>> {
    let width = style.width.unwrap_or(80);
    if model.page.jobs.is_empty() {
        let line = match model.page.old {
            0 => "no jobs like that; add one with: punctual add '0 3 * * *' 'echo good night'"
                .to_owned(),
            old => format!("{old} finished one-offs not shown; a shows them"),
        };
        return vec![Line::raw(line)];
    }
    let rows = room.saturating_sub(1).max(1);
    model.rows = rows;
    // The chosen row is on the screen, and no line is left empty that could show a job.
    let last = model.page.jobs.len().saturating_sub(rows);
    model.first = model
        .first
        .clamp((model.selected + 1).saturating_sub(rows), model.selected)
        .min(last);
    let mut table = jobs_lines(&model.page.jobs, width, style).into_iter();
    let header = table.next().unwrap_or_default();
    let mut lines = vec![line_of(header, style)];
    for (index, pieces) in table.enumerate().skip(model.first).take(rows) {
        let mut line = line_of(pieces, style);
        if index == model.selected {
            let gap = width.saturating_sub(line.width());
            line.push_span(" ".repeat(gap));
            line = line.patch_style(Look::new().add_modifier(Modifier::REVERSED));
        }
        lines.push(line);
    }
    lines
}

/// The heading, and as much of the end as fits.
fn logs_lines(
    view: Option<&JobView>,
    logs: Option<&Logs>,
    above: &mut usize,
    room: usize,
    style: &Style,
) -> Vec<Line<'static>> {
    let bold = Look::new().add_modifier(Modifier::BOLD);
    let Some(logs) = logs else {
        let name = view.map_or("it", |view| view.job.name.as_str());
        return vec![Line::raw(format!("{name} has not run yet"))];
    };
    let (outcome, tint) = run_words(&logs.run);
    let since = logs.run.finished.or(logs.run.started);
    let since = since.map_or_else(String::new, |at| time::distance(at - style.now));
    let heading = Line::from(vec![
        Span::styled(logs.run.name.to_string(), bold),
        Span::raw("  "),
        Span::styled(outcome, look(tint, style)),
        Span::raw(format!("  {since}")),
    ]);
    let width = style.width.unwrap_or(80).max(1);
    let lines: Vec<&str> = logs
        .lines
        .iter()
        .flat_map(|line| text::wrapped(line, width))
        .collect();
    let rows = room.saturating_sub(1);
    *above = (*above).min(lines.len().saturating_sub(rows));
    let end = lines.len() - *above;
    let shown = &lines[end.saturating_sub(rows)..end];
    let mut out = vec![heading];
    if lines.is_empty() {
        out.push(Line::raw("no output"));
    }
    out.extend(shown.iter().map(|line| Line::raw((*line).to_owned())));
    out
}

fn keys_lines() -> Vec<Line<'static>> {
    let bold = Look::new().add_modifier(Modifier::BOLD);
    KEYS.iter()
        .map(|(keys, what)| {
            Line::from(vec![
                Span::styled(format!("{keys:<16}"), bold),
                Span::raw(*what),
            ])
        })
        .collect()
}

fn said(model: &Model, style: &Style) -> Line<'static> {
    match (&model.pane, &model.answer) {
        (Pane::Sure(job), _) => {
            let named = model.page.jobs.iter().find(|view| view.job.id == *job);
            let name = named.map_or("this job", |view| view.job.name.as_str());
            let question = format!("cancel the unfinished runs of {name}? y/n");
            Line::styled(question, Look::new().add_modifier(Modifier::BOLD))
        }
        (_, Some(Ok(answer))) => Line::raw(text::escape(answer).into_owned()),
        (_, Some(Err(answer))) => {
            Line::styled(text::escape(answer).into_owned(), look(Tint::Failed, style))
        }
        (_, None) => Line::default(),
    }
}

fn help(model: &Model, style: &Style) -> Line<'static> {
    let arrows = if style.unicode { "↑↓" } else { "up/down" };
    let keys = match model.pane {
        Pane::None => fitting(arrows, style.width.unwrap_or(80)),
        Pane::Keys => "any key goes back".to_owned(),
        Pane::Sure(_) => "y cancels them, any other key does not".to_owned(),
        Pane::Logs { .. } => format!("{arrows} scroll  End follow  q back"),
    };
    let dim = Look::new().add_modifier(Modifier::DIM);
    let room = style.width.unwrap_or(80);
    Line::styled(text::fit(&keys, room, style.ellipsis()).into_owned(), dim)
}

/// As many keys as have room; the way to all of them, and the way out, have it first.
fn fitting(arrows: &str, room: usize) -> String {
    let choose = format!("{arrows} choose");
    let mut keys = vec![choose.as_str()];
    keys.extend(["p pause", "t trigger", "c cancel", "r retry", "l logs"]);
    keys.extend(["a all", "? keys", "q quit"]);
    while keys.len() > 2 && text::width(&keys.join("  ")) > room {
        keys.remove(keys.len() - 3);
    }
    keys.join("  ")
}

fn line_of(pieces: Pieces, style: &Style) -> Line<'static> {
    let spans = pieces.into_iter();
    spans
        .map(|(text, tint)| Span::styled(text, look(tint, style)))
        .collect()
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use ratatui::style::Modifier;

    use super::super::model::{Deed, Logs, Model, Step};
    use super::draw;
    use crate::cli::render::Style;
    use crate::cli::render::samples::{at, colored, jobs, now, run, style};
    use crate::domain::{RunState, Runner};
    use crate::store::JobPage;

    fn model() -> Model {
        let mut model = Model::new(false);
        model.now = now();
        model.runner = Some(Runner {
            pid: 4_242,
            since: at("2026-11-30T10:00:00Z"),
            pool: 8,
        });
        model.depth = (3, 17);
        model.show(JobPage {
            jobs: jobs(),
            old: 2,
            more: 0,
        });
        model
    }

    fn press(model: &mut Model, keys: &str) -> Step {
        let mut step = Step::Nothing;
        for key in keys.chars() {
            step = model.key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE));
        }
        step
    }

    fn terminal(
        model: &mut Model,
        width: u16,
        height: u16,
        style: &Style,
    ) -> Terminal<TestBackend> {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(model, frame, style)).unwrap();
        terminal
    }

    fn screen(model: &mut Model, width: u16, height: u16) -> String {
        let terminal = terminal(model, width, height, &style(80));
        let screen = terminal.backend().to_string();
        // Behind a wide sign the backend tells of its second place.
        let line = |line: &str| {
            let (line, _) = line.split_once("\" Hidden by").unwrap_or((line, ""));
            line.trim_matches('"').trim_end().to_owned() + "\n"
        };
        screen.lines().map(line).collect()
    }

    /// Rows that are shown reversed.
    fn chosen(model: &mut Model, width: u16, height: u16) -> Vec<u16> {
        let terminal = terminal(model, width, height, &style(80));
        let buffer = terminal.backend().buffer();
        let is_chosen = |row: &u16| buffer[(0, *row)].modifier.contains(Modifier::REVERSED);
        (0..height).filter(is_chosen).collect()
    }

    #[test]
    fn the_list_stands_between_the_runner_and_the_keys() {
        assert_eq!(
            screen(&mut model(), 80, 11),
            "\
punctual  18:00:00  runner 4242, pool 3/8  waiting 17

NAME            NEXT         STATE                            COMMAND
backup          in 9h        ok 2m ago                        restic ba… nightly
nightly-report  7 Dec 08:00  failed(exit 2) 61m ago           python3 /…-送る 🎉
sync            in 3m        running 11s                      rsync -a …e}/srv\\n
render          95s late     queue reports full (2/2)         ffmpeg -i… out.mp4
mail            19:00        paused, skipped(overlap) 2h ago  sendmail -q


↑↓ choose  p pause  t trigger  c cancel  r retry  l logs  a all  ? keys  q quit
"
        );
    }

    #[test]
    fn the_way_out_is_on_the_narrowest_screen() {
        let keys = |width| {
            screen(&mut model(), width, 8)
                .lines()
                .last()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            keys(60),
            "↑↓ choose  p pause  t trigger  c cancel  ? keys  q quit"
        );
        assert_eq!(keys(20), "? keys  q quit");
    }

    #[test]
    fn without_colours_there_are_none() {
        let terminal = terminal(&mut model(), 120, 11, &style(80));
        let colors = |buffer: &ratatui::buffer::Buffer| {
            let fg = |cell: &ratatui::buffer::Cell| cell.fg != ratatui::style::Color::Reset;
            buffer.content.iter().any(fg)
        };
        assert!(!colors(terminal.backend().buffer()));
        let terminal = super::tests::terminal(&mut model(), 120, 11, &colored(80));
        assert!(colors(terminal.backend().buffer()));
    }

    #[test]
    fn no_size_is_too_small() {
        for (width, height) in [(1, 1), (1, 40), (3, 2), (10, 4), (200, 3), (40, 5)] {
            for keys in ["", "?", "c", "l", "jjjjj"] {
                let mut model = model();
                press(&mut model, keys);
                model.logs(Some(logs()));
                screen(&mut model, width, height);
            }
        }
    }

    #[test]
    fn the_chosen_row_stays_on_the_screen() {
        let mut model = model();
        assert_eq!(chosen(&mut model, 80, 8), [3]);
        press(&mut model, "jjjj");
        assert_eq!(chosen(&mut model, 80, 8), [5]);
        press(&mut model, "jjjj");
        assert_eq!(model.chosen().unwrap().job.name.as_str(), "mail");
        press(&mut model, "k");
        assert_eq!(chosen(&mut model, 80, 8), [4]);
        press(&mut model, "g");
        assert_eq!(chosen(&mut model, 80, 8), [3]);
        press(&mut model, "G");
        assert_eq!(chosen(&mut model, 80, 20), [7]);
    }

    #[test]
    fn the_chosen_job_stays_chosen_when_others_come_and_go() {
        let mut model = model();
        press(&mut model, "jj");
        let mut jobs = jobs();
        jobs.remove(0);
        model.show(JobPage {
            jobs,
            ..JobPage::default()
        });
        assert_eq!(model.chosen().unwrap().job.name.as_str(), "sync");
        model.show(JobPage::default());
        assert!(model.chosen().is_none());
        assert_eq!(press(&mut model, "p"), Step::Nothing);
        let empty = screen(&mut model, 80, 6);
        assert!(empty.contains("punctual add"), "{empty}");
    }

    #[test]
    fn a_key_means_the_chosen_job_and_its_state() {
        let mut model = model();
        let id = |model: &Model| model.chosen().unwrap().job.id;
        let first = id(&model);
        assert_eq!(press(&mut model, "p"), Step::Do(Deed::Pause, first));
        assert_eq!(press(&mut model, "t"), Step::Do(Deed::Trigger, first));
        assert_eq!(press(&mut model, "r"), Step::Do(Deed::Retry, first));
        press(&mut model, "G");
        let paused = id(&model);
        assert_eq!(press(&mut model, "p"), Step::Do(Deed::Resume, paused));
        assert_eq!(press(&mut model, "q"), Step::Quit);
    }

    #[test]
    fn cancelling_asks_first() {
        let mut model = model();
        assert_eq!(press(&mut model, "c"), Step::Nothing);
        let asked = screen(&mut model, 80, 11);
        assert!(
            asked.contains("cancel the unfinished runs of backup? y/n"),
            "{asked}"
        );
        assert_eq!(press(&mut model, "n"), Step::Nothing);
        let id = model.chosen().unwrap().job.id;
        assert_eq!(press(&mut model, "cy"), Step::Do(Deed::Cancel, id));
        assert_eq!(press(&mut model, "y"), Step::Nothing);
    }

    fn logs() -> Logs {
        let bytes = b"one\ntwo\x1b[2J\nthree is a line that is too long for this\n\tfour\n";
        Logs::of(run("backup", 41, 180, RunState::Failed), bytes)
    }

    #[test]
    fn logs_end_at_the_last_line_and_scroll_back() {
        let mut model = model();
        assert_eq!(press(&mut model, "l"), Step::Look);
        model.logs(Some(logs()));
        assert_eq!(
            screen(&mut model, 30, 8),
            "\
punctual  18:00:00  runner 424

backup.41  failed(exit 2)  2m
three is a line that is too lo
ng for this
    four

↑↓ scroll  End follow  q back
"
        );
        press(&mut model, "gj");
        let above = screen(&mut model, 30, 8);
        assert!(above.contains("two\\x1b[2J\nthree is"), "{above}");
        assert_eq!(press(&mut model, "q"), Step::Nothing);
        assert!(model.reads_logs_of().is_none());
    }

    #[test]
    fn every_key_is_explained() {
        let mut model = model();
        press(&mut model, "?");
        assert_eq!(
            screen(&mut model, 80, 16),
            "\
punctual  18:00:00  runner 4242, pool 3/8  waiting 17

up, down, k, j  choose a job; PageUp, PageDown, Home, End, g, G
p               pause it, or resume it
t               trigger an extra run of it now
r               retry its latest run
c               cancel what of it runs or waits (asks first)
l, Enter        what its latest run wrote, followed while it runs
a               show or hide one-offs that ended long ago
Ctrl-L          draw the screen anew
Ctrl-Z          stop, and go on with: fg
?               these keys
q, Esc, Ctrl-C  end


any key goes back
"
        );
    }
}
