//! What telemetry itself has to show.

mod kept;
mod map;
mod own;
mod traces;

pub(super) use kept::listen;
