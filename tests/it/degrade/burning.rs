//! The whole way: a dependency breaks, the budget burns, less is done, it is mended, all is done again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use reliability::error::recovery::{Degradation, DegradationBuilder};
use reliability::error::{Class, Reason};
use reliability::resilience::{Priority, registry, resilient};
use reliability::sre::{
    Definition, Objective, Outcome, Slo, Target, Timeline, Urgency, Watch, Window, slo,
};
use reliability::time::ManualClock;

use crate::failed::Failed;
use crate::metrics::told;

const MINUTE: Duration = Duration::from_secs(60);

/// Where a service stands that follows its own promise.
struct World {
    clock: ManualClock,
    promises: [Slo; 1],
    watch: Watch,
}

impl World {
    /// After a month of calls that went well.
    fn new(promise: &Slo, switch: &Degradation) -> Self {
        let clock = ManualClock::new();
        promise.follow(Timeline::simulated(clock.clock(), UNIX_EPOCH));
        for _ in 0..720 {
            clock.advance(60 * MINUTE);
            (0..1_000).for_each(|_| promise.record(true));
            promise.status();
        }
        let watch = Watch::builder()
            .only([promise.clone()])
            .degrade(promise.clone(), switch.clone())
            .by_hand()
            .unwrap();
        Self { clock, promises: [promise.clone()], watch }
    }

    fn minute_passes(&self) {
        self.clock.advance(MINUTE);
        self.watch.look().unwrap();
    }

    fn burns(&self) -> bool {
        let page = |promise: &Slo| {
            promise.status().firing().any(|(_, it)| it.alert.urgency == Urgency::Page)
        };
        self.promises.iter().any(page)
    }
}

static SEARCH: Slo = reliability::slo! { name: "degrade-search", availability: 99.9 };
static CHEAPER: Degradation = DegradationBuilder::declared("degrade-search").levels(2).declare();
static BROKEN: AtomicBool = AtomicBool::new(false);

#[slo(objective = SEARCH)]
#[resilient(
    degrade(when = CHEAPER, shed(below = high), priority = priority),
    timeout = "2s",
    name = "degrade-search",
)]
async fn search(priority: Priority) -> Result<u32, Failed> {
    // What is searched bears half of the traffic, and no more.
    if BROKEN.load(Ordering::Relaxed) && priority != Priority::High {
        return Err(Failed::As(Class::Transient));
    }
    Ok(100)
}

/// Every priority once; how many went well, how many failed, and how many were kept out.
async fn traffic() -> (u32, u32, u32) {
    let (mut well, mut failed, mut kept_out) = (0, 0, 0);
    for _ in 0..10 {
        for priority in [Priority::High, Priority::Normal, Priority::Low] {
            match search(priority).await {
                Ok(_) => well += 1,
                Err(Failed::Refused(rejected)) => {
                    assert_eq!(rejected.reason(), Reason::Degraded);
                    assert!(rejected.retry_after().is_some());
                    kept_out += 1;
                }
                Err(Failed::As(_)) => failed += 1,
            }
        }
    }
    (well, failed, kept_out)
}

#[tokio::test]
async fn a_burning_budget_sheds_what_matters_less_and_all_comes_back() {
    let world = World::new(&SEARCH, &CHEAPER);
    world.minute_passes();
    assert_eq!(traffic().await, (30, 0, 0));
    assert_eq!(CHEAPER.level(), 0);

    BROKEN.store(true, Ordering::Relaxed);
    let mut minutes = 0;
    while !CHEAPER.is_degraded() {
        for _ in 0..20 {
            traffic().await;
        }
        world.minute_passes();
        minutes += 1;
        assert!(minutes < 60, "a page fires within the hour");
    }
    let bad = |promise: &Slo| promise.status().objectives[0].budget.reading().counts.bad;
    let bad_before = bad(&SEARCH);

    // What is let in goes well, though nothing is mended; nothing that is kept out is bad.
    assert_eq!(traffic().await, (10, 0, 20));
    world.minute_passes();
    assert_eq!(bad(&SEARCH), bad_before);
    assert_eq!(told("reliability.slo.excluded", "degrade-search"), ["20"]);
    assert!(world.burns(), "the errors are still in the windows");

    // They leave the short windows, and it is over: a latch would last for ever.
    let mut minutes = 0;
    while CHEAPER.is_degraded() {
        traffic().await;
        world.minute_passes();
        minutes += 1;
        assert!(minutes <= 60, "still degraded after an hour without errors");
    }
    BROKEN.store(false, Ordering::Relaxed);
    assert!(!world.burns());
    assert_eq!(traffic().await, (30, 0, 0));

    let policy = registry::find("degrade-search").unwrap().policy().clone();
    let now = policy.degraded().unwrap();
    assert_eq!((now.degradation.level, now.degradation.times), (0, 1));
    assert_eq!(now.shed(Priority::Normal), now.shed(Priority::Low));
    assert_eq!(u64::from(now.all_shed() > 0), 1);
    assert_eq!(policy.totals().rejected(Reason::Degraded), now.all_shed());
}

static COUNTING: Slo = reliability::slo! { name: "degrade-latch", availability: 99.9 };
static LATCHED: Degradation = Degradation::declared("degrade-latch");

