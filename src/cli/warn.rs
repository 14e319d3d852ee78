//! What is legal in a schedule but seldom meant, said to the one who writes it.

use crate::schedule;

use super::admit;
use super::context::Context;

/// Says the warnings about a WHEN that was understood; `about` begins each line.
pub(super) fn schedule(when: &str, tz: Option<&str>, about: &str, context: &Context) {
    if context.quiet {
        return;
    }
    let zone = tz.and_then(|name| admit::zone_named(name).ok());
    let Ok(when) = schedule::parse(when) else {
        return;
    };
    for warning in schedule::warnings(&when, zone.unwrap_or(context.zone), context.now) {
        context.note(&format!("warning: {about}{warning}"));
    }
}
