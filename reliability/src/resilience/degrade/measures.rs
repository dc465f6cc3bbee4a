use core::fmt;

use super::settings::Around;
use crate::resilience::Invalid;
use crate::resilience::concurrency_limit::Priority;
use crate::resilience::policy::Layer;

/// What is done less of. Each is asked for by itself: there is nothing that all services can do without.
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::Priority;
/// use reliability::resilience::degrade::Measures;
///
/// const LESS: Measures =
///     Measures::none().without_retries().without_hedges().shed_below(Priority::Normal);
/// assert!(!LESS.retry);
/// assert_eq!(LESS.shed, 1.0);
///
/// // Half of the places stay free, and no call waits for one.
/// let fewer = Measures::none().concurrency(0.5);
/// assert_eq!((fewer.concurrency, fewer.retry), (0.5, true));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Measures {
    /// Whether failed attempts are followed by others.
    pub retry: bool,
    /// Whether late requests are sent again.
    pub hedge: bool,
    /// What part of the policy's `concurrency_limit` and `bulkhead` may be filled, and nobody waits for
    /// more: above 0, at most 1, which is all of it.
    pub concurrency: f64,
    /// What share of calls is kept out: 0 to 1.
    pub shed: f64,
    /// Only calls below this priority are kept out; without it, calls of all priorities.
    pub shed_below: Option<Priority>,
}

impl Measures {
    /// Nothing is done less of.
    pub const fn none() -> Self {
        Self { retry: true, hedge: true, concurrency: 1.0, shed: 0.0, shed_below: None }
    }

    /// A failed attempt is the last.
    pub const fn without_retries(mut self) -> Self {
        self.retry = false;
        self
    }

    /// No request is sent twice.
    pub const fn without_hedges(mut self) -> Self {
        self.hedge = false;
        self
    }

    /// Only that part of the `concurrency_limit` and of the `bulkhead` may be filled.
    pub const fn concurrency(mut self, share: f64) -> Self {
        self.concurrency = share;
        self
    }

    /// Keeps that share of calls out: of all, or of those that [`shed_below`](Self::shed_below) says.
    pub const fn shed(mut self, share: f64) -> Self {
        self.shed = share;
        self
    }

    /// Keeps calls below that priority out: all of them, unless [`shed`](Self::shed) says a share.
    ///
    /// What a call's priority is it says by
    /// [`Call::with_priority`](crate::resilience::Call::with_priority); critical if it does not.
    pub const fn shed_below(mut self, priority: Priority) -> Self {
        if self.shed == 0.0 {
            self.shed = 1.0;
        }
        self.shed_below = Some(priority);
        self
    }

    pub(super) fn do_something(&self) -> bool {
        !self.retry || !self.hedge || self.concurrency < 1.0 || self.shed > 0.0
    }

    pub(super) fn check(&self, around: &Around<'_>) -> Result<(), Invalid> {
        let invalid =
            |setting, expected: &'static str, got: &dyn fmt::Display, advice: &'static str| {
                Err(Invalid::new(around.policy.clone(), setting, expected, got).with_advice(advice))
            };
        let has = |layer| around.layers.contains(&layer);
        if !(self.concurrency > 0.0 && self.concurrency <= 1.0) {
            let advice = "to keep all calls out, shed them, and give the policy a fallback";
            return invalid("concurrency", "above 0, at most 1", &self.concurrency, advice);
        }
        if !(0.0..=1.0).contains(&self.shed) {
            return invalid("shed", "a share from 0 to 1", &self.shed, "write `0.05` for 5 %");
        }
        let answered = around.answered || has(Layer::Fallback);
        if self.shed >= 1.0 && self.shed_below.is_none() && !answered {
            return invalid(
                "shed",
                "below 1 where all calls are meant and nobody answers them",
                &self.shed,
                "with all calls refused nothing shows that it could be otherwise; shed fewer, say \
                 `shed_below`, or give the policy a fallback",
            );
        }
        if self.shed_below == Some(Priority::Low) {
            let (expected, advice) = ("critical, high or normal", "no priority is below low");
            return invalid("shed_below", expected, &"low", advice);
        }
        if self.shed_below.is_some() && self.shed == 0.0 {
            let advice = "say what share of those calls is kept out, or leave `shed_below` out";
            return invalid("shed", "above 0 with `shed_below`", &self.shed, advice);
        }
        let nothing = "there is nothing to do less of; add the layer, or leave the measure out";
        if !self.retry && !has(Layer::Retry) {
            return invalid("retry", "on in a policy without `retry`", &"off", nothing);
        }
        if !self.hedge && !has(Layer::Hedge) {
            return invalid("hedge", "on in a policy without `hedge`", &"off", nothing);
        }
        if self.concurrency < 1.0 && !has(Layer::ConcurrencyLimit) && !has(Layer::Bulkhead) {
            let expected = "1 in a policy without `concurrency_limit` and `bulkhead`";
            return invalid("concurrency", expected, &self.concurrency, nothing);
        }
        Ok(())
    }
}

impl Default for Measures {
    fn default() -> Self {
        Self::none()
    }
}
