//! One run of a saga, carried on until there is nothing to do for now.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::poll_fn;
use core::task::{Context, Poll};
use core::time::Duration;
use std::time::SystemTime;

use super::super::nested::append_and_tell;
use super::super::plan::Plan;
use super::super::rules::{Act, Begin, Ended, Entry, Input, Machine, Next, Parent, Rest};
use super::bodies::{Attempted, Bodies};
use super::collect::{Over, collect};
use super::hub::{AnyEnd, Hub};
use super::nested::Within;
use super::observe;
use super::running::Kick;
use crate::journal::{Append, Due, Event, JournalError, Lease, Record, Sequence};
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
    /// Something was to be begun when the engine stopped: others begin it.
    is_left: bool,
    /// What is to be begun when the lease, which is over, is renewed after all.
    held_back: Vec<Begin>,
    /// The step of another saga that this is.
    parent: Option<Parent>,
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
    /// It is over, with that status; and with that, if somebody waits for it.
    Over(&'static str, Option<AnyEnd>),
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
    /// Nothing, because of this.
    No(Came),
}

/// What comes next.
enum Came {
    Input(Input),
    /// Somebody else has the run.
    Gone,
    /// Somebody has changed what the steps work with: the run is opened anew.
    Anew,
}

/// How long to wait for a journal that does not answer.
pub(super) const AGAIN: Backoff =
    Backoff::exponential(Duration::from_millis(20)).max(Duration::from_secs(5));

impl<'a> Drive<'a> {
    pub(super) fn new(
        hub: &'a Hub,
        plan: &Arc<Plan>,
        lease: Lease,
        bodies: Box<dyn Bodies>,
        kick: Arc<Kick>,
        parent: Option<Parent>,
    ) -> Self {
        let (sequence, machine) = (lease.sequence, Machine::new(Arc::clone(plan)));
        let (plan, running) = (Arc::clone(plan), Vec::new());
        let (is_listed, is_left, held_back) = (false, false, Vec::new());
        Self {
            hub,
            plan,
            lease,
            sequence,
            machine,
            bodies,
            running,
            kick,
            is_listed,
            is_left,
            held_back,
            parent,
        }
    }

    /// Carries it on. An error means that it cannot be worked at.
    pub(super) async fn run(&mut self, mut input: Input) -> Result<Put, JournalError> {
        loop {
            let came = match self.machine.step(self.hub.clock.now(), input)? {
                Next::Write { rest: Some(rest), .. }
                    if rest.over && self.machine.to_write().is_empty() =>
                {
                    // Others have ended it in this moment.
                    let (status, parent) = (rest.status, self.parent.clone());
                    let ended_at = self.machine.facts.ended_at;
                    self.lease.sequence = self.sequence;
                    return collect(self.hub, &self.lease, Over { status, ended_at, parent }).await;
                }
                Next::Write { status, rest } => match self.write(status, rest).await? {
                    Written::Yes => match rest {
                        None => Came::Input(Input::Written),
                        Some(rest) if rest.over => return Ok(Put::Over(rest.status, None)),
                        Some(_) => return Ok(Put::Stuck),
                    },
                    Written::No(came) => came,
                },
                Next::Go { begin, until, busy } => match self.go(begin, until, busy).await? {
                    Some(came) => came,
                    None => return Ok(Put::Down),
                },
            };
            input = match came {
                Came::Input(input) => input,
                Came::Gone => return Ok(Put::Gone),
                Came::Anew => return self.again().await,
            };
        }
    }

