//! What the screen shows and what keys mean. No terminal, no database, no clock.

use chrono::{DateTime, Utc};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::cli::render::text;
use crate::domain::{JobId, JobState, JobView, Run, RunState, Runner};
use crate::store::JobPage;

/// What a key does to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Pause,
    Resume,
    Trigger,
    Retry,
    Cancel,
}

/// What the loop has to do after a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// Something else is to be seen.
    Look,
    Repaint,
    Do(Deed, JobId),
    /// Ctrl-Z.
    Stop,
    Quit,
}

/// What lies over the list.
#[derive(Debug, Default)]
pub(super) enum Pane {
    #[default]
    None,
    Keys,
    /// Asks before the unfinished runs of a job are ended.
    Sure(JobId),
    Logs {
        job: JobId,
        logs: Option<Box<Logs>>,
        /// Lines above the end; 0 follows it.
        above: usize,
    },
}

/// The end of what a run wrote.
#[derive(Debug)]
pub(super) struct Logs {
    pub run: Run,
    /// Escaped.
    pub lines: Vec<String>,
}

impl Logs {
    pub(super) fn of(run: Run, bytes: &[u8]) -> Self {
        let shown = text::escape_bytes(bytes);
        let lines = shown.lines().map(|line| line.replace('\t', "    "));
        Self {
            run,
            lines: lines.collect(),
        }
    }
}

#[derive(Debug)]
pub(super) struct Model {
    pub now: DateTime<Utc>,
    pub page: JobPage,
    pub runner: Option<Runner>,
    /// Running, and waiting.
    pub depth: (u64, u64),
    /// Finished one-offs, too.
    pub all: bool,
    pub selected: usize,
    /// The first row on the screen.
    pub first: usize,
    /// Rows on the screen when it was drawn last.
    pub rows: usize,
    pub pane: Pane,
    /// How the last deed went.
    pub answer: Option<Result<String, String>>,
}

impl Model {
    pub(super) fn new(all: bool) -> Self {
        Self {
            now: DateTime::UNIX_EPOCH,
            page: JobPage::default(),
            runner: None,
            depth: (0, 0),
            all,
            selected: 0,
            first: 0,
            rows: 1,
            pane: Pane::None,
            answer: None,
        }
    }

    /// Takes what is there now; the chosen job stays the chosen one.
    pub(super) fn show(&mut self, page: JobPage) {
        let chosen = self.chosen().map(|view| view.job.id);
        self.page = page;
        let same = |view: &JobView| Some(view.job.id) == chosen;
        if let Some(place) = self.page.jobs.iter().position(same) {
            self.selected = place;
        }
        self.go_to(self.selected);
    }

    pub(super) fn logs(&mut self, read: Option<Logs>) {
        if let Pane::Logs { logs, .. } = &mut self.pane {
            *logs = read.map(Box::new);
        }
    }

    pub(super) fn chosen(&self) -> Option<&JobView> {
        self.page.jobs.get(self.selected)
    }

    pub(super) fn reads_logs_of(&self) -> Option<JobId> {
        match self.pane {
            Pane::Logs { job, .. } => Some(job),
            _ => None,
        }
    }

    /// Output comes without a change of the database.
    pub(super) fn follows_a_living_run(&self) -> bool {
        matches!(&self.pane, Pane::Logs { logs: Some(logs), .. }
            if logs.run.state == RunState::Running)
    }

    pub(super) fn key(&mut self, key: KeyEvent) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Nothing;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return match key.code {
                KeyCode::Char('c') => Step::Quit,
                KeyCode::Char('z') => Step::Stop,
                KeyCode::Char('l') => Step::Repaint,
                _ => Step::Nothing,
            };
        }
        match &self.pane {
            Pane::None => self.key_of_list(key.code),
            Pane::Keys => self.close(),
            Pane::Sure(job) => {
                let job = *job;
                self.pane = Pane::None;
                match key.code {
                    KeyCode::Char('y' | 'Y') => Step::Do(Deed::Cancel, job),
                    _ => Step::Nothing,
                }
            }
            Pane::Logs { .. } => self.key_of_logs(key.code),
        }
    }

    fn key_of_list(&mut self, key: KeyCode) -> Step {
        self.answer = None;
        let page = self.rows.max(1);
        match key {
            KeyCode::Char('q') | KeyCode::Esc => return Step::Quit,
            KeyCode::Down | KeyCode::Char('j') => self.go_to(self.selected + 1),
            KeyCode::Up | KeyCode::Char('k') => self.go_to(self.selected.saturating_sub(1)),
            KeyCode::PageDown | KeyCode::Char(' ') => self.go_to(self.selected + page),
            KeyCode::PageUp => self.go_to(self.selected.saturating_sub(page)),
            KeyCode::Home | KeyCode::Char('g') => self.go_to(0),
            KeyCode::End | KeyCode::Char('G') => self.go_to(usize::MAX),
            KeyCode::Char('?' | 'h') => self.pane = Pane::Keys,
            KeyCode::Char('a') => {
                self.all = !self.all;
                return Step::Look;
            }
            _ => return self.key_of_job(key),
        }
        Step::Nothing
    }

    fn key_of_job(&mut self, key: KeyCode) -> Step {
        let Some(view) = self.chosen() else {
            return Step::Nothing;
        };
        let job = view.job.id;
        match key {
            KeyCode::Char('p') if view.job.state == JobState::Paused => Step::Do(Deed::Resume, job),
            KeyCode::Char('p') => Step::Do(Deed::Pause, job),
            KeyCode::Char('t') => Step::Do(Deed::Trigger, job),
            KeyCode::Char('r') => Step::Do(Deed::Retry, job),
            KeyCode::Char('c') => {
                self.pane = Pane::Sure(job);
                Step::Nothing
            }
            KeyCode::Char('l') | KeyCode::Enter => {
                self.pane = Pane::Logs {
                    job,
                    logs: None,
                    above: 0,
                };
                Step::Look
            }
            _ => Step::Nothing,
        }
    }

    fn key_of_logs(&mut self, key: KeyCode) -> Step {
        let page = self.rows.max(1);
        let Pane::Logs { above, .. } = &mut self.pane else {
            return Step::Nothing;
        };
        match key {
            KeyCode::Char('q' | 'l') | KeyCode::Esc | KeyCode::Enter => return self.close(),
            KeyCode::Up | KeyCode::Char('k') => *above += 1,
            KeyCode::Down | KeyCode::Char('j') => *above = above.saturating_sub(1),
            KeyCode::PageUp => *above += page,
            KeyCode::PageDown | KeyCode::Char(' ') => *above = above.saturating_sub(page),
            KeyCode::Home | KeyCode::Char('g') => *above = usize::MAX / 2,
            KeyCode::End | KeyCode::Char('G') => *above = 0,
            _ => {}
        }
        Step::Nothing
    }

    fn close(&mut self) -> Step {
        self.pane = Pane::None;
        Step::Nothing
    }

    fn go_to(&mut self, place: usize) {
        self.selected = place.min(self.page.jobs.len().saturating_sub(1));
    }
}
