//! Choreographies, as those who run them see them.

mod events;
mod metrics;
mod operator;
mod probes;
mod versions;
mod world;
