//! The journal from outside.

mod crash;
mod events;
mod postgres;
