use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::collections::BTreeMap;

use super::kept::kept;
use crate::error::plural;
use crate::telemetry::dashboard::{
    Edge, Map, Node, Panel, Standing, Submitted, View, Widget, words,
};
use crate::telemetry::trace::{Kind, Span, Trace};

inventory::submit! {
    Submitted { place: 40, panel: &ServiceMap }
}

/// Who called whom in the traces that were kept: callers, operations of this process, and what
/// they called.
struct ServiceMap;

/// How many nodes are drawn. The others are counted.
const NODES: usize = 40;

/// Who calls from outside, and does not say who it is.
const OUTSIDE: &str = "callers";

impl Panel for ServiceMap {
    fn id(&self) -> &'static str {
        "map"
    }

    fn title(&self) -> &'static str {
        "Service map"
    }

    fn view(&self) -> View {
        let kept = kept();
        let calls = Calls::of(kept.iter().map(|trace| &**trace));
        let standing = match calls.by_pair.len() {
            0 => Standing::None,
            // What failed is kept rather than what did not: more than a look it does not call for.
            _ => calls
                .by_pair
                .values()
                .map(Tally::standing)
                .max()
                .unwrap_or_default()
                .min(Standing::Warn),
        };
        let summary = match kept.len() {
            0 => "drawn from kept traces; none was kept yet".to_string(),
            all => format!(
                "from {} kept last, among which failures are more than their share",
                plural(all as u64, "trace", "traces")
            ),
        };
        let (map, more) = calls.into_map();
        let view = View::new(standing, summary).with(Widget::Map(map));
        match more {
            0 => view,
            _ => view.with(Widget::Note(format!("{more} more are not drawn").into())),
        }
    }
}

#[derive(Debug, Default)]
struct Tally {
    calls: u64,
    failed: u64,
    slowest: Duration,
}

impl Tally {
    fn add(&mut self, span: &Span) {
        self.calls += 1;
        self.failed += u64::from(span.status.is_error());
        self.slowest = self.slowest.max(span.duration);
    }

    fn standing(&self) -> Standing {
        match self.failed {
            0 => Standing::Ok,
            failed if failed * 2 >= self.calls => Standing::Bad,
            _ => Standing::Warn,
        }
    }

    fn title(&self) -> String {
        let failed =
            if self.failed > 0 { format!(", {} failed", self.failed) } else { String::new() };
        format!("{}{failed}", plural(self.calls, "call", "calls"))
    }
}

#[derive(Debug, Default)]
struct Calls {
    by_pair: BTreeMap<(String, String), Tally>,
    /// What is said below the name of each node.
    nodes: BTreeMap<String, (&'static str, Tally)>,
}

impl Calls {
    fn of<'a>(traces: impl Iterator<Item = &'a Trace>) -> Self {
        let mut calls = Self::default();
        for trace in traces {
            let Some(root) = trace.spans.first() else {
                continue;
            };
            let operation = root.name.to_string();
            calls.node(&operation, "operation", root);
            if root.parent_is_remote || matches!(root.kind, Kind::Server | Kind::Consumer) {
                calls.node(OUTSIDE, "outside", root);
                calls.pair(OUTSIDE, &operation, root);
            }
            for span in &trace.spans {
                if let Some(peer) = peer(span) {
                    calls.node(&peer, "called", span);
                    calls.pair(&operation, &peer, span);
                }
            }
        }
        calls
    }

    fn node(&mut self, name: &str, what: &'static str, span: &Span) {
        let (_, tally) =
            self.nodes.entry(name.to_string()).or_insert_with(|| (what, Tally::default()));
        tally.add(span);
    }

    fn pair(&mut self, from: &str, to: &str, span: &Span) {
        self.by_pair.entry((from.to_string(), to.to_string())).or_default().add(span);
    }

    fn into_map(self) -> (Map, usize) {
        let Self { by_pair, nodes } = self;
        let more = nodes.len().saturating_sub(NODES);
        let mut nodes: Vec<_> = nodes.into_iter().collect();
        // What is called most stands for the others.
        nodes.sort_by_key(|(_, (_, tally))| core::cmp::Reverse(tally.calls));
        nodes.truncate(NODES);
        let told: Vec<String> = by_pair
            .iter()
            .map(|((from, to), tally)| format!("{from} calls {to}: {}", tally.title()))
            .collect();
        let map = Map {
            describe: Cow::Owned(told.join("; ")),
            nodes: nodes
                .into_iter()
                .map(|(name, (what, tally))| {
                    let said = format!("{what}, slowest {}", words::duration(tally.slowest));
                    Node::new(name, said, tally.standing())
                })
                .collect(),
            edges: by_pair
                .into_iter()
                .map(|((from, to), tally)| Edge::new(from, to, tally.title(), tally.standing()))
                .collect(),
        };
        (map, more)
    }
}

/// What a span calls, by the names that the semantic conventions have for it.
fn peer(span: &Span) -> Option<String> {
    if !matches!(span.kind, Kind::Client | Kind::Producer) {
        return None;
    }
    let names = [
        "peer.service",
        "service.peer.name",
        "messaging.destination.name",
        "db.namespace",
        "server.address",
        "db.system.name",
        "messaging.system",
        "rpc.service",
    ];
    let value = |key: &str| span.attributes.iter().find(|it| it.key == key).map(|it| &it.value);
    let named = names.iter().find_map(|key| value(key)).map(ToString::to_string);
    named.or_else(|| Some(span.name.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Attribute;
    use crate::telemetry::trace::{SpanId, Status, TraceId};
    use std::time::SystemTime;

    fn span(id: u64, name: &'static str, kind: Kind) -> Span {
        let id = SpanId::new(id).expect("is not zero");
        let mut span = Span::new(id, name, SystemTime::UNIX_EPOCH, Duration::from_millis(2));
        span.kind = kind;
        span
    }

    #[test]
    fn calls_are_counted_by_who_and_whom() {
        let mut failed = span(2, "GET", Kind::Client);
        failed.attributes.push(Attribute::new("server.address", "stock"));
        failed.status = Status::Error("503".into());
        let spans = [span(1, "checkout", Kind::Server), failed, span(3, "hash", Kind::Internal)];
        let trace = Trace::new(TraceId::new(1).expect("is not zero"), spans.into());
        let (map, more) = Calls::of([&trace, &trace].into_iter()).into_map();
        let edges: Vec<(&str, &str, &str)> = map
            .edges
            .iter()
            .map(|edge| (edge.from.as_str(), edge.to.as_str(), edge.title.as_ref()))
            .collect();
        assert_eq!(
            edges,
            [("callers", "checkout", "2 calls"), ("checkout", "stock", "2 calls, 2 failed")]
        );
        assert_eq!(map.edges[1].standing, Standing::Bad);
        assert_eq!(
            map.describe,
            "callers calls checkout: 2 calls; checkout calls stock: 2 calls, 2 failed"
        );
        assert_eq!(more, 0);
    }

    #[test]
    fn many_peers_are_not_all_drawn() {
        let trace = |number: u64| {
            let mut call = span(2, "GET", Kind::Client);
            call.attributes.push(Attribute::new("server.address", format!("host-{number}")));
            let spans = [span(1, "checkout", Kind::Internal), call];
            Trace::new(TraceId::new(number.into()).expect("is not zero"), spans.into())
        };
        let traces: Vec<Trace> = (1..=100).map(trace).collect();
        let (map, more) = Calls::of(traces.iter()).into_map();
        assert_eq!((map.nodes.len(), more), (NODES, 61));
    }
}
