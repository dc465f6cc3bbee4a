use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::task::Wake;

use proptest::prelude::*;

use super::*;
use crate::error::Reason;
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::{Instant, ManualClock};

fn bulkhead(concurrent: u32, queue: u32) -> Bulkhead {
    let wait = Duration::from_secs(1);
    let built = Bulkhead::builder("test").concurrent(concurrent).queue(queue).wait(wait).build();
    built.unwrap_or_else(|invalid| panic!("{invalid}"))
}

#[derive(Default)]
struct WakeCount(AtomicU32);

impl Wake for WakeCount {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    let refused = |builder: BulkheadBuilder| builder.build().map_err(|i| i.setting() == "queue");
    let builder = || Bulkhead::builder("test");
    assert_eq!(refused(builder().concurrent(0)).err(), Some(false));
    assert_eq!(refused(builder().concurrent(Bulkhead::CONCURRENT_MAX + 1)).err(), Some(false));
    assert_eq!(refused(builder().queue(Bulkhead::QUEUE_MAX + 1)).err(), Some(true));

    let largest = builder().concurrent(Bulkhead::CONCURRENT_MAX).queue(Bulkhead::QUEUE_MAX);
    let largest = largest.build().unwrap();
    assert_eq!(largest.concurrent(), Bulkhead::CONCURRENT_MAX);
    assert_eq!((largest.queue(), largest.in_use(), largest.queued()), (Bulkhead::QUEUE_MAX, 0, 0));

    assert_eq!(
        largest.reconfigure(|settings| settings.concurrent = 0).unwrap_err().setting(),
        "concurrent"
    );
    assert_eq!(largest.concurrent(), Bulkhead::CONCURRENT_MAX);
}

#[test]
fn a_waker_that_is_no_longer_polled_with_is_not_woken() {
    let bulkhead = bulkhead(1, 1);
    let permit = bulkhead.try_enter().unwrap();
    let (old, new) = (Arc::new(WakeCount::default()), Arc::new(WakeCount::default()));
    let mut ticket = bulkhead.ticket();
    for waker in [&old, &new] {
        let waker = Waker::from(Arc::clone(waker));
        assert!(ticket.poll_enter(&mut Context::from_waker(&waker)).is_pending());
    }
    assert_eq!(Arc::strong_count(&old), 1, "the old waker is released");
    drop(permit);
    let wakes = |count: &WakeCount| count.0.load(Ordering::Relaxed);
    assert_eq!((wakes(&old), wakes(&new)), (0, 1));
}

/// A waker may run a task in place, which may come back to the bulkhead.
#[test]
fn a_waker_may_use_the_bulkhead_it_is_woken_by() {
    struct Nosy(Bulkhead, AtomicU32);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            let refused = self.0.try_enter().is_err();
            self.1.store(u32::from(refused && self.0.queued() == 0), Ordering::Relaxed);
        }
    }

    let bulkhead = bulkhead(1, 1);
    let permit = bulkhead.try_enter().unwrap();
    let nosy = Arc::new(Nosy(bulkhead.clone(), AtomicU32::new(0)));
    let waker = Waker::from(Arc::clone(&nosy));
    let mut ticket = bulkhead.ticket();
    assert!(ticket.poll_enter(&mut Context::from_waker(&waker)).is_pending());
    drop(permit);
    assert_eq!(nosy.1.load(Ordering::Relaxed), 1, "the place was taken when the waker ran");
}

