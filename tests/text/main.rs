//! Hostile text in every string a user can give, through every verb, to every output: a terminal
//! obeys nothing, a document stays a document, and what was accepted comes back as it was.

#[path = "../sandbox/mod.rs"]
mod sandbox;
#[path = "../sandbox/screen.rs"]
mod screen;

mod files;
mod output;
mod people;
mod strings;
mod verbs;
