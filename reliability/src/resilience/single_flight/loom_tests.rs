//! Every interleaving of a few callers of one key, of whom some go.

use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::sync::atomic::{AtomicU32, Ordering};
use loom::sync::{Arc, Mutex, Notify};
use loom::thread;

use super::*;

/// Blocks the thread until it is woken; loom reports a wake-up that never comes as a deadlock.
struct Parker(Notify);

impl Wake for Parker {
    fn wake(self: StdArc<Self>) {
        self.0.notify();
    }
}

type Table = table::Table<u8, u32>;

const KEY: u8 = 7;
const ANSWER: u32 = 42;

fn ask_for(table: &Table) -> Joined<Table> {
    join(table, 7, |kept| *kept == KEY, KEY)
}

/// Waits for its turn as long as it takes.
fn wait(mut follower: Follower<Table>) -> Turn<Table> {
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
    let lead = match ask_for(table) {
        Joined::Leads(lead) => lead,
        Joined::Follows(follower) => match wait(follower) {
            Turn::Landed(answer) => return answer,
            Turn::Lead(lead) => lead,
        },
    };
    let answer = work.visit();
    lead.land(|| answer);
    answer
}

/// Leads and goes, or follows and goes without having looked.
fn go(table: &Table, work: &Work) {
    match ask_for(table) {
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
        assert_eq!(table.flights().len(), 0);
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
        assert_eq!(table.flights().len(), 0);
    });
}

#[test]
fn loom_a_follower_that_goes_in_the_moment_of_its_promotion_passes_it_on() {
    model(2, || {
        let (table, work) = (Table::new(), Work::new());
        let Joined::Leads(lead) = ask_for(&table) else { panic!("nobody else asks") };
        let Joined::Follows(first) = ask_for(&table) else { panic!("there is a leader") };
        let Joined::Follows(second) = ask_for(&table) else { panic!("there is a leader") };
        let waits = {
            let work = Arc::clone(&work);
            thread::spawn(move || match wait(second) {
                Turn::Lead(lead) => {
                    work.visit();
                    lead.land(|| 1);
                }
                Turn::Landed(_) => panic!("nobody landed"),
            })
        };
        let goes = thread::spawn(move || drop(first));
        work.visit();
        drop(lead);
        goes.join().unwrap();
        waits.join().unwrap();
        assert_eq!(table.flights().len(), 0);
    });
}

#[test]
fn loom_a_newcomer_joins_a_flight_before_it_lands_or_begins_its_own() {
    model(3, || {
        let (table, work) = (Table::new(), Work::new());
        let Joined::Leads(lead) = ask_for(&table) else { panic!("nobody else asks") };
        let newcomer = {
            let (table, work) = (table.clone(), Arc::clone(&work));
            thread::spawn(move || ask(&table, &work))
        };
        let answer = work.visit();
        lead.land(|| answer);
        assert_eq!(newcomer.join().unwrap(), ANSWER);
        assert_eq!(table.flights().len(), 0);
    });
}

#[test]
fn loom_of_those_who_would_be_first_one_is() {
    model(3, || {
        let table = Table::new();
        let first = |table: &Table| join_first(table, 7, |kept| *kept == KEY, KEY);
        let other = {
            let table = table.clone();
            thread::spawn(move || first(&table))
        };
        let one = first(&table);
        let two = other.join().unwrap();
        assert!(one.is_some() != two.is_some());
        drop((one, two));
        assert_eq!(table.flights().len(), 0);
    });
}

/// What a cache does with a flight: the answer is kept, unless it was forgotten, under the lock under
/// which the one who forgets takes it out.
struct Shelf {
    /// What the dependency would say now.
    truth: AtomicU32,
    kept: Mutex<Option<u32>>,
}

impl Shelf {
    /// Leads with what the dependency says, keeps it, and lands.
    fn lead(&self, lead: Lead<Table>) {
        let answer = self.truth.load(Ordering::Acquire);
        let mut kept = self.kept.lock().unwrap();
        if !lead.end_alone().forgotten {
            *kept = Some(answer);
        }
        drop(kept);
        lead.land(|| answer);
    }

