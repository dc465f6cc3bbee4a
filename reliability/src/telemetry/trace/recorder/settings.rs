use std::sync::OnceLock;

use super::Ring;
use super::buffer::{KEPT_BYTES, Limits};
use super::counts::RecorderCounts;
use crate::error::Invalid;
use crate::telemetry::trace::{Rules, Sampler};
use crate::time::Clock;

static RING: OnceLock<Ring> = OnceLock::new();

/// The recorder of the process, if it was started and is on.
#[inline]
pub(crate) fn recorder() -> Option<&'static Ring> {
    RING.get().filter(|ring| ring.switches.is_on())
}

/// Records the spans of this process, within a memory that does not grow. There is one; it is
/// started by [`RecorderBuilder::start`].
///
/// # Examples
///
/// ```standalone_crate
/// use reliability::telemetry::trace::{Recorder, Rule, Rules, Sampler};
///
/// let recorder = Recorder::builder()
///     .sampler(Sampler::ratio(0.01)?.parent_based())
///     .rules(Rules::new().rule(Rule::named("errors").when_error()))
///     .start()?;
/// // Later, while the service runs:
/// recorder.reload(Sampler::always_off(), Some(Rules::standard()))?;
/// assert_eq!(recorder.counts().kept, 0);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Recorder {
    ring: &'static Ring,
}

impl Recorder {
    /// Without rules: what the sampler keeps is recorded, and nothing else.
    pub fn builder() -> RecorderBuilder {
        RecorderBuilder {
            sampler: Sampler::default(),
            rules: None,
            concurrent: 1024,
            memory: 32 << 20,
            spans: 1000,
            clock: Clock::precise(),
        }
    }

    /// The recorder of the process, if it was started.
    pub fn running() -> Option<Self> {
        RING.get().map(|ring| Self { ring })
    }

    /// Puts other rules into force, for local roots that end from now on; all of them, or where
    /// they make no sense none.
    ///
    /// # Errors
    ///
    /// [`Invalid`] as [`Rules::check`] says. Then nothing has changed.
    pub fn reload(&self, sampler: Sampler, rules: Option<Rules>) -> Result<(), Invalid> {
        if let Some(rules) = &rules {
            rules.check()?;
        }
        self.ring.put_into_force(sampler, rules);
        Ok(())
    }

    /// Records nothing that begins from now on, until [`resume`](Recorder::resume).
    pub fn pause(&self) {
        self.ring.switches.switch(false);
    }

    /// Records again.
    pub fn resume(&self) {
        self.ring.switches.switch(true);
    }

    /// What it has done so far.
    pub fn counts(&self) -> RecorderCounts {
        self.ring.counts.snapshot()
    }

    /// How many bytes all that it records may take.
    pub fn memory(&self) -> usize {
        self.ring.memory
    }

    /// How many bytes of its memory are in use, those included that are kept for what comes next.
    pub fn memory_used(&self) -> usize {
        self.ring.memory.saturating_sub(self.ring.budget.left())
    }
}

/// Settings of a [`Recorder`]; made by [`Recorder::builder`].
///
/// # Examples
///
/// ```standalone_crate
/// use reliability::telemetry::trace::{Recorder, Rules, Sampler};
/// use reliability::time::Clock;
///
/// let recorder = Recorder::builder()
///     .sampler(Sampler::ratio(0.1)?.parent_based())
///     .rules(Rules::standard())
///     .concurrent(256)
///     .memory(8 << 20)
///     .spans(500)
///     .clock(Clock::coarse())
///     .start()?;
/// assert!(recorder.memory_used() <= recorder.memory());
///
/// recorder.pause();
/// recorder.resume();
/// // There is one recorder in a process.
/// assert!(Recorder::builder().start().is_err());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is recorded before `start`"]
pub struct RecorderBuilder {
    sampler: Sampler,
    rules: Option<Rules>,
    concurrent: u32,
    memory: usize,
    spans: usize,
    clock: Clock,
}

impl RecorderBuilder {
    /// The head decision. Where there are rules, it is what holds for traces that no rule matches.
    /// By default every trace is kept that its caller keeps, or that nobody called.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = sampler;
        self
    }

    /// Records every local root, and decides by these rules when it ends.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = Some(rules);
        self
    }

    /// How many local roots are recorded at a time, from 1 to 65536; 1024 by default. Of those
    /// beyond, only the root itself is judged.
    pub const fn concurrent(mut self, roots: u32) -> Self {
        self.concurrent = roots;
        self
    }

    /// How many bytes all that is recorded may take, 64 KiB or more; 32 MiB by default. One trace
    /// takes an eighth of it at most.
    pub const fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// How many spans of one local root are recorded, from 1 to 100000; 1000 by default.
    pub const fn spans(mut self, spans: usize) -> Self {
        self.spans = spans;
        self
    }

    /// The clock that spans are timed with; the precise one by default. A span reads it twice, which
    /// is the larger part of what it costs: `Clock::tsc` halves that.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the recorder of the process.
    ///
    /// # Errors
    ///
    /// [`Invalid`] where a setting is out of range, or a recorder was started already.
    pub fn start(self) -> Result<Recorder, Invalid> {
        let ring = self.ring()?;
        let again = || {
            Invalid::new("traces", "start", "called once in a process", "called again")
                .with_advice("use `Recorder::running()` and `reload`")
        };
        RING.set(ring).map_err(|_| again())?;
        RING.get().map(|ring| Recorder { ring }).ok_or_else(again)
    }

    /// A recorder of its own, with these settings.
    pub(super) fn ring(self) -> Result<Ring, Invalid> {
        let Self { sampler, rules, concurrent, memory, spans, clock } = self;
        let within = |setting: &'static str, expected: &'static str, fits: bool, got: usize| {
            if fits { Ok(()) } else { Err(Invalid::new("traces", setting, expected, got)) }
        };
        let roots = concurrent as usize;
        within("concurrent", "from 1 to 65536", (1..=65_536).contains(&roots), roots)?;
        within("memory", "64 KiB or more", memory >= 64 << 10, memory)?;
        within("spans", "from 1 to 100000", (1..=100_000).contains(&spans), spans)?;
        if let Some(rules) = &rules {
            rules.check()?;
        }
        let limits = Limits { spans, bytes: (memory / 8).max(KEPT_BYTES) };
        let ring = Ring::new(concurrent, memory, limits, clock);
        ring.put_into_force(sampler, rules);
        Ok(ring)
    }
}
