//! The same through tower, by an operator, and as it is shown.

use reliability::error::recovery::Degradation;
use reliability::error::{Reason, Rejected};
use reliability::resilience::degrade::{Degrade, Measures};
use reliability::resilience::registry::{self, Force};
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Bulkhead, Policy, Priority, Retry};
use reliability::telemetry;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::metrics::told;

fn shedding(name: &'static str) -> (Policy, Degradation) {
    let switch = Degradation::builder(name).levels(2).build().unwrap();
    let degrade = Degrade::when(&switch, Measures::none().shed_below(Priority::High));
    let policy = Policy::builder(name).degrade(degrade).bulkhead(Bulkhead::standard(name));
    (policy.build().unwrap(), switch)
}

#[tokio::test]
async fn a_service_sheds_by_the_priority_of_its_requests_and_falls_back() {
    let (policy, switch) = shedding("tower-degrade");
    let priority = |request: &u32| if *request < 10 { Priority::Low } else { Priority::Critical };
    let mut plain = ServiceBuilder::new()
        .layer(PolicyLayer::new(policy.clone()).priority(priority))
        .service(service_fn(|request: u32| async move { Ok::<_, Rejected>(request) }));
    let mut cheap = ServiceBuilder::new()
        .layer(PolicyLayer::new(policy.clone()).priority(priority).fallback(
            |request: &u32| *request,
            |request, _failed| async move { Ok::<_, Rejected>(1_000 + request) },
        ))
        .service(service_fn(|request: u32| async move { Ok::<_, Rejected>(request) }));
    assert_eq!(plain.ready().await.unwrap().call(7).await, Ok(7));
    switch.raise();
    let refused = plain.ready().await.unwrap().call(7).await.unwrap_err();
    assert_eq!(refused.reason(), Reason::Degraded);
    assert!(refused.retry_after().is_some());
    assert_eq!(plain.ready().await.unwrap().call(70).await, Ok(70));
    assert_eq!(cheap.ready().await.unwrap().call(7).await, Ok(1_007));
    assert_eq!(policy.degraded().unwrap().answered, 1);
    assert_eq!(policy.bulkhead().unwrap().in_use(), 0);
}

#[tokio::test]
async fn a_service_makes_one_attempt_while_it_is_degraded() {
    let switch = Degradation::standard("tower-tighter");
    let policy = Policy::builder("tower-tighter")
        .degrade(Degrade::when(&switch, Measures::none().without_retries()))
        .retry(
            Retry::attempts(3)
                .backoff(reliability::resilience::Backoff::constant(std::time::Duration::ZERO)),
        )
        .build()
        .unwrap();
    let mut service =
        ServiceBuilder::new().layer(PolicyLayer::new(policy.clone()).idempotent()).service(
            service_fn(|_: u32| async { Err::<u32, _>(Rejected::new(Reason::TimedOut, "other")) }),
        );
    assert!(service.ready().await.unwrap().call(7).await.is_err());
    assert_eq!(policy.totals().retries(), 2);
    switch.raise();
    assert!(service.ready().await.unwrap().call(7).await.is_err());
    assert_eq!((policy.totals().retries(), policy.degraded().unwrap().not_retried), (2, 1));
}

#[tokio::test]
async fn an_operator_raises_and_lifts_it_by_the_name_of_the_policy() {
    let (policy, switch) = shedding("forced-degrade");
    registry::force("forced-degrade", Force::DegradeRaise).unwrap();
    assert_eq!(switch.level(), 1);
    let line = || {
        let table = registry::summary().to_string();
        table.lines().find(|line| line.starts_with("forced-degrade")).unwrap().to_string()
    };
    assert!(line().contains("degrade by forced-degrade, NOW AT LEVEL 1"), "{}", line());
    let told = format!("{policy:?}");
    assert!(told.contains("degrade: Degrade"), "{told}");
    registry::force("forced-degrade", Force::DegradeLift).unwrap();
    assert_eq!(switch.level(), 0);
    assert!(!line().contains("LEVEL"), "{}", line());

    let other = Policy::builder("never-degraded").bulkhead(Bulkhead::standard("other"));
    let other = other.build().unwrap();
    let invalid = registry::force("never-degraded", Force::DegradeRaise).unwrap_err();
    assert_eq!(invalid.setting(), "degrade");
    drop(other);
}

#[tokio::test]
async fn what_was_left_out_is_a_metric_and_in_the_snapshot() {
    let (policy, switch) = shedding("told-degrade");
    switch.raise_to(2);
    let mut service = ServiceBuilder::new()
        .layer(PolicyLayer::new(policy.clone()).priority(|_: &u32| Priority::Low))
        .service(service_fn(|request: u32| async move { Ok::<_, Rejected>(request) }));
    for _ in 0..3 {
        assert!(service.ready().await.unwrap().call(7).await.is_err());
    }
    let snapshot = telemetry::snapshot();
    let degrade = snapshot.policy("told-degrade").unwrap().degrade.clone().unwrap();
    assert_eq!((degrade.level, degrade.times), (2, 1));
    assert_eq!(degrade.shed, [("low", 3)]);
    let line = "DEGRADED: told-degrade follows told-degrade, level 2; kept out 3 calls so far";
    assert!(snapshot.to_string().contains(line), "{snapshot}");

    assert_eq!(told("reliability.degradation.level", "told-degrade"), ["2"]);
    assert_eq!(told("reliability.degradation.times", "told-degrade"), ["1"]);
    let shed = told("reliability.degrade.shed", "told-degrade");
    assert!(shed.contains(&"reliability.priority=low 3".to_string()), "{shed:?}");
    let calls = told("reliability.policy.calls", "told-degrade");
    assert!(calls.iter().any(|row| row.contains("error.type=degraded") && row.ends_with(" 3")));
}
