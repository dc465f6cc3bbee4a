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
#[cfg(feature = "record")]
use super::record::EventKind;
use super::timer::Timer;
use super::totals::Total;
use super::wait::{Bound, End};
use crate::error::{Class, Failure, Reason};
use crate::resilience::hedge::{Outcome, Race, Verdict};
use crate::time::{Clock, Instant};

pin_project! {
    /// All requests but the first, which stays where it is, and what is known of all of them.
    pub(super) struct Legs<F, E> {
        race: Race,
        // Of the first request, as of a `Leg`.
        first_begins_at: Instant,
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
        // Until then chaos stands in its place; zero when nothing does.
        begins_at: Instant,
        // Where each request has a timeout of its own.
        ends_at: Instant,
    }
}

impl<F, E> Legs<F, E> {
    /// From now on, where chaos delays the first request, or else from when the first hedge is due.
    pub(super) fn new(call: &mut Call<'_, E>, delay: Option<Duration>) -> Pin<Box<Self>> {
        let max = call.policy.hedge.as_ref().map_or(0, |hedge| hedge.max());
        call.begin_race();
        let since = call.work_since().unwrap_or(Instant::ZERO);
        let first_begins_at = begins_at(since, delay);
        #[cfg(feature = "record")]
        if delay.is_some() {
            call.tell(|call| EventKind::HedgesAfter { delay: call.hedge_after() });
            call.tell(|_| EventKind::delayed(0, first_begins_at));
        }
        Box::pin(Self {
            race: Race::new(max, since, call.hedge_after()),
            first_begins_at,
            first_ends_at: call.leg_ends_at(since),
            kept: None,
            hedge: Leg::empty(),
            more: Vec::new(),
        })
    }
}

fn begins_at(now: Instant, delay: Option<Duration>) -> Instant {
    delay.map_or(Instant::ZERO, |delay| now.saturating_add(delay))
}

