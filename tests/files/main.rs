//! The database file and the world around it: whose it is, what is refused, and what is left untouched.

#![expect(
    clippy::unwrap_used,
    reason = "what cannot be looked at fails its test"
)]

#[path = "../sandbox/chance.rs"]
mod chance;
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/tracer.rs"]
mod tracer;

mod damage;
mod modes;
mod paths;
mod refusals;
mod space;
mod streams;
mod upgrade;
