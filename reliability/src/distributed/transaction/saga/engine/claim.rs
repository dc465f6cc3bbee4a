//! The tasks of an engine: one claims what is due, one keeps the leases.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::time::Duration;
use std::panic::catch_unwind;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::definitions;
use super::super::rules::{Input, Phase};
use super::bodies::{Bodies, Opened};
use super::collect::{Over, collect};
use super::drive::{Drive, Put, read};
use super::hub::Hub;
use super::observe;
use super::running::{Entered, Kick, moment, quietly};
use crate::journal::{Append, Changes, Claim, Due, Epoch, JournalError, Lease, Sequence};
use crate::resilience::retry::Backoff;
use crate::time::Instant;

/// What lists say of a saga that no engine can carry on.
pub(in crate::distributed::transaction::saga) const BROKEN: &str = "broken";
/// How long to wait for a journal that does not answer.
const AGAIN: Backoff = Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));
/// How long a run rests that cannot be worked at.
const REST: Duration = Duration::from_secs(60);
/// How long a run rests that only older or newer programs know.
const ELSEWHERE: Duration = Duration::from_secs(5);
/// The shortest pause between two claims that nobody has asked for.
const BREATH: Duration = Duration::from_millis(10);

/// A run that was begun in the hands of this engine.
pub(super) struct Fresh {
    pub(super) lease: Lease,
    pub(super) bodies: alloc::boxed::Box<dyn Bodies>,
    pub(super) input: Input,
    pub(super) traceparent: Option<String>,
    pub(super) entered: Entered,
    pub(super) permit: OwnedSemaphorePermit,
}

/// Claims what is due as long as there is room, until the engine stops.
pub(super) async fn claim(hub: Arc<Hub>, room: Arc<Semaphore>) {
    tokio::join!(define(&hub), claim_all(&hub, room));
}

