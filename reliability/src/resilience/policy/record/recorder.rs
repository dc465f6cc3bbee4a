use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

#[cfg(feature = "cache")]
use super::event::Looked;
use super::event::{ErrorFacts, Event, EventKind, Outcome};
use super::recording::Recording;
use super::replay::Progress;
use crate::error::Failure;
use crate::resilience::policy::degrade::Seen;
use crate::resilience::policy::inner::Inner;
use crate::resilience::policy::{Call, Policy};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::time::{Clock, frozen};

/// The part of a policy that writes down what happens. Off, it costs one relaxed load.
#[derive(Default)]
pub(in crate::resilience::policy) struct Recorder {
    on: AtomicBool,
    /// Held while a decision is taken and written down, so that both are in one order.
    turns: Mutex<()>,
    log: Mutex<Log>,
}

#[derive(Default)]
enum Log {
    #[default]
    Off,
    Ring(Ring),
    /// Compares instead of writing down.
    Again(Progress),
}

struct Ring {
    events: VecDeque<Event>,
    capacity: usize,
    left_out: u64,
    calls: u64,
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only caches have keys"))]
    keys: Keys,
}

/// The keys of a cache, numbered in the order in which they are first asked for.
#[derive(Default)]
pub(super) struct Keys {
    numbers: BTreeMap<u64, u64>,
}

