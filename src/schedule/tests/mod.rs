//! Tables and laws of the schedule language.

mod laws;
mod matcher;
mod phrases;
mod timings;
mod vectors;
mod zones;
