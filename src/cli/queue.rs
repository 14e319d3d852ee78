//! `queue`: lanes and their slots.

use std::process::ExitCode;

use super::args::{QueueArgs, QueueVerb};
use super::context::Context;
use super::failure::Failure;
use super::render::{json, queues_table};

pub(super) fn queue(args: &QueueArgs, context: &Context) -> Result<ExitCode, Failure> {
    match &args.verb {
        QueueVerb::List => {
            let queues = match context.open_read()? {
                Some(store) => store.read().queue_states()?,
                None => Vec::new(),
            };
            if context.json {
                context.print_json(&json::queues(&queues))?;
            } else {
                context.print(&queues_table(&queues, &context.style))?;
            }
        }
        QueueVerb::Set { name, slots } => {
            let mut store = context.open()?;
            store.write(|tx| tx.set_queue_slots(tx.queue_id(name)?, slots.0))?;
            let states = store.read().queue_states()?;
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
