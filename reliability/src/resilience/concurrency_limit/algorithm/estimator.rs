use super::{Aimd, Gradient2, Sample, Vegas, gradient2, vegas};

/// How the limit is found.
///
/// | algorithm | goes by | finds its limit | for |
/// |---|---|---|---|
/// | [`Gradient2`] | latency against that of the last minutes | from below, with a margin | most services; the default |
/// | [`Vegas`] | latency against that without load | from below, within a few calls | calls of even cost, many of them |
/// | [`Aimd`] | dropped calls | by going beyond it | where latency says nothing |
///
/// # Examples
///
/// ```
/// use reliability::resilience::concurrency_limit::{Aimd, Algorithm, ConcurrencyLimit};
///
/// assert_eq!(Algorithm::default().as_str(), "gradient2");
///
/// let limit = ConcurrencyLimit::builder("inventory").algorithm(Aimd::standard()).build()?;
/// assert!(matches!(limit.settings().algorithm, Algorithm::Aimd(_)));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Algorithm {
    /// See [`Aimd`].
    Aimd(Aimd),
    /// See [`Vegas`].
    Vegas(Vegas),
    /// See [`Gradient2`].
    Gradient2(Gradient2),
}

impl Algorithm {
    /// The name in snake case, as it stands in metrics and logs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Algorithm::Aimd(_) => "aimd",
            Algorithm::Vegas(_) => "vegas",
            Algorithm::Gradient2(_) => "gradient2",
        }
    }
}

impl Default for Algorithm {
    fn default() -> Self {
        Algorithm::Gradient2(Gradient2::standard())
    }
}

impl From<Aimd> for Algorithm {
    fn from(aimd: Aimd) -> Self {
        Algorithm::Aimd(aimd)
    }
}

impl From<Vegas> for Algorithm {
    fn from(vegas: Vegas) -> Self {
        Algorithm::Vegas(vegas)
    }
}

impl From<Gradient2> for Algorithm {
    fn from(gradient2: Gradient2) -> Self {
        Algorithm::Gradient2(gradient2)
    }
}

/// The pure core: an algorithm, its memory, and the limit that it has come to.
///
/// It reads no clock and rolls no dice: the same samples and numbers lead to the same limits. A
/// [`ConcurrencyLimit`](super::super::ConcurrencyLimit) drives one; for simulations and replays it
/// can be stepped by hand.
///
/// # Guarantees
///
/// Whatever the samples: the limit is within `min` and `max`, and a window with dropped calls never
/// raises it, and lowers it by at least one within five such windows, until it is `min`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::concurrency_limit::{Aimd, Estimator, Sample};
///
/// let mut estimator = Estimator::new(Aimd::standard(), 1, 200, 20);
/// let window = Sample::new(Duration::from_millis(20), 20);
/// assert_eq!(estimator.step(&window, 0), 21);
/// assert_eq!(estimator.step(&window.dropped(), 0), 18);
///
/// // A ceiling that is lower than what it had come to.
/// estimator.reconfigure(Aimd::standard(), 1, 10);
/// assert_eq!(estimator.limit(), 10);
/// ```
#[derive(Debug, Clone)]
pub struct Estimator {
    algorithm: Algorithm,
    bounds: Bounds,
    limit: f64,
    memory: Memory,
}

#[derive(Debug, Clone, Copy)]
enum Memory {
    Nothing,
    Vegas(vegas::Memory),
    Gradient2(gradient2::Memory),
}

/// What the limit stays within.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    min: f64,
    max: f64,
}

impl Bounds {
    fn new(min: u32, max: u32) -> Self {
        let min = min.max(1);
        Self { min: min.into(), max: max.max(min).into() }
    }

    pub(super) fn clamp(self, limit: f64) -> f64 {
        limit.clamp(self.min, self.max)
    }
}

impl Estimator {
    /// Begins at `initial`, which is brought within `min` and `max`; `min` is at least 1, and `max`
    /// at least `min`.
    pub fn new(algorithm: impl Into<Algorithm>, min: u32, max: u32, initial: u32) -> Self {
        let algorithm = algorithm.into();
        let bounds = Bounds::new(min, max);
        let limit = bounds.clamp(initial.into());
        Self { algorithm, bounds, limit, memory: Memory::of(&algorithm) }
    }

    /// Takes in a window of calls, and answers the limit for the next one.
    ///
    /// `random` is used by [`Vegas`] alone, to spread its probes.
    pub fn step(&mut self, sample: &Sample, random: u64) -> u32 {
        let (limit, bounds) = (self.limit, self.bounds);
        let next = match (&self.algorithm, &mut self.memory) {
            (Algorithm::Aimd(aimd), _) => aimd.step(limit, sample),
            (Algorithm::Vegas(vegas), Memory::Vegas(memory)) => {
                vegas.step(memory, bounds, limit, sample, random)
            }
            (Algorithm::Gradient2(gradient2), Memory::Gradient2(memory)) => {
                gradient2.step(memory, limit, sample)
            }
            (algorithm, memory) => {
                *memory = Memory::of(algorithm);
                limit
            }
        };
        // A figure from outside that is not a number must not become the limit.
        self.limit = if next.is_finite() { bounds.clamp(next) } else { limit };
        self.limit()
    }

    /// The limit, in whole calls.
    pub fn limit(&self) -> u32 {
        self.limit as u32
    }

    /// Goes on with other settings: from the limit that it has come to, and with what it knows of
    /// latencies, unless the algorithm is another one.
    pub fn reconfigure(&mut self, algorithm: impl Into<Algorithm>, min: u32, max: u32) {
        let algorithm = algorithm.into();
        if core::mem::discriminant(&algorithm) != core::mem::discriminant(&self.algorithm) {
            self.memory = Memory::of(&algorithm);
        }
        self.algorithm = algorithm;
        self.bounds = Bounds::new(min, max);
        self.limit = self.bounds.clamp(self.limit);
    }
}

impl Memory {
    fn of(algorithm: &Algorithm) -> Self {
        match algorithm {
            Algorithm::Aimd(_) => Memory::Nothing,
            Algorithm::Vegas(_) => Memory::Vegas(vegas::Memory::default()),
            Algorithm::Gradient2(_) => Memory::Gradient2(gradient2::Memory::default()),
        }
    }
}