impl Keys {
    /// Zero for those that come when there are so many already: by then the recording has lost its
    /// beginning.
    #[cfg_attr(not(feature = "cache"), allow(dead_code, reason = "only caches have keys"))]
    pub(super) fn number(&mut self, hash: u64, most: usize) -> u64 {
        let next = self.numbers.len();
        match self.numbers.get(&hash) {
            Some(number) => *number,
            None if next >= most => 0,
            None => *self.numbers.entry(hash).or_insert(next as u64 + 1),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Recorder {
    #[inline]
    fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }

    fn set(&self, log: Log) -> Log {
        let _turn = lock(&self.turns);
        self.on.store(!matches!(log, Log::Off), Ordering::Relaxed);
        core::mem::replace(&mut *lock(&self.log), log)
    }

    pub(super) fn go_through_again(&self, events: Arc<[Event]>) {
        self.set(Log::Again(Progress::new(events)));
    }

    /// Looks at what has been gone through; `None` when nothing is.
    pub(super) fn progress<T>(&self, look: impl FnOnce(&mut Progress) -> T) -> Option<T> {
        match &mut *lock(&self.log) {
            Log::Again(progress) => Some(look(progress)),
            Log::Off | Log::Ring(_) => None,
        }
    }

    #[cfg(feature = "cache")]
    fn key(&self, hash: u64) -> u64 {
        match &mut *lock(&self.log) {
            Log::Off => 0,
            Log::Ring(ring) => ring.keys.number(hash, ring.capacity),
            Log::Again(progress) => progress.key(hash),
        }
    }

    fn enlist(&self) -> Option<u64> {
        match &mut *lock(&self.log) {
            Log::Off => None,
            Log::Ring(ring) => {
                ring.calls += 1;
                Some(ring.calls)
            }
            Log::Again(progress) => progress.polling(),
        }
    }

    fn tell(&self, call: u64, kind: EventKind) {
        let at = Clock::precise().now();
        let mut event = Event { call, at, kind };
        match &mut *lock(&self.log) {
            Log::Off => {}
            Log::Ring(ring) => {
                if let Some(last) = ring.events.back() {
                    // A step within a step of another policy sees the time of that one.
                    event.at = event.at.max(last.at);
                }
                if ring.events.len() >= ring.capacity {
                    ring.events.pop_front();
                    ring.left_out += 1;
                }
                ring.events.push_back(event);
            }
            Log::Again(progress) => progress.compare(event),
        }
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("on", &self.is_on()).finish_non_exhaustive()
    }
}

/// One step of a call, in which time stands still and no other call takes one.
pub(in crate::resilience::policy) struct Turn<'a> {
    _lock: Option<(MutexGuard<'a, ()>, frozen::Frozen)>,
}

impl<'a, E> Call<'a, E> {
    /// Begins a step, if the policy is recorded.
    #[inline]
    pub(in crate::resilience::policy) fn turn(&self) -> Turn<'a> {
        if self.policy.recorder.is_on() { begin_turn(self.policy) } else { Turn { _lock: None } }
    }

    /// Whether decisions are taken one at a time, and written down or gone through again.
    #[inline]
    pub(in crate::resilience::policy) fn takes_turns(&self) -> bool {
        self.policy.recorder.is_on()
    }

    /// Writes down that the call begins, at its first step.
    #[inline]
    pub(in crate::resilience::policy) fn tell_begun(&mut self) {
        if self.policy.recorder.is_on() && self.attempts <= 1 && self.recorded().is_none() {
            self.begin_recorded();
        }
    }

    #[cold]
    fn begin_recorded(&mut self) {
        let policy = self.policy;
        self.more().recorded = policy.recorder.enlist();
        let max = policy.attempts_max();
        self.tell(|call| EventKind::Began {
            repeatable: call.attempts_max == max,
            inherited: crate::time::Scope::current().known(),
        });
    }

    fn recorded(&self) -> Option<u64> {
        self.more.as_ref().and_then(|more| more.recorded)
    }

    /// Writes down what has happened, if the call is recorded.
    #[inline]
    pub(in crate::resilience::policy) fn tell(&self, kind: impl FnOnce(&Self) -> EventKind) {
        if self.policy.recorder.is_on()
            && let Some(call) = self.recorded()
        {
            self.policy.recorder.tell(call, kind(self));
        }
    }

    /// The same, as a step of its own.
    pub(in crate::resilience::policy) fn tell_alone(&self, kind: impl FnOnce(&Self) -> EventKind) {
        let _turn = self.turn();
        self.tell(kind);
    }

    /// What policies know of how the attempt ended.
    pub(in crate::resilience::policy) fn outcome(&self, failure: &Failure<E>) -> Outcome {
        match failure {
            Failure::Rejected(rejected) => Outcome::Rejected(rejected.reason()),
            Failure::Error(error) => Outcome::Error(ErrorFacts {
                class: self.classifier.class(error),
                disposition: self.classifier.disposition(error),
                retry_after: self.classifier.retry_after(error),
                reason: self.classifier.reason(error),
            }),
        }
    }

    /// The same of a result.
    pub(in crate::resilience::policy) fn outcome_of<T>(
        &self,
        result: &Result<T, Failure<E>>,
    ) -> Outcome {
        result.as_ref().err().map_or(Outcome::Ok, |failure| self.outcome(failure))
    }

    /// Writes down that the delay of a request is over.
    pub(in crate::resilience::policy) fn tell_request_begins(&self, request: usize) {
        self.tell(|_| EventKind::Begins { request: request as u32 });
    }

    /// Writes down what the call found in the cache under that key.
    #[cfg(feature = "cache")]
    #[inline]
    pub(in crate::resilience::policy) fn tell_looked(
        &self,
        (hash, shares_errors): (u64, bool),
        found: Looked,
    ) {
        let recorder = &self.policy.recorder;
        self.tell(|_| EventKind::LookedUp { key: recorder.key(hash), shares_errors, found });
    }

    /// Writes down that the answer under that key was settled.
    #[cfg(feature = "cache")]
    pub(in crate::resilience::policy) fn tell_settled(&self, hash: u64, stale: bool) {
        let recorder = &self.policy.recorder;
        self.tell(|_| EventKind::Settled { key: recorder.key(hash), stale });
    }

    /// Whether the work, gone through again, has not come so far.
    #[inline]
    pub(in crate::resilience::policy) fn is_held(&self) -> bool {
        self.policy.recorder.is_on()
            && self.policy.recorder.progress(Progress::is_held).unwrap_or(false)
    }

    /// How far things were degraded then, where the call is gone through again.
    pub(in crate::resilience::policy) fn looked_then(&self) -> Option<Seen> {
        match self.policy.recorder.is_on() {
            true => self.policy.recorder.progress(|progress| progress.degraded()),
            false => None,
        }
    }

    /// What a limit that several processes share answered then.
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    pub(in crate::resilience::policy) fn answered_then(
        &self,
    ) -> core::task::Poll<Option<Option<core::time::Duration>>> {
        let answered = self.policy.recorder.progress(|progress| progress.answered());
        answered.unwrap_or(core::task::Poll::Pending)
    }

    /// A random number, or the one that was drawn then.
    pub(in crate::resilience::policy) fn draw(&self) -> u64 {
        let drawn = match self.policy.recorder.is_on() {
            true => self.policy.recorder.progress(|progress| progress.draw()),
            false => None,
        };
        drawn.unwrap_or_else(|| self.policy.randomness.draw())
    }
}

#[cold]
fn begin_turn(policy: &Inner) -> Turn<'_> {
    // A step that is taken within another, by an error's own code perhaps, is a part of it.
    if frozen::now().is_some() && !frozen::is_again() {
        return Turn { _lock: None };
    }
    let recorder = &policy.recorder;
    let lock = match frozen::is_again() {
        false => lock(&recorder.turns),
        true => match recorder.turns.try_lock() {
            Ok(lock) => lock,
            // There are no other threads, so this is a step within a step as well.
            Err(TryLockError::WouldBlock) => return Turn { _lock: None },
            Err(TryLockError::Poisoned(lock)) => lock.into_inner(),
        },
    };
    let at = recorder.progress(|progress| progress.next_at()).flatten();
    let at = at.unwrap_or_else(|| Clock::precise().now());
    Turn { _lock: Some((lock, frozen::freeze(at))) }
}

