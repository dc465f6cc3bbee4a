//! One run of a saga, carried on until there is nothing to do for now.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use std::time::SystemTime;

use super::super::plan::Plan;
use super::super::rules::{Act, Begin, Ended, Entry, Input, Machine, Next, Rest};
use super::bodies::{Attempted, Bodies};
use super::hub::{Hub, Kick, Retention};
use super::observe;
use crate::journal::{Append, Due, Event, JournalError, Lease, Sequence};
use crate::resilience::retry::Backoff;

/// One run at work.
pub(super) struct Drive<'a> {
    hub: &'a Hub,
    plan: Arc<Plan>,
    lease: Lease,
    /// The last record that this worker knows.
    sequence: Sequence,
    machine: Machine,
    bodies: Box<dyn Bodies>,
    running: Vec<Running>,
    kick: Arc<Kick>,
    /// Whether lists say of it what is so: not after somebody has left it for another reason.
    is_listed: bool,
}

/// An attempt on its way.
struct Running {
    step: usize,
    act: Act,
    attempted: Attempted,
    seen: observe::Attempt,
}

/// Why a worker has put a run down.
#[derive(Debug)]
pub(super) enum Put {
    /// It is over.
    Over(&'static str),
    /// Somebody has to look at it.
    Stuck,
    /// There is nothing to do for now.
    Down,
    /// Somebody else has it.
    Gone,
}

/// What became of an append.
enum Written {
    Yes,
    /// No: somebody else has added records, and these are they.
    Others(Input),
    /// No: somebody else has the run.
    Gone,
}

/// How long to wait for a journal that does not answer.
const AGAIN: Backoff = Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));

impl<'a> Drive<'a> {
    pub(super) fn new(
        hub: &'a Hub,
        plan: &Arc<Plan>,
        lease: Lease,
        bodies: Box<dyn Bodies>,
        kick: Arc<Kick>,
    ) -> Self {
        let (sequence, machine) = (lease.sequence, Machine::new(Arc::clone(plan)));
        let (plan, running) = (Arc::clone(plan), Vec::new());
        Self { hub, plan, lease, sequence, machine, bodies, running, kick, is_listed: false }
    }

    /// Carries it on. An error means that it cannot be worked at.
    pub(super) async fn run(&mut self, mut input: Input) -> Result<Put, JournalError> {
        loop {
            input = match self.machine.step(self.hub.clock.now(), input)? {
                Next::Write { entries, rest: Some(rest), .. }
                    if entries.is_empty() && rest.over =>
                {
                    return self.collect(rest).await;
                }
                Next::Write { entries, status, rest } => {
                    match self.write(entries, status, rest).await? {
                        Written::Yes => match rest {
                            None => Input::Written,
                            Some(rest) if rest.over => return Ok(Put::Over(rest.status)),
                            Some(_) => return Ok(Put::Stuck),
                        },
                        Written::Others(found) => found,
                        Written::Gone => return Ok(Put::Gone),
                    }
                }
                Next::Go { begin, until, busy } => {
                    let stopping = self.hub.is_stopping();
                    // What would be begun is begun by another engine.
                    let until = until.filter(|_| !stopping || begin.is_empty());
                    let until = until.or_else(|| (!begin.is_empty()).then(|| self.hub.clock.now()));
                    if !stopping {
                        begin.into_iter().for_each(|begin| self.begin(begin));
                    }
                    let busy = if stopping { !self.running.is_empty() } else { busy };
                    if busy || !(stopping || self.is_long(until)) {
                        match self.next(until).await? {
                            Some(input) => input,
                            None => return Ok(Put::Gone),
                        }
                    } else {
                        let rest = Some(self.machine.pause(until));
                        match self.write(Vec::new(), None, rest).await? {
                            Written::Yes => return Ok(Put::Down),
                            Written::Others(found) => found,
                            Written::Gone => return Ok(Put::Gone),
                        }
                    }
                }
            };
        }
    }

    /// It was over when it was claimed: when its time has come, its records go.
    async fn collect(&mut self, rest: Rest) -> Result<Put, JournalError> {
        let (now, ended_at) = (self.hub.clock.now(), self.machine.facts.ended_at);
        let goes_at = match self.hub.retention {
            Retention::Forever => None,
            Retention::For(time) => ended_at.and_then(|at| at.checked_add(time)),
        };
        let due = goes_at.filter(|at| *at > now).map_or(Due::Never, Due::At);
        let append = Append::to(&self.lease.stream).fenced(&self.lease).after(self.sequence);
        self.hub.journal.append(append.due(due).status(rest.status).release()).await?;
        if goes_at.is_some_and(|at| at <= now) {
            self.hub.journal.remove(&self.lease.stream, self.sequence).await?;
        }
        Ok(Put::Down)
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { step, act, attempt } = begin;
        let seen = observe::Attempt::begin(&self.plan, step, act, attempt);
        let attempted = seen.around(self.bodies.begin(step, act, attempt));
        self.running.push(Running { step, act, attempted, seen });
    }

