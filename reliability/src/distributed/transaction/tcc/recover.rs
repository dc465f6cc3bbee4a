use alloc::string::ToString;
use core::time::Duration;
use std::time::SystemTime;

use tokio::task::JoinSet;

use super::coordinator::Coordinator;
use super::core::{Machine, Moment, Stage};
use super::drive::Drive;
use super::written::Birth;
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
    /// So many were over for [long enough](super::CoordinatorBuilder::retain), and are forgotten.
    pub forgotten: usize,
}

/// What has become of one that was claimed.
enum Came {
    To(Decision),
    /// It comes again.
    Nowhere,
    /// It was over, and its records stay for now.
    Rest,
    Forgotten,
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
                    Ok(Came::To(Decision::Confirm)) => recovered.confirmed += 1,
                    Ok(Came::To(Decision::Cancel)) => recovered.cancelled += 1,
                    Ok(Came::Forgotten) => recovered.forgotten += 1,
                    Ok(Came::Rest) => {}
                    Ok(Came::Nowhere) | Err(_) => recovered.pending += 1,
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

    async fn end(&self, lease: Lease) -> Came {
        let id = lease.stream.key().to_string();
        let rest = Append::to(&lease.stream).fenced(&lease).due(Due::After(BROKEN));
        match self.carry_on(lease).await {
            Ok(came) => came,
            Err(error) => {
                observe::broken(&id, &error);
                // If not even that can be written, its claim runs out.
                let _ = self.0.journal.append(rest.status(written::IS_BROKEN).release()).await;
                Came::Nowhere
            }
        }
    }

    async fn carry_on(&self, lease: Lease) -> Result<Came, TccError> {
        let hub = &self.0;
        let stream = lease.stream.clone();
        let records = hub.journal.read_to_end(&stream, Sequence::START).await?;
        let sequence = records.last().map_or(Sequence::START, |record| record.sequence);
        let birth = Birth::read(&records)?;
        if let Some((at, status)) = written::ended_at(&records) {
            let ended_at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            return Ok(self.collect(&lease, hub.goes_at(ended_at, &birth), status).await?);
        }
        let (entries, parts) = written::read(&records)?;
        // The first claim was that of who began it, and an operator begins anew.
        let claims = lease.epoch.get().saturating_sub(written::retried_at(&records));
        let before = u32::try_from(claims).unwrap_or(u32::MAX);
        let (machine, effects) = Machine::recover(hub.now(), &entries, before);
        observe::recovered();
        let mut drive = Drive::new(
            hub,
            (stream, birth),
            Some((lease, hub.lease())),
            sequence,
            (machine, parts),
        );
        drive.follow(effects).await?;
        drive.settle().await?;
        match drive.machine.stage() {
            Stage::Over(decision) => Ok(Came::To(decision)),
            _ => Ok(Came::Nowhere),
        }
    }

    /// It was over when it was claimed: when its time has come, its records go.
    async fn collect(
        &self,
        lease: &Lease,
        goes_at: Option<Moment>,
        status: &'static str,
    ) -> Result<Came, JournalError> {
        let (journal, now) = (&self.0.journal, self.0.now());
        let left = goes_at.map(|at| at.saturating_sub(now)).filter(|left| !left.is_zero());
        if left.is_some() || goes_at.is_none() {
            let append = Append::to(&lease.stream).fenced(lease).after(lease.sequence);
            let append = append.due(left.map_or(Due::Never, Due::After)).status(status).release();
            journal.append(append).await?;
            return Ok(Came::Rest);
        }
        // In one step: as long as it is there, it is due, and whoever dies here leaves it to others.
        match journal.remove_held(lease).await {
            Ok(()) => Ok(Came::Forgotten),
            // Somebody has said something meanwhile. It comes up again when the claim has run out.
            Err(JournalError::Conflict { .. }) => Ok(Came::Rest),
            Err(error) => Err(error),
        }
    }
}
