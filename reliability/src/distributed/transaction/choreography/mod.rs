//! Transactions without a conductor: participants that listen to each other's events.

pub mod bus;
