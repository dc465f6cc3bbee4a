use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::repository::command_stream;
use super::{Aggregate, Applies, CommandError, Events, LoadError, Loaded, Repository, observe};
use crate::journal::{Append, Appended, Event, JournalError, Record, Sequence, StreamId};

/// What a command has come to.
///
/// # Examples
///
/// See the [module](super).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Executed<A: Aggregate> {
    /// The state behind its events; behind later ones too, when it was repeated.
    pub state: A,
    /// What has happened on it.
    pub events: Vec<A::Event>,
    /// The number of the last record that was read or written.
    pub sequence: Sequence,
    /// Whether it had been carried out before, so that nothing was written now.
    pub was_repeated: bool,
}

/// A command that is to be carried out once, by the key that all its repetitions share.
struct Once<'a> {
    key: &'a str,
    stream: StreamId,
}

/// What is kept of a command with a key: whose it was, and the first and the last of its records.
type Done = (String, u64, u64);

const DONE: &str = "Executed";

/// After so many snapshots the older ones are dropped.
const MOST_SNAPSHOTS: u64 = 16;

/// What became of an append.
enum Written {
    Done,
    /// The command had been carried out before.
    Before(Done),
    /// Somebody else was quicker.
    Conflict,
}

impl<A: Aggregate> Repository<A> {
    /// Carries out a command on the aggregate with that key: reads it, lets it decide, and writes
    /// down what happens. When somebody else was quicker, it is read again and decides anew.
    ///
    /// # Errors
    ///
    /// [`Refused`](CommandError::Refused) when the aggregate refuses,
    /// [`Contended`](CommandError::Contended) when others were quicker as often as is allowed. Nothing
    /// was written, unless it is [`Uncertain`](CommandError::Uncertain): the journal does not know,
    /// and what stands there could also be somebody else's. Give a command a key
    /// ([`execute_once`](Self::execute_once)), and this does not happen.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the command is carried out or not.
    pub async fn execute(
        &self,
        key: &str,
        command: &A::Command,
    ) -> Result<Executed<A>, CommandError<A::Refused>> {
        self.seen(key, command, None).await
    }

    /// The same for a command that has a key of its own, by which it is carried out once, however
    /// often it is given: after a crash, an answer that was lost, or a message that came twice. The
    /// key is 1 to 255 bytes, and no other command for aggregates of this kind may have it.
    ///
    /// The key is written in the same commit as the events. A refusal writes nothing, so a command
    /// that was refused may be given again.
    ///
    /// # Errors
    ///
    /// As of [`execute`](Self::execute), and [`KeyTaken`](CommandError::KeyTaken) when the key was
    /// that of a command for another aggregate. After any error, the same command with the same key
    /// may be given again.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, the command is carried out or not; give it again.
    pub async fn execute_once(
        &self,
        key: &str,
        command_key: &str,
        command: &A::Command,
    ) -> Result<Executed<A>, CommandError<A::Refused>> {
        let stream = command_stream(Self::kind(), command_key)?;
        let once = Once { key: command_key, stream };
        self.seen(key, command, Some(&once)).await
    }

    /// Forgets that a command with that key was carried out, because nobody gives it again.
    ///
    /// # Errors
    ///
    /// When the journal cannot be written.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, it is forgotten or not.
    pub async fn forget_command(&self, command_key: &str) -> Result<(), JournalError> {
        let stream = command_stream(Self::kind(), command_key)?;
        match self.journal.head(&stream).await? {
            Some(head) => self.journal.remove(&stream, head.sequence).await,
            None => Ok(()),
        }
    }

    async fn seen(
        &self,
        key: &str,
        command: &A::Command,
        once: Option<&Once<'_>>,
    ) -> Result<Executed<A>, CommandError<A::Refused>> {
        let (seen, mut attempts) = (observe::Command::begin::<A>(Self::kind(), key), 0);
        let executed = seen.around(self.executed(key, command, once, &mut attempts)).await;
        seen.end(&executed, attempts);
        executed
    }

    async fn executed(
        &self,
        key: &str,
        command: &A::Command,
        once: Option<&Once<'_>>,
        attempts: &mut u32,
    ) -> Result<Executed<A>, CommandError<A::Refused>> {
        let stream = Self::stream(key)?;
        let mut loaded = self.load(key).await?;
        for _ in 0..self.attempts {
            *attempts += 1;
            let events = match loaded.state.decide(command) {
                Ok(events) => events,
                // It may be refused because it has been carried out.
                Err(refused) => {
                    return match self.done(&stream, once).await? {
                        Some(done) => self.repeated(&stream, loaded, done).await,
                        None => Err(CommandError::Refused(refused)),
                    };
                }
            };
            if events.is_empty() && once.is_none() {
                return Ok(unchanged(loaded));
            }
            let (before, sequence) = (loaded.sequence, behind(loaded.sequence, events.len()));
            let written = events.iter().map(Events::write).collect::<Result<Vec<_>, _>>()?;
            for event in &events {
                let state = event.apply_to(loaded.state).map_err(CommandError::OutOfPlace)?;
                loaded = Loaded { state, ..loaded };
            }
            loaded.sequence = sequence;
            let batch = self.batch(&stream, before, &loaded, written, once).await?;
            match self.write(&stream, before, batch, once).await? {
                Written::Done => {
                    let Loaded { state, sequence, .. } = loaded;
                    return Ok(Executed { state, events, sequence, was_repeated: false });
                }
                Written::Before(done) => {
                    let now = self.load(key).await?;
                    return self.repeated(&stream, now, done).await;
                }
                // The state has been moved on to what did not come to pass.
                Written::Conflict => {
                    observe::conflict();
                    loaded = self.load(key).await?;
                }
            }
        }
        Err(CommandError::Contended { attempts: self.attempts })
    }

