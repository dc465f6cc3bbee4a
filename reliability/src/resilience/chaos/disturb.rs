use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use super::{Chaos, Injection};
use crate::error::Rejected;

pin_project! {
    /// Work that may be delayed, fail or hang before it begins; made by [`Chaos::disturb`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the work; work that is delayed or hangs has not begun.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use reliability::error::{Reason, Rejected};
    /// use reliability::resilience::chaos::Chaos;
    ///
    /// let chaos = Chaos::builder("inventory").error(1.0).build()?;
    /// let stock = async || chaos.disturb(async { Ok::<_, Rejected>(42) }).await;
    /// assert_eq!(stock().await?, 42);
    ///
    /// let on = chaos.while_held();
    /// assert_eq!(stock().await.unwrap_err().reason(), Reason::Injected);
    /// drop(on);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Disturb<'a, F> {
        #[pin]
        work: F,
        #[pin]
        delay: Option<Sleep>,
        stage: Stage,
        chaos: &'a Chaos,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Undecided,
    Delayed,
    Hanging,
    Working,
}

impl<'a, F> Disturb<'a, F> {
    pub(super) fn new(chaos: &'a Chaos, work: F) -> Self {
        Self { work, delay: None, stage: Stage::Undecided, chaos }
    }
}

impl<F, T, E> Future for Disturb<'_, F>
where
    F: Future<Output = Result<T, E>>,
    E: From<Rejected>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if *this.stage == Stage::Undecided {
            match this.chaos.strike() {
                Injection::Nothing => *this.stage = Stage::Working,
                Injection::Error => return Poll::Ready(Err(this.chaos.rejected().into())),
                Injection::Hang => *this.stage = Stage::Hanging,
                Injection::Latency(latency) => {
                    this.delay.set(Some(tokio::time::sleep(latency)));
                    *this.stage = Stage::Delayed;
                }
            }
        }
        if *this.stage == Stage::Hanging {
            return Poll::Pending;
        }
        if let Some(delay) = this.delay.as_mut().as_pin_mut() {
            ready!(delay.poll(cx));
            this.delay.set(None);
            *this.stage = Stage::Working;
        }
        this.work.poll(cx)
    }
}

impl<F> fmt::Debug for Disturb<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disturb")
            .field("chaos", self.chaos)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
