use alloc::vec::Vec;
use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::error::{Class, Fault, Reason, Rejected};
use crate::time::{Instant, ManualClock};

fn fixed(limit: u32) -> ConcurrencyLimit {
    let builder = ConcurrencyLimit::builder("test").min(limit).max(limit).initial(limit);
    builder.build().unwrap_or_else(|invalid| panic!("{invalid}"))
}

/// Windows of ten calls, on a clock that is moved by hand.
fn manual(algorithm: impl Into<Algorithm>) -> (ConcurrencyLimit, ManualClock) {
    let clock = ManualClock::new();
    let limit = ConcurrencyLimit::builder("test").algorithm(algorithm).samples(10).seed(7);
    let limit = limit.clock(clock.clock()).build();
    (limit.unwrap_or_else(|invalid| panic!("{invalid}")), clock)
}

/// Ten calls at once that take so long.
fn ten(limit: &ConcurrencyLimit, clock: &ManualClock, latency: Duration, outcome: Outcome) {
    let permits: Vec<_> = (0..10).map_while(|_| limit.acquire().ok()).collect();
    assert_eq!(permits.len(), 10, "there is room");
    clock.advance(latency);
    permits.into_iter().for_each(|permit| permit.record(outcome, Some(latency)));
}

#[test]
fn settings_out_of_range_are_refused_by_name() {
    type Change = fn(&mut Settings);
    let wrong: [(&str, Change); 21] = [
        ("max", |s| s.max = 0),
        ("max", |s| s.max = Settings::LIMIT_MAX + 1),
        ("min", |s| s.min = 0),
        ("min", |s| s.min = s.max + 1),
        ("initial", |s| s.initial = s.max + 1),
        ("initial", |s| s.initial = s.min - 1),
        ("window", |s| s.window = Duration::ZERO),
        ("window_max", |s| s.window_max = s.window / 2),
        ("samples", |s| s.samples = 0),
        ("drop_rate", |s| s.drop_rate = 1.0),
        ("shares.high", |s| s.shares.high = 1.1),
        ("shares.normal", |s| s.shares.normal = 0.95),
        ("shares.low", |s| s.shares.low = f64::NAN),
        ("backoff", |s| s.algorithm = Aimd { backoff: 0.4, ..Aimd::standard() }.into()),
        ("timeout", |s| {
            s.algorithm = Aimd { timeout: Duration::ZERO, ..Aimd::standard() }.into();
        }),
        ("beta", |s| s.algorithm = Vegas { beta: 2, ..Vegas::standard() }.into()),
        ("beta_share", |s| s.algorithm = Vegas { beta_share: 0.05, ..Vegas::standard() }.into()),
        ("probe_share", |s| s.algorithm = Vegas { probe_share: 0.0, ..Vegas::standard() }.into()),
        ("probe_every", |s| s.algorithm = Vegas { probe_every: 0, ..Vegas::standard() }.into()),
        ("tolerance", |s| {
            s.algorithm = Gradient2 { tolerance: 0.5, ..Gradient2::standard() }.into();
        }),
        ("smoothing", |s| {
            s.algorithm = Gradient2 { smoothing: f64::NAN, ..Gradient2::standard() }.into();
        }),
    ];
    for (setting, change) in wrong {
        let mut settings = Settings::standard();
        change(&mut settings);
        let built = ConcurrencyLimit::builder("test").settings(settings).build();
        assert_eq!(built.err().as_ref().map(|invalid| invalid.setting()), Some(setting));

        if setting != "initial" {
            let limit = ConcurrencyLimit::standard("test");
            assert_eq!(limit.reconfigure(change).err().unwrap().setting(), setting);
            assert_eq!(limit.settings(), Settings::standard(), "nothing changed");
        }
    }
}

