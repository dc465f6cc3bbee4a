use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::sync::OnceLock;

use super::DegradationBuilder;
use super::episodes::Episodes;
use super::events;
use super::level::{Level, Word};
use crate::error::Name;
use crate::time::{Clock, Instant};

/// A switch that says how much less to do for a while: off by itself, or when things go well again.
///
/// A handle: clones are the same switch. While nothing is degraded, asking is one relaxed load.
///
/// Who raises it and who does less need not know each other: a
/// [`Component`](super::Component) raises it by its plan, a watch on a promise while the budget burns,
/// an operator by hand; policies with a `degrade` follow it, and any code may ask for the level.
///
/// # Examples
///
/// ```
/// use reliability::error::recovery::Degradation;
///
/// static SEARCH: Degradation = Degradation::declared("search");
///
/// let page = |wanted: usize| if SEARCH.is_degraded() { wanted.min(10) } else { wanted };
/// assert_eq!(page(100), 100);
///
/// SEARCH.raise();
/// assert_eq!(page(100), 10);
///
/// // Ten calls in a row go well.
/// (0..10).for_each(|_| SEARCH.went_well());
/// assert_eq!(page(100), 100);
///
/// // By hand, and at once.
/// assert_eq!((SEARCH.name().as_str(), SEARCH.levels()), ("search", 1));
/// SEARCH.raise_to(1);
/// SEARCH.lift();
/// assert_eq!(SEARCH.level(), 0);
/// assert_eq!(SEARCH.snapshot().times, 2);
/// ```
pub struct Degradation(Handle);

enum Handle {
    Shared(Arc<Shared>),
    /// In a `static`, made when it is first raised or cloned. Until then nothing is degraded.
    Declared(OnceLock<Arc<Shared>>, DegradationBuilder),
}

struct Shared {
    name: Name,
    level: Level,
    levels: u8,
    lasts: Duration,
    lift_after: u16,
    clock: Clock,
    origin: Instant,
    episodes: Episodes,
}

/// What a [`Degradation`] is now, and was so far.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::recovery::Degradation;
/// use reliability::time::ManualClock;
///
/// let clock = ManualClock::new();
/// let search = Degradation::builder("search").clock(clock.clock()).build()?;
/// search.raise();
/// clock.advance(Duration::from_secs(20));
///
/// let now = search.snapshot();
/// assert_eq!((now.level, now.times), (1, 1));
/// assert_eq!(now.lasted, Duration::from_secs(20));
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DegradationSnapshot {
    /// Its name.
    pub name: Name,
    /// How far things are degraded: 0 is normal.
    pub level: u8,
    /// How many levels there are below normal.
    pub levels: u8,
    /// For how long it still lasts if nothing raises it again; nothing while nothing is degraded.
    pub remaining: Option<Duration>,
    /// How often it went from normal to degraded.
    pub times: u64,
    /// How long things were degraded so far, this time included.
    pub lasted: Duration,
}

impl Degradation {
    /// A switch with the defaults: one level, for 30 s, lifted by 10 calls in a row that go well.
    pub fn standard(name: impl Into<Name>) -> Self {
        Self::made(DegradationBuilder::new(name.into()))
    }

    /// The same for a `static`. With other settings: [`DegradationBuilder::declared`].
    pub const fn declared(name: &'static str) -> Self {
        Self::to_be_made(DegradationBuilder::declared(name))
    }

    /// Begins with the defaults, each of which can be changed.
    pub fn builder(name: impl Into<Name>) -> DegradationBuilder {
        DegradationBuilder::new(name.into())
    }

    /// How far things are degraded: 0 is normal, the most is what
    /// [`levels`](DegradationBuilder::levels) says.
    #[inline]
    pub fn level(&self) -> u8 {
        self.if_made().map_or(0, Shared::level)
    }

    /// Whether things are degraded at all.
    #[inline]
    pub fn is_degraded(&self) -> bool {
        self.level() > 0
    }

