//! Whose a call is: to the other side, and to a rate limit.

#[cfg(all(feature = "redis", not(reliability_loom)))]
use alloc::boxed::Box;

use super::key::IdempotencyKey;
use crate::resilience::rate_limit::KeyHash;

/// The keys of a call.
///
/// One that is told to other processes is its text, which most calls do not have: it shares its place
/// with the others, and a call is no larger for it.
pub(super) enum Whose {
    Here {
        /// Under which a rate limit of this process counts it.
        hash: KeyHash,
        key: Option<IdempotencyKey>,
    },
    #[cfg(all(feature = "redis", not(reliability_loom)))]
    Everywhere(Box<Everywhere>),
}

#[cfg(all(feature = "redis", not(reliability_loom)))]
pub(super) struct Everywhere {
    /// Under which a limit that several processes share counts it.
    text: alloc::string::String,
    hash: KeyHash,
    key: Option<IdempotencyKey>,
}

impl Whose {
    pub(super) const NOBODY: Self = Self::Here { hash: KeyHash::NONE, key: None };

    #[inline]
    pub(super) fn hash(&self) -> KeyHash {
        match self {
            Self::Here { hash, .. } => *hash,
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Self::Everywhere(everywhere) => everywhere.hash,
        }
    }

    #[inline]
    pub(super) fn set_hash(&mut self, new: KeyHash) {
        match self {
            Self::Here { hash, .. } => *hash = new,
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Self::Everywhere(everywhere) => everywhere.hash = new,
        }
    }

    #[inline]
    pub(super) fn key(&self) -> Option<&IdempotencyKey> {
        match self {
            Self::Here { key, .. } => key.as_ref(),
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Self::Everywhere(everywhere) => everywhere.key.as_ref(),
        }
    }

    #[inline]
    pub(super) fn set_key(&mut self, new: IdempotencyKey) {
        match self {
            Self::Here { key, .. } => *key = Some(new),
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Self::Everywhere(everywhere) => everywhere.key = Some(new),
        }
    }

    /// Whether there is something to drop.
    #[inline]
    pub(super) fn is_owned(&self) -> bool {
        match self {
            Self::Here { key, .. } => key.is_some(),
            #[cfg(all(feature = "redis", not(reliability_loom)))]
            Self::Everywhere(_) => true,
        }
    }
}

#[cfg(all(feature = "redis", not(reliability_loom)))]
impl Whose {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Here { .. } => None,
            Self::Everywhere(everywhere) => Some(&everywhere.text),
        }
    }

    #[cold]
    pub(super) fn set_text(&mut self, new: alloc::string::String) {
        match self {
            Self::Here { hash, key } => {
                let (hash, key) = (*hash, key.take());
                *self = Self::Everywhere(Box::new(Everywhere { text: new, hash, key }));
            }
            Self::Everywhere(everywhere) => everywhere.text = new,
        }
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_no_larger_for_a_key_that_other_processes_are_told() {
        assert_eq!(size_of::<Whose>(), size_of::<(KeyHash, Option<IdempotencyKey>)>());
    }

    #[test]
    #[cfg(feature = "redis")]
    fn what_was_said_before_and_after_it_is_kept() {
        let mut whose = Whose::NOBODY;
        whose.set_hash(KeyHash::of("acme"));
        whose.set_text("acme".into());
        whose.set_key(IdempotencyKey::new("order-17"));
        assert_eq!((whose.hash(), whose.text()), (KeyHash::of("acme"), Some("acme")));
        whose.set_text("other".into());
        whose.set_hash(KeyHash::NONE);
        assert_eq!((whose.hash(), whose.text()), (KeyHash::NONE, Some("other")));
        assert_eq!(whose.key().map(IdempotencyKey::as_str), Some("order-17"));
        assert!(whose.is_owned());
    }
}
