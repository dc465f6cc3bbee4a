use alloc::boxed::Box;
use core::any::Any;
use core::fmt;

use super::entry::AnyEntry;

/// Whether errors are given to all who wait for the same answer, and may be kept.
///
/// # Examples
///
/// ```
/// use reliability::resilience::cache::Sharing;
///
/// #[derive(Clone)]
/// struct NoSuchArticle;
///
/// assert!(Sharing::<NoSuchArticle>::errors().shares_errors());
/// assert!(!Sharing::<std::io::Error>::values().shares_errors());
/// ```
pub struct Sharing<E> {
    errors: Option<Errors<E>>,
}

struct Errors<E> {
    keep: fn(&E) -> Box<dyn Any + Send + Sync>,
    find: fn(&AnyEntry) -> Option<E>,
}

impl<E> Sharing<E> {
    /// An error is for the caller whose work it was. Of those who waited for its answer, the next
    /// one does its own work.
    pub const fn values() -> Self {
        Self { errors: None }
    }

    /// An error is for all who waited, and for those who come later as long as
    /// [`Negative`](super::Negative) says.
    pub const fn errors() -> Self
    where
        E: Clone + Send + Sync + 'static,
    {
        Self {
            errors: Some(Errors {
                keep: |error| Box::new(error.clone()),
                find: |entry| entry.as_error().cloned(),
            }),
        }
    }

    /// Whether errors are shared.
    pub const fn shares_errors(&self) -> bool {
        self.errors.is_some()
    }

    pub(super) fn keep(&self, error: &E) -> Option<Box<dyn Any + Send + Sync>> {
        self.errors.as_ref().map(|errors| (errors.keep)(error))
    }

    pub(super) fn find(&self, entry: &AnyEntry) -> Option<E> {
        self.errors.as_ref().and_then(|errors| (errors.find)(entry))
    }
}

// Derived impls would ask the same of `E`.
impl<E> Clone for Sharing<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Sharing<E> {}

impl<E> Clone for Errors<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Errors<E> {}

impl<E> fmt::Debug for Sharing<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sharing").field("errors", &self.shares_errors()).finish()
    }
}
