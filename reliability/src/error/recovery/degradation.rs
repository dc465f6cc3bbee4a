use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::events;
use super::level::{Level, Word};
use crate::error::{Invalid, Name};
use crate::time::{Clock, Instant};

/// A switch that says how much less to do for a while: off by itself, or when things go well again.
///
/// A handle: clones are the same switch. While nothing is degraded, asking is one relaxed load.
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::Degradation;
///
/// let search = Degradation::standard("search");
/// let page = |wanted: usize| if search.is_degraded() { wanted.min(10) } else { wanted };
/// assert_eq!(page(100), 100);
///
/// search.raise();
/// assert_eq!(page(100), 10);
///
/// // Ten calls in a row go well.
/// (0..10).for_each(|_| search.went_well());
/// assert_eq!(page(100), 100);
/// ```
#[derive(Clone)]
pub struct Degradation(Arc<Shared>);

struct Shared {
    name: Name,
    level: Level,
    levels: u8,
    lasts: Duration,
    lift_after: u16,
    clock: Clock,
    origin: Instant,
}

impl Degradation {
    /// A switch with the defaults: one level, for 30 s, lifted by 10 calls in a row that go well.
    pub fn standard(name: impl Into<Name>) -> Self {
        DegradationBuilder::new(name.into()).build_unchecked()
    }

    /// Begins with the defaults, each of which can be changed.
    pub fn builder(name: impl Into<Name>) -> DegradationBuilder {
        DegradationBuilder::new(name.into())
    }

    /// How far things are degraded: 0 is normal, the most is what
    /// [`levels`](DegradationBuilder::levels) says.
    #[inline]
    pub fn level(&self) -> u8 {
        let word = self.0.level.load();
        if word == Word::NORMAL { 0 } else { self.level_of(word) }
    }

    /// Whether things are degraded at all.
    #[inline]
    pub fn is_degraded(&self) -> bool {
        self.level() > 0
    }

    /// One level up, for the whole time from now on.
    ///
    /// Calls that went well so far do not count any more. Returns the level.
    pub fn raise(&self) -> u8 {
        self.raise_with(|level| level.saturating_add(1))
    }

    /// Up to that level, or the highest there is; never down. Returns the level.
    pub fn raise_to(&self, level: u8) -> u8 {
        self.raise_with(|_| level)
    }

    /// Normal, at once.
    pub fn lift(&self) {
        let (before, _) = self.0.level.change(|_| Word::NORMAL);
        if before != Word::NORMAL {
            events::restored(&self.0.name, "lifted");
        }
    }

    /// A call went well. While nothing is degraded this is one relaxed load.
    #[inline]
    pub fn went_well(&self) {
        if self.0.level.load() != Word::NORMAL {
            self.count_well();
        }
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.0.name
    }

    #[cold]
    fn level_of(&self, word: Word) -> u8 {
        let now_ms = self.now_ms();
        if !word.is_over(now_ms) {
            return word.level();
        }
        let over = |word: Word| if word.is_over(now_ms) { Word::NORMAL } else { word };
        let (before, after) = self.0.level.change(over);
        if before != Word::NORMAL && after == Word::NORMAL {
            events::restored(&self.0.name, "its time is over");
        }
        after.level()
    }

    #[cold]
    fn count_well(&self) {
        let enough = self.0.lift_after;
        let well = |word: Word| if word == Word::NORMAL { word } else { word.went_well(enough) };
        let (before, after) = self.0.level.change(well);
        if before != Word::NORMAL && after == Word::NORMAL {
            events::restored(&self.0.name, "calls go well");
        }
    }

    fn raise_with(&self, to: impl Fn(u8) -> u8) -> u8 {
        let now_ms = self.now_ms();
        // Never shorter than asked for.
        let until_ms = now_ms.saturating_add(self.0.lasts.as_millis() as u64).saturating_add(1);
        let (before, after) = self.0.level.change(|word| {
            let level = if word.is_over(now_ms) { 0 } else { word.level() };
            let wanted = to(level).min(self.0.levels);
            if wanted == 0 { word } else { word.raised(wanted, until_ms, now_ms) }
        });
        let before = if before.is_over(now_ms) { 0 } else { before.level() };
        if after.level() > before {
            events::degraded(&self.0.name, after.level());
        }
        after.level()
    }

    fn now_ms(&self) -> u64 {
        self.0.clock.now().saturating_duration_since(self.0.origin).as_millis() as u64
    }
}

impl fmt::Debug for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Degradation")
            .field("name", &self.0.name)
            .field("level", &self.level())
            .field("levels", &self.0.levels)
            .finish()
    }
}

/// Settings of a [`Degradation`] that is yet to be made.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct DegradationBuilder {
    name: Name,
    levels: u8,
    lasts: Duration,
    lift_after: u16,
    clock: Clock,
}

const LASTS_MIN: Duration = Duration::from_millis(1);
const LASTS_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl DegradationBuilder {
    fn new(name: Name) -> Self {
        let lasts = Duration::from_secs(30);
        Self { name, levels: 1, lasts, lift_after: 10, clock: Clock::default() }
    }

    /// How many levels there are below normal: 1 to 255. Default: 1.
    pub fn levels(mut self, levels: u8) -> Self {
        self.levels = levels;
        self
    }

    /// How long it lasts when nothing raises it again: 1 ms to 7 days. Default: 30 s, in which most
    /// load that was shed has gone elsewhere.
    pub fn lasts(mut self, lasts: Duration) -> Self {
        self.lasts = lasts;
        self
    }

    /// After how many calls in a row that go well it is lifted: 1 to 65,535. Default: 10, so that one
    /// lucky call does not.
    pub fn lift_after(mut self, calls: u16) -> Self {
        self.lift_after = calls;
        self
    }

    /// The clock that ends it. Default: [`Clock::precise`]. Read only while something is degraded.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the switch.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::recovery::Degradation;
    ///
    /// let invalid = Degradation::builder("search").levels(0).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "levels");
    /// ```
    pub fn build(self) -> Result<Degradation, Invalid> {
        let invalid = |setting, expected, got: &dyn fmt::Display| {
            Err(Invalid::new(self.name.clone(), setting, expected, got))
        };
        if self.levels == 0 {
            return invalid("levels", "1 to 255", &0);
        }
        if self.lift_after == 0 {
            return invalid("lift_after", "1 to 65535", &0);
        }
        if !(LASTS_MIN..=LASTS_MAX).contains(&self.lasts) {
            return invalid("lasts", "1ms to 7 days", &format_args!("{:?}", self.lasts));
        }
        Ok(self.build_unchecked())
    }

    pub(super) fn build_unchecked(self) -> Degradation {
        let origin = self.clock.now();
        Degradation(Arc::new(Shared {
            name: self.name,
            level: Level::new(),
            levels: self.levels,
            lasts: self.lasts,
            lift_after: self.lift_after,
            clock: self.clock,
            origin,
        }))
    }
}
