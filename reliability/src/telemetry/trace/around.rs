use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::OpenSpan;
use super::current::Entered;

pin_project! {
    /// A future that runs inside of a span; made by [`OpenSpan::around`].
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use reliability::telemetry::trace::span;
    ///
    /// let order = span("order").begin();
    /// let price = order.around(async { 299 }).await;
    /// assert_eq!(price, 299);
    /// order.end();
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Around<'a, F> {
        // Fields are dropped in this order: what the future drops is still inside.
        #[pin]
        future: F,
        leave: Option<Entered>,
        span: &'a OpenSpan,
    }

    impl<F> PinnedDrop for Around<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            *this.leave = this.span.enter();
        }
    }
}

impl<'a, F> Around<'a, F> {
    pub(super) const fn new(span: &'a OpenSpan, future: F) -> Self {
        Self { future, leave: None, span }
    }
}

impl<F: Future> Future for Around<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.enter();
        this.future.poll(cx)
    }
}
