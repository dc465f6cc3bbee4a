use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::*;
use crate::metrics;
use crate::telemetry::Attribute;
use crate::telemetry::trace::{Context, SpanId, TraceId};

fn collected(name: &str) -> Option<Metric> {
    collect().into_iter().find(|metric| metric.name == name)
}

#[test]
fn bounds_in_whatever_order_are_refused_and_not_a_panic() {
    for bounds in [&[8.0, 1.0][..], &[1.0, -1.0], &[1.0, f64::NAN], &[f64::NAN], &[f64::INFINITY]] {
        let invalid = Histogram::builder("test.bounds").bounds(bounds).build().unwrap_err();
        assert_eq!(invalid.setting(), "bounds", "{bounds:?}");
    }
}

/// The points of a counter, as `attributes = value`.
fn counts(name: &str) -> Vec<String> {
    let Some(Metric { data: Data::Counter(points), .. }) = collected(name) else {
        return Vec::new();
    };
    points.iter().map(|point| row(&point.attributes, point.value)).collect()
}

fn in_trace(trace: u128, sampled: bool, work: impl FnOnce()) {
    let ids = TraceId::new(trace).zip(SpanId::new(9)).expect("not zero");
    Context::new(ids.0, ids.1, sampled).in_scope(work);
}

fn row(attributes: &[Attribute], value: impl ToString) -> String {
    let all: Vec<_> = attributes.iter().map(ToString::to_string).collect();
    alloc::format!("{{{}}} {}", all.join(","), value.to_string())
}

metrics! {
    /// Never touched.
    static UNTOUCHED: Counter = Counter::builder("test.untouched").unit("{touch}");
    /// What the documentation says
    /// on two lines.
    static DECLARED: Counter = Counter::builder("test.declared").attributes(&[("b", "2"), ("a", "1")]);
    static UNDOCUMENTED: UpDownCounter =
        UpDownCounter::builder("test.undocumented").description("Said in the builder.");
    /// Between two bounds.
    static SPREAD: Histogram = Histogram::builder("test.spread_out").bounds(&[1.0, 2.0]);
    /// Set or not.
    static SET: Gauge = Gauge::builder("test.set").unit("s");
}

#[test]
fn what_is_declared_is_collected_whether_it_was_used_or_not() {
    assert_eq!(UNTOUCHED.sum(), 0);
    assert_eq!(counts("test.untouched"), ["{} 0"]);
    DECLARED.add(2);
    DECLARED.clone().add(3);
    assert_eq!(counts("test.declared"), ["{a=1,b=2} 5"]);

    let declared = collected("test.declared").map(|metric| metric.description);
    assert_eq!(declared.as_deref(), Some("What the documentation says on two lines."));
    UNDOCUMENTED.add(-7);
    let undocumented = collected("test.undocumented").expect("it is declared");
    assert_eq!(undocumented.description, "Said in the builder.");
    assert_eq!(undocumented.data, Data::UpDownCounter(Vec::from([Point::new(Vec::new(), -7)])));
}

#[test]
fn a_gauge_is_told_while_it_is_known() {
    assert_eq!(collected("test.set"), None);
    SET.set(-1.5);
    let data = collected("test.set").map(|metric| metric.data);
    assert_eq!(data, Some(Data::Gauge(Vec::from([Point::new(Vec::new(), -1.5)]))));
    SET.set(f64::NAN);
    assert_eq!(collected("test.set"), None);
}

#[test]
fn what_was_made_is_collected_as_long_as_a_clone_of_it_lives() {
    let bind = |region: &str| {
        let region = Attribute::new("region", String::from(region));
        Counter::builder("test.bound").bind([region]).expect("a valid name")
    };
    let (north, south, again) = (bind("north"), bind("south"), bind("north"));
    north.add(1);
    south.add(10);
    again.add(100);
    assert_eq!(counts("test.bound"), ["{region=north} 101", "{region=south} 10"]);
    let clone = south.clone();
    drop((north, south));
    assert_eq!(counts("test.bound"), ["{region=north} 100", "{region=south} 10"]);
    drop((again, clone));
    assert_eq!(collected("test.bound"), None);
}

