//! What settings may be.

use core::fmt;
use core::ops::RangeInclusive;
use core::time::Duration;

use crate::error::Invalid;

pub(in super::super) fn check_prefix(prefix: &str) -> Result<(), Invalid> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if (1..=32).contains(&prefix.len()) && prefix.bytes().all(fits) {
        return Ok(());
    }
    let expected = "1 to 32 of `a-z`, `0-9`, `_` and `-`";
    Err(Invalid::new("bus", "prefix", expected, alloc::format!("{prefix:?}")))
}

pub(in super::super) fn check_time(
    setting: &'static str,
    time: Duration,
    range: &RangeInclusive<Duration>,
) -> Result<(), Invalid> {
    if range.contains(&time) {
        return Ok(());
    }
    let expected = alloc::format!("{:?} to {:?}", range.start(), range.end());
    Err(Invalid::new("bus", setting, expected, alloc::format!("{time:?}")))
}

pub(in super::super) fn check_between<T: PartialOrd + fmt::Display>(
    setting: &'static str,
    number: T,
    range: &RangeInclusive<T>,
) -> Result<(), Invalid> {
    if range.contains(&number) {
        return Ok(());
    }
    let expected = alloc::format!("{} to {}", range.start(), range.end());
    Err(Invalid::new("bus", setting, expected, number))
}
