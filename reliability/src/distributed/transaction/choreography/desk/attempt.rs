//! Handlers and undos are called.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Desk, Hand, Put, started};
use crate::distributed::transaction::choreography::calls::{caught, limited};
use crate::distributed::transaction::choreography::entry::{Entry, How};
use crate::distributed::transaction::choreography::history::history;
use crate::distributed::transaction::choreography::observe;
use crate::distributed::transaction::choreography::participant::{Bound, Probed};
use crate::distributed::transaction::choreography::task::Act;
use crate::distributed::transaction::saga::{
    Cx, EffectId, History, Outcome, Saga, Step, Transient,
};
use crate::journal::JournalError;

/// What an attempt has come to.
enum Came {
    /// To that.
    Entries(Vec<Entry>),
    /// Its probe says that it has not happened.
    NotFound,
    /// To nothing; whether nobody knows if it has happened.
    Failed { why: Transient, unknown: bool },
}

impl<D: Saga> Desk<D> {
    /// Writes down that a handler with a probe is begun. What comes next is to call it, unless
    /// something has come meanwhile.
    pub(super) async fn begin(
        &self,
        hand: &mut Hand,
        place: usize,
    ) -> Result<Option<Put>, JournalError> {
        let task = hand.state.tasks[place].name.clone();
        let put = self.write(hand, Vec::from([Entry::Begun { task }])).await?;
        hand.state.tasks[place].clean = true;
        Ok(put)
    }

    pub(super) async fn attempt(
        &self,
        hand: &mut Hand,
        place: usize,
        act: Act,
    ) -> Result<Option<Put>, JournalError> {
        let came = self.attempted(hand, place, act).await?;
        hand.state.tasks[place].clean = matches!(came, Came::NotFound);
        let entries = match came {
            Came::Entries(entries) => entries,
            Came::NotFound => return Ok(None),
            Came::Failed { why, unknown } => self.failed(hand, place, act, &why, unknown),
        };
        self.write(hand, entries).await
    }

    /// One attempt.
    async fn attempted(&self, hand: &Hand, place: usize, act: Act) -> Result<Came, JournalError> {
        let started = started(&hand.state)?;
        let history = Arc::new(history::<D>(&self.room.wiring, started, &hand.state)?);
        let cx = self.cx(hand, place, act)?;
        let seen = observe::Attempt::begin(self, &hand.state, place, act);
        let came = match act {
            Act::Do => self.done_by(hand, place, cx, history, &seen).await?,
            Act::Probe => self.found_by(hand, place, cx, history, &seen).await,
            Act::Undo => self.undone_by(hand, place, cx, history, &seen).await?,
        };
        let (failed, how) = match &came {
            Came::Entries(entries) if is_refusal(entries) => (None, "refused"),
            Came::Entries(_) => (None, "done"),
            Came::NotFound => (None, "not_found"),
            Came::Failed { why, .. } => (Some(why), "failed"),
        };
        seen.end(failed, how);
        Ok(came)
    }

    async fn done_by(
        &self,
        hand: &Hand,
        place: usize,
        cx: Cx,
        history: Arc<History<D>>,
        seen: &observe::Attempt,
    ) -> Result<Came, JournalError> {
        let handler = &self.handlers[place];
        let doing =
            caught(async { (handler.does)(cx, history).await }, |why| Err(Outcome::unknown(why)));
        let (why, unknown) = match limited(handler.timeout, seen.around(doing)).await {
            Some(Ok(made)) => return Ok(self.made(hand, place, made, seen)),
            Some(Err(Outcome::Rejected(refusal))) => {
                let refused = self.refused(hand, place, &refusal, seen.traceparent())?;
                return Ok(Came::Entries(refused));
            }
            Some(Err(Outcome::Transient(why))) => (why, false),
            Some(Err(Outcome::Unknown(why))) => (Transient::new(why.to_string()), true),
            None => (late(), true),
        };
        Ok(Came::Failed { why, unknown })
    }

