//! The storefront as a program, with its visitors, its inventory in all its moods, and `--otlp`: what
//! arrives is what it says on its last line, counted where it happened.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver as Lines, channel};

use reliability::telemetry::otlp::Protocol;
use serde_json::Value;

use crate::collector::Collector;
use crate::receiver::{PATIENCE, Receiver};

struct Storefront {
    process: Child,
    lines: Lines<String>,
}

impl Storefront {
    fn open(endpoint: &str, variables: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_storefront"))
            .args(["--brief", "--otlp", endpoint])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let (line, lines) = channel();
        std::thread::spawn(move || {
            for said in said.map_while(Result::ok) {
                // A test that has failed does not listen any more.
                let _ = line.send(said);
            }
        });
        Self { process, lines }
    }

    /// Waits until it has printed the row of that second.
    fn until(&self, second: &str) {
        let mut lines = std::iter::repeat_with(|| self.lines.recv_timeout(PATIENCE).unwrap());
        assert!(lines.any(|line| line.trim_start().starts_with(second)));
    }

    /// What it says that it had to send. It has ended then, by itself.
    fn truth(mut self) -> Value {
        let mut last = String::new();
        // The end of the program ends the lines.
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            last = line;
        }
        // 1 where the machine was so busy that nobody was served better.
        assert!(matches!(self.process.wait().unwrap().code(), Some(0 | 1)));
        serde_json::from_str(&last).unwrap_or_else(|error| panic!("{error}: {last}"))
    }
}

