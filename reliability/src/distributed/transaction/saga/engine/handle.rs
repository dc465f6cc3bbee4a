use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use super::super::declared::Saga;
use super::super::rules::{Entry, Facts};
use super::bodies::Kind;
use super::end::{EndOf, Told, end_of};
use super::sagas::Sagas;
use crate::error::Invalid;
use crate::journal::{Append, Due, JournalError, Sequence, StreamId};

/// One run of a saga: how it is, and how it ended. Cheap to clone, and worth nothing to the run: it
/// goes on when all handles are dropped.
///
/// # Examples
///
/// See [`Sagas`].
pub struct Handle<D: Saga> {
    sagas: Sagas,
    stream: StreamId,
    of: PhantomData<fn() -> D>,
}

/// How far a run is.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// # use shop::*;
/// # use reliability::distributed::transaction::saga::{Sagas, StepState};
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
/// # let order = sagas.start::<PlaceOrder>("4711", Order { article: "tea".into() }).await?;
/// # order.ended().await?;
/// let progress = order.progress().await?.expect("it was started");
/// assert_eq!(progress.status, "completed");
/// assert!(progress.steps.iter().all(|step| step.state == StepState::Done));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// `running`, `undoing`, `stuck`, `completed`, `rolled_back` or `abandoned`.
    pub status: &'static str,
    /// Its steps, in the order in which they stand.
    pub steps: Vec<StepProgress>,
}

/// How far a step is.
///
/// # Examples
///
/// See [`Progress`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepProgress {
    /// Its name.
    pub name: String,
    /// How far it is.
    pub state: StepState,
    /// Attempts that have failed and were written down.
    pub failed_attempts: u32,
}

/// How far a step is.
///
/// # Examples
///
/// See [`Progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepState {
    /// Others come first.
    Waiting,
    /// It may have been begun.
    Open,
    /// It is done.
    Done,
    /// It was done or may have been, and is to be undone.
    Undoing,
    /// It is undone.
    Undone,
}

impl StepState {
    /// Its name in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Open => "open",
            Self::Done => "done",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }
}

impl<D: Saga> Handle<D> {
    pub(super) fn new(sagas: &Sagas, stream: StreamId) -> Self {
        Self { sagas: sagas.clone(), stream, of: PhantomData }
    }

    /// The key that it was started with.
    pub fn key(&self) -> &str {
        self.stream.key()
    }

    /// The stream of its records.
    pub const fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// How it has ended, when it has; or why it does not go on. A run that is stuck may be asked
    /// again later.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
    /// # use shop::*;
    /// use reliability::distributed::transaction::saga::{End, Sagas, Why};
    /// # use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
    /// let order = sagas.start::<PlaceOrder>("4713", Order { article: "unicorn".into() }).await?;
    /// match order.ended().await? {
    ///     End::Completed(done) => println!("paid with {}", done.charged),
    ///     End::RolledBack(Why::Rejected { refusal, .. }) => assert_eq!(refusal, Refused::SoldOut),
    ///     End::Stuck { step, reason, .. } => println!("somebody has to look at {step}: {reason}"),
    ///     other => println!("{other:?}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such run; and whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// The run goes on when this is dropped.
    pub async fn ended(&self) -> Result<EndOf<D>, JournalError> {
        let hub = &self.sagas.hub;
        let watch = hub.watch(&self.stream);
        // Who has it in hand will say how it ends, so there is nothing to read until then.
        let mut reads = false;
        loop {
            let mut ended = core::pin::pin!(watch.watched.ended.notified());
            ended.as_mut().enable();
            if reads || !hub.works_at(&self.stream) {
                if let Some(end) = watch.take_end().and_then(|end| end.downcast().ok()) {
                    return Ok(*end);
                }
                let records = hub.journal.read_to_end(&self.stream, Sequence::START).await?;
                if records.is_empty() {
                    return Err(self.unknown());
                }
                if let Some(end) = end_of(&self.sagas.kind::<D>()?.form, &self.stream, &records)? {
                    return Ok(end);
                }
            }
            // Other processes tell nobody here.
            let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
            reads = true;
        }
    }

