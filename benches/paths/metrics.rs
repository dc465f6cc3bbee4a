//! Counting one thing: bound to its attributes beforehand, and looked up by them each time.

use std::hint::black_box;

use criterion::Criterion;
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family as PeerFamily;

use reliability::telemetry::metrics::{Counter, Family, Histogram};

use super::Row;

reliability::metrics! {
    /// Orders that were taken.
    static ORDERS: Counter = Counter::builder("bench.orders")
        .attributes(&[("method", "POST"), ("route", "/orders"), ("status", "200")]);
    /// How long taking an order took.
    static TAKING: Histogram = Histogram::builder("bench.order.duration").unit("s")
        .attributes(&[("method", "POST"), ("route", "/orders"), ("status", "200")]);
    /// Answers to requests.
    static ANSWERS: Family<Counter, 3> = Counter::builder("bench.answers")
        .by(["method", "route", "status"]);
    /// How long answers took.
    static ANSWERING: Family<Histogram, 3> = Histogram::builder("bench.answer.duration").unit("s")
        .by(["method", "route", "status"]);
}

const LABELS: [(&str, &str); 3] = [("method", "POST"), ("route", "/orders"), ("status", "200")];
const NAMES: [&str; 3] = ["method", "route", "status"];
const VALUES: [&str; 3] = ["POST", "/orders", "200"];

const SECONDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Label {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

const LABEL: Label = Label { method: "POST", route: "/orders", status: "200" };

/// One thread's own durations from 2 ms to 10 s, in the order of the list: what draws numbers costs
/// as much as what counts them.
fn durations() -> impl FnMut() -> f64 {
    let series: [f64; 64] = std::array::from_fn(|n| 0.002 * 1.14_f64.powi((n as i32 * 37) % 64));
    let mut at = 0;
    move || {
        at = (at + 1) % series.len();
        black_box(series[at])
    }
}

fn attributes() -> [KeyValue; 3] {
    LABELS.map(|(key, value)| KeyValue::new(key, value))
}

pub(super) fn paths(criterion: &mut Criterion) {
    let provider = SdkMeterProvider::builder().with_reader(ManualReader::builder().build()).build();
    let meter = provider.meter("bench");
    let recorder = PrometheusBuilder::new().set_buckets(&SECONDS).expect("bounds").build_recorder();
    ::metrics::set_global_recorder(recorder).expect("the first one");
    counters(criterion, &meter);
    looked_up_counters(criterion, &meter);
    histograms(criterion, &meter);
    looked_up_histograms(criterion, &meter);
}

type Meter = opentelemetry::metrics::Meter;

fn counters(criterion: &mut Criterion, meter: &Meter) {
    let mut row = Row::new(criterion, "counter_bound");
    row.path("ours_declared", || || ORDERS.add(1));
    let bound = &ANSWERS.bind(VALUES);
    row.path("ours_of_a_family", || || bound.add(1));
    let peer = meter.u64_counter("bound").build().bind(&attributes());
    let peer = &peer;
    row.path("opentelemetry", || || peer.add(1));
    let peer = &::metrics::counter!("bound", &LABELS);
    row.path("metrics", || || peer.increment(1));
    let peer = prometheus_counters().with_label_values(&VALUES);
    let peer = &peer;
    row.path("prometheus", || || peer.inc());
    let family = PeerFamily::<Label, prometheus_client::metrics::counter::Counter>::default();
    let peer = &family.get_or_create_owned(&LABEL);
    row.path("prometheus_client", || || peer.inc());
}

fn prometheus_counters() -> prometheus::IntCounterVec {
    prometheus::IntCounterVec::new(prometheus::Opts::new("orders", "Orders."), &NAMES)
        .expect("valid")
}

fn looked_up_counters(criterion: &mut Criterion, meter: &Meter) {
    let mut row = Row::new(criterion, "counter_looked_up");
    row.path("ours", || || ANSWERS.with(black_box(VALUES)).add(1));
    let peer = &meter.u64_counter("looked_up").build();
    row.path("opentelemetry", || {
        let attributes = attributes();
        move || peer.add(1, black_box(&attributes))
    });
    row.path("metrics", || {
        || {
            let [method, route, status] = black_box(VALUES);
            ::metrics::counter!("looked_up", "method" => method, "route" => route, "status" => status)
                .increment(1);
        }
    });
    let peer = &prometheus_counters();
    row.path("prometheus", || || peer.with_label_values(black_box(&VALUES)).inc());
    let peer = &PeerFamily::<Label, prometheus_client::metrics::counter::Counter>::default();
    row.path("prometheus_client", || || peer.get_or_create(black_box(&LABEL)).inc());
}

fn histograms(criterion: &mut Criterion, meter: &Meter) {
    let mut row = Row::new(criterion, "histogram_bound");
    row.path("floor_series", durations);
    row.path("ours_declared", || {
        let mut next = durations();
        move || TAKING.record(next())
    });
    let peer = meter.f64_histogram("bound_histogram").with_boundaries(SECONDS.to_vec()).build();
    let peer = &peer.bind(&attributes());
    row.path("opentelemetry", || {
        let mut next = durations();
        move || peer.record(next())
    });
    let peer = &::metrics::histogram!("bound_histogram", &LABELS);
    row.path("metrics", || {
        let mut next = durations();
        move || peer.record(next())
    });
    let peer = prometheus_histograms().with_label_values(&VALUES);
    let peer = &peer;
    row.path("prometheus", || {
        let mut next = durations();
        move || peer.observe(next())
    });
    let peer = &prometheus_client::metrics::histogram::Histogram::new(SECONDS);
    row.path("prometheus_client", || {
        let mut next = durations();
        move || peer.observe(next())
    });
}

fn prometheus_histograms() -> prometheus::HistogramVec {
    let options = prometheus::HistogramOpts::new("taking", "Taking.").buckets(SECONDS.to_vec());
    prometheus::HistogramVec::new(options, &NAMES).expect("valid")
}

fn looked_up_histograms(criterion: &mut Criterion, meter: &Meter) {
    let mut row = Row::new(criterion, "histogram_looked_up");
    row.path("ours", || {
        let mut next = durations();
        move || ANSWERING.with(black_box(VALUES)).record(next())
    });
    let peer = meter.f64_histogram("looked_up_histogram").with_boundaries(SECONDS.to_vec()).build();
    let peer = &peer;
    row.path("opentelemetry", || {
        let (mut next, attributes) = (durations(), attributes());
        move || peer.record(next(), black_box(&attributes))
    });
    let peer = &prometheus_histograms();
    row.path("prometheus", || {
        let mut next = durations();
        move || peer.with_label_values(black_box(&VALUES)).observe(next())
    });
}
