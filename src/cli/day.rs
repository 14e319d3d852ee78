//! The coming day of jobs, counted into the cells of a chart.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Timelike as _, Utc};

use crate::schedule::Zone;
use crate::store::{MANY, Store};

use super::context::{Context, terminal_height};
use super::failure::Failure;
use super::next::{Fires, fires_of};
use super::render::{Crowd, Day, Strip, Style, cells_of_day, day_chart};

/// More starts than this in a cell look alike, so no more are counted.
const MOST: usize = 65;
/// Lines of the screen that are not strips.
const FRAME: usize = 8;
/// Jobs shown in a pipe.
const PIPED: usize = 100;

pub(super) fn no_json() -> Failure {
    Failure::usage("--chart draws for people, and has no JSON")
        .hint("leave out one of --chart and --json")
}

/// A strip for each of the jobs that start soonest.
pub(super) fn of_all(
    store: Option<&Store>,
    n: Option<usize>,
    from: DateTime<Utc>,
    context: &Context,
) -> Result<(), Failure> {
    let fitting = || {
        let room = terminal_height().saturating_sub(FRAME).max(5);
        if context.terminal { room } else { PIPED }
    };
    let n = n.unwrap_or_else(fitting);
    let until = from + TimeDelta::days(1);
    let mut jobs: Vec<(String, Vec<Fires>)> = Vec::new();
    if let Some(store) = store {
        let read = store.read();
        // A few more than are shown, to be counted.
        let some = n.saturating_add(MANY as usize);
        for job in read.due_jobs(until, some)? {
            let fires = fires_of(&read, &job.job, context)?;
            jobs.push((job.job.name.to_string(), vec![fires]));
        }
        for timed in read.timed_runs(until, some)? {
            let Some((run, job)) = read.run(timed.id)?.zip(read.job(timed.job)?) else {
                continue;
            };
            let name = job.name.to_string();
            let once = Fires::Once(run.not_before);
            match jobs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, fires)) => fires.push(once),
                None => jobs.push((name, vec![once])),
            }
        }
    }
    jobs.retain(|(_, fires)| {
        fires
            .iter()
            .any(|fires| next(fires, from).is_some_and(|at| at < until))
    });
    if jobs.is_empty() {
        if !context.quiet {
            context.note("nothing is scheduled for the day to come");
        }
        return Ok(());
    }
    jobs.sort_by_key(|(_, fires)| fires.iter().filter_map(|fires| next(fires, from)).min());
    let more = jobs.len().saturating_sub(n);
    jobs.truncate(n);
    let mut day = day(&jobs, from, &context.style);
    // The cells end a little before the day from now does.
    day.strips.retain(|strip| !strip.is_empty());
    context.print(&day_chart(&day, &context.style))?;
    if more > 0 && !context.quiet {
        let more = if more < MANY as usize {
            more.to_string()
        } else {
            format!("over {MANY}")
        };
        context.note(&format!("{more} more start later; -n N shows more"));
    }
    Ok(())
}

/// One strip, for a job or a WHEN, in its zone.
pub(super) fn of_one(
    name: &str,
    fires: Fires,
    from: DateTime<Utc>,
    zone: Zone,
    context: &Context,
) -> Result<(), Failure> {
    let style = Style {
        zone,
        ..context.style.clone()
    };
    let jobs = [(name.to_owned(), vec![fires])];
    let day = day(&jobs, from, &style);
    if day.strips.iter().all(Strip::is_empty) && !context.quiet {
        context.note(&format!("{name} does not start within a day"));
    }
    context.print(&day_chart(&day, &style))
}

fn next(fires: &Fires, after: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match fires {
        Fires::Again(recurrence) => recurrence.next_after(after),
        Fires::Once(at) => Some(*at).filter(|at| *at > after),
        Fires::Never => None,
    }
}

fn day(jobs: &[(String, Vec<Fires>)], from: DateTime<Utc>, style: &Style) -> Day {
    let cells = cells_of_day(jobs.iter().map(|(name, _)| name.as_str()), style);
    let cell = TimeDelta::days(1) / cells as i32;
    let local = from.with_timezone(&style.zone);
    // The first cell began with the clock, not with this question.
    let into = i64::from(local.num_seconds_from_midnight()) % cell.num_seconds();
    let into = TimeDelta::seconds(into) + TimeDelta::nanoseconds(local.nanosecond().into());
    let start = from - into;
    let mut at_once: BTreeMap<DateTime<Utc>, Vec<String>> = BTreeMap::new();
    let strips = jobs.iter().map(|(name, fires)| {
        let mut counts = vec![0; cells];
        for (index, count) in counts.iter_mut().enumerate() {
            let end = start + cell * (index as i32 + 1);
            // Of what lies exactly at the border, the cell behind it has it.
            let before = start + cell * index as i32 - TimeDelta::nanoseconds(1);
            for fires in fires {
                let mut last = before.max(from);
                for _ in 0..MOST {
                    let Some(at) = next(fires, last).filter(|at| *at < end) else {
                        break;
                    };
                    *count += 1;
                    let jobs = at_once.entry(at).or_default();
                    if jobs.last() != Some(name) {
                        jobs.push(name.clone());
                    }
                    last = at;
                }
            }
        }
        Strip {
            name: name.clone(),
            counts,
        }
    });
    let strips = strips.collect();
    let mut crowds: Vec<Crowd> = at_once
        .into_iter()
        .filter(|(_, jobs)| jobs.len() > 1)
        .map(|(at, jobs)| Crowd { at, jobs })
        .collect();
    crowds.sort_by_key(|crowd| (std::cmp::Reverse(crowd.jobs.len()), crowd.at));
    Day {
        start,
        cell,
        strips,
        crowds,
    }
}