    /// How far it is; `None` when there is no such run.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// Nothing changes when this is dropped.
    pub async fn progress(&self) -> Result<Option<Progress>, JournalError> {
        let records = self.sagas.hub.journal.read_to_end(&self.stream, Sequence::START).await?;
        if records.is_empty() {
            return Ok(None);
        }
        Ok(Some(Progress::of(
            &Told::of(&self.sagas.kind::<D>()?.form, &self.stream, &records)?.facts,
        )))
    }

    /// Waits until it is further than that, and says how far.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such run; and whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// Nothing changes when this is dropped.
    pub async fn further_than(&self, known: &Progress) -> Result<Progress, JournalError> {
        let watch = self.sagas.hub.watch(&self.stream);
        loop {
            let mut news = core::pin::pin!(watch.watched.news.notified());
            news.as_mut().enable();
            let progress = self.progress().await?.ok_or_else(|| self.unknown())?;
            if progress != *known {
                return Ok(progress);
            }
            let _ = tokio::time::timeout(Duration::from_secs(1), news).await;
        }
    }

    /// Wants it to turn back: it does as long as it can, and goes on otherwise.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when there is no such run, or it is over; and whatever the journal
    /// says.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, it may have been said.
    pub async fn cancel(&self, by: &str, why: &str) -> Result<(), JournalError> {
        self.say(Entry::Cancelled { by: by.to_string(), why: why.to_string() }).await
    }

    /// Adds a record from outside, so that whoever works at the run reads it.
    pub(super) async fn say(&self, entry: Entry) -> Result<(), JournalError> {
        let (hub, plan) = (&self.sagas.hub, self.sagas.kind::<D>()?.plan());
        let event = entry.event(plan);
        loop {
            let records = hub.journal.read_to_end(&self.stream, Sequence::START).await?;
            let Some(last) = records.last() else { return Err(self.unknown()) };
            if records.iter().any(|record| record.event == event) {
                return Ok(());
            }
            let phase =
                Told::of(&self.sagas.kind::<D>()?.form, &self.stream, &records)?.facts.phase;
            if phase.is_over() {
                let expected = "a run that is not over";
                let got = alloc::format!("`{}`, {}", self.stream, phase.status());
                return Err(Invalid::new("saga", "key", expected, got).into());
            }
            let append = Append::to(&self.stream).after(last.sequence).event(event.clone());
            match hub.journal.append(append.due(Due::Now)).await {
                Ok(_) => break,
                Err(JournalError::Conflict { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        hub.added(&self.stream);
        Ok(())
    }

    fn unknown(&self) -> JournalError {
        let expected = "the key of a saga that was started";
        Invalid::new("saga", "key", expected, self.stream.to_string()).into()
    }
}

impl Progress {
    pub(in super::super) fn of(facts: &Facts) -> Self {
        let undoing = facts.because.is_some();
        let state = |step: usize| match () {
            () if facts.steps[step].undone => StepState::Undone,
            () if undoing && facts.to_be_undone(step) => StepState::Undoing,
            () if facts.is_done(step) => StepState::Done,
            () if !undoing && facts.may_be_begun(step) => StepState::Open,
            () => StepState::Waiting,
        };
        let steps = facts.plan.steps().iter().enumerate().map(|(step, planned)| StepProgress {
            name: planned.name().to_string(),
            state: state(step),
            failed_attempts: facts.steps[step].tried.max(facts.steps[step].undo_tried),
        });
        Self { status: facts.phase.status(), steps: steps.collect() }
    }
}

impl<D: Saga> Clone for Handle<D> {
    fn clone(&self) -> Self {
        Self { sagas: self.sagas.clone(), stream: self.stream.clone(), of: PhantomData }
    }
}

impl<D: Saga> fmt::Debug for Handle<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("saga", &self.stream).finish_non_exhaustive()
    }
}
