//! For tests: a table of flights, and nothing around it.

use alloc::sync::Arc;
use core::ops::DerefMut;

use super::flights::Shard;
use super::{Field, Flights};

pub(super) struct Table<K, O>(Arc<Flights<K, O>>);

impl<K, O> Table<K, O> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Flights::new()))
    }

    pub(super) fn flights(&self) -> &Flights<K, O> {
        &self.0
    }
}

impl<K, O> Clone for Table<K, O> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K, O> Field for Table<K, O> {
    type Key = K;
    type Outcome = O;

    fn shard(&self, hash: u64) -> impl DerefMut<Target = Shard<K, O>> {
        self.0.shard(hash)
    }
}

#[cfg(reliability_loom)]
impl<K, O> Flights<K, O> {
    pub(super) fn forget(&self, hash: u64, is: impl Fn(&K) -> bool) {
        self.shard(hash).forget(hash, is);
    }

    pub(super) fn forget_all(&self) {
        self.shards().for_each(|mut shard| shard.forget_all());
    }
}
