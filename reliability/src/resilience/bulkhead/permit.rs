use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::handle::Shared;

/// A place inside a [`Bulkhead`](super::Bulkhead), given back when it is dropped.
///
/// That covers every way out: the end of the call, an early `?`, a panic, and a future that is
/// cancelled. Only `mem::forget` keeps the place for ever.
///
/// # Examples
///
/// ```
/// use reliability::resilience::bulkhead::Bulkhead;
///
/// let bulkhead = Bulkhead::builder("inventory").concurrent(1).build()?;
/// let permit = bulkhead.try_enter()?;
/// assert_eq!(bulkhead.in_use(), 1);
/// drop(permit);
/// assert_eq!(bulkhead.in_use(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the place is given back as soon as the permit is dropped"]
pub struct Permit<'a>(pub(crate) Held<&'a Shared>);

/// A [`Permit`] that keeps its bulkhead alive, and so can move into a task.
///
/// # Examples
///
/// ```
/// use reliability::resilience::bulkhead::Bulkhead;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bulkhead = Bulkhead::builder("inventory").concurrent(1).build()?;
/// let permit = bulkhead.enter_owned().await?;
/// let task = tokio::spawn(async move {
///     // ... the work that needs the place ...
///     drop(permit);
/// });
/// task.await?;
/// assert_eq!(bulkhead.in_use(), 0);
/// # Ok(())
/// # }
/// ```
#[must_use = "the place is given back as soon as the permit is dropped"]
pub struct OwnedPermit(pub(super) Held<Arc<Shared>>);

/// One place, held by whatever leads to the gate.
pub(crate) struct Held<H: Deref<Target = Shared>>(pub(super) H);

impl<H: Deref<Target = Shared>> Drop for Held<H> {
    #[inline]
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Permit").field(&self.0.0.name).finish()
    }
}

impl fmt::Debug for OwnedPermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedPermit").field(&self.0.0.name).finish()
    }
}
