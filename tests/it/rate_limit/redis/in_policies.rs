//! The shared limit as a layer: of a policy that is written out, of an attribute, of a tower service.

use std::future::Future;
use std::pin::pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use reliability::error::{Failure, Reason, Rejected};
use reliability::prelude::*;
use reliability::resilience::policy::record::{EventKind, Recording};
use reliability::resilience::rate_limit::KeyHash;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Call, Classifier, Policy, Retry, registry};
use reliability::testing;
use tower::{Layer as _, ServiceExt as _, service_fn};

use super::*;

const HOUR: Duration = Duration::from_secs(3600);

fn policy(limit: &RedisRateLimit) -> Policy {
    Policy::builder("partner").shared_rate_limit(limit.clone()).build().unwrap()
}

async fn answer(policy: &Policy) -> Result<u32, Rejected> {
    policy.call(async || Ok::<_, Rejected>(7)).await
}

async fn of(policy: &Policy, key: &str) -> Result<u32, Rejected> {
    let errors = Classifier::<Rejected>::by_fault();
    let mut call = Call::new(policy, &errors).with_shared_rate_limit_key(key);
    let outcome = call.attempt(async { Ok(7) }).await;
    call.conclude(outcome).map_err(Failure::into_error)
}

fn reason<T>(ended: Result<T, Rejected>) -> Option<Reason> {
    ended.err().map(|rejected| rejected.reason())
}

/// What the server keeps of the limit.
fn state(server: &Server) -> Vec<String> {
    server.say(&["GET", "reliability:api"])
}

#[tokio::test]
async fn policies_of_all_processes_have_one_quota_together() {
    let server = Server::start();
    let (one, _) = limit(&server.url(), Quota::per_day(3), WhileAway::Refuse);
    let (other, _) = limit(&server.url(), Quota::per_day(3), WhileAway::Refuse);
    let (one, other) = (policy(&one), policy(&other));
    for policy in [&one, &other, &one] {
        assert_eq!(reason(answer(policy).await), None);
    }
    let refused = answer(&other).await.unwrap_err();
    assert_eq!((refused.reason(), refused.policy().as_str()), (Reason::RateLimited, "api"));
    assert!(refused.retry_after().unwrap() > HOUR);
    assert_eq!(other.totals().rejected(Reason::RateLimited), 1);
    assert_eq!(other.shared_rate_limit().map(RedisRateLimit::rejected), Some(1));
    assert!(other.rate_limit().is_none() && other.keyed_rate_limit().is_none());
    assert!(format!("{other:?}").contains("shared_rate_limit: RedisRateLimit { name: \"api\""));
}

#[tokio::test]
async fn each_key_has_the_whole_quota_in_all_processes() {
    let server = Server::start();
    let (one, _) = limit(&server.url(), Quota::per_day(1), WhileAway::Refuse);
    let (other, _) = limit(&server.url(), Quota::per_day(1), WhileAway::Refuse);
    let (one, other) = (policy(&one), policy(&other));
    for key in ["acme", "globex"] {
        assert_eq!(reason(of(&one, key).await), None, "{key}");
        assert_eq!(reason(of(&other, key).await), Some(Reason::RateLimited), "{key}");
    }
    assert_eq!(server.say(&["EXISTS", "reliability:api:acme"])[0], ":1", "operators can read it");
    assert_eq!(reason(answer(&one).await), None, "who names no key has a quota, too");

    // The hash of a key is another one in each process, so it counts for nothing here.
    let errors = Classifier::<Rejected>::by_fault();
    let mut call = Call::new(&other, &errors).with_rate_limit_key(KeyHash::of("initech"));
    let outcome = call.attempt(async { Ok(7) }).await;
    assert_eq!(
        reason(call.conclude(outcome).map_err(Failure::into_error)),
        Some(Reason::RateLimited)
    );
}

#[tokio::test]
async fn a_call_may_wait_for_its_turn_and_a_deadline_bounds_that() {
    let server = Server::start();
    let (limit, time) = limit(&server.url(), Quota::per_hour(1), WhileAway::Refuse);
    limit.reconfigure(|settings| settings.wait = Some(2 * HOUR)).unwrap_err();
    limit.reconfigure(|settings| settings.wait = Some(HOUR)).unwrap();
    let policy = policy(&limit);
    assert_eq!(reason(answer(&policy).await), None);
    let used = state(&server);
    let waits = tokio::spawn({
        let policy = policy.clone();
        async move { reason(answer(&policy).await) }
    });
    while state(&server) == used {
        tokio::task::yield_now().await;
    }
    assert_eq!(reason(answer(&policy).await), Some(Reason::RateLimited), "two hours are too long");
    let hurried = Policy::builder("hurried")
        .deadline(Duration::from_millis(200))
        .shared_rate_limit(limit.clone())
        .build()
        .unwrap();
    limit.reconfigure(|settings| settings.quota = Quota::per_hour(4).burst(3)).unwrap();
    for expected in [None, Some(Reason::DeadlineExceeded)] {
        assert_eq!(reason(answer(&hurried).await), expected);
    }
    assert!(!waits.is_finished());
    tokio::time::pause();
    time.advance(HOUR);
    assert_eq!(waits.await.unwrap(), None);
}