    /// Begins what is to be begun, and waits. `None` when the run is put down instead.
    async fn go(
        &mut self,
        begin: Vec<Begin>,
        until: Option<SystemTime>,
        busy: bool,
    ) -> Result<Option<Came>, JournalError> {
        let stopping = self.hub.is_stopping();
        if stopping {
            self.is_left |= !begin.is_empty() || !self.held_back.is_empty();
        } else if !begin.is_empty() || !self.held_back.is_empty() {
            self.held_back.extend(begin);
            // Somebody else may be at it otherwise. Whoever renews the lease kicks this worker.
            if self.kick.is_held() {
                let begin = core::mem::take(&mut self.held_back);
                begin.into_iter().for_each(|begin| self.begin(begin));
            }
        }
        let waits = if stopping { !self.running.is_empty() } else { busy || !self.is_long(until) };
        if waits {
            return self.next(until).await.map(Some);
        }
        // What would be begun is begun by another engine.
        let until = if self.is_left { Some(self.hub.clock.now()) } else { until };
        let rest = Some(self.machine.pause(until));
        Ok(match self.write(None, rest).await? {
            Written::Yes => None,
            Written::No(came) => Some(came),
        })
    }

    /// Puts the run down for whoever opens it next.
    async fn again(&mut self) -> Result<Put, JournalError> {
        let append = Append::to(&self.lease.stream).fenced(&self.lease).due(Due::Now);
        self.hub.journal.append(append.release()).await?;
        Ok(Put::Down)
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { step, act, attempt } = begin;
        let seen = observe::Attempt::begin(&self.plan, step, act, attempt);
        let attempted = match self.plan.steps()[step].nested() {
            None => self.bodies.begin(step, act, attempt),
            Some(_) => self.bodies.nest(step, act, attempt, self.within()),
        };
        let attempted = seen.around(attempted);
        self.running.push(Running { step, act, attempted, seen });
    }

    fn within(&self) -> Within {
        Within {
            journal: self.hub.journal.clone(),
            clock: self.hub.clock.clone(),
            lease: self.lease.clone(),
            version: self.plan.version(),
            depth: self.parent.as_ref().map_or(0, |parent| parent.depth),
            deadline: self.machine.facts.deadline,
        }
    }

    /// Whether so long a pause is not worth to keep the run in memory.
    fn is_long(&self, until: Option<SystemTime>) -> bool {
        let now = self.hub.clock.now();
        until.is_none_or(|until| until.duration_since(now).is_ok_and(|pause| pause > self.hub.stay))
    }

    /// What it has come to, for those who wait for it: all its steps are done.
    pub(super) fn completed(self) -> Option<AnyEnd> {
        match self.hub.is_watched(&self.lease.stream) {
            true => self.bodies.completed(),
            false => None,
        }
    }

