use alloc::vec::Vec;
use core::fmt;
use std::sync::{OnceLock, PoisonError, RwLock};

#[cfg(doc)]
use super::Slo;
use super::live::Live;
use super::tally::{Sums, Tally};
use crate::error::Name;
use crate::resilience::registry::Site;
use crate::sre::promise::definition::OBJECTIVES_MAX;
use crate::sre::{Definition, Indicator, Timeline};
use crate::sync::Mutex;

/// What a [`Slo`] refers to: its definition and what was counted. Lives in a `static`.
///
/// To be found by [`all`](crate::sre::all) before it is used, a static core is submitted to the inventory;
/// see [`Registered`](crate::sre::Registered).
///
/// # Examples
///
/// ```
/// use reliability::sre::{Core, Definition, Objective, Slo, Target, Window};
///
/// static CORE: Core = Core::new(
///     Definition::new("search", Window::days(28))
///         .objective(Objective::availability(Target::percent("99.5"))),
/// );
/// static SEARCH: Slo = Slo::from_core(&CORE);
///
/// SEARCH.record(true);
/// assert_eq!(CORE.definition().objectives().len(), 1);
/// ```
pub struct Core {
    pub(super) definition: Definition,
    pub(super) site: Option<Site>,
    pub(super) tally: Tally,
    pub(super) concerns: Concerns,
    pub(super) live: OnceLock<Mutex<Live>>,
    /// The degradations that are raised while the budget burns, by name.
    raises: RwLock<Vec<Name>>,
}

/// Which objectives an event concerns: a bit for each.
pub(super) struct Concerns {
    pub(super) good: u8,
    pub(super) bad: u8,
    pub(super) latency: u8,
    pub(super) correctness: u8,
    pub(super) threshold_nanos: [u64; OBJECTIVES_MAX],
}

impl Core {
    /// A core at zero.
    ///
    /// # Panics
    ///
    /// When the definition makes no sense; in a `static` that is an error of the compiler.
    #[cfg(not(reliability_loom))]
    pub const fn new(definition: Definition) -> Self {
        definition.assert_valid();
        Self::unchecked(definition, None)
    }

    /// The same, for who knows where it is declared.
    #[cfg(not(reliability_loom))]
    #[doc(hidden)]
    pub const fn declared(definition: Definition, site: Site) -> Self {
        definition.assert_valid();
        Self::unchecked(definition, Some(site))
    }

    #[cfg(not(reliability_loom))]
    pub(super) const fn unchecked(definition: Definition, site: Option<Site>) -> Self {
        Self::counting(definition, site, Tally::new())
    }

    #[cfg(reliability_loom)]
    pub(super) fn unchecked(definition: Definition, site: Option<Site>) -> Self {
        Self::counting(definition, site, Tally::new())
    }

    const fn counting(definition: Definition, site: Option<Site>, tally: Tally) -> Self {
        let concerns = Concerns::of(&definition);
        Self {
            definition,
            site,
            tally,
            concerns,
            live: OnceLock::new(),
            raises: RwLock::new(Vec::new()),
        }
    }
}

impl Concerns {
    const fn of(definition: &Definition) -> Self {
        let objectives = definition.objectives();
        let mut concerns = Self {
            good: 0,
            bad: 0,
            latency: 0,
            correctness: 0,
            threshold_nanos: [0; OBJECTIVES_MAX],
        };
        let mut at = 0;
        while at < objectives.len() && at < OBJECTIVES_MAX {
            let bit = 1 << at;
            match objectives[at].indicator {
                Indicator::Availability | Indicator::ErrorRate => {
                    concerns.good |= bit;
                    concerns.bad |= bit;
                }
                // What failed is no throughput, and slices are judged by who evaluates.
                Indicator::Throughput { .. } => concerns.good |= bit,
                Indicator::Latency { threshold } => {
                    concerns.latency |= bit;
                    concerns.threshold_nanos[at] = threshold.as_nanos() as u64;
                }
                Indicator::Correctness => concerns.correctness |= bit,
            }
            at += 1;
        }
        concerns
    }
}

impl Core {
    /// Takes note of a degradation that is raised while the budget burns.
    pub(in crate::sre) fn note_raised(&self, name: &Name) {
        let mut raises = self.raises.write().unwrap_or_else(PoisonError::into_inner);
        if !raises.contains(name) {
            raises.push(name.clone());
        }
    }

    pub(super) fn raises(&self, name: &Name) -> bool {
        self.raises.read().unwrap_or_else(PoisonError::into_inner).contains(name)
    }

    /// What is promised.
    pub fn definition(&self) -> &Definition {
        &self.definition
    }

    /// What is behind the lock, from the first reading on.
    pub(in crate::sre) fn live(&self) -> &Mutex<Live> {
        self.live.get_or_init(|| Mutex::new(Live::new(&self.definition, Timeline::system())))
    }

    /// What the counters say.
    pub(in crate::sre) fn sums(&self) -> Sums {
        self.tally.sums()
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums = self.tally.sums();
        let counts = self.definition.objectives().iter().zip(sums.objectives);
        let mut shown = f.debug_struct("Slo");
        shown.field("definition", &format_args!("{}", self.definition));
        for (objective, counts) in counts {
            shown.field(&objective.name, &format_args!("{} good, {} bad", counts.good, counts.bad));
        }
        shown.finish()
    }
}
