use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::asking::Found;
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
        sharing: Sharing<E>,
    }
}

pin_project! {
    #[project = StageNow]
    enum Stage<'c, K, T, E, F, Fut> {
        Asks { look_up: LookUp<'c, K, T, E>, work: Option<F> },
        Works { lead: Option<Lead<T>>, #[pin] work: Fut },
        Ended,
    }
}

impl<'c, K, T, E, F, Fut> GetOr<'c, K, T, E, F, Fut> {
    #[inline]
    pub(super) fn new(look_up: LookUp<'c, K, T, E>, sharing: Sharing<E>, work: F) -> Self {
        Self { stage: Stage::Asks { look_up, work: Some(work) }, sharing }
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
        let mut seen = None;
        if let StageNow::Asks { look_up, work } = self.as_mut().project().stage.project()
            && work.is_some()
        {
            match look_up.begin() {
                Ok(answer) => {
                    *work = None;
                    return Poll::Ready(answer.map_err(Failure::into_error));
                }
                Err(glance) => seen = glance,
            }
        }
        self.go_on(seen, cx)
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
    #[inline(never)]
    fn go_on(
        self: Pin<&mut Self>,
        glance: Option<Glance>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<T, E>> {
        let mut this = self.project();
        if let StageNow::Asks { look_up, work } = this.stage.as_mut().project()
            && work.is_some()
        {
            let found = ready!(look_up.go_on(glance, cx));
            match (found, work.take()) {
                (Found::Lead(lead), Some(work)) => {
                    this.stage.set(Stage::Works { lead: Some(lead), work: work() });
                }
                (Found::Answer(answer), _) => {
                    return Poll::Ready(answer.map_err(Failure::into_error));
                }
                (Found::Lead(_), None) => {}
            }
        }
        let StageNow::Works { lead, work } = this.stage.as_mut().project() else {
            panic!("a lookup that has ended was polled again");
        };
        let result = ready!(work.poll(cx)).map_err(Failure::Error);
        let lead = lead.take();
        this.stage.set(Stage::Ended);
        let settled = match lead {
            Some(lead) => lead.settle(result, const { &Classifier::by_fault() }, *this.sharing),
            None => result,
        };
        Poll::Ready(settled.map_err(Failure::into_error))
    }
}