#[test]
fn a_histogram_counts_between_its_bounds_and_adds_up() {
    assert_eq!(SPREAD.counts(), [0, 0, 0]);
    let spread = |name: &str| match collected(name).map(|metric| metric.data) {
        Some(Data::Histogram(points)) => points,
        other => panic!("{other:?}"),
    };
    let empty = HistogramPoint::new(Vec::new(), &[1.0, 2.0][..], Vec::from([0, 0, 0]), 0.0);
    assert_eq!(spread("test.spread_out"), [empty]);
    for value in [0.5, 1.0, 1.5, 2.0, 2.5, -3.0, f64::NAN, f64::INFINITY] {
        SPREAD.record(value);
    }
    let full = HistogramPoint::new(Vec::new(), &[1.0, 2.0][..], Vec::from([3, 2, 1]), 4.5);
    assert_eq!(spread("test.spread_out"), [full]);

    let seconds = Histogram::builder("test.took").unit("s").build().expect("valid settings");
    seconds.record_duration(core::time::Duration::from_millis(75));
    in_trace(3, true, || seconds.record(0.07));
    in_trace(4, true, || seconds.record(100.0));
    let [took] = &*spread("test.took") else { panic!("one point") };
    assert_eq!((took.counts[4], took.counts[14], took.count()), (2, 1, 3));
    assert!((took.sum - 100.145).abs() < 1e-9);
    let exemplars: Vec<_> = took.exemplars.iter().map(|it| (it.value, it.trace_id.get())).collect();
    assert_eq!(exemplars, [(0.07, 3), (100.0, 4)]);
}

#[test]
fn what_is_made_with_wrong_bounds_is_refused() {
    let wrong = Histogram::builder("test.wrong").bounds(&[2.0, 1.0]).build();
    let wrong = wrong.expect_err("wrong bounds").to_string();
    assert_eq!(
        wrong,
        "`test.wrong`: `bounds` must be at most 128 numbers, each above the last, but is \
         1 after 2; write upper bounds like `&[0.1, 0.5, 1.0]`; above the last there is a bucket \
         of its own"
    );
}

#[test]
fn what_is_made_with_a_wrong_name_or_unit_is_refused() {
    let wrong = Counter::builder("two words").build().expect_err("a wrong name");
    assert_eq!((wrong.setting(), wrong.got()), ("name", "two words"));
    let wrong = Gauge::builder("test.gauge").unit("µs").build().expect_err("a wrong unit");
    assert_eq!((wrong.setting(), wrong.got()), ("unit", "µs"));
}

#[test]
fn a_source_that_panics_takes_no_other_with_it() {
    // Tests beside this one collect as well.
    let panics = || match collected("reliability.metric.panics").map(|metric| metric.data) {
        Some(Data::Counter(points)) => points[0].value,
        other => panic!("{other:?}"),
    };
    let before = panics();
    let panicking = Arc::new(|_: &mut Collection| panic!("on purpose"));
    watch(&panicking);
    assert!(panics() > before);
    assert_eq!(counts("test.untouched"), ["{} 0"]);
    drop(panicking);
}

#[test]
fn a_source_may_watch_another_one_while_it_is_asked() {
    let inner = Arc::new(|into: &mut Collection| {
        into.counter(&Descriptor::new("test.inner", "", ""), Vec::new(), 1);
    });
    let outer = {
        let inner = Arc::clone(&inner);
        Arc::new(move |_: &mut Collection| watch(&inner))
    };
    watch(&outer);
    // Tests beside this one collect as well, so it may be there already.
    assert!(counts("test.inner").len() <= 1);
    assert_eq!(counts("test.inner"), ["{} 1"]);
}

#[test]
fn a_number_from_a_recorded_trace_names_it() {
    let counter = Counter::builder("test.exemplar").build().expect("a valid name");
    let exemplar = || match collected("test.exemplar").map(|metric| metric.data) {
        Some(Data::Counter(points)) => points[0].exemplar.map(|it| (it.value, it.trace_id.get())),
        _ => None,
    };
    counter.add(1);
    assert_eq!(exemplar(), None);
    in_trace(7, false, || counter.add(4));
    assert_eq!(exemplar(), None, "nobody writes it down");
    in_trace(7, true, || counter.add(2));
    counter.add(3);
    assert_eq!(exemplar(), Some((2.0, 7)));
}

mod merging {
    use alloc::borrow::Cow;

    use super::*;

    const SPENT: Descriptor = Descriptor::new("test.spent", "{euro}", "Money.");

    fn of(region: &'static str) -> Vec<Attribute> {
        Vec::from([Attribute::new("region", region)])
    }

    #[test]
    fn points_of_one_name_and_the_same_attributes_are_one() {
        let mut into = Collection::new();
        into.counter(&SPENT, of("south"), 1);
        into.counter(&SPENT, of("north"), 2);
        into.counter(&SPENT, of("south"), u64::MAX - 1);
        into.counter(&SPENT, of("south"), 7);
        let metrics = into.finish();
        let [Metric { data: Data::Counter(points), .. }] = &*metrics else {
            panic!("{metrics:?}");
        };
        let rows: Vec<_> = points.iter().map(|point| row(&point.attributes, point.value)).collect();
        assert_eq!(rows, ["{region=north} 2", "{region=south} 18446744073709551615"]);
    }