    async fn found_by(
        &self,
        hand: &Hand,
        place: usize,
        cx: Cx,
        history: Arc<History<D>>,
        seen: &observe::Attempt,
    ) -> Came {
        let handler = &self.handlers[place];
        let probing = caught(
            async {
                match &handler.probes {
                    Some(probes) => probes(cx, history).await,
                    None => Err(Transient::new("it has no probe")),
                }
            },
            |why| Err(Transient::new(why)),
        );
        let failed = |why| Came::Failed { why, unknown: true };
        match limited(handler.timeout, seen.around(probing)).await {
            Some(Ok(Probed::Happened(made))) => self.made(hand, place, made, seen),
            Some(Ok(Probed::NotFound)) => Came::NotFound,
            Some(Err(why)) => failed(why),
            None => failed(late()),
        }
    }

    async fn undone_by(
        &self,
        hand: &Hand,
        place: usize,
        cx: Cx,
        history: Arc<History<D>>,
        seen: &observe::Attempt,
    ) -> Result<Came, JournalError> {
        let handler = &self.handlers[place];
        let undone = match &handler.undoes {
            Some(undoes) => {
                let undoing =
                    caught(async { undoes(cx, history).await }, |why| Err(Transient::new(why)));
                let undone = limited(handler.timeout, seen.around(undoing)).await;
                undone.unwrap_or_else(|| Err(late()))
            }
            None => Ok(()),
        };
        Ok(match undone {
            Ok(()) => Came::Entries(self.undone(hand, place, seen.traceparent())?),
            Err(why) => Came::Failed { why, unknown: true },
        })
    }

    /// It has happened; what it has made may be none that can be told.
    fn made(&self, hand: &Hand, place: usize, made: Option<D>, seen: &observe::Attempt) -> Came {
        match self.done(hand, place, made, seen.traceparent()) {
            Ok(entries) => Came::Entries(entries),
            Err(why) => Came::Failed { why, unknown: true },
        }
    }

    /// What is written down of an attempt that has failed.
    fn failed(
        &self,
        hand: &Hand,
        place: usize,
        act: Act,
        why: &Transient,
        unknown: bool,
    ) -> Vec<Entry> {
        let (task, handler) = (&hand.state.tasks[place], &self.handlers[place]);
        let undo = act == Act::Undo;
        let (tried, most) = match undo {
            true => (task.undo_attempts, handler.undo_attempts),
            false => (task.attempts, handler.attempts.unwrap_or(Bound::<D>::ATTEMPTS)),
        };
        let attempt = tried.saturating_add(1);
        let pause = handler.backoff.delay(attempt, Duration::ZERO, fastrand::u64(..));
        let pause = why.pause().unwrap_or(pause);
        let (task, reason) = (task.name.clone(), shortened(&why.to_string()));
        let tried =
            Entry::Tried { task: task.clone(), undo, unknown, reason: reason.clone(), pause };
        let mut entries = Vec::from([tried]);
        if attempt >= most {
            observe::parked(self.name, &task, undo, &reason);
            entries.push(Entry::Parked { task, undo, reason });
        }
        entries
    }

    fn cx(&self, hand: &Hand, place: usize, act: Act) -> Result<Cx, JournalError> {
        let task = &hand.state.tasks[place];
        let started = started(&hand.state)?;
        let step = task.link.makes.map_or(task.link.handler, |it| self.room.wiring.event(it));
        let (run, effect) = (started.transaction().get(), self.effect(hand, place)?);
        let tried = if act == Act::Undo { task.undo_attempts } else { task.attempts };
        let (name, key) = (self.room.wiring.name(), started.key().into());
        let cx = Cx::new(name, key, step, run, tried.saturating_add(1), Arc::new(()));
        Ok(cx.with_effect(effect))
    }

    fn effect(&self, hand: &Hand, place: usize) -> Result<EffectId, JournalError> {
        let task = &hand.state.tasks[place];
        let run = started(&hand.state)?.transaction().get();
        let name = match task.link.makes {
            Some(_) => task.name.clone(),
            // Two participants may have a handler of one name.
            None => format!("{}.{}", self.name, task.name),
        };
        Ok(EffectId::new(run, &name))
    }
}

impl<D: Saga> Bound<D> {
    /// Attempts before a handler is parked, where nothing else is said.
    const ATTEMPTS: u32 = Step::UNDO_ATTEMPTS;
}

fn late() -> Transient {
    Transient::new("it did not end in its time")
}

fn is_refusal(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| matches!(entry, Entry::Settled { how: How::Refused, .. }))
}

/// What fits into a record and a line of a list.
fn shortened(reason: &str) -> String {
    reason.chars().take(1_000).collect()
}
