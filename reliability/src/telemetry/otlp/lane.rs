use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use super::Signal;
use super::answer::Answer;
use super::backoff::pause;
use super::supply::{Load, Supply};
use super::transport::Transport;
use super::watch::{Loss, SignalWatch, Watch};
use crate::time::{Clock, Instant, wall_clock};

/// The way of one signal: at most one request is on it.
///
/// ```text
///            release            send                taken
///   supply ----------> request ------> answer --------------> exported
///                         ^               |  never, too late
///                         |     later     |-----------------> lost
///                         +---------------+
///                          after a pause
/// ```
pub(super) struct Lane {
    signal: Signal,
    supply: Box<dyn Supply>,
    pace: Pace,
    watch: Arc<Watch>,
    /// When what waits may go, though it fills no request.
    due: Instant,
    request: Option<Request>,
}

/// How often, and how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) give_up_after: Duration,
}

struct Request {
    load: Load,
    first_try: Instant,
    failures: u32,
    not_before: Instant,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) signal: Signal,
    /// How many items are no longer on the way.
    pub(super) items: u64,
    /// How many of them were lost.
    pub(super) lost: u64,
}

impl Lane {
    pub(super) fn new(
        signal: Signal,
        supply: Box<dyn Supply>,
        pace: Pace,
        watch: Arc<Watch>,
        now: Instant,
    ) -> Self {
        let due = now.saturating_add(pace.interval);
        Self { signal, supply, pace, watch, due, request: None }
    }

    fn watch(&self) -> Option<&SignalWatch> {
        self.watch.signal(self.signal)
    }

    pub(super) fn signal(&self) -> Signal {
        self.signal
    }

    /// How many items wait or are on the way.
    pub(super) fn outstanding(&self) -> u64 {
        self.in_flight() + self.supply.waiting()
    }

    fn in_flight(&self) -> u64 {
        self.request.as_ref().map_or(0, |request| request.load.items)
    }

    /// Whether nothing of what is on the way can be delivered by then.
    pub(super) fn is_hopeless(&self, by: Instant) -> bool {
        self.request.as_ref().is_some_and(|request| request.not_before > by)
    }

    /// What the last failure was.
    pub(super) fn last_error(&self) -> Option<String> {
        self.watch()?.last_error()
    }

    /// All that is there now may go. Says what it replaces.
    pub(super) fn release(&mut self) -> Option<Ended> {
        let replaced =
            if self.supply.replaces() { self.drop_request(Loss::Superseded) } else { None };
        self.supply.release();
        replaced
    }

    /// Does what is to be done now. `Some` when a request ended.
    pub(super) fn step(
        &mut self,
        clock: &Clock,
        transport: &mut dyn Transport,
        stop_by: Option<Instant>,
    ) -> Step {
        let now = clock.now();
        if now >= self.due {
            // From now on, not from when it was due: a lane that was late does not hurry.
            self.due = now.saturating_add(self.pace.interval);
            if let Some(ended) = self.release() {
                return Step::Ended(ended);
            }
        }
        if self.request.is_none()
            && let Some(load) = self.supply.next()
        {
            self.request = Some(Request { load, first_try: now, failures: 0, not_before: now });
        }
        if let Some(watch) = self.watch() {
            watch.in_flight(self.in_flight());
        }
        let Some(request) = self.request.as_ref().filter(|it| it.not_before <= now) else {
            return Step::Idle;
        };
        let left = stop_by.map(|by| by.saturating_duration_since(now)).unwrap_or(Duration::MAX);
        if left.is_zero() {
            return Step::Idle;
        }
        let timeout = self.pace.timeout.min(left);
        let answer = transport.send(self.signal, &request.load.body, timeout);
        self.heard(answer, clock.now())
    }

    /// Draws the conclusion from an answer.
    fn heard(&mut self, answer: Answer, now: Instant) -> Step {
        let Some(mut request) = self.request.take() else { return Step::Idle };
        let items = request.load.items;
        let lost = match answer {
            Answer::Taken { refused, said } => {
                let refused = refused.min(items);
                if let Some(watch) = self.watch() {
                    watch.succeeded(items - refused);
                    watch.lost(refused, Loss::Refused);
                    if !said.is_empty() {
                        watch.noted(wall_clock(), said);
                    }
                }
                refused
            }
            Answer::Never { why } => {
                if let Some(watch) = self.watch() {
                    watch.failed(why);
                    watch.lost(items, Loss::Refused);
                }
                items
            }
            Answer::Later { after, why } => {
                if let Some(watch) = self.watch() {
                    watch.failed(why);
                }
                request.failures = request.failures.saturating_add(1);
                let pause = pause(request.failures, after, fastrand::f64());
                request.not_before = now.saturating_add(pause);
                let last = request.first_try.saturating_add(self.pace.give_up_after);
                if request.not_before <= last {
                    self.request = Some(request);
                    return Step::Failed;
                }
                if let Some(watch) = self.watch() {
                    watch.lost(items, Loss::GaveUp);
                }
                items
            }
        };
        if let Some(watch) = self.watch() {
            watch.in_flight(0);
        }
        Step::Ended(Ended { signal: self.signal, items, lost })
    }

    /// When there is something to do next.
    pub(super) fn next(&self) -> Instant {
        self.request.as_ref().map_or(self.due, |request| request.not_before.min(self.due))
    }

    fn drop_request(&mut self, loss: Loss) -> Option<Ended> {
        let items = self.request.take()?.load.items;
        if let Some(watch) = self.watch() {
            watch.lost(items, loss);
            watch.in_flight(0);
        }
        Some(Ended { signal: self.signal, items, lost: items })
    }

    /// Ends it: what is left is lost.
    pub(super) fn discard(&mut self) {
        self.drop_request(Loss::ShutDown);
        let left = self.supply.clear();
        if let Some(watch) = self.watch() {
            watch.lost(left, Loss::ShutDown);
        }
    }

    /// Whether something waits that was not there yet when all was released: who put it there had
    /// taken room for it, and was interrupted.
    pub(super) fn is_late(&self) -> bool {
        self.request.is_none() && !self.supply.replaces() && self.supply.waiting() > 0
    }
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is to be done before [`Lane::next`].
    Idle,
    /// A request failed, and is sent again later.
    Failed,
    Ended(Ended),
}