#[test]
fn what_is_not_said_makes_room_for_what_is() {
    let built = |change: fn(ConcurrencyLimitBuilder) -> ConcurrencyLimitBuilder| {
        let settings = change(ConcurrencyLimit::builder("test")).build().unwrap().settings();
        (settings.min, settings.initial, settings.max)
    };
    assert_eq!(built(|limit| limit), (4, 20, 1_000));
    assert_eq!(built(|limit| limit.max(2)), (2, 2, 2));
    assert_eq!(built(|limit| limit.min(5_000)), (5_000, 5_000, 5_000));
    assert_eq!(built(|limit| limit.initial(1)), (1, 1, 1_000));
    assert_eq!(built(|limit| limit.initial(2_000)), (4, 2_000, 2_000));
    assert_eq!(built(|limit| limit.initial(50).max(100).min(10)), (10, 50, 100));
}

#[test]
fn each_priority_is_let_in_as_long_as_its_share_is_not_full() {
    let limit = fixed(20);
    let mut permits = Vec::new();
    let mut let_in = |limit: &ConcurrencyLimit, priority| {
        permits.extend(core::iter::from_fn(|| limit.acquire_as(priority).ok()).take(100).map(
            |permit| {
                core::mem::forget(permit);
            },
        ));
        limit.in_flight()
    };
    assert_eq!(let_in(&limit, Priority::Low), 10);
    assert_eq!(let_in(&limit, Priority::Normal), 16);
    assert_eq!(let_in(&limit, Priority::High), 18);
    assert_eq!(let_in(&limit, Priority::Critical), 20);
    assert_eq!(Priority::ALL.map(|priority| limit.rejected(priority)), [1, 1, 1, 1]);
    assert_eq!(limit.snapshot().rejected(Priority::Low), 1);
}

#[test]
fn one_call_of_any_priority_is_let_in_whatever_the_limit() {
    for priority in Priority::ALL {
        assert!(fixed(1).acquire_as(priority).is_ok());
    }
}

#[test]
fn who_says_no_priority_has_the_whole_limit() {
    let limit = fixed(20);
    let permits: Vec<_> = core::iter::from_fn(|| limit.acquire().ok()).collect();
    assert_eq!(permits.len(), 20);
    assert_eq!(limit.acquire().unwrap_err().reason(), Reason::ConcurrencyLimited);
}

#[test]
fn a_place_is_given_back_however_the_call_ends() {
    let limit = fixed(1);
    limit.acquire().unwrap().success();
    limit.acquire().unwrap().dropped();
    limit.acquire().unwrap().failure_with(&Rejected::new(Reason::TimedOut, "inner"));
    limit.acquire().unwrap().record(Outcome::Success, None);
    drop(limit.acquire().unwrap());
    limit.acquire_untimed(Priority::Low).unwrap().success();
    limit.acquire_owned(Priority::Low).unwrap().success();
    limit.acquire_owned(Priority::Low).unwrap().dropped();
    limit.acquire_owned(Priority::Low).unwrap().record(Outcome::Ignored, None);
    drop(limit.acquire_owned(Priority::Low).unwrap());
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _permit = limit.acquire().unwrap();
        panic!("the work panics");
    }));
    assert!(unwound.is_err());
    assert_eq!(limit.in_flight(), 0);
}

#[test]
fn what_says_nothing_about_load_is_not_a_sample() {
    struct Failed(Class);
    impl Fault for Failed {
        fn class(&self) -> Class {
            self.0
        }
    }
    let of = |class| Outcome::of(&Failed(class));
    assert_eq!(of(Class::Overloaded), Outcome::Dropped);
    for class in [Class::Transient, Class::Permanent, Class::Cancelled] {
        assert_eq!(of(class), Outcome::Ignored);
    }
    for reason in Reason::ALL {
        let late = matches!(reason, Reason::TimedOut | Reason::DeadlineExceeded);
        let expected = if late { Outcome::Dropped } else { Outcome::Ignored };
        assert_eq!(Outcome::of(&Rejected::new(reason, "inner")), expected, "{reason:?}");
    }

    let (limit, clock) = manual(Aimd::standard());
    for _ in 0..10 {
        ten(&limit, &clock, Duration::from_secs(1), Outcome::Ignored);
        (0..10).for_each(|_| drop(limit.acquire().unwrap()));
        (0..10).for_each(|_| limit.acquire().unwrap().record(Outcome::Success, None));
    }
    assert_eq!((limit.limit(), limit.snapshot().windows), (20, 0));
}

