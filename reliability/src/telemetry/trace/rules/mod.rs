//! The tail decision: which traces are kept, once it is known how they ended.

#[cfg(feature = "config")]
mod file;
mod rule;
#[cfg(feature = "config")]
mod yaml;

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

#[cfg(feature = "config")]
pub use file::{RulesFile, RulesWatch};
pub(super) use rule::Pattern;
pub use rule::Rule;

use super::sampler::Threshold;
use crate::error::Invalid;

/// What is kept of the traces that are recorded, decided when their local root ends.
///
/// The first rule that matches decides, with its share; what no rule matches is kept by the default
/// share. Shares go by the trace id, as the head decision does, so that all processes of a trace
/// come to the same answer.
///
/// What the caller said comes first: a trace that it keeps is kept, and one that it does not keep is
/// thrown away unless a rule that [keeps locally](Rule::keep_locally) matches. A caller that records
/// by rules itself, and so does not know yet, says that in the header `tracestate`, and leaves us
/// free.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::telemetry::trace::{Rule, Rules};
///
/// let rules = Rules::new()
///     .rule(Rule::named("errors").when_error())
///     .rule(Rule::named("slow").when_slower_than(Duration::from_secs(1)))
///     .rule(Rule::named("probes").when_span("health*").keep(0.0))
///     .otherwise(0.01);
/// rules.check()?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    pub(super) rules: Vec<Rule>,
    pub(super) otherwise: Option<f64>,
    pub(super) judges_kept: bool,
}

const RULES_MAX: usize = 64;
const ATTRIBUTES_MAX: usize = 64;

impl Rules {
    /// No rule: what the head decision keeps.
    pub const fn new() -> Self {
        Self { rules: Vec::new(), otherwise: None, judges_kept: false }
    }

    /// All errors, all that is slower than a second, and 1 % of the rest.
    pub fn standard() -> Self {
        Self::new()
            .rule(Rule::named("errors").when_error())
            .rule(Rule::named("slow").when_slower_than(core::time::Duration::from_secs(1)))
            .otherwise(0.01)
    }

    /// One more rule, behind the others.
    #[must_use]
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The share that is kept where no rule matches, from 0 to 1; without it, what the sampler of
    /// the recorder keeps.
    #[must_use]
    pub const fn otherwise(mut self, share: f64) -> Self {
        self.otherwise = Some(share);
        self
    }

    /// Judges traces that the caller keeps like all others: for callers that keep everything.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::{Rule, Rules};
    ///
    /// // Probes are thrown away even where their caller wants them kept.
    /// let rules = Rules::new()
    ///     .rule(Rule::named("probes").when_span("health*").keep(0.0))
    ///     .judge_kept();
    /// assert!(rules.check().is_ok());
    /// ```
    #[must_use]
    pub const fn judge_kept(mut self) -> Self {
        self.judges_kept = true;
        self
    }

    /// The rules in their order.
    pub fn list(&self) -> &[Rule] {
        &self.rules
    }

    /// Whether they can be put into force.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for a share that is none, a rule without a name or with another's, a duration of
    /// zero, or more than 64 rules.
    pub fn check(&self) -> Result<(), Invalid> {
        let wrong = |setting: Cow<'static, str>, expected, got: String| {
            Err(Invalid::new("traces", setting, expected, got))
        };
        if self.rules.len() > RULES_MAX {
            return wrong("rules".into(), "at most 64 rules", self.rules.len().to_string());
        }
        if let Some(share) = self.otherwise.filter(|share| Threshold::keeping(*share).is_none()) {
            return wrong("otherwise".into(), "a share from 0 to 1", share.to_string());
        }
        for (at, rule) in self.rules.iter().enumerate() {
            let of = |setting: &str| Cow::Owned(alloc::format!("{}: {setting}", rule.name));
            if rule.name.is_empty() || self.rules[..at].iter().any(|other| other.name == rule.name)
            {
                let expected = "a name of its own for each rule";
                return wrong("rule".into(), expected, alloc::format!("`{}`", rule.name));
            }
            if Threshold::keeping(rule.keep).is_none() {
                return wrong(of("keep"), "a share from 0 to 1", rule.keep.to_string());
            }
            if rule.attributes.len() > ATTRIBUTES_MAX {
                let got = rule.attributes.len().to_string();
                return wrong(of("attributes"), "at most 64 attributes", got);
            }
            if rule.slower_than.is_some_and(|limit| limit.is_zero()) {
                return wrong(of("slower_than"), "longer than nothing", "0".into());
            }
        }
        Ok(())
    }

    /// Whether some rule keeps what the caller does not.
    pub(super) fn any_local(&self) -> bool {
        self.rules.iter().any(|rule| rule.locally)
    }
}

impl Default for Rules {
    /// As [`Rules::standard`].
    fn default() -> Self {
        Self::standard()
    }
}
