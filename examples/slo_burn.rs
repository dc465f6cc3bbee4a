//! A month of traffic in some seconds: what is left of an error budget, who is called and when, and
//! when releases stop.
//!
//! ```sh
//! cargo run --release --example slo_burn
//! cargo run --example slo_burn -- --rules      # for Prometheus
//! cargo run --example slo_burn -- --dashboard  # for Grafana
//! ```
//!
//! The month is simulated, and so is the clock; the SLO, its alerts and its policy are those of a
//! service.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reliability::error::recovery::Degradation;
use reliability::sre::{
    self, Definition, Gate, Objective, Slo, Stance, Target, Timeline, Urgency, Watch, Window,
};
use reliability::time::ManualClock;
use reliability_examples::month::{INCIDENTS, MINUTES, Point, calls, chart};

const MINUTE: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let answered = Objective::availability(Target::percent("99.9"));
    let shop = Slo::new(Definition::new("shop", Window::days(30)).objective(answered))?;
    // The same promise for those who see all replicas.
    match std::env::args().nth(1).as_deref() {
        None => run(&shop),
        Some("--rules") => {
            print!("{}", sre::prometheus_rules());
            Ok(())
        }
        Some("--dashboard") => {
            println!("{}", sre::grafana_dashboard().title("Shop"));
            Ok(())
        }
        Some(other) => Err(format!("`{other}`: write --rules, --dashboard, or nothing").into()),
    }
}

fn run(shop: &Slo) -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::new();
    // The first of November 2026, after a month without anything wrong.
    let begin = UNIX_EPOCH + Duration::from_secs(1_793_491_200);
    let before = begin - MINUTE * u32::try_from(MINUTES)?;
    shop.follow(Timeline::simulated(clock.clock(), before));
    // What a service would do less of: here it is only looked at.
    let degradation = Degradation::builder("shop").levels(2).clock(clock.clock()).build()?;
    let watch = Watch::builder()
        .only([shop.clone()])
        .degrade(shop.clone(), degradation.clone())
        .by_hand()?;

    for minute in 0..MINUTES {
        let (good, bad) = calls(minute);
        (0..good + bad).for_each(|_| shop.record(true));
        clock.advance(MINUTE);
        if minute % 60 == 59 {
            shop.status();
        }
    }
    watch.look()?;

    for incident in INCIDENTS {
        println!("{}  {}", when(Duration::from_secs(60 * incident.begins)), incident.name);
    }
    println!("\nwhat was decided:\n");
    let mut points = Vec::new();
    let (mut most, mut failed) = (0, 0);
    for minute in 0..MINUTES {
        let (good, bad) = calls(minute);
        (0..good).for_each(|_| shop.record(true));
        (0..bad).for_each(|_| shop.record(false));
        failed += bad;
        clock.advance(MINUTE);
        for decision in watch.look()? {
            println!("{}  {decision}", when(since(begin, decision.at)));
        }
        most = most.max(degradation.level());
        if minute % 10 == 0 {
            points.push(point(shop, minute));
        }
    }

    println!("\nat the end of the month, {failed} calls having failed:\n\n{}", shop.status());
    let gate = Gate::of([shop.clone()]);
    println!("\nthe gate of releases: {}", gate.answer().body);
    println!("degraded at most to level {most}, now to level {}", degradation.level());

    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&folder)?;
    let file = folder.canonicalize()?.join("slo_burn.svg");
    std::fs::write(&file, chart(&points))?;
    println!("\ndrawn in {}", file.display());
    Ok(())
}

fn point(shop: &Slo, minute: u64) -> Point {
    let status = shop.status();
    let burn = status.objectives.first().and_then(|objective| objective.burn());
    let paged = status.firing().any(|(_, alert)| alert.alert.urgency == Urgency::Page);
    Point {
        minute,
        remaining: status.remaining().unwrap_or(1.0),
        burn: burn.unwrap_or_default(),
        paged,
        frozen: status.stance() != Stance::Release,
    }
}

fn since(begin: SystemTime, at: SystemTime) -> Duration {
    at.duration_since(begin).unwrap_or_default()
}

/// A time of the month: "day 5, 14:00".
fn when(at: Duration) -> String {
    let minutes = at.as_secs() / 60;
    format!("day {:>2}, {:02}:{:02}", minutes / 1_440, minutes / 60 % 24, minutes % 60)
}
