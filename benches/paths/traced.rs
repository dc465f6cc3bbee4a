//! A span per call: what it costs when nobody records, when the head decision drops the trace, and
//! when everything is recorded and judged at the end; beside a span of `tracing` that goes to
//! OpenTelemetry, and beside fastrace.
//!
//! `metrics` paths count and time every call beside that.
//!
//! Every path is one call with one argument that is recorded. `child` paths are a call below a root
//! that is open all the time, so they are what one span more costs.

use criterion::Criterion;
use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler as OtelSampler, SdkTracerProvider, SpanData, SpanExporter};
use reliability::telemetry::trace::{self, Recorder, Rule, Rules, Sampler};
use reliability::telemetry::traced;
use reliability_benches::now_or_panic;
use tracing_subscriber::layer::SubscriberExt as _;

use super::Row;

#[inline(never)]
fn work(value: u64) -> u64 {
    std::hint::black_box(value) + 1
}

#[traced]
fn ours(value: u64) -> u64 {
    work(value)
}

#[traced]
async fn ours_async(value: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(work(value))
}

#[traced(skip_all)]
fn ours_bare(value: u64) -> u64 {
    work(value)
}

#[traced(metrics)]
fn ours_counted(value: u64) -> u64 {
    work(value)
}

#[traced(metrics)]
async fn ours_counted_async(value: u64) -> Result<u64, std::num::ParseIntError> {
    Ok(work(value))
}

fn with_tracing(value: u64) -> u64 {
    let _span = tracing::info_span!("with_tracing", value).entered();
    work(value)
}

#[fastrace::trace(properties = { "value": "{value}" })]
fn with_fastrace(value: u64) -> u64 {
    work(value)
}

#[fastrace::trace]
fn with_fastrace_bare(value: u64) -> u64 {
    work(value)
}

/// Takes spans and forgets them, as our recorder has no sink here either.
#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        Ok(())
    }
}

impl Reporter for Nowhere {
    fn report(&mut self, _: Vec<SpanRecord>) {}
}

fn subscriber(sampler: OtelSampler) -> (tracing::Dispatch, SdkTracerProvider) {
    let provider =
        SdkTracerProvider::builder().with_sampler(sampler).with_batch_exporter(Nowhere).build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("bench"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_level(false)
        .with_target(false);
    (tracing_subscriber::registry().with(layer).into(), provider)
}

pub(super) fn paths(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "traced");
    row.path("floor_call", || || work(7));
    row.path("ours_nobody_records", || || ours(7));
    // Two readings of the clock and a histogram more than the row above.
    row.path("ours_metrics", || || ours_counted(7));
    row.path("ours_metrics_async", || || now_or_panic(ours_counted_async(7)));
    ours_recorded(&mut row);
    for (name, sampler) in [("off", OtelSampler::AlwaysOff), ("on", OtelSampler::AlwaysOn)] {
        let (dispatch, provider) = subscriber(sampler);
        row.path(&format!("tracing_opentelemetry_{name}"), || {
            let dispatch = dispatch.clone();
            // Entered once for the whole run, as a program has it.
            let guard = tracing::dispatcher::set_default(&dispatch);
            move || {
                let _inside = &guard;
                with_tracing(7)
            }
        });
        provider.shutdown().expect("an exporter that does nothing");
    }
    fastrace::set_reporter(Nowhere, Config::default());
    row.path("fastrace_unsampled_root", || {
        || {
            let parent = SpanContext::random().sampled(false);
            let root = fastrace::Span::root("root", parent);
            let _inside = root.set_local_parent();
            work(7)
        }
    });
    row.path("fastrace_root", || {
        || {
            let root = fastrace::Span::root("root", SpanContext::random());
            let _inside = root.set_local_parent();
            work(7)
        }
    });
    for (name, call) in [
        ("fastrace_100_children", with_fastrace_bare as fn(u64) -> u64),
        ("fastrace_100_children_with_value", with_fastrace),
    ] {
        row.path(name, || {
            move || {
                let root = fastrace::Span::root("root", SpanContext::random());
                let _inside = root.set_local_parent();
                (0..100).for_each(|value| {
                    std::hint::black_box(call(value));
                });
            }
        });
    }
    fastrace::flush();
}