    /// What comes next: an attempt ends, time goes by, or somebody has added records.
    async fn next(&mut self, until: Option<SystemTime>) -> Result<Came, JournalError> {
        let pause = until.map(|until| until.duration_since(self.hub.clock.now()));
        let pause = pause.map(Result::unwrap_or_default);
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
                if let Ended::Waiting(nested) = &how {
                    self.hub.added(nested);
                }
                let (step, act, random) = (ended.step, ended.act, fastrand::u64(..));
                Ok(Came::Input(Input::Ended { step, act, how, random }))
            }
            () = kick.kicked() => match kick.is_gone() {
                true => Ok(Came::Gone),
                false => self.found().await,
            },
            () = pause => Ok(Came::Input(Input::Tick)),
        }
    }

    /// What a run is told to the journal by. Made anew for each try: most need one.
    fn append(&self, status: Option<&'static str>, rest: Option<Rest>) -> Append {
        let append = Append::to(&self.lease.stream).fenced(&self.lease).after(self.sequence);
        let append = append.events_of(self.events());
        match (rest, status.or(self.machine.status(self.is_listed))) {
            (Some(rest), _) => append.status(rest.status).due(self.due(rest)).release(),
            (None, Some(status)) => append.status(status),
            (None, None) => append,
        }
    }

    fn events(&self) -> impl Iterator<Item = Event> {
        self.machine.to_write().iter().map(|entry| entry.event(&self.plan))
    }

    /// Writes what there is to write and puts the run down, as far as that is asked for.
    async fn write(
        &mut self,
        status: Option<&'static str>,
        rest: Option<Rest>,
    ) -> Result<Written, JournalError> {
        // What ends it is news to the saga that it is a step of.
        let news = rest.filter(|_| !self.machine.to_write().is_empty());
        let told = self.parent.clone().zip(news);
        let (mut pause, mut tries) = (Duration::ZERO, 0);
        loop {
            let (journal, append) = (&self.hub.journal, self.append(status, rest));
            let appended = match &told {
                None => journal.append(append).await,
                Some((parent, rest)) => append_and_tell(journal, append, parent, rest.status).await,
            };
            match appended {
                Ok(appended) => {
                    if let Some((parent, _)) = &told {
                        self.hub.added(&parent.stream);
                    }
                    (self.sequence, self.is_listed) = (appended.sequence, true);
                    if rest.is_none() {
                        self.hub.tell(&self.lease.stream);
                    }
                    return Ok(Written::Yes);
                }
                Err(JournalError::Fenced { .. }) => return Ok(Written::No(Came::Gone)),
                Err(JournalError::Conflict { .. }) => return self.conflict().await,
                // What may have been written is a conflict when it was.
                Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                    if self.kick.is_gone() {
                        return Ok(Written::No(Came::Gone));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn due(&self, rest: Rest) -> Due {
        match (rest.over, rest.until) {
            (true, _) => self.hub.retention.due(),
            // By the clock that knows how long that is: the store may have another one.
            (false, Some(until)) => {
                Due::After(until.duration_since(self.hub.clock.now()).unwrap_or_default())
            }
            (false, None) => Due::Never,
        }
    }

    /// Somebody has added records: this worker, in an append of which the answer was lost, or
    /// somebody else.
    async fn conflict(&mut self) -> Result<Written, JournalError> {
        let Some(records) = self.read().await? else { return Ok(Written::No(Came::Gone)) };
        let ours = self.machine.to_write().len();
        let written = records.len() >= ours
            && ours > 0
            && records.iter().zip(self.events()).all(|(record, event)| record.event == event);
        if written {
            self.sequence = Sequence::new(self.sequence.get() + ours as u64);
            self.is_listed = true;
            return Ok(Written::Yes);
        }
        self.take(&records).map(Written::No)
    }

    async fn found(&mut self) -> Result<Came, JournalError> {
        match self.read().await? {
            Some(records) => self.take(&records),
            None => Ok(Came::Gone),
        }
    }

    /// What was added to the run behind what this worker knows.
    async fn read(&mut self) -> Result<Option<Vec<Record>>, JournalError> {
        read(self.hub, &self.lease, self.sequence, &self.kick).await
    }

    /// Records that somebody else has added.
    fn take(&mut self, records: &[Record]) -> Result<Came, JournalError> {
        let mut entries = Vec::with_capacity(records.len());
        for record in records {
            let entry = Entry::read(record, &self.plan)?;
            match &entry {
                Entry::Done { step, output } => self.bodies.keep(*step, output)?,
                Entry::Edited { .. } => return Ok(Came::Anew),
                _ => {}
            }
            self.sequence = record.sequence;
            entries.push((record.at, entry));
        }
        Ok(Came::Input(Input::Found { entries, fresh: false }))
    }
}

/// The records of a run, however long the journal does not answer: that says nothing of the run.
/// `None` when somebody else has it meanwhile.
pub(super) async fn read(
    hub: &Hub,
    lease: &Lease,
    after: Sequence,
    kick: &Kick,
) -> Result<Option<Vec<Record>>, JournalError> {
    let (mut pause, mut tries) = (Duration::ZERO, 0);
    loop {
        match hub.journal.read_to_end(&lease.stream, after).await {
            Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                tries += 1;
                pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                tokio::time::sleep(pause).await;
                if kick.is_gone() {
                    return Ok(None);
                }
            }
            read => return read.map(Some),
        }
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
