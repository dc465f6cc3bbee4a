//! Promises: budgets, what follows from them, and what outlives the process.

mod killed;
mod state;

use std::error::Error;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, UNIX_EPOCH};

use reliability::error::recovery::Degradation;
use reliability::sre::{
    self, Decision, DecisionKind, Definition, Gate, GoodAndBad, Notify, Objective, Slo, Stance,
    Target, Timeline, Verdict, Watch, Window,
};
use reliability::telemetry::metrics::{self, Data};
use reliability::time::ManualClock;

const MINUTE: Duration = Duration::from_secs(60);

/// One with a target of 99.9 % over 30 days, and the clock it tells the time by.
fn simulated(name: &'static str) -> (Slo, ManualClock) {
    let answered = Objective::availability(Target::percent("99.9"));
    let slo = Slo::new(Definition::new(name, Window::days(30)).objective(answered)).unwrap();
    let clock = ManualClock::new();
    slo.follow(Timeline::simulated(clock.clock(), UNIX_EPOCH));
    (slo, clock)
}

fn record(slo: &Slo, good: u64, bad: u64) {
    (0..good).for_each(|_| slo.record(true));
    (0..bad).for_each(|_| slo.record(false));
}

/// A month without errors, a thousand calls an hour.
fn clean_month(slo: &Slo, clock: &ManualClock) {
    for _ in 0..720 {
        clock.advance(60 * MINUTE);
        record(slo, 1_000, 0);
        slo.status();
    }
}

fn told(watch: &Watch) -> Vec<String> {
    watch.look().unwrap().iter().map(ToString::to_string).collect()
}

struct To(Sender<Decision>);

impl Notify for To {
    fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(self.0.send(decision.clone())?)
    }
}