#[tokio::test]
async fn a_call_that_is_dropped_gives_its_turn_back_or_has_spent_one_permit() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_hour(1).burst(2), WhileAway::Refuse);
    limit.reconfigure(|settings| settings.wait = Some(HOUR)).unwrap();
    let policy = policy(&limit);
    let other = RedisRateLimit::builder("api", server.url())
        .quota(Quota::per_hour(1).burst(2))
        .timeout(PATIENCE)
        .build()
        .unwrap();

    // While it asks: the server may have heard the question, and not more than one.
    {
        let mut call = pin!(answer(&policy));
        let asked = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(asked.is_pending());
    }
    assert_eq!(policy.totals().cancelled(), 1);
    let left =
        u32::from(other.check().await.is_allowed()) + u32::from(other.check().await.is_allowed());
    assert!((1..=2).contains(&left), "{left} of two were left");
    while other.check().await.is_allowed() {}

    // While it waits: the turn is free again.
    let used = state(&server);
    let mut call = Box::pin(answer(&policy));
    while state(&server) == used {
        let polled = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        tokio::task::yield_now().await;
    }
    // The answer is read, too.
    for _ in 0..100 {
        let polled = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        tokio::task::yield_now().await;
    }
    drop(call);
    let given_back = async {
        while other.reserve(1, HOUR).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, given_back).await.unwrap();
    assert_eq!(policy.totals().cancelled(), 2);
}

#[tokio::test]
async fn a_retry_outside_asks_for_each_attempt_and_one_inside_for_the_call() {
    let server = Server::start();
    let failing = async || Err::<u32, _>(Rejected::new(Reason::TimedOut, "partner"));
    for (outside, left) in [(true, 7), (false, 9)] {
        server.say(&["DEL", "reliability:api"]);
        let (limit, _) = limit(&server.url(), Quota::per_day(10), WhileAway::Refuse);
        let retry = Retry::attempts(3).backoff(reliability::resilience::Backoff::none());
        let builder = Policy::builder("partner");
        let policy = match outside {
            true => builder.retry(retry).shared_rate_limit(limit.clone()),
            false => builder.shared_rate_limit(limit.clone()).retry(retry),
        };
        assert!(policy.build().unwrap().call(failing).await.is_err());
        assert_eq!(limit.remaining(), left, "retry outside: {outside}");
    }
}

#[tokio::test]
async fn while_the_server_is_away_it_is_as_declared_and_seen() {
    let server = Server::start();
    let local = WhileAway::Local(Quota::per_day(2));
    let (limit, time) = limit(&server.url(), Quota::per_day(100), local);
    let policy = Policy::builder("partner-away").shared_rate_limit(limit.clone()).build().unwrap();
    assert_eq!(reason(answer(&policy).await), None);
    let port = server.kill();
    for expected in [None, None, Some(Reason::RateLimited)] {
        assert_eq!(reason(answer(&policy).await), expected);
    }
    let shown = telemetry::snapshot();
    let shown = shown.policies.iter().find(|it| it.name == "partner-away").unwrap();
    let store = shown.rate_limit.as_ref().and_then(|it| it.store.as_ref()).unwrap();
    assert_eq!((store.away, store.calls_away), (true, 3));
    limit.reconfigure(|settings| settings.while_away = WhileAway::Refuse).unwrap();
    assert_eq!(reason(answer(&policy).await), Some(Reason::RateLimited));

    let _server = Server::on(port);
    time.advance(RedisRateLimit::PROBE_EVERY);
    assert_eq!(reason(answer(&policy).await), None);
    assert!(!limit.is_away());
}

