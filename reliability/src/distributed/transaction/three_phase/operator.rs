use ::core::fmt;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Standing;
use super::log::{self, Cast, Found};
use crate::distributed::transaction::Decision;
use crate::distributed::transaction::operator::{self, Moment};
use crate::distributed::transaction::two_phase::TransactionId;
use crate::error::Invalid;
use crate::journal::{Head, Journal, JournalError, Sequence, StreamId};

/// What an operator sees of the transactions of which the coordinators and sites of a journal know,
/// without them. Those whose journal is another one are named, and no more.
///
/// It changes nothing: a site that waits for somebody who never comes back is ended in its own
/// process, by [`Site::force`](super::Site::force), which tells the others.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::three_phase::Operator;
/// use reliability::distributed::transaction::two_phase::TransactionId;
/// use reliability::journal::Journal;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let operator = Operator::on(&Journal::in_memory());
/// // They have promised, and do not know how it ends.
/// for waits in operator.list(Some("waiting")).await? {
///     let id = TransactionId::new(waits.stream.key())?;
///     println!("{}", operator.show(&id).await?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Operator {
    journal: Journal,
    kind: String,
}

/// One transaction, as an operator sees it. Its `Display` is for people.
///
/// # Examples
///
/// See [`Operator`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Shown {
    /// Which one it is.
    pub transaction: TransactionId,
    /// How it ends, if anybody here knows that. Where two have ended it differently it is what the
    /// first of the [seats](Self::seats) says.
    pub decision: Option<Decision>,
    /// Who takes part: the coordinator, and then the sites.
    pub seats: Vec<Seat>,
    /// What has happened, in order, as far as it was written in this journal.
    pub timeline: Vec<Moment>,
}

/// One of those who take part in a transaction.
///
/// # Examples
///
/// See [`Operator`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Seat {
    /// Its name.
    pub name: String,
    /// Whether it is the coordinator, and no site.
    pub coordinates: bool,
    /// What lists say of it. `None` where this journal has nothing: it has one of its own, was not
    /// asked yet, or has forgotten it.
    pub head: Option<Head>,
    /// How far it has got, by what it has written down.
    pub standing: Option<Standing>,
    /// Whether its work has followed the decision.
    pub followed: bool,
    /// Whether others have ended it the other way: somebody has to mend the data.
    pub against: bool,
}

impl Operator {
    /// What the kinds of the streams begin with, unless a [setup](super::Setup::kind) says otherwise.
    pub const KIND: &'static str = "three_phase";

    /// On that journal.
    pub fn on(journal: &Journal) -> Self {
        Self { journal: journal.clone(), kind: Self::KIND.to_string() }
    }

    /// What the kinds of the streams begin with: `three_phase` by default. The whole kind of one who
    /// takes part, `three_phase.stock`, is as good: then lists have what that one knows.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::distributed::transaction::three_phase::Operator;
    /// use reliability::journal::Journal;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), reliability::journal::JournalError> {
    /// let operator = Operator::on(&Journal::in_memory()).kind("orders");
    /// assert!(operator.list(None).await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn kind(mut self, kind: &str) -> Self {
        self.kind = kind.to_string();
        self
    }

    /// The heads of that status, or of all, one for each transaction and each who takes part in it
    /// here; the oldest change first. The statuses are `working`, `waiting` and `pre-committed`, of
    /// which nobody knows there how they end; `committed` and `aborted`, which the work has not
    /// followed yet; `done`, and `heuristic`.
    ///
    /// # Errors
    ///
    /// Whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn list(&self, status: Option<&str>) -> Result<Vec<Head>, JournalError> {
        let mut found = Vec::new();
        for kind in operator::kinds_of(&self.journal, &self.kind).await? {
            found.extend(operator::heads(&self.journal, &kind, status).await?);
        }
        found.sort_by_key(|head| head.changed_at);
        Ok(found)
    }

    /// All that this journal knows of one transaction.
    ///
    /// # Errors
    ///
    /// [`JournalError::Invalid`] when nobody here knows of it; and whatever the journal says.
    ///
    /// # Cancel safety
    ///
    /// It only reads.
    pub async fn show(&self, transaction: &TransactionId) -> Result<Shown, JournalError> {
        let mut here: Vec<Here> = Vec::new();
        for kind in operator::kinds_of(&self.journal, &self.kind).await? {
            here.extend(Here::read(&self.journal, &kind, transaction).await?);
        }
        // Of one who takes part: the others stand beside it.
        let beside = here.first().and_then(|it| it.beside(&self.kind));
        if let Some(prefix) = beside {
            for kind in operator::kinds_of(&self.journal, &prefix).await? {
                if here.iter().all(|it| it.head.stream.kind() != kind) {
                    here.extend(Here::read(&self.journal, &kind, transaction).await?);
                }
            }
        }
        let Some(cast) = here.first().map(|it| it.found.cast.clone()) else {
            return Err(unknown(transaction).into());
        };
        let Cast { coordinator, members } = cast;
        let names = [(coordinator, true)].into_iter();
        let names = names.chain(members.into_iter().map(|member| (member, false)));
        let seats: Vec<Seat> = names
            .map(|(name, coordinates)| {
                let of = here.iter().find(|it| it.name() == Some(name.as_str()));
                let found = of.map(|it| &it.found);
                Seat {
                    coordinates,
                    head: of.map(|it| it.head.clone()),
                    standing: found.map(|it| it.standing),
                    followed: found.is_some_and(|it| it.followed),
                    against: found.is_some_and(|it| it.against),
                    name,
                }
            })
            .collect();
        let decision = seats.iter().find_map(|seat| match seat.standing {
            Some(Standing::Ended(decision)) => Some(decision),
            _ => None,
        });
        let mut timeline: Vec<Moment> = here.into_iter().flat_map(|it| it.timeline).collect();
        timeline.sort_by_key(|moment| moment.at);
        Ok(Shown { transaction: transaction.clone(), decision, seats, timeline })
    }
}

