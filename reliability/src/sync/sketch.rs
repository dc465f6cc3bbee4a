use core::fmt;
use core::time::Duration;

use super::atomic::{AtomicU64, Ordering};
use super::buckets::{
    BUCKETS, Bucket, RANGE_END_NANOS, RANGE_START_NANOS, middle_nanos, rank, saturating_nanos,
};
use super::quantile::Quantile;

/// How long calls took *lately*: a fixed 4.1 KiB, however many there were.
///
/// A [`Histogram`](super::Histogram) never forgets, which is right for a chart, whose reader takes
/// differences, and wrong for a decision: after a good week it takes a bad day until p99 says that
/// the dependency has become slow. Here old entries fade. There are two generations, the one that
/// is being filled and the one before it, and all answers are about both together.
///
/// A generation ends when it holds [`GENERATION_ENTRIES`](Sketch::GENERATION_ENTRIES) entries, but
/// lives no less than [`GENERATION_SHORTEST`](Sketch::GENERATION_SHORTEST), so that one pause of a
/// garbage collector is not all that a busy service remembers, and no more than
/// [`GENERATION_LONGEST`](Sketch::GENERATION_LONGEST). So heavy traffic is judged by its last one or
/// two seconds, light traffic by its last thousand or two thousand calls, and nothing older than ten
/// minutes counts at all.
///
/// # Guarantees
///
/// - **Error.** The buckets are those of [`Histogram`](super::Histogram): a quantile is off by **at
///   most 1/16 of the true value** of the entries that count, or by 1.024 us where that is more.
///   Beyond 73 minutes it answers 73 minutes.
/// - **Cost.** Recording takes two loads and one addition, all relaxed. Nothing is ever cleared: each
///   bucket carries the number of its generation, and one of an older generation reads as empty and
///   is taken over by the first who writes it.
/// - **Threads.** No entry is lost or counted twice while its generation lasts. An entry that a
///   suspended thread writes late may count in a younger generation, or, if two have passed, not at
///   all.
/// - **Time** is an argument, nanoseconds on any timeline. A clock that jumps back by more than a
///   minute makes the sketch start afresh; by less, and nothing fades until it has caught up.
///
/// # Cached quantiles
///
/// Adding up the buckets takes about a quarter of a microsecond, which nobody wants on the path of
/// a call. [`record`](Sketch::record) is true for one thread in every
/// [`REFRESH`](Sketch::REFRESH): that one works out what depends on the entries and stores it, and
/// all others load what is stored. Nobody waits for anybody.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use reliability::sync::{Quantile, Sketch};
///
/// static LATENCY: Sketch = Sketch::new();
///
/// let second = 1_000_000_000;
/// for millis in 1..=100 {
///     LATENCY.record(second, Duration::from_millis(millis));
/// }
/// let p90 = LATENCY.snapshot(second).quantile(Quantile::P90).unwrap_or_default();
/// assert!(p90.abs_diff(Duration::from_millis(90)) <= Duration::from_millis(90) / 16);
///
/// // What nobody has refreshed for ten minutes says nothing about now.
/// assert_eq!(LATENCY.snapshot(601 * second).count(), 0);
/// ```
pub struct Sketch {
    /// The generations take turns: even ones write the first, odd ones the second.
    generations: [[AtomicU64; CELLS]; 2],
    /// The generation that is being filled, and when it began: number 32 bits, milliseconds 32.
    current: AtomicU64,
    /// When it is somebody's turn to refresh.
    due_nanos: AtomicU64,
}

/// The buckets, and one on each side for what is out of their range.
const CELLS: usize = BUCKETS + 2;
const BELOW: usize = 0;
const ABOVE: usize = CELLS - 1;

const NANOS_PER_MILLI: u64 = 1_000_000;

impl Sketch {
    /// How many entries a generation is meant to hold: so many that p99 rests on ten.
    pub const GENERATION_ENTRIES: u64 = if cfg!(reliability_loom) { 2 } else { 1_000 };

    /// A generation lives at least this long, whatever it holds.
    pub const GENERATION_SHORTEST: Duration = Duration::from_secs(1);

    /// A generation lives at most this long, whatever it lacks.
    pub const GENERATION_LONGEST: Duration = Duration::from_secs(5 * 60);

    /// How often it is somebody's turn to work out what is cached.
    pub const REFRESH: Duration = Duration::from_millis(100);

    /// A sketch without entries.
    #[cfg(not(reliability_loom))]
    pub const fn new() -> Self {
        Self {
            generations: [const { [const { AtomicU64::new(0) }; CELLS] }; 2],
            current: AtomicU64::new(0),
            due_nanos: AtomicU64::new(0),
        }
    }

    /// A sketch without entries.
    #[cfg(reliability_loom)]
    pub fn new() -> Self {
        let cells = |_| core::array::from_fn(|_| AtomicU64::new(0));
        Self {
            generations: core::array::from_fn(cells),
            current: AtomicU64::new(0),
            due_nanos: AtomicU64::new(0),
        }
    }

