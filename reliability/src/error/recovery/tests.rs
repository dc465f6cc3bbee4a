#![allow(clippy::expect_used, reason = "a test says by panicking that it failed")]

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::Mutex;

use proptest::prelude::*;

use super::intensity::Intensity;
use super::level::Word;
use super::{Action, Component, Degradation, Escalation, Recovered, Recovery, StartFailed};
use crate::error::{Class, Fault, Severity};
use crate::sync::atomic::{AtomicU32, Ordering};
use crate::time::{Instant, ManualClock};

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// An error that says what it is and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Failed(Class, Option<Action>);

const BROKEN: Failed = Failed(Class::Transient, Some(Action::Restart));

impl Fault for Failed {
    fn class(&self) -> Class {
        self.0
    }

    fn recovery(&self) -> Option<Action> {
        self.1
    }
}

/// Constructors that do one thing after another.
#[derive(Debug, Clone, Copy)]
enum Makes {
    Number,
    Error,
    Panic,
    PanicAtOnce,
    Hang,
}

/// A component whose instances are numbered by how often its constructor ran.
struct Bench {
    component: Component<u32>,
    next: Arc<Mutex<Makes>>,
    made: Arc<AtomicU32>,
    told: Arc<Mutex<Vec<Escalation>>>,
    manual: ManualClock,
}

async fn bench(restarts: u32) -> Bench {
    let next = Arc::new(Mutex::new(Makes::Number));
    let made = Arc::new(AtomicU32::new(0));
    let told = Arc::new(Mutex::new(Vec::new()));
    let manual = ManualClock::new();
    let constructor = {
        let (next, made) = (Arc::clone(&next), Arc::clone(&made));
        move || {
            let makes = *next.lock().expect("not poisoned");
            let number = made.fetch_add(1, Ordering::Relaxed) + 1;
            assert!(!matches!(makes, Makes::PanicAtOnce), "of a test");
            async move {
                tokio::task::yield_now().await;
                match makes {
                    Makes::Number | Makes::PanicAtOnce => Ok(number),
                    Makes::Error => Err(Failed(Class::Permanent, None)),
                    Makes::Panic => panic!("of a test"),
                    Makes::Hang => core::future::pending().await,
                }
            }
        }
    };
    let component = Component::builder("ledger", constructor)
        .restarts(restarts, secs(60))
        .clock(manual.clock())
        .on_escalation({
            let told = Arc::clone(&told);
            move |escalation| told.lock().expect("not poisoned").push(escalation.clone())
        })
        .start()
        .await
        .expect("the first instance");
    Bench { component, next, made, told, manual }
}

impl Bench {
    fn makes(&self, makes: Makes) {
        *self.next.lock().expect("not poisoned") = makes;
    }

    async fn recover(&self, error: Failed) -> Recovered {
        let current = self.component.current();
        self.component.recover(&current, &error).await
    }

    fn told(&self) -> usize {
        self.told.lock().expect("not poisoned").len()
    }
}