    /// As [`is_degraded`](Self::is_degraded), without looking whether its time is over.
    #[cfg(feature = "resilience")]
    #[inline]
    pub(crate) fn is_raised(&self) -> bool {
        self.if_made().is_some_and(|shared| shared.level.load() != Word::NORMAL)
    }

    /// For how long things stay degraded if nothing raises it again; nothing while they are not.
    pub fn remaining(&self) -> Option<Duration> {
        self.if_made().and_then(Shared::remaining)
    }

    /// One level up, for the whole time from now on.
    ///
    /// Calls that went well so far do not count any more. Returns the level.
    pub fn raise(&self) -> u8 {
        self.shared().raise_with(Duration::ZERO, |level| level.saturating_add(1))
    }

    /// Up to that level, or the highest there is; never down. Returns the level.
    pub fn raise_to(&self, level: u8) -> u8 {
        self.shared().raise_with(Duration::ZERO, |_| level)
    }

    /// Normal, at once.
    pub fn lift(&self) {
        if let Some(shared) = self.if_made() {
            shared.restore("lifted", |_| Word::NORMAL);
        }
    }

    /// For who looks from time to time: at that level until it looks again, and at least for so long.
    /// What it has `held` before it lowers as well; what others have raised higher stays. Returns the level.
    #[cfg(feature = "sre")]
    pub(crate) fn hold(&self, level: u8, held: u8, at_least: Duration) -> u8 {
        self.shared().hold(level, held, at_least)
    }

    /// A call went well. While nothing is degraded this is one relaxed load.
    #[inline]
    pub fn went_well(&self) {
        if let Some(shared) = self.if_made()
            && shared.level.load() != Word::NORMAL
        {
            shared.count_well();
        }
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        match &self.0 {
            Handle::Shared(shared) => &shared.name,
            Handle::Declared(_, settings) => &settings.name,
        }
    }

    /// How many levels there are below normal.
    pub fn levels(&self) -> u8 {
        match &self.0 {
            Handle::Shared(shared) => shared.levels,
            Handle::Declared(_, settings) => settings.levels,
        }
    }

    /// What it is now, and was so far.
    pub fn snapshot(&self) -> DegradationSnapshot {
        let (times, lasted) = self.if_made().map_or((0, Duration::ZERO), Shared::history);
        DegradationSnapshot {
            name: self.name().clone(),
            level: self.level(),
            levels: self.levels(),
            remaining: self.remaining(),
            times,
            lasted,
        }
    }

    /// Whether it is the same switch.
    #[cfg(feature = "sre")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(self.shared(), other.shared())
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg(all(feature = "resilience", feature = "telemetry"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(self.shared()).addr()
    }

    pub(super) fn made(settings: DegradationBuilder) -> Self {
        Self(Handle::Shared(Shared::new(settings)))
    }

    pub(super) const fn to_be_made(settings: DegradationBuilder) -> Self {
        Self(Handle::Declared(OnceLock::new(), settings))
    }

    #[inline]
    fn if_made(&self) -> Option<&Shared> {
        match &self.0 {
            Handle::Shared(shared) => Some(shared),
            Handle::Declared(shared, _) => shared.get().map(|shared| &**shared),
        }
    }

    fn shared(&self) -> &Arc<Shared> {
        match &self.0 {
            Handle::Shared(shared) => shared,
            Handle::Declared(shared, settings) => {
                shared.get_or_init(|| Shared::new(settings.clone()))
            }
        }
    }
}

impl Shared {
    fn new(settings: DegradationBuilder) -> Arc<Self> {
        let DegradationBuilder { name, levels, lasts, lift_after, clock } = settings;
        let (level, episodes, origin) = (Level::new(), Episodes::new(), clock.now());
        Arc::new(Self { name, level, levels, lasts, lift_after, clock, origin, episodes })
    }

    #[inline]
    fn level(&self) -> u8 {
        let word = self.level.load();
        if word == Word::NORMAL { 0 } else { self.level_of(word) }
    }

