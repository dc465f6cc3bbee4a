//! What `#[saga]` writes for an enum of steps: the bridge between its types and the engine.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use std::sync::OnceLock;

use super::walk::Calls;
use super::{
    Attempt, CrashTest, Crashes, Cx, Definition, Durable, EndOf, Nest, Outcome, Transient,
};
use crate::journal::JournalError;

/// What a step is doing: it ends with the variant that says it is done, or says why not.
///
/// # Examples
///
/// See [`Saga`].
pub type Doing<D> = Pin<Box<dyn Future<Output = Result<D, Outcome<<D as Saga>::Refusal>>> + Send>>;

/// What a probe is doing: it ends with the variant, or with `None` when it has not happened.
///
/// # Examples
///
/// See [`Saga`].
pub type Probing<D> = Pin<Box<dyn Future<Output = Result<Option<D>, Transient>> + Send>>;

/// What an undo is doing.
///
/// # Examples
///
/// See [`Saga`].
pub type Undoing = Pin<Box<dyn Future<Output = Result<(), Transient>> + Send>>;

/// A business transaction, declared as an enum of its steps. `#[saga]` implements it; see the
/// [module](super).
///
/// By hand, each variant holds the output of the step that it is named after, and the methods call
/// the functions.
///
/// # Examples
///
/// A saga of one step, as `#[saga]` would have it:
///
/// ```
/// use std::sync::Arc;
/// use reliability::distributed::transaction::saga::{
///     Cx, Definition, Doing, End, History, Kind, Saga, Sagas, Step, Unwritable,
/// };
/// # use reliability::journal::Journal;
///
/// enum Call {
///     Answered(String),
/// }
///
/// impl Saga for Call {
///     type Input = String;
///     type Refusal = ();
///     type Shared = ();
///     type Done = String;
///     const DEFINITION: Definition =
///         Definition::new("call", 1, &[Step::new("Answered", Kind::Pivot)]);
///
///     fn call(_step: usize, _: Cx, history: Arc<History<Self>>) -> Doing<Self> {
///         Box::pin(async move { Ok(Self::Answered(format!("hello {}", history.input()))) })
///     }
///
///     fn place(&self) -> usize {
///         0
///     }
///
///     fn write(&self) -> Result<Vec<u8>, Unwritable> {
///         let Self::Answered(said) = self;
///         Ok(serde_json::to_vec(said)?)
///     }
///
///     fn read(_step: usize, output: &[u8]) -> Result<Self, Unwritable> {
///         Ok(Self::Answered(serde_json::from_slice(output)?))
///     }
///
///     fn done(mut history: History<Self>) -> Option<String> {
///         history.take(0).map(|Self::Answered(said)| said)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sagas = Sagas::on(&Journal::in_memory()).saga::<Call>(()).start()?;
/// let call = sagas.start::<Call>("1", "Ada".into()).await?;
/// assert!(matches!(call.ended().await?, End::Completed(said) if said == "hello Ada"));
/// # Ok(())
/// # }
/// ```
pub trait Saga: Sized + Send + Sync + 'static {
    /// What it is started with.
    type Input: Durable;
    /// Why a step may refuse.
    type Refusal: Durable;
    /// What the steps share, and what a test brings its own of.
    type Shared: Send + Sync + 'static;
    /// The outputs of all steps, when all are done.
    type Done: Send + 'static;

    /// Its steps.
    const DEFINITION: Definition;

    /// What is called for each of them. Who writes [`call`](Saga::call) and its neighbours by hand
    /// leaves it empty.
    const CALLS: &'static [Calls<Self>] = &[];

    /// Does that step.
    fn call(step: usize, cx: Cx<Self::Shared>, history: Arc<History<Self>>) -> Doing<Self> {
        match Self::CALLS.get(step) {
            Some(calls) => (calls.begin)(cx, history),
            None => Box::pin(async move { Err(Outcome::unknown(nothing(step))) }),
        }
    }

    /// Finds out whether that step has happened. Asked only where the step has a probe.
    fn probe(step: usize, cx: Cx<Self::Shared>, history: Arc<History<Self>>) -> Probing<Self> {
        match Self::CALLS.get(step) {
            Some(calls) => (calls.probe)(cx, history),
            None => Box::pin(async move { Err(Transient::new(nothing(step))) }),
        }
    }

    /// Undoes that step. Asked only where the step has an undo.
    fn undo(step: usize, cx: Cx<Self::Shared>, history: Arc<History<Self>>) -> Undoing {
        match Self::CALLS.get(step) {
            Some(calls) => (calls.undo)(cx, history),
            None => Box::pin(async move { Err(Transient::new(nothing(step))) }),
        }
    }

    /// What that step is, when it is a saga of its own.
    fn nests(step: usize) -> Option<Nest<Self>> {
        Self::CALLS.get(step).and_then(|calls| calls.nest)
    }

    /// The place of the step that this is the output of.
    fn place(&self) -> usize;

    /// The output, as JSON.
    ///
    /// # Errors
    ///
    /// When it cannot be written as JSON: a map whose keys are no strings, or its own `Serialize`
    /// fails.
    fn write(&self) -> Result<Vec<u8>, Unwritable> {
        let step = self.place();
        let calls = Self::CALLS.get(step).ok_or_else(|| Unwritable::new(nothing(step)))?;
        (calls.write)(self)
    }

    /// The output of that step, from JSON.
    ///
    /// # Errors
    ///
    /// When it is of another form.
    fn read(step: usize, output: &[u8]) -> Result<Self, Unwritable> {
        let calls = Self::CALLS.get(step).ok_or_else(|| Unwritable::new(nothing(step)))?;
        (calls.read)(output)
    }

    /// All outputs; `None` when one is missing.
    fn done(history: History<Self>) -> Option<Self::Done>;

    /// Runs the saga through every crash there is; see [`CrashTest`]. The check gets what the steps
    /// have shared, made anew for each run, and how it has ended.
    ///
    /// # Panics
    ///
    /// When a run does not end, is stuck, or the check panics; the message says with which fault.
    fn crash_everywhere(
        input: impl Fn() -> Self::Input + 'static,
        world: impl FnMut() -> Arc<Self::Shared>,
        check: impl FnMut(&Self::Shared, &EndOf<Self>),
    ) -> impl Future<Output = Crashes> {
        CrashTest::<Self>::of(input).run(world, check)
    }

    /// What a run of an older version looks like to the version after it.
    ///
    /// # Errors
    ///
    /// When there is no way to carry it on.
    fn migrate(old: Old) -> Result<Old, Unwritable> {
        Err(Unwritable::unmigrated(&old))
    }
}

