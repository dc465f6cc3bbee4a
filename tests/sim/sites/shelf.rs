//! Members that do not answer, or whose answers get lost, and that know what must not come to them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use reliability::distributed::transaction::Vote;
use reliability::distributed::transaction::two_phase::{Member, TransactionId, Unreachable};

use super::Bug;
use crate::disk::Luck as _;
use crate::outside::World;

/// What a shelf has, which outlives whoever works at it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) aside: BTreeSet<TransactionId>,
    pub(super) done: BTreeSet<TransactionId>,
}

#[derive(Debug, Clone)]
pub(super) struct Shelf {
    pub(super) name: &'static str,
    pub(super) world: World,
    pub(super) kept: Arc<Mutex<Kept>>,
    pub(super) bug: Bug,
}

impl Shelf {
    async fn call<T>(
        &self,
        what: &str,
        id: &TransactionId,
        act: impl FnOnce(&mut Kept) -> Result<T, String>,
    ) -> Result<T, Unreachable> {
        self.world.tell(format!("{} {what} {id}", self.name));
        self.world.pause().await;
        if self.world.often(60) {
            return Err(Unreachable::new(self.name, "it is busy"));
        }
        let acted = act(&mut self.kept.lock().unwrap());
        self.world.tell(format!("{} has {what} {id}", self.name));
        self.world.pause().await;
        let acted = acted.map_err(|wrong| {
            self.world.lock().wrong(format!("{}: {id} {wrong}", self.name));
            Unreachable::new(self.name, wrong)
        })?;
        match self.world.often(60) {
            true => Err(Unreachable::new(self.name, "the answer was lost")),
            false => Ok(acted),
        }
    }
}

impl Member for Shelf {
    type Work = String;

    async fn prepare(&self, id: &TransactionId, work: &String) -> Result<Vote, Unreachable> {
        let vote = match work.as_str() {
            "yes" => Vote::Yes,
            "read" => Vote::ReadOnly,
            _ => Vote::No,
        };
        self.call("prepare", id, |kept| {
            if kept.done.contains(id) {
                return Err("is prepared after it was committed".into());
            }
            // Also one that refuses may have begun something.
            if vote != Vote::ReadOnly {
                kept.aside.insert(id.clone());
            }
            Ok(vote)
        })
        .await
    }

    async fn commit(&self, id: &TransactionId, work: &String) -> Result<(), Unreachable> {
        if self.bug == Bug::TellsBeforeItIsDone && self.world.often(200) {
            return Ok(());
        }
        self.call("commit", id, |kept| {
            if !kept.aside.remove(id) && !kept.done.contains(id) {
                return Err(format!("is committed ({work}), and was not prepared or is aborted"));
            }
            kept.done.insert(id.clone());
            Ok(())
        })
        .await
    }

    async fn abort(&self, id: &TransactionId, _: &String) -> Result<(), Unreachable> {
        self.call("abort", id, |kept| match kept.done.contains(id) {
            true => Err("is aborted after it was committed".into()),
            false => {
                kept.aside.remove(id);
                Ok(())
            }
        })
        .await
    }
}
