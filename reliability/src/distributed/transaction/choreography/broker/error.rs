//! What all buses over brokers say when they cannot be heard.

use alloc::string::String;

use super::super::bus::BusError;

/// The broker cannot be reached, or does not answer: nothing has happened.
pub(in super::super) fn away(what: &'static str, why: Option<String>) -> BusError {
    let why = why.unwrap_or_else(|| "there is no connection".into());
    BusError::Unavailable { what, source: why.into() }
}

/// It was asked, and nobody knows what it has done.
pub(in super::super) fn unknown(what: &'static str, why: &str) -> BusError {
    BusError::Unknown { what, source: why.into() }
}