#[test]
fn a_waker_that_panics_keeps_nobody_out_and_does_not_end_the_process() {
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("the executor is gone");
        }
    }
    for leaves_by_panic in [false, true] {
        let bulkhead = bulkhead(1, 2);
        let permit = bulkhead.try_enter().unwrap();
        let (panics, count) = (Waker::from(Arc::new(Panics)), Arc::new(WakeCount::default()));
        let counting = Waker::from(Arc::clone(&count));
        let mut tickets = [bulkhead.ticket(), bulkhead.ticket()];
        for (ticket, waker) in tickets.iter_mut().zip([&panics, &counting]) {
            assert!(ticket.poll_enter(&mut Context::from_waker(waker)).is_pending());
        }
        let leaves = core::panic::AssertUnwindSafe(|| {
            let _inside = permit;
            assert!(!leaves_by_panic, "its own");
            bulkhead.reconfigure(|settings| settings.concurrent = 3).unwrap();
        });
        assert!(std::panic::catch_unwind(leaves).is_err(), "the panic is told");
        let [mut first, mut second] = tickets;
        let mut context = Context::from_waker(&counting);
        let inside = first.poll_enter(&mut context);
        assert!(matches!(inside, Poll::Ready(Ok(_))), "it was let in");
        assert_eq!(count.0.load(Ordering::Relaxed), u32::from(!leaves_by_panic));
        assert_eq!(second.poll_enter(&mut context).is_ready(), !leaves_by_panic);
    }
}

