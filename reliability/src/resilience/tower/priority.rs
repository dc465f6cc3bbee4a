use core::fmt;

use crate::resilience::concurrency_limit::Priority;

/// How much a request matters; implemented by what the setters of a
/// [`PolicyLayer`](super::PolicyLayer) leave behind.
///
/// # Examples
///
/// See [`PolicyLayer::priority`](super::PolicyLayer::priority).
pub trait Prioritise<Req> {
    /// The priority of that request.
    fn priority(&self, request: &Req) -> Priority;
}

/// All requests are critical: what a layer does unless it is told otherwise.
///
/// # Examples
///
/// See [`PolicyLayer`](super::PolicyLayer).
#[derive(Debug, Clone, Copy, Default)]
pub struct AllCritical;

impl<Req> Prioritise<Req> for AllCritical {
    #[inline]
    fn priority(&self, _: &Req) -> Priority {
        Priority::Critical
    }
}

/// A function says it; left behind by [`priority`](super::PolicyLayer::priority).
///
/// # Examples
///
/// See [`PolicyLayer::priority`](super::PolicyLayer::priority).
#[derive(Clone, Copy)]
pub struct PriorityBy<F>(pub(super) F);

impl<Req, F: Fn(&Req) -> Priority> Prioritise<Req> for PriorityBy<F> {
    fn priority(&self, request: &Req) -> Priority {
        (self.0)(request)
    }
}

impl<F> fmt::Debug for PriorityBy<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PriorityBy").finish_non_exhaustive()
    }
}
