use super::atomic::{AtomicU64, Ordering};

/// How much there is still room for, in two measures: a number of items, and their bytes.
///
/// Both stand in one word, so that who takes room has both or none, and nobody sees room taken by
/// somebody who is about to give it back.
#[derive(Debug)]
pub(crate) struct Room {
    held: AtomicU64,
    items_max: u64,
    bytes_max: u64,
}

/// Items are the upper 24 bits of the word.
const BYTES_BITS: u32 = 40;
const BYTES: u64 = (1 << BYTES_BITS) - 1;

impl Room {
    pub(crate) const ITEMS_MAX: u64 = (1 << 24) - 1;
    pub(crate) const BYTES_MAX: u64 = BYTES;

    pub(crate) fn new(items_max: u64, bytes_max: u64) -> Self {
        Self {
            held: AtomicU64::new(0),
            items_max: items_max.min(Self::ITEMS_MAX),
            bytes_max: bytes_max.min(Self::BYTES_MAX),
        }
    }

    /// Takes room, and says how many items held some before; `None` when there is not enough.
    pub(crate) fn take(&self, items: u64, bytes: u64) -> Option<u64> {
        let mut held = self.held.load(Ordering::Relaxed);
        loop {
            let (items_held, bytes_held) = (held >> BYTES_BITS, held & BYTES);
            if items > self.items_max - items_held || bytes > self.bytes_max - bytes_held {
                return None;
            }
            let next = held + (items << BYTES_BITS) + bytes;
            // Orders nothing but itself: what the room is for is handed over by a channel.
            let swap =
                self.held.compare_exchange_weak(held, next, Ordering::Relaxed, Ordering::Relaxed);
            match swap {
                Ok(_) => return Some(items_held),
                Err(now) => held = now,
            }
        }
    }

    /// Gives back what was taken.
    pub(crate) fn give_back(&self, items: u64, bytes: u64) {
        self.held.fetch_sub((items << BYTES_BITS) + bytes, Ordering::Relaxed);
    }

    /// How many items hold room, and how many bytes.
    pub(crate) fn held(&self) -> (u64, u64) {
        let held = self.held.load(Ordering::Relaxed);
        (held >> BYTES_BITS, held & BYTES)
    }

    pub(crate) fn items_max(&self) -> u64 {
        self.items_max
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::Room;

    #[test]
    fn there_is_room_up_to_either_limit_and_not_beyond() {
        let room = Room::new(3, 100);
        assert_eq!(room.take(2, 60), Some(0));
        assert_eq!(room.take(1, 41), None, "bytes");
        assert_eq!(room.take(2, 1), None, "items");
        assert_eq!(room.take(1, 40), Some(2));
        assert_eq!(room.held(), (3, 100));
        room.give_back(2, 60);
        assert_eq!(room.held(), (1, 40));
        assert_eq!(room.take(u64::MAX, 0), None);
        assert_eq!(room.take(0, u64::MAX), None);
    }

    #[test]
    fn limits_that_do_not_fit_in_a_word_are_the_largest_that_do() {
        let room = Room::new(u64::MAX, u64::MAX);
        assert_eq!(room.take(Room::ITEMS_MAX, Room::BYTES_MAX), Some(0));
        assert_eq!(room.held(), (Room::ITEMS_MAX, Room::BYTES_MAX));
        assert_eq!(room.take(1, 0), None);
    }
}

#[cfg(all(test, reliability_loom))]
mod loom_tests {
    use loom::sync::Arc;
    use loom::thread;

    use super::Room;

    #[test]
    fn loom_never_more_than_the_room_and_never_a_refusal_of_what_fits() {
        loom::model(|| {
            let room = Arc::new(Room::new(2, 10));
            let others: Vec<_> = (0..2)
                .map(|_| {
                    let room = Arc::clone(&room);
                    thread::spawn(move || room.take(1, 4).is_some())
                })
                .collect();
            // Does not fit beside the two others, and fits beside one of them.
            let mine = room.take(1, 4).is_some();
            let theirs = others.into_iter().filter_map(|it| it.join().ok()).filter(|it| *it);
            assert_eq!(theirs.count() + usize::from(mine), 2);
            assert_eq!(room.held(), (2, 8));
        });
    }

    #[test]
    fn loom_what_is_given_back_while_others_take_is_there_again() {
        loom::model(|| {
            let room = Arc::new(Room::new(2, 12));
            assert_eq!(room.take(1, 7), Some(0));
            let other = {
                let room = Arc::clone(&room);
                thread::spawn(move || room.take(1, 5).is_some())
            };
            room.give_back(1, 7);
            assert!(other.join().unwrap());
            assert_eq!(room.held(), (1, 5));
        });
    }
}