fn nothing(step: usize) -> String {
    alloc::format!("nothing is said of what step {step} calls")
}

/// Why a value cannot be written to the journal, or what is there cannot be read.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::{Old, Unwritable};
///
/// assert_eq!(Unwritable::new("the order has no lines").to_string(), "the order has no lines");
///
/// let old = Old { version: 3, input: serde_json::Value::Null, done: vec![] };
/// let told = Unwritable::unmigrated(&old).to_string();
/// assert_eq!(told, "there is no migration from version 3");
/// ```
#[derive(Debug)]
pub struct Unwritable(Box<dyn Error + Send + Sync>);

impl Unwritable {
    /// That is why.
    pub fn new(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(why.into())
    }

    /// No migration is declared from that version.
    pub fn unmigrated(old: &Old) -> Self {
        Self::new(alloc::format!("there is no migration from version {}", old.version))
    }

    pub(super) fn unreadable(self) -> JournalError {
        JournalError::Unreadable {
            what: "the value cannot be written".into(),
            source: Some(self.0),
        }
    }
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unwritable {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

impl From<serde_json::Error> for Unwritable {
    fn from(error: serde_json::Error) -> Self {
        Self::new(error)
    }
}

/// A run of an older version: what it was started with, and what its steps have finished with.
///
/// # Examples
///
/// Version 2 has renamed a field of the order:
///
/// ```
/// use reliability::distributed::transaction::saga::{Old, Unwritable};
///
/// fn from_v1(mut old: Old) -> Result<Old, Unwritable> {
///     let input = old.input.as_object_mut().ok_or_else(|| Unwritable::new("no order"))?;
///     let article = input.remove("product").ok_or_else(|| Unwritable::new("no product"))?;
///     input.insert("article".into(), article);
///     Ok(old)
/// }
///
/// let old = Old { version: 1, input: serde_json::json!({ "product": "tea" }), done: vec![] };
/// assert_eq!(from_v1(old).unwrap().input, serde_json::json!({ "article": "tea" }));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Old {
    /// The version that it is of.
    pub version: u32,
    /// What it was started with.
    pub input: serde_json::Value,
    /// The names of the steps that have finished, and their outputs.
    pub done: Vec<(String, serde_json::Value)>,
}

/// What a saga was started with, and what its steps have finished with so far.
///
/// # Examples
///
/// See [`Saga`].
pub struct History<D: Saga> {
    input: D::Input,
    outputs: Box<[OnceLock<D>]>,
}

impl<D: Saga> History<D> {
    pub(in crate::distributed::transaction) fn new(input: D::Input) -> Self {
        let outputs = D::DEFINITION.steps().iter().map(|_| OnceLock::new()).collect();
        Self { input, outputs }
    }

    /// What it was started with.
    pub const fn input(&self) -> &D::Input {
        &self.input
    }

    /// What that step has finished with.
    pub fn output(&self, step: usize) -> Option<&D> {
        self.outputs.get(step).and_then(OnceLock::get)
    }

    /// The same, by value.
    pub fn take(&mut self, step: usize) -> Option<D> {
        self.outputs.get_mut(step).and_then(OnceLock::take)
    }

    /// A step has finished. What came first counts.
    pub(in crate::distributed::transaction) fn keep(&self, output: D) {
        if let Some(slot) = self.outputs.get(output.place()) {
            let _ = slot.set(output);
        }
    }

    /// The attempt at that step, as its undo sees it.
    pub fn attempt<'a, T>(
        &'a self,
        step: usize,
        output: impl FnOnce(&'a D) -> Option<&'a T>,
    ) -> Attempt<'a, T> {
        self.output(step).and_then(output).map_or(Attempt::Maybe, Attempt::Done)
    }
}

impl<D: Saga> fmt::Debug for History<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = D::DEFINITION.steps().iter().zip(&self.outputs);
        let done = steps.filter(|(_, slot)| slot.get().is_some()).map(|(step, _)| step.name());
        f.debug_struct("History").field("done", &done.collect::<Vec<_>>()).finish_non_exhaustive()
    }
}