/// The whole way: errors page, policies do less, the budget freezes and rolls back, a fix is let
/// through, and all of it ends.
#[test]
fn a_bad_day_is_told_slows_down_freezes_and_is_over() {
    let (slo, clock) = simulated("bad-day");
    clean_month(&slo, &clock);
    let degradation = Degradation::builder("bad-day").levels(2).build().unwrap();
    let (to, notified) = channel();
    let watch = Watch::builder()
        .only([slo.clone()])
        .notify(To(to))
        .degrade(slo.clone(), degradation.clone())
        .by_hand()
        .unwrap();
    assert!(told(&watch).is_empty());
    assert_eq!(degradation.level(), 0);

    // 720 of 720,000 may be bad. 5 % of an hour's calls burn 50 times too fast.
    clock.advance(MINUTE);
    record(&slo, 0, 50);
    assert_eq!(
        told(&watch),
        [
            "bad-day/availability: page: burn > 14.4 over 1h and 5m; 93.1% of the budget left",
            "bad-day/availability: page: burn > 6 over 6h and 30m; 93.1% of the budget left",
        ]
    );
    assert_eq!(degradation.level(), 1);
    assert!(Gate::of([slo.clone()]).is_open());

    clock.advance(MINUTE);
    record(&slo, 0, 605);
    let decisions = watch.look().unwrap();
    let turned = DecisionKind::Turned { from: Stance::Release, to: Stance::Freeze };
    assert!(decisions.iter().any(|decision| decision.kind == turned), "{decisions:?}");
    let gate = Gate::of([slo.clone()]);
    assert!(!gate.is_open());
    assert_eq!(gate.answer().status, 423);
    assert!(
        gate.answer()
            .body
            .contains(r#"{"name":"bad-day","stance":"freeze","budget_left_percent":9."#)
    );

    clock.advance(MINUTE);
    record(&slo, 0, 40);
    watch.look().unwrap();
    assert_eq!(Gate::of([slo.clone()]).stance(), Stance::RollBack);
    assert_eq!(degradation.level(), 2);
    assert!(Gate::of([slo.clone()]).exempt("mends the payments").is_open());
    assert!(
        slo.history()
            .iter()
            .any(|it| it.kind == DecisionKind::Exempted("mends the payments".into()))
    );

    // A month later the bad day is out of the window.
    clean_month(&slo, &clock);
    clock.advance(7 * 60 * MINUTE);
    record(&slo, 1_000, 0);
    let over = watch.look().unwrap();
    let turned = |decision: &&Decision| {
        matches!(decision.kind, DecisionKind::Turned { to: Stance::Release, .. })
    };
    assert_eq!(over.iter().filter(turned).count(), 1, "{over:?}");
    assert!(Gate::of([slo.clone()]).is_open());
    assert_eq!(degradation.level(), 0);

    let notified: Vec<_> = notified.try_iter().collect();
    assert_eq!(notified, slo.history(), "who is told hears all of it, once and in order");
    let fired = notified.iter().filter(|it| matches!(it.kind, DecisionKind::Fired(_))).count();
    let ended = notified.iter().filter(|it| matches!(it.kind, DecisionKind::Ended(_))).count();
    assert_eq!(fired, ended);
}

#[test]
fn what_a_status_decides_on_the_way_is_told_as_well() {
    let (slo, clock) = simulated("asked-first");
    clean_month(&slo, &clock);
    let watch = Watch::builder().only([slo.clone()]).by_hand().unwrap();
    clock.advance(MINUTE);
    record(&slo, 0, 50);
    assert!(slo.status().firing().count() > 0);
    assert_eq!(told(&watch).len(), 2);
    assert!(told(&watch).is_empty(), "once is enough");
}

#[test]
fn a_watch_on_its_own_thread_looks_one_last_time() {
    let (slo, clock) = simulated("last-look");
    clean_month(&slo, &clock);
    let (to, notified) = channel();
    let watch = Watch::builder().only([slo.clone()]).notify(To(to)).every(MINUTE).start().unwrap();
    clock.advance(MINUTE);
    record(&slo, 0, 50);
    drop(watch);
    assert_eq!(notified.iter().count(), 2);
}

#[test]
fn who_is_told_may_look_again() {
    struct Looks(Arc<OnceLock<Watch>>, Sender<(usize, u64)>);
    impl Notify for Looks {
        fn notify(&self, _: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
            let watch = self.0.get().unwrap();
            self.1.send((watch.look().unwrap().len(), watch.untold())).unwrap();
            Ok(())
        }
    }
    let (slo, clock) = simulated("look-again");
    clean_month(&slo, &clock);
    let watch = Arc::new(OnceLock::new());
    let (looks, looked) = channel();
    let builder = Watch::builder().only([slo.clone()]).notify(Looks(Arc::clone(&watch), looks));
    watch.set(builder.by_hand().unwrap()).unwrap();
    clock.advance(MINUTE);
    record(&slo, 0, 50);
    assert_eq!(told(watch.get().unwrap()).len(), 2);
    assert_eq!(
        looked.try_iter().collect::<Vec<_>>(),
        [(0, 0), (0, 0)],
        "nothing was decided since"
    );
}

#[test]
fn a_watch_keeps_nothing_alive() {
    let (slo, _clock) = simulated("short-lived");
    let watch = Watch::builder().by_hand().unwrap();
    watch.look().unwrap();
    drop(slo);
    assert_eq!(sre::find("short-lived"), None);
    watch.look().unwrap();
}

#[test]
fn all_threads_count_and_nothing_is_lost() {
    let (slo, clock) = simulated("threads");
    std::thread::scope(|scope| {
        for _ in 0..24 {
            scope.spawn(|| record(&slo, 999, 1));
        }
        // While they count, windows move.
        for _ in 0..200 {
            clock.advance(MINUTE);
            let counts = *slo.status().objectives[0].budget.reading();
            assert!(counts.counts.total() <= 24_000);
        }
    });
    let status = slo.status();
    assert_eq!(status.objectives[0].budget.reading().counts, GoodAndBad::new(24 * 999, 24));
}

#[test]
fn throughput_is_slices_in_which_enough_happened() {
    let enough = Objective::throughput(Target::percent("99"), 10, MINUTE);
    let slo = Slo::new(Definition::new("busy", Window::days(30)).objective(enough)).unwrap();
    let clock = ManualClock::new();
    slo.follow(Timeline::simulated(clock.clock(), UNIX_EPOCH));
    for minute in 0..600 {
        record(&slo, if minute % 100 == 0 { 9 } else { 10 }, 5);
        clock.advance(MINUTE);
        slo.status();
    }
    let counts = slo.status().objectives[0].budget.reading().counts;
    assert_eq!(counts, GoodAndBad::new(594, 6));
}

#[test]
fn metrics_say_what_the_status_says() {
    let (slo, clock) = simulated("as-metrics");
    clean_month(&slo, &clock);
    record(&slo, 0, 72);
    let metrics = metrics::collect();
    let points = |name: &str| -> Vec<(String, f64)> {
        let metric = metrics.iter().find(|metric| metric.name == name).unwrap();
        let shown = |attributes: &[reliability::telemetry::Attribute]| {
            attributes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let all: Vec<_> = match &metric.data {
            Data::Counter(points) => {
                points.iter().map(|it| (shown(&it.attributes), it.value as f64)).collect()
            }
            Data::Gauge(points) => {
                points.iter().map(|it| (shown(&it.attributes), it.value)).collect()
            }
            other => panic!("{other:?}"),
        };
        all.into_iter().filter(|(attributes, _)| attributes.contains("as-metrics")).collect()
    };
    let of = |more: &str| {
        format!("reliability.slo.name=as-metrics reliability.slo.objective=availability{more}")
    };
    let mut events = points("reliability.slo.events");
    events.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        events,
        [
            (of(" reliability.slo.outcome=bad"), 72.0),
            (of(" reliability.slo.outcome=good"), 720_000.0),
        ]
    );
    assert_eq!(points("reliability.slo.target"), [(of(""), 0.999)]);
    let remaining = points("reliability.slo.budget.remaining")[0].1;
    assert!((remaining - (1.0 - 72.0 / 720.072)).abs() < 1e-9, "{remaining}");
    assert_eq!(points("reliability.slo.stance")[0].1, 0.0);
    let firing = points("reliability.slo.alert.firing");
    assert_eq!(firing.iter().map(|it| it.1).collect::<Vec<_>>().len(), 3);
    assert!(slo.status().firing().count() > 0);
}

#[test]
fn a_status_and_a_definition_read_well() {
    let (slo, clock) = simulated("readable");
    clean_month(&slo, &clock);
    clock.advance(MINUTE);
    record(&slo, 100, 100);
    expect_test::expect![[r#"
        readable over 30d: release
          availability 99.9%: 86.1% left (100 bad of 720200), lasts 7h 26m at this rate
            page: burn > 14.4 over 1h and 5m: firing
            page: burn > 6 over 6h and 30m: firing
            ticket: burn > 1 over 3d and 6h: firing"#]]
    .assert_eq(&slo.status().to_string());
    expect_test::expect![[r#"
        Slo { definition: readable over 30d: availability 99.9%, availability: 720100 good, 100 bad }"#]]
    .assert_eq(&format!("{slo:?}"));
    assert_eq!(slo.status().objectives[0].alerts[0].verdict, Verdict::Firing);
}
