//! A disk that is full, fails, or may not be written: nothing that was accepted is lost, nothing
//! is accepted that is not there, and the runner goes on when the disk does.

#[path = "../sandbox/chance.rs"]
mod chance;
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/tracer.rs"]
mod tracer;

mod errors;
mod room;
mod waiting;
