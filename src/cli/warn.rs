//! What is legal in a schedule but seldom meant, said to the one who writes it.

use crate::schedule;

use super::admit;
use super::context::Context;

/// Says the warnings about a WHEN that was understood; `about` begins each line.
pub(super) fn schedule(when: &str, tz: Option<&str>, about: &str, context: &Context) {
    for line in lines(when, tz, about, context) {
        context.note(&line);
    }
}

/// The same for who holds the write lock, which no slow terminal may keep: to be said later.
pub(super) fn lines(when: &str, tz: Option<&str>, about: &str, context: &Context) -> Vec<String> {
    let (Ok(when), false) = (schedule::parse(when), context.quiet) else {
        return Vec::new();
    };
    let zone = tz.and_then(|name| admit::zone_named(name).ok());
    let warnings = schedule::warnings(&when, zone.unwrap_or(context.zone), context.now);
    let line = |warning| format!("warning: {about}{warning}");
    warnings.into_iter().map(line).collect()
}
