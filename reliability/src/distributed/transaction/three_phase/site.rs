use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep};

use super::part::{Force, Letter, Place};
use super::setup::Hub;
use super::{Envelope, Inbox, Member, Standing, ThreePhaseError};
use crate::distributed::transaction::Decision;
use crate::distributed::transaction::two_phase::TransactionId;
use crate::error::Invalid;

/// Takes part in transactions for its [`Member`], in tasks of its own. Dropped, it is dead.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "a site that is dropped is dead"]
pub struct Site {
    hub: Arc<Hub>,
    inbox: Inbox,
    orders: mpsc::Sender<(TransactionId, Force)>,
    tasks: JoinSet<()>,
}

/// Those of whom nobody knows yet how they end, or whose members have not followed yet.
const OPEN: [Standing; 5] = [
    Standing::Working,
    Standing::Waiting,
    Standing::PreCommitted,
    Standing::Ended(Decision::Commit),
    Standing::Ended(Decision::Abort),
];

impl Site {
    pub(super) fn start(hub: Arc<Hub>, member: Arc<dyn Member>) -> Self {
        let (inbox, mail) = Inbox::new(&hub.name);
        let (orders, ordered) = mpsc::channel(16);
        let desk =
            Desk { hub: Arc::clone(&hub), member, parts: BTreeMap::new(), tasks: JoinSet::new() };
        let mut tasks = JoinSet::new();
        tasks.spawn(desk.serve(mail, ordered));
        Self { hub, inbox, orders, tasks }
    }

    /// Where messages for it are handed in.
    pub fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Its name: that of its member.
    pub fn name(&self) -> &str {
        &self.hub.name
    }

    /// How far it has got with a transaction, by its journal; `None` if it was not asked yet, or has
    /// forgotten it.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn standing(
        &self,
        transaction: &TransactionId,
    ) -> Result<Option<Standing>, ThreePhaseError> {
        Ok(self.hub.log.read(transaction).await?.map(|found| found.standing))
    }

    /// Those that it has voted for, and of which it does not know how they end: some are under way,
    /// and those that stay wait for somebody who is dead.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn waiting(&self) -> Result<Vec<TransactionId>, ThreePhaseError> {
        let mut waiting = Vec::new();
        for standing in [Standing::Waiting, Standing::PreCommitted] {
            waiting.extend(self.hub.log.with_status(standing.as_str()).await?);
        }
        Ok(waiting)
    }

    /// Those that were ended here one way and elsewhere the other, and whose data somebody has to
    /// mend.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn heuristic(&self) -> Result<Vec<TransactionId>, ThreePhaseError> {
        Ok(self.hub.log.with_status(super::log::HEURISTIC).await?)
    }

    /// Ends a transaction that waits for somebody who never comes back, by the word of an operator;
    /// the journal keeps who it was and why. If others have ended it the other way, their data and
    /// this one's differ: that is an event, and the transaction is [heuristic](Self::heuristic).
    ///
    /// # Errors
    ///
    /// [`Invalid`] when it does not wait; when the journal cannot be written.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, it is forced or not.
    pub async fn force(
        &self,
        transaction: &TransactionId,
        decision: Decision,
        by: &str,
        why: &str,
    ) -> Result<(), ThreePhaseError> {
        if by.trim().is_empty() || why.trim().is_empty() {
            return Err(Invalid::new("three_phase", "by and why", "some words", "none")
                .with_advice("whoever mends the data will want to know")
                .into());
        }
        if self.hub.log.read(transaction).await?.is_none() {
            let expected = "one that this site was asked for";
            return Err(Invalid::new("three_phase", "transaction", expected, transaction).into());
        }
        let (done, heard) = oneshot::channel();
        let who_and_why = [by.to_string(), why.to_string()];
        let order = (transaction.clone(), Force { decision, who_and_why, done });
        let gone = || ThreePhaseError::Undecided { transaction: transaction.clone(), source: None };
        self.orders.send(order).await.map_err(|_| gone())?;
        Ok(heard.await.map_err(|_| gone())??)
    }
}

/// Hands letters to the transactions they are for.
struct Desk {
    hub: Arc<Hub>,
    member: Arc<dyn Member>,
    parts: BTreeMap<TransactionId, mpsc::Sender<Letter>>,
    tasks: JoinSet<TransactionId>,
}

impl Desk {
    async fn serve(
        mut self,
        mut mail: mpsc::Receiver<Envelope>,
        mut orders: mpsc::Receiver<(TransactionId, Force)>,
    ) {
        while !self.recover().await {
            // What has come meanwhile has come for the dead.
            sleep(self.hub.protocol.round() * 4).await;
            while mail.try_recv().is_ok() {}
        }
        let mut sweeps = interval(sweeps(&self.hub));
        loop {
            tokio::select! {
                biased;
                Some(transaction) = self.tasks.join_next() => {
                    if let Ok(transaction) = transaction
                        && self.parts.get(&transaction).is_some_and(mpsc::Sender::is_closed)
                    {
                        self.parts.remove(&transaction);
                    }
                }
                Some((transaction, force)) = orders.recv() => {
                    self.hand(transaction, Letter::Force(force));
                }
                envelope = mail.recv() => match envelope {
                    Some(envelope) => {
                        self.hand(envelope.transaction.clone(), Letter::Mail(envelope));
                    }
                    None => return,
                },
                // What cannot be forgotten now can be later.
                _ = sweeps.tick() => drop(self.hub.log.sweep(&self.hub.name).await),
            }
        }
    }

    /// Whether the journal has answered.
    async fn recover(&mut self) -> bool {
        for standing in OPEN {
            let Ok(found) = self.hub.log.with_status(standing.as_str()).await else { return false };
            for transaction in found {
                if !self.parts.contains_key(&transaction) {
                    self.begin(transaction);
                }
            }
        }
        true
    }

    fn hand(&mut self, transaction: TransactionId, letter: Letter) {
        let mut letter = letter;
        if let Some(part) = self.parts.get(&transaction) {
            match part.try_send(letter) {
                Err(mpsc::error::TrySendError::Closed(back)) => letter = back,
                // What does not fit is lost, as is what is for the dead.
                Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => return,
            }
        }
        if self.parts.len() < self.hub.most {
            self.begin(transaction).try_send(letter).ok();
        }
    }

    fn begin(&mut self, transaction: TransactionId) -> mpsc::Sender<Letter> {
        let (sender, letters) = mpsc::channel(LETTERS);
        let place = Place {
            hub: Arc::clone(&self.hub),
            member: Arc::clone(&self.member),
            transaction: transaction.clone(),
        };
        self.parts.insert(transaction.clone(), sender.clone());
        self.tasks.spawn(async move {
            place.carry_on(letters).await;
            transaction
        });
        sender
    }
}

/// How often it is looked for what is long over.
pub(super) fn sweeps(hub: &Hub) -> Duration {
    hub.log.keep.clamp(SHORTEST_SWEEP, LONGEST_SWEEP)
}

/// How many letters wait at one transaction: each of the others says a few things to it.
const LETTERS: usize = 512;
const SHORTEST_SWEEP: Duration = Duration::from_secs(1);
const LONGEST_SWEEP: Duration = Duration::from_secs(3_600);

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alive = !self.tasks.is_empty();
        f.debug_struct("Site").field("name", &self.hub.name).field("alive", &alive).finish()
    }
}
