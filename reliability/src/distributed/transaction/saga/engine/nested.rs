//! A step that is a saga of its own: started by the effect id of the step, looked at when it says
//! that there is news, called back when the saga around it turns back.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::fmt;
use core::time::Duration;
use std::time::SystemTime;

use super::super::declared::{History, Saga, Unwritable};
use super::super::durable::{Durable, Written};
use super::super::plan::Plan;
use super::super::rules::{Act, Ended, Entry, Parent, Phase, Started};
use super::super::walk::{CannotRefuse, Needs as _, Nested, Refusable};
use super::super::{Cx, Kind as StepKind};
use super::bodies::{Form, Kind, Of, kept, undone};
use super::drive::AGAIN;
use super::end::{End, Why, end_of};
use super::observe;
use super::start::traceparent;
use crate::error::Invalid;
use crate::journal::{
    Append, Due, Event, Journal, JournalError, Lease, Record, Sequence, StreamId,
};
use crate::time::WallClock;

/// How many sagas may be in each other. One that nests itself is refused before; this is for those
/// that do so by way of other programs.
const DEEPEST: u32 = 32;

/// What the engine has to know of a step that is a saga of its own, without the types of that one.
///
/// # Examples
///
/// See [`Nested`].
pub struct Nest<D: Saga> {
    pub(super) name: &'static str,
    plan: fn() -> Arc<Plan>,
    input: fn(&History<D>) -> Result<Vec<u8>, Unwritable>,
    come: Comes<D>,
    /// Where its steps share the same, whoever works at this one works at that one.
    pub(super) kind: KindOf<D>,
}

/// What the records of a nested saga say that it has come to, if it has.
type Comes<D> = fn(&StreamId, &[Record]) -> Result<Option<Come<D>>, JournalError>;

/// A saga as an engine knows it, with what the one around it shares.
type KindOf<D> = fn(&Arc<<D as Saga>::Shared>) -> Option<Arc<dyn Kind>>;

/// What a nested saga has come to, in the types of the one around it.
enum Come<D: Saga> {
    Done(D),
    /// It was rolled back; and whether because of a deadline, or of somebody who wanted it.
    Refused {
        refusal: D::Refusal,
        turned: bool,
    },
    /// Nobody knows.
    Lost(String),
}

impl<D: Saga> Nest<D> {
    /// Of a step that may refuse.
    pub const fn of<S: Refusable<Saga = D>>() -> Self {
        Self { come: come::<S>, ..Self::any::<S>() }
    }

    /// Of a step behind the pivot.
    pub const fn behind<S: Nested<Saga = D>>() -> Self
    where
        S::Child: CannotRefuse,
    {
        const {
            let child = <S::Child as Saga>::DEFINITION;
            assert!(child.cannot_refuse(), "a saga of steps that may refuse may refuse");
        };
        Self::any::<S>()
    }

    const fn any<S: Nested<Saga = D>>() -> Self {
        Self {
            name: <S::Child as Saga>::DEFINITION.name(),
            plan: || <S::Child as Saga>::DEFINITION.plan(),
            input: input::<S>,
            come: come_behind::<S>,
            kind: kind::<S>,
        }
    }
}

fn input<S: Nested>(history: &History<S::Saga>) -> Result<Vec<u8>, Unwritable> {
    let needs = S::Needs::from_history(history);
    let needs = needs.ok_or_else(|| Unwritable::new("an output that it needs is not there"))?;
    Ok(serde_json::to_vec(&Written(&S::input(history.input(), needs)))?)
}

fn come<S: Refusable>(
    stream: &StreamId,
    records: &[Record],
) -> Result<Option<Come<S::Saga>>, JournalError> {
    come_to::<S>(stream, records, |why| {
        let turned = !matches!(why, Why::Rejected { .. });
        Come::Refused { refusal: S::refused(why), turned }
    })
}

fn come_behind<S: Nested>(
    stream: &StreamId,
    records: &[Record],
) -> Result<Option<Come<S::Saga>>, JournalError> {
    let lost = || Come::Lost(format!("`{stream}` was rolled back, and there is no way back here"));
    come_to::<S>(stream, records, |_| lost())
}