    /// The dependency changes, and what was known of it is invalidated.
    fn change(&self, table: &Table, truth: u32, all: bool) {
        self.truth.store(truth, Ordering::Release);
        match all {
            true => table.flights().forget_all(),
            false => table.flights().forget(7, |kept| *kept == KEY),
        }
        *self.kept.lock().unwrap() = None;
    }
}

#[test]
fn loom_what_is_forgotten_is_not_kept_and_who_asks_after_that_gets_an_answer_of_after_that() {
    for all in [false, true] {
        model(3, move || {
            let table = Table::new();
            let shelf = Arc::new(Shelf { truth: AtomicU32::new(1), kept: Mutex::new(None) });
            let leader = {
                let (table, shelf) = (table.clone(), Arc::clone(&shelf));
                thread::spawn(move || {
                    if let Joined::Leads(lead) = ask_for(&table) {
                        shelf.lead(lead);
                    }
                })
            };
            shelf.change(&table, 2, all);
            let seen = *shelf.kept.lock().unwrap();
            assert_ne!(seen, Some(1), "invalidated, and there all the same");
            if let Joined::Leads(lead) = ask_for(&table) {
                shelf.lead(lead);
            }
            leader.join().unwrap();
            assert_ne!(*shelf.kept.lock().unwrap(), Some(1), "kept by a call of before");
            assert_eq!(table.flights().len(), 0);
        });
    }
}

#[test]
fn loom_the_followers_of_a_flight_that_is_forgotten_get_its_answer() {
    model(3, || {
        let table = Table::new();
        let Joined::Leads(lead) = ask_for(&table) else { panic!("nobody else asks") };
        let Joined::Follows(follower) = ask_for(&table) else { panic!("there is a leader") };
        let waits = thread::spawn(move || match wait(follower) {
            Turn::Landed(answer) => assert_eq!(answer, 1),
            Turn::Lead(_) => panic!("the leader landed"),
        });
        let forgets = {
            let table = table.clone();
            thread::spawn(move || {
                table.flights().forget(7, |kept| *kept == KEY);
                match ask_for(&table) {
                    Joined::Leads(lead) => lead.land(|| 2),
                    Joined::Follows(_) => panic!("joined what was forgotten"),
                }
            })
        };
        lead.land(|| 1);
        forgets.join().unwrap();
        waits.join().unwrap();
        assert_eq!(table.flights().len(), 0);
    });
}

/// Who finds a flight forgotten begins another one: the old leader knows by then, and what it does
/// at its end leaves the new flight alone.
#[test]
fn loom_a_forgotten_flight_lands_for_its_own_only() {
    for lands in [true, false] {
        let end = move |lead: Lead<Table>| if lands { lead.land(|| 1) } else { drop(lead) };
        model(3, move || {
            let table = Table::new();
            let Joined::Leads(old) = ask_for(&table) else { panic!("nobody else asks") };
            let forgets = {
                let table = table.clone();
                thread::spawn(move || table.flights().forget(7, |kept| *kept == KEY))
            };
            match ask_for(&table) {
                Joined::Leads(new) => {
                    if lands {
                        let ending = old.end_alone();
                        assert!(ending.alone && ending.forgotten);
                    }
                    end(old);
                    assert_eq!(table.flights().len(), 1);
                    let follows = ask_for(&table);
                    let Joined::Follows(follower) = follows else { panic!("one leads") };
                    new.land(|| ANSWER);
                    assert!(matches!(wait(follower), Turn::Landed(ANSWER)));
                }
                Joined::Follows(follower) => {
                    // It came before the forgetting, so it belongs to the old flight.
                    end(old);
                    match wait(follower) {
                        Turn::Landed(answer) => assert_eq!(answer, 1),
                        Turn::Lead(lead) => lead.land(|| 1),
                    }
                }
            }
            forgets.join().unwrap();
            assert_eq!(table.flights().len(), 0);
        });
    }
}
