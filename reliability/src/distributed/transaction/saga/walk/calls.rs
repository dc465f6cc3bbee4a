use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::super::durable::{Read, Written};
use super::super::{
    Cx, Doing, Durable, History, Nest, Outcome, Probing, Saga, Transient, Undoing, Unwritable,
};
use super::{CannotRefuse, Ends as _, Needs as _, Nested, Probe, Refusable, Run, TypedStep, Undo};

/// What the engine calls for one step, without its types.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// use reliability::distributed::transaction::saga::walk::Calls;
/// use shop::{PlaceOrder, place_order};
///
/// // What `#[saga]` writes of its first step, and what it would write of a signal:
/// const RESERVED: Calls<PlaceOrder> =
///     Calls::runs::<place_order::Reserved>().undoes::<place_order::Reserved>();
/// const SAID: Calls<PlaceOrder> = Calls::waits::<place_order::Reserved>();
/// # fn main() { let _ = (RESERVED, SAID); }
/// ```
pub struct Calls<D: Saga> {
    pub(in super::super) begin: Call<D, Doing<D>>,
    pub(in super::super) probe: Call<D, Probing<D>>,
    pub(in super::super) undo: Call<D, Undoing>,
    pub(in super::super) write: fn(&D) -> Result<Vec<u8>, Unwritable>,
    pub(in super::super) read: fn(&[u8]) -> Result<D, Unwritable>,
    pub(in super::super) nest: Option<Nest<D>>,
}

type Call<D, T> = fn(Cx<<D as Saga>::Shared>, Arc<History<D>>) -> T;

impl<D: Saga> Calls<D> {
    /// A step that calls nothing: a timer, or a signal.
    pub const fn waits<S: TypedStep<Saga = D>>() -> Self
    where
        S::Output: Durable,
    {
        Self {
            begin: |_, _| Box::pin(async { Err(Outcome::unknown("it has no function")) }),
            probe: |_, _| Box::pin(async { Err(Transient::new("it has no probe")) }),
            undo: |_, _| Box::pin(async { Ok(()) }),
            write: write::<S>,
            read: read::<S>,
            nest: None,
        }
    }

    /// A step that calls a function.
    pub const fn runs<S: Run<Saga = D>>() -> Self
    where
        S::Output: Durable,
    {
        let mut calls = Self::waits::<S>();
        calls.begin = begin::<S>;
        calls
    }

    /// A step that is a saga of its own.
    pub const fn nests<S: Refusable<Saga = D>>() -> Self
    where
        S::Output: Durable,
    {
        Self { nest: Some(Nest::of::<S>()), ..Self::waits::<S>() }
    }

    /// The same behind the pivot, where nothing may refuse.
    pub const fn nests_behind<S: Nested<Saga = D>>() -> Self
    where
        S::Output: Durable,
        S::Child: CannotRefuse,
    {
        Self { nest: Some(Nest::behind::<S>()), ..Self::waits::<S>() }
    }

    /// It has an undo.
    #[must_use]
    pub const fn undoes<S: Undo<Saga = D>>(mut self) -> Self {
        self.undo = undo::<S>;
        self
    }

    /// It has a probe.
    #[must_use]
    pub const fn probes<S: Probe<Saga = D>>(mut self) -> Self {
        self.probe = probe::<S>;
        self
    }
}

impl<D: Saga> fmt::Debug for Calls<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

const MISSING: &str = "an output that it needs is not there";

fn begin<S: Run>(
    cx: Cx<<S::Saga as Saga>::Shared>,
    history: Arc<History<S::Saga>>,
) -> Doing<S::Saga> {
    Box::pin(async move {
        let Some(needs) = S::Needs::from_history(&history) else {
            return Err(Outcome::unknown(MISSING));
        };
        let ended = S::run(&cx, history.input(), needs).await;
        S::Ends::outcome(ended).map(S::wrap).map_err(|outcome| match outcome {
            Outcome::Rejected(refusal) => Outcome::Rejected(S::Ends::refusal(refusal)),
            Outcome::Transient(why) => Outcome::Transient(why),
            Outcome::Unknown(why) => Outcome::Unknown(why),
        })
    })
}

fn probe<S: Probe>(
    cx: Cx<<S::Saga as Saga>::Shared>,
    history: Arc<History<S::Saga>>,
) -> Probing<S::Saga> {
    Box::pin(async move {
        let Some(needs) = S::Needs::from_history(&history) else {
            return Err(Transient::new(MISSING));
        };
        Ok(S::probe(&cx, history.input(), needs).await?.map(S::wrap))
    })
}

fn undo<S: Undo>(cx: Cx<<S::Saga as Saga>::Shared>, history: Arc<History<S::Saga>>) -> Undoing {
    Box::pin(async move {
        let attempt = history.attempt(S::PLACE, S::output);
        S::undo(&cx, history.input(), attempt).await
    })
}

fn write<S: TypedStep>(saga: &S::Saga) -> Result<Vec<u8>, Unwritable>
where
    S::Output: Durable,
{
    let output = S::output(saga).ok_or_else(|| Unwritable::new("it is the output of another step"));
    Ok(serde_json::to_vec(&Written(output?))?)
}

fn read<S: TypedStep>(output: &[u8]) -> Result<S::Saga, Unwritable>
where
    S::Output: Durable,
{
    let Read(output) = serde_json::from_slice(output)?;
    Ok(S::wrap(output))
}
