use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;

use crate::error::{Class, Fault};

/// Where settings come from that are written outside of the program: the variables of its
/// environment, or what a test says instead.
#[derive(Clone, Copy)]
pub(crate) struct Variables<'a>(&'a dyn Fn(&str) -> Option<String>);

#[cfg_attr(not(feature = "otlp"), allow(dead_code, reason = "who asks for most is an exporter"))]
impl<'a> Variables<'a> {
    pub(crate) fn new(look_up: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(look_up)
    }

    /// Its value; an empty one is as good as none, as OpenTelemetry has it.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).map(|value| value.trim().to_string()).filter(|value| !value.is_empty())
    }

    /// Whether the environment wants no telemetry at all: `OTEL_SDK_DISABLED`.
    pub(crate) fn disabled(&self) -> Result<bool, InvalidVariable> {
        let disabled = self.read("OTEL_SDK_DISABLED", "`true` or `false`", |text| {
            text.to_ascii_lowercase().parse().ok()
        })?;
        Ok(disabled.unwrap_or(false))
    }

    /// Its value, read by `read`; what `read` refuses is an error that says what was expected.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, InvalidVariable> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => match read(&value) {
                Some(read) => Ok(Some(read)),
                None => Err(InvalidVariable::new(name, expected, value)),
            },
        }
    }
}

impl Variables<'static> {
    /// Those of this process. One that is no UTF-8 is as good as none.
    pub(crate) fn of_process() -> Self {
        Self(&|name| std::env::var(name).ok())
    }
}

impl fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}

/// A variable of the environment whose value makes no sense.
///
/// It is [permanent](Class::Permanent): the same value is refused every time.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::InvalidVariable;
///
/// let invalid = InvalidVariable::new("OTEL_BSP_MAX_QUEUE_SIZE", "a number above 0", "many");
/// assert_eq!(
///     invalid.to_string(),
///     "the variable OTEL_BSP_MAX_QUEUE_SIZE must be a number above 0, but is `many`; \
///      give it such a value, or unset it",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidVariable {
    name: Cow<'static, str>,
    expected: Cow<'static, str>,
    got: String,
}

impl InvalidVariable {
    /// The refusal of one value. `expected` goes on after "must be"; `got` must hold no secret.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
        got: impl Into<String>,
    ) -> Self {
        Self { name: name.into(), expected: expected.into(), got: got.into() }
    }

    /// The name of the variable.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for InvalidVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, got } = self;
        write!(
            f,
            "the variable {name} must be {expected}, but is `{got}`; give it such a value, or unset it"
        )
    }
}

impl Error for InvalidVariable {}

impl Fault for InvalidVariable {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
