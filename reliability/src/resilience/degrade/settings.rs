use core::fmt;

use super::Measures;
use crate::error::Name;
use crate::error::recovery::Degradation;
use crate::resilience::Invalid;
use crate::resilience::policy::Layer;

/// What a policy does less of while a [`Degradation`] is raised.
///
/// | setting | from which level on | default |
/// |---|---|---|
/// | [`when`](Degrade::when): the switch, and the [`Measures`] that are taken | 1 | |
/// | [`severe`](Degrade::severe): other measures in their place | 2 | as at level 1 |
/// | [`answered`](Degrade::answered): somebody has an answer for calls that are kept out | | nobody but a `fallback` |
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::{Degradation, DegradationBuilder};
/// use reliability::resilience::concurrency_limit::Priority;
/// use reliability::resilience::degrade::{Degrade, Measures};
///
/// static SEARCH: Degradation = DegradationBuilder::declared("search").levels(2).declare();
///
/// let first = Measures::none().without_retries().shed_below(Priority::Normal);
/// let degrade = Degrade::when(&SEARCH, first).severe(first.shed_below(Priority::High));
/// ```
#[derive(Debug, Clone)]
#[must_use = "hand it to `Policy::builder(..).degrade(..)`"]
pub struct Degrade {
    pub(super) degradation: Degradation,
    pub(super) settings: Settings,
    pub(super) answered: bool,
}

impl Degrade {
    /// Takes these measures while that switch is raised.
    pub fn when(degradation: &Degradation, measures: Measures) -> Self {
        let settings = Settings { measures, severe: None };
        Self { degradation: degradation.clone(), settings, answered: false }
    }

    /// Takes these measures instead from level 2 on: what is done at level 1 as well is said again.
    pub fn severe(mut self, measures: Measures) -> Self {
        self.settings.severe = Some(measures);
        self
    }

    /// Says that calls which are kept out get an answer nevertheless, so that all of them may be.
    ///
    /// `degrade(answer = ..)` of the attribute says it. By hand the answer is the `fallback`'s, which
    /// sees [`Reason::Degraded`](crate::error::Reason::Degraded); a policy that names its `fallback`
    /// need not say it again.
    pub fn answered(mut self) -> Self {
        self.answered = true;
        self
    }
}

/// What of a [`Degrade`] can change while the policy works.
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::Degradation;
/// use reliability::resilience::Policy;
/// use reliability::resilience::degrade::{Degrade, Measures};
///
/// let search = Degradation::standard("search");
/// let degrade = Degrade::when(&search, Measures::none().shed(0.2));
/// let policy = Policy::builder("search").degrade(degrade).build()?;
///
/// policy.reconfigure(|settings| {
///     if let Some(degrade) = &mut settings.degrade {
///         degrade.measures.shed = 0.5;
///     }
/// })?;
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// What is done from level 1 on.
    pub measures: Measures,
    /// What is done instead from level 2 on, if that is something else.
    pub severe: Option<Measures>,
}

/// What the rest of the policy has, for measures to be about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around<'a> {
    pub(crate) policy: &'a Name,
    pub(crate) layers: &'a [Layer],
    pub(crate) levels: u8,
    pub(crate) answered: bool,
}

impl<'a> Around<'a> {
    pub(crate) fn new(policy: &'a Name, layers: &'a [Layer]) -> Self {
        Self { policy, layers, levels: 1, answered: false }
    }
}

impl Settings {
    pub(super) fn all(&self) -> impl Iterator<Item = &Measures> {
        [Some(&self.measures), self.severe.as_ref()].into_iter().flatten()
    }

    /// Refuses what makes no sense, and what the policy has nothing for.
    pub(crate) fn check(&self, around: &Around<'_>) -> Result<(), Invalid> {
        for measures in self.all() {
            measures.check(around)?;
        }
        let invalid =
            |setting, expected: &'static str, got: &dyn fmt::Display, advice: &'static str| {
                Err(Invalid::new(around.policy.clone(), setting, expected, got).with_advice(advice))
            };
        if !self.all().any(Measures::do_something) {
            return invalid(
                "degrade",
                "at least one measure",
                &"none",
                "say what is done less of, for example `Measures::none().shed(0.2)`",
            );
        }
        if self.severe.is_some() && around.levels < 2 {
            return invalid(
                "severe",
                "left out where the degradation has one level",
                &"measures for level 2",
                "make the degradation with `.levels(2)`, or it is never reached",
            );
        }
        Ok(())
    }
}
