use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::UNIX_EPOCH;

use proptest::prelude::*;

use super::*;
use crate::telemetry::metrics::{
    Collection, Data, Descriptor, Exemplar, HistogramPoint, Metric, Point,
};
use crate::telemetry::trace::{SpanId, TraceId};
use crate::telemetry::{Attribute, Value};

fn shop() -> Vec<Metric> {
    let at = UNIX_EPOCH + Duration::from_millis(1_500);
    let exemplar = |value: f64| {
        let ids = TraceId::new(0xabc).zip(SpanId::new(0xdef)).expect("not zero");
        Exemplar::new(value, at, ids.0, ids.1)
    };
    let orders = [("tea", 3), ("cake", 0)].map(|(kind, count)| {
        let mut point = Point::new(Vec::from([Attribute::new("shop.kind", kind)]), count);
        point.exemplar = (count > 0).then(|| exemplar(1.0));
        point
    });
    let mut took = HistogramPoint::new(
        Vec::from([Attribute::new("le", "a label of the user's")]),
        &[0.5, 1.0][..],
        Vec::from([2, 0, 1]),
        7.25,
    );
    took.exemplars = Vec::from([exemplar(0.25), exemplar(6.5)]);
    let waiting = Data::UpDownCounter(Vec::from([Point::new(Vec::new(), -2)]));
    let load = [f64::INFINITY, 0.1, 1e300].map(|value| {
        let name = Attribute::new("n", value.to_string().len() as u64);
        Point::new(Vec::from([name]), value)
    });
    Vec::from([
        Metric::new("shop.load", "1", "With a \\ and\ntwo \"lines\".", Data::Gauge(load.into())),
        Metric::new("shop.orders", "{order}", "Orders.", Data::Counter(orders.into())),
        Metric::new("shop.took", "s", "Took.", Data::Histogram(Vec::from([took]))),
        Metric::new("shop.waiting", "", "", waiting),
        Metric::new("shop_orders", "", "Another one.", Data::Gauge(Vec::new())),
    ])
}

fn here() -> Resource {
    Resource::empty().with("service.name", "shop").with("process.pid", 7)
}

#[test]
fn the_text_format() {
    let expected = r##"# HELP target_info What is known of the process.
# TYPE target_info gauge
target_info{process_pid="7",service_name="shop"} 1
# HELP shop_load_ratio With a \\ and\ntwo "lines".
# TYPE shop_load_ratio gauge
shop_load_ratio{n="3"} +Inf
shop_load_ratio{n="3"} 0.1
shop_load_ratio{n="301"} 1e300
# HELP shop_orders_total Orders.
# TYPE shop_orders_total counter
shop_orders_total{shop_kind="tea"} 3
shop_orders_total{shop_kind="cake"} 0
# HELP shop_took_seconds Took.
# TYPE shop_took_seconds histogram
shop_took_seconds_bucket{exported_le="a label of the user's",le="0.5"} 2
shop_took_seconds_bucket{exported_le="a label of the user's",le="1"} 2
shop_took_seconds_bucket{exported_le="a label of the user's",le="+Inf"} 3
shop_took_seconds_sum{exported_le="a label of the user's"} 7.25
shop_took_seconds_count{exported_le="a label of the user's"} 3
# HELP shop_waiting 
# TYPE shop_waiting gauge
shop_waiting -2
# shop_orders is left out: there is another shop_orders
"##;
    assert_eq!(render(&shop(), &here(), Format::Text), expected);
}

#[test]
fn open_metrics_has_exemplars_and_units() {
    let exemplar = |value: &str| {
        let trace = "00000000000000000000000000000abc";
        alloc::format!(r##" # {{trace_id="{trace}",span_id="0000000000000def"}} {value} 1.500"##)
    };
    let expected = r##"# HELP target What is known of the process.
# TYPE target info
target_info{process_pid="7",service_name="shop"} 1
# HELP shop_load_ratio With a \\ and\ntwo \"lines\".
# TYPE shop_load_ratio gauge
# UNIT shop_load_ratio ratio
shop_load_ratio{n="3"} +Inf
shop_load_ratio{n="3"} 0.1
shop_load_ratio{n="301"} 1e300
# HELP shop_orders Orders.
# TYPE shop_orders counter
shop_orders_total{shop_kind="tea"} 3 EXEMPLAR 1
shop_orders_total{shop_kind="cake"} 0
# HELP shop_took_seconds Took.
# TYPE shop_took_seconds histogram
# UNIT shop_took_seconds seconds
shop_took_seconds_bucket{exported_le="a label of the user's",le="0.5"} 2 EXEMPLAR 0.25
shop_took_seconds_bucket{exported_le="a label of the user's",le="1.0"} 2
shop_took_seconds_bucket{exported_le="a label of the user's",le="+Inf"} 3 EXEMPLAR 6.5
shop_took_seconds_sum{exported_le="a label of the user's"} 7.25
shop_took_seconds_count{exported_le="a label of the user's"} 3
# HELP shop_waiting 
# TYPE shop_waiting gauge
shop_waiting -2
# EOF
"##;
    let expected = ["1\n", "0.25\n", "6.5\n"].iter().fold(String::from(expected), |text, value| {
        let value = value.trim_end();
        text.replacen(
            &alloc::format!(" EXEMPLAR {value}\n"),
            &alloc::format!("{}\n", exemplar(value)),
            1,
        )
    });
    assert_eq!(render(&shop(), &here(), Format::OpenMetrics), expected);
}

/// What a reader makes of the labels of a line, character by character.
fn read_labels(line: &str) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    let mut letters = line.split_once('{').expect("labels").1.chars().peekable();
    while letters.peek() != Some(&'}') {
        let name: String = letters.by_ref().take_while(|letter| *letter != '=').collect();
        assert_eq!(letters.next(), Some('"'));
        let mut value = String::new();
        loop {
            match letters.next().expect("the value ends") {
                '"' => break,
                '\\' => value.push(match letters.next() {
                    Some('n') => '\n',
                    Some(letter @ ('"' | '\\')) => letter,
                    other => panic!("{other:?} is escaped"),
                }),
                '\n' => panic!("a line ends within a value"),
                letter => value.push(letter),
            }
        }
        labels.push((name, value));
        if letters.peek() == Some(&',') {
            letters.next();
        }
    }
    labels
}

