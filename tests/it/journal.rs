//! The journal from outside.

pub(crate) mod crash;
mod events;
mod opened;
mod postgres;
