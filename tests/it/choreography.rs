//! Choreographies, as those who run them see them.

mod events;
mod operator;
mod versions;
