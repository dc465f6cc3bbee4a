//! The requests of a hedged attempt, from the moment when the first hedge is due.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;

use super::call::Call;
use super::events;
use super::recent::Took;
use super::signals::Signal;
use super::timer::Timer;
use super::wait::{Bound, End};
use crate::error::{Class, Failure, Reason};
use crate::resilience::hedge::{Outcome, Race, Verdict};
use crate::time::{Clock, Instant};

pin_project! {
    /// All requests but the first, which stays where it is, and what is known of all of them.
    pub(super) struct Legs<F, E> {
        race: Race,
        // Of the first request, as long as it is under way, where each has a timeout of its own.
        first_ends_at: Instant,
        kept: Option<Failure<E>>,
        #[pin]
        hedge: Leg<F>,
        // Where there may be several.
        more: Vec<Pin<Box<Leg<F>>>>,
    }
}

pin_project! {
    /// A hedge.
    struct Leg<F> {
        #[pin]
        future: Option<F>,
        since: Instant,
        ends_at: Instant,
    }
}

impl<F, E> Legs<F, E> {
    pub(super) fn new(call: &mut Call<'_, E>) -> Pin<Box<Self>> {
        let max = call.policy.hedge.as_ref().map_or(0, |hedge| hedge.max());
        let since = call.work_since().unwrap_or(Instant::ZERO);
        call.begin_race();
        Box::pin(Self {
            race: Race::new(max, since, call.hedge_after()),
            first_ends_at: call.leg_ends_at(since),
            kept: None,
            hedge: Leg::empty(),
            more: Vec::new(),
        })
    }
}

impl<F> Leg<F> {
    fn empty() -> Self {
        Self { future: None, since: Instant::ZERO, ends_at: Bound::NEVER.at }
    }
}

/// A request that has ended: what is to be done with it.
enum Ended<T, E> {
    Attempt(Result<T, Failure<E>>),
    Request,
}

