//! Recordings of attempts that sent their request more than once.

use reliability::error::Reason;
use reliability::resilience::policy::record::{Event, Outcome};
use reliability::resilience::{Chaos, Hedge};

use super::*;

#[derive(Debug, Clone, Copy)]
struct Hedged {
    attempts: u32,
    after: u32,
    by_quantile: bool,
    initial: bool,
    max: u32,
    timeout: u32,
    timeout_outside: bool,
    tokens: u32,
    /// The seed of a chaos that is on.
    chaos: Option<u64>,
}

fn shape() -> impl Strategy<Value = Hedged> {
    let numbers = (1..4_u32, 2..30_u32, 1..4_u32, 10..70_u32, 1..5_u32);
    (numbers, any::<[bool; 3]>(), proptest::option::of(any::<u64>())).prop_map(
        |((attempts, after, max, timeout, tokens), flags, chaos)| {
            let [by_quantile, initial, timeout_outside] = flags;
            Hedged {
                attempts,
                after,
                by_quantile,
                initial,
                max,
                timeout,
                timeout_outside,
                tokens,
                chaos,
            }
        },
    )
}

fn policy(shape: Hedged) -> Policy {
    let budget = RetryBudget::builder("hedged").capacity(shape.tokens).ratio(0.5);
    let retry = Retry::attempts(shape.attempts)
        .backoff(Backoff::exponential(7 * MILLI).max(40 * MILLI).jitter(Jitter::Full))
        .budget(budget.build().unwrap());
    let hedge = match shape.by_quantile {
        true => Hedge::after(Quantile::P90),
        false => Hedge::after(shape.after * MILLI),
    };
    let hedge = match shape.initial && shape.by_quantile {
        true => hedge.initial(shape.after * MILLI),
        false => hedge,
    };
    let hedge = hedge.max(shape.max);
    let breaker = Settings::standard().window(Window::count(6)).min_calls(3).open_for(20 * MILLI);
    let breaker = Breaker::builder("hedged").settings(breaker).seed(7).build().unwrap();
    let bulkhead = Bulkhead::builder("hedged").concurrent(2).queue(3).wait(15 * MILLI);
    let policy = Policy::builder("hedged").fallback().deadline(200 * MILLI).retry(retry);
    let policy = policy.breaker(breaker).bulkhead(bulkhead.build().unwrap());
    let policy = match shape.timeout_outside {
        true => policy.timeout(shape.timeout * MILLI).hedge(hedge),
        false => policy.hedge(hedge).timeout(shape.timeout * MILLI),
    };
    let Some(seed) = shape.chaos else { return policy.build().unwrap() };
    let chaos = Chaos::builder("hedged").latency_between(MILLI, 25 * MILLI, 0.3);
    let chaos = chaos.error(0.1).hang(0.05).seed(seed).build().unwrap();
    chaos.switch_on();
    policy.chaos(chaos).build().unwrap()
}

fn recorded(shape: Hedged, plans: &[Plan]) -> Recording {
    record(|| policy(shape), plans)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn every_history_goes_the_same_way_again(
        shape in shape(),
        plans in prop::collection::vec(plan(), 1..25),
    ) {
        let recording = quietly(|| recorded(shape, &plans));
        let replayed = testing::replay(&recording, || Ok(policy(shape)));
        prop_assert!(replayed.is_ok(), "{}\n{recording}", replayed.unwrap_err());
        let read: Recording = recording.to_string().parse().unwrap();
        prop_assert_eq!(read, recording);
    }
}

const SHAPE: Hedged = Hedged {
    attempts: 2,
    after: 10,
    by_quantile: false,
    initial: false,
    max: 1,
    timeout: 50,
    timeout_outside: false,
    tokens: 5,
    chaos: None,
};

fn told(recording: &Recording) -> Vec<&EventKind> {
    recording.events().iter().map(|event| &event.kind).collect()
}

