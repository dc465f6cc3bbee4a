use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::time::Duration;

use crate::telemetry::Value;

/// One rule: which traces it is for, and the share of them that is kept.
///
/// It matches a trace if one of its spans in this process fulfils all of the conditions; without
/// conditions it matches every trace.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::Rule;
///
/// // Half of what this customer's payments do, whoever called.
/// let rule = Rule::named("acme")
///     .when_span("pay*")
///     .when_attribute("tenant", "acme")
///     .keep(0.5)
///     .keep_locally();
/// assert_eq!(rule.name(), "acme");
///
/// // What is the root of its part of the trace, and says which order it is about.
/// let orders = Rule::named("orders").when_root().when_attribute_is_there("order.id");
/// # let _ = orders;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub(crate) name: Cow<'static, str>,
    pub(crate) span: Option<Pattern>,
    pub(crate) only_root: bool,
    pub(crate) error: bool,
    pub(crate) slower_than: Option<Duration>,
    pub(crate) attributes: Vec<(Cow<'static, str>, Option<Value>)>,
    pub(crate) keep: f64,
    pub(crate) locally: bool,
}

/// The name of a span, or its beginning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    text: Cow<'static, str>,
}

impl Pattern {
    pub(crate) fn matches(&self, name: &[u8]) -> bool {
        match self.text.strip_suffix('*') {
            Some(begin) => name.starts_with(begin.as_bytes()),
            None => name == self.text.as_bytes(),
        }
    }
}

impl Rule {
    /// A rule of that name, which is what a kept trace says about why it was kept. It matches every
    /// trace and keeps all of them.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            span: None,
            only_root: false,
            error: false,
            slower_than: None,
            attributes: Vec::new(),
            keep: 1.0,
            locally: false,
        }
    }

    /// A span that ended in an error, or in which something was logged at level `ERROR`.
    #[must_use]
    pub const fn when_error(mut self) -> Self {
        self.error = true;
        self
    }

    /// A span that took longer.
    #[must_use]
    pub const fn when_slower_than(mut self, limit: Duration) -> Self {
        self.slower_than = Some(limit);
        self
    }

    /// A span with that attribute and value. Asked for several times, it needs all of them.
    #[must_use]
    pub fn when_attribute(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<Value>,
    ) -> Self {
        self.attributes.push((key.into(), Some(value.into())));
        self
    }

    /// A span with that attribute, whatever its value.
    #[must_use]
    pub fn when_attribute_is_there(mut self, key: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((key.into(), None));
        self
    }

    /// A span of that name; `order*` is for all whose name begins so.
    #[must_use]
    pub fn when_span(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.span = Some(Pattern { text: name.into() });
        self
    }

    /// The local root, and no other span.
    #[must_use]
    pub const fn when_root(mut self) -> Self {
        self.only_root = true;
        self
    }

    /// Keeps that share of what matches, from 0 to 1.
    #[must_use]
    pub const fn keep(mut self, share: f64) -> Self {
        self.keep = share;
        self
    }

    /// Keeps our part also of traces that the caller does not keep.
    #[must_use]
    pub const fn keep_locally(mut self) -> Self {
        self.locally = true;
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
