//! Times and numbers as databases have them: microseconds since 1970, and nothing above `i64::MAX`.

use core::time::Duration;
use std::time::SystemTime;

pub(in crate::journal) fn micros(time: SystemTime) -> i64 {
    let whole = |span: Duration| i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => whole(since),
        Err(before) => -whole(before.duration()),
    }
}

pub(in crate::journal) fn time(micros: i64) -> SystemTime {
    let span = Duration::from_micros(micros.unsigned_abs());
    let time = match micros < 0 {
        false => SystemTime::UNIX_EPOCH.checked_add(span),
        true => SystemTime::UNIX_EPOCH.checked_sub(span),
    };
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

pub(in crate::journal) fn span(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(in crate::journal) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(in crate::journal) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
