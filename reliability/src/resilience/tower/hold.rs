use alloc::sync::Arc;
use core::borrow::Borrow;
use core::future::Future;

use super::future::{InPlace, ResponseFuture};
use crate::resilience::Policy;

/// How a [`PolicyService`](super::PolicyService) holds its policy; implemented by all that one can be
/// held by.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::LazyLock;
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::Policy;
/// use reliability::resilience::tower::PolicyLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// // One that lives as long as the process: its calls allocate nothing.
/// static PRICES: LazyLock<Policy> = LazyLock::new(|| {
///     Policy::builder("price").timeout(Duration::from_secs(1)).build().expect("it makes sense")
/// });
///
/// let policy: &'static Policy = &PRICES;
/// let prices = PolicyLayer::new(policy)
///     .layer(service_fn(|_: &'static str| async { Ok::<_, Rejected>(299) }));
/// assert_eq!(prices.oneshot("tea").await?, 299);
/// # Ok(())
/// # }
/// ```
pub trait HoldPolicy: Borrow<Policy> + Clone + Send + Sync + Sized + 'static {
    /// What a call is awaited with.
    #[doc(hidden)]
    type Future<Res, E, D>: Future<Output = Result<Res, E>>
    where
        D: Future<Output = Result<Res, E>>;

    /// Begins a call: in place where the policy lives as long as any call.
    #[doc(hidden)]
    fn begin<Res, E, D, T>(
        &self,
        parts: T,
        in_place: impl FnOnce(&'static Policy, T) -> D,
        boxed: impl FnOnce(Self, T) -> ResponseFuture<Res, E>,
    ) -> Self::Future<Res, E, D>
    where
        D: Future<Output = Result<Res, E>>;
}

/// Calls share nothing, and each is one future.
impl HoldPolicy for &'static Policy {
    type Future<Res, E, D>
        = InPlace<D>
    where
        D: Future<Output = Result<Res, E>>;

    #[inline]
    fn begin<Res, E, D, T>(
        &self,
        parts: T,
        in_place: impl FnOnce(&'static Policy, T) -> D,
        boxed: impl FnOnce(Self, T) -> ResponseFuture<Res, E>,
    ) -> Self::Future<Res, E, D>
    where
        D: Future<Output = Result<Res, E>>,
    {
        if self.sends_one_request_at_a_time() {
            InPlace::new(in_place(self, parts))
        } else {
            InPlace::boxed(boxed(self, parts))
        }
    }
}

macro_rules! hold_shared {
    ($($shared:ty),*) => {$(
        /// A call holds its policy and borrows from it, so it is boxed.
        impl HoldPolicy for $shared {
            type Future<Res, E, D>
                = ResponseFuture<Res, E>
            where
                D: Future<Output = Result<Res, E>>;

            #[inline]
            fn begin<Res, E, D, T>(
                &self,
                parts: T,
                _: impl FnOnce(&'static Policy, T) -> D,
                boxed: impl FnOnce(Self, T) -> ResponseFuture<Res, E>,
            ) -> Self::Future<Res, E, D>
            where
                D: Future<Output = Result<Res, E>>,
            {
                boxed(self.clone(), parts)
            }
        }
    )*};
}

hold_shared!(Policy, Arc<Policy>);
