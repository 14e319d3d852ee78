//! Processes under bad conditions: no room for them, strangers that have their numbers, a runner that is process 1, starters that
//! ignore signals, terminals that go away.

#[path = "../sandbox/chance.rs"]
mod chance;
#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/screen.rs"]
mod screen;
#[path = "../sandbox/tracer.rs"]
mod tracer;

mod cgroup;
mod floods;
mod parents;
mod reuse;
mod room;
mod starters;
mod terminal;
mod watches;
