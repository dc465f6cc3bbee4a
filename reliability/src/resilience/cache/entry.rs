//! What is kept under a key, and how old it is: pure, with the time as an argument.

use alloc::sync::Arc;
use core::any::Any;
use core::time::Duration;

use super::key::StoredKey;
use super::settings::LiveSettings;
use crate::error::Class;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::time::Instant;

/// What a cached function may return.
///
/// Implemented for all types that are `Clone + Send + Sync + 'static`: every caller gets a clone.
/// What is costly to clone goes into an `Arc`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache",
    label = "must be `Clone + Send + Sync + 'static`",
    note = "every caller gets a clone of what the cache holds, on whatever thread it is: derive `Clone` for `{Self}`, return what it borrows by value, or put it into an `Arc`"
)]
pub trait Value: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Value for T {}

/// An answer and when it came, whatever its type.
pub(crate) type AnyEntry = Entry<dyn Any + Send + Sync>;

pub(crate) struct Entry<T: ?Sized> {
    key: StoredKey,
    since: Instant,
    /// The class of an error; of a value, none.
    class: Option<Class>,
    /// After a refresh that failed: when the next one may be tried.
    refresh_at_nanos: AtomicU64,
    /// Another answer has taken its place, or none.
    retired: AtomicBool,
    content: T,
}

/// How old an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// An answer for everybody.
    Fresh,
    /// An answer for those who would otherwise wait or get an error.
    Stale,
    /// No answer.
    Gone,
}

impl<T: Send + Sync + 'static> Entry<T> {
    pub(super) fn value(key: StoredKey, value: T, since: Instant) -> Arc<AnyEntry> {
        Self::new(key, value, since, None)
    }

    pub(super) fn error(key: StoredKey, error: T, class: Class, since: Instant) -> Arc<AnyEntry> {
        Self::new(key, error, since, Some(class))
    }

    fn new(key: StoredKey, content: T, since: Instant, class: Option<Class>) -> Arc<AnyEntry> {
        let (refresh_at_nanos, retired) = (AtomicU64::new(0), AtomicBool::new(false));
        Arc::new(Self { key, since, class, refresh_at_nanos, retired, content })
    }
}

impl AnyEntry {
    pub(super) fn key(&self) -> &StoredKey {
        &self.key
    }

    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.key.hash()
    }

    pub(super) fn has_key_of(&self, other: &AnyEntry) -> bool {
        self.key == other.key
    }

    /// It is no answer any more, wherever it is still found. True if it was one.
    pub(super) fn retire(&self) -> bool {
        !self.retired.swap(true, Ordering::AcqRel)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// The value, if it is one and of that type.
    #[inline]
    pub(super) fn as_value<T: 'static>(&self) -> Option<&T> {
        if self.is_error() { None } else { self.content.downcast_ref() }
    }

    /// The error, if it is one and of that type.
    pub(super) fn as_error<E: 'static>(&self) -> Option<&E> {
        if self.is_error() { self.content.downcast_ref() } else { None }
    }

    pub(super) fn is_error(&self) -> bool {
        self.class.is_some()
    }

    /// For whoever weighs it.
    pub(super) fn content(&self) -> &(dyn Any + Send + Sync) {
        &self.content
    }

    #[inline]
    pub(super) fn age(&self, settings: &LiveSettings, now: Instant) -> Age {
        age(settings, self.class, now.as_nanos().saturating_sub(self.since.as_nanos()))
    }

    /// Nobody tries a refresh before that much time has passed.
    pub(super) fn pause_refresh(&self, now: Instant, pause: Duration) {
        let until = now.saturating_add(pause).as_nanos();
        self.refresh_at_nanos.store(until, Ordering::Relaxed);
    }

    pub(super) fn may_be_refreshed(&self, now: Instant) -> bool {
        now.as_nanos() >= self.refresh_at_nanos.load(Ordering::Relaxed)
    }
}

/// How old an answer is that came so long ago.
#[inline]
fn age(settings: &LiveSettings, class: Option<Class>, elapsed_nanos: u64) -> Age {
    if let Some(class) = class {
        // An old error is no better than a new one.
        return if elapsed_nanos < settings.negative_nanos(class) { Age::Fresh } else { Age::Gone };
    }
    let ttl_nanos = settings.ttl_nanos();
    if elapsed_nanos < ttl_nanos {
        Age::Fresh
    } else if elapsed_nanos - ttl_nanos < settings.stale_nanos() {
        Age::Stale
    } else {
        Age::Gone
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::super::Settings;
    use super::*;
    use crate::time::saturating_nanos;
    use alloc::string::String;
    use proptest::prelude::*;

    fn settings() -> LiveSettings {
        let mut settings = Settings::standard();
        settings.ttl = Duration::from_secs(30);
        settings.stale = Duration::from_secs(300);
        settings.negative.permanent = Duration::from_secs(10);
        LiveSettings::new(&settings)
    }

    fn key() -> StoredKey {
        StoredKey::new(&"tea", 7, core::any::TypeId::of::<u32>())
    }

    #[test]
    fn each_age_begins_at_the_end_of_the_one_before() {
        let (second, nano) = (Duration::from_secs, Duration::from_nanos(1));
        for (class, elapsed, expected) in [
            (None, Duration::ZERO, Age::Fresh),
            (None, second(30) - nano, Age::Fresh),
            (None, second(30), Age::Stale),
            (None, second(330) - nano, Age::Stale),
            (None, second(330), Age::Gone),
            (None, Duration::MAX, Age::Gone),
            (Some(Class::Permanent), second(10) - nano, Age::Fresh),
            (Some(Class::Permanent), second(10), Age::Gone),
            (Some(Class::Transient), Duration::ZERO, Age::Gone),
            (Some(Class::Cancelled), Duration::ZERO, Age::Gone),
        ] {
            let nanos = saturating_nanos(elapsed);
            assert_eq!(age(&settings(), class, nanos), expected, "{class:?} {elapsed:?}");
        }
    }

    #[test]
    fn a_clock_that_goes_back_makes_nothing_older() {
        let entry = Entry::value(key(), 7, Instant::from_nanos(1_000));
        assert_eq!(entry.age(&settings(), Instant::ZERO), Age::Fresh);
    }

    #[test]
    fn an_error_is_no_value_and_a_value_no_error() {
        let value = Entry::value(key(), "busy", Instant::ZERO);
        let error = Entry::error(key(), "busy", Class::Transient, Instant::ZERO);
        assert_eq!((value.as_value(), value.as_error::<&str>()), (Some(&"busy"), None));
        assert_eq!((error.as_value::<&str>(), error.as_error()), (None, Some(&"busy")));
        assert_eq!(value.as_value::<String>(), None);
    }

    proptest! {
        #[test]
        fn nothing_gets_younger(one in any::<u64>(), two in any::<u64>()) {
            let rank = |elapsed| age(&settings(), None, elapsed) as u8;
            prop_assert!(rank(one.min(two)) <= rank(one.max(two)));
        }
    }
}
