use alloc::sync::Arc;
use core::borrow::Borrow;
use core::future::Future;

use super::future::{InPlace, ResponseFuture};
use crate::resilience::Policy;

/// How a [`PolicyService`](super::PolicyService) holds its policy; implemented by all that one can be
/// held by.
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
