use alloc::boxed::Box;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, ready};
use core::time::Duration;

use pin_project_lite::pin_project;
use tower_service::Service;

use super::Rules;
use super::ask::{Ask, Asking};
use super::classify::{ClassifyError, ClassifyResponse};
use super::describe::Describe;
use super::drive::ErrorOf;
use super::failed::Judged;
use super::fallback::Answer;
use super::refuse::{Refuse, reply};
use super::repeat::{Repeat, Word};
use crate::error::{Failure, Fault};
use crate::resilience::policy::Timed;
use crate::resilience::{Bulkhead, Call, Classifier, Policy};

pin_project! {
    /// One call of a service, from its first attempt to the fallback, under a policy that sends one
    /// request at a time.
    ///
    /// A future with a name and not an `async fn`: so it lies where its caller wants it, and what most
    /// calls do is one function.
    pub struct Driving<'a, S, Req, F, B, K, J, R> {
        // Before the call: a place is free when nobody is in it.
        #[pin]
        asking: Asking<S, Req, F>,
        answer: Option<Pin<Box<B>>>,
        // The service and the request once more, if another attempt may follow.
        again: Option<(S, Req)>,
        kept: Option<K>,
        #[pin]
        timed: Timed<'a, J>,
        rules: R,
        stage: Stage,
    }
}

/// That of a service and its rules, under a policy that lives as long as any call.
pub(super) type DrivingOf<S, Req, Q, V, A, X, B, C, W> = Driving<
    'static,
    S,
    Req,
    <S as Service<Req>>::Future,
    <B as Answer<Req, <S as Service<Req>>::Response, <S as Service<Req>>::Error>>::Future,
    <B as Answer<Req, <S as Service<Req>>::Response, <S as Service<Req>>::Error>>::Kept,
    ErrorOf<S, Req, V, A>,
    Rules<Q, V, A, X, B, C, W>,
>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody has polled it.
    Unbegun,
    Attempt,
    Pause(Duration),
    Fallback,
    /// The answer is given away.
    Over,
}

impl<'a, S, Req, B, K, J, R> Driving<'a, S, Req, S::Future, B, K, J, R>
where
    S: Service<Req>,
    J: Fault,
{
    #[inline]
    pub(super) fn new(policy: &'a Policy, rules: R, service: S, request: Req) -> Self {
        Self {
            asking: Asking::new(service, request),
            answer: None,
            again: None,
            kept: None,
            timed: Timed::new(Call::new(policy, const { &Classifier::by_fault() })),
            rules,
            stage: Stage::Unbegun,
        }
    }
}

/// The answer of the call.
type Ended<S, Req, X> = Result<
    <S as Service<Req>>::Response,
    <X as Refuse<<S as Service<Req>>::Response, <S as Service<Req>>::Error>>::Error,
>;

impl<S, Req, Q, V, A, X, B, C, W> Future
    for Driving<
        '_,
        S,
        Req,
        S::Future,
        B::Future,
        B::Kept,
        ErrorOf<S, Req, V, A>,
        Rules<Q, V, A, X, B, C, W>,
    >
where
    S: Service<Req> + Clone,
    Q: Repeat<Req>,
    V: ClassifyError<S::Error>,
    A: ClassifyResponse<S::Response>,
    X: Refuse<S::Response, S::Error>,
    B: Answer<Req, S::Response, S::Error>,
    W: Describe<Req>,
{
    type Output = Ended<S, Req, X>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.stage == Stage::Unbegun {
            self.as_mut().begin();
        }
        loop {
            let mut this = self.as_mut().project();
            if *this.stage != Stage::Attempt {
                match ready!(self.as_mut().poll_apart(cx)) {
                    Some(ended) => return Poll::Ready(ended),
                    None => continue,
                }
            }
            if !this.timed.as_mut().enter_at_once() {
                if let Some(bulkhead) = self.as_mut().refuse_at_once() {
                    return self.answer_refused(bulkhead);
                }
                match ready!(self.as_mut().poll_entry(cx)) {
                    Entry::LetIn => this = self.as_mut().project(),
                    Entry::Refused(Some(ended)) => return Poll::Ready(ended),
                    Entry::Refused(None) => continue,
                }
            }
            let mut aside = None;
            let ask = |cx: &mut Context<'_>| {
                let asking = this.asking.as_mut();
                let ask = pin!(Ask::new(asking, &this.rules.errors, &this.rules.responses));
                match ready!(ask.poll(cx)) {
                    Ok(response) => Poll::Ready(Some(response)),
                    Err(error) => {
                        aside = Some(Failure::Error(error));
                        Poll::Ready(None)
                    }
                }
            };
            let worked = ready!(this.timed.as_mut().poll_work(ask, cx));
            if let Ok(Some(response)) = worked {
                // Before its outcome is judged: the call gives back what it holds then.
                this.asking.set(Asking::Nothing);
                this.timed.succeed();
                *this.again = None;
                *this.kept = None;
                *this.stage = Stage::Over;
                return Poll::Ready(Ok(response));
            }
            if let Some(failure) = worked.err().or(aside)
                && let Some(ended) = self.as_mut().judge(failure)
            {
                return Poll::Ready(ended);
            }
        }
    }
}

/// Whether an attempt was let in.
enum Entry<T> {
    LetIn,
    /// The end of the call, or nothing if another attempt is to follow.
    Refused(Option<T>),
}

