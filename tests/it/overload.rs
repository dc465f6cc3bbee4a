//! What the adaptive limits promise, in a simulation: a server loses half of its capacity and
//! recovers. Also how they go with the rest of a policy.

#[allow(dead_code, unreachable_pub, reason = "the example draws what is only computed here")]
#[path = "../../examples/src/overload/mod.rs"]
mod simulation;

use std::time::Duration;

use reliability::resilience::concurrency_limit::{
    Aimd, Algorithm, ConcurrencyLimit, Gradient2, Vegas,
};
use simulation::{World, best_fixed, chart, run, run_fixed, run_under};

fn world(seed: u64) -> World {
    World { phase: Duration::from_secs(30), seed, ..World::halved() }
}

fn algorithms() -> [(&'static str, Algorithm); 3] {
    [
        ("gradient2", Gradient2::standard().into()),
        ("vegas", Vegas::standard().into()),
        ("aimd", Aimd::standard().into()),
    ]
}

/// Each algorithm, with the settings that it comes with, against the best fixed limit of each phase.
fn assert_close_to_the_best(world: &World) {
    let best = best_fixed(world).unwrap();
    for (name, algorithm) in algorithms() {
        let outcome = run(world, algorithm).unwrap();
        for (phase, (goodput, best)) in outcome.goodput.iter().zip(best).enumerate() {
            assert!(
                *goodput >= 0.9 * best,
                "{name}, phase {phase}: {goodput:.0} of {best:.0} answers a second, in {world:?}",
            );
        }
    }
}

#[test]
fn each_algorithm_reaches_nine_tenths_of_the_best_fixed_limit_in_each_phase() {
    assert_close_to_the_best(&world(1));
}

#[test]
fn so_they_do_where_the_deadline_leaves_little_room() {
    assert_close_to_the_best(&World { deadline: Duration::from_millis(120), ..world(3) });
}

#[test]
fn so_they_do_where_the_healthy_server_is_not_busy() {
    assert_close_to_the_best(&World { calls_per_second: 1_280.0, ..world(4) });
}

/// Why the limit has to follow: one that is right for the healthy server is no good for the other.
#[test]
fn no_limit_at_all_loses_nearly_everything_once_the_capacity_is_halved() {
    let world = world(1);
    let best = best_fixed(&world).unwrap();
    let unlimited = run_fixed(&world, 100_000).unwrap();
    assert!(unlimited.goodput[1] < 0.1 * best[1], "{:?} of {best:?}", unlimited.goodput);
}

/// Why ours differ from the originals: what the documentation says of them.
#[test]
fn with_a_step_for_each_call_the_limits_of_the_originals_follow_chance() {
    let world = world(1);
    let best = best_fixed(&world).unwrap();
    let each_call = |algorithm: Algorithm| {
        let limit = ConcurrencyLimit::builder("original").algorithm(algorithm).min(1).samples(1);
        let millisecond = Duration::from_millis(1);
        let limit = limit.window(millisecond).window_max(millisecond).drop_rate(0.0);
        run_under(&world, limit).unwrap().goodput
    };
    let vegas = each_call(Vegas::published().into());
    for (goodput, best) in vegas.iter().zip(best) {
        assert!(*goodput < 0.5 * best, "{vegas:?} of {best}");
    }
    let aimd = each_call(Aimd::standard().into());
    assert!(aimd[1] < 0.9 * best[1], "{aimd:?} of {best:?}");
}

#[test]
fn the_same_seed_makes_the_same_run() {
    let goodput = |seed| run(&world(seed), Vegas::standard()).unwrap().goodput;
    assert_eq!(goodput(1), goodput(1));
    assert_ne!(goodput(1), goodput(2));
}

#[test]
fn the_picture_shows_each_run() {
    let world = World { phase: Duration::from_secs(1), ..world(1) };
    let outcome = run(&world, Aimd::standard()).unwrap();
    assert_eq!(outcome.points.len(), 29);
    let svg = chart(&world, &[("AIMD", outcome)], [1_600.0, 800.0, 1_600.0]);
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains(">AIMD<") && svg.contains("16 workers:"));
    assert_eq!(svg.matches("<polyline").count(), 4 + 4, "legend and lines");
}

/// The limit beside the other layers of a policy: what it counts as a sample, and what not.
mod in_a_policy {
    use super::*;
    use reliability::error::{Class, Reason, Rejected};
    use reliability::resilience::concurrency_limit::Priority;
    use reliability::resilience::{Policy, Retry, registry, resilient};
    use reliability::telemetry;
    use tokio::time::sleep;

    use crate::failed::Failed;

    fn limit(name: &'static str, of: u32) -> ConcurrencyLimit {
        let limit = ConcurrencyLimit::builder(name).algorithm(Aimd::standard()).initial(of);
        let millisecond = Duration::from_millis(1);
        limit.window(millisecond).window_max(millisecond).samples(1).build().unwrap()
    }

    async fn work(millis: u64, result: Result<(), Failed>) -> Result<(), Failed> {
        sleep(Duration::from_millis(millis)).await;
        result
    }

