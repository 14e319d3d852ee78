//! Wall clocks that jump, told by libfaketime; and a runner that was stopped while time went on.

#[path = "../sandbox/mod.rs"]
mod sandbox;

mod jumps;
mod living;
