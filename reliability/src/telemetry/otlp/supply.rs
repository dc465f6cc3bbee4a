use alloc::collections::VecDeque;
use alloc::sync::Arc;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use prost::bytes::Bytes;

use super::queue::{Item, Outbox};
use super::settings::REQUEST_BYTES_MAX;
use super::watch::{Loss, Watch};
use super::{Signal, encode};
use crate::telemetry::metrics::Metric;
use crate::time::wall_clock;

/// What makes the requests of one signal.
pub(super) trait Supply: Send {
    /// All that is there now may go, whether or not it fills a request: the interval is over, or
    /// somebody waits for it.
    fn release(&mut self);

    /// The next request, if there is one that may go.
    fn next(&mut self) -> Option<Load>;

    /// How many items wait.
    fn waiting(&self) -> u64;

    /// Whether what comes later makes what was there before worthless.
    fn replaces(&self) -> bool;

    /// Throws away what waits, and says how many items that were.
    fn clear(&mut self) -> u64;
}

/// What one request carries.
#[derive(Debug)]
pub(super) struct Load {
    pub(super) body: Bytes,
    pub(super) items: u64,
}

/// Spans and records, as they come.
pub(super) struct Queued<T> {
    outbox: Outbox<T>,
    encode: fn(&Resource, Vec<T>) -> Vec<u8>,
    resource: Resource,
    batch: u64,
    /// How many of those that wait may go in a request that they do not fill.
    released: u64,
}

impl<T: Item> Queued<T> {
    pub(super) fn new(
        outbox: Outbox<T>,
        encode: fn(&Resource, Vec<T>) -> Vec<u8>,
        resource: Resource,
        batch: u64,
    ) -> Self {
        Self { outbox, encode, resource, batch, released: 0 }
    }
}

impl<T: Item> Supply for Queued<T> {
    fn release(&mut self) {
        self.released = self.outbox.waiting();
    }

    fn next(&mut self) -> Option<Load> {
        if self.released == 0 && self.outbox.waiting() < self.batch {
            return None;
        }
        let taken = self.outbox.take(self.batch);
        let items = taken.iter().map(T::items).sum();
        // Who has taken room may not have put anything there yet; it goes with the next.
        self.released = if items == 0 { 0 } else { self.released.saturating_sub(items) };
        (items > 0).then(|| Load { body: (self.encode)(&self.resource, taken).into(), items })
    }

    fn waiting(&self) -> u64 {
        self.outbox.waiting()
    }

    fn replaces(&self) -> bool {
        false
    }

    fn clear(&mut self) -> u64 {
        let batches = core::iter::from_fn(|| Some(self.outbox.take(self.batch)));
        let batches = batches.take_while(|batch| !batch.is_empty());
        batches.flatten().map(|item| item.items()).sum()
    }
}

/// Where metrics come from.
pub(super) type Source = Box<dyn Fn() -> Vec<Metric> + Send>;

/// Numbers, as they are when they are asked for.
pub(super) struct Collected {
    source: Source,
    resource: Resource,
    started: SystemTime,
    watch: Arc<Watch>,
    ready: VecDeque<Load>,
}

impl Collected {
    pub(super) fn new(
        source: Source,
        resource: Resource,
        started: SystemTime,
        watch: Arc<Watch>,
    ) -> Self {
        Self { source, resource, started, watch, ready: VecDeque::new() }
    }

    fn collect(&self) -> Vec<Metric> {
        // It is somebody else's code, and this thread must live on.
        catch_unwind(AssertUnwindSafe(&self.source)).unwrap_or_else(|_| {
            if let Some(watch) = self.watch.signal(Signal::Metrics) {
                watch.failed("the source of the metrics panicked".into());
            }
            // How it does can still be told.
            self.watch.metrics()
        })
    }
}

impl Supply for Collected {
    fn release(&mut self) {
        let now = wall_clock();
        let collected = self.collect();
        let (parts, invalid) =
            encode::metrics(&self.resource, collected, self.started, now, REQUEST_BYTES_MAX);
        if let Some(watch) = self.watch.signal(Signal::Metrics) {
            watch.lost(invalid, Loss::Invalid);
            watch.lost(self.waiting(), Loss::Superseded);
        }
        let load = |part: encode::Part| Load {
            body: part.request.encode_to_vec().into(),
            items: part.points,
        };
        self.ready = parts.into_iter().map(load).collect();
    }

    fn next(&mut self) -> Option<Load> {
        self.ready.pop_front()
    }

    fn waiting(&self) -> u64 {
        self.ready.iter().map(|load| load.items).sum()
    }

    fn replaces(&self) -> bool {
        true
    }

    fn clear(&mut self) -> u64 {
        self.ready.drain(..).map(|load| load.items).sum()
    }
}
