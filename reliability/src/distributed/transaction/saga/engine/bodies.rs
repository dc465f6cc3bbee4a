//! The steps of one saga at work, without their types: what the driver calls.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::any::Any;
use core::future::Future;
use core::marker::PhantomData;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::panic::catch_unwind;
use std::time::SystemTime;

use pin_project_lite::pin_project;

use super::super::declared::{Doing, History, Probing, Saga, Undoing, Unwritable};
use super::super::definition::Definition;
use super::super::durable::{Read, Written};
use super::super::plan::Plan;
use super::super::rules::{Act, Ended, Entry, Started};
use super::super::{Cx, Outcome};
use super::begun::Begun;
use super::end::EndOf;
use super::hub::AnyEnd;
use super::nested::{self, Within};
use super::reading::{Reading, read_output, unreadable, unreadable_because};
use super::running::quietly;
use crate::journal::{Event, JournalError, Record, StreamId};

/// A saga that an engine works at.
pub(super) trait Kind: Send + Sync {
    fn definition(&self) -> &Definition;
    fn plan(&self) -> &Arc<Plan>;
    /// A run of it, from what its journal says.
    fn open(&self, key: &str, records: &[Record]) -> Result<Opened, JournalError>;
    /// The sagas that its steps are; with a kind where they share what this one does.
    fn nested(&self) -> Vec<Nested>;
    fn as_any(&self) -> &dyn Any;
}

