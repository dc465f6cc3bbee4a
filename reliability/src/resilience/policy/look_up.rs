use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::call::{Call, Phase};
#[cfg(feature = "record")]
use super::record::Looked;
use super::timer::Timer;
use crate::error::Failure;
use crate::resilience::cache::{Asking, Found, Key, Lead, Sharing, Value};

pin_project! {
    /// Looks up whether the answer of a call is known already; made by [`Call::look_up`].
    ///
    /// # Cancel safety
    ///
    /// As [`Call`]: dropping it leaves those who wait for the answer.
    ///
    /// # Examples
    ///
    /// See [`Call::look_up`].
    #[must_use = "futures do nothing unless polled"]
    pub struct LookUp<'c, 'a, K, T, E> {
        // None where the policy has no cache.
        asking: Option<Asking<'a, K, T, E>>,
        #[pin]
        timer: Timer,
        call: &'c mut Call<'a, E>,
    }
}

impl<'a, E> Call<'a, E> {
    /// Looks the answer up in the policy's cache: an answer ends the call, and the lead is the right
    /// to make it. Waits while another call has the lead, under the deadline if that is written
    /// outside of `cache`.
    ///
    /// Give what came of the call to [`settle`](Call::settle). Where the policy has no cache it is
    /// always the lead, and `settle` does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::resilience::Invalid> {
    /// use reliability::error::Rejected;
    /// use reliability::resilience::cache::{Cache, Found, Sharing};
    /// use reliability::resilience::{Call, Classifier, Policy};
    ///
    /// let policy = Policy::builder("price").cache(Cache::standard("price")).build()?;
    ///
    /// let (errors, sharing) = (Classifier::<Rejected>::by_fault(), Sharing::errors());
    /// let mut call = Call::new(&policy, &errors);
    /// let price = match call.look_up("tea", sharing).await {
    ///     Found::Answer(answer) => answer,
    ///     Found::Lead(lead) => {
    ///         let outcome = call.attempt(async { Ok(299_u32) }).await;
    ///         let result = call.conclude(outcome);
    ///         call.settle(lead, result, sharing)
    ///     }
    /// };
    /// assert_eq!(price, Ok(299));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn look_up<K: Key, T: Value>(
        &mut self,
        key: K,
        sharing: Sharing<E>,
    ) -> LookUp<'_, 'a, K, T, E> {
        let cache = self.policy.cache.as_ref();
        let asking = cache.map(|cache| Asking::new(cache, key, sharing));
        LookUp { asking, timer: Timer::idle(), call: self }
    }

    /// Gives what came of the call to those who wait for it, and keeps it: [`Lead::settle`] with what
    /// this call makes of errors.
    ///
    /// # Errors
    ///
    /// The failure that it was given.
    #[inline]
    pub fn settle<T>(
        &self,
        lead: Lead<T>,
        result: Result<T, Failure<E>>,
        sharing: Sharing<E>,
    ) -> Result<T, Failure<E>> {
        #[cfg(feature = "record")]
        let (key, failed) = (lead.hashed_key(), result.is_err());
        let _turn = self.turn();
        let settled = lead.settle(result, self.classifier, sharing);
        #[cfg(feature = "record")]
        if let Some(key) = key {
            self.tell_settled(key, failed && settled.is_ok());
        }
        settled
    }

    /// Ends a call that another one takes the place of: it is not counted.
    pub(crate) fn pass_on(mut self) {
        self.phase = Phase::Finished;
    }
}

impl<K: Key, T: Value, E> Future for LookUp<'_, '_, K, T, E> {
    type Output = Found<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(asking) = this.asking else {
            return Poll::Ready(Found::Lead(Lead::of_nothing()));
        };
        let _turn = this.call.turn();
        #[cfg(feature = "record")]
        this.call.tell_begun();
        let found = asking.poll_found(cx);
        #[cfg(feature = "record")]
        if let Poll::Ready(found) = &found {
            this.call.tell_found(asking, found, this.timer.is_armed());
        }
        match found {
            Poll::Ready(Found::Answer(answer)) => {
                return Poll::Ready(Found::Answer(this.call.conclude(answer)));
            }
            Poll::Ready(lead) => return Poll::Ready(lead),
            Poll::Pending => {}
        }
        if !this.timer.is_armed() {
            #[cfg(feature = "record")]
            this.call.tell_looked(asking.question(), Looked::Joined);
            let bound = this.call.begin_look_up(asking.cache().settings().wait);
            this.timer.as_mut().arm(bound.at);
        }
        ready!(this.timer.poll_fired(cx));
        #[cfg(feature = "record")]
        this.call.tell_looked(asking.question(), Looked::GaveUp);
        let rejected = asking.give_up(this.call.expiry());
        let answer = this.call.conclude(Err(Failure::Rejected(rejected)));
        Poll::Ready(Found::Answer(answer))
    }
}

#[cfg(feature = "record")]
impl<E> Call<'_, E> {
    fn tell_found<K: Key, T: Value>(
        &self,
        asking: &Asking<'_, K, T, E>,
        found: &Found<T, E>,
        joined: bool,
    ) {
        let looked = match found {
            Found::Answer(_) if joined => Looked::Coalesced,
            Found::Answer(Err(_)) => Looked::NegativeHit,
            Found::Answer(Ok(_)) if asking.is_stale() => Looked::Stale,
            Found::Answer(Ok(_)) => Looked::Hit,
            Found::Lead(_) if joined => Looked::HandedOver,
            Found::Lead(lead) if lead.stale().is_some() => Looked::Refresh,
            Found::Lead(_) => Looked::Miss,
        };
        self.tell_looked(asking.question(), looked);
    }
}

impl<K, T, E> fmt::Debug for LookUp<'_, '_, K, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookUp").field("call", &self.call).finish_non_exhaustive()
    }
}
