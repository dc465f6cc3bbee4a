//! From one journal into another.

mod error;
mod side;

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::fmt;
use core::future::{Future, IntoFuture};
use core::pin::Pin;

pub use error::CopyError;
use side::{PAGE, Records, Streams, missing, same_head, same_record};

use super::{Adopted, Epoch, Head, Heads, Journal, JournalError, Record};

/// Copies a journal into another one, with all that is in work in it: when a machine is not enough
/// any more, from a file to a server; or back.
///
/// Streams come with their records, in their order and with their numbers, epochs and times; with
/// their status and priority, and due when they were due. Positions are given anew: who has kept
/// one, of a projection, begins from the start.
///
/// 1. `from` is [sealed](Journal::seal): nobody writes there any more. That is refused while somebody
///    holds a stream, so let all workers end before, or their leases run out.
/// 2. `to` must be empty, or what a copy of `from` has left that did not come to its end. It is
///    sealed, so that nobody begins to work in it too early.
/// 3. What is missing is copied, and then all of it compared.
/// 4. `to` is unsealed. `from` stays sealed: a worker that was forgotten cannot work there, and is
///    told so.
///
/// After a crash or an error, do the same again: it goes on where it was. Once it has come to its
/// end, it only compares. When the copy is given up instead, [unseal](Journal::unseal) `from`, and
/// throw `to` away.
///
/// # Errors
///
/// [`CopyError`] says what; nothing is lost in `from` whatever happens.
///
/// # Cancel safety
///
/// When this is dropped before it returns, both may be sealed. Do it again.
///
/// # Examples
///
/// ```
/// use reliability::journal::{self, Append, Claim, Due, Event, Journal, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (small, large) = (Journal::in_memory(), Journal::in_memory());
/// let order = StreamId::new("order", "4711")?;
/// small.append(Append::to(&order).event(Event::json("Placed", 1, &["tea"])?).due(Due::Now)).await?;
///
/// let copied = journal::copy(&small, &large).await?;
/// assert_eq!((copied.streams, copied.records), (1, 1));
/// // Work goes on over there, and here no more.
/// assert_eq!(large.claim(Claim::of(["order"])).await?.len(), 1);
/// assert!(small.claim(Claim::of(["order"])).await.is_err());
/// # Ok(())
/// # }
/// ```
pub fn copy<'a>(from: &'a Journal, to: &'a Journal) -> Copying<'a> {
    Copying { from, to, told: None }
}

/// A copy that is to be made: await it.
///
/// # Examples
///
/// ```
/// use reliability::journal::{self, Journal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), journal::CopyError> {
/// let (from, to) = (Journal::in_memory(), Journal::in_memory());
/// let mut told = 0;
/// journal::copy(&from, &to).progress(|_| told += 1).await?;
/// assert!(told > 0);
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is copied before it is awaited"]
pub struct Copying<'a> {
    from: &'a Journal,
    to: &'a Journal,
    told: Option<Told<'a>>,
}

type Told<'a> = Box<dyn FnMut(&CopyProgress) + Send + 'a>;

/// How far a copy has come.
///
/// # Examples
///
/// ```
/// use reliability::journal::{self, CopyProgress, Journal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), journal::CopyError> {
/// let (from, to) = (Journal::in_memory(), Journal::in_memory());
/// let tell = |it: &CopyProgress| println!("{} records, compared: {}", it.records, it.comparing);
/// journal::copy(&from, &to).progress(tell).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CopyProgress {
    /// Whether everything is there, and is being compared.
    pub comparing: bool,
    /// Streams that were gone through.
    pub streams: u64,
    /// Records that were gone through.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
}

/// A copy that was made.
///
/// # Examples
///
/// ```
/// use reliability::journal::{self, Journal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), journal::CopyError> {
/// let copied = journal::copy(&Journal::in_memory(), &Journal::in_memory()).await?;
/// assert_eq!((copied.records, copied.found), (0, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Copied {
    /// Streams that are there now.
    pub streams: u64,
    /// Records that are there now.
    pub records: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Those of the records that were there already, from a copy that did not come to its end.
    pub found: u64,
}

/// Bytes of records that are written at once, and a last record.
const PART: usize = 4 << 20;

impl<'a> Copying<'a> {
    /// Is told how far it has come, after every part.
    pub fn progress(mut self, told: impl FnMut(&CopyProgress) + Send + 'a) -> Self {
        self.told = Some(Box::new(told));
        self
    }

    async fn run(mut self) -> Result<Copied, CopyError> {
        let before = self.from.standing().await.map_err(CopyError::From)?;
        let copied = self.copied().await;
        // Somebody has named the wrong place: nothing was copied, and work goes on here.
        if !before.sealed && matches!(copied, Err(CopyError::Differs { .. })) {
            self.from.unseal().await.map_err(CopyError::From)?;
        }
        copied
    }