impl<F> Leg<F> {
    fn empty() -> Self {
        let ends_at = Bound::NEVER.at;
        Self { future: None, since: Instant::ZERO, begins_at: Instant::ZERO, ends_at }
    }
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
                return Poll::Ready(result);
            }
            #[cfg(feature = "record")]
            if call.is_held() {
                return Poll::Pending;
            }
            let _turn = call.turn();
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
                return Poll::Ready(failure);
            }
            self.as_mut().begin_delayed(call, now);
            if self.race.next_at().is_some_and(|at| at <= now)
                && let Some(failure) = self.as_mut().send(call, make, now)
            {
                return Poll::Ready(failure);
            }
        }
    }

    /// Polls whatever is under way, the oldest first. The result, if the attempt ends with one.
    fn poll_requests(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        mut first: Pin<&mut Option<F>>,
        cx: &mut Context<'_>,
    ) -> Option<Result<T, Failure<E>>> {
        if self.first_begins_at == Instant::ZERO
            && let Some(request) = first.as_mut().as_pin_mut()
            && let Poll::Ready(result) = call.poll_work(|| request.poll(cx))
        {
            first.set(None);
            *self.as_mut().project().first_ends_at = Bound::NEVER.at;
            let _turn = call.turn();
            let result = result.map_err(Failure::Error);
            call.count_work(call.result_took(&result));
            if let Some(result) = self.as_mut().end(call, 0, result) {
                return Some(result);
            }
        }
        for number in 1..=self.more.len() + 1 {
            let mut leg = self.as_mut().leg(number);
            if leg.begins_at != Instant::ZERO {
                continue;
            }
            let Some(request) = leg.as_mut().project().future.as_pin_mut() else { continue };
            let Poll::Ready(result) = call.poll_work(|| request.poll(cx)) else { continue };
            leg.as_mut().project().future.set(None);
            let since = leg.since;
            let _turn = call.turn();
            let result = result.map_err(Failure::Error);
            call.count_leg(call.result_took(&result), since);
            if let Some(result) = self.as_mut().end(call, number, result) {
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
    ) -> Option<Result<T, Failure<E>>> {
        let timed_out = |call: &Call<'_, E>| Failure::Rejected(call.rejected(Reason::TimedOut));
        if first.is_some() && self.first_ends_at <= now {
            first.set(None);
            let this = self.as_mut().project();
            (*this.first_begins_at, *this.first_ends_at) = (Instant::ZERO, Bound::NEVER.at);
            call.count_work(Took::AtLeast);
            let failure = timed_out(call);
            if let Some(failure) = self.as_mut().end(call, 0, Err(failure)) {
                return Some(failure);
            }
        }
        for number in 1..=self.more.len() + 1 {
            let mut leg = self.as_mut().leg(number);
            if leg.future.is_none() || leg.ends_at > now {
                continue;
            }
            leg.as_mut().project().future.set(None);
            call.count_leg(Took::AtLeast, leg.since);
            let failure = timed_out(call);
            if let Some(failure) = self.as_mut().end(call, number, Err(failure)) {
                return Some(failure);
            }
        }
        None
    }

    /// Lets requests begin that chaos has delayed for long enough.
    fn begin_delayed(mut self: Pin<&mut Self>, call: &Call<'_, E>, now: Instant) {
        for number in 0..=self.more.len() + 1 {
            let begins_at = match number {
                0 => self.as_mut().project().first_begins_at,
                _ => self.as_mut().leg(number).project().begins_at,
            };
            if *begins_at > Instant::ZERO && *begins_at <= now {
                *begins_at = Instant::ZERO;
                call.tell_request_begins(number);
            }
        }
    }

    /// What the end of one request means: the result, if the attempt ends with one.
    fn end(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        request: usize,
        result: Result<T, Failure<E>>,
    ) -> Option<Result<T, Failure<E>>> {
        #[cfg(feature = "record")]
        call.tell(|call| EventKind::RequestEnded {
            request: request as u32,
            outcome: call.outcome_of(&result),
        });
        let this = self.as_mut().project();
        let outcome = match &result {
            Ok(_) => Outcome::Answer,
            Err(failure) => call.leg_outcome(failure),
        };
        let verdict = this.race.end(outcome);
        let result = match (verdict, result) {
            (Verdict::Ends, result) | (_, result @ Ok(_)) => result,
            (verdict, Err(failure)) => {
                let kept = match this.kept.take() {
                    Some(kept) if call.asks_for_more(&kept, &failure) => kept,
                    _ => failure,
                };
                if verdict != Verdict::Last {
                    *this.kept = Some(kept);
                    return None;
                }
                Err(kept)
            }
        };
        if request > 0 && result.is_ok() {
            call.policy.totals.count(Total::HedgeWon);
            events::hedge_won(call.policy, request as u32);
            #[cfg(feature = "record")]
            call.tell(|_| EventKind::HedgeWon { hedge: request as u32 });
        }
        self.count_losers(call);
        Some(result)
    }

    /// Sends a hedge, if the budget has a token for it. The failure, if that is one for the attempt.
    fn send<M: FnMut() -> F>(
        mut self: Pin<&mut Self>,
        call: &mut Call<'_, E>,
        make: &mut M,
        now: Instant,
    ) -> Option<Result<T, Failure<E>>> {
        let this = self.as_mut().project();
        let hedge = call.policy.hedge.as_ref()?;
        if hedge.budget().withdraw().is_err() {
            this.race.deny();
            call.policy.totals.count(Total::HedgeDenied);
            events::hedge_denied(call.policy);
            #[cfg(feature = "record")]
            call.tell(|_| EventKind::HedgeDenied);
            return None;
        }
        let delay = call.hedge_after();
        let number = this.race.start(now, delay);
        #[cfg(feature = "record")]
        call.tell(|_| EventKind::Hedged {
            hedge: number,
            delay: delay.filter(|_| this.race.next_at().is_some()),
        });
        call.policy.totals.count(Total::Hedged);
        let since = call.work_since().unwrap_or(now);
        events::hedged(call.policy, number, now.saturating_duration_since(since));
        let disturbed = call.disturb_request();
        let mut future = None;
        if disturbed.is_ok() {
            // In the scopes that it will be polled in, and as a part of the work if it panics.
            let _ = call.poll_work(|| {
                future = Some(make());
                Poll::Ready(())
            });
        }
        let begins_at = begins_at(now, disturbed.as_ref().ok().copied().flatten());
        let leg = Leg { future, since: now, begins_at, ends_at: call.leg_ends_at(now) };
        if number == 1 {
            self.as_mut().project().hedge.set(leg);
        } else {
            this.more.push(Box::pin(leg));
        }
        let failure = match disturbed {
            Ok(_) => {
                #[cfg(feature = "record")]
                if begins_at > Instant::ZERO {
                    call.tell(|_| EventKind::delayed(number, begins_at));
                }
                return None;
            }
            Err(failure) => failure,
        };
        self.end(call, number as usize, Err(failure))
    }

    /// The hedge of that number, counted from one.
    fn leg(self: Pin<&mut Self>, number: usize) -> Pin<&mut Leg<F>> {
        let this = self.project();
        match number.checked_sub(2).and_then(|index| this.more.get_mut(index)) {
            Some(leg) => leg.as_mut(),
            None => this.hedge,
        }
    }

    /// The next moment at which something is to be done.
    fn wakes_at(&self, call: &Call<'_, E>) -> Instant {
        let running = self.legs().filter(|leg| leg.future.is_some());
        let of_legs = running.flat_map(|leg| [leg.begins_at, leg.ends_at]);
        let of_first = [self.first_begins_at, self.first_ends_at];
        let due = of_legs.chain(of_first).chain(self.race.next_at()).chain([call.bound().at]);
        due.filter(|at| *at > Instant::ZERO).min().unwrap_or(Bound::NEVER.at)
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

    fn result_took<T>(&self, result: &Result<T, Failure<E>>) -> Took {
        match result {
            Ok(_) => Took::Exactly,
            Err(failure) => self.took(failure),
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
