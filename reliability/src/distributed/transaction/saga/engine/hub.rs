//! What all runs of an engine share.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::time::Duration;

use hashbrown::HashMap;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::bodies::Kind;
use super::running::{Counted, Entered, Kick, Task, quietly};
use crate::distributed::transaction::Retention;
use crate::journal::{Journal, Lease, StreamId};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::time::{Instant, WallClock};

/// What all runs of an engine share.
pub(in super::super) struct Hub {
    pub(super) journal: Journal,
    pub(super) clock: WallClock,
    pub(super) kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
    pub(super) owner: String,
    pub(super) lease: Duration,
    /// The longest pause for which a run is kept in memory.
    pub(super) stay: Duration,
    pub(super) poll: Duration,
    pub(super) retention: Retention,
    pub(super) most: usize,
    /// The runs that this engine works at.
    running: Mutex<HashMap<StreamId, (Lease, Arc<Kick>)>>,
    /// Those who wait for news of a run.
    watched: Mutex<HashMap<StreamId, (usize, Arc<Watched>)>>,
    watchers: AtomicUsize,
    stopping: AtomicBool,
    /// There may be work to claim.
    pub(super) work: Notify,
    tasks: Mutex<JoinSet<()>>,
    /// Whoever works here has one of its receivers, besides who renews.
    working: watch::Sender<()>,
    renewing: watch::Sender<()>,
}

pub(super) struct Limits {
    pub(super) owner: String,
    pub(super) lease: Duration,
    pub(super) stay: Duration,
    pub(super) poll: Duration,
    pub(super) retention: Retention,
    pub(super) most: usize,
}

impl Hub {
    pub(super) fn new(
        journal: Journal,
        clock: WallClock,
        kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
        limits: Limits,
    ) -> Self {
        let Limits { owner, lease, stay, poll, retention, most } = limits;
        Self {
            journal,
            clock,
            kinds,
            owner,
            lease,
            stay,
            poll,
            retention,
            most,
            running: Mutex::new(HashMap::new()),
            watched: Mutex::new(HashMap::new()),
            watchers: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            work: Notify::new(),
            tasks: Mutex::new(JoinSet::new()),
            working: watch::Sender::new(()),
            renewing: watch::Sender::new(()),
        }
    }

