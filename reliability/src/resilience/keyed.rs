use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use super::declared::{Declaration, lay_over};
use super::registry::{Entry, Site};
use super::{Invalid, Policy, PolicyBuilder};
use crate::error::Name;
use crate::sync::atomic::{AtomicBool, Ordering};

/// One policy per key, such as per tenant or per endpoint: `#[resilient(key = expr)]`.
///
/// Bounded: when a key comes that would exceed the capacity, the key that has not been used for
/// longest (about: second chance) is forgotten, with what its policy has learned. Calls under way
/// keep theirs to the end.
pub struct Keyed {
    site: Site,
    capacity: usize,
    build: fn(Name) -> Result<PolicyBuilder, Invalid>,
    policies: RwLock<Option<Policies>>,
}

#[derive(Default)]
struct Policies {
    by_key: HashMap<Box<str>, Slot>,
    /// Keys in the order of the clock hand that looks for one to forget.
    ring: Vec<Box<str>>,
    hand: usize,
}

struct Slot {
    policy: Policy,
    used: AtomicBool,
}

impl Keyed {
    /// A declaration; `capacity` is at least one.
    pub const fn new(
        site: Site,
        capacity: usize,
        build: fn(Name) -> Result<PolicyBuilder, Invalid>,
    ) -> Self {
        let capacity = if capacity == 0 { 1 } else { capacity };
        Self { site, capacity, build, policies: RwLock::new(None) }
    }

    /// The policy of that key, built when the key is first seen. Its name is `item/key`.
    ///
    /// # Panics
    ///
    /// When the settings are refused after all; see [`Declared::policy`](super::declared::Declared::policy).
    pub fn policy<K: Display + ?Sized>(&self, key: &K) -> Policy {
        let mut text = Text::default();
        // Writing into `Text` does not fail; a `Display` that says it does is taken as it is.
        let _ = write!(text, "{key}");
        let found = {
            let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
            policies.as_ref().and_then(|policies| policies.find(text.as_str()))
        };
        found.unwrap_or_else(|| self.insert(text.as_str()))
    }

    #[cold]
    fn insert(&self, key: &str) -> Policy {
        let name = alloc::format!("{}/{key}", self.site.item);
        let policy = match (self.build)(name.into()).and_then(PolicyBuilder::build_unlisted) {
            Ok(policy) => policy,
            Err(invalid) => panic!("{}: {invalid}", self.site),
        };
        let forgotten = {
            let mut policies = self.policies.write().unwrap_or_else(PoisonError::into_inner);
            let policies = policies.get_or_insert_default();
            // Another thread may have been faster; then its policy is the one.
            if let Some(found) = policies.find(key) {
                return found;
            }
            policies.insert(key, policy.clone(), self.capacity)
        };
        // Not under the lock: with it goes what is the user's, and that may ask for a policy.
        drop(forgotten);
        lay_over(&policy, self.site);
        policy
    }
}

impl Policies {
    fn find(&self, key: &str) -> Option<Policy> {
        let slot = self.by_key.get(key)?;
        // Written only when it changes: a hot key's cache line stays shared between readers.
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        Some(slot.policy.clone())
    }

    /// Hands out what is forgotten for it.
    fn insert(&mut self, key: &str, policy: Policy, capacity: usize) -> Option<Slot> {
        let slot = Slot { policy, used: AtomicBool::new(false) };
        let forgotten = if self.ring.len() < capacity {
            self.ring.push(key.into());
            None
        } else {
            let place = self.unused();
            let forgotten = core::mem::replace(&mut self.ring[place], key.into());
            self.by_key.remove(&forgotten)
        };
        self.by_key.insert(key.into(), slot);
        forgotten
    }

    /// The place of a key that was not used since the hand last passed it.
    fn unused(&mut self) -> usize {
        loop {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.ring.len();
            let slot = self.by_key.get(&self.ring[place]);
            if !slot.is_some_and(|slot| slot.used.swap(false, Ordering::Relaxed)) {
                return place;
            }
        }
    }
}

impl Declaration for Keyed {
    fn build(&self) {}

    fn sample(&self) -> Option<Entry> {
        let name = alloc::format!("{}/*", self.site.item);
        let built = (self.build)(name.into()).and_then(PolicyBuilder::build_unlisted);
        built.ok().map(|policy| Entry::declared(policy, self.site))
    }