    /// All that is written on a command, in one commit.
    async fn batch(
        &self,
        stream: &StreamId,
        before: Sequence,
        now: &Loaded<A>,
        written: Vec<Event>,
        once: Option<&Once<'_>>,
    ) -> Result<Vec<Append>, JournalError> {
        let last = written.last();
        let snapshot = last.and_then(|it| Self::due_snapshot(now, &now.state, now.sequence, it));
        let mut batch = Vec::with_capacity(3);
        let first = before.next().get();
        if !written.is_empty() {
            batch.push(Append::to(stream).after(before).events_of(written));
        }
        if let Some(once) = once {
            let done = (stream.key().to_string(), first, now.sequence.get());
            let done = Event::json(DONE, 1, &done)?;
            batch.push(Append::to(&once.stream).after(Sequence::START).event(done));
        }
        if let Some(snapshot) = snapshot {
            let beside = Self::beside(stream)?;
            if now.snapshots.get() >= MOST_SNAPSHOTS {
                // Whoever removes them first is as good; without them all events are read.
                let _ = self.journal.remove(&beside, now.snapshots).await;
            }
            observe::snapshot("written");
            batch.push(Append::to(&beside).event(snapshot));
        }
        Ok(batch)
    }

    /// Writes until it is known whether it is written.
    async fn write(
        &self,
        stream: &StreamId,
        before: Sequence,
        batch: Vec<Append>,
        once: Option<&Once<'_>>,
    ) -> Result<Written, CommandError<A::Refused>> {
        let mut unknown: Option<JournalError> = None;
        for _ in 0..self.attempts {
            let error = match self.append(&batch).await {
                Ok(_) => return Ok(Written::Done),
                Err(error) => error,
            };
            match (error, unknown) {
                (error @ JournalError::Unknown { .. }, _) => unknown = Some(error),
                (JournalError::Conflict { .. }, was_unknown) => {
                    if let Some(done) = self.done(stream, once).await? {
                        return Ok(Written::Before(done));
                    }
                    return match was_unknown {
                        // Only this command could have written its key.
                        Some(error) if once.is_none() => {
                            self.found_out(stream, before, &batch, error).await
                        }
                        _ => Ok(Written::Conflict),
                    };
                }
                (_, Some(before)) => return Err(uncertain(before)),
                (error, None) => return Err(error.into()),
            }
        }
        Err(uncertain(unknown.unwrap_or(JournalError::Closed)))
    }

    async fn append(&self, batch: &[Append]) -> Result<Vec<Appended>, JournalError> {
        self.journal.append_all(batch.to_vec()).await
    }

    /// What stands where a command without a key has perhaps written: if it is something else, it has
    /// not. If it is the same, that may be its own or somebody else's.
    async fn found_out(
        &self,
        stream: &StreamId,
        before: Sequence,
        batch: &[Append],
        error: JournalError,
    ) -> Result<Written, CommandError<A::Refused>> {
        let ours = batch.first().map(Append::events).unwrap_or_default();
        let found = self.journal.read(stream, before, ours.len().max(1)).await;
        let Ok(found) = found else { return Err(uncertain(error)) };
        let is_same = found.len() == ours.len()
            && found.iter().zip(ours).all(|(record, event)| record.event == *event);
        if is_same { Err(uncertain(error)) } else { Ok(Written::Conflict) }
    }

    /// What is kept of the command, if it was carried out.
    async fn done(
        &self,
        stream: &StreamId,
        once: Option<&Once<'_>>,
    ) -> Result<Option<Done>, CommandError<A::Refused>> {
        let Some(once) = once else { return Ok(None) };
        let records = self.journal.read(&once.stream, Sequence::START, 1).await?;
        let Some(record) = records.first() else { return Ok(None) };
        let done: Done = record.event.read_json()?;
        if done.0 == stream.key() {
            return Ok(Some(done));
        }
        let stream = StreamId::new(stream.kind(), &done.0)?;
        Err(CommandError::KeyTaken { key: once.key.to_string(), stream })
    }

    /// What a command had come to that was carried out before.
    async fn repeated(
        &self,
        stream: &StreamId,
        loaded: Loaded<A>,
        (_, first, last): Done,
    ) -> Result<Executed<A>, CommandError<A::Refused>> {
        let loaded = self.read_on(stream, loaded, None).await?;
        let before = Sequence::new(first.saturating_sub(1));
        let many = usize::try_from((last + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let records = match many {
            0 => Vec::new(),
            many => self.journal.read(stream, before, many.min(Append::MOST_EVENTS)).await?,
        };
        let events = records.iter().map(event_of::<A>).filter_map(Result::transpose);
        let events = events.collect::<Result<Vec<_>, LoadError>>()?;
        let Loaded { state, sequence, .. } = loaded;
        Ok(Executed { state, events, sequence, was_repeated: true })
    }
}

fn event_of<A: Aggregate>(record: &Record) -> Result<Option<A::Event>, LoadError> {
    A::Event::read(record).map_err(|source| LoadError::Event {
        stream: record.stream.clone(),
        sequence: record.sequence,
        source: Box::new(source),
    })
}

fn unchanged<A: Aggregate>(loaded: Loaded<A>) -> Executed<A> {
    let Loaded { state, sequence, .. } = loaded;
    Executed { state, events: Vec::new(), sequence, was_repeated: false }
}

fn behind(sequence: Sequence, events: usize) -> Sequence {
    Sequence::new(sequence.get().saturating_add(events as u64))
}

fn uncertain<R>(source: JournalError) -> CommandError<R> {
    CommandError::Uncertain { source: Box::new(source) }
}
