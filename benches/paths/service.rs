//! Policies around services, beside the layers of tower and of tower-resilience.
//!
//! Every path makes its service ready and calls it, as the contract of tower wants it. Ours boxes
//! one future for each call of a policy that is shared, which is in `floor_boxed`; the layers of tower
//! have futures with names, and no counters. `ours_static` is a layer of a `&'static Policy`, whose
//! futures have names as well, and which shares no reference count.

use std::convert::Infallible;
use std::future::{Future, Ready};
use std::hint::black_box;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use criterion::Criterion;
use reliability::error::Rejected;
use reliability::resilience::tower::PolicyLayer;
use reliability::resilience::{Bulkhead, Policy, PolicyBuilder, Retry, RetryBudget};
use reliability_benches::stack::policy;
use reliability_benches::{now_or_panic, spin};
use tokio::runtime::Handle;
use tower::retry::budget::{Budget, TpsBudget};
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_circuitbreaker::{CircuitBreakerLayer, SlidingWindowType};
use tower_resilience_timelimiter::TimeLimiterLayer;

use super::Row;

const LIMIT: Duration = Duration::from_millis(800);
const PLACES: u32 = 64;

pub(super) fn paths(criterion: &mut Criterion) {
    limit(criterion);
    retry(criterion);
    stack(criterion);
    refused(criterion);
}

/// The service inside: answers at once.
fn answers<E>() -> impl Service<u32, Response = u32, Error = E, Future: Send> + Clone + Send + Sync
where
    E: Send + 'static,
{
    service_fn(|request: u32| std::future::ready(Ok::<_, E>(black_box(request))))
}

fn call<S: Service<u32>>(service: &mut S) -> Result<S::Response, S::Error> {
    make_ready(service)?;
    now_or_panic(service.call(7))
}

fn make_ready<S: Service<u32>>(service: &mut S) -> Result<(), S::Error> {
    match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(ready) => ready,
        Poll::Pending => panic!("there is room"),
    }
}

/// One path; each thread has a clone, and a runtime for those who ask for one beforehand.
fn path<S>(row: &mut Row<'_>, name: &str, service: S)
where
    S: Service<u32> + Clone + Sync,
{
    let (runtime, service) = (Handle::current(), &service);
    row.path(name, || {
        let (inside, mut service) = (runtime.enter(), service.clone());
        move || {
            let _ = &inside;
            call(&mut service)
        }
    });
}

fn ours(row: &mut Row<'_>, policy: Policy) {
    let layer = PolicyLayer::new(policy.clone()).idempotent();
    path(row, "ours", layer.layer(answers::<Rejected>()));
    // For as long as the process lives, as that of an attribute.
    let policy: &'static Policy = Box::leak(Box::new(policy));
    let layer = PolicyLayer::new(policy).idempotent();
    path(row, "ours_static", layer.layer(answers::<Rejected>()));
}

fn built(build: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Policy {
    build(Policy::builder("bench")).build().expect("valid settings")
}

fn bulkhead(concurrent: u32) -> Bulkhead {
    Bulkhead::builder("bench").concurrent(concurrent).build().expect("valid settings")
}

fn limit(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "service_limit");
    path(&mut row, "floor_bare", answers::<Infallible>());
    path(&mut row, "floor_boxed", Boxed(answers::<Infallible>()));
    ours(&mut row, built(|to| to.bulkhead(bulkhead(PLACES)).timeout(LIMIT)));
    let tower = ServiceBuilder::new().concurrency_limit(PLACES as usize).timeout(LIMIT);
    path(&mut row, "tower", tower.service(answers::<BoxError>()));
}

fn retry(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "service_retry");
    let budget = RetryBudget::builder("bench").build().expect("valid settings");
    ours(&mut row, built(|to| to.retry(Retry::attempts(3).budget(budget))));
    let tower = ServiceBuilder::new().retry(Budgeted(Arc::new(TpsBudget::default())));
    path(&mut row, "tower", tower.service(answers::<u32>()));
}

fn stack(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "service_stack");
    ours(&mut row, policy().expect("valid settings"));
    let breaker = CircuitBreakerLayer::builder()
        .sliding_window_type(SlidingWindowType::CountBased)
        .sliding_window_size(100)
        .failure_rate_threshold(0.5)
        .minimum_number_of_calls(20)
        .build()
        .expect("valid settings");
    let bulkhead = BulkheadLayer::builder().max_concurrent_calls(PLACES as usize).build();
    let inside = bulkhead.expect("valid settings").layer(answers::<u32>());
    let limiter = TimeLimiterLayer::builder().timeout_duration(LIMIT).build();
    let service = limiter.layer(breaker.layer_fn(inside));
    let (runtime, service) = (Handle::current(), &service);
    row.path("tower_resilience", || {
        let (inside, mut service) = (runtime.enter(), service.clone());
        move || {
            let _ = &inside;
            // Its breaker is behind a lock, which the other thread may hold.
            spin(async {
                std::future::poll_fn(|cx| service.poll_ready(cx)).await.ok();
                service.call(7).await.ok()
            })
        }
    });
}

fn refused(criterion: &mut Criterion) {
    let mut row = Row::new(criterion, "service_refused");
    let full = Bulkhead::builder("bench").concurrent(1).queue(0).build().expect("valid settings");
    let _inside = full.try_enter_owned().expect("room");
    ours(&mut row, built(|to| to.bulkhead(full.clone())));
    let tower = ServiceBuilder::new().load_shed().concurrency_limit(1);
    let mut inside = tower.service(answers::<BoxError>());
    let shed = inside.clone();
    make_ready(&mut inside).expect("room");
    path(&mut row, "tower", shed);
}

#[derive(Clone)]
struct Boxed<S>(S);

impl<S: Service<u32, Future: Send + 'static>> Service<u32> for Boxed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: u32) -> Self::Future {
        // Where the compiler sees who drops it, it leaves the allocation out.
        black_box(Box::pin(self.0.call(request)))
    }
}

/// What tower wants to be written by hand.
#[derive(Clone)]
struct Budgeted(Arc<TpsBudget>);

impl<E> tower::retry::Policy<u32, u32, E> for Budgeted {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut u32, result: &mut Result<u32, E>) -> Option<Ready<()>> {
        match result {
            Ok(_) => {
                self.0.deposit();
                None
            }
            Err(_) => self.0.withdraw().then(|| std::future::ready(())),
        }
    }

    fn clone_request(&mut self, request: &u32) -> Option<u32> {
        Some(*request)
    }
}