fn come_to<S: Nested>(
    stream: &StreamId,
    records: &[Record],
    back: impl FnOnce(Why<<S::Child as Saga>::Refusal>) -> Come<S::Saga>,
) -> Result<Option<Come<S::Saga>>, JournalError> {
    Ok(match end_of(&Form::<S::Child>::new(), stream, records)? {
        Some(End::Completed(done)) => Some(Come::Done(S::wrap(S::finished(done)))),
        Some(End::RolledBack(why)) => Some(back(why)),
        Some(End::Abandoned { by, why }) => {
            Some(Come::Lost(format!("`{stream}` was abandoned by {by}: {why}")))
        }
        Some(End::Stuck { .. }) | None => None,
    })
}

fn kind<S: Nested>(shared: &Arc<<S::Saga as Saga>::Shared>) -> Option<Arc<dyn Kind>> {
    let shared: Arc<dyn Any + Send + Sync> = Arc::<<S::Saga as Saga>::Shared>::clone(shared);
    let shared = shared.downcast::<<S::Child as Saga>::Shared>().ok()?;
    Some(Arc::new(Of::<S::Child>::new(shared)))
}

/// The run that a nested saga is started from.
pub(super) struct Within {
    pub(super) journal: Journal,
    pub(super) clock: WallClock,
    pub(super) lease: Lease,
    pub(super) version: u32,
    /// How many sagas it is in.
    pub(super) depth: u32,
    pub(super) deadline: Option<SystemTime>,
}

/// Starts, looks at, or calls back the saga that a step is.
pub(super) async fn attempt<D: Saga>(
    step: usize,
    act: Act,
    within: Within,
    cx: Cx<D::Shared>,
    history: Arc<History<D>>,
) -> Ended {
    if act == (Act::Undo { known: true }) {
        return undone(D::undo(step, cx, history)).await;
    }
    let Some(nest) = D::nests(step) else { return failed("nothing is said of the saga it is") };
    let child = match StreamId::new(nest.name, cx.effect().as_str()) {
        Ok(child) => child,
        Err(error) => return failed(error),
    };
    let undoing = matches!(act, Act::Undo { .. });
    let seen = Nesting { nest, child: &child, within: &within, step: cx.step() };
    let seen = match seen.seen(act, step, &history).await {
        Ok(seen) => seen,
        // Whoever has the run now looks at it.
        Err(JournalError::Fenced { .. }) => Seen::Waiting,
        Err(error) => return failed(error),
    };
    match seen {
        Seen::Waiting => Ended::Waiting(child),
        Seen::Nothing | Seen::Come(Come::Refused { .. }) if undoing => Ended::Undone,
        Seen::Nothing => Ended::NotFound,
        Seen::Come(Come::Done(output)) if undoing => {
            history.keep(output);
            undone(D::undo(step, cx, history)).await
        }
        Seen::Come(Come::Done(output)) => kept(&history, output),
        Seen::Come(Come::Refused { refusal, turned }) => refused(&refusal, turned),
        Seen::Come(Come::Lost(_)) if undoing => undone(D::undo(step, cx, history)).await,
        Seen::Come(Come::Lost(reason)) => Ended::Lost(reason),
    }
}

fn refused(refusal: &impl Durable, turned: bool) -> Ended {
    // That it was refused counts for more than why.
    let text = serde_json::to_vec(&Written(refusal))
        .unwrap_or_else(|error| serde_json::json!(format!("{error}")).to_string().into_bytes());
    if turned { Ended::TurnedBack(text) } else { Ended::Rejected(text) }
}

fn failed(why: impl fmt::Display) -> Ended {
    Ended::Failed { unknown: true, reason: format!("{why}"), pause: None }
}

/// How it stands with a nested saga.
enum Seen<D: Saga> {
    /// It was not begun, and whoever might still want to begin it has lost the run.
    Nothing,
    /// It says when there is news.
    Waiting,
    Come(Come<D>),
}

struct Nesting<'a, D: Saga> {
    nest: Nest<D>,
    child: &'a StreamId,
    within: &'a Within,
    step: &'static str,
}

