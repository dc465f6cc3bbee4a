//! The receiver in `receiver.py`, as a process of the test's own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver as Lines, channel};
use std::time::Duration;

use reliability::telemetry::otlp::{Otlp, OtlpBuilder, Protocol};
use serde_json::Value;

/// A loaded machine is slow, which is not what is tested.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// Where the programs are that receive; they are put there by the first test that asks.
pub(crate) fn installed() -> &'static Path {
    static INSTALLED: OnceLock<PathBuf> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let install = Command::new("bash").arg(format!("{HERE}/install")).output().unwrap();
        let said = String::from_utf8_lossy(&install.stderr);
        assert!(install.status.success(), "tests/otlp/install: {said}");
        PathBuf::from(String::from_utf8(install.stdout).unwrap().trim())
    })
}

#[derive(Debug)]
pub(crate) struct Receiver {
    process: Child,
    orders: ChildStdin,
    lines: Lines<Value>,
    http: u16,
    grpc: u16,
}

impl Receiver {
    /// On ports that are free.
    pub(crate) fn start() -> Self {
        Self::on(0, 0)
    }

    fn on(http: u16, grpc: u16) -> Self {
        let mut process = Command::new(installed().join("bin/python"))
            .arg(format!("{HERE}/receiver.py"))
            .args([http.to_string(), grpc.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = process.stdin.take().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        let (line, lines) = channel();
        std::thread::spawn(move || {
            for said in said.map_while(Result::ok) {
                // A test that is over does not listen any more.
                let _ = line.send(serde_json::from_str(&said).unwrap());
            }
        });
        let ports: Value = lines.recv_timeout(PATIENCE).expect("the receiver starts");
        let port = |name: &str| u16::try_from(ports[name].as_u64().unwrap()).unwrap();
        Self { http: port("http"), grpc: port("grpc"), process, orders, lines }
    }

    pub(crate) fn endpoint(&self, protocol: Protocol) -> String {
        let port = if protocol == Protocol::Grpc { self.grpc } else { self.http };
        format!("http://127.0.0.1:{port}")
    }

    /// An exporter that sends here, and only when it is told to.
    pub(crate) fn exporter(&self, protocol: Protocol) -> OtlpBuilder {
        let hour = Duration::from_secs(3_600);
        let builder = Otlp::builder().endpoint(self.endpoint(protocol)).protocol(protocol);
        builder.interval(hour).metric_interval(hour).stderr(false)
    }

    /// How it answers the next request that it has no answer for yet.
    pub(crate) fn answer(&mut self, answer: &Value) {
        writeln!(self.orders, "{answer}").unwrap();
        assert_eq!(self.next(), serde_json::json!({ "answer": "is known" }));
    }

    /// What it said next.
    pub(crate) fn next(&self) -> Value {
        self.lines.recv_timeout(PATIENCE).expect("the receiver says something")
    }

    /// The next request of that signal, beside which there may be others.
    pub(crate) fn next_of(&self, signal: &str) -> Value {
        std::iter::repeat_with(|| self.next()).find(|said| said["signal"] == signal).unwrap()
    }

    /// As `kill -9` does. Says all that it had said.
    pub(crate) fn kill(&mut self) -> Vec<Value> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // Ends when the process's end of the pipe is closed and all was read.
        self.lines.iter().collect()
    }

    /// Another one where this one was.
    pub(crate) fn restart(&mut self) {
        *self = Self::on(self.http, self.grpc);
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The bodies of the log records in a request.
pub(crate) fn bodies(request: &Value) -> Vec<String> {
    let scopes = request["message"]["resource_logs"][0]["scope_logs"].as_array().unwrap();
    let records = scopes.iter().flat_map(|scope| scope["log_records"].as_array().unwrap());
    records.map(|it| it["body"]["string_value"].as_str().unwrap().to_owned()).collect()
}
