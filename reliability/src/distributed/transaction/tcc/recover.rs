use alloc::string::ToString;
use core::time::Duration;

use tokio::task::JoinSet;

use super::coordinator::Coordinator;
use super::core::{Machine, Stage};
use super::drive::Drive;
use super::{Decision, TccError, observe, written};
use crate::journal::{Append, Claim, Due, JournalError, Lease, Sequence};

/// What became of transactions that somebody had left behind.
///
/// # Examples
///
/// See [`Coordinator::recover`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Recovered {
    /// So many are confirmed now.
    pub confirmed: usize,
    /// So many are cancelled now.
    pub cancelled: usize,
    /// So many have participants that did not answer, and come again.
    pub pending: usize,
}

/// How many are claimed at once.
const MOST: usize = 16;
/// How long one rests that cannot be read or written: it does not keep the others waiting.
const BROKEN: Duration = Duration::from_secs(60);

impl Coordinator {
    /// Ends the transactions that somebody has left behind and that are due: those that have expired
    /// undecided are cancelled, and those that are decided are carried through. Any process that
    /// knows the participants may do this; each transaction is claimed by one.
    ///
    /// # Errors
    ///
    /// What the journal can meet with when it is asked for work. A single transaction that cannot be
    /// carried on rests for a minute, and is `broken` for [operators](super::Operator) meanwhile.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the transactions at which it worked are due again when
    /// its claim has run out.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};
    /// # struct Seats;
    /// # impl Tcc for Seats {
    /// #     const NAME: &'static str = "seats";
    /// #     type Input = u32;
    /// #     type Refused = String;
    /// #     async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> { Ok(()) }
    /// #     async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
    /// #     async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
    /// # }
    /// use reliability::distributed::transaction::tcc::Coordinator;
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let coordinator = Coordinator::on(&Journal::in_memory()).participant(Seats).build()?;
    /// let recovered = coordinator.recover().await?;
    /// assert_eq!(recovered.cancelled, 0, "nobody has left anything behind");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn recover(&self) -> Result<Recovered, JournalError> {
        let hub = &self.0;
        let mut recovered = Recovered::default();
        loop {
            let claim = Claim::of([written::KIND]).by(&hub.owner).lease(hub.lease()).most(MOST);
            let leases = hub.journal.claim(claim).await?;
            let last = leases.len() < MOST;
            // At once: one whose participants do not answer does not use up the claims of the others.
            let mut working = JoinSet::new();
            for lease in leases {
                let coordinator = self.clone();
                working.spawn(async move { coordinator.end(lease).await });
            }
            while let Some(ended) = working.join_next().await {
                match ended {
                    Ok(Some(Decision::Confirm)) => recovered.confirmed += 1,
                    Ok(Some(Decision::Cancel)) => recovered.cancelled += 1,
                    Ok(None) | Err(_) => recovered.pending += 1,
                }
            }
            if last {
                return Ok(recovered);
            }
        }
    }

    /// [Recovers](Self::recover) as long as the future is polled: at once, soon after this process has
    /// written to the journal, and at least so often. That another process has died is noticed by
    /// asking only, so `every` is how much later than its claim a transaction is taken over.
    ///
    /// # Cancel safety
    ///
    /// As of [`recover`](Self::recover): drop it to stop.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn shown(coordinator: reliability::distributed::transaction::tcc::Coordinator) {
    /// use std::time::Duration;
    ///
    /// tokio::spawn(async move { coordinator.keep_recovering(Duration::from_secs(1)).await });
    /// # }
    /// ```
    pub async fn keep_recovering(&self, every: Duration) {
        let mut changes = self.0.journal.changes();
        loop {
            // A journal that does not answer is asked again.
            let _ = self.recover().await;
            let changed = async {
                changes.next().await;
                // What has failed a first time is due by then, and many commits are asked for once.
                tokio::time::sleep(Machine::PAUSE).await;
            };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(every) => {}
            }
        }
    }

    /// How it has ended; nothing if it has not yet.
    async fn end(&self, lease: Lease) -> Option<Decision> {
        let id = lease.stream.key().to_string();
        let rest = Append::to(&lease.stream).fenced(&lease).due(Due::After(BROKEN));
        match self.carry_on(lease).await {
            Ok(ended) => ended,
            Err(error) => {
                observe::broken(&id, &error);
                // If not even that can be written, its claim runs out.
                let _ = self.0.journal.append(rest.status(written::IS_BROKEN).release()).await;
                None
            }
        }
    }

    async fn carry_on(&self, lease: Lease) -> Result<Option<Decision>, TccError> {
        let hub = &self.0;
        let stream = lease.stream.clone();
        let records = hub.journal.read_to_end(&stream, Sequence::START).await?;
        let sequence = records.last().map_or(Sequence::START, |record| record.sequence);
        let (entries, parts) = written::read(&records)?;
        // The first claim was that of who began it, and an operator begins anew.
        let claims = lease.epoch.get().saturating_sub(written::retried_at(&records));
        let before = u32::try_from(claims).unwrap_or(u32::MAX);
        let (machine, effects) = Machine::recover(hub.now(), &entries, before);
        observe::recovered();
        let mut drive =
            Drive::new(hub, stream, Some((lease, hub.lease())), sequence, (machine, parts));
        drive.follow(effects).await?;
        drive.settle().await?;
        match drive.machine.stage() {
            Stage::Over(decision) => Ok(Some(decision)),
            _ => Ok(None),
        }
    }
}