#[test]
fn a_window_lasts_twice_its_fastest_call_and_until_it_is_full() {
    let (limit, clock) = manual(Aimd::standard());
    let windows = || limit.snapshot().windows;
    let millis = Duration::from_millis;
    // The first one ends when it is full.
    ten(&limit, &clock, millis(300), Outcome::Success);
    assert_eq!((windows(), limit.limit()), (1, 21));
    ten(&limit, &clock, millis(300), Outcome::Success);
    assert_eq!(windows(), 1, "600 ms are not over");
    ten(&limit, &clock, millis(300), Outcome::Success);
    assert_eq!(windows(), 2);
    assert_eq!(limit.snapshot().latency, Some(millis(300)));
}

#[test]
fn a_window_of_few_calls_is_open_until_it_is_full() {
    let (limit, clock) = manual(Aimd::standard());
    for calls in 1..=10 {
        let permit = limit.acquire().unwrap();
        clock.advance(Duration::from_secs(5));
        permit.success();
        assert_eq!(limit.snapshot().windows, calls / 10);
    }
}

#[test]
fn calls_of_another_time_are_no_part_of_a_window() {
    let (limit, clock) = manual(Aimd::standard());
    ten(&limit, &clock, Duration::from_millis(10), Outcome::Success);
    for _ in 0..9 {
        limit.acquire().unwrap().record(Outcome::Dropped, Some(Duration::from_secs(1)));
    }
    clock.advance(Duration::from_secs(3_600));
    ten(&limit, &clock, Duration::from_millis(10), Outcome::Success);
    ten(&limit, &clock, Duration::from_millis(100), Outcome::Success);
    assert_eq!(limit.snapshot().windows, 2);
    assert_eq!(limit.limit(), 21, "no bad window was seen");
}

#[test]
fn a_clock_that_jumps_back_does_not_stop_the_windows() {
    let (limit, clock) = manual(Aimd::standard());
    clock.advance(Duration::from_secs(86_400));
    let windows = || limit.snapshot().windows;
    let latency = Duration::from_millis(10);
    (0..20).for_each(|_| ten(&limit, &clock, latency, Outcome::Success));
    let before = windows();
    assert!(before > 0);

    // Whoever was inside then took nobody knows how long, and is no sample of nothing.
    let inside: Vec<_> = (0..5).map(|_| limit.acquire().unwrap()).collect();
    clock.set(Instant::ZERO);
    inside.into_iter().for_each(Permit::success);
    for _ in 0..40 {
        ten(&limit, &clock, latency, Outcome::Success);
        assert_eq!(limit.snapshot().latency, Some(latency));
    }
    assert!(windows() >= before + 2, "{} after {before}", windows());
}

#[test]
fn few_dropped_calls_do_not_make_a_window_bad() {
    let clock = ManualClock::new();
    let limit = ConcurrencyLimit::builder("test").algorithm(Aimd::standard()).clock(clock.clock());
    let limit = limit.build().unwrap();
    let window = |dropped: u32| {
        clock.advance(Duration::from_secs(1));
        let hold: Vec<_> = (0..10).map(|_| limit.acquire().unwrap()).collect();
        for call in 0..100 {
            let outcome = if call < dropped { Outcome::Dropped } else { Outcome::Success };
            limit.acquire().unwrap().record(outcome, Some(Duration::from_millis(10)));
        }
        drop(hold);
        limit.limit()
    };
    assert_eq!(window(0), 21);
    assert_eq!(window(5), 22);
    assert_eq!(window(6), 19);
}

