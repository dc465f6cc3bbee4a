//! The page in a browser: drawn in light, dark and on a phone, readable, usable by keyboard, and
//! honest about a service that is gone.
//!
//! It is a process of its own. In one with other tests their policies and traces are on the page,
//! too, and push from it what is looked for, the sooner the slower the browser starts.
#![allow(clippy::expect_used, reason = "all of it is tests")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use reliability::error::Rejected;
use reliability::resilience::{Breaker, Policy};
use reliability::sre::{Slo, slo};
use reliability::telemetry::dashboard::{
    self, Dashboard, Number, Panel, Standing, Tile, View, Widget,
};
use reliability::telemetry::log::{self, Record};
use reliability::telemetry::metrics::{Counter, Family};
use reliability::telemetry::otlp::Otlp;
use reliability::telemetry::trace::Recorder;
use reliability::telemetry::{metrics, traced};

const TOKEN: &str = "a token of operators";

metrics! {
    /// One value more than there is room for.
    static FULL: Family<Counter, 1> = Counter::builder("browser.full").by(["sku"]).series(1);
}

static SHELVES: Slo = reliability::slo! {
    name: "shelves", availability: 90, latency: "50% < 1s", min_events: 0,
};

#[slo(objective = SHELVES)]
#[traced(name = "browser.looked", kind = server)]
async fn looked(sku: &str) -> Result<u32, String> {
    shelf(sku).await
}

#[traced(kind = client, fields(server.address = "shelf"))]
async fn shelf(sku: &str) -> Result<u32, String> {
    Err(format!("no {sku}"))
}

/// Two policies, one of them with a breaker that was forced open, and more than anybody reads.
async fn policies() -> Vec<Policy> {
    let breaker = Breaker::builder("stock").build().expect("is valid");
    let stock = Policy::builder("stock").breaker(breaker).build().expect("is valid");
    let markup =
        Policy::builder("<b>quoted</b>").timeout(Duration::from_secs(1)).build().expect("is valid");
    for policy in [&stock, &markup] {
        for _ in 0..20 {
            policy.call(|| async { Ok::<_, Rejected>(()) }).await.expect("nothing is in the way");
        }
    }
    stock.breaker().expect("has one").force_open();
    let more =
        (1..=30).map(|number| format!("a::module::deep::inside::Store::more_of_it_{number}"));
    let second = Duration::from_secs(1);
    let more = more.map(|name| Policy::builder(name).timeout(second).build().expect("is valid"));
    [stock, markup].into_iter().chain(more).collect()
}

/// An exporter that nobody listens to, and that has seen so.
fn exporter() -> Otlp {
    let otlp = Otlp::builder().endpoint("http://127.0.0.1:9").stderr(false).build();
    let otlp = otlp.expect("is valid");
    otlp.log(Record::new(SystemTime::now(), log::Level::Info, "not heard"));
    let undelivered = otlp.flush(Duration::from_millis(100)).expect_err("nobody listens");
    assert!(undelivered.why.is_some_and(|why| why.contains("refused")));
    otlp
}

/// A number that is another one in each frame, so that something changes while nothing happens.
struct Frames(AtomicU64);

impl Panel for Frames {
    fn id(&self) -> &'static str {
        "frames"
    }

    fn title(&self) -> &'static str {
        "Frames"
    }

    fn view(&self) -> View {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let tile = Tile::new("This frame", Number::Count(number)).standing(Standing::Ok);
        View::new(Standing::Ok, "a panel of the program's own").with(Widget::Tiles(vec![tile]))
    }
}

/// Chromium looks at the page. The pictures are in `target/page`, also those of a failure.
#[tokio::test(flavor = "multi_thread")]
async fn people_see_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("is in the workspace");
    let (browser, pictures) = (root.join("target/browser"), root.join("target/page"));
    assert!(
        browser.join("node_modules/playwright-core").is_dir(),
        "`tests/run` installs it: npm install --prefix target/browser playwright-core",
    );
    std::fs::create_dir_all(&pictures).expect("target can be written");
    Recorder::builder().start().expect("is the only one");
    let _policies = policies().await;
    let _exporter = exporter();
    ["tea", "milk"].into_iter().for_each(|sku| FULL.with([sku]).add(1));
    dashboard::add_panel(Arc::new(Frames(AtomicU64::new(1))));
    let build = || Dashboard::builder().service("shop").operators(TOKEN).build().expect("is valid");
    let page = build().serve("127.0.0.1:0").await.expect("a port is free");
    // From the moment on when there is a page it holds what is kept.
    assert!(looked("milk").await.is_err());
    for _ in 0..3 {
        assert!(looked("tea").await.is_err());
    }

    let mut script = Command::new("node")
        .arg(root.join("tests/browser/page.mjs"))
        .args([page.url().as_str(), TOKEN])
        .arg(&pictures)
        .current_dir(browser)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("node: `apt-get install nodejs`");
    let mut complaints = script.stderr.take().expect("is piped");
    let complaints = std::thread::spawn(move || {
        let mut all = String::new();
        complaints.read_to_string(&mut all).map(|_| all)
    });
    let mut said = BufReader::new(script.stdout.take().expect("is piped"));
    let mut next = || {
        let mut told = String::new();
        tokio::task::block_in_place(|| said.read_line(&mut told)).expect("is text");
        told
    };
    // It has seen all that it wanted of a page that is there.
    let address = page.address().to_string();
    let mut told = next();
    page.shutdown().await;
    told += &next();
    let page = build().serve(&address).await.expect("the port is free again");
    told += &next();
    page.shutdown().await;
    let ended = tokio::task::block_in_place(|| script.wait()).expect("ends");
    let complaints = complaints.join().expect("does not panic").expect("is text");
    assert!(ended.success() && told == "gone?\nback?\nseen\n", "{told}{complaints}");
}
