//! When requests go, what becomes of them, and who is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use prost::Message;
use prost::bytes::Bytes;

use crate::telemetry::Resource;
use crate::telemetry::log::{Level, Record};
use crate::telemetry::metrics::{Data, Metric, Point};
use crate::telemetry::otlp::answer::Answer;
use crate::telemetry::otlp::health::{Dropped, SignalHealth};
use crate::telemetry::otlp::lane::{Lane, Pace};
use crate::telemetry::otlp::pipeline::{Next, Pipeline, Report, Wish};
use crate::telemetry::otlp::queue::{Inbox, queue};
use crate::telemetry::otlp::supply::{Collected, Queued, Supply};
use crate::telemetry::otlp::transport::Transport;
use crate::telemetry::otlp::watch::{SignalWatch, Watch};
use crate::telemetry::otlp::{Signal, encode};
use crate::time::{Instant, ManualClock};

const INTERVAL: Duration = Duration::from_secs(5);
const GIVE_UP_AFTER: Duration = Duration::from_secs(100);

/// A receiver that answers by a script, and takes everything after its end.
#[derive(Default)]
struct Script {
    answers: VecDeque<Answer>,
    /// How long an answer takes.
    takes: Duration,
    manual: ManualClock,
    sent: Vec<(Signal, Bytes)>,
    timeouts: Vec<Duration>,
}

impl Transport for Script {
    fn send(&mut self, signal: Signal, body: &Bytes, timeout: Duration) -> Answer {
        self.sent.push((signal, body.clone()));
        self.timeouts.push(timeout);
        self.manual.advance(self.takes.min(timeout));
        let well = Answer::Taken { refused: 0, said: String::new() };
        self.answers.pop_front().unwrap_or(well)
    }
}

struct Bench {
    manual: ManualClock,
    pipeline: Pipeline,
    inbox: Inbox<Record>,
    watch: Arc<Watch>,
    script: Script,
}

impl Bench {
    fn new(queued: u64, batch: u64) -> Self {
        let (inbox, outbox) = queue(queued, u64::MAX);
        let room = Arc::clone(inbox.room());
        let watch = SignalWatch::new("http://c".into(), Some(room));
        let watch = Arc::new(Watch::new([None, None, Some(watch)]));
        let encode = |resource: &_, records| encode::logs(resource, records).encode_to_vec();
        let supply = Queued::new(outbox, encode, encode::resource(&Resource::empty()), batch);
        Self::with(Signal::Logs, Box::new(supply), inbox, watch)
    }

    fn with(
        signal: Signal,
        supply: Box<dyn Supply>,
        inbox: Inbox<Record>,
        watch: Arc<Watch>,
    ) -> Self {
        let manual = ManualClock::new();
        let timeout = Duration::from_secs(10);
        let pace = Pace { interval: INTERVAL, timeout, give_up_after: GIVE_UP_AFTER };
        let lane = Lane::new(signal, supply, pace, Arc::clone(&watch), Instant::ZERO);
        let pipeline = Pipeline::new(manual.clock(), vec![lane]);
        let script = Script { manual: manual.clone(), ..Script::default() };
        Self { manual, pipeline, inbox, watch, script }
    }

    fn put(&self, bodies: &[&str]) {
        for body in bodies {
            let record = Record::new(UNIX_EPOCH, Level::Info, *body);
            assert!(self.inbox.put(record).is_ok(), "{body}");
        }
    }

    /// Steps until there is nothing to do, and says for how long.
    fn run(&mut self) -> Next {
        loop {
            match self.pipeline.step(&mut self.script) {
                Next::Again => {}
                next => return next,
            }
        }
    }

    /// Goes on with time, as the thread would, until that much has passed.
    fn run_for(&mut self, time: Duration) {
        let mut left = time;
        while let Next::Wait(pause) = self.run() {
            let pause = pause.max(Duration::from_nanos(1)).min(left);
            self.manual.advance(pause);
            left -= pause;
            if left.is_zero() {
                break;
            }
        }
    }

    fn wish(&mut self, within: Duration, last: bool) -> Receiver<Report> {
        let (reply, report) = sync_channel(1);
        self.pipeline.wish(Wish { within, last, reply });
        report
    }

    /// The bodies of the records of each request.
    fn sent(&mut self) -> Vec<Vec<String>> {
        let bodies = |(_, body): (Signal, Bytes)| {
            let request = ExportLogsServiceRequest::decode(body).unwrap();
            let scopes = &request.resource_logs[0].scope_logs;
            let records = scopes.iter().flat_map(|scope| &scope.log_records);
            records.map(|record| format!("{:?}", record.body)).map(|it| text(&it)).collect()
        };
        self.script.sent.drain(..).map(bodies).collect()
    }

    fn health(&self) -> SignalHealth {
        self.watch.health().signals[0].clone()
    }
}

/// What stands between the quotes.
fn text(debug: &str) -> String {
    debug.split('"').nth(1).unwrap_or_default().to_owned()
}