#[test]
fn a_limit_in_use_takes_other_settings_and_keeps_what_it_found() {
    let (limit, clock) = manual(Aimd::standard());
    for _ in 0..5 {
        ten(&limit, &clock, Duration::from_secs(1), Outcome::Success);
    }
    let found = limit.limit();
    assert!(found > 20);
    limit.reconfigure(|settings| settings.algorithm = Vegas::standard().into()).unwrap();
    assert_eq!((limit.limit(), limit.snapshot().algorithm), (found, "vegas"));
    limit.reconfigure(|settings| settings.max = 10).unwrap();
    assert_eq!((limit.limit(), limit.settings().initial), (10, 10));
    limit.reconfigure(|settings| settings.shares.low = 0.1).unwrap();
    let first = limit.acquire_as(Priority::Low).unwrap();
    assert!(limit.acquire_as(Priority::Low).is_err());
    drop(first);
}

#[test]
fn a_closure_that_uses_the_limit_does_not_wait_for_itself() {
    let limit = ConcurrencyLimit::standard("test");
    let seen = limit.clone();
    limit.reconfigure(|settings| settings.max = seen.settings().max / 2).unwrap();
    assert_eq!(limit.settings().max, 500);
}

#[test]
fn threads_lose_no_place_and_no_sample() {
    let limit = ConcurrencyLimit::builder("test").algorithm(Aimd::standard()).samples(10);
    let limit = limit
        .window(Duration::from_millis(1))
        .window_max(Duration::from_millis(1))
        .build()
        .unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let limit = &limit;
            scope.spawn(move || {
                for call in 0..2_000_u32 {
                    let priority = Priority::ALL[(thread + call as usize) % 4];
                    if let Ok(permit) = limit.acquire_as(priority) {
                        let outcome = [Outcome::Success, Outcome::Dropped][call as usize % 2];
                        permit.record(outcome, Some(Duration::from_millis(1)));
                    }
                }
            });
        }
    });
    assert_eq!(limit.in_flight(), 0);
    assert!((4..=1_000).contains(&limit.limit()));
    let refused: u64 = Priority::ALL.map(|priority| limit.rejected(priority)).iter().sum();
    assert!(refused < 8_000);
}

#[derive(Debug, Clone)]
enum Step {
    Acquire(usize),
    End(usize, Outcome, u64),
    Change(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome =
        prop_oneof![Just(Outcome::Success), Just(Outcome::Dropped), Just(Outcome::Ignored),];
    let step = prop_oneof![
        8 => (0_usize..4).prop_map(Step::Acquire),
        6 => (any::<usize>(), outcome, 0_u64..500).prop_map(|(i, o, ms)| Step::End(i, o, ms)),
        1 => (1_u32..40).prop_map(Step::Change),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    /// The rule of the priorities, with nothing but the limit and the number inside.
    #[test]
    fn who_matters_least_is_refused_first(steps in steps()) {
        let (limit, clock) = manual(Aimd::standard());
        let mut permits = Vec::new();
        for step in steps {
            match step {
                Step::Acquire(priority) => {
                    let (inside, of) = (limit.in_flight(), limit.limit());
                    let share = [1.0, 0.9, 0.8, 0.5][priority];
                    let part = ((f64::from(of) * share + 1e-9) as u32).max(1);
                    let entered = limit.acquire_as(Priority::ALL[priority]);
                    prop_assert_eq!(entered.is_ok(), inside < part, "{} of {}", inside, of);
                    prop_assert_eq!(limit.in_flight(), inside + u32::from(entered.is_ok()));
                    permits.extend(entered);
                }
                Step::End(index, outcome, millis) if !permits.is_empty() => {
                    clock.advance(Duration::from_millis(millis));
                    permits.swap_remove(index % permits.len()).record(outcome, Some(Duration::from_millis(millis)));
                }
                Step::End(..) => {}
                Step::Change(max) => {
                    limit.reconfigure(|settings| { settings.min = 1; settings.max = max; }).unwrap();
                    prop_assert!(limit.limit() <= max);
                }
            }
            let settings = limit.settings();
            prop_assert!((settings.min..=settings.max).contains(&limit.limit()));
            prop_assert_eq!(limit.in_flight() as usize, permits.len());
        }
    }
}