impl Drop for Storefront {
    fn drop(&mut self) {
        // It has ended, if all went well.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What has arrived so far.
#[derive(Default)]
struct Arrived {
    /// By id. One that comes again, because its answer was lost, is the same one.
    spans: BTreeMap<String, Value>,
    logs: Vec<Value>,
    /// The latest of each metric.
    metrics: BTreeMap<String, Value>,
}

fn each(of: &Value, names: [&str; 3]) -> Vec<Value> {
    let list = |of: &Value, name: &str| of[name].as_array().cloned().unwrap_or_default();
    let scopes = list(of, names[0]).into_iter().flat_map(|it| list(&it, names[1]));
    scopes.flat_map(|it| list(&it, names[2])).collect()
}

impl Arrived {
    fn take(&mut self, request: &Value) {
        let message = &request["message"];
        for resource in ["resource_spans", "resource_logs", "resource_metrics"] {
            for resource in message[resource].as_array().into_iter().flatten() {
                let attributes = resource["resource"]["attributes"].as_array().unwrap();
                let name = attributes.iter().find(|it| it["key"] == "service.name").unwrap();
                assert_eq!(name["value"]["string_value"], "storefront");
            }
        }
        for span in each(message, ["resource_spans", "scope_spans", "spans"]) {
            self.spans.insert(text(&span["span_id"]), span);
        }
        self.logs.extend(each(message, ["resource_logs", "scope_logs", "log_records"]));
        for metric in each(message, ["resource_metrics", "scope_metrics", "metrics"]) {
            self.metrics.insert(text(&metric["name"]), metric);
        }
    }

    fn of(requests: &[Value]) -> Self {
        let mut arrived = Self::default();
        requests.iter().for_each(|request| arrived.take(request));
        arrived
    }

    fn sum(&self, metric: &str) -> u64 {
        let points = self.metrics.get(metric).map(|metric| &metric["sum"]["data_points"]);
        let points = points.and_then(Value::as_array).into_iter().flatten();
        points.filter_map(|point| point["as_int"].as_u64()).sum()
    }

    fn roots(&self) -> usize {
        self.spans.values().filter(|span| span.get("parent_span_id").is_none()).count()
    }

    fn named(&self, name: &str) -> u64 {
        self.spans.values().filter(|span| span["name"] == name).count() as u64
    }

    fn assert_each_parent_is_there(&self) {
        let mut children = 0;
        for span in self.spans.values() {
            let Some(parent) = span.get("parent_span_id") else { continue };
            let parent = self.spans.get(&text(parent));
            let parent = parent.unwrap_or_else(|| panic!("without its parent: {span}"));
            assert_eq!(span["trace_id"], parent["trace_id"]);
            assert_eq!((&span["name"], &parent["name"]), (&"ask".into(), &"price".into()));
            children += 1;
        }
        assert!(children > 0);
    }

    /// Metrics of one process may come in several requests.
    fn lacks_sums_of(&self, truth: &Value) -> bool {
        let metrics = truth["metrics"].as_object().unwrap();
        metrics.iter().any(|(name, count)| self.sum(name) < count.as_u64().unwrap())
    }

    fn assert_sums_are(&self, truth: &Value) {
        for (name, count) in truth["metrics"].as_object().unwrap() {
            assert_eq!(Some(self.sum(name)), count.as_u64(), "{name}");
            assert!(self.sum(name) > 0, "nothing was counted as {name}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn number(of: &Value, pointer: &str) -> u64 {
    of.pointer(pointer).and_then(Value::as_u64).unwrap_or_else(|| panic!("{pointer}: {of}"))
}

/// Room for all that the visitors of seven seconds cause, however slow the receiver is.
const ROOM: [(&str, &str); 2] =
    [("OTEL_BSP_MAX_QUEUE_SIZE", "500000"), ("OTEL_BLRP_MAX_QUEUE_SIZE", "500000")];
const ALL: (&str, &str) = ("OTEL_TRACES_SAMPLER", "always_on");

#[test]
fn everything_arrives_and_what_was_said_is_found_by_its_trace() {
    let mut receiver = Receiver::start();
    let endpoint = receiver.endpoint(Protocol::HttpProtobuf);
    let truth = Storefront::open(&endpoint, &[ROOM[0], ROOM[1], ALL]).truth();
    for signal in ["traces", "metrics", "logs"] {
        assert_eq!(number(&truth, &format!("/exporter/{signal}/dropped")), 0, "{truth}");
    }
    let arrived = Arrived::of(&receiver.kill());
    assert_eq!(arrived.spans.len() as u64, number(&truth, "/spans"));
    assert_eq!(arrived.roots() as u64, number(&truth, "/traces"));
    assert_eq!(arrived.named("ask"), number(&truth, "/metrics/storefront.asked"));
    assert_eq!(arrived.named("price"), number(&truth, "/metrics/reliability.policy.calls"));
    arrived.assert_each_parent_is_there();
    arrived.assert_sums_are(&truth);

    assert_eq!(arrived.logs.len() as u64, number(&truth, "/logs"));
    let traces: BTreeSet<String> =
        arrived.spans.values().map(|span| text(&span["trace_id"])).collect();
    let of_traces: Vec<_> = arrived.logs.iter().filter(|it| it.get("trace_id").is_some()).collect();
    assert!(of_traces.iter().all(|record| traces.contains(&text(&record["trace_id"]))));
    let retries = of_traces.iter().filter(|record| {
        let attributes = record["attributes"].as_array().unwrap();
        let name = attributes.iter().find(|it| it["key"] == "event.name");
        name.is_some_and(|name| name["value"]["string_value"] == "reliability.policy.retried")
    });
    let retried = number(&truth, "/metrics/reliability.policy.retries");
    assert_eq!(retries.count() as u64, retried);
}

#[test]
fn what_tail_rules_keep_arrives_through_a_collector() {
    let receiver = Receiver::start();
    let collector = Collector::before(&receiver);
    let endpoint = format!("http://127.0.0.1:{}", collector.http);
    let truth = Storefront::open(&endpoint, &ROOM).truth();
    // The collector hands on in its own time.
    let mut arrived = Arrived::default();
    let asked = number(&truth, "/metrics/storefront.asked");
    while (arrived.spans.len() as u64) < number(&truth, "/spans")
        || (arrived.logs.len() as u64) < number(&truth, "/logs")
        || arrived.lacks_sums_of(&truth)
    {
        arrived.take(&receiver.next());
    }
    assert_eq!(arrived.spans.len() as u64, number(&truth, "/spans"));
    assert_eq!(arrived.roots() as u64, number(&truth, "/traces"));
    assert_eq!(arrived.logs.len() as u64, number(&truth, "/logs"));
    assert!(arrived.named("ask") < asked, "what went well was thrown away, but for some");
    arrived.assert_each_parent_is_there();
    arrived.assert_sums_are(&truth);
    for span in arrived.spans.values().filter(|span| span.get("parent_span_id").is_none()) {
        let attributes = span["attributes"].as_array().unwrap();
        assert!(attributes.iter().any(|it| it["key"] == "reliability.trace.kept_by"), "{span}");
    }
}

#[test]
fn a_receiver_that_dies_on_the_way_costs_what_is_counted_and_no_more() {
    let mut receiver = Receiver::start();
    let endpoint = receiver.endpoint(Protocol::HttpProtobuf);
    let small = [
        ALL,
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "20"),
        ROOM[1],
    ];
    let storefront = Storefront::open(&endpoint, &small);
    storefront.until("2s");
    let mut said = receiver.kill();
    let before = Arrived::of(&said).spans.len();
    storefront.until("4s");
    receiver.restart();
    let truth = storefront.truth();
    said.extend(receiver.kill());
    let arrived = Arrived::of(&said);

    let of = |what: &str| number(&truth, &format!("/exporter/{what}"));
    assert!(of("traces/failures") > 0 && of("traces/dropped") > 0, "{truth}");
    assert!(before > 0 && arrived.spans.len() > before, "it goes on when the receiver is back");
    assert_eq!(of("traces/exported") + of("traces/dropped"), number(&truth, "/spans"));
    assert_eq!(arrived.spans.len() as u64, of("traces/exported"));
    assert_eq!(of("logs/exported") + of("logs/dropped"), number(&truth, "/logs"));
    for signal in ["traces", "metrics", "logs"] {
        assert_eq!(of(&format!("{signal}/left")), 0, "{truth}");
    }
    arrived.assert_each_parent_is_there();
    // Counts go on where they were: of those nothing is lost.
    arrived.assert_sums_are(&truth);
}
