//! When a call ends, and what its work does until then.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use reliability::error::Class;

use crate::failed::Failed;

/// Where in its life a call ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// The future is dropped before anybody polled it.
    BeforePoll,
    /// It is dropped while it waits for a place.
    Queued,
    /// It is dropped while its second attempt waits for a place that somebody else has taken.
    QueuedAgain,
    /// It is dropped when it has been granted the place it waits for, and does not know it yet.
    Granted,
    /// It is dropped while it waits for the answer that another call has asked for.
    Following,
    /// It is dropped while it waits for a permit of a rate limit.
    Limited,
    /// It is dropped while chaos hangs in the place of the work.
    Injected,
    /// It is dropped while chaos hangs in the place of its first request and of the hedge beside it.
    InjectedTwice,
    /// It is dropped at work.
    Working,
    /// It is dropped at work in its second attempt.
    WorkingAgain,
    /// It is dropped while a hedge is under way beside the first request.
    Hedging,
    /// It is dropped between two attempts.
    Pausing,
    /// It is dropped in its fallback.
    FallingBack,
    /// It panics where the future of the work is made.
    PanickingUnmade,
    /// The work panics when it is polled.
    Panicking,
    /// The work of the second attempt panics.
    PanickingAgain,
    /// The work panics when it has waited.
    PanickingLater,
    /// The hedge panics while the first request is under way.
    PanickingHedge,
    /// The fallback panics.
    PanickingInFallback,
}

/// How one run of the work ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Ok,
    /// It fails, and is worth another try.
    Transient,
    /// It fails, and is not.
    Permanent,
    Hang,
    Panic,
    /// It waits until it is polled again, and panics.
    PanicLater,
}

impl Moment {
    pub(super) const ALL: [Moment; 19] = [
        Moment::BeforePoll,
        Moment::Queued,
        Moment::QueuedAgain,
        Moment::Granted,
        Moment::Following,
        Moment::Limited,
        Moment::Injected,
        Moment::InjectedTwice,
        Moment::Working,
        Moment::WorkingAgain,
        Moment::Hedging,
        Moment::Pausing,
        Moment::FallingBack,
        Moment::PanickingUnmade,
        Moment::Panicking,
        Moment::PanickingAgain,
        Moment::PanickingLater,
        Moment::PanickingHedge,
        Moment::PanickingInFallback,
    ];

    /// What the runs of the work do, one after the other.
    pub(super) fn script(self) -> &'static [Action] {
        match self {
            Moment::BeforePoll | Moment::Queued | Moment::Granted => &[Action::Ok],
            Moment::Limited | Moment::PanickingUnmade => &[Action::Ok],
            Moment::Injected | Moment::InjectedTwice => &[Action::Ok],
            Moment::QueuedAgain | Moment::Pausing => &[Action::Transient, Action::Ok],
            Moment::Following | Moment::Working => &[Action::Hang],
            Moment::Hedging => &[Action::Hang, Action::Hang],
            Moment::PanickingHedge => &[Action::Hang, Action::Panic],
            Moment::WorkingAgain => &[Action::Transient, Action::Hang],
            Moment::FallingBack | Moment::PanickingInFallback => &[Action::Permanent],
            Moment::Panicking => &[Action::Panic],
            Moment::PanickingAgain => &[Action::Transient, Action::Panic],
            Moment::PanickingLater => &[Action::PanicLater],
        }
    }

    pub(super) fn fallback(self) -> Action {
        match self {
            Moment::FallingBack => Action::Hang,
            Moment::PanickingInFallback => Action::Panic,
            _ => Action::Ok,
        }
    }

    /// How often the work began.
    pub(super) fn runs(self) -> u32 {
        match self {
            Moment::BeforePoll | Moment::Queued | Moment::Granted => 0,
            Moment::Limited | Moment::PanickingUnmade => 0,
            Moment::Injected | Moment::InjectedTwice => 0,
            Moment::WorkingAgain | Moment::PanickingAgain => 2,
            Moment::Hedging | Moment::PanickingHedge => 2,
            _ => 1,
        }
    }

    /// Whether a first attempt has failed that is worth another try.
    pub(super) fn retries(self) -> bool {
        self.script()[0] == Action::Transient
    }

    /// Whether a second request was sent beside the first.
    pub(super) fn hedges(self) -> bool {
        matches!(self, Moment::Hedging | Moment::PanickingHedge | Moment::InjectedTwice)
    }

    /// Whether chaos has the call.
    pub(super) fn is_injected(self) -> bool {
        matches!(self, Moment::Injected | Moment::InjectedTwice)
    }

    /// Whether the work panics, and the call with it.
    pub(super) fn panics(self) -> bool {
        matches!(
            self,
            Moment::PanickingUnmade
                | Moment::Panicking
                | Moment::PanickingAgain
                | Moment::PanickingLater
                | Moment::PanickingHedge
        )
    }

    /// Whether the call has failed before it ends.
    pub(super) fn falls_back(self) -> bool {
        matches!(self, Moment::FallingBack | Moment::PanickingInFallback)
    }

    /// Whether the call waits for a place at its end.
    pub(super) fn queues(self) -> bool {
        matches!(self, Moment::Queued | Moment::QueuedAgain | Moment::Granted)
    }
}

/// Work that follows a script, and counts how it was treated.
#[derive(Debug, Default)]
pub(super) struct Work {
    number: u64,
    script: Vec<Action>,
    fallback: Option<Action>,
    next: AtomicUsize,
    begun: AtomicU32,
    ended: AtomicU32,
    dropped: AtomicU32,
}

/// Notes whether the work came to its end.
struct Run<'a> {
    work: &'a Work,
    ended: bool,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        let counter = if self.ended { &self.work.ended } else { &self.work.dropped };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Work {
    pub(super) fn of(moment: Moment) -> Self {
        let (script, fallback) = (moment.script().to_vec(), Some(moment.fallback()));
        Self { number: next_number(), script, fallback, ..Self::default() }
    }

    /// Work that just succeeds.
    pub(super) fn good() -> Self {
        Self { number: next_number(), script: vec![Action::Ok], ..Self::default() }
    }

    /// What tells it from all other work.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Makes the future of one attempt.
    pub(super) fn make(&self, moment: Moment) -> impl Future<Output = Result<u32, Failed>> + '_ {
        if moment == Moment::PanickingUnmade {
            resume_unwind(Box::new("the work gave up"));
        }
        self.run()
    }

    /// One attempt.
    pub(super) async fn run(&self) -> Result<u32, Failed> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        self.begun.fetch_add(1, Ordering::Relaxed);
        let mut run = Run { work: self, ended: false };
        let outcome = self.script[next].carry_out().await;
        run.ended = true;
        outcome
    }

    pub(super) async fn fall_back(&self) -> Result<u32, Failed> {
        self.fallback.unwrap_or(Action::Ok).carry_out().await
    }

    /// How often it began, came to its end, and was dropped before.
    pub(super) fn counts(&self) -> (u32, u32, u32) {
        let read = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        (read(&self.begun), read(&self.ended), read(&self.dropped))
    }
}

fn next_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Action {
    async fn carry_out(self) -> Result<u32, Failed> {
        match self {
            Action::Ok => Ok(7),
            Action::Transient => Err(Failed::As(Class::Transient)),
            Action::Permanent => Err(Failed::As(Class::Permanent)),
            Action::Hang => std::future::pending().await,
            Action::Panic => resume_unwind(Box::new("the work gave up")),
            Action::PanicLater => {
                tokio::task::yield_now().await;
                resume_unwind(Box::new("the work gave up"))
            }
        }
    }
}