    /// Counts one call that took `latency` and ended at `now_nanos`.
    ///
    /// True for one caller in every [`REFRESH`](Sketch::REFRESH), the first one among them: it is
    /// that caller's turn to take a [`snapshot`](Sketch::snapshot), and to store what others use.
    #[inline]
    pub fn record(&self, now_nanos: u64, latency: Duration) -> bool {
        let turn = self.is_due(now_nanos) && self.take_turn(now_nanos);
        let current = Current(self.current.load(Ordering::Relaxed));
        self.count(current.number(), cell(saturating_nanos(latency)));
        turn
    }

    /// The entries that count at `now_nanos`.
    ///
    /// Beside concurrent recording it holds every entry that was complete before it began, and any
    /// of those made meanwhile. If a generation ends meanwhile, entries of the oldest one may be
    /// missing.
    pub fn snapshot(&self, now_nanos: u64) -> SketchSnapshot {
        let current = Current(self.current.load(Ordering::Relaxed));
        let oldest = match current.age(now_nanos) {
            Age::Millis(millis) => i64::from(outlived(millis)) - 1,
            Age::JumpedBack => 1,
        };
        let [even, odd] = &self.generations;
        let cells = core::array::from_fn(|index| {
            let of = |cell: &AtomicU64| {
                let cell = Cell(cell.load(Ordering::Relaxed));
                // Younger ones are there if a generation has ended since `current` was read.
                if i64::from(cell.generations_after(current.number())) >= oldest {
                    u64::from(cell.entries())
                } else {
                    0
                }
            };
            of(&even[index]) + of(&odd[index])
        });
        SketchSnapshot { cells }
    }

    /// Also when the turn is further away than it can be: then the clock has jumped back.
    #[inline]
    fn is_due(&self, now_nanos: u64) -> bool {
        let due_nanos = self.due_nanos.load(Ordering::Relaxed);
        now_nanos >= due_nanos || due_nanos - now_nanos > REFRESH_NANOS + JUMP_NANOS
    }

    #[cold]
    fn take_turn(&self, now_nanos: u64) -> bool {
        let seen = self.due_nanos.load(Ordering::Relaxed);
        let next = now_nanos.saturating_add(REFRESH_NANOS);
        // Relaxed throughout: entries are only counted, and guard no other memory. Whoever loses is
        // late by nanoseconds and leaves the turn to the winner.
        let relaxed = Ordering::Relaxed;
        let turn =
            seen != next && self.due_nanos.compare_exchange(seen, next, relaxed, relaxed).is_ok();
        if turn {
            self.end_generation(now_nanos);
        }
        turn
    }

    /// Begins another generation if the current one has lived long enough.
    fn end_generation(&self, now_nanos: u64) {
        let seen = self.current.load(Ordering::Relaxed);
        let current = Current(seen);
        let ended = match current.age(now_nanos) {
            // What was counted on another timeline is of no known age.
            Age::JumpedBack => 2,
            Age::Millis(millis) => match outlived(millis) {
                0 if millis >= SHORTEST_MILLIS && self.is_full(current.number()) => 1,
                ended => ended,
            },
        };
        if ended > 0 {
            let next = Current::new(current.number().wrapping_add(ended), now_nanos);
            // Fails if another thread, whose turn came meanwhile, was quicker: one is enough.
            let relaxed = Ordering::Relaxed;
            let _ = self.current.compare_exchange(seen, next.0, relaxed, relaxed);
        }
    }

    fn is_full(&self, number: u32) -> bool {
        let entries = |cell: &AtomicU64| {
            let cell = Cell(cell.load(Ordering::Relaxed));
            if cell.number() == number { u64::from(cell.entries()) } else { 0 }
        };
        self.generation(number).iter().map(entries).sum::<u64>() >= Self::GENERATION_ENTRIES
    }

    #[inline]
    fn count(&self, number: u32, cell: usize) {
        let word = &self.generation(number)[cell];
        let mut seen = word.load(Ordering::Relaxed);
        while Cell(seen).generations_after(number) < 0 {
            let first = Cell::first(number).0;
            match word.compare_exchange_weak(seen, first, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
        // If the cell is taken over by a younger generation in this moment, the entry counts there.
        word.fetch_add(1, Ordering::Relaxed);
    }

    #[inline]
    fn generation(&self, number: u32) -> &[AtomicU64; CELLS] {
        &self.generations[(number & 1) as usize]
    }
}

impl Default for Sketch {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = Current(self.current.load(Ordering::Relaxed));
        f.debug_struct("Sketch").field("generation", &current.number()).finish_non_exhaustive()
    }
}

/// What a [`Sketch`] held at one moment.
///
/// All answers of one snapshot are about the same entries. See [`Sketch`] for the error bound.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use reliability::sync::{Quantile, Sketch};
///
/// let latency = Sketch::new();
/// let now_nanos = 1_000_000_000;
/// for _ in 0..30 {
///     latency.record(now_nanos, Duration::from_millis(20));
/// }
///
/// let lately = latency.snapshot(now_nanos);
/// assert_eq!(lately.count(), 30);
/// let median = lately.quantile(Quantile::P50).unwrap_or_default();
/// assert!(median.abs_diff(Duration::from_millis(20)) <= Duration::from_millis(20) / 16);
///
/// // After two generations that nobody filled nothing counts any more.
/// let later = now_nanos + 2 * Sketch::GENERATION_LONGEST.as_nanos() as u64;
/// assert_eq!(latency.snapshot(later).quantile(Quantile::P50), None);
/// ```
#[derive(Clone)]
pub struct SketchSnapshot {
    cells: [u64; CELLS],
}

impl SketchSnapshot {
    /// How many calls count: those of the last two generations.
    pub fn count(&self) -> u64 {
        self.cells.iter().sum()
    }