#[tokio::test]
async fn it_is_listed_and_changed_with_its_policy() {
    let (limit, _) = limit("redis://127.0.0.1:1/", Quota::per_day(5), WhileAway::Refuse);
    let policy =
        Policy::builder("partner-listed").shared_rate_limit(limit.clone()).build().unwrap();
    let told = format!("rate_limit {} of all processes", Quota::per_day(5));
    let table = registry::summary().to_string();
    assert!(table.contains(&told), "{table}");
    registry::reconfigure("partner-listed", |settings| {
        let limit = settings.rate_limit.as_mut().unwrap();
        limit.quota = Quota::per_day(6);
        limit.wait = Some(HOUR);
    })
    .unwrap();
    assert_eq!((limit.settings().quota, limit.settings().wait), (Quota::per_day(6), Some(HOUR)));
    let invalid = policy.reconfigure(|settings| {
        settings.rate_limit.as_mut().unwrap().wait = Some(2 * HOUR);
    });
    assert_eq!(invalid.unwrap_err().setting(), "wait");
    let twice = Policy::builder("twice")
        .rate_limit(reliability::resilience::RateLimit::standard("own"))
        .shared_rate_limit(limit);
    assert_eq!(twice.build().unwrap_err().setting(), "rate_limit");
    let outside = Policy::builder("outside")
        .shared_rate_limit(policy.shared_rate_limit().unwrap().clone())
        .fallback();
    assert_eq!(outside.build().unwrap_err().setting(), "fallback");
}

#[tokio::test]
async fn what_the_server_said_is_recorded_and_gone_through_again_without_it() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_day(2), WhileAway::Refuse);
    let build = |limit: &RedisRateLimit| {
        Policy::builder("partner")
            .deadline(PATIENCE)
            .retry(Retry::attempts(2))
            .seed(7)
            .shared_rate_limit(limit.clone())
            .build()
    };
    let policy = build(&limit).unwrap();
    let recorded = policy.record(1_000);
    for expected in [None, None, Some(Reason::RateLimited)] {
        assert_eq!(reason(answer(&policy).await), expected);
    }
    let recording = recorded.finish();
    let answered = recording.events().iter().filter_map(|event| match event.kind {
        EventKind::Answered { limited, .. } => Some(limited),
        _ => None,
    });
    assert_eq!(answered.collect::<Vec<_>>()[..3], [false, false, true]);
    let read: Recording = recording.to_string().parse().unwrap();
    assert_eq!(read, recording);
    server.kill();
    let again = limit.clone();
    let replayed = std::thread::spawn(move || {
        testing::replay(&read, || build(&again)).map_err(|error| error.to_string())
    });
    assert_eq!(replayed.join().unwrap(), Ok(()));
    assert_eq!(limit.calls_away(), 0, "nobody has asked");
}

#[tokio::test]
async fn a_tower_service_counts_requests_of_all_processes() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_day(1), WhileAway::Refuse);
    let work = service_fn(|_: &'static str| async { Ok::<_, Rejected>("a page") });
    let layer = PolicyLayer::new(policy(&limit));
    let together = layer.clone().layer(work);
    assert!(together.clone().oneshot("acme").await.is_ok());
    assert!(together.oneshot("globex").await.is_err());

    let each = layer.shared_rate_limit_key(|tenant: &&'static str| *tenant).layer(work);
    for tenant in ["acme", "globex"] {
        assert!(each.clone().oneshot(tenant).await.is_ok());
        assert!(each.clone().oneshot(tenant).await.is_err());
    }
    assert_eq!(server.say(&["EXISTS", "reliability:api:globex"])[0], ":1");
}

/// Where the test starts its server: who lists all policies makes the limit, too.
static PORT: LazyLock<u16> = LazyLock::new(|| {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().port()
});
static LIMIT: LazyLock<RedisRateLimit> = LazyLock::new(|| {
    limit(&format!("redis://127.0.0.1:{}/", *PORT), Quota::per_day(2), WhileAway::Refuse).0
});
static ASKED: AtomicU32 = AtomicU32::new(0);

#[resilient(deadline = "30s", rate_limit(shared = LIMIT))]
async fn price() -> Result<u32, Rejected> {
    Ok(ASKED.fetch_add(1, Ordering::Relaxed))
}

#[resilient(rate_limit(shared = LIMIT, key = format_args!("{tenant}:{region}")))]
async fn price_of(tenant: &str, region: u32) -> Result<u32, Rejected> {
    Ok(region)
}

static POLICY: LazyLock<Policy> = LazyLock::new(|| policy(&LIMIT));

#[resilient(policy = POLICY, rate_limit(shared, key = tenant))]
async fn price_under_a_policy(tenant: String) -> Result<String, Rejected> {
    Ok(tenant)
}

#[tokio::test]
async fn an_attribute_names_the_limit_and_says_whose_a_call_is() {
    let server = Server::on(*PORT);
    for expected in [Some(0), Some(1), None] {
        assert_eq!(price().await.ok(), expected);
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), 2);
    for (tenant, region) in [("acme", 1), ("acme", 2), ("globex", 1)] {
        for expected in [Some(region), Some(region), None] {
            assert_eq!(price_of(tenant, region).await.ok(), expected, "{tenant} {region}");
        }
    }
    for expected in [true, true, false] {
        assert_eq!(price_under_a_policy("initech".into()).await.is_ok(), expected);
    }
    assert_eq!(server.say(&["EXISTS", "reliability:api:acme:2"])[0], ":1");
}