#[test]
fn the_documented_plan_is_the_code() {
    let plan = Recovery::standard();
    let ordinary = [Severity::Debug, Severity::Info, Severity::Warning, Severity::Error];
    let rows: Vec<_> = include_str!("mod.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .filter(|row| Class::ALL.iter().any(|class| row.starts_with(class.as_str())))
        .map(|row| row.split('|').map(|cell| cell.trim().replace(' ', "_")).collect::<Vec<_>>())
        .collect();
    assert_eq!(rows.len(), Class::ALL.len());
    for (class, row) in Class::ALL.into_iter().zip(rows) {
        assert_eq!(row[0], class.as_str());
        for severity in ordinary {
            assert_eq!(plan.row(class, severity).as_str(), row[1]);
        }
        assert_eq!(plan.row(class, Severity::Critical).as_str(), row[2]);
    }
}

#[test]
fn what_the_error_says_goes_before_the_plan() {
    let plan = Recovery::standard().on(Class::Transient, Action::Escalate);
    assert_eq!(plan.action(&Failed(Class::Transient, None)), Action::Escalate);
    assert_eq!(plan.action(&BROKEN), Action::Restart);
    let plan = plan.on_severity(Severity::Debug, Action::Degrade);
    assert_eq!(plan.row(Class::Cancelled, Severity::Critical), Action::Nothing);
    assert_eq!(plan.row(Class::Permanent, Severity::Debug), Action::Degrade);
}

proptest! {
    /// Against a list of all restarts that were ever admitted.
    #[test]
    fn there_are_never_more_restarts_in_a_period_than_allowed(
        most in 0..5_u32, gaps in proptest::collection::vec(0..50_u64, 0..100),
    ) {
        let within = Duration::from_nanos(100);
        let mut intensity = Intensity::new(most, within);
        let (mut now, mut admitted) = (0, Vec::new());
        for gap in gaps {
            now += gap;
            let recent = admitted.iter().filter(|at| now - **at < 100).count();
            let admits = intensity.admit(Instant::from_nanos(now));
            prop_assert_eq!(admits, recent < most as usize);
            if admits {
                admitted.push(now);
            }
        }
    }

    #[test]
    fn a_word_keeps_what_it_is_told(level in 1..=255_u8, other in 1..=255_u8, until in 1..1_u64 << 40, now in 0..1_u64 << 40) {
        let word = Word::NORMAL.raised(level, until, 0);
        prop_assert_eq!((word.level(), word.is_over(now)), (level, now >= until));
        let again = word.raised(other, until, now);
        prop_assert_eq!(again.level(), if now >= until { other } else { level.max(other) });
        prop_assert_eq!(again.went_well(1), Word::NORMAL);
        let mut well = word;
        for _ in 0..6 {
            well = well.went_well(7);
            prop_assert_eq!(well.level(), level);
        }
        prop_assert_eq!(well.went_well(7), Word::NORMAL);
    }
}

#[test]
fn a_degradation_goes_up_runs_out_and_is_lifted() {
    let manual = ManualClock::new();
    let search = Degradation::builder("search").levels(2).lasts(secs(30)).lift_after(3);
    let search = search.clock(manual.clock()).build().expect("valid settings");
    assert_eq!([search.raise(), search.raise(), search.raise()], [1, 2, 2]);
    manual.advance(secs(29));
    assert_eq!(search.raise_to(1), 2, "never down");
    manual.advance(secs(29));
    assert_eq!(search.level(), 2, "the raise has prolonged it");
    manual.advance(secs(2));
    assert_eq!(search.level(), 0);
    assert_eq!(search.raise(), 1, "what ran out counts for nothing");
    (0..2).for_each(|_| search.went_well());
    search.raise_to(1);
    (0..2).for_each(|_| search.went_well());
    assert_eq!(search.level(), 1, "three in a row, since the last raise");
    search.went_well();
    assert_eq!(search.level(), 0);
    search.raise_to(9);
    assert_eq!(search.level(), 2);
    search.lift();
    assert!(!search.is_degraded());
}

#[tokio::test(start_paused = true)]
async fn each_action_is_answered_with_what_was_done() {
    let bench = bench(1).await;
    let table = [
        (Failed(Class::Cancelled, None), Recovered::Nothing),
        (Failed(Class::Transient, None), Recovered::Retry),
        (Failed(Class::Permanent, None), Recovered::FallBack),
        (Failed(Class::Overloaded, None), Recovered::Degraded(1)),
        (Failed(Class::Permanent, Some(Action::Escalate)), Recovered::Escalated),
        (BROKEN, Recovered::Restarted),
    ];
    for (error, recovered) in table {
        assert_eq!(bench.recover(error).await, recovered, "{error:?}");
    }
    assert_eq!((*bench.component.current(), bench.component.generation()), (2, 2));
    assert!(bench.component.degradation().is_degraded());
}

#[tokio::test(start_paused = true)]
async fn too_many_restarts_are_escalated_until_the_period_is_over() {
    let bench = bench(2).await;
    let table = [Recovered::Restarted, Recovered::Restarted, Recovered::Escalated];
    for recovered in table {
        assert_eq!(bench.recover(BROKEN).await, recovered);
    }
    assert_eq!(bench.recover(BROKEN).await, Recovered::Escalated);
    assert_eq!((bench.told(), bench.component.escalations()), (1, 2), "told once a period");
    bench.manual.advance(secs(60));
    assert_eq!(bench.recover(BROKEN).await, Recovered::Restarted);
    assert_eq!(
        bench.recover(Failed(Class::Permanent, Some(Action::Escalate))).await,
        Recovered::Escalated
    );
    let told = bench.told.lock().expect("not poisoned");
    assert_eq!((told[0].action, told[0].suppressed), (Action::Restart, 0));
    assert_eq!((told[1].action, told[1].suppressed), (Action::Escalate, 1));
}

#[tokio::test(start_paused = true)]
async fn whatever_the_constructor_does_the_old_instance_stays() {
    let bench = bench(10).await;
    for makes in [Makes::Error, Makes::Panic, Makes::PanicAtOnce, Makes::Hang] {
        bench.makes(makes);
        assert_eq!(bench.recover(BROKEN).await, Recovered::RestartFailed, "{makes:?}");
        assert_eq!((*bench.component.current(), bench.component.generation()), (1, 1));
    }
    bench.makes(Makes::Number);
    assert_eq!(bench.recover(BROKEN).await, Recovered::Restarted);
    assert_eq!(*bench.component.current(), 6);
}

#[tokio::test(start_paused = true)]
async fn a_restart_that_is_dropped_leaves_the_old_instance_and_the_turn() {
    let bench = bench(2).await;
    bench.makes(Makes::Hang);
    let dropped = tokio::time::timeout(secs(1), bench.recover(BROKEN)).await;
    assert!(dropped.is_err());
    assert_eq!(*bench.component.current(), 1);
    bench.makes(Makes::Number);
    assert_eq!(bench.recover(BROKEN).await, Recovered::Restarted);
    assert_eq!(bench.recover(BROKEN).await, Recovered::Escalated, "the dropped one counts");
}

#[tokio::test(start_paused = true)]
async fn all_who_meet_the_same_broken_instance_restart_it_once() {
    let bench = Arc::new(bench(1).await);
    let broken = bench.component.current();
    let mut tasks = Vec::new();
    for _ in 0..50 {
        let (bench, broken) = (Arc::clone(&bench), broken.clone());
        tasks.push(tokio::spawn(async move { bench.component.recover(&broken, &BROKEN).await }));
    }
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), Recovered::Restarted);
    }
    assert_eq!((bench.made.load(Ordering::Relaxed), bench.component.generation()), (2, 2));
    assert_eq!(*broken, 1, "who holds the old one keeps it");
}

