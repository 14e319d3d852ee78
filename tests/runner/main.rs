//! `punctual run` from outside: what starts, in which order, how it ends, and what a job sees.

#[path = "../sandbox/chance.rs"]
mod chance;
#[path = "../sandbox/mod.rs"]
mod sandbox;

mod admission;
mod chains;
mod children;
mod crontabs;
mod environment;
mod order;
mod output;
mod recurring;
mod stopping;
mod trouble;
