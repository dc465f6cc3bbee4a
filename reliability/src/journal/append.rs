use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::time::SystemTime;

use super::claim::{check_lease, check_owner};
use super::id::shortened;
use super::{Epoch, Event, JournalError, Lease, Position, Sequence, StreamId};
use crate::error::Invalid;

/// What is to be added to a stream, and under which conditions. All of it happens, or none.
///
/// Without [`after`](Append::after) it is added wherever the stream ends; without
/// [`fenced`](Append::fenced) whoever holds the stream. A stream that is not there is begun.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Due, Event, Sequence, StreamId};
///
/// let order = StreamId::new("order", "4711")?;
/// let append = Append::to(&order)
///     .after(Sequence::START)
///     .event(Event::json("Placed", 1, &["tea"])?)
///     .due(Due::Now)
///     .status("placed");
/// assert_eq!(append.events().len(), 1);
/// # Ok::<(), reliability::journal::JournalError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "an append does nothing until a journal is given it"]
pub struct Append {
    pub(super) stream: StreamId,
    pub(super) after: Option<Sequence>,
    pub(super) epoch: Option<Epoch>,
    pub(super) events: Vec<Event>,
    pub(super) due: Option<Due>,
    pub(super) priority: Option<i16>,
    pub(super) status: Option<Cow<'static, str>>,
    pub(super) release: bool,
    pub(super) held: Option<(String, Duration)>,
}

/// When somebody has to work at a stream.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::journal::Due;
///
/// assert_ne!(Due::After(Duration::from_secs(60)), Due::Now);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Due {
    /// As soon as somebody is free.
    Now,
    /// When so much time has gone by on the store's clock.
    After(Duration),
    /// At that time by the store's clock.
    At(SystemTime),
    /// There is nothing to do, until an append says otherwise.
    Never,
}

impl Append {
    /// The most events of one append.
    pub const MOST_EVENTS: usize = 10_000;
    /// The longest status, in bytes.
    pub const LONGEST_STATUS: usize = 64;

    /// An append to that stream.
    pub fn to(stream: &StreamId) -> Self {
        Self {
            stream: stream.clone(),
            after: None,
            epoch: None,
            events: Vec::new(),
            due: None,
            priority: None,
            status: None,
            release: false,
            held: None,
        }
    }

    /// Only if the stream ends with that record; [`Sequence::START`] for a stream that must not have
    /// any yet. What is to happen once has an event: an append without one leaves the stream where
    /// it was, and would be taken again.
    pub fn after(mut self, sequence: Sequence) -> Self {
        self.after = Some(sequence);
        self
    }

    /// Only if nobody else has claimed the stream since that lease was given.
    pub fn fenced(mut self, lease: &Lease) -> Self {
        self.epoch = Some(lease.epoch);
        self
    }

    /// Adds that event, behind those before.
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Adds those events, behind those before.
    pub fn events_of(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.extend(events);
        self
    }

    /// From when on the stream is given to who claims work. It stays as it was otherwise; a new
    /// stream is never due.
    pub fn due(mut self, due: Due) -> Self {
        self.due = Some(due);
        self
    }

    /// Streams of higher priority are claimed first. It stays as it was otherwise; a new stream has
    /// priority 0.
    pub fn priority(mut self, priority: i16) -> Self {
        self.priority = Some(priority);
        self
    }

    /// What a list of streams says of this one, in a word: `running`, `stuck`. It stays as it was
    /// otherwise; a new stream has an empty one.
    pub fn status(mut self, status: impl Into<Cow<'static, str>>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Gives the stream back in the same moment: the last word of a worker.
    pub fn release(mut self) -> Self {
        self.release = true;
        self
    }

    /// Begins the stream in the hands of that worker, as if it had claimed it in the same moment:
    /// [`Appended::lease`] has the lease. Only for a stream that is not there, and so only
    /// [after](Append::after) its [start](Sequence::START); [`JournalError::Busy`] when it is there
    /// without records.
    pub fn held_by(mut self, owner: &str, lease: Duration) -> Self {
        self.held = Some((owner.to_string(), lease));
        self
    }

    /// The stream it is for.
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    /// The events it adds.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// Its conditions and what it changes besides, for those who write a store.
    pub fn terms(&self) -> Terms<'_> {
        Terms {
            after: self.after,
            epoch: self.epoch,
            due: self.due,
            priority: self.priority,
            status: self.status.as_deref(),
            release: self.release,
            held: self.held.as_ref().map(|(owner, lease)| (owner.as_str(), *lease)),
        }
    }

