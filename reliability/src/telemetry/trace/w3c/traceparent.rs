use alloc::string::String;
use core::fmt;

use crate::error::{Class, Fault};
use crate::telemetry::trace::current::Flags;
use crate::telemetry::trace::{Context, SpanId, TraceId};

/// `00-`, 32 digits, `-`, 16 digits, `-`, 2 digits.
const LENGTH: usize = 55;

/// A text that is no `traceparent`.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::Context;
///
/// let error = Context::from_traceparent("00-4bf92f35").unwrap_err();
/// println!("expected {}", error.expected());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidTraceparent {
    expected: &'static str,
}

impl InvalidTraceparent {
    /// What was expected, and did not come.
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for InvalidTraceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "no traceparent: expected {}, as in \
             `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`",
            self.expected
        )
    }
}

impl core::error::Error for InvalidTraceparent {}

impl Fault for InvalidTraceparent {
    fn class(&self) -> Class {
        Class::Permanent
    }
}

/// A version that is not known is read as far as version 00 goes: what is new stands behind it.
/// (W3C Trace Context level 2, section 4.1.)
pub(in crate::telemetry::trace) fn parse(text: &str) -> Result<Context, InvalidTraceparent> {
    let wrong = |expected| Err(InvalidTraceparent { expected });
    let bytes = text.as_bytes();
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    if !text.is_ascii() || bytes.len() < LENGTH || !dash(2) || !dash(35) || !dash(52) {
        return wrong("four fields with dashes between them");
    }
    let Some(version) = byte(&text[..2]).filter(|version| *version != 0xff) else {
        return wrong("a version of two digits that is not ff");
    };
    if bytes.len() > LENGTH && (version == 0 || !dash(LENGTH)) {
        return wrong("nothing behind the flags");
    }
    let Ok(trace_id) = text[3..35].parse::<TraceId>() else {
        return wrong("a trace id of 32 lower-case hexadecimal digits, not all of them 0");
    };
    let Ok(span_id) = text[36..52].parse::<SpanId>() else {
        return wrong("a span id of 16 lower-case hexadecimal digits, not all of them 0");
    };
    let Some(flags) = byte(&text[53..55]).map(Flags::from_the_wire) else {
        return wrong("flags of two lower-case hexadecimal digits");
    };
    Ok(Context::received(trace_id, span_id, flags))
}

fn byte(digits: &str) -> Option<u8> {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !digits.bytes().all(lower_hex) {
        return None;
    }
    u8::from_str_radix(digits, 16).ok()
}

pub(in crate::telemetry::trace) fn format(
    trace_id: TraceId,
    span_id: SpanId,
    flags: Flags,
) -> String {
    alloc::format!("00-{trace_id}-{span_id}-{:02x}", flags.on_the_wire())
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use proptest::prelude::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    #[test]
    fn a_traceparent_is_read_as_the_recommendation_says() {
        let zeros = "0".repeat(32);
        // Version, trace id, span id, flags and what follows; whether it is one.
        let table = [
            ("00", TRACE, SPAN, "01", "", true),
            ("00", TRACE, SPAN, "00", "", true),
            ("00", TRACE, SPAN, "ff", "", true),
            ("cc", TRACE, SPAN, "01", "", true),
            ("cc", TRACE, SPAN, "01", "-what-the-future-brings", true),
            ("cc", TRACE, SPAN, "01", ".what-the-future-brings", false),
            ("00", TRACE, SPAN, "01", "-", false),
            ("00", TRACE, SPAN, "01", "-xx", false),
            ("ff", TRACE, SPAN, "01", "", false),
            ("0", TRACE, SPAN, "011", "", false),
            ("0G", TRACE, SPAN, "01", "", false),
            ("+0", TRACE, SPAN, "01", "", false),
            ("00", zeros.as_str(), SPAN, "01", "", false),
            ("00", &TRACE[1..], SPAN, "01", "0", false),
            ("00", &TRACE.to_uppercase(), SPAN, "01", "", false),
            ("00", TRACE, &zeros[..16], "01", "", false),
            ("00", TRACE, &SPAN.to_uppercase(), "01", "", false),
            ("00", TRACE, SPAN, "0", "", false),
            ("00", TRACE, SPAN, "+1", "", false),
            ("00", TRACE, SPAN, "", "", false),
        ];
        for (version, trace, span, flags, rest, is_one) in table {
            let text = alloc::format!("{version}-{trace}-{span}-{flags}{rest}");
            let read = Context::from_traceparent(&text);
            assert_eq!(read.is_ok(), is_one, "{text}: {read:?}");
            if let Ok(context) = read {
                assert_eq!(context.trace_id().map(|id| id.to_string()).as_deref(), Some(TRACE));
                assert!(context.is_remote());
            }
        }
    }

    #[test]
    fn unknown_flags_are_not_passed_on() {
        let context = Context::from_traceparent(&alloc::format!("00-{TRACE}-{SPAN}-ff"));
        let written = context.ok().and_then(|context| context.traceparent());
        assert_eq!(written, Some(alloc::format!("00-{TRACE}-{SPAN}-03")));
    }

    #[test]
    fn a_message_shows_how_one_looks() {
        let told = Context::from_traceparent("1-2").map_err(|error| error.to_string());
        let expected = "no traceparent: expected four fields with dashes between them, as in \
                        `00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01`";
        assert_eq!(told, Err(expected.into()));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let (trace, span) = (TraceId::new(trace), SpanId::new(span));
            let context = Context::new(trace.expect("not 0"), span.expect("not 0"), sampled);
            let written = context.traceparent().unwrap_or_default();
            prop_assert_eq!(Context::from_traceparent(&written), Ok(context));
        }

        #[test]
        fn whatever_comes_is_refused_or_read_as_it_is(text in "\\PC{0,80}") {
            let read = Context::from_traceparent(&text);
            let known = |context: &Context| {
                let written = context.traceparent().unwrap_or_default();
                text[2..53] == written[2..53]
            };
            prop_assert!(read.as_ref().map_or(true, known), "{:?}", read);
        }

        #[test]
        fn one_wrong_byte_makes_no_panic(at in 0_usize..55, byte: u8) {
            let mut bytes = alloc::format!("00-{TRACE}-{SPAN}-01").into_bytes();
            bytes[at] = byte;
            if let Ok(text) = core::str::from_utf8(&bytes) {
                let read = Context::from_traceparent(text);
                let hex = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                let dash = matches!(at, 2 | 35 | 52);
                prop_assert_eq!(read.is_ok(), if dash { byte == b'-' } else { hex });
            }
        }
    }
}
