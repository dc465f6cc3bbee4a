//! Policies show their errors to a monitor, and telemetry shows what it knows.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use reliability::error::monitor::Snapshot;
use reliability::error::recovery::{Action, Recovery};
use reliability::error::{Class, ErrorMonitor, Fault, Reason, Rejected, ResultExt, Severity};
use reliability::resilience::{Breaker, Classifier, Policy, Retry, registry, resilient};
use reliability::telemetry;

#[derive(Debug, Fault)]
enum ShopError {
    #[fault(permanent, fingerprint = "shop.out_of_stock")]
    OutOfStock { sku: u32 },
    #[fault(transient, recover = restart, severity = critical)]
    ConnectionsLost,
    #[fault(source)]
    Storage(std::io::Error),
    #[fault(from)]
    Rejected(Rejected),
}

impl fmt::Display for ShopError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfStock { sku } => write!(f, "no {sku} left"),
            Self::ConnectionsLost => f.write_str("all 16 connections are gone"),
            Self::Storage(_) => f.write_str("reading the shelf"),
            Self::Rejected(rejected) => rejected.fmt(f),
        }
    }
}

impl std::error::Error for ShopError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Storage(error) => Some(error),
            _ => None,
        }
    }
}

/// Is no error, and cannot be displayed.
#[derive(Debug, Fault)]
#[fault(transient)]
struct OnlyDebug(#[expect(dead_code, reason = "it is printed")] u32);

/// Cannot even be printed.
#[derive(Fault)]
#[fault(transient)]
struct Nothing;

/// An error if its parameter can be printed, which the derive does not know.
#[derive(Debug, Fault)]
#[fault(transient)]
struct Borrows<'a, T>(&'a T);

impl<T: fmt::Debug> fmt::Display for Borrows<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "about {:?}", self.0)
    }
}

impl<T: fmt::Debug> std::error::Error for Borrows<'_, T> {}

fn examples(now: &Snapshot) -> Vec<&str> {
    now.groups.iter().map(|group| group.example.as_str()).collect()
}

#[test]
fn a_derived_error_says_what_its_type_can() {
    let errors = ErrorMonitor::standard("derived");
    let missing = ShopError::Storage(std::io::ErrorKind::NotFound.into());
    errors.record(&missing);
    errors.record(&missing);
    errors.record(&OnlyDebug(3));
    errors.record(&Nothing);
    errors.record(&Borrows(&7));
    let now = errors.snapshot();
    let found = examples(&now);
    assert!(found.contains(&"OnlyDebug(3)"), "{found:?}");
    assert!(found.contains(&"it::error_monitor::Nothing"), "{found:?}");
    assert!(found.iter().any(|example| example.contains("Borrows<")), "{found:?}");
    assert_eq!(now.groups[0].example, "reading the shelf: entity not found");
    assert_eq!((now.groups[0].count, now.groups[0].class), (2, Class::Permanent));
}

#[test]
fn a_derived_error_says_what_to_do_and_what_it_is_called() {
    let plan = Recovery::standard();
    assert_eq!(plan.action(&ShopError::ConnectionsLost), Action::Restart);
    assert_eq!(plan.action(&ShopError::OutOfStock { sku: 1 }), Action::FallBack);
    assert_eq!(ShopError::OutOfStock { sku: 1 }.fingerprint(), Some("shop.out_of_stock"));
    assert_eq!(ShopError::ConnectionsLost.fingerprint(), None);
    let boxed: Box<dyn std::error::Error> = Box::new(std::io::Error::other("who knows"));
    assert_eq!(boxed.recovery(), None);
    let noted: Result<(), _> = Err(ShopError::ConnectionsLost).context("ordering");
    let noted = noted.unwrap_err();
    assert_eq!((plan.action(&noted), noted.severity()), (Action::Restart, Severity::Critical));
}

static SHOP: LazyLock<ErrorMonitor> = LazyLock::new(|| ErrorMonitor::standard("annotated"));

#[resilient(
    retry(attempts = 3, backoff = constant("1ms"), jitter = none),
    timeout = "1s",
    idempotent,
    monitor = &SHOP,
)]
async fn order(sku: u32, fails: &mut Vec<ShopError>) -> Result<u32, ShopError> {
    fails.pop().map_or(Ok(sku), Err)
}

#[tokio::test(start_paused = true)]
async fn errors_that_a_retry_makes_good_are_seen() {
    let mut fails = vec![ShopError::ConnectionsLost, ShopError::ConnectionsLost];
    assert!(order(7, &mut fails).await.is_ok());
    for sku in [3, 4] {
        assert!(order(sku, &mut vec![ShopError::OutOfStock { sku }]).await.is_err());
    }
    let snapshot = telemetry::snapshot();
    let now = snapshot.errors.iter().find(|errors| errors.name.as_str() == "annotated").unwrap();
    let mut counted: Vec<_> =
        now.groups.iter().map(|group| (group.shape.as_str(), group.count)).collect();
    counted.sort_unstable();
    assert_eq!(counted, [("all <n> connections are gone", 2), ("shop.out_of_stock", 2)]);
    assert!(now.groups.iter().all(|group| group.kind.ends_with("ShopError")));
    assert!(snapshot.to_string().contains("errors of annotated: 4 in 2 groups"), "{snapshot}");
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_is_seen_and_what_was_refused_is_not() {
    let errors = ErrorMonitor::standard("given up");
    let breaker = Breaker::builder("given up").min_calls(1).build().unwrap();
    let policy = Policy::builder("given up").breaker(breaker).timeout(Duration::from_secs(1));
    let policy = policy.monitor(&errors).build().unwrap();
    for reason in [Reason::TimedOut, Reason::BreakerOpen, Reason::BreakerOpen] {
        let failed = policy.call(std::future::pending::<Result<(), Rejected>>).await.unwrap_err();
        assert_eq!(failed.reason(), reason);
    }
    let now = errors.snapshot();
    assert_eq!(examples(&now), ["given up: the attempt took longer than its timeout"]);
    assert_eq!(now.recorded, 1);
}

#[tokio::test]
async fn an_error_without_a_class_of_its_own_is_grouped_by_its_type() {
    struct Foreign;
    impl From<Rejected> for Foreign {
        fn from(_: Rejected) -> Self {
            Foreign
        }
    }
    let errors = ErrorMonitor::standard("foreign");
    let policy = Policy::builder("foreign").retry(Retry::attempts(1)).monitor(&errors);
    let policy = policy.build().unwrap();
    let classifier = Classifier::when(|_: &Foreign| true);
    let failed = policy.call_classified(classifier, || async { Err::<(), _>(Foreign) }).await;
    assert!(failed.is_err());
    let group = &errors.snapshot().groups[0];
    assert!(group.kind.ends_with("Foreign"), "{group:?}");
    assert_eq!(group.class, Class::Transient);
}

#[resilient(timeout = "1s", monitor)]
async fn watched_by_all() -> Result<(), Rejected> {
    Err(Rejected::new(Reason::RateLimited, "elsewhere"))
}

#[tokio::test]
async fn the_monitor_of_the_process_is_one_word() {
    assert!(watched_by_all().await.is_err());
    let now = ErrorMonitor::global().snapshot();
    assert!(examples(&now).contains(&"elsewhere: the rate limit is used up"), "{now}");
    assert!(registry::find("watched_by_all").is_some());
}
