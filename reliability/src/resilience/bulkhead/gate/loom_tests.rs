//! Every interleaving of a few calls on the gate itself, and on tickets that are cancelled.

use core::time::Duration;
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake};

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Notify};
use loom::thread;

use super::*;
use crate::error::Name;
use crate::resilience::bulkhead::handle::Shared;
use crate::resilience::bulkhead::ticket::Ticket;
use crate::time::ManualClock;

/// Blocks the thread until it is woken; loom reports a wake-up that never comes as a deadlock.
struct Parker(Notify);

impl Wake for Parker {
    fn wake(self: StdArc<Self>) {
        self.0.notify();
    }
}

fn parker() -> StdArc<Parker> {
    StdArc::new(Parker(Notify::new()))
}

fn shared(limit: u32, queue: u32) -> Arc<Shared> {
    let wait = core::time::Duration::from_secs(1);
    let clock = ManualClock::new().clock();
    Arc::new(Shared::new(Name::from("loom"), clock, Gate::new(limit, queue), wait))
}

/// Enters, waiting as long as it takes. The queue is large enough for all.
fn enter(shared: &Shared) {
    let parker = parker();
    let waker = Waker::from(StdArc::clone(&parker));
    let mut ticket = Ticket::new(shared);
    loop {
        match ticket.poll_enter(&mut Context::from_waker(&waker)) {
            Poll::Ready(held) => {
                // Left by hand, so that a test can do so after the borrow.
                core::mem::forget(held.unwrap_or_else(|rejected| panic!("{rejected}")));
                return;
            }
            Poll::Pending => parker.0.wait(),
        }
    }
}

fn assert_empty(shared: &Shared) {
    assert_eq!((shared.gate.inside(), shared.gate.waiting()), (0, 0));
    assert_eq!(shared.gate.queue.lock().waiters.len(), 0);
}

fn model(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(test);
}

/// What the permit protects: loom panics when a visit has not synchronised with all visits before,
/// so also when two could be in it at once.
struct Room(UnsafeCell<u32>);

impl Room {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn visit(&self) {
        self.0.with_mut(|_| ());
    }
}

#[test]
fn loom_two_threads_take_turns_in_one_place() {
    model(3, || {
        let shared = shared(1, 2);
        let room = Arc::new(Room::new());
        let other = {
            let (shared, room) = (Arc::clone(&shared), Arc::clone(&room));
            thread::spawn(move || {
                enter(&shared);
                room.visit();
                shared.gate.leave();
            })
        };
        enter(&shared);
        room.visit();
        shared.gate.leave();
        other.join().unwrap();
        assert_empty(&shared);
    });
}

#[test]
fn loom_three_threads_take_turns_in_one_place() {
    model(2, || {
        let shared = shared(1, 2);
        let room = Arc::new(Room::new());
        let visit = |shared: &Shared, room: &Room| {
            enter(shared);
            room.visit();
            shared.gate.leave();
        };
        let others: [_; 2] = core::array::from_fn(|_| {
            let (shared, room) = (Arc::clone(&shared), Arc::clone(&room));
            thread::spawn(move || visit(&shared, &room))
        });
        visit(&shared, &room);
        for other in others {
            other.join().unwrap();
        }
        assert_empty(&shared);
    });
}

#[test]
fn loom_of_three_threads_two_are_inside_at_most() {
    model(2, || {
        let shared = shared(2, 2);
        let visit = |shared: &Shared| {
            enter(shared);
            let inside = shared.gate.inside();
            assert!((1..=2).contains(&inside), "{inside} inside");
            shared.gate.leave();
        };
        let others: [_; 2] = core::array::from_fn(|_| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || visit(&shared))
        });
        visit(&shared);
        for other in others {
            other.join().unwrap();
        }
        assert_empty(&shared);
    });
}

/// The place may be granted before, while, or after the waiter gives up. Whatever it is, the one
/// behind it in the queue gets in.
#[test]
fn loom_a_waiter_cancelled_while_it_is_admitted_passes_the_place_on() {
    model(3, || {
        let shared = shared(1, 2);
        assert!(shared.gate.try_enter());

        let parker = parker();
        let waker = Waker::from(StdArc::clone(&parker));
        let mut context = Context::from_waker(&waker);
        let mut first = Ticket::new(&*shared);
        let mut second = Ticket::new(Arc::clone(&shared));
        assert!(first.poll_enter(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(second.poll_enter(&mut context).is_pending());

        let leaver = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.gate.leave())
        };
        drop(first);
        while second.poll_enter(&mut context).map(drop).is_pending() {
            parker.0.wait();
        }
        leaver.join().unwrap();
        drop(second);
        assert_empty(&shared);
    });
}

/// The wait ends just when a place comes free: it is either collected or left to others, never
/// lost and never refused as well as granted.
#[test]
fn loom_a_wait_that_ends_while_it_is_admitted_keeps_the_count() {
    model(3, || {
        let shared = shared(1, 1);
        assert!(shared.gate.try_enter());
        let mut ticket = Ticket::new(&*shared);
        assert!(ticket.poll_enter(&mut Context::from_waker(Waker::noop())).is_pending());

        let leaver = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.gate.leave())
        };
        match ticket.give_up() {
            Ok(held) => {
                assert_eq!(shared.gate.inside(), 1);
                drop(held);
            }
            Err(_) => assert_eq!(shared.gate.waiting(), 0),
        }
        leaver.join().unwrap();
        drop(ticket);
        assert_empty(&shared);
    });
}

