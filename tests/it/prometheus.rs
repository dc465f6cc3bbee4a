//! What Prometheus' own tool says to what it is told.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use reliability::error::{ErrorMonitor, Rejected};
use reliability::resilience::{
    Breaker, Bulkhead, Cache, ConcurrencyLimit, Hedge, Policy, RateLimit, Retry,
};
use reliability::telemetry::metrics::{Collection, Counter, Descriptor, Histogram};
use reliability::telemetry::{Attribute, Resource, metrics, prometheus};

metrics! {
    /// Orders that were taken.
    static ORDERS: Counter =
        Counter::builder("lint.orders").unit("{order}").attributes(&[("lint.kind", "a \"b\"\n\\c")]);
    /// How long taking an order took.
    static TAKING: Histogram = Histogram::builder("lint.order.duration").unit("s");
}

/// What `promtool check metrics` says; nothing if all is well.
fn promtool(text: &str) -> String {
    let mut tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool: `apt-get install prometheus`");
    tool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

#[tokio::test(start_paused = true)]
async fn promtool_has_nothing_to_say_against_all_metrics() {
    let name = "lint";
    let policy = Policy::builder(name)
        .fallback()
        .cache(Cache::standard(name))
        .deadline(Duration::from_secs(9))
        .retry(Retry::attempts(2))
        .breaker(Breaker::standard(name))
        .rate_limit(RateLimit::standard(name))
        .concurrency_limit(ConcurrencyLimit::standard(name))
        .bulkhead(Bulkhead::standard(name))
        .hedge(Hedge::after(Duration::from_millis(10)))
        .timeout(Duration::from_secs(1));
    let policy = policy.build().unwrap();
    let _errors = ErrorMonitor::standard(name);
    let work = || async {
        tokio::time::sleep(Duration::from_millis(3)).await;
        Ok::<_, Rejected>(())
    };
    policy.call(work).await.unwrap();
    ORDERS.add(1);
    TAKING.record(0.003);

    let text = prometheus::text();
    assert!(text.contains("\nlint_orders_total{lint_kind=\"a \\\"b\\\"\\n\\\\c\"} 1\n"), "{text}");
    assert!(text.contains("\nlint_order_duration_seconds_count 1\n"));
    assert!(text.contains("\nreliability_policy_duration_seconds_bucket{"));
    assert_eq!(promtool(&text), "");
}

#[test]
fn promtool_would_say_what_is_wrong() {
    let mut collection = Collection::new();
    let attribute = Attribute::new("kind", "a");
    collection.counter(&Descriptor::new("lint.orders", "ms", "Orders."), vec![attribute], 1);
    let text =
        prometheus::render(&collection.finish(), &Resource::empty(), prometheus::Format::Text);
    assert!(promtool(&text).contains("lint_orders_milliseconds_total"));
    assert!(promtool("lint_orders{kind=\"a} 1\n").contains("error while linting"));
}
