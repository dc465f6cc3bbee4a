//! What claims work, and keeps it.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use rusqlite::params;

use super::error::Outcome;
use super::places::Totals;
use super::write::Writing;
use crate::journal::values::{self, signed, unsigned};
use crate::journal::{Claim, Epoch, Lease, Sequence, StreamId};

/// What is free, mostly.
const FREE: &str = "claimable_at <= ?1";

/// What is held since a time to come is free as well: somebody has set the clock back. Both halves
/// are found by the index, which has what is due some day, and not what is over.
const FREE_AFTER_ALL: &str = "(claimable_at <= ?1
      OR (claimable_at > ?1 AND held_since > ?1 AND due_at <= ?1))";

/// How the next work is found. How far a stream is, is asked of those that are taken, and not of
/// all that are due. The plus keeps SQLite from going through all streams of a kind, however few
/// are due.
fn find(is_free: &str) -> String {
    alloc::format!(
        "SELECT id, kind, key,
                (SELECT coalesce(max(sequence), 0) FROM journal_records WHERE stream = s.id)
         FROM journal_streams s
         WHERE {is_free} AND +kind IN (SELECT value FROM json_each(?2))
         ORDER BY priority DESC, due_at, kind, key LIMIT ?3"
    )
}

impl Writing<'_> {
    pub(super) fn claim(&self, claim: &Claim) -> Outcome<Vec<Lease>> {
        match self.totals.get().held_since > self.now {
            true => {
                let leases = self.take(claim, FREE_AFTER_ALL)?;
                self.settle()?;
                Ok(leases)
            }
            false => self.take(claim, FREE),
        }
    }

    fn take(&self, claim: &Claim, is_free: &str) -> Outcome<Vec<Lease>> {
        let kinds = serde_json::to_string(claim.kinds()).unwrap_or_default();
        let mut find = self.prepare(&find(is_free))?;
        let found = find.query_map(params![self.now, kinds, claim.limit() as i64], |row| {
            let (kind, key): (_, String) = (row.get_ref(1)?, row.get(2)?);
            let stream = StreamId::new(kind.as_str()?, &key);
            Ok((row.get::<_, i64>(0)?, stream, unsigned(row.get(3)?)))
        })?;
        let found = found.collect::<rusqlite::Result<Vec<_>>>()?;
        if found.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        if let Err(refused) = self.room_for(0, found.len()) {
            return Ok(Err(refused));
        }
        let last = self.epochs(found.len());
        let mut take = self.prepare(
            "UPDATE journal_streams
             SET epoch = ?2, owner = ?3, held_since = ?4, held_until = ?5,
                 claimable_at = max(due_at, ?5)
             WHERE id = ?1",
        )?;
        let until = self.now.saturating_add(values::span(claim.lease_length()));
        let mut epoch = last - found.len() as i64;
        let mut leases = Vec::with_capacity(found.len());
        for (id, stream, sequence) in found {
            // Somebody has written into the tables by hand: it cannot be named, so it stays.
            let Ok(stream) = stream else { continue };
            epoch += 1;
            self.places.borrow_mut().forget(&stream);
            take.execute(params![id, epoch, claim.owner(), self.now, until])?;
            leases.push(Lease::new(stream, Epoch::new(unsigned(epoch)), Sequence::new(sequence)));
        }
        Ok(Ok(leases))
    }

    /// Once nothing is held since a time to come, nothing has to be looked for there any more: a
    /// clock that was years ahead for a moment would else make every claim of those years slow.
    fn settle(&self) -> rusqlite::Result<()> {
        let latest: Option<i64> = self
            .prepare("SELECT max(held_since) FROM journal_streams WHERE claimable_at > ?1")?
            .query_row([self.now], |row| row.get(0))?;
        let held_since = latest.map_or(self.now, |latest| latest.max(self.now));
        self.totals.set(Totals { held_since, ..self.totals.get() });
        Ok(())
    }

    pub(super) fn renew(&self, leases: &[Lease], length: Duration) -> rusqlite::Result<Vec<bool>> {
        let until = self.now.saturating_add(values::span(length));
        let mut renew = self.prepare(
            "UPDATE journal_streams
             SET held_since = ?4, held_until = ?5, claimable_at = max(due_at, ?5)
             WHERE kind = ?1 AND key = ?2 AND epoch = ?3 AND owner IS NOT NULL",
        )?;
        let renewed = leases.iter().map(|lease| {
            let (stream, epoch) = (&lease.stream, signed(lease.epoch.get()));
            let held = params![stream.kind(), stream.key(), epoch, self.now, until];
            self.places.borrow_mut().forget(stream);
            let is_held = renew.execute(held)? == 1;
            self.held_since(is_held.then_some(self.now));
            Ok(is_held)
        });
        renewed.collect()
    }

    /// Holds so many streams from now on, each with an epoch that was never given before, and says
    /// which is the last of them. There is [room](Self::room_for) for them.
    pub(super) fn epochs(&self, count: usize) -> i64 {
        self.held_since(Some(self.now));
        let totals = self.totals.get();
        let epoch = totals.epoch.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
        self.totals.set(Totals { epoch, ..totals });
        epoch
    }

    /// Something is held since then.
    pub(super) fn held_since(&self, since: Option<i64>) {
        let totals = self.totals.get();
        let held_since = since.map_or(totals.held_since, |since| since.max(totals.held_since));
        self.totals.set(Totals { held_since, ..totals });
    }
}

#[cfg(all(test, not(reliability_loom)))]
#[allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]
mod tests {
    use std::vec::Vec;

    use super::super::open;
    use super::*;

    fn plan(sql: &str) -> String {
        static NEXT: crate::sync::atomic::AtomicU32 = crate::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, crate::sync::atomic::Ordering::Relaxed);
        let name = std::format!("journal-claims-{}-{number}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let connection = open::to_write(&file, Duration::ZERO).unwrap();
        let mut explain = connection.prepare(&std::format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps = explain.query_map(params![5, "[]", 1], |row| row.get::<_, String>(3)).unwrap();
        let plan = steps.map(Result::unwrap).collect::<Vec<_>>().join("\n");
        drop(explain);
        drop(connection);
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(std::format!("{}{end}", file.display()));
        }
        plan
    }

    #[test]
    fn claims_find_their_work_by_index_however_much_is_over_or_not_due() {
        for is_free in [FREE, FREE_AFTER_ALL] {
            let plan = plan(&find(is_free));
            assert!(plan.contains("SEARCH s USING INDEX journal_claimable"), "{plan}");
            assert!(!plan.contains("SCAN s"), "{plan}");
        }
    }

    #[test]
    fn claims_ask_how_far_a_stream_is_when_it_is_taken_and_not_of_all_that_are_due() {
        for is_free in [FREE, FREE_AFTER_ALL] {
            let plan = plan(&find(is_free));
            assert!(plan.contains("CORRELATED SCALAR SUBQUERY"), "{plan}");
            // A join would be made before the order is known.
            assert!(!plan.contains("JOIN") && !plan.contains("SEARCH r"), "{plan}");
        }
    }
}