/// A newcomer races the one that waits for the place that comes free.
#[test]
fn loom_nobody_passes_the_queue() {
    let newcomers: [fn(&Shared) -> bool; 2] = [
        |shared| shared.gate.try_enter(),
        |shared| {
            let mut ticket = Ticket::new(shared);
            ticket.poll_enter(&mut Context::from_waker(Waker::noop())).is_ready()
        },
    ];
    for enters in newcomers {
        model(3, move || {
            let shared = shared(1, 2);
            assert!(shared.gate.try_enter());
            let mut waiting = Ticket::new(&*shared);
            assert!(waiting.poll_enter(&mut Context::from_waker(Waker::noop())).is_pending());

            let newcomer = {
                let shared = Arc::clone(&shared);
                thread::spawn(move || enters(&shared))
            };
            shared.gate.leave();
            assert!(!newcomer.join().unwrap(), "the waiter was there before");
            assert!(waiting.poll_enter(&mut Context::from_waker(Waker::noop())).is_ready());
        });
    }
}

#[test]
fn loom_a_raised_limit_lets_a_waiter_in_exactly_once() {
    model(3, || {
        let shared = shared(1, 2);
        assert!(shared.gate.try_enter());
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                enter(&shared);
                shared.gate.leave();
            })
        };
        shared.gate.set_limit(2);
        other.join().unwrap();
        assert_eq!((shared.gate.inside(), shared.gate.waiting()), (1, 0));
        shared.gate.leave();
        assert_empty(&shared);
    });
}

/// Whoever admits hands on what was done under the place, also when somebody else gave it back.
#[test]
fn loom_a_place_that_a_third_thread_hands_on_is_still_handed_on_in_order() {
    model(3, || {
        let shared = shared(1, 1);
        let room = Arc::new(Room::new());
        assert!(shared.gate.try_enter());
        let mut waiting = Ticket::new(&*shared);
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.poll_enter(&mut context).is_pending());

        let leaver = {
            let (shared, room) = (Arc::clone(&shared), Arc::clone(&room));
            thread::spawn(move || {
                room.visit();
                shared.gate.leave();
            })
        };
        shared.gate.set_limit(1);
        if let Poll::Ready(Ok(held)) = waiting.poll_enter(&mut context) {
            room.visit();
            drop(held);
        }
        leaver.join().unwrap();
        drop(waiting);
        assert_empty(&shared);
    });
}

/// The first is shed by who leaves while it gives up, and the second gets in: no place is lost, and
/// the first learns one thing.
#[test]
fn loom_a_call_that_is_shed_while_it_gives_up_is_counted_once() {
    model(3, || {
        let shared = shared(1, 2);
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        shared.gate.set_shed(Some(Shed::standard()), || at(0));
        assert!(shared.gate.try_enter());
        let Entry::Queued(old) = shared.gate.enter_or_queue(Waker::noop().clone(), || at(0)) else {
            panic!("there is room in the queue")
        };
        let Entry::Queued(young) = shared.gate.enter_or_queue(Waker::noop().clone(), || at(200))
        else {
            panic!("there is room in the queue")
        };
        {
            // All have waited for too long since the beginning.
            let mut queue = shared.gate.queue.lock();
            shared
                .gate
                .note(&mut queue, |standing| standing.step(at(50), Duration::from_millis(50)));
        }
        let leaver = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.gate.leave_at(|| at(201)))
        };
        let end = shared.gate.give_up(old, Some(at(201)));
        assert_ne!(end, Standby::Admitted, "it is too old");
        leaver.join().unwrap();
        assert_eq!(shared.gate.poll_queued(young, Waker::noop().clone()), Standby::Admitted);
        assert_eq!(shared.gate.inside(), 1);
        shared.gate.leave();
        assert_eq!(shared.gate.queue.lock().shed.len(), 0);
        assert_empty(&shared);
    });
}

/// Shedding is switched on while a call queues: whoever comes first, its wait is known.
#[test]
fn loom_a_call_that_queues_while_shedding_is_switched_on_has_waited_since_then() {
    model(3, || {
        let shared = shared(1, 2);
        let now = || Instant::from_nanos(3_600_000_000_000);
        assert!(shared.gate.try_enter());
        let operator = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.gate.set_shed(Some(Shed::standard()), now))
        };
        let Entry::Queued(ticket) = shared.gate.enter_or_queue(Waker::noop().clone(), now) else {
            panic!("there is room in the queue")
        };
        operator.join().unwrap();
        let since = shared.gate.queue.lock().waiters.front().map(|waiter| waiter.since);
        assert_eq!(since, Some(now()));
        assert_eq!(shared.gate.give_up(ticket, None), Standby::Waits);
        shared.gate.leave();
        assert_empty(&shared);
    });
}

/// Two places come free at once; the first that leaves sheds the one that waits for too long.
#[test]
fn loom_no_place_is_lost_beside_a_call_that_is_shed() {
    model(3, || {
        let shared = shared(2, 1);
        let at = |millis: u64| Instant::from_nanos(millis * 1_000_000);
        shared.gate.set_shed(Some(Shed::standard()), || at(0));
        assert!(shared.gate.try_enter() && shared.gate.try_enter());
        let Entry::Queued(old) = shared.gate.enter_or_queue(Waker::noop().clone(), || at(0)) else {
            panic!("there is room in the queue")
        };
        {
            // All have waited for too long since the beginning.
            let mut queue = shared.gate.queue.lock();
            let late = |standing: &mut Standing| standing.step(at(50), Duration::from_millis(50));
            shared.gate.note(&mut queue, late);
        }
        let leaver = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.gate.leave_at(|| at(201)))
        };
        shared.gate.leave_at(|| at(201));
        leaver.join().unwrap();
        assert_eq!(shared.gate.poll_queued(old, Waker::noop().clone()), Standby::Shed);
        assert_empty(&shared);
    });
}
