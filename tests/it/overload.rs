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
