use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::sre::Decision;
use crate::time::{Instant, doubled};

/// Who is told what was decided.
///
/// It is told on the thread of the [`Watch`](crate::sre::Watch), one decision after the other, and may take
/// a few seconds; counting goes on meanwhile. What it cannot pass on is told again: after one
/// second, two, four, up to five minutes, twelve times in all.
///
/// # Examples
///
/// ```
/// use std::error::Error;
/// use std::sync::mpsc::{Sender, channel};
/// use reliability::sre::{Decision, Notify};
///
/// struct ToPager(Sender<String>);
///
/// impl Notify for ToPager {
///     fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
///         if decision.is_urgent() {
///             self.0.send(decision.to_string())?;
///         }
///         Ok(())
///     }
/// }
/// # let _ = ToPager(channel().0);
/// ```
pub trait Notify: Send + Sync {
    /// Passes a decision on.
    ///
    /// # Errors
    ///
    /// When it could not, and should be told again.
    fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>>;
}

impl<F> Notify for F
where
    F: Fn(&Decision) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync,
{
    fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
        self(decision)
    }
}

/// Writes each decision to standard error, a line each.
///
/// # Examples
///
/// See [`Watch`](crate::sre::Watch).
#[derive(Debug, Clone, Copy, Default)]
pub struct Console;

impl Notify for Console {
    fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(writeln!(std::io::stderr(), "reliability: {decision}")?)
    }
}

/// So many decisions wait for one who cannot be reached.
const WAITING_MAX: usize = 256;
const ATTEMPTS_MAX: u32 = 12;
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// What one notifier is yet to be told.
pub(in crate::sre) struct Outbox {
    to: Arc<dyn Notify>,
    waiting: VecDeque<Arc<Decision>>,
    /// Of the first one.
    attempts: u32,
    not_before: Instant,
    dropped: u64,
}

impl Outbox {
    pub(in crate::sre) fn new(to: Arc<dyn Notify>) -> Self {
        let waiting = VecDeque::new();
        Self { to, waiting, attempts: 0, not_before: Instant::ZERO, dropped: 0 }
    }

    /// The oldest gives way when too many wait: what is newer says how things are.
    pub(in crate::sre) fn put(&mut self, decision: Arc<Decision>) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
            self.attempts = 0;
            self.dropped += 1;
        }
        self.waiting.push_back(decision);
    }

    /// Tells what is due, in order, until one cannot be passed on.
    pub(in crate::sre) fn send(&mut self, now: Instant) {
        while now >= self.not_before
            && let Some(first) = self.waiting.front()
        {
            let told = catch_unwind(AssertUnwindSafe(|| self.to.notify(first)));
            self.attempts += 1;
            let done = matches!(told, Ok(Ok(())));
            if done || self.attempts == ATTEMPTS_MAX {
                self.dropped += u64::from(!done);
                self.waiting.pop_front();
                self.attempts = 0;
                continue;
            }
            let pause = doubled(self.attempts, PAUSE_FIRST, PAUSE_MAX);
            self.not_before = now.saturating_add(pause);
        }
    }

    /// How many were never told.
    pub(in crate::sre) fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("waiting", &self.waiting.len())
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use crate::sre::DecisionKind;
    use crate::sync::Mutex;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;
    use std::time::UNIX_EPOCH;

    fn decision(why: &str) -> Arc<Decision> {
        let (slo, kind) = (String::from("a"), DecisionKind::Lost(why.into()));
        Arc::new(Decision { at: UNIX_EPOCH, slo, objective: None, kind, remaining: None })
    }

    /// Takes what comes only when it is there, and panics at what it does not like.
    struct Pager {
        told: Mutex<Vec<String>>,
        attempts: Mutex<u32>,
        away: Mutex<bool>,
    }

    impl Pager {
        fn new() -> Arc<Self> {
            let (told, attempts, away) = (Mutex::new(Vec::new()), Mutex::new(0), Mutex::new(false));
            Arc::new(Self { told, attempts, away })
        }
    }

    impl Notify for Pager {
        fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
            *self.attempts.lock() += 1;
            assert!(!decision.to_string().contains("panic"));
            if *self.away.lock() {
                return Err("nobody there".into());
            }
            self.told.lock().push(decision.to_string());
            Ok(())
        }
    }

    fn second(seconds: u64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn what_cannot_be_passed_on_is_told_again_later_and_in_order() {
        let pager = Pager::new();
        let mut outbox = Outbox::new(pager.clone());
        *pager.away.lock() = true;
        outbox.put(decision("one"));
        outbox.put(decision("two"));
        let due = |outbox: &mut Outbox, at| {
            let before = *pager.attempts.lock();
            outbox.send(second(at));
            *pager.attempts.lock() > before
        };
        let attempts: Vec<u64> = (1..20).filter(|at| due(&mut outbox, *at)).collect();
        assert_eq!(attempts, [1, 2, 4, 8, 16]);
        *pager.away.lock() = false;
        outbox.send(second(32));
        let told = pager.told.lock().clone();
        assert_eq!(told, ["a: history lost: one", "a: history lost: two"]);
    }

    #[test]
    fn one_that_panics_or_stays_away_does_not_hold_up_the_rest_for_ever() {
        let pager = Pager::new();
        let mut outbox = Outbox::new(pager.clone());
        outbox.put(decision("panic"));
        outbox.put(decision("after"));
        (0..3_000).for_each(|at| outbox.send(second(at)));
        assert_eq!(*pager.told.lock(), ["a: history lost: after"]);
        assert_eq!(outbox.dropped(), 1);
        (0..300).for_each(|_| outbox.put(decision("many")));
        assert_eq!(outbox.waiting.len(), WAITING_MAX);
        assert_eq!(outbox.dropped(), 1 + 300 - WAITING_MAX as u64);
    }
}
