//! The cell under every interleaving: one word must carry state, data and visit together, and
//! publish what its writer did before.

use loom::{cell::UnsafeCell, model::Builder, sync::Arc, thread};

use reliability_derive::StateMachine;

use super::{AtomicMachine, Snapshot};

#[derive(Debug, Clone, Copy, PartialEq, StateMachine)]
#[machine(name = "signal", derive(Debug, Clone, Copy, PartialEq), atomic)]
enum Signal {
    #[state(initial, to(Amber))]
    Red,
    #[state(to(Green, Red))]
    Amber(u8),
    #[state(to(Amber))]
    Green { cars: u16 },
}

use signal::{Amber, Green, Red};

fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Tries the edge that leads on from what was seen.
fn go_on(
    machine: &AtomicMachine<Signal>,
    seen: Snapshot<Signal>,
    mark: u8,
) -> Result<Snapshot<Signal>, Snapshot<Signal>> {
    match seen.machine() {
        Signal::Red => machine.transition::<Red, _>(seen, Amber(mark)),
        Signal::Amber(by) if by == mark => {
            machine.transition::<Amber, _>(seen, Green { cars: mark.into() })
        }
        Signal::Amber(_) => machine.transition::<Amber, _>(seen, Red),
        Signal::Green { .. } => machine.transition::<Green, _>(seen, Amber(mark)),
    }
}

/// Each thread makes `steps` transitions, whatever it finds; the generation must count them all.
fn race(threads: u8, steps: u32) {
    let machine = Arc::new(AtomicMachine::<Signal>::new());
    let walk = |machine: Arc<AtomicMachine<Signal>>, mark| {
        move || {
            let mut made = 0;
            let mut seen = machine.load();
            while made < steps {
                match go_on(&machine, seen, mark) {
                    Ok(now) => {
                        assert_eq!(now.generation(), seen.generation() + 1);
                        made += 1;
                        seen = now;
                    }
                    // Somebody else won: what was found is newer than what was seen.
                    Err(found) => {
                        assert!(found.generation() > seen.generation(), "{found:?} {seen:?}");
                        seen = found;
                    }
                }
            }
        }
    };
    let others: Vec<_> =
        (1..threads).map(|mark| thread::spawn(walk(Arc::clone(&machine), mark))).collect();
    walk(Arc::clone(&machine), 0)();
    for other in others {
        other.join().expect("no thread panics");
    }
    assert_eq!(machine.load().generation(), u32::from(threads) * steps);
}

#[test]
fn loom_two_threads_race_all_edges_and_every_transition_counts_once() {
    check(3, || race(2, 3));
}

#[test]
fn loom_three_threads_race_all_edges_and_every_transition_counts_once() {
    check(2, || race(3, 2));
}

/// Two threads that saw the same visit: one wins, also when the winner has come back to the state
/// (and to the same data) before the other tries. Fails without the generation in the word.
#[test]
fn loom_a_stale_snapshot_never_wins() {
    check(3, || {
        let machine = Arc::new(AtomicMachine::<Signal>::new());
        let seen = machine.load();
        let other = {
            let machine = Arc::clone(&machine);
            thread::spawn(move || {
                let first = machine.transition::<Red, _>(seen, Amber(1));
                if let Ok(amber) = first {
                    let _ = machine.transition::<Amber, _>(amber, Red);
                }
                first.is_ok()
            })
        };
        let mine = machine.transition::<Red, _>(seen, Amber(2)).is_ok();
        let theirs = other.join().expect("no panic");
        assert!(mine != theirs, "both, or none, left one visit to `Red`");
    });
}

/// Data changes within a visit; a change that was made for one visit never lands in another.
#[test]
fn loom_an_update_stays_within_its_visit() {
    check(3, || {
        let machine = Arc::new(AtomicMachine::<Signal>::new());
        let amber =
            machine.transition::<Red, _>(machine.load(), Amber(1)).expect("nobody else yet");
        let other = {
            let machine = Arc::clone(&machine);
            thread::spawn(move || machine.update(amber, Amber(9)).is_ok())
        };
        let mut seen = amber;
        while let Err(found) = machine.transition::<Amber, _>(seen, Red) {
            assert!(found.same_visit(amber) && found.get() == Some(Amber(9)), "{found:?}");
            seen = found;
        }
        let updated = other.join().expect("no panic");
        assert_eq!(updated, seen != amber);
        assert!(machine.load().is::<Red>());
    });
}

/// Memory that one thread writes before it makes a transition, for others to read after they saw
/// it. loom complains when they may meet.
fn publishes(sees: impl Fn(&AtomicMachine<Signal>) -> Snapshot<Signal> + Send + Sync + 'static) {
    check(3, move || {
        let shared = Arc::new((AtomicMachine::<Signal>::new(), UnsafeCell::new(0)));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                let (machine, memory) = &*shared;
                memory.with_mut(|_| ());
                let red = Snapshot::initial(0);
                machine.transition::<Red, _>(red, Amber(1)).is_ok()
            })
        };
        let (machine, memory) = &*shared;
        let found = sees(machine);
        if found.get() == Some(Amber(1)) {
            memory.with(|_| ());
        }
        other.join().expect("no panic");
    });
}

/// Fails when the load does not acquire, or the exchange does not release.
#[test]
fn loom_who_loads_a_state_sees_what_its_maker_wrote() {
    publishes(AtomicMachine::load);
}

/// Fails when the exchange does not acquire what it finds in place of what was expected.
#[test]
fn loom_who_loses_a_race_sees_what_the_winner_wrote() {
    publishes(|machine| match machine.transition::<Red, _>(Snapshot::initial(0), Amber(2)) {
        Ok(now) | Err(now) => now,
    });
}