    /// Whether so long a pause is not worth to keep the run in memory.
    fn is_long(&self, until: Option<SystemTime>) -> bool {
        let now = self.hub.clock.now();
        until.is_none_or(|until| until.duration_since(now).is_ok_and(|pause| pause > self.hub.stay))
    }

    /// What comes next: an attempt ends, time goes by, or somebody has added records. `None` when
    /// somebody else has the run.
    async fn next(&mut self, until: Option<SystemTime>) -> Result<Option<Input>, JournalError> {
        let now = self.hub.clock.now();
        let pause = until.map(|until| until.duration_since(now).unwrap_or_default());
        let (running, kick) = (&mut self.running, &self.kick);
        let pause = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => core::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            (place, how) = poll_fn(|context| poll_any(running, context)) => {
                let ended = running.swap_remove(place);
                ended.seen.end(&how);
                let (step, act, random) = (ended.step, ended.act, fastrand::u64(..));
                Ok(Some(Input::Ended { step, act, how, random }))
            }
            () = kick.kicked() => match kick.is_gone() {
                true => Ok(None),
                false => self.found().await.map(Some),
            },
            () = pause => Ok(Some(Input::Tick)),
        }
    }

    /// Writes records and puts the run down, as far as that is asked for.
    async fn write(
        &mut self,
        entries: Vec<Entry>,
        status: Option<&'static str>,
        rest: Option<Rest>,
    ) -> Result<Written, JournalError> {
        let events: Vec<Event> = entries.into_iter().map(|it| it.event(&self.plan)).collect();
        let mut append = Append::to(&self.lease.stream)
            .fenced(&self.lease)
            .after(self.sequence)
            .events_of(events.iter().cloned());
        if let Some(rest) = rest {
            append = append.status(rest.status).due(self.due(rest)).release();
        } else if let Some(status) = status.or(self.machine.status(self.is_listed)) {
            append = append.status(status);
        }
        self.is_listed = true;
        let (mut pause, mut tries) = (Duration::ZERO, 0);
        loop {
            match self.hub.journal.append(append.clone()).await {
                Ok(appended) => {
                    self.sequence = appended.sequence;
                    self.hub.tell(&self.lease.stream);
                    return Ok(Written::Yes);
                }
                Err(JournalError::Fenced { .. }) => return Ok(Written::Gone),
                Err(JournalError::Conflict { .. }) => return self.conflict(&events).await,
                // What may have been written is a conflict when it was.
                Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                    if self.kick.is_gone() {
                        return Ok(Written::Gone);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn due(&self, rest: Rest) -> Due {
        match (rest.over, rest.until) {
            (true, _) => self.hub.retention.due(),
            (false, Some(until)) => Due::At(until),
            (false, None) => Due::Never,
        }
    }

    /// Somebody has added records: this worker, in an append of which the answer was lost, or
    /// somebody else.
    async fn conflict(&mut self, ours: &[Event]) -> Result<Written, JournalError> {
        let records = self.hub.journal.read_to_end(&self.lease.stream, self.sequence).await?;
        let written = records.len() >= ours.len()
            && !ours.is_empty()
            && records.iter().zip(ours).all(|(record, event)| record.event == *event);
        if written {
            self.sequence = Sequence::new(self.sequence.get() + ours.len() as u64);
            return Ok(Written::Yes);
        }
        self.take(&records).map(Written::Others)
    }

    async fn found(&mut self) -> Result<Input, JournalError> {
        let records = self.hub.journal.read_to_end(&self.lease.stream, self.sequence).await?;
        self.take(&records)
    }

    /// Records that somebody else has added.
    fn take(&mut self, records: &[crate::journal::Record]) -> Result<Input, JournalError> {
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            let entry = Entry::read(record, &self.plan)?;
            if let Entry::Done { step, output } = &entry {
                self.bodies.keep(*step, output)?;
            }
            self.sequence = record.sequence;
            entries.push((record.at, entry));
        }
        Ok(Input::Found { entries, fresh: false })
    }
}

fn poll_any(running: &mut [Running], context: &mut Context<'_>) -> Poll<(usize, Ended)> {
    for (place, running) in running.iter_mut().enumerate() {
        if let Poll::Ready(how) = running.attempted.as_mut().poll(context) {
            return Poll::Ready((place, how));
        }
    }
    Poll::Pending
}
