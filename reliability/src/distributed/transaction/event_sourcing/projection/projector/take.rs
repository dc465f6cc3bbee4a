//! Taking in what has happened, page by page, around what cannot be taken in.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{MOST_PARKED, Projector, of_store};
use crate::distributed::transaction::event_sourcing::projection::Away;
use crate::distributed::transaction::event_sourcing::{
    Events as _, Failure, Happened, Parked, Place, Projection, ProjectionError, ReadStore,
    ReadTransaction, observe,
};
use crate::journal::{Position, Record};

/// What became of a page.
enum Took {
    All,
    /// The event at that index could not be taken in.
    Failed(usize, Failure),
    /// Somebody else has the projection, and is elsewhere.
    Moved,
}

impl<S, P> Projector<S, P>
where
    S: ReadStore,
    P: Projection<S::Transaction>,
{
    /// Whether all of it was taken in or parked; otherwise somebody else is at it.
    pub(super) async fn take_page(
        &mut self,
        at: Position,
        records: Vec<Record>,
    ) -> Result<bool, ProjectionError> {
        let Some(end) = records.last().map(|record| record.position) else { return Ok(true) };
        let kinds = P::Event::KINDS;
        let ours = records.into_iter().filter(|record| kinds.contains(&record.stream.kind()));
        let ours: Vec<Record> = ours.collect();
        let (mut rest, mut from) = (ours.as_slice(), at);
        // How many are taken at once, and how often the first one has failed.
        let (mut many, mut failures, mut why) = (self.most, 0, None);
        loop {
            let (now, later) = rest.split_at(many.min(rest.len()));
            let to = if later.is_empty() { end } else { now.last().map_or(from, |it| it.position) };
            match self.take_all(from, to, now, why.as_deref()).await {
                Ok(Took::All) if later.is_empty() => return Ok(true),
                Ok(Took::All) => {
                    (rest, from, failures, why) = (later, to, 0, None);
                    many = self.most;
                }
                Ok(Took::Moved) => {
                    self.at = None;
                    return Ok(false);
                }
                // What stands before it is taken in first, and then it alone.
                Ok(Took::Failed(index, _)) if index > 0 => many = index,
                Ok(Took::Failed(_, error)) if error.is::<Away>() => {
                    self.at = None;
                    return Err(match error.downcast::<Away>() {
                        Ok(away) => ProjectionError::Away(away.0),
                        Err(error) => ProjectionError::Away(error),
                    });
                }
                Ok(Took::Failed(_, error)) => {
                    (many, failures) = (1, failures + 1);
                    if let Some(first) = rest.first().filter(|_| failures >= self.attempts) {
                        self.held.insert(first.stream.clone());
                        why = Some(in_full(&error));
                    }
                }
                Err(error) => {
                    // What is held is read anew.
                    self.at = None;
                    return Err(error);
                }
            }
        }
    }

    /// Takes these in and goes on to there, in one transaction. Those of streams that are held are
    /// parked, the first one for that reason.
    async fn take_all(
        &mut self,
        from: Position,
        to: Position,
        records: &[Record],
        why: Option<&str>,
    ) -> Result<Took, ProjectionError> {
        let mut rows = self.store.begin().await.map_err(of_store)?;
        let place = Place { version: P::VERSION, position: from };
        if rows.place(P::NAME).await.map_err(of_store)? != Some(place) {
            return Ok(Took::Moved);
        }
        if records.iter().any(|record| self.held.contains(&record.stream)) {
            // Somebody else may have mended it meanwhile.
            let parked = rows.parked(P::NAME, MOST_PARKED + 1).await.map_err(of_store)?;
            self.parked = parked.len();
            self.held = parked.into_iter().map(|parked| parked.stream).collect();
            // This one was tried just now.
            let tried = records.first().filter(|_| why.is_some());
            self.held.extend(tried.map(|record| record.stream.clone()));
        }
        let (mut applied, mut parked) = (0, 0);
        for (index, record) in records.iter().enumerate() {
            if self.held.contains(&record.stream) {
                let error = why.filter(|_| index == 0).unwrap_or(BEHIND).to_string();
                rows.park(P::NAME, &of(record, error)).await.map_err(of_store)?;
                parked += 1;
                continue;
            }
            if let Err(error) = Self::take(&mut self.projection, &mut rows, record).await {
                return Ok(Took::Failed(index, error));
            }
            applied += 1;
        }
        if self.parked + parked > MOST_PARKED {
            return Err(ProjectionError::TooManyParked { parked: self.parked + parked });
        }
        rows.keep(P::NAME, Place { position: to, ..place }).await.map_err(of_store)?;
        rows.commit().await.map_err(of_store)?;
        self.at = Some(to);
        self.parked += parked;
        self.applied += applied;
        observe::projected(P::NAME, applied, parked);
        if let (Some(why), Some(record)) = (why, records.first()) {
            observe::parked(P::NAME, record, why);
        }
        Ok(Took::All)
    }

    pub(super) async fn take(
        projection: &mut P,
        rows: &mut S::Transaction,
        record: &Record,
    ) -> Result<(), Failure> {
        let Some(event) = P::Event::read(record)? else { return Ok(()) };
        let (stream, sequence) = (record.stream.clone(), record.sequence);
        let (position, at) = (record.position, record.at);
        projection.apply(rows, &Happened { event, stream, sequence, position, at }).await
    }
}

/// Why an event is parked that nobody has tried.
const BEHIND: &str = "an event before it in its stream is parked";

fn of(record: &Record, error: String) -> Parked {
    let (stream, sequence, position) = (record.stream.clone(), record.sequence, record.position);
    Parked { stream, sequence, position, error }
}

/// What is kept of an error, at most, in bytes.
const LONGEST_ERROR: usize = 2_000;

/// With what is behind it: a database says there what it does not like.
fn in_full(error: &Failure) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        source = error.source();
    }
    words.truncate(words.floor_char_boundary(LONGEST_ERROR));
    words
}