fn refused() -> Answer {
    Answer::later("connection refused")
}

fn after(seconds: u64) -> Answer {
    Answer::Later { after: Some(Duration::from_secs(seconds)), why: "full".into() }
}

#[test]
fn a_full_batch_goes_at_once_and_others_when_the_interval_is_over() {
    let mut bench = Bench::new(10, 3);
    bench.put(&["a", "b"]);
    assert_eq!(bench.run(), Next::Wait(INTERVAL));
    bench.put(&["c", "d"]);
    bench.run();
    assert_eq!(bench.sent(), [["a", "b", "c"]]);
    bench.run_for(INTERVAL);
    bench.run();
    assert_eq!(bench.sent(), [["d"]]);
    let health = bench.health();
    assert_eq!((health.exported, health.queued, health.in_flight), (4, 0, 0));
    assert!(health.last_success.is_some());
}

#[test]
fn a_request_that_failed_is_sent_again_and_those_behind_it_wait() {
    let mut bench = Bench::new(10, 2);
    bench.script.answers = [refused(), refused()].into();
    bench.put(&["a", "b", "c", "d"]);
    bench.run();
    assert_eq!(bench.sent(), [["a", "b"]]);
    let health = bench.health();
    assert_eq!((health.queued, health.in_flight, health.failures), (2, 2, 1));
    assert!(health.failing_since.is_some());
    // The pause is a half of the second, or more.
    bench.manual.advance(Duration::from_millis(499));
    bench.run();
    assert!(bench.sent().is_empty());
    bench.run_for(Duration::from_secs(10));
    assert_eq!(bench.sent(), [["a", "b"], ["a", "b"], ["c", "d"]]);
    let health = bench.health();
    assert_eq!((health.exported, health.failures, health.failing_since), (4, 2, None));
    assert_eq!(health.dropped, Dropped::default());
}

#[test]
fn a_receiver_is_not_asked_again_before_it_said() {
    let mut bench = Bench::new(10, 1);
    bench.script.answers = [after(60)].into();
    bench.put(&["a"]);
    bench.run_for(Duration::from_millis(59_999));
    assert_eq!(bench.sent().len(), 1);
    // And by chance up to a second later.
    bench.run_for(Duration::from_secs(2));
    assert_eq!(bench.sent(), [["a"]]);
}

#[test]
fn what_cannot_be_delivered_for_too_long_is_given_up_and_the_next_is_tried() {
    let mut bench = Bench::new(10, 2);
    bench.script.answers = core::iter::repeat_n(refused(), 20).collect();
    bench.put(&["a", "b", "c"]);
    bench.run_for(GIVE_UP_AFTER);
    let health = bench.health();
    assert_eq!(health.dropped, Dropped { gave_up: 2, ..Dropped::default() });
    assert_eq!(bench.sent().last(), Some(&vec!["c".to_owned()]));
    // A receiver that does not want to be asked within that time is not waited for.
    let mut bench = Bench::new(10, 2);
    bench.script.answers = [after(101)].into();
    bench.put(&["a", "b"]);
    bench.run();
    assert_eq!(bench.health().dropped.gave_up, 2);
}

#[test]
fn what_is_refused_is_not_sent_again() {
    let mut bench = Bench::new(10, 2);
    let partly = Answer::Taken { refused: 1, said: "too old".into() };
    bench.script.answers = [Answer::never("HTTP 400"), partly].into();
    bench.put(&["a", "b", "c", "d", "e", "f"]);
    bench.run_for(Duration::from_secs(60));
    assert_eq!(bench.sent().len(), 3);
    let health = bench.health();
    assert_eq!((health.exported, health.dropped.refused), (3, 3));
    assert_eq!(health.last_error.map(|error| error.why), Some("too old".into()));
}

#[test]
fn a_flush_ends_when_all_that_was_there_is_delivered() {
    let mut bench = Bench::new(10, 3);
    bench.put(&["a", "b", "c", "d"]);
    let report = bench.wish(Duration::from_secs(1), false);
    bench.put(&["e"]);
    bench.run();
    assert_eq!(report.try_recv(), Ok(Report { undelivered: 0, why: None }));
    // What came later may go with what was there.
    assert_eq!(bench.sent().concat(), ["a", "b", "c", "d", "e"]);
    let report = bench.wish(Duration::from_secs(1), false);
    bench.run();
    assert_eq!(report.try_recv().map(|report| report.undelivered), Ok(0), "nothing to do");
}

