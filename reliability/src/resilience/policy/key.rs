use alloc::sync::Arc;
use core::cell::RefCell;
use core::fmt;
use core::mem::ManuallyDrop;

/// The key under which the other side recognises the attempts of one call as one call.
///
/// Declared by `#[resilient(idempotency_key = expr)]`, evaluated once per call, the same for every
/// attempt. Inside the body [`IdempotencyKey::current`] tells it.
///
/// # Examples
///
/// ```
/// use reliability::resilience::IdempotencyKey;
///
/// let key = IdempotencyKey::new("order-17");
/// assert_eq!(key.header(), ("Idempotency-Key", "order-17"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

std::thread_local! {
    static CURRENT: RefCell<Option<IdempotencyKey>> = const { RefCell::new(None) };
}

impl IdempotencyKey {
    /// The key with that text.
    pub fn new(key: impl fmt::Display) -> Self {
        Self(alloc::format!("{key}").into())
    }

    /// The key of the call whose body, or fallback, is running; of the next one around it, if that
    /// declared none. Tasks that are spawned do not inherit it.
    pub fn current() -> Option<Self> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Name and value of the HTTP header that carries it.
    ///
    /// The name is the one of the IETF draft "The Idempotency-Key HTTP Header Field". The value is
    /// as it was given: whether it is fit for a header is for the HTTP library to check.
    pub fn header(&self) -> (&'static str, &str) {
        ("Idempotency-Key", &self.0)
    }

    /// Lets the code that follows read the key, until the guard is dropped.
    #[inline(never)]
    pub(super) fn enter(&self) -> Entered {
        Entered { outer: ManuallyDrop::new(replace(Some(self.clone()))) }
    }
}

fn replace(key: Option<IdempotencyKey>) -> Option<IdempotencyKey> {
    CURRENT.try_with(|current| current.replace(key)).ok().flatten()
}

/// Puts the outer key back when it is dropped, also when the work panics.
#[must_use = "the key is taken away as soon as the guard is dropped"]
pub(super) struct Entered {
    // Given away whole when it is dropped, so that nothing is left to drop after that: it stands in
    // the future of every caller, and few calls have a key.
    outer: ManuallyDrop<Option<IdempotencyKey>>,
}

impl Drop for Entered {
    // A call, so that it is no more than that there.
    #[inline(never)]
    fn drop(&mut self) {
        drop(replace(self.outer.take()));
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IdempotencyKey").field(&self.as_str()).finish()
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
