//! Through a real collector: rotel takes what we send, and hands it on to the receiver.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reliability::telemetry::otlp::{Otlp, Protocol, Signal};
use serde_json::Value;

use crate::receiver::{PATIENCE, Receiver, installed};
use crate::telling::{
    arrived_metrics, arrived_record, arrived_trace, metrics, record, resource, told_metrics, trace,
    without_time,
};

pub(crate) struct Collector {
    process: Child,
    folder: PathBuf,
    pub(crate) http: u16,
    grpc: u16,
}

/// Free at this moment; who is given it meanwhile makes the test fail to start, not to pass.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn program(of: &Path) -> PathBuf {
    let versions = std::fs::read_dir(of.join("lib")).unwrap();
    let agent = "site-packages/rotel/rotel-agent";
    let mut paths = versions.map(|version| version.unwrap().path().join(agent));
    paths.find(|path| path.exists()).expect("rotel-agent")
}

impl Collector {
    pub(crate) fn before(receiver: &Receiver) -> Self {
        let (http, grpc) = (free_port(), free_port());
        let folder = std::env::temp_dir().join(format!("rotel-{}-{http}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let process = Command::new(program(installed()))
            .args(["start", "--disable-batching"])
            .args(["--otlp-http-endpoint", &format!("127.0.0.1:{http}")])
            .args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")])
            .args(["--exporter", "otlp", "--otlp-exporter-protocol", "grpc"])
            .args(["--otlp-exporter-endpoint", &receiver.endpoint(Protocol::Grpc)])
            .arg("--pid-file")
            .arg(folder.join("pid"))
            .current_dir(&folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, folder, http, grpc }
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn a_collector_takes_it_and_hands_it_on_as_it_was() {
    let receiver = Receiver::start();
    let collector = Collector::before(&receiver);
    let ways = [(Protocol::HttpProtobuf, collector.http), (Protocol::Grpc, collector.grpc)];
    for (protocol, port) in ways {
        let otlp = Otlp::builder()
            .endpoint(format!("http://127.0.0.1:{port}"))
            .protocol(protocol)
            .resource(resource())
            .metrics_from(metrics)
            .stderr(false)
            .build()
            .unwrap();
        otlp.trace(trace());
        otlp.log(record());
        // Also waits until it has started: until then nobody listens there.
        otlp.shutdown(PATIENCE).unwrap();
        assert_eq!(otlp.health().signal(Signal::Traces).map(|it| it.exported), Some(2));
        let mut said = [receiver.next(), receiver.next(), receiver.next()];
        said.sort_by_key(|request| request["signal"].as_str().unwrap().to_owned());
        let [logs, metrics, traces] = said;
        assert_eq!(traces["message"], arrived_trace());
        assert_eq!(logs["message"], arrived_record());
        let (mut of_program, own) = told_metrics(&metrics);
        without_time(&mut of_program);
        assert_eq!(Value::from(of_program), arrived_metrics());
        assert!(!own.is_empty());
    }
}
