//! The journal from outside.

pub(crate) mod crash;
mod events;
mod postgres;