    async fn copied(&mut self) -> Result<Copied, CopyError> {
        match self.from.seal().await {
            Err(JournalError::Busy { stream }) => return Err(CopyError::Held { stream }),
            sealed => sealed.map_err(CopyError::From)?,
        }
        let epoch = self.from.standing().await.map_err(CopyError::From)?.epoch;
        let found = match self.may_write().await? {
            true => {
                let found = self.copy_records(epoch).await?;
                self.copy_heads(epoch).await?;
                found
            }
            // It was brought to its end before, or is something else.
            false => u64::MAX,
        };
        let compared = self.compare(epoch).await?;
        self.to.unseal().await.map_err(CopyError::To)?;
        let CopyProgress { streams, records, bytes, .. } = compared;
        Ok(Copied { streams, records, bytes, found: found.min(records) })
    }

    /// Whether `to` is sealed: because it is empty, or because a copy was not brought to its end.
    async fn may_write(&mut self) -> Result<bool, CopyError> {
        if self.to.standing().await.map_err(CopyError::To)?.sealed {
            return Ok(true);
        }
        let is_empty = self.to.heads(Heads::all().most(1)).await.map_err(CopyError::To)?.is_empty();
        if is_empty {
            self.to.seal().await.map_err(CopyError::To)?;
        }
        Ok(is_empty)
    }

    /// Says how many were there already.
    async fn copy_records(&mut self, epoch: Epoch) -> Result<u64, CopyError> {
        let (mut ours, mut theirs) = (Records::of(self.from), Records::of(self.to));
        let (mut part, mut bytes, mut found) = (Vec::new(), 0, 0);
        let mut progress = CopyProgress::default();
        while let Some(record) = ours.next().await.map_err(CopyError::From)? {
            progress.records += 1;
            progress.bytes += record.event.payload().len() as u64;
            if let Some(other) = theirs.next().await.map_err(CopyError::To)? {
                same_record(&record, &other)?;
                found += 1;
                continue;
            }
            bytes += record.event.size();
            part.push(record);
            if part.len() == PAGE || bytes >= PART {
                self.adopt(core::mem::take(&mut part), Vec::new(), epoch).await?;
                bytes = 0;
                self.tell(&progress);
            }
        }
        self.adopt(part, Vec::new(), epoch).await?;
        self.tell(&progress);
        Ok(found)
    }

    async fn copy_heads(&mut self, epoch: Epoch) -> Result<(), CopyError> {
        let mut heads = Streams::of(self.from);
        while let Some(first) = heads.next().await.map_err(CopyError::From)? {
            let mut part = alloc::vec![first];
            part.extend(heads.page.drain(..));
            self.adopt(Vec::new(), part, epoch).await?;
        }
        Ok(())
    }

    async fn adopt(
        &mut self,
        records: Vec<Record>,
        heads: Vec<Head>,
        epoch: Epoch,
    ) -> Result<(), CopyError> {
        let adopted = Adopted::new(records, heads, epoch);
        match self.to.store().adopt(adopted).await {
            Err(conflict @ JournalError::Conflict { .. }) => {
                Err(CopyError::Differs { what: format!("{conflict}") })
            }
            done => done.map_err(CopyError::To),
        }
    }

    /// Both are gone through side by side.
    async fn compare(&mut self, epoch: Epoch) -> Result<CopyProgress, CopyError> {
        let mut progress = CopyProgress { comparing: true, ..CopyProgress::default() };
        let (mut ours, mut theirs) = (Records::of(self.from), Records::of(self.to));
        loop {
            let ours = ours.next().await.map_err(CopyError::From)?;
            match (ours, theirs.next().await.map_err(CopyError::To)?) {
                (Some(one), Some(other)) => {
                    same_record(&one, &other)?;
                    progress.bytes += one.event.payload().len() as u64;
                }
                (None, None) => break,
                (Some(one), None) => return Err(missing("copy", &one.stream)),
                (None, Some(other)) => return Err(missing("original", &other.stream)),
            }
            progress.records += 1;
            if progress.records.is_multiple_of(PAGE as u64) {
                self.tell(&progress);
            }
        }
        let (mut ours, mut theirs) = (Streams::of(self.from), Streams::of(self.to));
        loop {
            let ours = ours.next().await.map_err(CopyError::From)?;
            match (ours, theirs.next().await.map_err(CopyError::To)?) {
                (Some(one), Some(other)) => same_head(&one, &other)?,
                (None, None) => break,
                (Some(one), None) => return Err(missing("copy", &one.stream)),
                (None, Some(other)) => return Err(missing("original", &other.stream)),
            }
            progress.streams += 1;
        }
        let last = self.to.standing().await.map_err(CopyError::To)?.epoch;
        if last < epoch {
            let what = format!("the copy would give epochs again: {last} is before {epoch}");
            return Err(CopyError::Differs { what });
        }
        self.tell(&progress);
        Ok(progress)
    }

    fn tell(&mut self, progress: &CopyProgress) {
        if let Some(told) = &mut self.told {
            told(progress);
        }
    }
}

impl<'a> IntoFuture for Copying<'a> {
    type Output = Result<Copied, CopyError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Copying<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Copying")
            .field("from", &self.from)
            .field("to", &self.to)
            .finish_non_exhaustive()
    }
}