/// A recording that goes on until it is finished or dropped; made by [`Policy::record`].
///
/// # Examples
///
/// See [`Policy::record`].
#[derive(Debug)]
#[must_use = "the recording ends when this is dropped"]
pub struct Recorded {
    policy: Policy,
}

impl Policy {
    /// Writes down what happens to calls under this policy: what came, and what was decided.
    ///
    /// Calls that begin from here on are recorded, and of their events the last `capacity`, at
    /// least one. To be gone through again, a recording needs all of them, and a policy that had no
    /// calls before; begin it when the policy is built. While it goes on, decisions are taken one
    /// at a time: it is meant for finding out, not for every day. A recording that began before
    /// ends.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use reliability::error::Rejected;
    /// use reliability::resilience::Policy;
    ///
    /// let policy = Policy::builder("price").timeout(Duration::from_secs(1)).build()?;
    /// let recorded = policy.record(10_000);
    /// policy.call(|| async { Ok::<_, Rejected>(7) }).await?;
    ///
    /// let recording = recorded.finish();
    /// assert_eq!(recording.events().len(), 3, "it began, was let in, and ended well");
    /// # Ok(())
    /// # }
    /// ```
    pub fn record(&self, capacity: usize) -> Recorded {
        let capacity = capacity.max(1);
        // What is asked for in advance is bounded, whatever the capacity.
        let events = VecDeque::with_capacity(capacity.min(1_024));
        let ring = Ring { events, capacity, left_out: 0, calls: 0, keys: Keys::default() };
        self.inner().recorder.set(Log::Ring(ring));
        Recorded { policy: self.clone() }
    }
}

impl Recorded {
    /// What was recorded so far; it goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::{Breaker, Policy};
    ///
    /// let policy = Policy::builder("price").breaker(Breaker::standard("price")).build()?;
    /// let recorded = policy.record(100);
    /// assert!(recorded.so_far().events().is_empty());
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn so_far(&self) -> Recording {
        match &*lock(&self.policy.inner().recorder.log) {
            Log::Ring(ring) => Recording::new(ring.events.iter().cloned().collect(), ring.left_out),
            Log::Off | Log::Again(_) => Recording::default(),
        }
    }

    /// Ends the recording.
    pub fn finish(self) -> Recording {
        self.so_far()
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.policy.inner().recorder.set(Log::Off);
    }
}