    /// The duration that this share of the calls did not exceed; `None` when there are none.
    ///
    /// By nearest rank, as [`HistogramSnapshot::quantile`](super::HistogramSnapshot::quantile).
    pub fn quantile(&self, quantile: Quantile) -> Option<Duration> {
        let count = self.count();
        if count == 0 {
            return None;
        }
        let rank = rank(quantile.share(), count);
        let mut seen = 0;
        let holds_rank = |entries: &u64| {
            seen += *entries;
            seen >= rank
        };
        let cell = self.cells.iter().position(holds_rank).unwrap_or(ABOVE);
        Some(Duration::from_nanos(match cell {
            BELOW => RANGE_START_NANOS / 2,
            ABOVE => RANGE_END_NANOS,
            bucket => middle_nanos(bucket - 1),
        }))
    }
}

impl SketchSnapshot {
    /// The quantile, if there are [enough entries](Quantile::entries_min) to know it.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::time::Duration;
    /// use reliability::sync::{Quantile, Sketch};
    ///
    /// let latency = Sketch::new();
    /// for _ in 0..50 {
    ///     latency.record(0, Duration::from_millis(5));
    /// }
    /// let recent = latency.snapshot(0);
    /// assert!(recent.dependable(Quantile::P95).is_some());
    /// assert_eq!(recent.dependable(Quantile::P99), None);
    /// ```
    pub fn dependable(&self, quantile: Quantile) -> Option<Duration> {
        if self.count() < quantile.entries_min() { None } else { self.quantile(quantile) }
    }
}

impl fmt::Debug for SketchSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sketch")
            .field("count", &self.count())
            .field("p50", &self.quantile(Quantile::P50))
            .field("p99", &self.quantile(Quantile::P99))
            .finish()
    }
}

/// The generation that is being filled.
///
/// Its beginning is kept in milliseconds modulo 2^32. An age of more than 25 days therefore looks
/// like a jump backwards, which comes to the same: nothing counts any more.
#[derive(Clone, Copy)]
struct Current(u64);

enum Age {
    Millis(u32),
    JumpedBack,
}

impl Current {
    fn new(number: u32, begun_nanos: u64) -> Self {
        Self(u64::from(number) << 32 | u64::from((begun_nanos / NANOS_PER_MILLI) as u32))
    }

    #[inline]
    fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn age(self, now_nanos: u64) -> Age {
        let millis = ((now_nanos / NANOS_PER_MILLI) as u32).wrapping_sub(self.0 as u32) as i32;
        match u32::try_from(millis) {
            Ok(millis) => Age::Millis(millis),
            Err(_) if millis > -JUMP_MILLIS => Age::Millis(0),
            Err(_) => Age::JumpedBack,
        }
    }
}

/// Threads read the clock before they come here, and may be suspended in between: what is less far
/// back than this is late, and not a jump.
const JUMP_MILLIS: i32 = 60_000;
const JUMP_NANOS: u64 = JUMP_MILLIS as u64 * NANOS_PER_MILLI;
const REFRESH_NANOS: u64 = Sketch::REFRESH.as_nanos() as u64;
const SHORTEST_MILLIS: u32 = Sketch::GENERATION_SHORTEST.as_millis() as u32;
const LONGEST_MILLIS: u32 = Sketch::GENERATION_LONGEST.as_millis() as u32;

/// How many generations are over because of their age alone: none, the current, or both.
fn outlived(millis: u32) -> u32 {
    (millis / LONGEST_MILLIS).min(2)
}

/// How many entries one bucket has, and of which generation: number 32 bits, entries 32.
///
/// A generation would have to hold 2^32 entries to overflow, in little more than a second.
#[derive(Clone, Copy)]
struct Cell(u64);

impl Cell {
    /// The first entry of a generation.
    #[inline]
    fn first(number: u32) -> Self {
        Self(u64::from(number) << 32 | 1)
    }

    #[inline]
    fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    fn entries(self) -> u32 {
        self.0 as u32
    }

    /// How much younger its generation is than that one; negative if it is older.
    #[inline]
    fn generations_after(self, number: u32) -> i32 {
        self.number().wrapping_sub(number) as i32
    }
}

#[inline]
fn cell(nanos: u64) -> usize {
    match Bucket::of(nanos) {
        Bucket::Below => BELOW,
        Bucket::At(index) => index + 1,
        Bucket::Above => ABOVE,
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;

#[cfg(all(test, reliability_loom))]
mod loom_tests;
