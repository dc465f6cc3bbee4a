//! Recordings of calls that came in while things were degraded: how far is an input.

use std::time::Duration;

use proptest::prelude::*;
use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::degrade::{Degrade, Measures};
use reliability::resilience::policy::record::{EventKind, Recording, ReplayError};
use reliability::resilience::{
    Backoff, Bulkhead, Call, Classifier, Hedge, Policy, Priority, Retry,
};
use reliability::testing;

const MILLI: Duration = Duration::from_millis(1);

fn switch() -> Degradation {
    Degradation::builder("replayed-degrade").levels(2).lasts(100 * MILLI).build().unwrap()
}

fn policy(switch: &Degradation, share: f64) -> Policy {
    let measures = Measures::none().without_retries().without_hedges().shed(share);
    let severe = measures.shed_below(Priority::Critical).concurrency(0.5);
    Policy::builder("replayed-degrade")
        .fallback()
        .degrade(Degrade::when(switch, measures).severe(severe))
        .retry(Retry::attempts(3).backoff(Backoff::constant(5 * MILLI)))
        .bulkhead(Bulkhead::builder("replayed").concurrent(2).queue(2).build().unwrap())
        .hedge(Hedge::after(7 * MILLI))
        .timeout(50 * MILLI)
        .build()
        .unwrap()
}

#[derive(Debug, Clone)]
struct Step {
    pause: u32,
    level: Option<u8>,
    priority: usize,
    takes: u32,
    fails: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let level = prop_oneof![2 => Just(None), 1 => (0..3_u8).prop_map(Some)];
    let step = (0..40_u32, level, 0..4_usize, 0..30_u32, any::<bool>()).prop_map(
        |(pause, level, priority, takes, fails)| Step { pause, level, priority, takes, fails },
    );
    prop::collection::vec(step, 1..20)
}

async fn call(policy: Policy, step: Step) {
    let classifier = Classifier::by_fault();
    let priority = Priority::ALL[step.priority];
    let mut call = Call::new(&policy, &classifier).with_priority(priority);
    let result = loop {
        let work = || async {
            tokio::time::sleep(step.takes * MILLI).await;
            if step.fails {
                Err(Rejected::new(reliability::error::Reason::TimedOut, "other"))
            } else {
                Ok(7)
            }
        };
        let outcome = call.attempt_hedged(work).await;
        match call.judge(outcome) {
            reliability::resilience::Next::Done(result) => break result,
            reliability::resilience::Next::Again(pause) => pause.await,
        }
    };
    if let Err(failure) = result {
        call.wants_fallback(&failure);
    }
}

fn recorded(steps: Vec<Step>, share: f64) -> Recording {
    testing::run(|_| async move {
        let switch = switch();
        let policy = policy(&switch, share);
        let recorded = policy.record(100_000);
        let mut calls = Vec::new();
        for step in steps {
            tokio::time::sleep(step.pause * MILLI).await;
            match step.level {
                Some(0) => switch.lift(),
                Some(level) => drop::<Option<u8>>(Some(switch.raise_to(level))),
                None => {}
            }
            calls.push(tokio::spawn(call(policy.clone(), step)));
        }
        for call in calls {
            call.await.unwrap();
        }
        recorded.finish()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_calls_are_kept_out_again(steps in steps()) {
        let recording = recorded(steps, 0.5);
        prop_assert_eq!(testing::replay(&recording, || Ok(policy(&switch(), 0.5))), Ok(()));
        let text = recording.to_string();
        let read: Recording = text.parse().unwrap();
        prop_assert_eq!(read.events(), recording.events());
    }
}

#[test]
fn other_measures_decide_otherwise() {
    let step = Step { pause: 0, level: Some(1), priority: 3, takes: 0, fails: false };
    let recording = recorded(vec![step], 0.999_999);
    let degraded = |it: &reliability::resilience::policy::record::Event| {
        matches!(it.kind, EventKind::Degraded { level: 1, priority: Priority::Low, .. })
    };
    assert!(recording.events().iter().any(degraded), "{recording}");
    let replayed = testing::replay(&recording, || Ok(policy(&switch(), 0.000_001)));
    let Err(ReplayError::Differs(difference)) = replayed else { panic!("nobody is shed now") };
    assert!(matches!(difference.recorded.unwrap().kind, EventKind::Refused { .. }));
}