    #[cold]
    fn level_of(&self, word: Word) -> u8 {
        let now_ms = self.now_ms();
        if !word.is_over(now_ms) {
            return word.level();
        }
        let over = |word: Word| if word.is_over(now_ms) { Word::NORMAL } else { word };
        self.restore("its time is over", over).level()
    }

    fn remaining(&self) -> Option<Duration> {
        let word = self.level.load();
        if word == Word::NORMAL {
            return None;
        }
        let left_ms = word.until_ms().saturating_sub(self.now_ms());
        (left_ms > 0).then(|| Duration::from_millis(left_ms))
    }

    #[cold]
    fn count_well(&self) {
        let enough = self.lift_after;
        let well = |word: Word| if word == Word::NORMAL { word } else { word.went_well(enough) };
        self.restore("calls go well", well);
    }

    /// Changes the word in a way that may be back to normal; what is there now.
    fn restore(&self, why: &'static str, next: impl Fn(Word) -> Word) -> Word {
        let (before, after) = self.level.change(next);
        if before != Word::NORMAL && after == Word::NORMAL {
            let end_ms = self.now_ms().min(before.until_ms());
            self.episodes.end(end_ms, || self.level.load() == Word::NORMAL);
            events::restored(&self.name, why);
        }
        after
    }

    fn raise_with(&self, at_least: Duration, to: impl Fn(u8) -> u8) -> u8 {
        self.raise_word(at_least, |word, until_ms, now_ms| {
            let level = if word.is_over(now_ms) { 0 } else { word.level() };
            let wanted = to(level).min(self.levels);
            if wanted == 0 { word } else { word.raised(wanted, until_ms, now_ms) }
        })
    }

    #[cfg(feature = "sre")]
    fn hold(&self, level: u8, held: u8, at_least: Duration) -> u8 {
        let (level, held) = (level.min(self.levels), held.min(self.levels));
        if level >= held {
            return self.raise_with(at_least, |_| level);
        }
        // Higher than that is somebody else's.
        let ours = |word: Word| word.level() <= held;
        if level == 0 {
            let normal = |word: Word| if ours(word) { Word::NORMAL } else { word };
            return self.restore("lifted", normal).level();
        }
        self.raise_word(at_least, |word, until_ms, now_ms| {
            let word = if ours(word) { Word::NORMAL } else { word };
            word.raised(level, until_ms, now_ms)
        })
    }

    /// Changes the word, given until when it lasts from now on; the level that it has now.
    fn raise_word(&self, at_least: Duration, next: impl Fn(Word, u64, u64) -> Word) -> u8 {
        let now_ms = self.now_ms();
        let lasts_ms = self.lasts.max(at_least).as_millis() as u64;
        // Never shorter than asked for.
        let until_ms = now_ms.saturating_add(lasts_ms).saturating_add(1);
        let (before, after) = self.episodes.begin(now_ms, || {
            let (before, after) = self.level.change(|word| next(word, until_ms, now_ms));
            let over = before.is_over(now_ms);
            let from = if over { Word::NORMAL } else { before };
            // One that is over ended when its time was.
            let ended_ms = over.then(|| before.until_ms());
            ((from, after), from == Word::NORMAL && after != Word::NORMAL, ended_ms)
        });
        if after.level() > before.level() {
            events::degraded(&self.name, after.level());
        }
        after.level()
    }

    fn history(&self) -> (u64, Duration) {
        let word = self.level.load();
        let now_ms = self.now_ms();
        self.episodes.so_far(if word == Word::NORMAL {
            now_ms
        } else {
            now_ms.min(word.until_ms())
        })
    }

    fn now_ms(&self) -> u64 {
        self.clock.now().saturating_duration_since(self.origin).as_millis() as u64
    }
}

impl Clone for Degradation {
    fn clone(&self) -> Self {
        Self(Handle::Shared(Arc::clone(self.shared())))
    }
}

impl fmt::Debug for Degradation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Degradation")
            .field("name", self.name())
            .field("level", &self.level())
            .field("levels", &self.levels())
            .finish()
    }
}