/// What one who takes part has written down here.
struct Here {
    head: Head,
    found: Found,
    timeline: Vec<Moment>,
}

impl Here {
    async fn read(
        journal: &Journal,
        kind: &str,
        transaction: &TransactionId,
    ) -> Result<Option<Self>, JournalError> {
        let stream = StreamId::new(kind, transaction.as_str())?;
        let Some(head) = journal.head(&stream).await? else { return Ok(None) };
        let records = journal.read_to_end(&stream, Sequence::START).await?;
        // What has that kind and is something else is none of them.
        if !records.first().is_some_and(|first| log::begins(first.event.name())) {
            return Ok(None);
        }
        let Some(found) = log::read(&stream, &records)? else { return Ok(None) };
        let mut here = Self { head, found, timeline: Vec::new() };
        let name = here.name().unwrap_or("?").to_string();
        let told = records
            .iter()
            .map(|record| Moment::of(record, |event, payload| log::told(&name, event, payload)));
        here.timeline = told.collect();
        Ok(Some(here))
    }

    /// Whose it is: the one of those who take part with whose name its kind ends.
    fn name(&self) -> Option<&str> {
        let Cast { coordinator, members } = &self.found.cast;
        let kind = self.head.stream.kind();
        let ends = |name: &&String| {
            kind.strip_suffix(name.as_str()).is_some_and(|prefix| prefix.ends_with('.'))
        };
        // A name may end like another one: the longer is meant.
        let longest = members.iter().chain([coordinator]).filter(ends).max_by_key(|it| it.len());
        longest.map(String::as_str)
    }

    /// What the kinds of the others begin with, when that one is its own.
    fn beside(&self, kind: &str) -> Option<String> {
        let prefix = kind.strip_suffix(self.name()?)?.strip_suffix('.')?;
        (self.head.stream.kind() == kind).then(|| prefix.to_string())
    }
}

fn unknown(transaction: &TransactionId) -> Invalid {
    let expected = "a transaction of which a coordinator or a site in this journal knows";
    Invalid::new("three_phase", "id", expected, alloc::format!("`{transaction}`")).with_advice(
        "`list` says which there are; each of them writes to the journal of its own process, and \
         forgets what is long over",
    )
}

impl Seat {
    /// How far it is, in words.
    fn told(&self) -> &'static str {
        match (self.standing, self.followed, self.against) {
            (None, ..) => "nothing in this journal",
            (Some(_), _, true) => "others had done the opposite",
            (Some(Standing::Ended(Decision::Commit)), true, _) => "committed, and done",
            (Some(Standing::Ended(Decision::Abort)), true, _) => "aborted, and done",
            (Some(standing), ..) => standing.as_str(),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decision = self.decision.map_or("not known here", Decision::as_str);
        writeln!(f, "{}, decision: {decision}", self.transaction)?;
        for seat in &self.seats {
            let role = if seat.coordinates { "coordinator" } else { "site" };
            writeln!(f, "  {:<24} {role:<12} {}", seat.name, seat.told())?;
        }
        operator::write_timeline(f, &self.timeline)
    }
}
