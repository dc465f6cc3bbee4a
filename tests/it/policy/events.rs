//! The table of events in `reliability::telemetry` is what policies emit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use reliability::error::recovery::{Action, Component};
use reliability::error::{Class, Reason, Recovery, Rejected};
use reliability::resilience::cache::{Cache, Sharing};
use reliability::resilience::{Breaker, Chaos, Hedge, Policy, RetryBudget, breaker};
use reliability::time::ManualClock;
use tracing::field::{Field, Visit};
use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, Event, Metadata, Subscriber, span};

use super::{Failed, TRANSIENT, at_once};

/// One event: what is known of it beforehand, and the values of its fields.
pub(crate) type Told = (&'static Metadata<'static>, BTreeMap<&'static str, String>);

/// Notes the events of the library, in order.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Told>>>);

/// Two who listen to nothing, for as long as the process lives. While there are fewer than two,
/// `tracing` asks only on the thread that meets an event for the first time whether anybody wants
/// it, and the no of a thread that belongs to another test then silences it for all.
static DEAF: LazyLock<[Dispatch; 2]> =
    LazyLock::new(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::new())));

/// What the scenario emits. It is played once before, because a thread of another test may have
/// met the same event while there was nobody yet, and may have no answer still.
pub(crate) async fn heard_of<F: Future<Output = ()>>(scenario: fn() -> F) -> Vec<Told> {
    LazyLock::force(&DEAF);
    scenario().await;
    let heard = Heard::default();
    let listening = tracing::subscriber::set_default(heard.clone());
    tracing::callsite::rebuild_interest_cache();
    scenario().await;
    drop(listening);
    std::mem::take(&mut *heard.0.lock().unwrap())
}

impl Subscriber for Heard {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("reliability")
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.0.lock().unwrap().push((event.metadata(), fields.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.into());
    }
}

/// The rows of the table: event, levels, fields.
fn documented() -> Vec<(String, String, BTreeSet<String>)> {
    let source = include_str!("../../../reliability/src/telemetry/mod.rs");
    let rows = source.lines().filter(|line| line.starts_with("//! | `reliability."));
    let cells = rows.map(|row| row.split('|').map(str::trim).collect::<Vec<_>>());
    let fields =
        |cell: &str| cell.split(", ").map(|field| field.trim_matches('`').into()).collect();
    cells.map(|row| (row[1].trim_matches('`').into(), row[2].into(), fields(row[3]))).collect()
}

/// One call after another, until each event has a reason.
pub(crate) async fn make_every_event() {
    let window = breaker::Window::consecutive(2);
    let budget = RetryBudget::builder("stock").ratio(0.0).capacity(1).build().unwrap();
    let policy = Policy::builder("price")
        .retry(at_once(3).budget(budget))
        .breaker(Breaker::builder("stock").window(window).build().unwrap())
        .build()
        .unwrap();
    // The second attempt opens the breaker, the third is denied.
    assert_eq!(policy.call(|| async { Err::<(), _>(TRANSIENT) }).await, Err(TRANSIENT));
    let answer = policy.call_or(|| async { Ok::<_, Failed>(1) }, |_| async { Ok(2) }).await;
    assert_eq!(answer, Ok(2));
    recover().await;
    disturb();
    serve_a_stale_value().await;
    ask_twice().await;
}

/// A component that is restarted, cannot be restarted, needs a person, and does less for a while.
async fn recover() {
    let plan = Recovery::standard().on(Class::Permanent, Action::Restart);
    let runs = AtomicU32::new(0);
    let construct = move || {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        std::future::ready(if run < 2 { Ok(run) } else { Err(TRANSIENT) })
    };
    let component = Component::builder("ledger", construct).recovery(plan);
    let component = component.restarts(2, Duration::from_secs(60)).start().await.unwrap();
    for error in [Class::Permanent, Class::Permanent, Class::Permanent, Class::Overloaded] {
        component.recover(&component.current(), &Failed::As(error)).await;
    }
    component.degradation().lift();
}

/// Chaos that is left on, and forgotten.
fn disturb() {
    let manual = ManualClock::new();
    let chaos = Chaos::builder("chaos").latency(Duration::from_millis(200), 1.0);
    let chaos = chaos.clock(manual.clock()).build().unwrap();
    chaos.switch_on_for(Duration::from_secs(90));
    chaos.strike();
    manual.advance(Duration::from_secs(60));
    chaos.strike();
    manual.advance(Duration::from_secs(30));
    chaos.strike();
}