#[test]
fn every_decision_about_hedges_is_there_with_what_it_was_made_of() {
    // The first is late, the hedge answers; then the budget has no token left.
    let script = [(40, 7), (5, 7), (20, 7)];
    let plan = Plan { begins: 0, attempts: script.to_vec(), gives_up: None, deadline: None };
    let shape = Hedged { attempts: 1, tokens: 1, ..SHAPE };
    let recording = record(|| policy(shape), std::slice::from_ref(&plan));
    let delay = Some(10 * MILLI);
    let told = told(&recording);
    let [began, admitted, waits, hedges_after, again, hedged, ended, won, ok] = &told[..] else {
        panic!("{recording}");
    };
    assert!(matches!(began, EventKind::Began { repeatable: true, .. }));
    assert!(matches!((waits, again), (EventKind::Waits { .. }, EventKind::Waits { .. })));
    assert_eq!(**admitted, EventKind::Admitted);
    assert_eq!(**hedges_after, EventKind::HedgesAfter { delay });
    assert_eq!(**hedged, EventKind::Hedged { hedge: 1, delay: None }, "there is no other one");
    assert_eq!(**ended, EventKind::RequestEnded { request: 1, outcome: Outcome::Ok });
    assert_eq!((*won, *ok), (&EventKind::HedgeWon { hedge: 1 }, &EventKind::Ended(Outcome::Ok)));

    let denied = record(|| policy(shape), &[plan.clone(), Plan { begins: 100, ..plan }]);
    assert!(denied.events().iter().any(|event| event.kind == EventKind::HedgeDenied), "{denied}");
}

#[test]
fn the_delay_that_follows_a_quantile_is_there() {
    let usual = |number: u32| Plan {
        begins: number * 10,
        attempts: vec![(5, 7); 3],
        gives_up: None,
        deadline: None,
    };
    let plans: Vec<_> = (0..40).map(usual).collect();
    let shape = Hedged { by_quantile: true, ..SHAPE };
    let recording = record(|| policy(shape), &plans);
    let delays = recording.events().iter().filter_map(|event| match event.kind {
        EventKind::HedgesAfter { delay } => Some(delay),
        _ => None,
    });
    let delays: Vec<_> = delays.collect();
    assert_eq!(delays.len(), 40);
    assert_eq!(delays[0], None, "nothing is known yet");
    let late = delays[39].unwrap();
    assert!((4 * MILLI..8 * MILLI).contains(&late), "{late:?}");
    assert_eq!(testing::replay(&recording, || Ok(policy(shape))), Ok(()));
}

#[test]
fn what_chaos_does_to_a_request_is_there() {
    let plans: Vec<_> = plans().into_iter().take(20).collect();
    let shape = Hedged { chaos: Some(3), ..SHAPE };
    let recording = quietly(|| recorded(shape, &plans));
    let is =
        |wanted: fn(&EventKind) -> bool| recording.events().iter().any(|event| wanted(&event.kind));
    assert!(is(|what| matches!(what, EventKind::Delayed { request: 0, until: Some(_) })));
    assert!(is(|what| matches!(what, EventKind::Refused { reason: Reason::Injected, .. })));
    // Another seed gives other faults, and that is seen.
    let other = Hedged { chaos: Some(4), ..SHAPE };
    let replayed = testing::replay(&recording, || Ok(policy(other)));
    assert!(matches!(replayed, Err(ReplayError::Differs(_))), "{replayed:?}");
}

#[test]
fn another_setting_shows_the_first_decision_that_is_another_one() {
    let recording = quietly(|| recorded(SHAPE, &plans()));
    assert_eq!(testing::replay(&recording, || Ok(policy(SHAPE))), Ok(()));
    let unhedged = || Policy::builder("hedged").timeout(50 * MILLI).build();
    assert!(matches!(testing::replay(&recording, unhedged), Err(ReplayError::Differs(_))));
    let position = |wanted: fn(&Event) -> bool| recording.events().iter().position(wanted);
    let first_delay = position(|event| matches!(event.kind, EventKind::HedgesAfter { .. }));
    let first_hedge = position(|event| matches!(event.kind, EventKind::Hedged { .. }));
    let first_denied = position(|event| event.kind == EventKind::HedgeDenied);
    let others = [
        (Hedged { after: 11, ..SHAPE }, first_delay),
        (Hedged { by_quantile: true, ..SHAPE }, first_delay),
        (Hedged { tokens: 50, ..SHAPE }, first_denied),
        (Hedged { max: 2, ..SHAPE }, first_hedge),
        (Hedged { timeout: 40, ..SHAPE }, None),
        (Hedged { timeout_outside: true, ..SHAPE }, None),
    ];
    for (other, first) in others {
        let replayed = testing::replay(&recording, || Ok(policy(other)));
        let Err(ReplayError::Differs(difference)) = replayed else {
            panic!("{other:?}: {replayed:?}");
        };
        assert_eq!(difference.recorded.as_ref(), recording.events().get(difference.index));
        assert!(first.is_none_or(|first| difference.index <= first), "{other:?}: {difference}");
    }
}