impl<F, T, E> Legs<F, E>
where
    F: Future<Output = Result<T, E>>,
{
    /// Ready when the attempt is over.
    pub(super) fn poll<M: FnMut() -> F>(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        mut first: Pin<&mut Option<F>>,
        make: &mut M,
        mut timer: Pin<&mut Timer>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, Failure<E>>> {
        loop {
            if let Some(result) = self.as_mut().poll_requests(call, first.as_mut(), cx) {
                self.count_losers(call);
                return Poll::Ready(result);
            }
            if !timer.is_armed() {
                let at = self.wakes_at(call);
                if at < Bound::NEVER.at {
                    timer.as_mut().arm(at);
                }
            }
            ready!(timer.as_mut().poll_fired(cx));
            timer.as_mut().disarm();
            let now = Clock::precise().now();
            let bound = call.bound();
            if bound.at <= now {
                let took = if bound.end == End::Timeout { Took::AtLeast } else { Took::Perhaps };
                call.count_work(took);
                self.count_losers(call);
                return Poll::Ready(Err(Failure::Rejected(call.expired())));
            }
            if let Some(failure) = self.as_mut().end_overdue(call, first.as_mut(), now) {
                self.count_losers(call);
                return Poll::Ready(Err(failure));
            }
            if self.race.next_at().is_some_and(|at| at <= now) {
                self.as_mut().send(call, make, now);
            }
        }
    }

    /// Polls whatever is under way, the oldest first.
    fn poll_requests(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        mut first: Pin<&mut Option<F>>,
        cx: &mut Context<'_>,
    ) -> Option<Result<T, Failure<E>>> {
        if let Some(request) = first.as_mut().as_pin_mut()
            && let Poll::Ready(result) = call.poll_work(|| request.poll(cx))
        {
            first.set(None);
            *self.as_mut().project().first_ends_at = Bound::NEVER.at;
            call.count_work(call.result_took(&result));
            let ended = self.as_mut().end(call, result.map_err(Failure::Error));
            if let Ended::Attempt(result) = ended {
                return Some(result);
            }
        }
        for number in 0..=self.more.len() {
            let mut leg = self.as_mut().leg(number);
            let Some(request) = leg.as_mut().project().future.as_pin_mut() else { continue };
            let Poll::Ready(result) = call.poll_work(|| request.poll(cx)) else { continue };
            leg.as_mut().project().future.set(None);
            let (took, since) = (call.result_took(&result), leg.since);
            call.count_leg(took, since);
            let won = result.is_ok();
            if let Ended::Attempt(result) = self.as_mut().end(call, result.map_err(Failure::Error))
            {
                if won {
                    call.policy.signals.count(Signal::HedgeWon);
                    events::hedge_won(call.policy, number as u32 + 1);
                }
                return Some(result);
            }
        }
        None
    }

    /// Ends the requests whose own time is up. The failure, if the attempt ends with that.
    fn end_overdue(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        mut first: Pin<&mut Option<F>>,
        now: Instant,
    ) -> Option<Failure<E>> {
        let timed_out = |call: &Call<'_, E>| Failure::Rejected(call.rejected(Reason::TimedOut));
        if first.is_some() && self.first_ends_at <= now {
            first.set(None);
            *self.as_mut().project().first_ends_at = Bound::NEVER.at;
            call.count_work(Took::AtLeast);
            let failure = timed_out(call);
            if let Ended::Attempt(Err(failure)) = self.as_mut().end(call, Err::<T, _>(failure)) {
                return Some(failure);
            }
        }
        for number in 0..=self.more.len() {
            let mut leg = self.as_mut().leg(number);
            if leg.future.is_none() || leg.ends_at > now {
                continue;
            }
            leg.as_mut().project().future.set(None);
            call.count_leg(Took::AtLeast, leg.since);
            let failure = timed_out(call);
            if let Ended::Attempt(Err(failure)) = self.as_mut().end(call, Err::<T, _>(failure)) {
                return Some(failure);
            }
        }
        None
    }

    /// What the end of one request means.
    fn end(self: Pin<&mut Self>, call: &Call<'_, E>, result: Result<T, Failure<E>>) -> Ended<T, E> {
        let this = self.project();
        let outcome = match &result {
            Ok(_) => Outcome::Answer,
            Err(failure) => call.leg_outcome(failure),
        };
        let verdict = this.race.end(outcome);
        match (verdict, result) {
            (Verdict::Ends, result) | (_, result @ Ok(_)) => Ended::Attempt(result),
            (verdict, Err(failure)) => {
                let kept = match this.kept.take() {
                    Some(kept) if call.asks_for_more(&kept, &failure) => kept,
                    _ => failure,
                };
                if verdict == Verdict::Last {
                    return Ended::Attempt(Err(kept));
                }
                *this.kept = Some(kept);
                Ended::Request
            }
        }
    }

    /// Sends a hedge, if the budget has a token for it.
    fn send<M: FnMut() -> F>(
        self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        make: &mut M,
        now: Instant,
    ) {
        let this = self.project();
        let Some(hedge) = call.policy.hedge.as_ref() else { return };
        if hedge.budget().withdraw().is_err() {
            this.race.deny();
            call.policy.signals.count(Signal::HedgeDenied);
            events::hedge_denied(call.policy);
            return;
        }
        let number = this.race.start(now, call.hedge_after());
        call.policy.signals.count(Signal::Hedged);
        let since = call.work_since().unwrap_or(now);
        events::hedged(call.policy, number, now.saturating_duration_since(since));
        // In the scopes that the request will be polled in, and as a part of the work if it panics.
        let mut future = None;
        let _ = call.poll_work(|| {
            future = Some(make());
            Poll::Ready(())
        });
        let ends_at = call.leg_ends_at(now);
        if number == 1 {
            let mut leg = this.hedge.project();
            leg.future.set(future);
            (*leg.since, *leg.ends_at) = (now, ends_at);
        } else {
            this.more.push(Box::pin(Leg { future, since: now, ends_at }));
        }
    }

    fn leg(self: Pin<&mut Self>, number: usize) -> Pin<&mut Leg<F>> {
        let this = self.project();
        match number.checked_sub(1).and_then(|index| this.more.get_mut(index)) {
            Some(leg) => leg.as_mut(),
            None => this.hedge,
        }
    }

    /// The next moment at which something is to be done.
    fn wakes_at(&self, call: &Call<'_, E>) -> Instant {
        let ends = self.legs().filter(|leg| leg.future.is_some()).map(|leg| leg.ends_at);
        let next = self.race.next_at().into_iter().chain([call.bound().at, self.first_ends_at]);
        ends.chain(next).min().unwrap_or(Bound::NEVER.at)
    }

    fn legs(&self) -> impl Iterator<Item = &Leg<F>> {
        core::iter::once(&self.hedge).chain(self.more.iter().map(|leg| &**leg))
    }

    /// Those that are still under way are about to be dropped.
    fn count_losers(&self, call: &mut Call<'_, E>) {
        call.count_work(Took::Perhaps);
        for leg in self.legs().filter(|leg| leg.future.is_some()) {
            call.count_leg(Took::Perhaps, leg.since);
        }
    }
}

impl<E> Call<'_, E> {
    /// When a request that began then has used up the timeout, where each request has its own.
    fn leg_ends_at(&self, since: Instant) -> Instant {
        match self.policy.timeout().filter(|_| self.policy.timeout_per_leg) {
            Some(timeout) => since.saturating_add(timeout),
            None => Bound::NEVER.at,
        }
    }

    fn count_leg(&self, took: Took, since: Instant) {
        let now = Clock::precise().now();
        self.policy.recent.count(took, now.saturating_duration_since(since), now);
    }

    fn result_took<T>(&self, result: &Result<T, E>) -> Took {
        match result {
            Ok(_) => Took::Exactly,
            Err(error) => self.error_took(error),
        }
    }

    fn leg_outcome(&self, failure: &Failure<E>) -> Outcome {
        if !self.classifier.failure_disposition(failure).retried {
            Outcome::Final
        } else if self.classifier.failure_class(failure) == Class::Overloaded
            || self.classifier.failure_retry_after(failure).is_some()
        {
            Outcome::Overloaded
        } else {
            Outcome::Retryable
        }
    }

    /// Whether that failure asks to stay away for longer than the other.
    fn asks_for_more(&self, failure: &Failure<E>, than: &Failure<E>) -> bool {
        let asks = |failure| self.classifier.failure_retry_after(failure).unwrap_or(Duration::ZERO);
        asks(failure) > asks(than)
    }
}
