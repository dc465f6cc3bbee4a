//! The pipeline under a clock of its own, with receivers that answer by a script.

mod delivery;
mod environment;
mod settings;
