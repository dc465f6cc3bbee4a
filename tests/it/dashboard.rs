//! The page, over HTTP. `tests/browser` looks at it in a browser.

use std::sync::Arc;

use reliability::error::Class;
use reliability::error::Fault as _;
use reliability::telemetry::dashboard::{self, Dashboard, NotDone, Panel, Standing, View};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const TOKEN: &str = "a token of operators";

/// What is answered to a request that is written out: the status, and all of it.
async fn ask(address: std::net::SocketAddr, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.expect("is served");
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).await.expect("is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("is text");
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.expect("is HTTP"), answer)
}

async fn get(address: std::net::SocketAddr, path: &str) -> (u16, String) {
    ask(address, &format!("GET {path} HTTP/1.1\nhost: localhost\nconnection: close\n\n")).await
}

async fn order(address: std::net::SocketAddr, token: &str, body: &str) -> (u16, String) {
    let length = body.len();
    let headers = format!("host: localhost\nconnection: close\ncontent-length: {length}");
    let request = format!("POST /api/actions HTTP/1.1\n{headers}\nauthorization: Bearer {token}");
    ask(address, &format!("{request}\n\n{body}")).await
}

struct Odd(&'static str);

impl Panel for Odd {
    fn id(&self) -> &'static str {
        self.0
    }

    fn title(&self) -> &'static str {
        "Odd"
    }

    fn view(&self) -> View {
        match self.0 {
            "panics" => panic!("on purpose"),
            _ => View::new(Standing::Ok, "is </script> there"),
        }
    }

    fn act(&self, row: &str, action: &str) -> Result<String, NotDone> {
        match action {
            "greet" => Ok(format!("greeted {row}")),
            _ => Err(NotDone::new("only greets")),
        }
    }
}

#[tokio::test]
async fn a_panel_that_panics_takes_no_other_with_it() {
    dashboard::add_panel(Arc::new(Odd("panics")));
    dashboard::add_panel(Arc::new(Odd("greets")));
    let page = dashboard::serve("127.0.0.1:0").await.expect("a port is free");
    let (status, panics) = get(page.address(), "/api/panels/panics").await;
    assert_eq!(status, 200);
    assert!(panics.contains("this panel panicked") && panics.contains("on purpose"), "{panics}");
    let (_, greets) = get(page.address(), "/api/panels/greets").await;
    assert!(greets.contains(r#""summary":"is </script> there""#), "{greets}");
    let (status, none) = get(page.address(), "/api/panels/none").await;
    assert_eq!(status, 404);
    assert!(none.contains("`none`") && none.contains("policies"), "{none}");
    page.shutdown().await;
}

#[tokio::test]
async fn nobody_acts_without_the_token() {
    dashboard::add_panel(Arc::new(Odd("greets")));
    let greet = r#"{"panel": "greets", "row": "you", "action": "greet"}"#;
    let shows = dashboard::serve("127.0.0.1:0").await.expect("a port is free");
    let (status, told) = order(shows.address(), TOKEN, greet).await;
    assert_eq!(status, 403, "{told}");

    let acts = Dashboard::builder().operators(TOKEN).build().expect("is valid");
    let acts = acts.serve("127.0.0.1:0").await.expect("a port is free");
    for (token, body, status, told) in [
        ("", greet, 401, "not the operators' token"),
        ("a token of operatorz", greet, 401, "not the operators' token"),
        (TOKEN, greet, 200, "greeted you"),
        (TOKEN, "{}", 400, "expected"),
        (TOKEN, "not json", 400, "expected"),
        (TOKEN, r#"{"panel": "greets", "row": "", "action": "kick"}"#, 422, "only greets"),
        (TOKEN, r#"{"panel": "none", "row": "", "action": ""}"#, 422, "no panel has the id"),
    ] {
        let answer = order(acts.address(), token, body).await;
        assert_eq!(answer.0, status, "{body}: {answer:?}");
        assert!(answer.1.contains(told), "{body}: {answer:?}");
    }
    let large = "x".repeat(100_000);
    assert_eq!(order(acts.address(), TOKEN, &large).await.0, 413);
}

#[tokio::test]
async fn pages_from_elsewhere_cannot_read_it() {
    let page = dashboard::serve("127.0.0.1:0").await.expect("a port is free");
    for (host, status) in [("evil.example", 421), ("127.0.0.1", 200), ("LOCALHOST:1", 200)] {
        let request = format!("GET /api/panels HTTP/1.1\nhost: {host}\nconnection: close\n\n");
        assert_eq!(ask(page.address(), &request).await.0, status, "{host}");
    }
    let (_, answer) = get(page.address(), "/").await;
    for header in ["default-src 'self'", "nosniff", "frame-ancestors 'none'", "no-store"] {
        assert!(answer.contains(header), "{header}");
    }
    assert!(!answer.to_lowercase().contains("access-control"), "{answer}");
}

#[tokio::test]
async fn those_who_look_are_bounded() {
    let page = Dashboard::builder().clients(2).build().expect("is valid");
    let page = page.serve("127.0.0.1:0").await.expect("a port is free");
    let follow = async || {
        let mut stream = TcpStream::connect(page.address()).await.expect("is served");
        stream
            .write_all(b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .expect("is read");
        let mut start = [0; 512];
        let read = stream.read(&mut start).await.expect("answers");
        (String::from_utf8_lossy(&start[..read]).into_owned(), stream)
    };
    let (one, held) = follow().await;
    let (two, _held) = follow().await;
    let (three, _refused) = follow().await;
    assert!(one.starts_with("HTTP/1.1 200") && two.starts_with("HTTP/1.1 200"), "{one}{two}");
    assert!(three.starts_with("HTTP/1.1 503") && three.contains("retry-after: 5"), "{three}");
    assert_eq!(get(page.address(), "/api/panels").await.0, 200, "who does not follow is answered");
    // Who goes makes room, as soon as the next frame finds nobody there.
    drop(held);
    loop {
        let (again, _stream) = follow().await;
        if again.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn other_machines_see_it_only_when_asked_to() {
    let error = dashboard::serve("0.0.0.0:0").await.expect_err("is refused");
    assert!(error.to_string().contains("`Dashboard::builder().exposed()`"), "{error}");
    assert_eq!(error.class(), Class::Permanent);
    let exposed = Dashboard::builder().exposed().build().expect("is valid");
    assert!(exposed.serve("0.0.0.0:0").await.is_ok());

    let page = dashboard::serve("127.0.0.1:0").await.expect("a port is free");
    let error = dashboard::serve(&page.address().to_string()).await.expect_err("is taken");
    assert_eq!(error.class(), Class::Transient);
    let error = dashboard::serve("nonsense").await.expect_err("is no address");
    assert!(error.to_string().contains("such as 127.0.0.1:9090"), "{error}");

    let address = page.address();
    page.shutdown().await;
    assert!(dashboard::serve(&address.to_string()).await.is_ok(), "the port is free again");
}