impl<D: Saga> Nesting<'_, D> {
    /// However long the journal does not answer: that says nothing of the step.
    async fn seen(
        &self,
        act: Act,
        step: usize,
        history: &History<D>,
    ) -> Result<Seen<D>, JournalError> {
        let (mut tries, mut pause) = (0, Duration::ZERO);
        loop {
            match self.once(act, step, history).await {
                Err(JournalError::Unavailable { .. } | JournalError::Unknown { .. }) => {
                    tries += 1;
                    pause = AGAIN.delay(tries, pause, fastrand::u64(..));
                    tokio::time::sleep(pause).await;
                }
                // It was begun, or has gone on, in this moment.
                Err(JournalError::Conflict { stream, .. }) if stream == *self.child => {}
                seen => return seen,
            }
        }
    }

    async fn once(
        &self,
        act: Act,
        step: usize,
        history: &History<D>,
    ) -> Result<Seen<D>, JournalError> {
        let journal = &self.within.journal;
        let forward = matches!(act, Act::Do | Act::Probe);
        let Some(head) = journal.head(self.child).await? else {
            if forward {
                self.start(step, history).await?;
                return Ok(Seen::Waiting);
            }
            return Ok(Seen::Nothing);
        };
        let over = Phase::is_over_in_lists(&head.status);
        if forward && !over {
            return Ok(Seen::Waiting);
        }
        let records = journal.read_to_end(self.child, Sequence::START).await?;
        match (self.nest.come)(self.child, &records)? {
            Some(come) => return Ok(Seen::Come(come)),
            None if forward => {}
            None => self.recall(&records).await?,
        }
        Ok(Seen::Waiting)
    }

    async fn start(&self, step: usize, history: &History<D>) -> Result<(), JournalError> {
        let Within { journal, clock, lease, version, depth, deadline } = self.within;
        if *depth >= DEEPEST {
            let got = format!("`{}` in {depth} others", self.nest.name);
            let advice = "a saga that nests itself never ends: let a step call what repeats";
            let expected = "at most 32 sagas in each other";
            return Err(Invalid::new("saga", "nested", expected, got).with_advice(advice).into());
        }
        let plan = (self.nest.plan)();
        let own = plan.deadline.and_then(|time| clock.now().checked_add(time));
        // What stands behind the pivot goes on when the time is over.
        let behind = D::DEFINITION.steps().get(step).is_some_and(|it| it.is(StepKind::Retriable));
        let around = deadline.filter(|_| !behind);
        let (stream, version) = (lease.stream.clone(), *version);
        let parent = Parent { stream, step: self.step.into(), version, depth: depth + 1 };
        let started = Started {
            run: fastrand::u128(1..),
            deadline: own.into_iter().chain(around).min(),
            traceparent: traceparent(),
            parent: Some(parent),
            input: (self.nest.input)(history).map_err(Unwritable::unreadable)?,
        };
        let priority = journal.head(&lease.stream).await?.map_or(0, |head| head.priority);
        let start = Append::to(self.child).after(Sequence::START).status("running").due(Due::Now);
        let start = start.priority(priority).event(started.event(&plan));
        // A worker that was taken for dead begins nothing that nobody would call back any more.
        let fence = Append::to(&lease.stream).fenced(lease);
        journal.append_all([start, fence]).await?;
        observe::started(self.nest.name);
        Ok(())
    }

    /// Wants it to turn back, once.
    async fn recall(&self, records: &[Record]) -> Result<(), JournalError> {
        let why = "the saga that it is a step of turns back".into();
        let by = format!("{}", self.within.lease.stream);
        let event = Entry::Cancelled { by, why }.event(&(self.nest.plan)());
        let same =
            |other: &Event| other.name() == event.name() && other.payload() == event.payload();
        let last = records.last().filter(|_| !records.iter().any(|record| same(&record.event)));
        let Some(last) = last else { return Ok(()) };
        let append = Append::to(self.child).after(last.sequence).event(event).due(Due::Now);
        self.within.journal.append(append).await.map(drop)
    }
}

impl<D: Saga> Clone for Nest<D> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D: Saga> Copy for Nest<D> {}

impl<D: Saga> fmt::Debug for Nest<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nest").field("saga", &self.name).finish_non_exhaustive()
    }
}