    #[tokio::test(start_paused = true)]
    async fn answers_raise_the_limit_timeouts_and_overload_lower_it_and_the_rest_leaves_it() {
        let policy = Policy::builder("samples").concurrency_limit(limit("samples", 10));
        let policy = policy.timeout(Duration::from_millis(50)).build().unwrap();
        let limit = policy.concurrency_limit().unwrap();
        // So many inside that a sample is not one of an idle service.
        let hold: Vec<_> = (0..8).map(|_| limit.acquire().unwrap()).collect();
        let mut expected = 10;
        let mut step = async |millis, result: Result<(), Failed>, change: i32| {
            sleep(Duration::from_millis(10)).await;
            let _ = policy.call(|| work(millis, result.clone())).await;
            expected += change;
            assert_eq!(limit.limit() as i32, expected, "{millis} ms, {result:?}");
        };
        step(5, Ok(()), 1).await;
        step(5, Err(Failed::As(Class::Permanent)), 0).await;
        step(5, Err(Failed::As(Class::Transient)), 0).await;
        step(5, Err(Failed::As(Class::Overloaded)), -2).await;
        step(500, Ok(()), -1).await;
        assert_eq!(limit.in_flight(), 8);
        drop(hold);
        let ready = policy.call(|| async { Ok::<_, Failed>(()) }).await;
        assert_eq!((ready, limit.limit()), (Ok(()), 8), "what never waits is not timed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_call_gives_its_place_back_and_is_no_sample() {
        let policy = Policy::builder("cancelled").concurrency_limit(limit("cancelled", 1));
        let policy = policy.build().unwrap();
        let limit = policy.concurrency_limit().unwrap();
        for _ in 0..10 {
            let call = policy.call(|| work(1_000, Ok(())));
            let cut = tokio::time::timeout(Duration::from_millis(20), call).await;
            assert!(cut.is_err());
        }
        assert_eq!((limit.in_flight(), limit.snapshot().windows), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn each_attempt_is_let_in_by_itself_and_a_refusal_is_not_retried() {
        let policy = Policy::builder("attempts").retry(Retry::attempts(3));
        let policy = policy.concurrency_limit(limit("attempts", 1)).build().unwrap();
        let limit = policy.concurrency_limit().unwrap();
        let failed = policy.call(|| work(5, Err(Failed::As(Class::Transient)))).await;
        assert_eq!(failed, Err(Failed::As(Class::Transient)));
        assert_eq!((policy.totals().retries(), limit.in_flight()), (2, 0));

        let held = limit.acquire().unwrap();
        let refused = policy.call(|| work(5, Ok(()))).await;
        let Err(Failed::Refused(refused)) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.reason(), Reason::ConcurrencyLimited);
        assert_eq!(policy.totals().retries(), 2);
        assert_eq!(limit.rejected(Priority::Critical), 1, "counted once");
        drop(held);
    }

    #[tokio::test(start_paused = true)]
    async fn the_attribute_asks_for_the_priority_once_per_call() {
        #[resilient(concurrency_limit(gradient2, initial = 4, priority = priority))]
        async fn ranked(priority: Priority) -> Result<(), Rejected> {
            sleep(Duration::from_millis(10)).await;
            Ok(())
        }
        let two = [tokio::spawn(ranked(Priority::Low)), tokio::spawn(ranked(Priority::Low))];
        tokio::task::yield_now().await;
        let refused = ranked(Priority::Low).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::ConcurrencyLimited);
        ranked(Priority::Normal).await.unwrap();
        for call in two {
            call.await.unwrap().unwrap();
        }
        let entry = registry::find("ranked").unwrap();
        assert_eq!(entry.policy().concurrency_limit().unwrap().rejected(Priority::Low), 1);

        let snapshot = telemetry::snapshot();
        let seen = snapshot.policy("ranked").unwrap().concurrency_limit.clone().unwrap();
        assert_eq!((seen.algorithm, seen.limit, seen.in_flight), ("gradient2", 4, 0));
        assert_eq!(seen.rejected, [("low", 1)]);
    }

    #[tokio::test]
    async fn settings_change_with_those_of_the_policy_or_not_at_all() {
        let policy = Policy::builder("settings").concurrency_limit(limit("settings", 20));
        let policy = policy.timeout(Duration::from_secs(1)).build().unwrap();
        let limit = policy.concurrency_limit().unwrap();
        let change = policy.reconfigure(|settings| {
            settings.timeout = Some(Duration::from_secs(2).into());
            settings.concurrency_limit.as_mut().unwrap().min = 0;
        });
        assert_eq!(change.unwrap_err().setting(), "min");
        assert_eq!(policy.timeout(), Some(Duration::from_secs(1)));
        let lower = |settings: &mut reliability::resilience::Settings| {
            settings.concurrency_limit.as_mut().unwrap().max = 5;
        };
        policy.reconfigure(lower).unwrap();
        assert_eq!(limit.limit(), 5);
        let absent = policy.reconfigure(|settings| settings.concurrency_limit = None);
        assert_eq!(absent.unwrap_err().setting(), "concurrency_limit");
    }
}
