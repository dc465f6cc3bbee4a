use core::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::time::Deadline;

/// The header in which a deadline travels, as the time that is left.
///
/// Never as a point in time: the clocks of two machines differ, often by more than a deadline is
/// long. What the network takes is not subtracted, so the callee gives up a little later than the
/// caller; the caller does not wait for it.
///
/// | | header | value |
/// |---|---|---|
/// | [`envoy`](DeadlineHeader::envoy), the default | `x-envoy-expected-rq-timeout-ms` | whole milliseconds; Envoy and the meshes made of it set and read it |
/// | [`grpc`](DeadlineHeader::grpc) | `grpc-timeout` | up to eight digits and a unit, as gRPC over HTTP/2 has it |
/// | [`millis`](DeadlineHeader::millis) | of your choice | whole milliseconds |
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use std::time::Duration;
/// use http::HeaderMap;
/// use reliability::resilience::http::DeadlineHeader;
/// use reliability::time::Deadline;
///
/// let mut headers = HeaderMap::new();
/// let deadline = Deadline::after(Duration::from_secs(3));
/// deadline.scope(async { DeadlineHeader::grpc().write(&mut headers) }).await;
///
/// let left = DeadlineHeader::grpc().read(&headers).unwrap();
/// assert!(left <= Duration::from_secs(3));
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadlineHeader {
    name: HeaderName,
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Millis,
    Grpc,
}

impl DeadlineHeader {
    /// `x-envoy-expected-rq-timeout-ms`.
    pub const fn envoy() -> Self {
        Self::millis(HeaderName::from_static("x-envoy-expected-rq-timeout-ms"))
    }

    /// `grpc-timeout`.
    pub const fn grpc() -> Self {
        Self { name: HeaderName::from_static("grpc-timeout"), format: Format::Grpc }
    }

    /// A header of that name, in whole milliseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::HeaderName;
    /// use reliability::resilience::http::{DeadlineHeader, DeadlineLayer};
    ///
    /// // Of a proxy that has a header of its own.
    /// let name = HeaderName::from_static("x-time-left-ms");
    /// let layer = DeadlineLayer::new().header(DeadlineHeader::millis(name));
    /// assert_ne!(DeadlineHeader::envoy(), DeadlineHeader::grpc());
    /// # let _ = layer;
    /// ```
    pub const fn millis(name: HeaderName) -> Self {
        Self { name, format: Format::Millis }
    }

    /// Its name.
    pub const fn name(&self) -> &HeaderName {
        &self.name
    }

    /// The time that the sender leaves us, if it says so in a way that can be understood. Where it
    /// says so several times, the shortest.
    pub fn read(&self, headers: &HeaderMap) -> Option<Duration> {
        headers.get_all(&self.name).iter().filter_map(|value| self.format.parse(value)).min()
    }

    /// Writes what is left of [`Deadline::current`], if there is one; a shorter time that is
    /// written there already stays.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Some(deadline) = Deadline::current() {
            self.write_remaining(headers, deadline.remaining());
        }
    }

    fn write_remaining(&self, headers: &mut HeaderMap, remaining: Duration) {
        let shorter = self.read(headers).is_some_and(|written| written <= remaining);
        if !shorter && let Some(value) = self.format.value(remaining) {
            headers.insert(&self.name, value);
        }
    }
}

impl Default for DeadlineHeader {
    fn default() -> Self {
        Self::envoy()
    }
}

/// The units of gRPC, finest first, in nanoseconds. (gRPC over HTTP/2, "Timeout".)
const UNITS: [(u8, u64); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];
const GRPC_DIGITS_MAX: usize = 8;
const GRPC_VALUE_MAX: u128 = 99_999_999;

impl Format {
    /// At least one unit, rounded down otherwise. To Envoy zero means that there is no limit.
    fn value(self, remaining: Duration) -> Option<HeaderValue> {
        match self {
            Format::Millis => {
                let millis = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
                Some(HeaderValue::from(millis.max(1)))
            }
            Format::Grpc => {
                let nanos = remaining.as_nanos().max(1);
                let fits = |unit: &&(u8, u64)| nanos / u128::from(unit.1) <= GRPC_VALUE_MAX;
                let (letter, unit) = UNITS.iter().find(fits).or(UNITS.last())?;
                let value = (nanos / u128::from(*unit)).min(GRPC_VALUE_MAX);
                HeaderValue::from_str(&alloc::format!("{value}{}", char::from(*letter))).ok()
            }
        }
    }