/// The name of a nested saga.
pub(super) type Nested = (&'static str, Option<Arc<dyn Kind>>);

/// A run that can be worked at; or that is left to others, because they are older or newer.
pub(super) enum Opened {
    Here { bodies: Box<dyn Bodies>, entries: Vec<(SystemTime, Entry)>, started: Started },
    Elsewhere,
}

/// The steps of one run.
pub(super) trait Bodies: Send {
    /// Does, probes or undoes a step.
    fn begin(&self, step: usize, act: Act, attempt: u32) -> Attempted;
    /// The same of a step that is a saga of its own.
    fn nest(&self, step: usize, act: Act, attempt: u32, within: Within) -> Attempted;
    /// Somebody outside has said that a step is done.
    fn keep(&self, step: usize, output: &[u8]) -> Result<(), JournalError>;
    /// All steps are done: that is what they have come to, unless somebody still uses it.
    fn completed(self: Box<Self>) -> Option<AnyEnd>;
}

/// An attempt at a step; a panic in it is a failure.
pub(super) type Attempted = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// Of that type, with what its steps share.
pub(super) struct Of<D: Saga> {
    pub(super) shared: Arc<D::Shared>,
    pub(super) form: Form<D>,
}

/// What the records of a saga of that type mean.
pub(super) struct Form<D: Saga> {
    definition: Definition,
    pub(super) plan: Arc<Plan>,
    of: PhantomData<fn() -> D>,
}

impl<D: Saga> Of<D> {
    pub(super) fn new(shared: Arc<D::Shared>) -> Self {
        Self { shared, form: Form::new() }
    }

    /// A run that has just been started.
    pub(super) fn fresh(&self, key: &str, run: u128, input: D::Input) -> Box<dyn Bodies> {
        let (history, key) = (Arc::new(History::<D>::new(input)), key.into());
        Box::new(Run {
            history,
            shared: Arc::clone(&self.shared),
            key,
            run,
            steps: self.form.definition,
        })
    }
}

impl<D: Saga> Form<D> {
    pub(super) fn new() -> Self {
        let definition = D::DEFINITION;
        Self { plan: definition.plan(), definition, of: PhantomData }
    }

    /// What has happened in a run.
    pub(super) fn entries(
        &self,
        stream: &StreamId,
        records: &[Record],
    ) -> Result<Vec<(SystemTime, Entry)>, JournalError> {
        if let Some(version) = self.elsewhere(records) {
            let what = format!("`{stream}` is of version {version}, which is left to others");
            return Err(JournalError::Unreadable { what, source: None });
        }
        self.read(records).map(|(history, read)| {
            quietly(history);
            read.entries
        })
    }

    /// The version of a run that is left to others.
    fn elsewhere(&self, records: &[Record]) -> Option<u32> {
        let newest = records.iter().map(|record| record.event.version()).max().unwrap_or_default();
        let elsewhere = newest > self.definition.version() || self.definition.is_drained(newest);
        elsewhere.then_some(newest)
    }

    /// What the steps of a run have finished with.
    pub(super) fn history(&self, records: &[Record]) -> Result<History<D>, JournalError> {
        self.read(records).map(|(history, _)| history)
    }

    fn read(&self, records: &[Record]) -> Result<(History<D>, Reading<'_>), JournalError> {
        let current = self.definition.version();
        let mut read = Reading::new(&self.plan);
        match records.iter().all(|record| record.event.version() == current) {
            true => records.iter().try_for_each(|record| read.record(record))?,
            false => read.older::<D>(records)?,
        }
        // Not by way of a `Value`: that has no room for the largest numbers.
        let input = match (&read.input, &read.begun) {
            (Some(changed), _) => serde_json::from_slice(changed),
            (None, Some(begun)) => serde_json::from_slice(begun).map(|it: Begun<_>| it.input),
            (None, None) => serde_json::from_slice(b"null"),
        };
        let Read(input) = input.map_err(|error| {
            let what = format!("the input of saga `{}` is of another form", self.plan.name());
            unreadable_because(what, error)
        })?;
        let history = History::<D>::new(input);
        for (step, output) in &read.outputs {
            history.keep(read_output::<D>(&self.plan, *step, output)?);
        }
        Ok((history, read))
    }
}

impl<D: Saga> Kind for Of<D> {
    fn definition(&self) -> &Definition {
        &self.form.definition
    }

    fn plan(&self) -> &Arc<Plan> {
        &self.form.plan
    }

    fn open(&self, key: &str, records: &[Record]) -> Result<Opened, JournalError> {
        if self.form.elsewhere(records).is_some() {
            return Ok(Opened::Elsewhere);
        }
        let (history, read) = self.form.read(records)?;
        let Reading { entries, started: Some(started), .. } = read else {
            return Err(unreadable("a saga begins with `saga.started`, and this one does not"));
        };
        let (shared, history) = (Arc::clone(&self.shared), Arc::new(history));
        let (key, steps) = (key.into(), self.form.definition);
        let run = Run { history, shared, key, run: started.run, steps };
        Ok(Opened::Here { bodies: Box::new(run), entries, started })
    }

    fn nested(&self) -> Vec<Nested> {
        let steps = 0..self.form.definition.steps().len();
        let nests = steps.filter_map(|step| D::nests(step));
        nests.map(|nest| (nest.name, (nest.kind)(&self.shared))).collect()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// One run, with its types.
struct Run<D: Saga> {
    history: Arc<History<D>>,
    shared: Arc<D::Shared>,
    key: Arc<str>,
    run: u128,
    steps: Definition,
}

impl<D: Saga> Bodies for Run<D> {
    fn begin(&self, step: usize, act: Act, attempt: u32) -> Attempted {
        let (planned, cx) = (&self.steps.steps()[step], self.cx(step, attempt));
        let history = Arc::clone(&self.history);
        // The function is called when the future is polled first, so that its panic is caught too.
        let body = async move {
            match act {
                Act::Do => done(&history.clone(), D::call(step, cx, history)).await,
                Act::Probe | Act::Recall => {
                    found(&history.clone(), D::probe(step, cx, history)).await
                }
                Act::Undo { .. } => undone(D::undo(step, cx, history)).await,
            }
        };
        // Most have no limit, and need no room for one.
        match planned.limit() {
            Some(limit) => Box::pin(Caught { body: limited(limit, body) }),
            None => Box::pin(Caught { body }),
        }
    }

    fn nest(&self, step: usize, act: Act, attempt: u32, within: Within) -> Attempted {
        let (cx, history) = (self.cx(step, attempt), Arc::clone(&self.history));
        let body = nested::attempt(step, act, within, cx, history);
        Box::pin(Caught { body: Box::pin(body) })
    }

    fn keep(&self, step: usize, output: &[u8]) -> Result<(), JournalError> {
        let output = D::read(step, output).map_err(|error| {
            unreadable_because(format!("what was said of step {step} is of another form"), error)
        })?;
        self.history.keep(output);
        Ok(())
    }

    fn completed(self: Box<Self>) -> Option<AnyEnd> {
        let done = D::done(Arc::into_inner(self.history)?)?;
        Some(Box::new(EndOf::<D>::Completed(done)))
    }
}

impl<D: Saga> Run<D> {
    fn cx(&self, step: usize, attempt: u32) -> Cx<D::Shared> {
        let planned = &self.steps.steps()[step];
        let (key, shared) = (Arc::clone(&self.key), Arc::clone(&self.shared));
        Cx::new(self.steps.name(), key, planned.name(), self.run, attempt, shared)
    }
}

async fn done<D: Saga>(history: &History<D>, doing: Doing<D>) -> Ended {
    match doing.await {
        Ok(output) => kept(history, output),
        Err(Outcome::Rejected(refusal)) => match serde_json::to_vec(&Written(&refusal)) {
            Ok(refusal) => Ended::Rejected(refusal),
            // That it was refused counts for more than why.
            Err(error) => {
                Ended::Rejected(serde_json::Value::from(error.to_string()).to_string().into_bytes())
            }
        },
        Err(Outcome::Transient(why)) => {
            Ended::Failed { unknown: false, reason: why.to_string(), pause: why.pause() }
        }
        Err(Outcome::Unknown(why)) => {
            Ended::Failed { unknown: true, reason: why.to_string(), pause: None }
        }
    }
}

async fn found<D: Saga>(history: &History<D>, probing: Probing<D>) -> Ended {
    match probing.await {
        Ok(Some(output)) => kept(history, output),
        Ok(None) => Ended::NotFound,
        Err(why) => Ended::Failed { unknown: true, reason: why.to_string(), pause: why.pause() },
    }
}

pub(super) async fn undone(undoing: Undoing) -> Ended {
    match undoing.await {
        Ok(()) => Ended::Undone,
        Err(why) => Ended::Failed { unknown: true, reason: why.to_string(), pause: why.pause() },
    }
}

/// An output goes to the journal and to the steps that need it.
pub(super) fn kept<D: Saga>(history: &History<D>, output: D) -> Ended {
    let written = output.write().and_then(|text| match text.len() <= Event::LONGEST_PAYLOAD {
        true => Ok(text),
        false => {
            Err(Unwritable::new("it is longer than 16 MiB: keep it elsewhere, and write where"))
        }
    });
    match written {
        Ok(text) => {
            history.keep(output);
            Ended::Done(text)
        }
        Err(error) => {
            let reason = format!("it is done, and its output cannot be written: {error}");
            Ended::Failed { unknown: true, reason, pause: None }
        }
    }
}

async fn limited(limit: Duration, body: impl Future<Output = Ended>) -> Ended {
    match tokio::time::timeout(limit, body).await {
        Ok(ended) => ended,
        Err(_) => Ended::Failed {
            unknown: true,
            reason: format!("it did not end within {limit:?}"),
            pause: None,
        },
    }
}

pin_project! {
    /// A body whose panic is a failure, and nothing worse.
    struct Caught<F> {
        #[pin]
        body: F,
    }
}

impl<F: Future<Output = Ended>> Future for Caught<F> {
    type Output = Ended;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Ended> {
        let body = self.project().body;
        let polled = catch_unwind(AssertUnwindSafe(|| body.poll(context)));
        polled.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().map(ToString::to_string);
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            let reason = format!("it panicked: {}", said.unwrap_or_default());
            Poll::Ready(Ended::Failed { unknown: true, reason, pause: None })
        })
    }
}
