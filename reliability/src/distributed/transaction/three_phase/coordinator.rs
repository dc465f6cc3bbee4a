use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::log::Cast;
use super::run::Run;
use super::setup::{Hub, Post};
use super::{Begun, Envelope, Inbox, Message, Outcome, Standing, ThreePhaseError};
use crate::distributed::transaction::two_phase::TransactionId;
use crate::distributed::transaction::{Decision, Members};
use crate::error::Invalid;
use crate::sync::Mutex;

/// Begins transactions. Cheap to clone; dropped, all clones of it, it is dead for those who ask it.
///
/// # Examples
///
/// See the [module](super).
#[derive(Clone)]
pub struct Coordinator(Arc<Shared>);

pub(super) struct Shared {
    pub(super) hub: Arc<Hub>,
    pub(super) live: Live,
    inbox: Inbox,
    _tasks: JoinSet<()>,
}

/// Who listens to what comes for the transactions that are under way.
type Live = Arc<Mutex<BTreeMap<TransactionId, mpsc::Sender<Envelope>>>>;

impl Coordinator {
    pub(super) fn start(hub: Arc<Hub>) -> Self {
        let (inbox, mail) = Inbox::new(&hub.name);
        let live = Arc::new(Mutex::new(BTreeMap::new()));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(Arc::clone(&hub), Arc::clone(&live), mail));
        Self(Arc::new(Shared { hub, live, inbox, _tasks: tasks }))
    }

    /// Where messages for it are handed in.
    pub fn inbox(&self) -> Inbox {
        self.0.inbox.clone()
    }

    /// Does all of it: asks everybody, tells them that all have voted yes, and decides.
    ///
    /// `works` says who takes part, by the name of the site, and what each is to do: up to 64.
    ///
    /// # Errors
    ///
    /// Why it is aborted, or that it is [not known](ThreePhaseError::Undecided) whether it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it returns, it is as if the coordinator had crashed: the participants end it
    /// without it.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub async fn run<N: Into<String>, W: Into<String>>(
        &self,
        transaction: TransactionId,
        works: impl IntoIterator<Item = (N, W)>,
    ) -> Result<Outcome, ThreePhaseError> {
        let voted = self.begin(transaction, works)?.ask().await?;
        voted.pre_commit().await?.commit().await
    }

    /// A transaction, step by step; what [`run`](Self::run) does at once.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for none or more than 64 participants, or two of one name;
    /// [`ThreePhaseError::NotNew`] when it is under way already.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub fn begin<N: Into<String>, W: Into<String>>(
        &self,
        transaction: TransactionId,
        works: impl IntoIterator<Item = (N, W)>,
    ) -> Result<Begun, ThreePhaseError> {
        let (members, works): (Vec<String>, Vec<String>) =
            works.into_iter().map(|(name, work)| (name.into(), work.into())).unzip();
        let (all, hub) = (Members::first(members.len())?, &self.0.hub);
        let mut names: Vec<&str> = members.iter().map(String::as_str).collect();
        names.push(&hub.name);
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let expected = "a name of its own for each of them, and for the coordinator";
            return Err(Invalid::new("three_phase", "participants", expected, twice[0])
                .with_advice("one site does one part of a transaction")
                .into());
        }
        let cast = Cast { coordinator: hub.name.clone(), members };
        Ok(Begun::new(self.enter(transaction, cast, all)?, works))
    }

    /// How a transaction has ended of which this coordinator does not know it, because it has
    /// crashed or was stopped: it asks those who have taken part, until one of them knows.
    ///
    /// # Errors
    ///
    /// [`ThreePhaseError::Undecided`] when nobody knows within some rounds: those who might are
    /// dead, or have forgotten it. What the journal says when it cannot be read, and what
    /// [`begin`](Self::begin) refuses.
    ///
    /// # Cancel safety
    ///
    /// Ask again.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use reliability::distributed::transaction::three_phase::{Coordinator, ThreePhaseError};
    /// # use reliability::distributed::transaction::two_phase::TransactionId;
    /// # async fn shown(orders: Coordinator) -> Result<(), ThreePhaseError> {
    /// let decision = orders.find_out(TransactionId::new("order-1")?, ["stock", "money"]).await?;
    /// # let _ = decision;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn find_out<N: Into<String>>(
        &self,
        transaction: TransactionId,
        participants: impl IntoIterator<Item = N>,
    ) -> Result<Decision, ThreePhaseError> {
        if let Some(found) = self.0.hub.log.read(&transaction).await?
            && let Standing::Ended(decision) = found.standing
        {
            return Ok(decision);
        }
        let works = participants.into_iter().map(|name| (name, String::new()));
        self.begin(transaction, works)?.find_out().await
    }

    fn enter(
        &self,
        transaction: TransactionId,
        cast: Cast,
        all: Members,
    ) -> Result<Run, ThreePhaseError> {
        let mut live = self.0.live.lock();
        if live.contains_key(&transaction) {
            return Err(ThreePhaseError::NotNew { transaction });
        }
        if live.len() >= self.0.hub.most {
            let expected = "fewer transactions at once than `most`";
            return Err(Invalid::new("three_phase", "transactions", expected, live.len()).into());
        }
        // Each participant says a handful of things.
        let (sender, mail) = mpsc::channel(16 * Members::MOST);
        live.insert(transaction.clone(), sender);
        Ok(Run::new(Arc::clone(&self.0), transaction, cast, all, mail))
    }
}

/// Hands messages to the transactions that are under way, and tells those who come back how the
/// others have ended.
async fn serve(hub: Arc<Hub>, live: Live, mut mail: mpsc::Receiver<Envelope>) {
    let mut post = Post::new();
    let mut sweeps = tokio::time::interval(super::site::sweeps(&hub));
    loop {
        let envelope = tokio::select! {
            envelope = mail.recv() => envelope,
            _ = sweeps.tick() => {
                // What cannot be forgotten now can be later.
                hub.log.sweep(&hub.name).await.ok();
                continue;
            }
        };
        let Some(envelope) = envelope else { return };
        let listens = live.lock().get(&envelope.transaction).cloned();
        match listens {
            // What does not fit is lost.
            Some(listens) => drop(listens.try_send(envelope)),
            None if envelope.message == Message::Inquire => {
                let Ok(Some(found)) = hub.log.read(&envelope.transaction).await else { continue };
                let Standing::Ended(decision) = found.standing else { continue };
                let (to, from) = (envelope.from, hub.name.to_string());
                post.send(
                    &hub,
                    Envelope { to, from, message: Message::Tell(decision), ..envelope },
                );
            }
            None => {}
        }
    }
}

impl fmt::Debug for Coordinator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let under_way = self.0.live.lock().len();
        f.debug_struct("Coordinator")
            .field("name", &self.0.hub.name)
            .field("under_way", &under_way)
            .finish()
    }
}
