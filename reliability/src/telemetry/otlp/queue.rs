use alloc::sync::Arc;
use core::mem::size_of;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use super::settings::REQUEST_BYTES_MAX;
use crate::sync::Room;
use crate::telemetry::log::Record;
use crate::telemetry::trace::{Event, Link, Span, Trace};
use crate::telemetry::{Attribute, Value};

/// What waits to be sent.
pub(super) trait Item: Send + Sized + 'static {
    /// How many spans or records it is.
    fn items(&self) -> u64;

    /// About how many bytes it takes.
    fn bytes(&self) -> u64;

    /// Keeps that many, at least one, and returns the others.
    fn split(&mut self, items: u64) -> Option<Self>;
}

/// A queue with an end: as many items, and as many bytes.
///
/// Who comes when it is full is turned away. The oldest could go instead; but what is there is
/// the beginning of the trouble, in one piece, nobody has to free on a caller's thread what others
/// have put there, and the wait for a receiver that is gone is not paid again by each newcomer.
pub(super) fn queue<T: Item>(items_max: u64, bytes_max: u64) -> (Inbox<T>, Outbox<T>) {
    let room = Arc::new(Room::new(items_max, bytes_max));
    // Each item takes room first, so that the channel never is full.
    let capacity = usize::try_from(room.items_max()).unwrap_or(usize::MAX);
    let (sender, receiver) = sync_channel(capacity);
    let inbox = Inbox { sender, room: Arc::clone(&room) };
    (inbox, Outbox { receiver, room, carried: None })
}

#[derive(Debug)]
pub(super) struct Inbox<T> {
    sender: SyncSender<T>,
    room: Arc<Room>,
}

impl<T: Item> Inbox<T> {
    /// Puts it into the queue, and says how many waited before; or how many there was no room for.
    pub(super) fn put(&self, item: T) -> Result<u64, u64> {
        let (items, bytes) = (item.items(), item.bytes());
        let before = self.room.take(items, bytes).ok_or(items)?;
        match self.sender.try_send(item) {
            Ok(()) => Ok(before),
            Err(_) => {
                // Nobody takes anything out any more.
                self.room.give_back(items, bytes);
                Err(items)
            }
        }
    }

    pub(super) fn room(&self) -> &Arc<Room> {
        &self.room
    }

    pub(super) fn is_full(&self) -> bool {
        self.room.held().0 >= self.room.items_max()
    }
}

#[derive(Debug)]
pub(super) struct Outbox<T> {
    receiver: Receiver<T>,
    room: Arc<Room>,
    /// The rest of something that was too large for one request.
    carried: Option<T>,
}

impl<T: Item> Outbox<T> {
    /// How many wait.
    pub(super) fn waiting(&self) -> u64 {
        self.room.held().0
    }

    /// The oldest ones, as many as fit in one request.
    pub(super) fn take(&mut self, items_max: u64) -> Vec<T> {
        let (mut taken, mut items, mut bytes) = (Vec::new(), 0, 0);
        while items < items_max && bytes < REQUEST_BYTES_MAX as u64 {
            let Some(mut item) = self.carried.take().or_else(|| self.receiver.try_recv().ok())
            else {
                break;
            };
            let whole = (item.items(), item.bytes());
            self.carried = item.split(items_max - items);
            let rest = self.carried.as_ref().map_or((0, 0), |rest| (rest.items(), rest.bytes()));
            // The rest keeps its room. What it weighs is measured anew, so it may be less or more
            // by what both parts have, never more than there was.
            let rest_bytes = rest.1.min(whole.1);
            self.room.give_back(whole.0 - rest.0, whole.1 - rest_bytes);
            items += whole.0 - rest.0;
            bytes += whole.1 - rest_bytes;
            taken.push(item);
        }
        taken
    }
}

impl Item for Record {
    fn items(&self) -> u64 {
        1
    }

    fn bytes(&self) -> u64 {
        let own = size_of::<Self>() + self.body.len() + self.scope.len();
        own as u64 + bytes_of(&self.attributes)
    }

    fn split(&mut self, _: u64) -> Option<Self> {
        None
    }
}

impl Item for Trace {
    fn items(&self) -> u64 {
        self.spans.len() as u64
    }

