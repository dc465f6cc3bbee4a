//! Every interleaving of a few callers of one key, of whom some go.

use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Notify};
use loom::thread;

use super::*;

/// Blocks the thread until it is woken; loom reports a wake-up that never comes as a deadlock.
struct Parker(Notify);

impl Wake for Parker {
    fn wake(self: StdArc<Self>) {
        self.0.notify();
    }
}

type Table = Flights<u8, u32>;

const KEY: u8 = 7;
const ANSWER: u32 = 42;

fn join(table: &Table) -> Joined<u8, u32> {
    table.join(7, |kept| *kept == KEY, || KEY)
}

/// Waits for its turn as long as it takes.
fn wait(mut follower: Follower<u8, u32>) -> Turn<u8, u32> {
    let parker = StdArc::new(Parker(Notify::new()));
    let waker = Waker::from(StdArc::clone(&parker));
    loop {
        match follower.poll_turn(&mut Context::from_waker(&waker)) {
            Poll::Ready(turn) => return turn,
            Poll::Pending => parker.0.wait(),
        }
    }
}

fn model(preemptions: usize, test: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(test);
}

/// What only a leader may enter: loom panics when two could be in it at once, or when a visit has
/// not synchronised with all visits before.
struct Work(UnsafeCell<()>);

impl Work {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(())))
    }

    /// Does the work; the answer is always the same.
    fn visit(&self) -> u32 {
        self.0.with_mut(|_| ANSWER)
    }
}

/// Leads or follows to the end.
fn ask(table: &Table, work: &Work) -> u32 {
    let lead = match join(table) {
        Joined::Leads(lead) => lead,
        Joined::Follows(follower) => match wait(follower) {
            Turn::Landed(answer) => return answer,
            Turn::Lead(lead) => lead,
        },
    };
    let answer = work.visit();
    lead.land(answer);
    answer
}

/// Leads and goes, or follows and goes without having looked.
fn go(table: &Table, work: &Work) {
    match join(table) {
        Joined::Leads(lead) => {
            work.visit();
            drop(lead);
        }
        Joined::Follows(follower) => drop(follower),
    }
}

#[test]
fn loom_callers_work_one_at_a_time_and_all_get_an_answer() {
    model(2, || {
        let (table, work) = (Table::new(), Work::new());
        let others: [_; 2] = core::array::from_fn(|_| {
            let (table, work) = (table.clone(), Arc::clone(&work));
            thread::spawn(move || ask(&table, &work))
        });
        let answer = ask(&table, &work);
        let answers = others.map(|other| other.join().unwrap());
        assert_eq!((answer, answers), (ANSWER, [ANSWER; 2]));
        assert_eq!(table.len(), 0);
    });
}

#[test]
fn loom_a_leader_that_goes_leaves_nobody_behind() {
    model(3, || {
        let (table, work) = (Table::new(), Work::new());
        let goes = {
            let (table, work) = (table.clone(), Arc::clone(&work));
            thread::spawn(move || go(&table, &work))
        };
        assert_eq!(ask(&table, &work), ANSWER);
        goes.join().unwrap();
        assert_eq!(table.len(), 0);
    });
}

#[test]
fn loom_a_follower_that_goes_in_the_moment_of_its_promotion_passes_it_on() {
    model(2, || {
        let (table, work) = (Table::new(), Work::new());
        let Joined::Leads(lead) = join(&table) else { panic!("nobody else asks") };
        let Joined::Follows(first) = join(&table) else { panic!("there is a leader") };
        let Joined::Follows(second) = join(&table) else { panic!("there is a leader") };
        let waits = {
            let work = Arc::clone(&work);
            thread::spawn(move || match wait(second) {
                Turn::Lead(lead) => {
                    work.visit();
                    lead.land(1);
                }
                Turn::Landed(_) => panic!("nobody landed"),
            })
        };
        let goes = thread::spawn(move || drop(first));
        work.visit();
        drop(lead);
        goes.join().unwrap();
        waits.join().unwrap();
        assert_eq!(table.len(), 0);
    });
}

#[test]
fn loom_a_newcomer_joins_a_flight_before_it_lands_or_begins_its_own() {
    model(3, || {
        let (table, work) = (Table::new(), Work::new());
        let Joined::Leads(lead) = join(&table) else { panic!("nobody else asks") };
        let newcomer = {
            let (table, work) = (table.clone(), Arc::clone(&work));
            thread::spawn(move || ask(&table, &work))
        };
        lead.land(work.visit());
        assert_eq!(newcomer.join().unwrap(), ANSWER);
        assert_eq!(table.len(), 0);
    });
}

#[test]
fn loom_of_those_who_would_be_first_one_is() {
    model(3, || {
        let table = Table::new();
        let first = |table: &Table| table.join_first(7, |kept| *kept == KEY, || KEY);
        let other = {
            let table = table.clone();
            thread::spawn(move || first(&table))
        };
        let one = first(&table);
        let two = other.join().unwrap();
        assert!(one.is_some() != two.is_some());
        drop((one, two));
        assert_eq!(table.len(), 0);
    });
}