    fn entries(&self) -> Vec<Entry> {
        let policies = self.policies.read().unwrap_or_else(PoisonError::into_inner);
        let slots = policies.iter().flat_map(|policies| policies.by_key.values());
        slots.map(|slot| Entry::declared(slot.policy.clone(), self.site)).collect()
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyed")
            .field("site", &self.site)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// A key as text, without an allocation while it is short.
enum Text {
    Short { bytes: [u8; Text::SHORT], len: usize },
    Long(String),
}

impl Text {
    const SHORT: usize = 64;

    fn as_str(&self) -> &str {
        match self {
            // Only whole strings are appended, so the bytes are always valid.
            Text::Short { bytes, len } => core::str::from_utf8(&bytes[..*len]).unwrap_or(""),
            Text::Long(text) => text,
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Text::Short { bytes: [0; Self::SHORT], len: 0 }
    }
}

impl Write for Text {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if let Text::Short { bytes, len } = self
            && let Some(room) = bytes.get_mut(*len..*len + part.len())
        {
            room.copy_from_slice(part.as_bytes());
            *len += part.len();
            return Ok(());
        }
        if let Text::Short { .. } = self {
            *self = Text::Long(self.as_str().into());
        }
        if let Text::Long(text) = self {
            text.push_str(part);
        }
        Ok(())
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use core::time::Duration;

    fn keyed(capacity: usize) -> Keyed {
        Keyed::new(Site::new("m", "price", "f", 1), capacity, |name| {
            Ok(Policy::builder(name).timeout(Duration::from_secs(1)))
        })
    }

    #[test]
    fn a_key_keeps_its_policy() {
        let keyed = keyed(8);
        let first = keyed.policy("berlin");
        assert_eq!(first.name().as_str(), "price/berlin");
        assert!(core::ptr::eq(first.inner(), keyed.policy("berlin").inner()));
        assert!(!core::ptr::eq(first.inner(), keyed.policy("paris").inner()));
        assert_eq!(keyed.policy(&7).name().as_str(), "price/7");
    }

    /// What goes with a policy may come back for another one.
    #[cfg(feature = "cache")]
    #[test]
    fn a_policy_is_forgotten_outside_of_the_lock() {
        use crate::resilience::Cache;
        use crate::sync::atomic::AtomicU32;

        static ASKED: AtomicU32 = AtomicU32::new(0);
        static KEYED: Keyed = Keyed::new(Site::new("m", "stock", "f", 1), 1, |name| {
            let asks = Asks;
            let weight = move |_: &u32| {
                let _kept = &asks;
                1
            };
            let cache = Cache::builder("stock").ttl(Duration::from_secs(1)).weigher(weight);
            Ok(Policy::builder(name).cache(cache.build()?))
        });
        struct Asks;
        impl Drop for Asks {
            fn drop(&mut self) {
                if ASKED.fetch_add(1, Ordering::Relaxed) == 0 {
                    KEYED.policy("third");
                }
            }
        }
        KEYED.policy("first");
        let second = KEYED.policy("second");
        assert_eq!(second.name().as_str(), "stock/second");
        assert!(ASKED.load(Ordering::Relaxed) > 0, "the first one is gone");
    }

    #[test]
    fn keys_that_come_once_do_not_grow_it_and_do_not_drive_out_one_in_use() {
        let keyed = keyed(16);
        let hot = keyed.policy("hot");
        for stranger in 0..100_000 {
            keyed.policy(&stranger);
            assert!(core::ptr::eq(hot.inner(), keyed.policy("hot").inner()));
        }
        assert_eq!(keyed.entries().len(), 16);
    }

    #[test]
    fn a_long_key_is_kept_whole() {
        let keyed = keyed(2);
        let long = "k".repeat(Text::SHORT) + "ey";
        assert_eq!(keyed.policy(&long).name().as_str(), alloc::format!("price/{long}"));
        let exact = "e".repeat(Text::SHORT);
        assert_eq!(keyed.policy(&exact).name().as_str(), alloc::format!("price/{exact}"));
    }

    #[test]
    fn a_key_that_is_forgotten_leaves_its_policy_to_those_who_hold_it() {
        let keyed = keyed(1);
        let held = keyed.policy("first");
        keyed.policy("second");
        assert_eq!(keyed.entries().len(), 1);
        assert_eq!(held.name().as_str(), "price/first");
        assert!(!core::ptr::eq(held.inner(), keyed.policy("first").inner()), "it starts anew");
        assert_eq!(self::keyed(0).policy("any").name().as_str(), "price/any");
    }

    #[test]
    fn a_key_that_panics_while_it_is_shown_or_built_breaks_nothing() {
        struct Loud;
        impl Display for Loud {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lo")?;
                panic!("the key's own")
            }
        }
        let keyed = keyed(2);
        let shown = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| keyed.policy(&Loud)));
        assert!(shown.is_err());
        let refused = Keyed::new(Site::new("m", "price", "f", 1), 2, |name| {
            Ok(Policy::builder(name).timeout(Duration::ZERO))
        });
        let built = core::panic::AssertUnwindSafe(|| refused.policy("any"));
        assert!(std::panic::catch_unwind(built).is_err());
        assert_eq!((keyed.entries().len(), refused.entries().len()), (0, 0));
        assert_eq!(keyed.policy("any").name().as_str(), "price/any");
    }

    #[test]
    fn threads_that_race_for_a_key_share_one_policy() {
        let keyed = keyed(4);
        for round in 0..200 {
            let race = || keyed.policy(&round);
            let policies = std::thread::scope(|scope| {
                [0; 3].map(|_| scope.spawn(race)).map(|thread| thread.join().ok())
            });
            let [Some(one), Some(two), Some(three)] = policies else { panic!("a thread panicked") };
            assert!(core::ptr::eq(one.inner(), two.inner()));
            assert!(core::ptr::eq(one.inner(), three.inner()));
        }
        assert_eq!(keyed.entries().len(), 4);
    }
}
