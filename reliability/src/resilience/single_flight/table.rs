//! For tests: a table of flights, and nothing around it.

use alloc::sync::Arc;

use super::{Field, Flights};

pub(super) struct Table<K, O>(Arc<Flights<K, O>>);

impl<K, O> Table<K, O> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Flights::new()))
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

    fn flights(&self) -> &Flights<K, O> {
        &self.0
    }
}
