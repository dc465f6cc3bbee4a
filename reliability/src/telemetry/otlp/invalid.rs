use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;

use crate::error::{Class, Fault};

/// A setting of the exporter that makes no sense: what [`OtlpBuilder::build`](super::OtlpBuilder::build)
/// answers instead of an exporter.
///
/// It never holds the value of a header. It is [permanent](Class::Permanent): the same settings are
/// refused every time.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::otlp::Otlp;
///
/// let refused = Otlp::builder().endpoint("localhost:4318").build().err();
/// assert_eq!(
///     refused.map(|invalid| invalid.to_string()).as_deref(),
///     Some(
///         "the exporter's `endpoint` must be an address with scheme and host, \
///          but is `localhost:4318`; write `http://localhost:4318`",
///     ),
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSetting {
    setting: Cow<'static, str>,
    expected: Cow<'static, str>,
    got: String,
    advice: Cow<'static, str>,
}

impl InvalidSetting {
    pub(super) fn new(
        setting: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        got: impl fmt::Display,
        advice: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            setting: setting.into(),
            expected: expected.into(),
            got: got.to_string(),
            advice: advice.into(),
        }
    }

    /// The name of the setting: the builder's method.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// What it must be, in words that go on after "must be".
    pub(super) fn expected(&self) -> &str {
        &self.expected
    }

    pub(super) fn advice(&self) -> &str {
        &self.advice
    }
}

impl fmt::Display for InvalidSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, expected, got, advice } = self;
        write!(f, "the exporter's `{setting}` must be {expected}, but is {got}; {advice}")
    }
}

impl Error for InvalidSetting {}

impl Fault for InvalidSetting {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