/// The reverse danger, for who insists: refusals are bad here.
#[slo(objective = COUNTING, good = |answer| answer.is_ok())]
#[resilient(degrade(when = LATCHED, shed = 0.5), timeout = "2s", name = "degrade-latch")]
async fn counting(broken: bool) -> Result<u32, Failed> {
    if broken { Err(Failed::As(Class::Transient)) } else { Ok(100) }
}

#[tokio::test]
async fn a_promise_that_counts_its_own_refusals_burns_on() {
    let world = World::new(&COUNTING, &LATCHED);
    let minute_of = async |broken: bool| {
        for _ in 0..200 {
            let _answer = counting(broken).await;
        }
        world.minute_passes();
    };
    while !LATCHED.is_degraded() {
        minute_of(true).await;
    }
    for _ in 0..180 {
        minute_of(false).await;
    }
    assert!(world.burns() && LATCHED.is_degraded(), "three hours after it was mended");
}

#[test]
fn only_refusals_by_what_the_promise_raises_are_excluded() {
    let answered = Objective::availability(Target::percent("99.9"));
    let definition = Definition::new("degrade-others", Window::days(30)).objective(answered);
    let promise = Slo::new(definition).unwrap();
    let switch = Degradation::standard("degrade-others");
    let refused =
        |reason, by: &'static str| Failed::Refused(reliability::error::Rejected::new(reason, by));
    let own = refused(Reason::Degraded, "degrade-others");
    assert_eq!(promise.outcome_of(&own), Outcome::Bad, "nobody raises it for this promise");
    let watch = Watch::builder().only([]).degrade(promise.clone(), switch).by_hand().unwrap();
    assert_eq!(promise.outcome_of(&own), Outcome::Excluded);
    for other in [
        refused(Reason::Degraded, "another"),
        refused(Reason::Shed, "degrade-others"),
        Failed::As(Class::Overloaded),
    ] {
        assert_eq!(promise.outcome_of(&other), Outcome::Bad, "{other:?}");
    }
    assert_eq!(promise.outcome_of(&Failed::As(Class::Cancelled)), Outcome::Excluded);
    drop(watch);
}

/// What is used up and does not burn keeps nobody out for the weeks that it stays so.
#[test]
fn a_budget_that_is_used_up_and_does_not_burn_degrades_nothing() {
    let answered = Objective::availability(Target::percent("99.9"));
    let definition = Definition::new("degrade-used-up", Window::days(30)).objective(answered);
    let promise = Slo::new(definition).unwrap();
    let switch = Degradation::builder("degrade-used-up").levels(2).build().unwrap();
    let world = World::new(&promise, &switch);
    (0..700).for_each(|_| promise.record(false));
    world.minute_passes();
    assert_eq!(switch.level(), 2, "it burns, and next to nothing is left");
    for _ in 0..8 * 60 {
        (0..20).for_each(|_| promise.record(true));
        world.minute_passes();
    }
    assert_eq!(promise.stance(), reliability::sre::Stance::RollBack);
    assert_eq!(switch.level(), 0);
}

/// Of two promises that raise one switch the one that burns decides, whichever is looked at first.
#[test]
fn a_switch_that_two_promises_raise_is_lifted_when_neither_burns() {
    let make = |name| {
        let answered = Objective::availability(Target::percent("99.9"));
        Slo::new(Definition::new(name, Window::days(30)).objective(answered)).unwrap()
    };
    let [quiet, burning] = [make("degrade-quiet"), make("degrade-burning")];
    let clock = ManualClock::new();
    for promise in [&quiet, &burning] {
        promise.follow(Timeline::simulated(clock.clock(), UNIX_EPOCH));
    }
    for _ in 0..720 {
        clock.advance(60 * MINUTE);
        for promise in [&quiet, &burning] {
            (0..1_000).for_each(|_| promise.record(true));
            promise.status();
        }
    }
    let switch = Degradation::builder("degrade-both").lasts(MINUTE / 60).clock(clock.clock());
    let switch = switch.build().unwrap();
    let watch = Watch::builder()
        .every(MINUTE)
        .only([quiet.clone(), burning.clone()])
        .degrade(burning.clone(), switch.clone())
        .degrade(quiet.clone(), switch.clone())
        .by_hand()
        .unwrap();
    let look = |[of_quiet, of_burning]: [bool; 2]| {
        (0..20).for_each(|_| quiet.record(of_quiet));
        (0..20).for_each(|_| burning.record(of_burning));
        clock.advance(MINUTE);
        watch.look().unwrap();
        switch.level()
    };
    while look([true, false]) == 0 {}
    for _ in 0..5 {
        // It would have run out by itself between two looks.
        clock.advance(MINUTE / 2);
        assert_eq!(switch.level(), 1);
        assert_eq!(look([true, false]), 1, "the quiet one does not lift it");
    }
    let mut minutes = 0;
    while look([true, true]) == 1 {
        minutes += 1;
        assert!(minutes < 120);
    }

    // What somebody else has raised stays when neither burns.
    switch.raise();
    assert_eq!(look([true, true]), 0, "its own second is over");
}
