use core::time::Duration;
use std::time::SystemTime;

use http::header::{DATE, HeaderMap, HeaderValue, RETRY_AFTER};

use crate::time::wall_clock;

/// The longest time that is read from a header, 136 years: who asks for more means never, and sums
/// of what is read do not overflow.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// When to come back, as `Retry-After` says it (RFC 9110, section 10.2.3): a number of seconds, or
/// a date in any of the three formats of section 5.6.7.
///
/// A date is compared with the `Date` of the same message, so that clocks that differ do no harm;
/// without one, with the clock of this machine. A date that has passed is zero. A value that is
/// neither is as good as none.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use http::{HeaderMap, HeaderValue};
/// use reliability::resilience::http::retry_after;
///
/// let mut headers = HeaderMap::new();
/// headers.insert("retry-after", HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"));
/// headers.insert("date", HeaderValue::from_static("Sun, 06 Nov 1994 08:49:30 GMT"));
/// assert_eq!(retry_after(&headers), Some(Duration::from_secs(7)));
/// ```
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let sent = || headers.get(DATE).and_then(|date| parse_date(date.to_str().ok()?));
    parse(value, || sent().unwrap_or_else(wall_clock))
}

/// Writes `Retry-After` in seconds, rounded up: who comes back a moment too early is refused again.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use http::HeaderMap;
/// use reliability::resilience::http::write_retry_after;
///
/// let mut headers = HeaderMap::new();
/// write_retry_after(&mut headers, Duration::from_millis(1_200));
/// assert_eq!(headers["retry-after"], "2");
/// ```
pub fn write_retry_after(headers: &mut HeaderMap, after: Duration) {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0 && after < LONGEST);
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds.min(LONGEST.as_secs())));
}

/// A value of `Retry-After`; `now` is asked only for a date.
fn parse(value: &str, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    let value = value.trim_matches([' ', '\t']);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // All digits, so the only thing that can be wrong is that there are too many of them.
        let asked = value.parse().map_or(LONGEST, Duration::from_secs);
        return Some(asked.min(LONGEST));
    }
    let date = parse_date(value)?;
    Some(date.duration_since(now()).unwrap_or_default().min(LONGEST))
}

fn parse_date(value: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(value).ok()
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    /// 1994-11-06 08:49:37, the example of RFC 9110.
    const EXAMPLE: u64 = 784_111_777;

    #[test]
    fn seconds_and_all_three_formats_of_dates_are_read() {
        let five = Some(Duration::from_secs(5));
        let table = [
            ("5", five),
            (" 5\t", five),
            ("0", Some(Duration::ZERO)),
            ("007", Some(Duration::from_secs(7))),
            ("99999999999999999999999999", Some(LONGEST)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", five),
            ("Sunday, 06-Nov-94 08:49:37 GMT", five),
            ("Sun Nov  6 08:49:37 1994", five),
            ("Sun, 06 Nov 1994 08:49:30 GMT", Some(Duration::ZERO)),
            ("", None),
            ("-5", None),
            ("+5", None),
            ("5.5", None),
            ("5s", None),
            ("0x5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
        ];
        for (value, expected) in table {
            assert_eq!(parse(value, || at(EXAMPLE - 5)), expected, "{value:?}");
        }
    }

    #[test]
    fn a_date_is_compared_with_the_senders_clock_where_it_tells() {
        let mut headers = HeaderMap::new();
        let date = |seconds| HeaderValue::try_from(httpdate::fmt_http_date(at(seconds))).unwrap();
        headers.insert(RETRY_AFTER, date(EXAMPLE));
        assert_eq!(retry_after(&headers), Some(Duration::ZERO), "long past by our own clock");
        headers.insert(DATE, date(EXAMPLE - 90));
        assert_eq!(retry_after(&headers), Some(Duration::from_secs(90)));
        headers.insert(DATE, HeaderValue::from_static("yesterday"));
        assert_eq!(retry_after(&headers), Some(Duration::ZERO));
    }

    #[test]
    fn what_is_no_text_is_no_time() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after(&headers), None);
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(b"\xff5").unwrap());
        assert_eq!(retry_after(&headers), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_rounded_up(nanos in 0_u64..=u64::MAX) {
            let after = Duration::from_nanos(nanos);
            let mut headers = HeaderMap::new();
            write_retry_after(&mut headers, after);
            let read = retry_after(&headers).unwrap();
            prop_assert!(read.subsec_nanos() == 0);
            if after < LONGEST {
                prop_assert!(read >= after && read - after < Duration::from_secs(1));
            } else {
                prop_assert_eq!(read, LONGEST);
            }
        }

        #[test]
        fn no_value_makes_it_panic(
            value in prop::collection::vec(any::<u8>(), 0..48),
            date in "[A-Za-z0-9,: -]{0,32}",
        ) {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.insert(RETRY_AFTER, value);
                let read = retry_after(&headers);
                prop_assert!(read.is_none_or(|read| read <= LONGEST));
            }
            let read = parse(&date, || at(0));
            prop_assert!(read.is_none_or(|read| read <= LONGEST));
        }

        #[test]
        fn every_date_is_read_back(seconds in 0_u64..253_402_300_800, before in 0_u64..1_000_000) {
            let date = httpdate::fmt_http_date(at(seconds));
            let read = parse(&date, || at(seconds.saturating_sub(before)));
            prop_assert_eq!(read, Some(Duration::from_secs(before.min(seconds))));
        }
    }
}