proptest! {
    #[test]
    fn any_value_of_an_attribute_is_read_as_it_was(
        values in proptest::collection::vec(".{0,20}|[\\\\\"\n{},=]{0,6}", 1..5),
        open in any::<bool>(),
    ) {
        let attributes: Vec<_> = values
            .iter()
            .enumerate()
            .map(|(n, value)| Attribute::new(alloc::format!("key.{n}"), value.clone()))
            .collect();
        let mut collection = Collection::new();
        collection.counter(&Descriptor::new("shop.orders", "", "Orders."), attributes, 1);
        let format = if open { Format::OpenMetrics } else { Format::Text };
        let text = render(&collection.finish(), &Resource::empty(), format);
        let line = text.split('\n').nth(2).expect("a sample");
        let expected: Vec<_> = values
            .into_iter()
            .enumerate()
            .map(|(n, value)| (alloc::format!("key_{n}"), value))
            .collect();
        prop_assert_eq!(read_labels(line), expected);
    }

    #[test]
    fn a_number_is_read_as_it_was(value in any::<f64>()) {
        let mut collection = Collection::new();
        collection.gauge(&Descriptor::new("shop.load", "", "Load."), Vec::new(), value);
        let text = render(&collection.finish(), &Resource::empty(), Format::Text);
        if value.is_nan() {
            prop_assert!(text.is_empty());
        } else {
            let told = text.lines().last().and_then(|line| line.strip_prefix("shop_load "));
            prop_assert_eq!(told.and_then(|told| told.parse().ok()), Some(value));
        }
    }
}

#[test]
fn keys_that_become_one_label_share_it() {
    let attributes = [("a_b", Value::from(1)), ("a.b", true.into()), ("c", "x".into())];
    let attributes = attributes.map(|(key, value)| Attribute::new(key, value)).to_vec();
    let mut collection = Collection::new();
    collection.counter(&Descriptor::new("n", "", ""), attributes, 1);
    let text = render(&collection.finish(), &Resource::empty(), Format::Text);
    assert!(text.ends_with("\nn_total{a_b=\"true;1\",c=\"x\"} 1\n"), "{text}");
}

/// What the server answers to these bytes.
fn ask(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[test]
fn the_server_answers_what_it_is_asked_until_it_is_dropped() {
    let server = serve("127.0.0.1:0").expect("a free port");
    let plain = ask(&server, "GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n");
    let (head, body) = plain.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4;"));
    assert!(head.contains(&alloc::format!("Content-Length: {}\r\n", body.len())), "{head}");
    assert!(body.contains("\nreliability_metric_panics_total "), "{body}");

    let asked = "GET /metrics HTTP/1.1\r\naccept: application/openmetrics-text\r\n\r\n";
    let open = ask(&server, asked);
    assert!(open.contains("application/openmetrics-text; version=1.0.0"));
    assert!(open.ends_with("# EOF\n"));
    let head = ask(&server, "HEAD /metrics HTTP/1.1\r\n\r\n");
    assert!(head.starts_with("HTTP/1.1 200 OK") && head.ends_with("\r\n\r\n"));
    for (request, status) in [
        ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        ("\r\n\r\n", "404 Not Found"),
    ] {
        let answer = ask(&server, request);
        assert!(answer.starts_with(&alloc::format!("HTTP/1.1 {status}")), "{answer}");
    }
    let endless = "x".repeat(20_000);
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    let mut answer = String::new();
    // It hangs up in the middle of what it is told.
    let heard =
        stream.write_all(endless.as_bytes()).and_then(|()| stream.read_to_string(&mut answer));
    assert!(heard.is_err() || answer.is_empty(), "{answer}");

    let address = server.address();
    drop(server);
    assert!(TcpStream::connect(address).is_err());
}
