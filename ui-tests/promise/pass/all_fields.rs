//! Everything that can be promised, and where.
use reliability::sre::{self, Slo};

static USUAL: Slo = reliability::slo! {
    name: "usual", window: "30d", availability: 99.95, latency: "99% < 500ms",
};

pub(crate) static ALL: Slo = reliability::slo! {
    name: "all",
    description: "everything at once",
    window: quarter("-03:30"),
    error_rate: "0.5%",
    latency: ["p99.9 < 2s", "50% < 80ms"],
    throughput: "99% >= 1_000/h",
    correctness: "99.99%",
    alerts: [ticket(burn = 1.5, long = "3d"), page(burn = 1.9, long = "1h", short = "5m")],
    min_events: 0,
    freeze_below: 20,
    roll_back_below: 0,
    hysteresis: 3,
    crate: ::reliability,
};

static QUIET: Slo = reliability::slo! { name: "quiet", window: week, availability: 50, alerts: none };

mod elsewhere {
    enum Option {}
    pub fn declared() -> &'static reliability::sre::Slo {
        static INSIDE: reliability::sre::Slo =
            reliability::slo! { name: "inside", correctness: 99 };
        let _: core::option::Option<Option> = None;
        &INSIDE
    }
}

macro_rules! promise {
    ($name:ident, $target:expr) => {
        static $name: Slo = reliability::slo! { name: "by-a-macro", availability: $target };
    };
}

promise!(BY_A_MACRO, 99.9);

fn main() {
    let names: Vec<String> = sre::all().iter().map(|slo| slo.name().to_owned()).collect();
    for name in ["usual", "all", "quiet", "inside", "by-a-macro"] {
        assert!(names.iter().any(|known| known == name), "{name} of {names:?}");
    }
    assert_eq!(
        ALL.definition().to_string(),
        "all over calendar quarter (UTC-03:30): error-rate <= 0.5%, latency-p99.9 99.9% < 2s, \
         latency-p50 50% < 80ms, throughput 99% >= 1000 per 3600s, correctness 99.99%",
    );
    assert_eq!(USUAL.definition().to_string(), "usual over 30d: availability 99.95%, latency 99% < 500ms");
    assert_eq!(QUIET.definition().written_alerts(), Some(&[][..]));
    assert_eq!(BY_A_MACRO.name(), "by-a-macro");
    assert!(elsewhere::declared().site().is_some());
}