#[tokio::test]
async fn a_hook_and_a_drop_that_panic_are_contained() {
    #[derive(Debug)]
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("of a test");
        }
    }
    let component = Component::builder("bomb", || async { Ok::<_, Failed>(Bomb) })
        .on_escalation(|_| panic!("of a test"))
        .start()
        .await
        .expect("the first instance");
    let escalate = Failed(Class::Permanent, Some(Action::Escalate));
    let held = component.current();
    assert_eq!(component.recover(&held, &escalate).await, Recovered::Escalated);
    let restart = component.recover(&held, &BROKEN);
    drop(held);
    assert_eq!(restart.await, Recovered::Restarted);
    assert_eq!(component.generation(), 2);
    core::mem::forget(component);
}

#[tokio::test]
async fn work_that_goes_well_lifts_and_work_that_fails_is_dealt_with() {
    let bench = bench(1).await;
    let overloaded = Failed(Class::Overloaded, None);
    let failed = bench.component.run(|_| async { Err::<u32, _>(overloaded) }).await;
    assert_eq!((failed, bench.component.degradation().level()), (Err(overloaded), 1));
    for _ in 0..10 {
        let done = bench.component.run(|instance| async move { Ok::<_, Failed>(*instance) }).await;
        assert_eq!(done, Ok(1));
    }
    assert_eq!(bench.component.degradation().level(), 0);
    let broken = bench.component.run(|_| async { Err::<u32, _>(BROKEN) }).await;
    assert_eq!((broken, *bench.component.current()), (Err(BROKEN), 2));
}

#[tokio::test(start_paused = true)]
async fn a_component_that_cannot_be_made_says_why() {
    let failing = || async { Err::<u32, _>(Failed(Class::Overloaded, None)) };
    let failed = Component::builder("ledger", failing).start().await.expect_err("it fails");
    assert!(matches!(failed, StartFailed::Error { class: Class::Overloaded, .. }), "{failed:?}");
    let hangs = || core::future::pending::<Result<u32, Failed>>();
    let limited = Component::builder("ledger", hangs).start_timeout(secs(5));
    assert_eq!(limited.start().await.expect_err("it hangs"), StartFailed::TimedOut);
    let fine = || async { Ok::<_, Failed>(7) };
    let table = [
        (Component::builder("ledger", fine).restarts(1001, secs(1)), "restarts"),
        (Component::builder("ledger", fine).restarts(1, Duration::ZERO), "within"),
        (Component::builder("ledger", fine).start_timeout(Duration::ZERO), "start_timeout"),
    ];
    for (builder, setting) in table {
        let failed = builder.start().await.expect_err(setting);
        assert!(matches!(&failed, StartFailed::Invalid(it) if it.setting() == setting), "{failed}");
        assert_eq!(failed.class(), Class::Permanent);
    }
}

#[cfg(feature = "sre")]
#[test]
fn who_holds_a_level_lowers_what_was_held_and_not_what_others_have_raised_higher() {
    let clock = ManualClock::new();
    let search =
        Degradation::builder("search").levels(2).clock(clock.clock()).build().expect("valid");
    assert_eq!(search.hold(1, 0, secs(60)), 1);
    assert_eq!(search.hold(0, 1, secs(60)), 0, "what was held is over");

    assert_eq!(search.hold(1, 0, secs(60)), 1);
    assert_eq!(search.raise_to(2), 2);
    assert_eq!(search.hold(0, 1, secs(60)), 2, "that is somebody else's");
    search.lift();
    assert_eq!(search.hold(2, 0, secs(60)), 2);
    assert_eq!(search.hold(1, 2, secs(60)), 1, "half of what was held");
}
