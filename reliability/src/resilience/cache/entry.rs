//! What is kept under a key, and how old it is: pure, with the time as an argument.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::any::Any;
use core::time::Duration;

use super::Key;
use super::settings::LiveSettings;
use crate::error::Class;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::time::Instant;

/// What a cached function may return.
///
/// Implemented for all types that are `Clone + Send + Sync + 'static`: every caller gets a clone.
/// What is costly to clone goes into an `Arc`.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use reliability::resilience::cache::{Cache, Value};
///
/// // Of a large page each caller gets a pointer, and of a price the price itself.
/// fn keep<T: Value>(cache: &Cache, key: &'static str, value: T) {
///     cache.insert(key, value);
/// }
///
/// let cache = Cache::standard("shop");
/// keep(&cache, "price", 299_u32);
/// keep(&cache, "page", Arc::new("<h1>Tea</h1>".to_owned()));
/// assert_eq!(cache.get::<u32>("price"), Some(299));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be kept in a cache",
    label = "must be `Clone + Send + Sync + 'static`",
    note = "every caller gets a clone of what the cache holds, on whatever thread it is: derive `Clone` for `{Self}`, return what it borrows by value, or put it into an `Arc`"
)]
pub trait Value: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Value for T {}

/// A key, the answer for it, and when that came; whatever their types.
///
/// All in one, so that a miss allocates once. The types are forgotten so that what is underneath is
/// compiled once, and a policy need not be generic.
pub(crate) type AnyEntry = Entry<dyn Content>;

pub(crate) struct Entry<C: ?Sized> {
    hash: u64,
    since: Instant,
    /// The class of an error; of a value, none.
    class: Option<Class>,
    /// Another answer has taken its place, or none.
    retired: AtomicBool,
    /// After a refresh that failed: when the next one may be tried.
    refresh_at_nanos: AtomicU64,
    content: C,
}

/// `K` is the key as it is kept.
pub(crate) struct Pair<K, T> {
    key: K,
    answer: Answer<T>,
}

pub(crate) enum Answer<T> {
    /// As long as somebody is finding it out.
    Awaited,
    Value(T),
    Error(Box<dyn Any + Send + Sync>),
}

/// A [`Pair`] whose types are forgotten.
pub(crate) trait Content: Any + Send + Sync {
    fn has_key_of(&self, other: &dyn Content) -> bool;

    /// The value, or the error, if one of them has come.
    fn answer(&self) -> Option<&(dyn Any + Send + Sync)>;

    /// An [`Answer`].
    fn answer_mut(&mut self) -> &mut dyn Any;

    fn fail(&mut self, error: Box<dyn Any + Send + Sync>);
}

impl<K: Eq + Send + Sync + 'static, T: Send + Sync + 'static> Content for Pair<K, T> {
    fn has_key_of(&self, other: &dyn Content) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Self>().is_some_and(|other| self.key == other.key)
    }

    fn answer(&self) -> Option<&(dyn Any + Send + Sync)> {
        match &self.answer {
            Answer::Awaited => None,
            Answer::Value(value) => Some(value),
            Answer::Error(error) => Some(&**error),
        }
    }

    fn answer_mut(&mut self) -> &mut dyn Any {
        &mut self.answer
    }

    fn fail(&mut self, error: Box<dyn Any + Send + Sync>) {
        self.answer = Answer::Error(error);
    }
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

impl<K: Eq + Send + Sync + 'static, T: Value> Entry<Pair<K, T>> {
    /// What a flight has: the answer is still to come.
    #[inline]
    pub(super) fn awaited(key: K, hash: u64) -> Arc<AnyEntry> {
        Self::new(key, hash, Answer::Awaited, Instant::ZERO)
    }

    pub(super) fn value(key: K, hash: u64, value: T, since: Instant) -> Arc<AnyEntry> {
        Self::new(key, hash, Answer::Value(value), since)
    }

    #[inline]
    fn new(key: K, hash: u64, answer: Answer<T>, since: Instant) -> Arc<AnyEntry> {
        let (refresh_at_nanos, retired) = (AtomicU64::new(0), AtomicBool::new(false));
        let content = Pair { key, answer };
        Arc::new(Self { hash, since, class: None, retired, refresh_at_nanos, content })
    }
}

impl AnyEntry {
    #[inline]
    pub(super) fn hash(&self) -> u64 {
        self.hash
    }

    pub(super) fn has_key_of(&self, other: &AnyEntry) -> bool {
        self.hash == other.hash && self.content.has_key_of(&other.content)
    }

    /// Whether it is kept under that key, for values of that type.
    #[inline]
    pub(super) fn is<K: Key, T: Value>(&self, key: &K) -> bool {
        self.pair::<K, T>().is_some_and(|pair| key.is(&pair.key))
    }

    /// The value has come.
    #[inline]
    pub(super) fn succeed<T: 'static>(&mut self, value: T, since: Instant) {
        if let Some(answer) = self.content.answer_mut().downcast_mut() {
            *answer = Answer::Value(value);
            self.since = since;
        }
    }

    /// An error has come.
    pub(super) fn fail(&mut self, error: Box<dyn Any + Send + Sync>, class: Class, since: Instant) {
        self.content.fail(error);
        (self.since, self.class) = (since, Some(class));
    }

    /// It is no answer any more, wherever it is still found. True if it was one.
    pub(super) fn retire(&self) -> bool {
        !self.retired.swap(true, Ordering::AcqRel)
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }

    /// The value under a key of that type, if it is one.
    #[inline]
    pub(super) fn as_value_under<K: Key, T: Value>(&self) -> Option<&T> {
        match self.pair::<K, T>() {
            Some(Pair { answer: Answer::Value(value), .. }) => Some(value),
            _ => None,
        }
    }

    /// The value, if it is one and of that type.
    pub(super) fn as_value<T: 'static>(&self) -> Option<&T> {
        if self.class.is_some() { None } else { self.answer()?.downcast_ref() }
    }

    /// The error, if it is one and of that type.
    pub(super) fn as_error<E: 'static>(&self) -> Option<&E> {
        if self.class.is_some() { self.answer()?.downcast_ref() } else { None }
    }

    /// For whoever weighs it.
    pub(super) fn answer(&self) -> Option<&(dyn Any + Send + Sync)> {
        self.content.answer()
    }

    #[inline]
    fn pair<K: Key, T: Value>(&self) -> Option<&Pair<K::Kept, T>> {
        let content: &dyn Any = &self.content;
        content.downcast_ref()
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
        let entry = Entry::value("tea", 7, 7_u32, Instant::from_nanos(1_000));
        assert_eq!(entry.age(&settings(), Instant::ZERO), Age::Fresh);
    }

    #[test]
    fn an_error_is_no_value_and_a_value_no_error() {
        let value = Entry::value("tea", 7, "busy", Instant::ZERO);
        let mut error = Entry::<Pair<_, &str>>::awaited("tea", 7);
        let failed = Arc::get_mut(&mut error).map(|error| {
            error.fail(Box::new("busy"), Class::Transient, Instant::ZERO);
        });
        assert!(failed.is_some(), "nobody else has it");
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
