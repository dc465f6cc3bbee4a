//! Policies found, changed and forced by name.

use std::time::Duration;

use reliability::error::Rejected;
use reliability::error::recovery::Degradation;
use reliability::resilience::breaker::State;
use reliability::resilience::concurrency_limit::Vegas;
use reliability::resilience::degrade::{Degrade, Measures};
use reliability::resilience::policy::Settings;
use reliability::resilience::registry::{self, Force};
use reliability::resilience::{
    Breaker, Bulkhead, Cache, Chaos, ConcurrencyLimit, Hedge, Layer, Policy, PolicyBuilder,
    RateLimit, Retry, RetryBudget, resilient,
};

const SECOND: Duration = Duration::from_secs(1);

mod north {
    use super::*;

    #[resilient(timeout = "1s")]
    pub(super) async fn two_places() -> Result<u32, Rejected> {
        Ok(1)
    }
}

mod south {
    use super::*;

    #[resilient(timeout = "1s")]
    pub(super) async fn two_places() -> Result<u32, Rejected> {
        Ok(2)
    }
}

#[resilient(key = town, breaker, timeout = "1s")]
async fn many_towns(town: &str) -> Result<usize, Rejected> {
    Ok(town.len())
}

fn timeout(name: &str) -> Duration {
    registry::find(name).unwrap().policy().settings().timeout.unwrap().longest()
}

#[tokio::test]
async fn a_name_of_several_places_is_refused_and_a_path_is_not() {
    assert_eq!((north::two_places().await, south::two_places().await), (Ok(1), Ok(2)));
    assert_eq!(registry::find_all("two_places").len(), 2);
    let refused = registry::reconfigure("two_places", |settings| {
        settings.timeout = Some((2 * SECOND).into())
    });
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains("north::two_places` (") && refused.contains("write the path"),
        "{refused}"
    );

    let path = concat!(module_path!(), "::north::two_places");
    registry::reconfigure(path, |settings| settings.timeout = Some((2 * SECOND).into())).unwrap();
    assert_eq!(timeout(path), 2 * SECOND);
    assert_eq!(timeout(concat!(module_path!(), "::south::two_places")), SECOND);
}

#[tokio::test]
async fn a_name_of_one_function_stands_for_the_policies_of_all_its_keys() {
    for town in ["rome", "oslo"] {
        assert_eq!(many_towns(town).await, Ok(4));
    }
    registry::reconfigure("many_towns", |settings| settings.timeout = Some((3 * SECOND).into()))
        .unwrap();
    registry::reconfigure("many_towns/oslo", |settings| settings.timeout = Some(SECOND.into()))
        .unwrap();
    assert_eq!(timeout("many_towns/rome"), 3 * SECOND);
    assert_eq!(timeout("many_towns/oslo"), SECOND);

    registry::force("many_towns", Force::BreakerOpen).unwrap();
    assert!(many_towns("rome").await.is_err() && many_towns("oslo").await.is_err());
    registry::force("many_towns/rome", Force::BreakerReset).unwrap();
    assert!(many_towns("rome").await.is_ok() && many_towns("oslo").await.is_err());
}

#[test]
fn of_policies_with_one_name_all_are_changed_or_none() {
    let build = |deadline: u32| {
        let policy = Policy::builder("namesakes").deadline(deadline * SECOND).timeout(SECOND);
        policy.build().unwrap()
    };
    let policies = [build(9), build(5), build(7)];
    let set = |timeout: u32| {
        registry::reconfigure("namesakes", |settings| {
            settings.timeout = Some((timeout * SECOND).into())
        })
    };
    assert_eq!(set(6).unwrap_err().setting(), "timeout");
    assert!(policies.iter().all(|policy| policy.settings().timeout == Some(SECOND.into())));
    set(4).unwrap();
    assert!(policies.iter().all(|policy| policy.settings().timeout == Some((4 * SECOND).into())));

    assert_eq!(registry::force("namesakes", Force::BreakerOpen).unwrap_err().setting(), "breaker");
    assert_eq!(registry::force("nobody", Force::BreakerOpen).unwrap_err().setting(), "name");
}

