//! What lookups and leads ask of a cache, and what it is told from outside of it.

use alloc::sync::Arc;
use core::any::TypeId;
use core::hash::BuildHasher;
use core::ops::DerefMut;
use core::time::Duration;

use hashbrown::DefaultHashBuilder;

use super::entry::{Age, AnyEntry};
use super::lead::Outcome;
use super::settings::LiveSettings;
use super::snapshot::Tally;
use super::store::{Seen, Store};
use super::{Cache, CacheBuilder, Key, Settings, Value};
use crate::error::{Class, Name};
use crate::resilience::Invalid;
use crate::resilience::single_flight::{Field, Shard};
use crate::time::{Clock, Instant};

pub(super) struct Inner {
    pub(super) name: Name,
    pub(super) settings: LiveSettings,
    kept_max: Duration,
    clock: Clock,
    hasher: DefaultHashBuilder,
    store: Store,
    tally: Arc<Tally>,
}

/// What is kept under a key, and as of which turn of the store.
pub(super) struct Glance {
    pub(super) entry: Option<(Arc<AnyEntry>, Age)>,
    pub(super) turn: u64,
}

impl Cache {
    pub(super) fn new(builder: CacheBuilder, kept_max: Duration) -> Self {
        let CacheBuilder { name, settings, clock, weigher, .. } = builder;
        let tally = Arc::new(Tally::new());
        Self(Arc::new(Inner {
            name,
            settings: LiveSettings::new(&settings),
            kept_max,
            clock,
            hasher: DefaultHashBuilder::default(),
            store: Store::new(settings.capacity, kept_max, weigher, Arc::clone(&tally)),
            tally,
        }))
    }

    /// Whether it can work with these settings.
    pub(crate) fn check(&self, settings: &Settings) -> Result<(), Invalid> {
        let name = self.name();
        settings.validate(name)?;
        let (now, kept_max) = (self.settings(), self.0.kept_max);
        if settings.capacity != now.capacity {
            let expected = alloc::format!("{}, as it was built", now.capacity);
            return Err(Invalid::new(name.clone(), "capacity", expected, settings.capacity)
                .with_advice("build another cache for another capacity"));
        }
        let kept = settings.kept();
        if kept > kept_max {
            let expected = alloc::format!("no longer than {kept_max:?} together with `stale`");
            let advice = alloc::format!("build the cache with `.kept_max({kept:?})`");
            return Err(Invalid::new(name.clone(), "ttl", expected, alloc::format!("{kept:?}"))
                .with_advice(advice));
        }
        Ok(())
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &Settings) {
        self.0.settings.store(settings);
    }

    #[inline]
    pub(super) fn hash<T: Value>(&self, key: &impl Key) -> u64 {
        self.0.hasher.hash_one((TypeId::of::<T>(), key))
    }

    /// What is kept under a key, and how old it is.
    #[inline(always)]
    pub(super) fn glance<K: Key, T: Value>(&self, key: &K, hash: u64) -> Glance {
        let Seen { entry, turn } = self.see::<K, T>(key, hash);
        let entry = entry.map(|entry| {
            let age = self.age(&entry, self.now());
            (entry, age)
        });
        Glance { entry, turn }
    }

    /// What is kept under a key, however old.
    #[inline(always)]
    pub(super) fn see<K: Key, T: Value>(&self, key: &K, hash: u64) -> Seen {
        self.0.store.find(hash, |entry| entry.is::<K, T>(key))
    }

    #[inline]
    pub(super) fn age(&self, entry: &AnyEntry, now: Instant) -> Age {
        entry.age(&self.0.settings, now)
    }

    #[inline]
    pub(super) fn now(&self) -> Instant {
        self.0.clock.now()
    }

    pub(super) fn keeps_errors(&self, class: Class) -> bool {
        self.0.settings.negative_nanos(class) > 0
    }

    pub(super) fn pause_refresh(&self, entry: &AnyEntry, now: Instant) {
        entry.pause_refresh(now, self.0.settings.refresh_pause());
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    #[inline]
    pub(super) fn tally(&self) -> &Tally {
        &self.0.tally
    }
}

impl Field for Cache {
    type Key = Arc<AnyEntry>;
    type Outcome = Outcome;

    #[inline]
    fn shard(&self, hash: u64) -> impl DerefMut<Target = Shard<Arc<AnyEntry>, Outcome>> {
        self.0.store.flights(hash)
    }
}
