//! `queue`: lanes and their slots.

use std::process::ExitCode;

use crate::domain::Name;
use crate::schedule;
use crate::store::{StoreError, Tx};

use super::args::{QueueArgs, QueueVerb};
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::{json, queues_table};

pub(super) fn queue(args: &QueueArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.verb {
        QueueVerb::List => {
            let queues = match context.open_read()? {
                Some(store) => store.read().queue_states(context.now)?,
                None => Vec::new(),
            };
            if context.json {
                context.print_json(&json::queues(&queues))?;
            } else {
                context.print(&queues_table(&queues, &context.style))?;
            }
        }
        QueueVerb::Pause { name, until } => {
            let until = until
                .as_ref()
                .map(|text| {
                    schedule::parse_time(text, context.now, context.zone)
                        .map_err(|error| Failure::when(text, error))
                })
                .transpose()?;
            change(name, "paused already", context, |tx, id| {
                tx.set_queue_paused(id, true, until)
            })?;
            say(name, "paused", context)?;
        }
        QueueVerb::Resume { name } => {
            change(name, "not paused", context, |tx, id| {
                tx.set_queue_paused(id, false, None)
            })?;
            say(name, "resumed", context)?;
        }
        QueueVerb::Remove { name } => {
            if *name == Name::default_queue() {
                return Err(
                    Failure::new(Code::Conflict, "the queue default always exists")
                        .hint("its limit is set with: punctual queue set default --slots N"),
                );
            }
            let mut last = None;
            change(name, "in use by a job or its history", context, |tx, id| {
                let states = tx.queue_states(context.now)?;
                last = states.into_iter().find(|state| state.queue.name == *name);
                tx.remove_queue(id)
            })?;
            if context.json {
                context.print_json(&last.as_ref().map(json::queue))?;
            } else {
                say(name, "removed", context)?;
            }
        }
        QueueVerb::Set { name, slots } => {
            let mut store = context.open()?;
            store.write(|tx| tx.set_queue_slots(tx.queue_id(name)?, slots.0))?;
            let states = store.read().queue_states(context.now)?;
            let state = states.iter().find(|state| state.queue.name == *name);
            if context.json {
                context.print_json(&state.map(json::queue))?;
            } else if !context.quiet {
                let slots = match slots.0 {
                    Some(1) => "1 slot".to_owned(),
                    Some(n) => format!("{n} slots"),
                    None => "no limit of its own".to_owned(),
                };
                context.print(&format!("queue {name}: {slots}\n"))?;
            }
        }
    }
    Ok(Context::done())
}

/// Changes an existing queue; a change that changes nothing is a failure.
fn change(
    name: &Name,
    otherwise: &str,
    context: &Context,
    what: impl FnOnce(&Tx<'_>, i64) -> Result<bool, StoreError>,
) -> Result<(), Failure> {
    let mut store = context.open_to_change(name.as_str())?;
    store.write(|tx| {
        let lane = tx
            .lanes()?
            .into_iter()
            .find(|lane| lane.queue.name == *name)
            .ok_or_else(|| {
                Failure::new(Code::Absent, format!("no such queue: {name}"))
                    .hint("see the queues with: punctual queue list")
            })?;
        if what(tx, lane.id)? {
            Ok(())
        } else {
            Err(Failure::new(
                if otherwise.starts_with("in use") {
                    Code::Conflict
                } else {
                    Code::Failed
                },
                format!("queue {name} is {otherwise}"),
            )
            .hint("nothing was changed; see: punctual queue list"))
        }
    })
}

fn say(name: &Name, did: &str, context: &Context) -> Result<(), Failure> {
    if context.json {
        let store = context.open_existing(name.as_str())?;
        let states = store.read().queue_states(context.now)?;
        let state = states.iter().find(|state| state.queue.name == *name);
        return context.print_json(&state.map(json::queue));
    }
    if context.quiet {
        return Ok(());
    }
    context.print(&format!("queue {name}: {did}\n"))
}
