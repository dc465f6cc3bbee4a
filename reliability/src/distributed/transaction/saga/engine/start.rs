use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;
use core::time::Duration;

use super::super::declared::{Saga, Unwritable};
use super::super::durable::Written;
use super::super::rules::{Entry, Input, Started};
use super::bodies::Kind;
use super::claim::{Fresh, work_fresh};
use super::handle::Handle;
use super::observe;
use super::running::moment;
use super::sagas::Sagas;
use crate::error::Invalid;
use crate::journal::{Append, Due, JournalError, Sequence, StreamId};

/// A saga that is being started; made by [`Sagas::start`]. Await it.
///
/// # Errors
///
/// [`JournalError::Invalid`] when the key is none, or a run of that key was started with another
/// input; [`JournalError::Unreadable`] when the input cannot be written; and whatever the journal
/// says. After [`JournalError::Unknown`], start it again: it is not started twice.
///
/// # Cancel safety
///
/// When it is dropped before it returns, the saga may have been started.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// # use shop::*;
/// use std::time::Duration;
/// # use reliability::distributed::transaction::saga::Sagas;
/// # use reliability::journal::Journal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
/// # let order = Order { article: "tea".into() };
/// let express = sagas.start::<PlaceOrder>("4712", order)
///     .priority(10)
///     .deadline(Duration::from_secs(60))
///     .await?;
/// assert_eq!(express.key(), "4712");
/// # Ok(())
/// # }
/// ```
#[must_use = "a saga is started by `.await`"]
pub struct Start<'a, D: Saga> {
    sagas: &'a Sagas,
    key: String,
    input: D::Input,
    priority: i16,
    deadline: Option<Duration>,
}

impl<'a, D: Saga> Start<'a, D> {
    pub(super) fn new(sagas: &'a Sagas, key: &str, input: D::Input) -> Self {
        let (key, deadline) = (key.to_string(), None);
        Self { sagas, key, input, priority: 0, deadline }
    }

    /// Runs of higher priority are claimed first; 0 by default.
    pub fn priority(mut self, priority: i16) -> Self {
        self.priority = priority;
        self
    }

    /// How long this run may take until it turns back, as long as it can; what the saga says by
    /// default.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    async fn start(self) -> Result<Handle<D>, JournalError> {
        let seen = observe::Starting::begin(D::DEFINITION.name(), &self.key);
        let started = self.write(seen.traceparent()).await;
        seen.end(&started);
        started
    }

    async fn write(self, traceparent: Option<String>) -> Result<Handle<D>, JournalError> {
        let Self { sagas, key, input, priority, deadline } = self;
        let (hub, kind) = (&sagas.hub, sagas.kind::<D>()?);
        let stream = StreamId::new(D::DEFINITION.name(), &key)?;
        let text =
            serde_json::to_vec(&Written(&input)).map_err(|it| Unwritable::new(it).unreadable())?;
        let now = hub.clock.now();
        let deadline = deadline.or(kind.plan().deadline).and_then(|time| now.checked_add(time));
        let run = fastrand::u128(1..);
        let started =
            Started { run, deadline, traceparent: traceparent.clone(), parent: None, input: text };
        let event = started.event(kind.plan());
        let append = Append::to(&stream).after(Sequence::START).event(event).status("running");
        let append = append.due(Due::Now).priority(priority);
        // With room here, it is not claimed: it begins in the hands of who has started it.
        let permit = Arc::clone(&sagas.room).try_acquire_owned().ok();
        // Who stops meanwhile waits for the run that is about to begin.
        let _begun = hub.begin();
        let here = permit.filter(|_| !hub.is_stopping());
        let append = match &here {
            Some(_) => append.held_by(&hub.owner, hub.lease),
            None => append,
        };
        let asked = moment();
        match hub.journal.append(append).await {
            Ok(appended) => {
                observe::started(D::DEFINITION.name());
                match (here, appended.lease(&stream)) {
                    (Some(permit), Some(lease)) => {
                        let bodies = kind.fresh(&key, run, input);
                        let entries = Vec::from([(now, Entry::Started(started))]);
                        let input = Input::Found { entries, fresh: true };
                        let entered = hub.enter(&lease, asked);
                        let fresh = Fresh { lease, bodies, input, traceparent, entered, permit };
                        hub.spawn(work_fresh(Arc::clone(hub), fresh));
                    }
                    _ => hub.work.notify_one(),
                }
                Ok(Handle::new(sagas, stream))
            }
            Err(JournalError::Conflict { .. }) => same::<D>(sagas, stream, &started.input).await,
            Err(error) => Err(error),
        }
    }
}

/// There is a run of that key: the same, or another one.
async fn same<D: Saga>(
    sagas: &Sagas,
    stream: StreamId,
    input: &[u8],
) -> Result<Handle<D>, JournalError> {
    let first = sagas.hub.journal.read(&stream, Sequence::START, 1).await?;
    let before = first.first().map(|record| Entry::read(record, sagas.kind::<D>()?.plan()));
    let value = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).ok();
    match before.transpose()? {
        Some(Entry::Started(before)) if value(&before.input) == value(input) => {
            Ok(Handle::new(sagas, stream))
        }
        _ => {
            let expected = "a key of its own for each input";
            Err(Invalid::new("saga", "key", expected, stream.to_string())
                .with_advice(
                    "it was started before, with another input; `find` it, or choose another key",
                )
                .into())
        }
    }
}

#[cfg(feature = "telemetry")]
pub(super) fn traceparent() -> Option<String> {
    crate::telemetry::trace::Context::current().traceparent()
}

#[cfg(not(feature = "telemetry"))]
pub(super) fn traceparent() -> Option<String> {
    None
}

impl<D: Saga> fmt::Debug for Start<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let saga = D::DEFINITION.name();
        f.debug_struct("Start").field("saga", &saga).field("key", &self.key).finish_non_exhaustive()
    }
}

impl<'a, D: Saga> IntoFuture for Start<'a, D> {
    type Output = Result<Handle<D>, JournalError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}
