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
use crate::distributed::transaction::choreography::participant::Bound;
use crate::distributed::transaction::saga::{Cx, EffectId, Outcome, Saga, Step, Transient};
use crate::journal::JournalError;

impl<D: Saga> Desk<D> {
    pub(super) async fn attempt(
        &self,
        hand: &mut Hand,
        task: usize,
        undo: bool,
    ) -> Result<Option<Put>, JournalError> {
        let entries = self.attempted(hand, task, undo).await?;
        self.write(hand, entries).await
    }

    /// One attempt, and what is to be written down of it.
    async fn attempted(
        &self,
        hand: &Hand,
        place: usize,
        undo: bool,
    ) -> Result<Vec<Entry>, JournalError> {
        let (task, handler) = (&hand.state.tasks[place], &self.handlers[place]);
        let started = started(&hand.state)?;
        let history = Arc::new(history::<D>(&self.room.wiring, started, &hand.state)?);
        let cx = self.cx(hand, place, undo)?;
        let seen = observe::Attempt::begin(self, &hand.state, place, undo);
        let ended = match undo {
            false => {
                let doing = caught(async { (handler.does)(cx, history).await }, |why| {
                    Err(Outcome::unknown(why))
                });
                match limited(handler.timeout, seen.around(doing)).await {
                    Some(Ok(made)) => self.done(hand, place, made, seen.traceparent()),
                    Some(Err(Outcome::Rejected(refusal))) => {
                        Ok(self.refused(hand, place, &refusal, seen.traceparent())?)
                    }
                    Some(Err(Outcome::Transient(why))) => Err(why),
                    Some(Err(Outcome::Unknown(why))) => Err(Transient::new(why.to_string())),
                    None => Err(Transient::new("it did not end in its time")),
                }
            }
            true => {
                let undone = match &handler.undoes {
                    Some(undoes) => {
                        let undoing = caught(async { undoes(cx, history).await }, |why| {
                            Err(Transient::new(why))
                        });
                        let late = || Err(Transient::new("it did not end in its time"));
                        limited(handler.timeout, seen.around(undoing)).await.unwrap_or_else(late)
                    }
                    None => Ok(()),
                };
                match undone {
                    Ok(()) => Ok(self.undone(hand, place, seen.traceparent())?),
                    Err(why) => Err(why),
                }
            }
        };
        seen.end(ended.as_ref().err(), ended.as_ref().is_ok_and(|entries| is_refusal(entries)));
        let why = match ended {
            Ok(entries) => return Ok(entries),
            Err(why) => why,
        };
        let (tried, most) = match undo {
            true => (task.undo_attempts, handler.undo_attempts),
            false => (task.attempts, handler.attempts.unwrap_or(Bound::<D>::ATTEMPTS)),
        };
        let attempt = tried.saturating_add(1);
        let pause = handler.backoff.delay(attempt, Duration::ZERO, fastrand::u64(..));
        let (name, reason) = (task.name.clone(), shortened(&why.to_string()));
        let pause = why.pause().unwrap_or(pause);
        let mut entries =
            Vec::from([Entry::Tried { task: name.clone(), undo, reason: reason.clone(), pause }]);
        if attempt >= most {
            observe::parked(self.name, &name, undo, &reason);
            entries.push(Entry::Parked { task: name, undo, reason });
        }
        Ok(entries)
    }

    fn cx(&self, hand: &Hand, place: usize, undo: bool) -> Result<Cx, JournalError> {
        let task = &hand.state.tasks[place];
        let started = started(&hand.state)?;
        let step = task.link.makes.map_or(task.link.handler, |it| self.room.wiring.event(it));
        let (run, effect) = (started.transaction().get(), self.effect(hand, place)?);
        let tried = if undo { task.undo_attempts } else { task.attempts };
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

fn is_refusal(entries: &[Entry]) -> bool {
    entries.iter().any(|entry| matches!(entry, Entry::Settled { how: How::Refused, .. }))
}

/// What fits into a record and a line of a list.
fn shortened(reason: &str) -> String {
    reason.chars().take(1_000).collect()
}
