use alloc::boxed::Box;
use core::time::Duration;

use super::algorithm::{
    Booking, FixedWindow, LeakyBucket, Limiter, Log, Settable, SlidingCounter, SlidingLog,
    TokenBucket, Verdict, Windows, Word,
};
use super::decision::{Left, Wait};
use super::leases::Leases;
use super::live::Live;
use super::{Algorithm, Quota, Settings};
use crate::error::{Name, Reason, Rejected};
use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Counter, Mutex, Padded};
use crate::time::{Clock, Instant};

mod changes;
mod unused;

/// What all clones of a limit share.
#[derive(Debug)]
pub(crate) struct Shared {
    name: Name,
    clock: Clock,
    cell: Cell,
    live: Live,
    /// Boxed, because few limits have them, and they take 2 KiB.
    leases: Option<Box<Leases>>,
    rejected: Counter,
}

/// The state: one word where that is enough, and behind a lock where it is not.
#[derive(Debug)]
enum Cell {
    TokenBucket(Padded<AtomicU64>),
    LeakyBucket(Padded<AtomicU64>),
    FixedWindow(Padded<AtomicU64>),
    SlidingLog(Mutex<(SlidingLog, Log)>),
    SlidingCounter(Mutex<(SlidingCounter, Windows)>),
}

impl Shared {
    pub(super) fn new(
        name: Name,
        algorithm: Algorithm,
        settings: Settings,
        leases: u32,
        clock: Clock,
    ) -> Self {
        let quota = settings.quota;
        let word = || Padded(AtomicU64::new(0));
        let cell = match algorithm {
            Algorithm::TokenBucket => Cell::TokenBucket(word()),
            Algorithm::LeakyBucket => Cell::LeakyBucket(word()),
            Algorithm::FixedWindow => Cell::FixedWindow(word()),
            Algorithm::SlidingLog => {
                let log = SlidingLog::new(quota);
                Cell::SlidingLog(Mutex::new((log, log.empty())))
            }
            Algorithm::SlidingCounter => {
                let counter = SlidingCounter::new(quota);
                Cell::SlidingCounter(Mutex::new((counter, counter.empty())))
            }
        };
        let live = Live::new(settings, words(algorithm, quota, leases));
        let leases = (leases > 0).then(|| Box::new(Leases::new(quota, leases)));
        Self { name, clock, cell, live, leases, rejected: Counter::new() }
    }

    /// Takes the permits if all of them may be used now, and says how many are left.
    // Always, here and below: a verdict is three words, which are written to the stack and read again
    // wherever it is handed back by a call.
    #[inline(always)]
    pub(super) fn take(&self, permits: u32) -> Result<Left, Wait> {
        let taken = self.take_quietly(permits);
        if taken.is_err() {
            self.count_rejected();
        }
        taken
    }

    /// The same for who is not refused yet.
    ///
    /// Inlined as far as a bucket goes that nobody else writes to at the same moment; everything else
    /// is a call.
    #[inline(always)]
    pub(super) fn take_quietly(&self, permits: u32) -> Result<Left, Wait> {
        if let Cell::TokenBucket(word) = &self.cell
            && self.leases.is_none()
        {
            let now = self.clock.now();
            let seen = word.load(Ordering::Relaxed);
            return match self.decide::<TokenBucket>(word, seen, now, permits) {
                Some(Ok(taken)) => taken,
                _ => self.take_otherwise(now, permits).map(Left::permits),
            };
        }
        self.take_apart(permits).map(Left::permits)
    }

    /// From leases, and by all algorithms. Answers with a number, so that the quicker answer need not
    /// lie where this one writes its own.
    #[inline(never)]
    fn take_apart(&self, permits: u32) -> Result<u32, Wait> {
        if let Some(leases) = &self.leases
            && permits == 1
        {
            return match leases.take_own() {
                Some(left) => Ok(left),
                None => self.lease(leases),
            };
        }
        let now = self.clock.now();
        let decided = match &self.cell {
            Cell::TokenBucket(word) => {
                self.decide::<TokenBucket>(word, word.load(Ordering::Relaxed), now, permits)
            }
            Cell::FixedWindow(word) => {
                self.decide::<FixedWindow>(word, word.load(Ordering::Relaxed), now, permits)
            }
            _ => None,
        };
        match decided {
            Some(Ok(taken)) => taken.map(Left::count),
            _ => self.take_otherwise(now, permits),
        }
    }