/// A refresh that fails.
async fn serve_a_stale_value() {
    let second = Duration::from_secs(1);
    let cache = Cache::builder("price").ttl(second).stale(second * 60).build().unwrap();
    let policy = Policy::builder("price").cache(cache).build().unwrap();
    for answer in [Ok(1), Err(TRANSIENT)] {
        let work = || std::future::ready(answer.clone());
        assert_eq!(policy.call_cached("tea", Sharing::values(), work).await, Ok(1));
        tokio::time::advance(second).await;
    }
}

/// A hedge that wins, and one that is denied.
async fn ask_twice() {
    let budget = RetryBudget::builder("price").ratio(0.0).capacity(1).build().unwrap();
    let hedge = Hedge::after(Duration::from_millis(10)).budget(budget);
    let policy = Policy::builder("price").hedge(hedge).build().unwrap();
    for _ in 0..2 {
        let waits = std::cell::Cell::new(50);
        let work = || async {
            tokio::time::sleep(Duration::from_millis(waits.replace(5))).await;
            Ok::<_, Failed>(1)
        };
        assert_eq!(policy.call(work).await, Ok(1));
    }
}

#[tokio::test(start_paused = true)]
async fn events_have_the_documented_names_levels_and_fields() {
    let heard = heard_of(make_every_event).await;
    let names: Vec<_> = heard.iter().map(|(metadata, _)| metadata.name()).collect();
    assert_eq!(
        names,
        [
            "reliability.policy.retried",
            "reliability.breaker.transition",
            "reliability.policy.retry_denied",
            "reliability.policy.rejected",
            "reliability.policy.fell_back",
            "reliability.recovery.restarted",
            "reliability.recovery.restart_failed",
            "reliability.recovery.escalated",
            "reliability.recovery.degraded",
            "reliability.recovery.restored",
            "reliability.chaos.switched_on",
            "reliability.chaos.injected",
            "reliability.chaos.still_on",
            "reliability.chaos.injected",
            "reliability.chaos.switched_off",
            "reliability.cache.stale_if_error",
            "reliability.policy.hedged",
            "reliability.policy.hedge_won",
            "reliability.policy.hedge_denied",
        ]
    );
    // Those of others are heard where their tests are.
    let elsewhere = [
        "bus",
        "choreography",
        "dashboard",
        "event_sourcing",
        "journal",
        "metric",
        "otlp",
        "projection",
        "rate_limit",
        "saga",
        "slo",
        "tcc",
        "three_phase",
        "trace",
        "two_phase",
    ];
    assert_as_documented(&heard, |event| {
        let of = event.split('.').nth(1).unwrap_or_default();
        !elsewhere.contains(&of)
    });
}

/// What was heard are the events of the table that `which` names, each with its level and fields.
#[track_caller]
pub(crate) fn assert_as_documented(heard: &[Told], which: impl Fn(&str) -> bool) {
    let documented: Vec<_> = documented().into_iter().filter(|(event, ..)| which(event)).collect();
    for (event, levels, fields) in &documented {
        let (metadata, _) = heard.iter().find(|(metadata, _)| metadata.name() == event).unwrap();
        let level = metadata.level().as_str().to_lowercase();
        assert!(levels.split(" or ").any(|documented| documented == level), "{event}: {level}");
        let emitted = metadata.fields().iter().map(|field| field.name());
        let emitted: BTreeSet<_> = emitted.filter(|name| *name != "message").collect();
        assert_eq!(emitted, fields.iter().map(String::as_str).collect(), "{event}");
    }
    let names: BTreeSet<_> = heard.iter().map(|(metadata, _)| metadata.name()).collect();
    assert_eq!(documented.len(), names.len());
}

/// A call that its policy gives up, and one that fails by itself.
async fn hang_and_fail() {
    let policy = Policy::builder("price").timeout(Duration::from_millis(5)).build().unwrap();
    let hung = policy.call(std::future::pending::<Result<(), Rejected>>).await;
    assert_eq!(hung.map_err(|rejected| rejected.reason()), Err(Reason::TimedOut));
    let failed = policy.call(|| async { Err::<(), _>(Failed::As(Class::Permanent)) }).await;
    assert!(failed.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_tells_who_refused_why_and_until_when() {
    let heard = heard_of(hang_and_fail).await;
    let [(metadata, fields)] = heard.as_slice() else { panic!("one event, not {}", heard.len()) };
    assert_eq!(metadata.name(), "reliability.policy.rejected");
    assert_eq!(fields["reliability.policy.name"], "price");
    assert_eq!(fields["reliability.rejected_by"], "price");
    assert_eq!(fields["reliability.reason"], "timed_out");
    assert!(!fields.contains_key("reliability.retry_after_ms"), "it is not known");
}