/// One span around work of so many microseconds: what tracing everything costs in a program that does
/// something.
pub(super) fn work_sizes(criterion: &mut Criterion) {
    let per_microsecond = rounds_per_microsecond();
    let started = Recorder::running().map_or_else(|| Recorder::builder().start(), Ok);
    let recorder = started.expect("valid settings");
    for microseconds in [1, 10, 20, 50, 100] {
        let rounds = microseconds * per_microsecond;
        let mut row = Row::new(criterion, &format!("traced_work_{microseconds}us"));
        row.path("floor_work", || move || spin(rounds));
        recorder.resume();
        recorder.reload(Sampler::always_off(), None).expect("no rules");
        row.path("ours_head_off", || move || ours_spin(rounds));
        let rules = Rules::standard().otherwise(0.0);
        recorder.reload(Sampler::default(), Some(rules)).expect("valid rules");
        row.path("ours_tail_dropped", || move || ours_spin(rounds));
        recorder.reload(Sampler::always_on(), None).expect("no rules");
        row.path("ours_kept", || move || ours_spin(rounds));
        recorder.pause();
        let (dispatch, provider) = subscriber(OtelSampler::AlwaysOn);
        row.path("tracing_opentelemetry_on", || {
            let guard = tracing::dispatcher::set_default(&dispatch);
            move || {
                let _inside = &guard;
                let _span = tracing::info_span!("spin", rounds).entered();
                spin(rounds)
            }
        });
        provider.shutdown().expect("an exporter that does nothing");
    }
}

#[traced]
fn ours_spin(rounds: u64) -> u64 {
    spin(rounds)
}

/// A chain that the processor cannot shorten.
#[inline(never)]
fn spin(rounds: u64) -> u64 {
    (0..rounds).fold(rounds | 1, |value, round| {
        std::hint::black_box(value.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ round)
    })
}

fn rounds_per_microsecond() -> u64 {
    const ROUNDS: u64 = 1_000_000;
    let best = (0..10).map(|_| {
        let start = std::time::Instant::now();
        std::hint::black_box(spin(ROUNDS));
        start.elapsed()
    });
    let nanos = best.min().map_or(1, |best| best.as_nanos() as u64);
    (ROUNDS * 1_000 / nanos.max(1)).max(1)
}

fn ours_recorded(row: &mut Row<'_>) {
    let never = Rules::new()
        .rule(Rule::named("errors").when_error())
        .rule(Rule::named("slow").when_slower_than(std::time::Duration::from_secs(1)))
        .otherwise(0.0);
    let started = Recorder::running().map_or_else(|| Recorder::builder().start(), Ok);
    let recorder = started.expect("valid settings");
    recorder.resume();
    let head = |sampler: Sampler| recorder.reload(sampler, None).expect("no rules");
    head(Sampler::always_off());
    row.path("ours_head_off", || || ours(7));
    row.path("ours_head_off_async", || || now_or_panic(ours_async(7)));
    head(Sampler::ratio(0.01).expect("a share"));
    row.path("ours_head_1_percent", || || ours(7));
    recorder.reload(Sampler::default(), Some(never)).expect("valid rules");
    row.path("ours_tail_root", || || ours_bare(7));
    row.path("ours_tail_root_with_value", || || ours(7));
    row.path("ours_tail_root_async", || || now_or_panic(ours_async(7)));
    row.path("ours_tail_100_children", || {
        || {
            let root = trace::span("root").begin();
            root.in_scope(|| {
                (0..100).for_each(|value| {
                    std::hint::black_box(ours_bare(value));
                })
            });
        }
    });
    row.path("ours_tail_100_children_with_value", || {
        || {
            let root = trace::span("root").begin();
            root.in_scope(|| {
                (0..100).for_each(|value| {
                    std::hint::black_box(ours(value));
                })
            });
        }
    });
    head(Sampler::always_on());
    row.path("ours_kept_root", || || ours_bare(7));
    row.path("ours_kept_root_metrics", || || ours_counted(7));
    recorder.pause();
}
