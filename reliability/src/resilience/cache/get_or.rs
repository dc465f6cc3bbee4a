use core::future::Future;
use core::mem;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::asking::{Begun, Found, Led};
use super::inner::Glance;
use super::{Key, Lead, LookUp, Sharing, Value};
use crate::error::{Failure, Fault, Rejected};
use crate::resilience::Classifier;

pin_project! {
    /// Looks a key up, and does the work where there is no answer. Written out, because what the
    /// compiler makes of it is twice as large, and who finds an answer has to carry it all the same.
    pub(super) struct GetOr<'c, K, T, E, F, Fut> {
        #[pin]
        stage: Stage<'c, K, T, E, F, Fut>,
        // Behind the work, so that nobody else begins before that is gone; and not within the stage:
        // it is written and settled where it lies, for what is handed from hand to hand is copied.
        lead: Lead<T>,
        sharing: Sharing<E>,
    }
}

pin_project! {
    #[project = StageNow]
    enum Stage<'c, K, T, E, F, Fut> {
        Asks { look_up: LookUp<'c, K, T, E>, work: Option<F> },
        Works { #[pin] work: Fut },
        Ended,
    }
}

impl<'c, K, T, E, F, Fut> GetOr<'c, K, T, E, F, Fut> {
    #[inline]
    pub(super) fn new(look_up: LookUp<'c, K, T, E>, sharing: Sharing<E>, work: F) -> Self {
        let stage = Stage::Asks { look_up, work: Some(work) };
        Self { stage, lead: Lead::of_nothing(), sharing }
    }
}

impl<K, T, E, F, Fut> Future for GetOr<'_, K, T, E, F, Fut>
where
    K: Key,
    T: Value,
    E: Fault + From<Rejected>,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        if let StageNow::Asks { look_up, work } = self.as_mut().project().stage.project()
            && work.is_some()
        {
            return match look_up.begin() {
                Begun::Answer(answer) => {
                    *work = None;
                    Poll::Ready(answer.map_err(Failure::into_error))
                }
                Begun::Nothing(turn) => self.miss(turn, cx),
                Begun::Old(glance) => self.go_on(Some(glance), cx),
                Begun::Waits => self.go_on(None, cx),
            };
        }
        self.work(cx)
    }
}

impl<K, T, E, F, Fut> GetOr<'_, K, T, E, F, Fut>
where
    K: Key,
    T: Value,
    E: Fault + From<Rejected>,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    /// Nothing is there, and mostly nobody works on it.
    #[inline(never)]
    fn miss(mut self: Pin<&mut Self>, turn: u64, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.as_mut().project();
        if let StageNow::Asks { look_up, work } = this.stage.as_mut().project() {
            match look_up.lead_at_once(turn, this.lead) {
                Led::InPlace => {
                    if let Some(work) = work.take() {
                        let work = this.lead.make(work);
                        this.stage.set(Stage::Works { work });
                    }
                }
                Led::Found(found) => return self.found(found, cx),
                Led::Not => return self.go_on(None, cx),
            }
        }
        self.work(cx)
    }

    #[cold]
    #[inline(never)]
    fn go_on(
        mut self: Pin<&mut Self>,
        glance: Option<Glance>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>> {
        if let StageNow::Asks { look_up, .. } = self.as_mut().project().stage.project() {
            let found = ready!(look_up.go_on(glance, cx));
            return self.found(found, cx);
        }
        self.work(cx)
    }

    #[cold]
    #[inline(never)]
    fn found(
        mut self: Pin<&mut Self>,
        found: Found<T, E>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>> {
        let mut this = self.as_mut().project();
        if let StageNow::Asks { work, .. } = this.stage.as_mut().project() {
            match (found, work.take()) {
                (Found::Lead(lead), Some(work)) => {
                    let work = work();
                    *this.lead = lead;
                    this.stage.set(Stage::Works { work });
                }
                (Found::Answer(answer), _) => {
                    return Poll::Ready(answer.map_err(Failure::into_error));
                }
                (Found::Lead(_), None) => {}
            }
        }
        self.work(cx)
    }

    #[inline]
    fn work(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        let StageNow::Works { work } = this.stage.as_mut().project() else {
            panic!("a lookup that has ended was polled again");
        };
        let result = ready!(work.poll(cx));
        this.stage.set(Stage::Ended);
        match result {
            Ok(value) => {
                this.lead.land_value(&value);
                Poll::Ready(Ok(value))
            }
            Err(error) => {
                let lead = mem::replace(this.lead, Lead::of_nothing());
                let errors = const { &Classifier::by_fault() };
                let settled = lead.settle(Err(Failure::Error(error)), errors, *this.sharing);
                Poll::Ready(settled.map_err(Failure::into_error))
            }
        }
    }
}