    fn parse(self, value: &HeaderValue) -> Option<Duration> {
        let value = value.as_bytes().trim_ascii();
        match self {
            Format::Millis => number(value).filter(|millis| *millis > 0).map(Duration::from_millis),
            Format::Grpc => {
                let (letter, digits) = value.split_last()?;
                let (_, unit) = UNITS.iter().find(|(known, _)| known == letter)?;
                if digits.len() > GRPC_DIGITS_MAX {
                    return None;
                }
                // Whole seconds and what is left of one: hours times nanoseconds overflow.
                let (value, unit) = (number(digits)?, Duration::from_nanos(*unit));
                u32::try_from(value).ok().and_then(|value| unit.checked_mul(value))
            }
        }
    }
}

/// Digits only; `str::parse` would take a sign.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    core::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests")]

    use super::*;
    use proptest::prelude::*;

    fn headers(header: &DeadlineHeader, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header.name(), HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn grpc_timeouts_are_read_as_the_protocol_says() {
        let table = [
            ("1n", Some(Duration::from_nanos(1))),
            ("50u", Some(Duration::from_micros(50))),
            ("100m", Some(Duration::from_millis(100))),
            ("3S", Some(Duration::from_secs(3))),
            ("2M", Some(Duration::from_secs(120))),
            ("1H", Some(Duration::from_secs(3_600))),
            ("0S", Some(Duration::ZERO)),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("100000000n", None),
            ("", None),
            ("m", None),
            ("100", None),
            ("100 m", None),
            ("-1m", None),
            ("+1m", None),
            ("1.5S", None),
            ("1s", None),
        ];
        for (value, expected) in table {
            let header = DeadlineHeader::grpc();
            assert_eq!(header.read(&headers(&header, &[value])), expected, "{value:?}");
        }
    }

    #[test]
    fn milliseconds_are_read_and_zero_is_no_limit() {
        let table = [
            ("250", Some(Duration::from_millis(250))),
            (" 250 ", Some(Duration::from_millis(250))),
            ("18446744073709551615", Some(Duration::from_millis(u64::MAX))),
            ("18446744073709551616", None),
            ("0", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("", None),
        ];
        for (value, expected) in table {
            let header = DeadlineHeader::envoy();
            assert_eq!(header.read(&headers(&header, &[value])), expected, "{value:?}");
        }
    }

    #[test]
    fn the_shortest_of_several_counts_and_is_never_made_longer() {
        let header = DeadlineHeader::envoy();
        let mut map = headers(&header, &["900", "junk", "300"]);
        assert_eq!(header.read(&map), Some(Duration::from_millis(300)));
        header.write_remaining(&mut map, Duration::from_millis(500));
        assert_eq!(header.read(&map), Some(Duration::from_millis(300)));
        header.write_remaining(&mut map, Duration::from_millis(200));
        assert_eq!(map.get_all(header.name()).iter().count(), 1);
        assert_eq!(header.read(&map), Some(Duration::from_millis(200)));
    }

    #[test]
    fn a_deadline_that_has_passed_is_not_written_as_none() {
        for header in [DeadlineHeader::envoy(), DeadlineHeader::grpc()] {
            let mut map = HeaderMap::new();
            header.write_remaining(&mut map, Duration::ZERO);
            assert!(header.read(&map).unwrap() <= Duration::from_millis(1), "{header:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_deadline_nothing_is_written() {
        let mut map = HeaderMap::new();
        DeadlineHeader::envoy().write(&mut map);
        assert!(map.is_empty());
        let deadline = Deadline::after(Duration::from_millis(250));
        deadline.scope(async { DeadlineHeader::envoy().write(&mut map) }).await;
        assert_eq!(map["x-envoy-expected-rq-timeout-ms"], "250");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_and_never_longer(seconds: u64, nanos in 0_u32..1_000_000_000) {
            let remaining = Duration::new(seconds, nanos);
            for header in [DeadlineHeader::envoy(), DeadlineHeader::grpc()] {
                let mut map = HeaderMap::new();
                header.write_remaining(&mut map, remaining);
                let read = header.read(&map).unwrap();
                prop_assert!(read <= remaining.max(Duration::from_millis(1)));
                // At most a hundred-millionth is lost, or a millisecond, unless there is no room.
                let most = Duration::from_secs(99_999_999 * 3_600);
                let lost = remaining.min(most).saturating_sub(read);
                let bound = Duration::from_millis(1).max(read / 1_600_000);
                prop_assert!(lost <= bound, "{:?} became {:?}", remaining, read);
            }
        }

        #[test]
        fn no_value_makes_it_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
            for header in [DeadlineHeader::envoy(), DeadlineHeader::grpc()] {
                let Ok(value) = HeaderValue::from_bytes(&value) else { continue };
                let mut map = HeaderMap::new();
                map.insert(header.name(), value);
                let read = header.read(&map);
                let digits = map[header.name()].as_bytes().iter().any(u8::is_ascii_digit);
                prop_assert!(read.is_none() || digits);
            }
        }
    }
}