#[test]
fn each_force_can_be_written_and_read_and_does_what_it_says() {
    let policy = Policy::builder("forced").breaker(Breaker::standard("forced")).build().unwrap();
    let breaker = policy.breaker().unwrap();
    for (force, state) in [
        (Force::BreakerOpen, State::ForcedOpen),
        (Force::BreakerDisabled, State::Disabled),
        (Force::BreakerMetricsOnly, State::Closed),
        (Force::BreakerReset, State::Closed),
    ] {
        assert_eq!(force.to_string().parse(), Ok(force));
        registry::force("forced", force).unwrap();
        assert_eq!(breaker.state(), state, "{force}");
        assert_eq!(breaker.snapshot().metrics_only, force == Force::BreakerMetricsOnly);
    }
    assert!(Force::ALL.iter().all(|force| force.as_str().parse() == Ok(*force)));
    let unknown = "open".parse::<Force>().unwrap_err();
    assert!(unknown.to_string().contains("breaker_open"), "{unknown}");
}

#[test]
fn the_summary_has_a_line_for_each_policy() {
    let policy = Policy::builder("in-the-summary").retry(Retry::attempts(7)).timeout(SECOND);
    let policy = policy.build().unwrap();
    let summary = registry::summary();
    assert!(summary.entries().len() >= 3);
    let table = summary.to_string();
    let line = table.lines().find(|line| line.starts_with("in-the-summary")).unwrap();
    assert!(line.contains("retry 7 (") && line.contains("timeout 1s"), "{line}");
    assert!(line.ends_with("built by hand"), "{line}");
    assert!(table.lines().any(|line| line.contains("north::two_places (")), "{table}");
    assert_eq!(table.lines().count(), 1 + summary.entries().len());
    drop(policy);
}

/// A layer, a policy that has it, and one of its settings made another.
type Kind = (Layer, fn(PolicyBuilder) -> PolicyBuilder, fn(&mut Settings));

const KINDS: [Kind; 11] = [
    (
        Layer::Cache,
        |with| with.cache(Cache::standard("kind")),
        |to| {
            to.cache.as_mut().unwrap().ttl = 7 * SECOND;
        },
    ),
    (Layer::Deadline, |with| with.deadline(SECOND), |to| to.deadline = Some(7 * SECOND)),
    (
        Layer::Retry,
        |with| with.retry(Retry::standard()),
        |to| {
            to.retry.as_mut().unwrap().attempts = 7;
        },
    ),
    (
        Layer::Breaker,
        |with| with.breaker(Breaker::standard("kind")),
        |to| {
            to.breaker.as_mut().unwrap().open_for = 7 * SECOND;
        },
    ),
    (
        Layer::RateLimit,
        |with| with.rate_limit(RateLimit::standard("kind")),
        |to| {
            to.rate_limit.as_mut().unwrap().wait = Some(7 * SECOND);
        },
    ),
    (
        Layer::ConcurrencyLimit,
        |with| with.concurrency_limit(ConcurrencyLimit::standard("kind")),
        |to| {
            to.concurrency_limit.as_mut().unwrap().shares.low = 0.25;
        },
    ),
    (
        Layer::Bulkhead,
        |with| with.bulkhead(Bulkhead::standard("kind")),
        |to| {
            to.bulkhead.as_mut().unwrap().concurrent = 7;
        },
    ),
    (Layer::Hedge, |with| with.hedge(Hedge::standard()), |to| to.hedge.as_mut().unwrap().max = 3),
    (
        Layer::Degrade,
        |with| {
            let switch = Degradation::standard("kind");
            with.degrade(Degrade::when(&switch, Measures::none().shed(0.2)))
        },
        |to| to.degrade.as_mut().unwrap().measures.shed = 0.5,
    ),
    (Layer::Timeout, |with| with.timeout(SECOND), |to| to.timeout = Some((7 * SECOND).into())),
    (
        Layer::Chaos,
        |with| with.timeout(SECOND).chaos(Chaos::standard("kind")),
        |to| {
            to.chaos.as_mut().unwrap().error_rate = 0.25;
        },
    ),
];

