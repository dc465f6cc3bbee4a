use core::fmt;
use core::num::{NonZeroU64, NonZeroU128};
use core::str::FromStr;

/// Names a trace in all processes that it goes through: 16 bytes that are not all zero.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::TraceId;
///
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// assert_eq!(id.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
/// assert_eq!(TraceId::new(id.get()), Some(id));
/// assert_eq!(TraceId::from_bytes(id.to_bytes()), Some(id));
/// # Ok::<(), reliability::telemetry::trace::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

/// Names a span in its trace: 8 bytes that are not all zero.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::SpanId;
///
/// let id: SpanId = "00f067aa0ba902b7".parse()?;
/// assert_eq!(id.to_bytes(), [0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]);
/// assert_eq!(SpanId::new(id.get()), Some(id));
/// assert_eq!(SpanId::from_bytes([0; 8]), None);
/// # Ok::<(), reliability::telemetry::trace::InvalidId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

macro_rules! id {
    ($name:ident, $number:ty, $nonzero:ty, $bytes:literal, $digits:literal) => {
        impl $name {
            #[doc = concat!("The id that the number is; `None` for zero.")]
            pub const fn new(number: $number) -> Option<Self> {
                match <$nonzero>::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The id as a number.
            pub const fn get(self) -> $number {
                self.0.get()
            }

            /// The id as it goes over the wire.
            pub const fn to_bytes(self) -> [u8; $bytes] {
                self.0.get().to_be_bytes()
            }

            /// The id that these bytes are; `None` if all are zero.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Option<Self> {
                Self::new(<$number>::from_be_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{:0", $digits, "x}"), self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                if text.len() != $digits || !text.bytes().all(lower_hex) {
                    return Err(InvalidId { digits: $digits });
                }
                <$number>::from_str_radix(text, 16)
                    .ok()
                    .and_then(Self::new)
                    .ok_or(InvalidId { digits: $digits })
            }
        }
    };
}

id!(TraceId, u128, NonZeroU128, 16, 32);
id!(SpanId, u64, NonZeroU64, 8, 16);

/// A text that is no id of a trace or span.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::TraceId;
///
/// let error = "the one of yesterday".parse::<TraceId>().unwrap_err();
/// println!("{error}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidId {
    digits: usize,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} digits from 0 to 9 and a to f, not all of them 0", self.digits)
    }
}

impl core::error::Error for InvalidId {}

#[cfg(test)]
mod tests {
    use super::{SpanId, TraceId};

    #[test]
    fn what_is_no_id_is_refused() {
        for text in
            ["", "0", "00f067aa0ba902b", "00F067AA0BA902B7", "+0f067aa0ba902b7", "0000000000000000"]
        {
            assert!(text.parse::<SpanId>().is_err(), "{text:?}");
        }
        let told = "xyz".parse::<TraceId>().map_err(|error| error.to_string());
        assert_eq!(
            told,
            Err("expected 32 digits from 0 to 9 and a to f, not all of them 0".into())
        );
        assert_eq!(TraceId::from_bytes([0; 16]), None);
        let id = TraceId::new(7).map(TraceId::to_bytes).and_then(TraceId::from_bytes);
        assert_eq!(id, TraceId::new(7));
    }
}
