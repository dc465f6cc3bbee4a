use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;

use super::super::EffectId;
use super::super::declared::Saga;
use super::super::rules::{Entry, Facts};
use super::super::walk::Nested;
use super::bodies::{Form, Kind};
use super::end::{End, EndOf, Told, end_of};
use super::sagas::Sagas;
use crate::error::Invalid;
use crate::journal::{Append, Due, JournalError, Record, Sequence, StreamId};

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
    /// The saga that it is, when it is one of its own.
    pub nested: Option<NestedRun>,
}

/// The run of a saga that is a step of another one.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
/// # use trade::*;
/// # use reliability::distributed::transaction::saga::Sagas;
/// # use reliability::journal::Journal;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
/// # let order = Order { article: "tea".into(), to: "Ada".into() };
/// let order = sagas.start::<PlaceOrder>("4711", order).await?;
/// # order.ended().await?;
/// let progress = order.progress().await?.expect("it was started");
/// let shipping = progress.steps[1].nested.as_ref().expect("it is a saga");
/// assert_eq!((shipping.stream.kind(), shipping.status.as_deref()), ("ship", Some("completed")));
///
/// // What it has come to by itself:
/// let shipping = sagas.find::<Ship>(shipping.stream.key())?;
/// shipping.ended().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NestedRun {
    /// The stream of its records, when it is begun.
    pub stream: StreamId,
    /// What it has told last; an [`Operator`](crate::distributed::transaction::saga::Operator) sees
    /// what lists say of it now. `None` when it has told nothing, or was not begun.
    pub status: Option<String>,
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
                let form = &self.sagas.kind::<D>()?.form;
                if let Some(end) = end_of(form, &self.stream, &records)? {
                    return Ok(end);
                }
                if let Some(stuck) = self.stuck_within(form, &records).await? {
                    return Ok(stuck);
                }
            }
            // Other processes tell nobody here.
            let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
            reads = true;
        }
    }

    /// Why it does not go on, when a saga that is a step of it is stuck.
    async fn stuck_within(
        &self,
        form: &Form<D>,
        records: &[Record],
    ) -> Result<Option<EndOf<D>>, JournalError> {
        if !records.iter().any(|record| record.event.name() == "saga.nested") {
            return Ok(None);
        }
        let facts = Told::of(form, &self.stream, records)?.facts;
        for step in Progress::of(&facts).steps {
            let open = matches!(step.state, StepState::Open | StepState::Undoing);
            let told = step.nested.filter(|it| open && it.status.as_deref() == Some("stuck"));
            let Some(NestedRun { stream, .. }) = told else { continue };
            // Somebody may have looked at it since.
            let head = self.sagas.hub.journal.head(&stream).await?;
            if head.is_some_and(|head| head.status == "stuck") {
                let undoing = step.state == StepState::Undoing;
                let reason = alloc::format!("`{stream}`, which it waits for, is stuck");
                return Ok(Some(End::Stuck { step: step.name, undoing, reason }));
            }
        }
        Ok(None)
    }

    /// The run of the saga that a step is; `None` when that is not begun.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
    /// # use trade::*;
    /// # use reliability::distributed::transaction::saga::{End, Sagas};
    /// # use reliability::journal::Journal;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
    /// # let order = Order { article: "tea".into(), to: "Ada".into() };
    /// let order = sagas.start::<PlaceOrder>("4711", order).await?;
    /// # order.ended().await?;
    /// let shipping = order.nested::<place_order::Shipped>().await?.expect("it was begun");
    /// assert!(matches!(shipping.ended().await?, End::Completed(done) if done.booked == 3));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when this engine does not work at that saga; and whatever the
    /// journal says.
    ///
    /// # Cancel safety
    ///
    /// Nothing changes when this is dropped.
    pub async fn nested<S: Nested<Saga = D>>(
        &self,
    ) -> Result<Option<Handle<S::Child>>, JournalError> {
        self.sagas.kind::<S::Child>()?;
        let progress = self.progress().await?;
        let step = progress.and_then(|progress| progress.steps.into_iter().nth(S::PLACE));
        let Some(NestedRun { stream, .. }) = step.and_then(|step| step.nested) else {
            return Ok(None);
        };
        let begun = self.sagas.hub.journal.head(&stream).await?.is_some();
        Ok(begun.then(|| Handle::new(&self.sagas, stream)))
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
            nested: nested(facts, step),
        });
        Self { status: facts.phase.status(), steps: steps.collect() }
    }
}

/// The saga that a step is, by the name that its effect gives it.
fn nested(facts: &Facts, step: usize) -> Option<NestedRun> {
    let planned = &facts.plan.steps()[step];
    let effect = EffectId::new(facts.run, planned.name());
    let stream = StreamId::new(planned.nested()?, effect.as_str()).ok()?;
    Some(NestedRun { stream, status: facts.steps[step].nested.map(ToString::to_string) })
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