#[test]
fn a_place_that_was_granted_at_the_last_moment_is_used() {
    let bulkhead = bulkhead(1, 1);
    let permit = bulkhead.try_enter().unwrap();
    let mut ticket = bulkhead.ticket();
    assert!(ticket.poll_enter(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(permit);
    let held = ticket.give_up().map(Permit).unwrap();
    assert_eq!((bulkhead.in_use(), bulkhead.rejected()), (1, 0));
    drop(held);
    assert_eq!(bulkhead.in_use(), 0);
}

#[test]
fn waiting_needs_no_more_memory_than_was_set_aside() {
    let bulkhead = bulkhead(1, 1_000);
    let _permit = bulkhead.try_enter().unwrap();
    let before = bulkhead.gate().queue_memory();
    let mut context = Context::from_waker(Waker::noop());
    let mut tickets: Vec<_> = (0..1_001).map(|_| bulkhead.ticket()).collect();
    let mut poll = |ticket: &mut ticket::Waiting<'_>| ticket.poll_enter(&mut context).map(drop);
    let refused = tickets.iter_mut().map(&mut poll).filter(Poll::is_ready).count();
    assert_eq!((refused, bulkhead.queued()), (1, 1_000));
    // Out of the middle and the ends, and in again.
    for index in [500, 0, 999] {
        tickets[index] = bulkhead.ticket();
        assert!(poll(&mut tickets[index]).is_pending());
    }
    assert_eq!(bulkhead.gate().queue_memory(), before);
}

/// One place, and a queue that sheds after 100 ms in which all waited for longer than 5 ms.
fn shedding() -> (Bulkhead, ManualClock) {
    let clock = ManualClock::new();
    let built = Bulkhead::builder("test").concurrent(1).queue(4).wait(Duration::from_secs(10));
    let built = built.shed(Shed::standard()).clock(clock.clock()).build();
    (built.unwrap_or_else(|invalid| panic!("{invalid}")), clock)
}

/// `None` when it entered; then the place is to be left by hand.
fn reason(ticket: &mut ticket::Waiting<'_>) -> Poll<Option<Reason>> {
    let polled = ticket.poll_enter(&mut Context::from_waker(Waker::noop()));
    polled.map(|outcome| outcome.map(core::mem::forget).map_err(|rejected| rejected.reason()).err())
}

const ENTERED: Poll<Option<Reason>> = Poll::Ready(None);
const SHED: Poll<Option<Reason>> = Poll::Ready(Some(Reason::Shed));

#[test]
fn calls_that_waited_too_long_in_a_queue_that_does_not_drain_are_shed() {
    let (bulkhead, clock) = shedding();
    let millis = Duration::from_millis;
    bulkhead.try_enter().map(core::mem::forget).unwrap();
    let mut tickets: Vec<_> = (0..4).map(|_| bulkhead.ticket()).collect();
    for ticket in &mut tickets {
        assert!(reason(ticket).is_pending());
    }
    // A burst: the first is let in, however long it has waited.
    clock.advance(millis(50));
    bulkhead.gate().leave_at(|| clock.clock().now());
    assert_eq!(reason(&mut tickets[0]), ENTERED);
    assert!(!bulkhead.is_shedding());

    // All have waited for longer for 100 ms: it stands, and who is too old goes.
    clock.advance(millis(99));
    let mut young = bulkhead.ticket();
    assert!(reason(&mut young).is_pending(), "its place in the queue was free");
    clock.advance(millis(1));
    bulkhead.gate().leave_at(|| clock.clock().now());
    assert!(bulkhead.is_shedding());
    assert_eq!(tickets[1..].iter_mut().map(reason).collect::<Vec<_>>(), [SHED; 3]);
    assert_eq!(reason(&mut young), ENTERED);
    assert_eq!((bulkhead.in_use(), bulkhead.queued(), bulkhead.rejected()), (1, 0, 3));
    assert_eq!(bulkhead.longest_wait(), millis(5));

    // The next one finds the queue empty: all is well again.
    let mut next = bulkhead.ticket();
    assert!(reason(&mut next).is_pending());
    assert!(!bulkhead.is_shedding());
    assert_eq!(bulkhead.longest_wait(), Duration::from_secs(10));
}

#[test]
fn a_shed_call_that_does_not_know_yet_keeps_its_place_so_that_nothing_grows() {
    let (bulkhead, clock) = shedding();
    bulkhead.try_enter().map(core::mem::forget).unwrap();
    let mut tickets: Vec<_> = (0..4).map(|_| bulkhead.ticket()).collect();
    tickets.iter_mut().for_each(|ticket| assert!(reason(ticket).is_pending()));
    for _ in 0..2 {
        clock.advance(Duration::from_millis(150));
        bulkhead.gate().leave_at(|| clock.clock().now());
    }
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
    bulkhead.try_enter().map(core::mem::forget).unwrap();
    // Three of the four places are still theirs.
    let mut last = bulkhead.ticket();
    assert!(reason(&mut last).is_pending());
    assert_eq!(reason(&mut bulkhead.ticket()), Poll::Ready(Some(Reason::BulkheadFull)));
    drop(tickets);
    assert!(reason(&mut bulkhead.ticket()).is_pending());
}

#[test]
fn shedding_may_be_switched_on_and_off_in_use() {
    let (bulkhead, _clock) = shedding();
    let shed = Some(Shed { target: Duration::from_millis(1), interval: Duration::from_secs(1) });
    bulkhead.reconfigure(|settings| settings.shed = shed).unwrap();
    assert_eq!(bulkhead.settings().shed, shed);
    bulkhead.reconfigure(|settings| settings.shed = None).unwrap();
    assert_eq!(bulkhead.settings().shed, None);
    let refused = |target, interval| {
        let shed = Shed {
            target: Duration::from_millis(target),
            interval: Duration::from_millis(interval),
        };
        let refused = bulkhead.reconfigure(|settings| settings.shed = Some(shed)).unwrap_err();
        alloc::string::String::from(refused.setting())
    };
    assert_eq!(refused(0, 100), "target");
    assert_eq!(refused(100, 100), "target");
    assert_eq!(refused(100, 60_001), "interval");
    assert_eq!(bulkhead.settings().shed, None, "nothing changed");

    // Who leaves the queue before the target has passed would never be shed.
    let built = Bulkhead::builder("orders").wait(Duration::from_millis(5)).shed(Shed::standard());
    assert_eq!(built.build().unwrap_err().setting(), "wait");
}

#[test]
fn calls_that_wait_already_when_shedding_is_switched_on_have_waited_since_then() {
    let clock = ManualClock::new();
    clock.advance(Duration::from_secs(3_600));
    let built = Bulkhead::builder("orders").concurrent(1).queue(4).wait(Duration::from_secs(10));
    let bulkhead = built.clock(clock.clock()).build().unwrap();
    bulkhead.try_enter().map(core::mem::forget).unwrap();
    let mut tickets: Vec<_> = (0..4).map(|_| bulkhead.ticket()).collect();
    tickets.iter_mut().for_each(|ticket| assert!(reason(ticket).is_pending()));
    bulkhead.reconfigure(|settings| settings.shed = Some(Shed::standard())).unwrap();

    // Below the target since then, and only the second one above it: nothing stands yet.
    for (millis, outcome) in [(3, ENTERED), (100, ENTERED), (99, ENTERED), (1, SHED)] {
        clock.advance(Duration::from_millis(millis));
        bulkhead.gate().leave_at(|| clock.clock().now());
        assert_eq!(reason(&mut tickets.remove(0)), outcome, "after {millis} ms");
    }
}

#[test]
fn a_clock_that_jumps_back_does_not_switch_shedding_off() {
    let (bulkhead, clock) = shedding();
    clock.advance(Duration::from_secs(86_400));
    bulkhead.try_enter().map(core::mem::forget).unwrap();
    let wait = |count| {
        let mut tickets: Vec<_> = (0..count).map(|_| bulkhead.ticket()).collect();
        tickets.iter_mut().for_each(|ticket| assert!(reason(ticket).is_pending()));
        tickets
    };
    let mut before = wait(2);
    clock.advance(Duration::from_millis(10));
    bulkhead.gate().leave_at(|| clock.clock().now());
    assert_eq!(reason(&mut before[0]), ENTERED);
    clock.set(Instant::ZERO);
    // The queue was never found empty, so what it knew of the time before counts on.
    let mut after = wait(2);
    drop(before);
    for (millis, outcome) in [(10, ENTERED), (100, SHED)] {
        clock.advance(Duration::from_millis(millis));
        bulkhead.gate().leave_at(|| clock.clock().now());
        assert_eq!(reason(&mut after.remove(0)), outcome, "after {millis} ms");
    }
    assert!(bulkhead.is_shedding());
}

proptest! {
    /// Against what the documentation says: it stands once all that waited did so for longer than
    /// the target, for an interval, until the queue was found empty.
    #[test]
    fn a_queue_stands_as_long_as_it_does_not_drain(
        events in prop::collection::vec((0_u64..40, prop::option::of(0_u64..20)), 0..200),
    ) {
        let millis = Duration::from_millis;
        let mut standing = shed::Standing::new(Shed::standard());
        let mut history: Vec<(u64, Option<u64>)> = Vec::new();
        let (mut now, mut stands) = (0, false);
        for (pause, delay) in events {
            now += pause;
            history.push((now, delay));
            let above = history.iter().rev().take_while(|(_, delay)| delay.is_some_and(|d| d > 5));
            let since = above.last().map(|(at, _)| *at);
            stands = delay.is_some() && (stands || since.is_some_and(|since| now - since >= 100));
            match delay {
                None => standing.drained(),
                Some(delay) => {
                    let at = crate::time::Instant::from_nanos(now * 1_000_000);
                    prop_assert_eq!(standing.step(at, millis(delay)), stands && delay > 5);
                }
            }
            prop_assert_eq!(standing.stands, stands);
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    TryEnter,
    Enter,
    Poll(usize),
    CancelTicket(usize),
    GiveUp(usize),
    Leave(usize),
    Resize(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        2 => Just(Step::TryEnter),
        4 => Just(Step::Enter),
        4 => any::<usize>().prop_map(Step::Poll),
        1 => any::<usize>().prop_map(Step::CancelTicket),
        1 => any::<usize>().prop_map(Step::GiveUp),
        4 => any::<usize>().prop_map(Step::Leave),
        1 => (1_u32..5).prop_map(Step::Resize),
    ];
    prop::collection::vec(step, 0..200)
}

/// What the documentation says, with a list and two numbers.
struct Model {
    limit: u32,
    queue: usize,
    inside: u32,
    waiting: VecDeque<usize>,
    granted: Vec<usize>,
    rejected: u64,
}

impl Model {
    fn try_enter(&mut self) -> bool {
        let enters = self.inside < self.limit && self.waiting.is_empty();
        self.inside += u32::from(enters);
        enters
    }

    fn admit(&mut self) {
        while self.inside < self.limit
            && let Some(first) = self.waiting.pop_front()
        {
            self.inside += 1;
            self.granted.push(first);
        }
    }

    fn leave(&mut self) {
        self.inside -= 1;
        self.admit();
    }

    /// Whether the caller had been admitted.
    fn take_granted(&mut self, id: usize) -> bool {
        let granted = self.granted.iter().position(|g| *g == id);
        granted.map(|index| self.granted.remove(index)).is_some()
    }
}

struct Caller<'a> {
    id: usize,
    ticket: ticket::Waiting<'a>,
    wakes: Arc<WakeCount>,
}

impl<'a> Caller<'a> {
    fn new(id: usize, bulkhead: &'a Bulkhead) -> Self {
        Self { id, ticket: bulkhead.ticket(), wakes: Arc::default() }
    }

    fn poll(&mut self) -> Poll<Option<Permit<'a>>> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        let polled = self.ticket.poll_enter(&mut Context::from_waker(&waker));
        polled.map(|outcome| outcome.map(Permit).ok())
    }
}

proptest! {
    #[test]
    fn it_does_what_a_naive_bulkhead_does(limit in 1_u32..5, queue in 0_u32..5, steps in steps()) {
        let bulkhead = bulkhead(limit, queue);
        let mut model = Model {
            limit,
            queue: queue as usize,
            inside: 0,
            waiting: VecDeque::new(),
            granted: Vec::new(),
            rejected: 0,
        };
        let mut permits = Vec::new();
        let mut callers: Vec<Caller<'_>> = Vec::new();
        for (id, step) in steps.into_iter().enumerate() {
            let pick = |index: usize, len: usize| (len > 0).then(|| index % len);
            match step {
                Step::TryEnter => {
                    let entered = bulkhead.try_enter();
                    let expected = model.try_enter();
                    prop_assert_eq!(entered.is_ok(), expected);
                    model.rejected += u64::from(!expected);
                    permits.extend(entered);
                }
                Step::Enter => {
                    let mut caller = Caller::new(id, &bulkhead);
                    let polled = caller.poll();
                    if model.try_enter() {
                        prop_assert!(matches!(polled, Poll::Ready(Some(_))));
                    } else if model.waiting.len() < model.queue {
                        model.waiting.push_back(id);
                        prop_assert!(polled.is_pending());
                    } else {
                        model.rejected += 1;
                        prop_assert!(matches!(polled, Poll::Ready(None)));
                    }
                    match polled {
                        Poll::Ready(permit) => permits.extend(permit),
                        Poll::Pending => callers.push(caller),
                    }
                }
                Step::Poll(index) => if let Some(index) = pick(index, callers.len()) {
                    let polled = callers[index].poll();
                    prop_assert_eq!(polled.is_ready(), model.take_granted(callers[index].id));
                    if let Poll::Ready(permit) = polled {
                        prop_assert!(permit.is_some());
                        permits.extend(permit);
                        callers.remove(index);
                    }
                },
                Step::CancelTicket(index) => if let Some(index) = pick(index, callers.len()) {
                    let id = callers.remove(index).id;
                    model.waiting.retain(|waiting| *waiting != id);
                    if model.take_granted(id) {
                        model.leave();
                    }
                },
                Step::GiveUp(index) => if let Some(index) = pick(index, callers.len()) {
                    let mut caller = callers.remove(index);
                    let outcome = caller.ticket.give_up().map(Permit);
                    model.waiting.retain(|waiting| *waiting != caller.id);
                    let granted = model.take_granted(caller.id);
                    prop_assert_eq!(outcome.is_ok(), granted);
                    model.rejected += u64::from(!granted);
                    permits.extend(outcome);
                },
                Step::Leave(index) => if let Some(index) = pick(index, permits.len()) {
                    drop(permits.swap_remove(index));
                    model.leave();
                },
                Step::Resize(limit) => {
                    bulkhead.reconfigure(|settings| settings.concurrent = limit).unwrap();
                    model.limit = limit;
                    model.admit();
                }
            }
            prop_assert_eq!(bulkhead.in_use(), model.inside);
            prop_assert_eq!(bulkhead.queued() as usize, model.waiting.len());
            prop_assert_eq!(bulkhead.concurrent(), model.limit);
            prop_assert_eq!(bulkhead.rejected(), model.rejected);
            for caller in &callers {
                let woken = caller.wakes.0.load(Ordering::Relaxed);
                prop_assert_eq!(woken, u32::from(model.granted.contains(&caller.id)));
            }
        }
        drop(callers);
        drop(permits);
        prop_assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
    }
}
