use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::asking::Found;
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
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        loop {
            let next = match this.stage.as_mut().project() {
                StageNow::Asks { look_up, work } => match ready!(Pin::new(look_up).poll(cx)) {
                    Found::Answer(answer) => {
                        this.stage.set(Stage::Ended);
                        return Poll::Ready(answer.map_err(Failure::into_error));
                    }
                    Found::Lead(lead) => work.take().map(|work| (lead, work())),
                },
                StageNow::Works { lead, work } => {
                    let result = ready!(work.poll(cx)).map_err(Failure::Error);
                    let lead = lead.take();
                    this.stage.set(Stage::Ended);
                    let settled = match lead {
                        Some(lead) => {
                            lead.settle(result, const { &Classifier::by_fault() }, *this.sharing)
                        }
                        None => result,
                    };
                    return Poll::Ready(settled.map_err(Failure::into_error));
                }
                StageNow::Ended => None,
            };
            match next {
                Some((lead, work)) => this.stage.set(Stage::Works { lead: Some(lead), work }),
                None => panic!("a lookup that has ended was polled again"),
            }
        }
    }
}