    fn bytes(&self) -> u64 {
        let state = self.state.as_ref().map_or(0, String::len);
        let own = (size_of::<Self>() + state) as u64;
        // Each span carries the state of its trace, and its id.
        let carried = self.spans.len() * (state + 16);
        own + carried as u64 + self.spans.iter().map(bytes_of_span).sum::<u64>()
    }

    fn split(&mut self, items: u64) -> Option<Self> {
        let keep = usize::try_from(items).unwrap_or(usize::MAX).max(1);
        if self.spans.len() <= keep {
            return None;
        }
        let mut rest = Self::new(self.id, self.spans.split_off(keep));
        rest.state.clone_from(&self.state);
        Some(rest)
    }
}

fn bytes_of_span(span: &Span) -> u64 {
    let events = span
        .events
        .iter()
        .map(|event| (size_of::<Event>() + event.name.len()) as u64 + bytes_of(&event.attributes));
    let links = span.links.iter().map(|link| size_of::<Link>() as u64 + bytes_of(&link.attributes));
    let own = (size_of::<Span>() + span.name.len()) as u64 + bytes_of(&span.attributes);
    own + events.sum::<u64>() + links.sum::<u64>()
}

fn bytes_of(attributes: &[Attribute]) -> u64 {
    let of_one = |attribute: &Attribute| {
        let text = match &attribute.value {
            Value::Text(text) => text.len(),
            Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => 0,
        };
        (size_of::<Attribute>() + attribute.key.len() + text) as u64
    };
    attributes.iter().map(of_one).sum()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::telemetry::log::Level;
    use crate::telemetry::trace::{SpanId, TraceId};

    fn record(body: &str) -> Record {
        Record::new(UNIX_EPOCH, Level::Info, body)
    }

    fn trace(spans: u64) -> Option<Trace> {
        let span = |id| Some(Span::new(SpanId::new(id)?, "s", UNIX_EPOCH, Default::default()));
        Some(Trace::new(TraceId::new(1)?, (1..=spans).map(span).collect::<Option<_>>()?))
    }

    #[test]
    fn who_comes_when_it_is_full_is_turned_away() {
        let (inbox, mut outbox) = queue(2, u64::MAX);
        assert_eq!(inbox.put(record("a")), Ok(0));
        assert_eq!(inbox.put(record("b")), Ok(1));
        assert_eq!(inbox.put(record("c")), Err(1));
        let bodies: Vec<_> = outbox.take(10).into_iter().map(|it| it.body).collect();
        assert_eq!(bodies, ["a", "b"]);
        assert_eq!((outbox.waiting(), outbox.take(10).len()), (0, 0));
        assert_eq!(inbox.put(record("d")), Ok(0));
    }

    #[test]
    fn what_is_large_takes_the_room_of_many() {
        let (inbox, mut outbox) = queue(100, 3_000);
        assert_eq!(inbox.put(record(&"x".repeat(2_500))), Ok(0));
        assert_eq!(inbox.put(record(&"x".repeat(400))), Err(1));
        assert_eq!(outbox.take(1).len(), 1);
        assert_eq!(inbox.put(record(&"x".repeat(400))), Ok(0));
    }

    #[test]
    fn a_trace_that_is_larger_than_a_request_goes_in_several() -> Result<(), &'static str> {
        let (inbox, mut outbox) = queue(100, u64::MAX);
        for spans in [3, 8, 1] {
            assert!(inbox.put(trace(spans).ok_or("ids")?).is_ok());
        }
        let mut seen = Vec::new();
        while outbox.waiting() > 0 {
            let sizes: Vec<_> = outbox.take(5).iter().map(Item::items).collect();
            seen.push((sizes, outbox.waiting()));
        }
        assert_eq!(seen, [(vec![3, 2], 7), (vec![5], 2), (vec![1, 1], 0)]);
        assert_eq!(outbox.room.held(), (0, 0));
        Ok(())
    }

    #[test]
    fn when_nobody_takes_anything_out_any_more_there_is_no_room() {
        let (inbox, outbox) = queue(2, u64::MAX);
        drop(outbox);
        assert_eq!(inbox.put(record("a")), Err(1));
        assert_eq!(inbox.room().held(), (0, 0));
    }
}