    /// Decides if the algorithm can in a few operations, or says what somebody else has made of the
    /// word in between.
    #[inline(always)]
    fn decide<L: Word>(
        &self,
        word: &AtomicU64,
        seen: u64,
        now: Instant,
        permits: u32,
    ) -> Option<Result<Result<Left, Wait>, u64>> {
        // After the word: what changes the settings changes the word as well.
        let rule = L::from_words(self.live.words_unless_changing()?);
        Some(match rule.decide(seen, now, permits)? {
            Verdict::Allowed(next, left) => {
                let swap = word.compare_exchange(seen, next, Ordering::Relaxed, Ordering::Relaxed);
                swap.map(|_| Ok(left))
            }
            // Under settings that came after the word was read it says nothing, and then the word
            // has changed too.
            Verdict::Limited(wait) => match word.load(Ordering::Relaxed) {
                found if found == seen => Ok(Err(wait)),
                found => Err(found),
            },
        })
    }

    /// As often as somebody else comes in between: the fewer operations there are from the look to
    /// the swap, the less often that is.
    #[inline]
    fn decide_in_turn<L: Word>(
        &self,
        word: &AtomicU64,
        now: Instant,
        permits: u32,
    ) -> Option<Result<Left, Wait>> {
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            match self.decide::<L>(word, seen, now, permits)? {
                Ok(taken) => return Some(taken),
                Err(found) => seen = found,
            }
        }
    }

    /// Who has met somebody else in a token bucket, and who asks another algorithm.
    #[inline(never)]
    fn take_otherwise(&self, now: Instant, permits: u32) -> Result<u32, Wait> {
        let decided = match &self.cell {
            Cell::TokenBucket(word) => self.decide_in_turn::<TokenBucket>(word, now, permits),
            Cell::LeakyBucket(word) => self.decide_in_turn::<LeakyBucket>(word, now, permits),
            Cell::FixedWindow(word) => self.decide_in_turn::<FixedWindow>(word, now, permits),
            Cell::SlidingLog(_) | Cell::SlidingCounter(_) => None,
        };
        match decided {
            Some(taken) => taken.map(Left::count),
            None => Ok(self.book(now, permits, Duration::ZERO)?.remaining()),
        }
    }

    /// Takes a lease from the bucket, or a single permit, or one from another thread's lease.
    #[inline(never)]
    fn lease(&self, leases: &Leases) -> Result<u32, Wait> {
        let (version, now) = (self.version(), self.clock.now());
        if let Ok(leased) = self.book(now, leases.size(), Duration::ZERO) {
            // Another thread may have filled the stripe meanwhile.
            let surplus = leases.put(leases.size() - 1);
            if surplus > 0 {
                self.give_back(&leased.of_permits(surplus), version);
            }
            return Ok(leased.remaining() + leases.size() - 1 - surplus);
        }
        let single = self.book(now, 1, Duration::ZERO).map(|booking| booking.remaining());
        single.or_else(|retry_after| leases.take_any().ok_or(retry_after.into()))
    }

    /// Takes the permits if they may be used within `longest` from `now`.
    #[inline]
    pub(super) fn book(
        &self,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        match &self.cell {
            Cell::TokenBucket(word) => self.book_in::<TokenBucket>(word, now, permits, longest),
            _ => self.book_otherwise(now, permits, longest),
        }
    }

    #[inline(never)]
    fn book_otherwise(
        &self,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        match &self.cell {
            Cell::TokenBucket(word) => self.book_in::<TokenBucket>(word, now, permits, longest),
            Cell::LeakyBucket(word) => self.book_in::<LeakyBucket>(word, now, permits, longest),
            Cell::FixedWindow(word) => self.book_in::<FixedWindow>(word, now, permits, longest),
            Cell::SlidingLog(cell) => {
                let (rule, log) = &mut *cell.lock();
                rule.book(log, now, permits, longest)
            }
            Cell::SlidingCounter(cell) => {
                let (rule, windows) = &mut *cell.lock();
                rule.book(windows, now, permits, longest)
            }
        }
    }

    /// Relaxed throughout: permits are only counted, and guard no other memory.
    #[inline]
    fn book_in<L: Settable<State = u64>>(
        &self,
        word: &AtomicU64,
        now: Instant,
        permits: u32,
        longest: Duration,
    ) -> Result<Booking, Duration> {
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            // After the word, and anew each time: what changes the settings writes the word as well,
            // and then this is tried again. Where it writes the same number, the booking counts as
            // one that was made just before.
            let rule = L::from_words(self.live.words());
            let mut next = seen;
            let booked = rule.book(&mut next, now, permits, longest);
            let changed = match booked {
                Ok(_) => word
                    .compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed)
                    .err(),
                Err(_) => Some(word.load(Ordering::Relaxed)).filter(|found| *found != seen),
            };
            match changed {
                None => return booked,
                Some(found) => seen = found,
            }
        }
    }

    fn update(&self, word: &AtomicU64, change: impl Fn(&mut u64)) {
        let mut seen = word.load(Ordering::Relaxed);
        loop {
            let mut next = seen;
            change(&mut next);
            match word.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }

    /// How many permits could be had now, apart from those that other threads have leased.
    pub(super) fn remaining(&self) -> u32 {
        let now = self.clock.now();
        match &self.cell {
            Cell::TokenBucket(word) => self.remaining_in::<TokenBucket>(word, now),
            Cell::LeakyBucket(word) => self.remaining_in::<LeakyBucket>(word, now),
            Cell::FixedWindow(word) => self.remaining_in::<FixedWindow>(word, now),
            Cell::SlidingLog(cell) => {
                let (rule, log) = &*cell.lock();
                rule.remaining(log, now)
            }
            Cell::SlidingCounter(cell) => {
                let (rule, windows) = &*cell.lock();
                rule.remaining(windows, now)
            }
        }
    }

    fn remaining_in<L: Settable<State = u64>>(&self, word: &AtomicU64, now: Instant) -> u32 {
        L::from_words(self.live.words()).remaining(&word.load(Ordering::Relaxed), now)
    }

    pub(super) fn name(&self) -> &Name {
        &self.name
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn settings(&self) -> Settings {
        self.live.settings()
    }

    /// Changes with each change of the quota.
    pub(super) fn version(&self) -> u64 {
        self.live.version()
    }

    pub(super) fn lease_size(&self) -> u32 {
        self.leases.as_ref().map_or(0, |leases| leases.size())
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self.cell {
            Cell::TokenBucket(_) => Algorithm::TokenBucket,
            Cell::LeakyBucket(_) => Algorithm::LeakyBucket,
            Cell::FixedWindow(_) => Algorithm::FixedWindow,
            Cell::SlidingLog(_) => Algorithm::SlidingLog,
            Cell::SlidingCounter(_) => Algorithm::SlidingCounter,
        }
    }

    /// How many permits one call may ask for: what the bucket holds beside the leases.
    pub(super) fn most_at_once(&self) -> u32 {
        let quota = self.settings().quota;
        match self.lease_size() {
            0 => quota.most_at_once(self.algorithm()),
            lease => Leases::bucket(quota, lease).burst,
        }
    }

    pub(super) fn rejected(&self) -> u64 {
        self.rejected.sum()
    }

    // Not cold: under load it is what most calls come to.
    #[inline]
    pub(super) fn count_rejected(&self) {
        self.rejected.add(1);
    }

    #[cold]
    pub(super) fn refuse(&self, retry_after: Duration) -> Rejected {
        Rejected::new(Reason::RateLimited, self.name.clone()).with_retry_after(retry_after)
    }
}

/// The settings of the algorithm, as the two words that threads read.
fn words(algorithm: Algorithm, quota: Quota, lease: u32) -> [u64; 2] {
    match algorithm {
        Algorithm::TokenBucket if lease > 0 => {
            TokenBucket::of(Leases::bucket(quota, lease)).words()
        }
        Algorithm::TokenBucket => TokenBucket::of(quota).words(),
        Algorithm::LeakyBucket => LeakyBucket::of(quota).words(),
        Algorithm::FixedWindow => FixedWindow::of(quota).words(),
        Algorithm::SlidingLog => SlidingLog::of(quota).words(),
        Algorithm::SlidingCounter => SlidingCounter::of(quota).words(),
    }
}