#[test]
fn a_flush_tells_what_was_not_delivered_and_why() {
    let mut bench = Bench::new(10, 2);
    bench.script.answers = [Answer::never("HTTP 400: bad")].into();
    bench.put(&["a", "b", "c"]);
    let report = bench.wish(Duration::from_secs(1), false);
    bench.run();
    let why = Some("HTTP 400: bad".into());
    assert_eq!(report.try_recv(), Ok(Report { undelivered: 2, why }));
    // One that fails all the time.
    bench.script.answers = core::iter::repeat_n(refused(), 9).collect();
    bench.put(&["d"]);
    let report = bench.wish(Duration::from_secs(3), false);
    bench.run_for(Duration::from_secs(3));
    bench.run();
    let why = Some("connection refused".into());
    assert_eq!(report.try_recv(), Ok(Report { undelivered: 1, why }));
    assert_eq!(bench.health().dropped.gave_up, 0, "it is still tried");
}

#[test]
fn a_flush_that_can_only_fail_fails_at_once() {
    let mut bench = Bench::new(10, 2);
    bench.script.answers = [after(60)].into();
    bench.put(&["a"]);
    let report = bench.wish(Duration::from_secs(5), false);
    bench.run();
    assert_eq!(report.try_recv(), Ok(Report { undelivered: 1, why: Some("full".into()) }));
}

#[test]
fn a_flush_waits_for_who_was_interrupted_while_putting() {
    let mut bench = Bench::new(10, 5);
    // As it is between the two instructions of somebody who puts a record there.
    assert_eq!(bench.inbox.room().take(1, 0), Some(0));
    let report = bench.wish(Duration::from_secs(1), false);
    assert_eq!(bench.run(), Next::Wait(Duration::from_millis(1)));
    bench.inbox.room().give_back(1, 0);
    bench.put(&["a"]);
    bench.manual.advance(Duration::from_millis(1));
    bench.run();
    assert_eq!(bench.sent(), [["a"]]);
    assert_eq!(report.try_recv().map(|report| report.undelivered), Ok(0));
}

#[test]
fn the_end_delivers_what_is_there() {
    let mut bench = Bench::new(10, 2);
    bench.script.answers = [refused()].into();
    bench.put(&["a", "b", "c"]);
    let report = bench.wish(Duration::from_secs(5), true);
    bench.run_for(Duration::from_secs(2));
    assert_eq!(bench.sent().concat(), ["a", "b", "a", "b", "c"]);
    assert_eq!(report.try_recv().map(|report| report.undelivered), Ok(0));
}

#[test]
fn the_end_comes_when_it_was_to_come_and_what_is_left_is_counted() {
    let mut bench = Bench::new(10, 2);
    bench.script.answers = core::iter::repeat_n(refused(), 99).collect();
    bench.script.takes = Duration::from_secs(60);
    bench.put(&["a", "b", "c"]);
    let report = bench.wish(Duration::from_secs(5), true);
    bench.run_for(Duration::from_secs(60));
    assert_eq!(bench.run(), Next::Done);
    assert_eq!(bench.script.timeouts[0], Duration::from_secs(5), "no longer than it may take");
    assert!(bench.manual.clock().now() <= Instant::ZERO.saturating_add(Duration::from_secs(6)));
    assert_eq!(report.try_recv().map(|report| report.undelivered), Ok(3));
    let health = bench.health();
    assert_eq!(health.dropped, Dropped { shut_down: 3, ..Dropped::default() });
    assert_eq!((health.queued, health.in_flight), (0, 0));
}

fn metrics(source: impl Fn() -> Vec<Metric> + Send + 'static) -> Bench {
    let (inbox, _) = queue(1, 1_000);
    let watch = SignalWatch::new("http://c".into(), None);
    let watch = Arc::new(Watch::new([None, Some(watch), None]));
    let resource = encode::resource(&Resource::empty());
    let own = Arc::clone(&watch);
    let all = move || source().into_iter().chain(own.metrics()).collect();
    let supply = Collected::new(Box::new(all), resource, UNIX_EPOCH, Arc::clone(&watch));
    Bench::with(Signal::Metrics, Box::new(supply), inbox, watch)
}

#[test]
fn newer_numbers_replace_those_that_could_not_be_sent() {
    let one = || vec![Metric::new("a", "", "", Data::Counter(vec![Point::new(vec![], 1)]))];
    let mut bench = metrics(one);
    bench.script.answers = core::iter::repeat_n(after(90), 2).collect();
    bench.run_for(INTERVAL);
    bench.run();
    let collected = bench.health().in_flight;
    assert!(collected > 1, "its own are among them: {collected}");
    bench.run_for(INTERVAL * 2);
    bench.run();
    let health = bench.health();
    // Twice failed, and the third time taken.
    assert_eq!(bench.script.sent.len(), 3);
    assert_eq!(health.dropped.total(), health.dropped.superseded);
    assert_eq!((health.dropped.superseded, health.in_flight), (2 * collected, 0));
}

#[test]
fn a_source_that_panics_is_told_and_the_exporter_lives() {
    let mut bench = metrics(|| panic!("a bug"));
    bench.run_for(INTERVAL);
    bench.run();
    let health = bench.health();
    assert_eq!(
        health.last_error.map(|error| error.why),
        Some("the source of the metrics panicked".into())
    );
    assert!(health.exported > 0, "its own metrics");
}
