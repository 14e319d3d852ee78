//! Where punctual lives: under systemd, in a container, beside a monitor and a mailer.

#![expect(
    clippy::unwrap_used,
    reason = "a service that does not answer fails its test"
)]

#[path = "../sandbox/mod.rs"]
mod sandbox;

mod containers;
mod forwarding;
mod mail;
mod metrics;
mod notify;
mod units;
mod users;