    /// About how many bytes it takes, in memory and in a store.
    pub(super) fn size(&self) -> usize {
        self.events.iter().map(Event::size).fold(0, usize::saturating_add)
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        if self.events.len() > Self::MOST_EVENTS {
            let got = self.events.len();
            return Err(Invalid::new("journal", "events", "at most 10000 in one append", got));
        }
        if let Some(status) = &self.status
            && (status.len() > Self::LONGEST_STATUS || status.chars().any(char::is_control))
        {
            let expected = "at most 64 bytes without control characters";
            return Err(Invalid::new("journal", "status", expected, shortened(status)));
        }
        if let Some((owner, lease)) = &self.held {
            if self.after != Some(Sequence::START) || self.release {
                let got = "an append that is not, or that gives it back";
                return Err(Invalid::new(
                    "journal",
                    "held_by",
                    "an append that begins a stream",
                    got,
                )
                .with_advice("add `.after(Sequence::START)`, and take out `.release()`"));
            }
            check_owner(owner)?;
            check_lease(*lease)?;
        }
        self.events.iter().try_for_each(Event::check)
    }
}

/// The conditions of an [`Append`] and what it changes besides, as a store reads them.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Sequence, StreamId};
///
/// let append = Append::to(&StreamId::new("order", "4711")?).after(Sequence::new(3));
/// assert_eq!(append.terms().after, Some(Sequence::new(3)));
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms<'a> {
    /// The record that the stream must end with.
    pub after: Option<Sequence>,
    /// The epoch that the stream must be in.
    pub epoch: Option<Epoch>,
    /// When somebody has to work at it from now on.
    pub due: Option<Due>,
    /// How urgent it is from now on.
    pub priority: Option<i16>,
    /// What lists say of it from now on.
    pub status: Option<&'a str>,
    /// Whether its claim ends.
    pub release: bool,
    /// Who holds the stream from its beginning on, and for how long: refused with
    /// [`JournalError::Busy`] when there is a stream already.
    pub held: Option<(&'a str, Duration)>,
}

impl Terms<'_> {
    /// Whether a stream that ends with that record and is in that epoch meets the conditions: what
    /// every store asks before it writes.
    ///
    /// # Errors
    ///
    /// [`JournalError::Fenced`] before [`JournalError::Conflict`], because who is fenced has nothing
    /// to decide any more.
    pub fn allow(
        &self,
        stream: &StreamId,
        last: Sequence,
        current: Epoch,
    ) -> Result<(), JournalError> {
        allow(stream, (self.after, self.epoch), (last, current))
    }
}

/// Whether a stream is where somebody wants it to be, and in that epoch.
pub(super) fn allow(
    stream: &StreamId,
    (after, shown): (Option<Sequence>, Option<Epoch>),
    (last, current): (Sequence, Epoch),
) -> Result<(), JournalError> {
    if let Some(shown) = shown
        && shown != current
    {
        return Err(JournalError::Fenced { stream: stream.clone(), shown, current });
    }
    match after {
        Some(expected) if expected != last => {
            Err(JournalError::Conflict { stream: stream.clone(), expected, found: last })
        }
        _ => Ok(()),
    }
}

/// Where the stream is after an append.
///
/// # Examples
///
/// ```
/// use reliability::journal::{Append, Appended, Event, Journal, Position, Sequence, StreamId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::journal::JournalError> {
/// let order = StreamId::new("order", "4711")?;
/// let append = Append::to(&order).event(Event::bytes("Placed", 1, []));
/// let appended = Journal::in_memory().append(append).await?;
/// assert_eq!(appended, Appended::new(Sequence::new(1), Position::from_parts(0, 1)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The number of its last record.
    pub sequence: Sequence,
    /// The place of the last record that was added; [`Position::START`] if none was.
    pub position: Position,
    /// The epoch of a stream that was begun [in somebody's hands](Append::held_by).
    pub held: Option<Epoch>,
}

impl Appended {
    /// What a store answers.
    pub const fn new(sequence: Sequence, position: Position) -> Self {
        Self { sequence, position, held: None }
    }

    /// What a store answers when the stream was begun in somebody's hands.
    pub const fn held(mut self, epoch: Epoch) -> Self {
        self.held = Some(epoch);
        self
    }

    /// The lease of that stream, if it was begun in somebody's hands.
    pub fn lease(&self, stream: &StreamId) -> Option<Lease> {
        self.held.map(|epoch| Lease::new(stream.clone(), epoch, self.sequence))
    }
}
