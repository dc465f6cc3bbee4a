//! What an operator sees of the promises of a site.

use ::core::fmt;
use ::core::time::Duration;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::time::SystemTime;

use serde_json::Value;

use super::promises::Promises;
use super::{Operator, TransactionId};
use crate::distributed::transaction::operator::{self, Moment};
use crate::error::Invalid;
use crate::journal::{Head, JournalError, Sequence, StreamId};

/// What a [`Site`](super::Site) was asked for by one transaction, as an operator sees it. Its `Display`
/// is for people.
///
/// # Examples
///
/// See [`Operator::promise`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ShownPromise {
    /// What lists say of it.
    pub head: Head,
    /// What has happened, in order.
    pub timeline: Vec<Moment>,
}

impl Operator {
    /// What the [`Site`](super::Site) of that name, whose promises are in this journal, was asked for
    /// and was not told how it ends; the oldest change first.
    ///
    /// # Errors
    ///
    /// A name that no site has, and whatever the journal says.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::two_phase::Operator;
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::journal::JournalError> {
    /// let operator = Operator::on(&Journal::in_memory());
    /// for id in operator.in_doubt("stock").await? {
    ///     println!("{id}: {:?}", operator.decision(&id).await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn in_doubt(&self, site: &str) -> Result<Vec<TransactionId>, JournalError> {
        let promises = Promises::of(&self.log.journal, site)?;
        promises.open(SystemTime::UNIX_EPOCH, Duration::ZERO).await
    }

    /// The heads of what the [`Site`](super::Site) of that name, whose promises are in this journal, was
    /// asked for, of that status or of all; the oldest change first. The statuses are `working`,
    /// `promised` and `forced`, as long as it was not told how it ends, `committed` and `heuristic`.
    ///
    /// # Errors
    ///
    /// A name that no site has, and whatever the journal says.
    ///
    /// # Examples
    ///
    /// See [`promise`](Self::promise).
    pub async fn promises(
        &self,
        site: &str,
        status: Option<&str>,
    ) -> Result<Vec<Head>, JournalError> {
        let promises = Promises::of(&self.log.journal, site)?;
        operator::heads(&self.log.journal, promises.kind(), status).await
    }

    /// All there is to know of what a site was asked for by one transaction.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when that site knows none of that id; and whatever the journal says.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::two_phase::{Operator, TransactionId};
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let operator = Operator::on(&Journal::in_memory());
    /// for waits in operator.promises("stock", Some("promised")).await? {
    ///     let id = TransactionId::new(waits.stream.key())?;
    ///     println!("{}", operator.promise("stock", &id).await?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn promise(
        &self,
        site: &str,
        id: &TransactionId,
    ) -> Result<ShownPromise, JournalError> {
        let promises = Promises::of(&self.log.journal, site)?;
        let stream = StreamId::new(promises.kind(), id.as_str())?;
        let head = self.log.journal.head(&stream).await?.ok_or_else(|| unknown(&stream))?;
        let records = self.log.journal.read_to_end(&stream, Sequence::START).await?;
        let timeline = records.iter().map(|record| Moment::of(record, told)).collect();
        Ok(ShownPromise { head, timeline })
    }
}

/// A record of a promise, in words.
fn told(name: &str, payload: &Value) -> String {
    match name {
        "Prepares" => alloc::format!("it was asked for {}", payload[1]),
        "Promised" => "it has promised to commit".to_string(),
        "Committed" => "it has committed".to_string(),
        "Forced" => {
            let [decision, by, why] = [&payload[0], &payload[1]["by"], &payload[1]["why"]]
                .map(|text| text.as_str().unwrap_or_default());
            alloc::format!("{by} has forced it to {decision}: {why}")
        }
        "Opposed" => "the log said the opposite: somebody has to mend its data".to_string(),
        other => other.to_string(),
    }
}

fn unknown(stream: &StreamId) -> Invalid {
    let expected = "a transaction of which that site knows";
    Invalid::new("two_phase", "id", expected, alloc::format!("`{stream}`"))
        .with_advice("what it has aborted or was told to forget, it does not know any more")
}

impl fmt::Display for ShownPromise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is {}", self.head.stream, self.head.status)?;
        for moment in &self.timeline {
            writeln!(f, "{moment}")?;
        }
        Ok(())
    }
}
