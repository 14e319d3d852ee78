//! The database file and the world around it: whose it is, what is refused, and what is left untouched.

#[path = "../sandbox/mod.rs"]
mod sandbox;

mod damage;
mod modes;
mod paths;
mod refusals;
mod space;
mod streams;
