use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::super::declared::Saga;
use super::super::rules::Entry;
use super::super::{Definition, Unwritable};
use super::bodies::{Kind, Of};
use super::builder::SagasBuilder;
use super::claim;
use super::handle::Handle;
use super::hub::Hub;
use super::start::Start;
use crate::error::Invalid;
use crate::journal::{Journal, JournalError, StreamId};

/// An engine: it carries the sagas of a journal on, those that are started here and those that
/// others have left. Cheap to clone; when the last clone and the last [`Handle`] are dropped, it stops
/// at once, as if the process had died.
///
/// What it worked at is dropped by the runtime then, which happens soon, and not before the drop
/// returns. Who wants to open the same file again, in a store that lets in one at a time, waits for
/// [`stop`](Self::stop) before.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::saga::{End, Sagas};
/// use reliability::journal::Journal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // `Journal::open("orders.db")` outlives the process.
/// let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
///
/// let order = sagas.start::<PlaceOrder>("4711", Order { article: "tea".into() }).await?;
/// assert!(matches!(order.ended().await?, End::Completed(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sagas {
    pub(in super::super) hub: Arc<Hub>,
    pub(super) room: Arc<Semaphore>,
    tasks: Arc<Tasks>,
}

/// What works, until the last handle is gone.
struct Tasks {
    hub: Arc<Hub>,
    claim: JoinHandle<()>,
    renew: JoinHandle<()>,
}

impl Tasks {
    fn abort(&self) {
        self.claim.abort();
        self.renew.abort();
        self.hub.abort();
    }
}

impl Drop for Tasks {
    fn drop(&mut self) {
        // What is being claimed in this moment, on another thread, begins nothing any more.
        self.hub.stop();
        self.abort();
    }
}

/// How long what was dropped may take until it is gone: an attempt that blocks its thread is not
/// dropped before it waits for something.
const GONE: Duration = Duration::from_secs(1);

impl Sagas {
    /// An engine on that journal; [`SagasBuilder::saga`] says for which sagas.
    pub fn on(journal: &Journal) -> SagasBuilder {
        SagasBuilder::new(journal)
    }

    pub(super) fn start_tasks(hub: Hub) -> Self {
        let room = Arc::new(Semaphore::new(hub.most));
        let hub = Arc::new(hub);
        let claim = claim::claim(Arc::clone(&hub), Arc::clone(&room));
        let claim = tokio::spawn(hub.working(Box::pin(claim)));
        let renew = tokio::spawn(hub.renewing(Box::pin(claim::renew(Arc::clone(&hub)))));
        let of = Arc::clone(&hub);
        Self { hub, room, tasks: Arc::new(Tasks { hub: of, claim, renew }) }
    }

    /// Starts a saga, once for each key: who starts it again with the same input gets the same run,
    /// also after it has ended.
    ///
    /// The key is what the business calls it: the number of the order. At most 255 bytes without
    /// control characters.
    pub fn start<D: Saga>(&self, key: &str, input: D::Input) -> Start<'_, D> {
        Start::new(self, key, input)
    }

    /// The run of that key, which is there or not.
    ///
    /// # Errors
    ///
    /// When the key is none, or this engine does not work at that type.
    pub fn find<D: Saga>(&self, key: &str) -> Result<Handle<D>, JournalError> {
        self.kind::<D>()?;
        Ok(Handle::new(self, StreamId::new(D::DEFINITION.name(), key)?))
    }

    /// Says from outside that a step is done: the variant says which one, and what it has come to.
    /// Said twice, the first counts. It may be said before the saga waits for it.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when the step does not wait for a signal, there is no such run, or
    /// it is over; and whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the signal may have been given.
    pub async fn signal<D: Saga>(&self, key: &str, signal: D) -> Result<(), JournalError> {
        let handle = self.find::<D>(key)?;
        let definition = self.kind::<D>()?.definition();
        let step = signal.place();
        if !definition.waits_for_signal(step) {
            let name = definition.steps().get(step).map_or("?", |step| step.name());
            let expected = "a step that is declared with `#[signal]`";
            return Err(Invalid::new("saga", "signal", expected, name).into());
        }
        let output = signal.write().map_err(Unwritable::unreadable)?;
        handle.say(Entry::Done { step, output }).await
    }

    /// Stops: nothing is begun any more, attempts that are on their way end, and the runs are left to
    /// other engines. Attempts that take longer than `grace` are dropped, and repeated elsewhere.
    ///
    /// When it returns, no task of the engine is left, and nothing of it has the journal any more but
    /// this one, its clones and its [`Handle`]s: with them and the [`Journal`] itself the store is
    /// closed. Only for an attempt that blocks its thread it does not wait longer than a second.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/example.rs"));
    /// # use shop::*;
    /// use std::time::Duration;
    /// # use reliability::distributed::transaction::saga::Sagas;
    /// # use reliability::journal::{Journal, MemoryStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // A store in redb lets in one at a time: `Journal::open_redb("orders.redb")`.
    /// # let journal = Journal::in_memory();
    /// let sagas = Sagas::on(&journal).saga::<PlaceOrder>(()).start()?;
    /// sagas.start::<PlaceOrder>("4711", Order { article: "tea".into() }).await?;
    /// sagas.stop(Duration::from_secs(30)).await;
    /// drop((sagas, journal));
    /// // The file is closed, and whoever opens it next carries the order on.
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// When this is dropped, the engine stops by and by.
    pub async fn stop(&self, grace: Duration) {
        self.hub.stop();
        if tokio::time::timeout(grace, self.hub.ended()).await.is_err() {
            self.tasks.abort();
            let _ = tokio::time::timeout(GONE, self.hub.ended()).await;
        }
    }

    /// The journal that it works on.
    pub fn journal(&self) -> &Journal {
        &self.hub.journal
    }

    pub(super) fn kind<D: Saga>(&self) -> Result<&Of<D>, JournalError> {
        let kind = self.hub.kinds.get(D::DEFINITION.name());
        kind.and_then(|kind| kind.as_any().downcast_ref::<Of<D>>()).ok_or_else(|| {
            let name = D::DEFINITION.name();
            Invalid::new("saga", "saga", "one that this engine works at", name)
                .with_advice("add `.saga::<..>(shared)` before `start()`")
                .into()
        })
    }
}

impl fmt::Debug for Sagas {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sagas")
            .field("sagas", &self.hub.kinds.keys().collect::<alloc::vec::Vec<_>>())
            .field("active", &self.hub.leases().len())
            .field("journal", &self.hub.journal)
            .finish_non_exhaustive()
    }
}

impl Definition {
    fn waits_for_signal(&self, step: usize) -> bool {
        self.steps().get(step).is_some_and(super::super::Step::is_a_signal)
    }
}