/// Writes down what the sagas are made of, for those who do not have their types.
async fn define(hub: &Hub) {
    let (mut tries, mut pause) = (0, Duration::ZERO);
    for kind in hub.kinds.values() {
        loop {
            match definitions::keep(&hub.journal, kind.plan()).await {
                Ok(false) => break,
                Ok(true) => {
                    observe::changed(kind.plan());
                    break;
                }
                Err(error) if tries < 20 && !hub.is_stopping() => {
                    let _ = error;
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
                // Nothing depends on it but what an operator sees.
                Err(_) => return,
            }
        }
    }
}

async fn claim_all(hub: &Arc<Hub>, room: Arc<Semaphore>) {
    let (mut tries, mut pause) = (0, Duration::ZERO);
    let mut changes = hub.journal.changes();
    while !hub.is_stopping() {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { break };
        let mut permits = Vec::from([permit]);
        while permits.len() < 64
            && let Ok(permit) = Arc::clone(&room).try_acquire_owned()
        {
            permits.push(permit);
        }
        let wanted = permits.len();
        let claim = Claim::of(hub.kinds.keys().copied()).by(&hub.owner).lease(hub.lease);
        let asked = moment();
        let leases = match hub.journal.claim(claim.most(wanted)).await {
            Ok(leases) => leases,
            Err(_) => {
                drop(permits);
                tries += 1;
                pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                tokio::time::sleep(pause).await;
                continue;
            }
        };
        (tries, pause) = (0, Duration::ZERO);
        let found = leases.len();
        for (lease, permit) in leases.into_iter().zip(permits.drain(..)) {
            let entered = hub.enter(&lease, asked);
            hub.spawn(work(Arc::clone(hub), lease, entered, permit));
        }
        if found < wanted {
            rest(hub, &mut changes).await;
        }
    }
}

/// Until there may be more to do.
async fn rest(hub: &Hub, changes: &mut Changes) {
    let told = async {
        // Each commit of this engine is a change as well: that is no reason to ask each time.
        tokio::time::sleep(BREATH).await;
        changes.next().await;
    };
    tokio::select! {
        // Without lots: what a simulation has played from a seed, it plays again.
        biased;
        () = hub.work.notified() => {}
        () = told => {}
        () = tokio::time::sleep(hub.poll) => {}
    }
}

async fn work(hub: Arc<Hub>, lease: Lease, entered: Entered, permit: OwnedSemaphorePermit) {
    let done = worked(&hub, &lease, Arc::clone(&entered.kick)).await;
    put(&hub, &lease, done).await;
    drop((entered, permit));
}

pub(super) async fn worked(hub: &Hub, lease: &Lease, kick: Arc<Kick>) -> Result<Put, JournalError> {
    let Some(kind) = hub.kinds.get(lease.stream.kind()) else { return Ok(Put::Gone) };
    let Some(records) = read(hub, lease, Sequence::START, &kick).await? else {
        return Ok(Put::Gone);
    };
    let mut lease = lease.clone();
    // Somebody may have added records between the claim and the reading.
    lease.sequence = records.last().map_or(Sequence::START, |record| record.sequence);
    if let Some(over) = Over::of(&records) {
        return collect(hub, &lease, over).await;
    }
    // What reads it is the user's, and may panic.
    let opened = catch_unwind(AssertUnwindSafe(|| kind.open(lease.stream.key(), &records)));
    match opened.unwrap_or_else(|_| Err(panicked()))? {
        Opened::Elsewhere => leave(hub, &lease, "elsewhere", ELSEWHERE).await,
        Opened::Here { bodies, entries, started } => {
            let input = Input::Found { entries, fresh: false };
            let parent = started.parent.clone();
            // What was written while a worker had it says so.
            let resumed = records.iter().any(|record| record.epoch > Epoch::NEVER);
            let stream = lease.stream.clone();
            let drive = Drive::new(hub, kind.plan(), lease, bodies, kick, parent);
            let work = observe::Work::begin(&stream, started.traceparent.as_deref(), resumed);
            let done = work.around(pin!(run(drive, input))).await;
            work.end(&done);
            done
        }
    }
}

pub(super) async fn work_fresh(hub: Arc<Hub>, fresh: Fresh) {
    let Fresh { lease, bodies, input, traceparent, entered, permit } = fresh;
    if let Some(kind) = hub.kinds.get(lease.stream.kind()) {
        let kick = Arc::clone(&entered.kick);
        let drive = Drive::new(&hub, kind.plan(), lease.clone(), bodies, kick, None);
        let work = observe::Work::begin(&lease.stream, traceparent.as_deref(), false);
        let done = work.around(pin!(run(drive, input))).await;
        work.end(&done);
        put(&hub, &lease, done).await;
    }
    drop((entered, permit));
}

/// Panics here are ours, or those of a user's `Serialize`: they end one run's work, not the engine's.
async fn run(mut drive: Drive<'_>, input: Input) -> Result<Put, JournalError> {
    let _active = observe::Active::begin();
    let put = {
        let mut running = pin!(drive.run(input));
        core::future::poll_fn(|context| {
            let polled = catch_unwind(AssertUnwindSafe(|| running.as_mut().poll(context)));
            polled.unwrap_or_else(|_| core::task::Poll::Ready(Err(panicked())))
        })
        .await
    };
    match put {
        Ok(Put::Over(status, _)) if status == Phase::Completed.status() => {
            // What a panic keeps from being handed over is read instead.
            let end = catch_unwind(AssertUnwindSafe(|| drive.completed()));
            Ok(Put::Over(status, end.unwrap_or_default()))
        }
        put => {
            // What the steps have finished with is the user's, and so is what happens to it here.
            quietly(drive);
            put
        }
    }
}

fn panicked() -> JournalError {
    let what = "the saga's worker panicked: see the standard error".into();
    JournalError::Unreadable { what, source: None }
}

pub(super) async fn put(hub: &Hub, lease: &Lease, done: Result<Put, JournalError>) {
    let (saga, stream) = (lease.stream.kind(), &lease.stream);
    match done {
        Ok(Put::Over(status, end)) => {
            observe::ended(saga, stream, status);
            // Who looks for it from now on is told nothing any more, and reads.
            hub.leave(lease);
            hub.tell_end(stream, end);
        }
        Ok(Put::Stuck) => {
            observe::ended(saga, stream, "stuck");
            hub.leave(lease);
            hub.tell_end(stream, None);
        }
        Ok(Put::Down) => {}
        Ok(Put::Gone) | Err(JournalError::Fenced { .. }) => observe::lost(),
        Err(error) => {
            observe::broken(stream, &error);
            // One that cannot be worked at does not keep the others waiting.
            let _ = leave(hub, lease, BROKEN, REST).await;
        }
    }
}

/// Puts a run down for a while, as it is.
async fn leave(
    hub: &Hub,
    lease: &Lease,
    status: &'static str,
    pause: Duration,
) -> Result<Put, JournalError> {
    let append = Append::to(&lease.stream).fenced(lease).due(Due::After(pause)).status(status);
    hub.journal.append(append.release()).await?;
    Ok(Put::Down)
}

/// Keeps the leases of all runs, until the engine stops and all are put down.
pub(super) async fn renew(hub: Arc<Hub>) {
    tokio::select! {
        () = renew_all(&hub) => {}
        () = hub.idle() => {}
    }
}

async fn renew_all(hub: &Hub) {
    let third = hub.lease / 3;
    let (mut tries, mut pause) = (0, third);
    loop {
        tokio::time::sleep(pause).await;
        let asked = moment();
        match renewed(hub, asked).await {
            true => {
                tries = 0;
                pause = third.saturating_sub(moment().saturating_duration_since(asked));
            }
            // It may be back before the leases are over, or soon after.
            false => {
                tries += 1;
                pause = AGAIN.delay(tries, pause, fastrand::u64(..)).min(third);
            }
        }
    }
}

/// Whether the journal has answered, and in time: one that hangs is asked anew. Who works at a run
/// sees by the clock that its lease is over, and begins nothing until it is renewed after all.
async fn renewed(hub: &Hub, asked: Instant) -> bool {
    let leases = hub.leases();
    for leases in leases.chunks(Claim::MOST) {
        let renewed = hub.journal.renew(leases, hub.lease);
        let Ok(Ok(kept)) = tokio::time::timeout(hub.lease / 3, renewed).await else { return false };
        for (lease, kept) in leases.iter().zip(kept) {
            match kept {
                true => hub.kept(lease, asked),
                false => hub.lost(lease),
            }
        }
    }
    true
}
