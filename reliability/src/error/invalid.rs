use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;

use super::{Class, Fault, Name};

/// A setting that makes no sense: what every builder answers instead of what it builds.
///
/// Builders check everything in `build()`, so that a policy which exists is a policy that works.
/// The message is for whoever reads the log of a service that did not start: it names what
/// was to be built and the setting, says what was expected and what came, and how to put it right.
///
/// It is [permanent](Class::Permanent): the same settings are refused every time.
///
/// # Examples
///
/// ```
/// use reliability::resilience::Invalid;
///
/// let invalid = Invalid::new("inventory", "failure_rate", "a share above 0 and at most 1", 50.0)
///     .with_advice("write `0.5` for 50 %");
/// assert_eq!(
///     invalid.to_string(),
///     "`inventory`: `failure_rate` must be a share above 0 and at most 1, \
///      but is 50; write `0.5` for 50 %",
/// );
/// assert_eq!(invalid.setting(), "failure_rate");
/// assert_eq!(invalid.expected(), "a share above 0 and at most 1");
/// assert_eq!(invalid.got(), "50");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Invalid {
    name: Name,
    setting: Cow<'static, str>,
    expected: Cow<'static, str>,
    got: String,
    advice: Option<Cow<'static, str>>,
}

impl Invalid {
    /// The refusal of one setting.
    ///
    /// `expected` goes on after "must be", and `got` is the value that came, as the user wrote it.
    pub fn new(
        name: impl Into<Name>,
        setting: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        got: impl fmt::Display,
    ) -> Self {
        Self {
            name: name.into(),
            setting: setting.into(),
            expected: expected.into(),
            got: got.to_string(),
            advice: None,
        }
    }

    /// Says how to put it right, where naming the expected range is not enough.
    ///
    /// Without it the message tells to give the setting such a value.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// What it is called that was to be built: the name of a policy or of a metric, or a word like
    /// `journal`.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The name of the setting: the builder's method.
    pub fn setting(&self) -> &str {
        &self.setting
    }

    /// What values the setting takes.
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The value that was refused.
    pub fn got(&self) -> &str {
        &self.got
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, setting, expected, got, advice } = self;
        write!(f, "`{name}`: `{setting}` must be {expected}, but is {got}; ")?;
        match advice {
            Some(advice) => f.write_str(advice),
            None => write!(f, "give `{setting}` such a value"),
        }
    }
}

impl Error for Invalid {}

impl Fault for Invalid {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn without_advice_the_message_still_says_what_to_do() {
        let invalid = Invalid::new("stock", "concurrent", "1 to 16777215", 0);
        assert_eq!(
            invalid.to_string(),
            "`stock`: `concurrent` must be 1 to 16777215, but is 0; \
             give `concurrent` such a value",
        );
    }

    #[test]
    fn a_wrong_setting_is_not_worth_another_try() {
        let invalid = Invalid::new("stock", "queue", "at most 65535", 70_000);
        assert_eq!(invalid.class(), Class::Permanent);
        assert!(!invalid.disposition().retried);
        assert_eq!(
            (&**invalid.name(), invalid.expected(), invalid.got()),
            ("stock", "at most 65535", "70000")
        );
    }
}
