//! The exporter on the page of `telemetry::dashboard`.

use alloc::format;
use alloc::string::String;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::time::Duration;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::health::{Health, SignalHealth};
use super::watch::Watch;
use crate::telemetry::dashboard::{
    Cell, Column, Content, Number, Part, Row, Standing, Table, View, Widget, words,
};
use crate::time::wall_clock;

/// The exporters of the process; those that are gone are forgotten when another one comes.
static EXPORTERS: Mutex<Vec<Weak<Watch>>> = Mutex::new(Vec::new());

pub(super) fn add(watch: &Arc<Watch>) {
    let mut exporters = EXPORTERS.lock().unwrap_or_else(PoisonError::into_inner);
    exporters.retain(|exporter| exporter.strong_count() > 0);
    exporters.push(Arc::downgrade(watch));
}

inventory::submit! {
    Part { place: 50, view }
}

/// How each exporter that there is does with each of its signals, and all of it in a sentence.
fn view() -> View {
    let exporters: Vec<Health> = {
        let exporters = EXPORTERS.lock().unwrap_or_else(PoisonError::into_inner);
        exporters.iter().filter_map(|exporter| Some(exporter.upgrade()?.health())).collect()
    };
    let (standing, summary, table) = shown(&exporters, wall_clock());
    View::new(standing, summary).with(Widget::Table(table))
}

/// What is shown of more exporters than a program ever has.
const EXPORTERS_MAX: usize = 8;

fn shown(exporters: &[Health], now: SystemTime) -> (Standing, String, Table) {
    let columns = Vec::from([
        Column::text("State"),
        Column::number("Sent"),
        Column::number("Waiting"),
        Column::number("Lost"),
        Column::number("Last success"),
    ]);
    let empty = "Nothing goes to a collector: no exporter was built. This page needs none.";
    let mut table = Table::new("Export", columns, empty);
    let (mut standing, mut failing) = (Standing::None, Vec::new());
    for (at, exporter) in exporters.iter().take(EXPORTERS_MAX).enumerate() {
        for signal in &exporter.signals {
            let (state, how) = state(exporter, signal);
            standing = standing.max(how);
            if how == Standing::Bad {
                failing.push(signal.signal.as_str());
            }
            table.rows.push(row(format!("{at}/{}", signal.signal), signal, (state, how), now));
        }
    }
    let lost: u64 = exporters.iter().map(Health::lost).sum();
    let summary = match (exporters.len(), failing.is_empty(), lost) {
        (0, ..) => "nothing is exported".into(),
        (_, false, _) => format!("not exported: {}", failing.join(", ")),
        (..) if exporters.iter().any(|exporter| !exporter.running) => {
            "an exporter has stopped".into()
        }
        (_, true, 0) if standing == Standing::None => "nothing was sent yet".into(),
        (_, true, 0) => "all is exported".into(),
        (_, true, lost) => format!("all is exported now; {lost} were lost before"),
    };
    (standing, summary, table)
}

fn state(exporter: &Health, signal: &SignalHealth) -> (&'static str, Standing) {
    match (exporter.running, signal.failing_since, signal.last_success) {
        (false, ..) => ("stopped", Standing::Warn),
        (true, Some(_), _) => ("failing", Standing::Bad),
        (true, None, Some(_)) if signal.dropped.total() > 0 => ("lost some", Standing::Warn),
        (true, None, Some(_)) => ("sending", Standing::Ok),
        (true, None, None) => ("nothing yet", Standing::None),
    }
}

fn row(
    id: String,
    signal: &SignalHealth,
    (state, standing): (&'static str, Standing),
    now: SystemTime,
) -> Row {
    let since = |at: SystemTime| now.duration_since(at).unwrap_or(Duration::ZERO);
    let ago = |at: SystemTime| format!("{} ago", words::duration(since(at)));
    let cells = Vec::from([
        Cell::new(state).standing(standing),
        Cell::new(Number::Count(signal.exported)),
        Cell::new(Number::Count(signal.queued + signal.in_flight)),
        Cell::new(Number::Count(signal.dropped.total())),
        Cell::new(signal.last_success.map(|at| Number::Duration(since(at)))),
    ]);
    let mut row = Row::new(id, signal.signal.as_str(), cells);
    if let (Some(_), Some(error)) = (signal.failing_since, &signal.last_error) {
        row.subtitle = Some(error.why.clone().into());
    }
    let mut fact = |name: &'static str, value: Content| row.facts.push((name.into(), value));
    fact("goes to", signal.endpoint.clone().into());
    let kib = signal.queued_bytes.div_ceil(1 << 10);
    fact("in the queue", format!("{}, about {kib} KiB", words::count(signal.queued)).into());
    fact("in flight", Number::Count(signal.in_flight).into());
    fact("failed requests", Number::Count(signal.failures).into());
    if let Some(at) = signal.failing_since {
        fact("began to fail", ago(at).into());
    }
    if let Some(error) = &signal.last_error {
        fact("last failure", format!("{}: {}", ago(error.at), error.why).into());
    }
    for (reason, count) in signal.dropped.by_reason().into_iter().filter(|(_, count)| *count > 0) {
        fact("lost", format!("{}: {}", words::count(count), words::spoken(reason)).into());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::super::Signal;
    use super::super::watch::{Loss, SignalWatch};
    use super::*;

    fn watched() -> [Watch; 2] {
        let signal = |endpoint: &str| Some(SignalWatch::new(endpoint.into(), None));
        [
            Watch::new([signal("http://a/v1/traces"), None, signal("http://a/v1/logs")]),
            Watch::new([None, signal("http://b/v1/metrics"), None]),
        ]
    }

    fn health(watched: &[Watch; 2]) -> (Standing, String, Vec<(String, String)>) {
        let all = watched.each_ref().map(Watch::health);
        let (standing, summary, table) = shown(&all, wall_clock());
        let state = |row: &Row| match &row.cells[0].content {
            crate::telemetry::dashboard::Content::Text(state) => state.to_string(),
            other => format!("{other:?}"),
        };
        let rows = table.rows.iter().map(|row| (row.id.clone(), state(row))).collect();
        (standing, summary, rows)
    }

    #[test]
    fn what_is_not_exported_is_said_first() {
        let watched = watched();
        let named = |states: [&str; 3]| {
            let ids = ["0/traces", "0/logs", "1/metrics"].map(String::from);
            ids.into_iter().zip(states.map(String::from)).collect::<Vec<_>>()
        };
        let nothing = named(["nothing yet"; 3]);
        assert_eq!(health(&watched), (Standing::None, "nothing was sent yet".into(), nothing));

        let signal = |at: usize, signal| watched[at].signal(signal).expect("is watched");
        signal(0, Signal::Traces).succeeded(3);
        signal(0, Signal::Logs).succeeded(1);
        signal(0, Signal::Logs).lost(2, Loss::QueueFull);
        signal(1, Signal::Metrics).failed("refused".into());
        let states = named(["sending", "lost some", "failing"]);
        assert_eq!(health(&watched), (Standing::Bad, "not exported: metrics".into(), states));

        signal(1, Signal::Metrics).succeeded(1);
        let (standing, summary, _) = health(&watched);
        assert_eq!(
            (standing, &*summary),
            (Standing::Warn, "all is exported now; 2 were lost before")
        );

        watched[1].stopped();
        let (standing, summary, rows) = health(&watched);
        assert_eq!((standing, &*rows[2].1), (Standing::Warn, "stopped"));
        assert_eq!(summary, "an exporter has stopped");
        assert_eq!(shown(&[], wall_clock()).1, "nothing is exported");
    }
}