    #[test]
    fn of_a_gauge_the_last_one_stays_and_of_a_key_the_last_value() {
        let mut into = Collection::new();
        let twice = || [of("west"), of("east")].concat();
        into.gauge(&SPENT, twice(), 1.0);
        into.gauge(&SPENT, of("east"), 2.0);
        into.gauge(&SPENT, of("east"), f64::NAN);
        let metrics = into.finish();
        let expected = Data::Gauge(Vec::from([Point::new(of("east"), 2.0)]));
        assert_eq!(metrics[0].data, expected);
    }

    #[test]
    fn values_of_different_kinds_are_different() {
        let mut into = Collection::new();
        for value in ["1".into(), crate::telemetry::Value::from(1), 1.0.into(), true.into()] {
            into.counter(&SPENT, Vec::from([Attribute::new("key", value)]), 1);
        }
        assert!(matches!(&into.finish()[0].data, Data::Counter(points) if points.len() == 4));
    }

    fn spread(bounds: &'static [f64], counts: &[u64], sum: f64) -> HistogramPoint {
        HistogramPoint::new(of("north"), Cow::Borrowed(bounds), counts.to_vec(), sum)
    }

    #[test]
    fn histograms_are_added_up_bucket_by_bucket_with_an_exemplar_for_each() {
        let mut into = Collection::new();
        let at = |value: f64, second: u64| {
            let at = std::time::UNIX_EPOCH + core::time::Duration::from_secs(second);
            let id = (TraceId::new(1 + u128::from(second)), SpanId::new(1));
            Exemplar::new(value, at, id.0.expect("not zero"), id.1.expect("not zero"))
        };
        let mut first = spread(&[1.0, 2.0], &[1, 0, 1], 4.5);
        first.exemplars = Vec::from([at(1.0, 5), at(3.5, 9)]);
        let mut second = spread(&[1.0, 2.0], &[2, 3, 0], 6.0);
        second.exemplars = Vec::from([at(0.5, 7), at(2.0, 1)]);
        into.histogram(&SPENT, first);
        into.histogram(&SPENT, second);
        let mut expected = spread(&[1.0, 2.0], &[3, 3, 1], 10.5);
        expected.exemplars = Vec::from([at(0.5, 7), at(2.0, 1), at(3.5, 9)]);
        assert_eq!(into.finish()[0].data, Data::Histogram(Vec::from([expected])));
    }

    #[test]
    fn what_cannot_be_one_metric_is_left_out_and_told() {
        let mut into = Collection::new();
        into.counter(&SPENT, of("north"), 1);
        into.gauge(&SPENT, of("south"), 1.0);
        into.counter(&Descriptor { unit: "{dollar}", ..SPENT }, of("north"), 1);
        into.counter(&SPENT, of("north"), 1);
        let other = Descriptor { name: "test.spread", ..SPENT };
        into.histogram(&other, spread(&[1.0], &[1, 1], 1.5));
        into.histogram(&other, spread(&[2.0], &[1, 1], 1.5));
        let (metrics, conflicts) = into.finish_with_conflicts();
        assert_eq!(metrics[0].data, Data::Counter(Vec::from([Point::new(of("north"), 2)])));
        let spread = Data::Histogram(Vec::from([spread(&[1.0], &[1, 1], 1.5)]));
        assert_eq!(metrics[1].data, spread);
        let told: Vec<_> = conflicts
            .iter()
            .map(|it| alloc::format!("{}: {}, not {}", it.name, it.kept, it.left_out))
            .collect();
        assert_eq!(
            told,
            [
                "test.spent: counter in `{euro}`, not gauge in `{euro}`",
                "test.spent: counter in `{euro}`, not counter in `{dollar}`",
                "test.spread: bounds [1.0], not bounds [2.0]",
            ]
        );
    }

    #[test]
    fn what_is_left_out_is_counted_with_every_collection() {
        let clash = |into: &mut Collection| {
            into.counter(&Descriptor::new("test.clash", "", ""), Vec::new(), 1);
            into.gauge(&Descriptor::new("test.clash", "", ""), Vec::new(), 1.0);
        };
        let clash = Arc::new(clash);
        let count = || match collected("reliability.metric.conflicts").map(|metric| metric.data) {
            Some(Data::Counter(points)) => points[0].value,
            other => panic!("{other:?}"),
        };
        let before = count();
        watch(&clash);
        let after = count();
        assert!(after > before);
        assert!(count() > after);
        assert_eq!(counts("test.clash"), ["{} 1"]);
    }
}