impl<'a, S, Req, Q, V, A, X, B, C, W>
    Driving<
        'a,
        S,
        Req,
        S::Future,
        B::Future,
        B::Kept,
        ErrorOf<S, Req, V, A>,
        Rules<Q, V, A, X, B, C, W>,
    >
where
    S: Service<Req> + Clone,
    Q: Repeat<Req>,
    V: ClassifyError<S::Error>,
    A: ClassifyResponse<S::Response>,
    X: Refuse<S::Response, S::Error>,
    B: Answer<Req, S::Response, S::Error>,
    W: Describe<Req>,
{
    /// Asks the rules about the request, and begins the first attempt.
    #[inline(always)]
    fn begin(mut self: Pin<&mut Self>) {
        let this = self.as_mut().project();
        if let Some((_, request)) = this.asking.unasked() {
            let call = this.timed.call();
            match this.rules.repeat.word(request) {
                Word::Once => call.limit_to_one_attempt(),
                Word::Idempotent => {}
                Word::Key(key) => call.set_idempotency_key(key),
            }
            call.set_priority(this.rules.description.priority(request));
            call.set_rate_limit_key(this.rules.description.rate_limit_key(request));
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            if let Some(key) = this.rules.description.shared_rate_limit_key(request) {
                call.set_shared_rate_limit_key(key);
            }
            *this.kept = this.rules.fallback.keep(request);
        }
        self.begin_attempt();
    }

    /// A request that cannot be copied is made once, and this attempt is the last.
    #[inline(always)]
    fn begin_attempt(self: Pin<&mut Self>) {
        let this = self.project();
        let call = this.timed.call();
        if call.may_retry()
            && let Some((service, request)) = this.asking.unasked()
        {
            let copy = this.rules.repeat.copy(request);
            *this.again = copy.map(|copy| (service.clone(), copy));
        }
        call.begin_attempt();
        *this.stage = Stage::Attempt;
    }

    /// Ends the call where it is refused at once, and there is nothing else to it: who refuses it.
    #[inline(never)]
    fn refuse_at_once(self: Pin<&mut Self>) -> Option<&'a Bulkhead> {
        let mut this = self.project();
        if this.again.is_some() || this.kept.is_some() {
            return None;
        }
        let bulkhead = this.timed.as_mut().end_refused()?;
        this.asking.set(Asking::Nothing);
        *this.stage = Stage::Over;
        Some(bulkhead)
    }

    /// By itself, made here and answered as the call is: a refusal is much larger than most answers,
    /// and each time that it is packed otherwise it is copied, and waited for.
    #[inline(never)]
    fn answer_refused(self: Pin<&mut Self>, bulkhead: &Bulkhead) -> Poll<Ended<S, Req, X>> {
        Poll::Ready(self.rules.refuse.refuse(bulkhead.full()))
    }

    /// Lets an attempt in that was not let in at once.
    #[cold]
    #[inline(never)]
    fn poll_entry(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Entry<Ended<S, Req, X>>> {
        let this = self.as_mut().project();
        Poll::Ready(match ready!(this.timed.poll_entry(cx)) {
            Ok(()) => Entry::LetIn,
            Err(failure) => Entry::Refused(self.judge(failure)),
        })
    }

    /// After an attempt that failed: the end of the call, or nothing if there is more to do.
    #[cold]
    fn judge(
        self: Pin<&mut Self>,
        failure: Failure<ErrorOf<S, Req, V, A>>,
    ) -> Option<Ended<S, Req, X>> {
        let mut this = self.project();
        // Before the call gives back what it holds.
        this.asking.set(Asking::Nothing);
        if let Some(pause) = this.timed.as_mut().pause_after(&failure, this.again.is_some()) {
            *this.stage = Stage::Pause(pause);
            return None;
        }
        *this.again = None;
        *this.stage = Stage::Over;
        let kept = this.kept.take().filter(|_| this.timed.call().wants_fallback(&failure));
        let failed = failure.into_error().failed();
        match kept {
            Some(kept) => {
                // What few calls need is not a part of every call's future.
                *this.answer = Some(Box::pin(this.rules.fallback.answer(kept, failed)));
                *this.stage = Stage::Fallback;
                None
            }
            None => Some(reply(&this.rules.refuse, failed)),
        }
    }

    /// All that is not an attempt. Ready with the end of the call, or with nothing when the next
    /// attempt has begun.
    #[inline(never)]
    fn poll_apart(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Ended<S, Req, X>>> {
        let mut this = self.as_mut().project();
        match (*this.stage, this.answer) {
            (Stage::Pause(pause), _) => {
                ready!(this.timed.poll_pause(pause, cx));
                if let Some((service, request)) = this.again.take() {
                    this.asking.set(Asking::new(service, request));
                }
                self.begin_attempt();
                Poll::Ready(None)
            }
            (Stage::Fallback, Some(answer)) => {
                let errors = &this.rules.errors;
                let work = |cx: &mut Context<'_>| {
                    answer.as_mut().poll(cx).map_err(|error| {
                        let verdict = errors.judge(&error);
                        Judged::Error(error, verdict)
                    })
                };
                let answered = ready!(this.timed.poll_fall_back(work, cx));
                *this.stage = Stage::Over;
                let failed = answered.map_err(Judged::failed);
                let ended = failed.or_else(|failed| reply(&this.rules.refuse, failed));
                // What it holds is given back with the answer, and not with the call.
                *self.project().answer = None;
                Poll::Ready(Some(ended))
            }
            _ => panic!("a call that has ended was polled again"),
        }
    }
}