    /// Works at a run, until it is done or the engine is gone.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        // Some kilobytes, which tokio would move from place to place.
        tasks.spawn(self.working(Box::pin(work)));
    }

    /// Drops all that works at runs, by and by.
    pub(super) fn abort(&self) {
        let tasks = core::mem::take(&mut *self.tasks.lock());
        drop(tasks);
    }

    /// A task that who stops waits for.
    pub(super) fn working(&self, work: Task) -> Counted {
        Counted::new(work, self.begin())
    }

    /// The task that renews: it goes when all others are gone.
    pub(super) fn renewing(&self, work: Task) -> Counted {
        Counted::new(work, self.renewing.subscribe())
    }

    /// Who stops waits until this is dropped.
    pub(super) fn begin(&self) -> watch::Receiver<()> {
        self.working.subscribe()
    }

    /// When nobody works any more.
    pub(super) async fn idle(&self) {
        self.working.closed().await;
    }

    /// When all tasks are gone, with all that they held.
    pub(super) async fn ended(&self) {
        self.working.closed().await;
        self.renewing.closed().await;
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.work.notify_one();
        for (_, kick) in self.running.lock().values() {
            kick.kick();
        }
    }

    /// This engine works at that run from now on. Its lease was asked for at that time.
    pub(super) fn enter(self: &Arc<Self>, lease: &Lease, asked: Instant) -> Entered {
        let kick = Arc::new(Kick::held_until(asked.saturating_add(self.lease)));
        let entered = (lease.clone(), Arc::clone(&kick));
        let before = self.running.lock().insert(lease.stream.clone(), entered);
        // An engine that has slept through its lease may claim its own run again.
        if let Some((_, before)) = before {
            before.lose();
        }
        Entered { hub: Arc::clone(self), lease: lease.clone(), kick }
    }

    /// This engine does not work at that run any more.
    pub(super) fn leave(&self, lease: &Lease) {
        let mut running = self.running.lock();
        if running.get(&lease.stream).is_some_and(|(mine, _)| mine.epoch == lease.epoch) {
            running.remove(&lease.stream);
        }
    }

    pub(super) fn leases(&self) -> Vec<Lease> {
        self.running.lock().values().map(|(lease, _)| lease.clone()).collect()
    }

    /// A lease was renewed, which was asked for at that time.
    pub(super) fn kept(&self, lease: &Lease, asked: Instant) {
        let running = self.running.lock();
        if let Some((mine, kick)) = running.get(&lease.stream)
            && mine.epoch == lease.epoch
        {
            kick.hold(asked.saturating_add(self.lease));
        }
    }

    /// Somebody else has that run.
    pub(super) fn lost(&self, lease: &Lease) {
        let running = self.running.lock();
        if let Some((mine, kick)) = running.get(&lease.stream)
            && mine.epoch == lease.epoch
        {
            kick.lose();
        }
    }

    /// Records were added from outside.
    pub(in super::super) fn added(&self, stream: &StreamId) {
        match self.running.lock().get(stream) {
            Some((_, kick)) => kick.kick(),
            None => self.work.notify_one(),
        }
        self.tell(stream);
    }

    /// Whether this engine has that run in its hands: it will say how that ends.
    pub(in super::super) fn works_at(&self, stream: &StreamId) -> bool {
        self.running.lock().contains_key(stream)
    }

    fn watched(&self, stream: &StreamId) -> Option<Arc<Watched>> {
        match self.watchers.load(Ordering::Acquire) {
            0 => None,
            _ => self.watched.lock().get(stream).map(|(_, watched)| Arc::clone(watched)),
        }
    }

    pub(super) fn is_watched(&self, stream: &StreamId) -> bool {
        self.watched(stream).is_some()
    }

    /// Of how many runs somebody waits for news.
    #[cfg(test)]
    pub(in super::super) fn waited_for(&self) -> usize {
        self.watched.lock().len()
    }

    /// There is news of a run.
    pub(super) fn tell(&self, stream: &StreamId) {
        if let Some(watched) = self.watched(stream) {
            watched.news.notify_waiters();
        }
    }

    /// A run has come to its end, or is stuck. How, is for the first who takes it: the others read.
    pub(super) fn tell_end(&self, stream: &StreamId, end: Option<AnyEnd>) {
        let Some(watched) = self.watched(stream) else { return quietly(end) };
        let before = core::mem::replace(&mut *watched.end.lock(), end);
        watched.news.notify_waiters();
        watched.ended.notify_waiters();
        // Nobody waits for it.
        quietly(before);
    }

    pub(super) fn watch(self: &Arc<Self>, stream: &StreamId) -> Watch {
        let mut all = self.watched.lock();
        self.watchers.fetch_add(1, Ordering::AcqRel);
        let (count, watched) = all.entry(stream.clone()).or_default();
        *count += 1;
        let watched = Arc::clone(watched);
        // Somebody watches on since an earlier run of the same key, and never asked how that ended.
        let before = watched.end.lock().take();
        drop(all);
        quietly(before);
        Watch { hub: Arc::clone(self), stream: stream.clone(), watched }
    }
}

/// How a run of some type has ended.
pub(super) type AnyEnd = Box<dyn Any + Send>;

/// What those who wait for news of one run share.
pub(super) struct Watched {
    pub(super) news: Notify,
    pub(super) ended: Notify,
    end: Mutex<Option<AnyEnd>>,
}

impl Default for Watched {
    fn default() -> Self {
        Self { news: Notify::new(), ended: Notify::new(), end: Mutex::new(None) }
    }
}

/// Somebody waits for news of a run.
pub(super) struct Watch {
    hub: Arc<Hub>,
    stream: StreamId,
    pub(super) watched: Arc<Watched>,
}

impl Watch {
    /// How it has ended, if this engine has just seen it, and nobody else was told.
    pub(super) fn take_end(&self) -> Option<AnyEnd> {
        self.watched.end.lock().take()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut all = self.hub.watched.lock();
        self.hub.watchers.fetch_sub(1, Ordering::AcqRel);
        if let Some((count, _)) = all.get_mut(&self.stream) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.stream);
            }
        }
    }
}

/// Who works, for those who look at the list.
pub(super) fn this_process() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim().to_string();
    let mut owner = alloc::format!("{host}:{}", std::process::id());
    owner.retain(|letter| !letter.is_control());
    owner.truncate(200);
    owner
}
