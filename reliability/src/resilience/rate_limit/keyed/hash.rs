use core::hash::{BuildHasher, Hash};
use core::num::NonZeroU64;
use std::hash::RandomState;
use std::sync::OnceLock;

/// A key as a [`Policy`](crate::resilience::Policy) knows it: by its hash.
///
/// A policy serves calls of all kinds, and what their keys are is no part of its type. So a limit
/// that counts per key in a policy is a `KeyedRateLimit<KeyHash>`, and each call brings the hash of
/// its key along: nothing is allocated, whatever the key is, and nothing of it is kept.
///
/// The hash is keyed at random when the process first asks for one, so that nobody can choose keys
/// that meet. Of 10,000 keys two have the same hash, and so one quota, once in 300 billion processes.
/// What borrows as each other has the same hash: a `String` and its `str`, not a `u32` and a `u64`.
/// To other processes it says nothing: a limit that several share is told the key itself.
///
/// # Examples
///
/// ```
/// use reliability::resilience::rate_limit::{KeyHash, KeyedRateLimit, Quota};
///
/// let gold = KeyHash::of("acme");
/// let limit = KeyedRateLimit::<KeyHash>::builder("per-tenant")
///     .quota(Quota::per_minute(1))
///     .quota_of(move |tenant| (*tenant == gold).then_some(Quota::per_minute(2)))
///     .build()?;
///
/// assert!(limit.check_n(&KeyHash::of(&String::from("acme")), 2)?.is_allowed());
/// assert!(limit.check(&KeyHash::of("other")).is_allowed());
/// assert!(!limit.check(&KeyHash::of("other")).is_allowed());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(NonZeroU64);

static RANDOM: OnceLock<RandomState> = OnceLock::new();

impl KeyHash {
    /// The key of all calls that name none: they have one quota together.
    pub const NONE: Self = Self(NonZeroU64::MAX);

    /// The hash of that key; never [`NONE`](Self::NONE).
    #[inline]
    pub fn of<K: Hash + ?Sized>(key: &K) -> Self {
        let hash = RANDOM.get_or_init(RandomState::new).hash_one(key);
        // One of 2^63, so that it is neither zero nor the one that stands for no key.
        Self(NonZeroU64::MIN.saturating_add(hash >> 1))
    }
}

impl Default for KeyHash {
    /// [`NONE`](Self::NONE).
    fn default() -> Self {
        Self::NONE
    }
}