#[test]
fn every_kind_of_layer_is_listed_inspected_and_changed_by_name() {
    for layer in Layer::ALL {
        let Some((_, with, change)) = KINDS.iter().find(|(kind, ..)| *kind == layer) else {
            assert_eq!(layer, Layer::Fallback, "which has no settings");
            continue;
        };
        let name = format!("kind-of-{layer}");
        let policy = with(Policy::builder(name.clone())).build().unwrap();
        let found = registry::find(&name).unwrap();
        assert!(found.policy().layers().contains(&layer));
        let summary = registry::summary().to_string();
        let line = summary.lines().find(|line| line.starts_with(&*name)).unwrap();
        assert!(line.contains(&format!(" {layer} ")), "{line}");

        let mut expected = policy.settings();
        change(&mut expected);
        assert_ne!(policy.settings(), expected, "{layer}");
        registry::reconfigure(&name, change).unwrap();
        assert_eq!(policy.settings(), expected, "{layer}");
        assert_eq!(found.policy().settings(), expected, "{layer}");

        let taken = Force::ALL.iter().filter(|force| registry::force(&name, **force).is_ok());
        let forces = match layer {
            Layer::Breaker => 4,
            Layer::Chaos | Layer::Degrade => 2,
            Layer::Cache => 1,
            _ => 0,
        };
        assert_eq!(taken.count(), forces, "{layer}");
    }
}

#[test]
fn the_table_says_how_an_adaptive_limit_is_found() {
    let limit = ConcurrencyLimit::builder("found").algorithm(Vegas::standard()).build().unwrap();
    let policy = Policy::builder("how-it-is-found").concurrency_limit(limit).build().unwrap();
    let table = registry::summary().to_string();
    let line = table.lines().find(|line| line.starts_with("how-it-is-found")).unwrap();
    assert!(line.contains("concurrency_limit vegas 4 to 1000"), "{line}");
    drop(policy);
}

#[test]
fn the_budget_that_policies_share_is_changed_by_the_name_of_any_of_them() {
    let budget = RetryBudget::shared("kind-of-budget").unwrap();
    let build = |name| {
        Policy::builder(name).retry(Retry::standard().budget(budget.clone())).build().unwrap()
    };
    let policies = [build("spends-one"), build("spends-other")];
    registry::reconfigure("spends-other", |settings| {
        settings.retry_budget.as_mut().unwrap().capacity = 7;
    })
    .unwrap();
    for policy in &policies {
        assert_eq!(policy.settings().retry_budget.unwrap().capacity, 7);
    }
    assert_eq!(budget.tokens(), 7.0);
    let refused = registry::reconfigure("spends-one", |settings| settings.retry_budget = None);
    assert_eq!(refused.unwrap_err().setting(), "retry_budget");
    let refused = registry::reconfigure("spends-one", |settings| {
        settings.retry_budget.as_mut().unwrap().ratio = 1.5;
    });
    assert_eq!(refused.unwrap_err().setting(), "ratio");
}

#[test]
fn a_cache_is_emptied_by_name() {
    let cache = Cache::standard("emptied");
    let policy = Policy::builder("emptied").cache(cache.clone()).build().unwrap();
    cache.insert("apple", 7_u32);
    assert_eq!(cache.get::<u32>("apple"), Some(7));
    registry::force("emptied", "cache_clear".parse().unwrap()).unwrap();
    assert_eq!(cache.get::<u32>("apple"), None);
    drop(policy);
}
