//! Policies as layers of tower: the contract of a service, and what the layers say to each other.

mod answers;
mod contract;
mod endings;
mod forever;
mod layers;
mod repetition;
mod same;
mod wire;

use std::collections::VecDeque;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use reliability::error::Class;
use reliability::resilience::{Backoff, Breaker, Bulkhead, IdempotencyKey, Jitter, Policy, Retry};
use reliability::resilience::{PolicyBuilder, breaker};
use tower::Service;

use crate::failed::Failed;

const SECOND: Duration = Duration::from_secs(1);

const TRANSIENT: Failed = Failed::As(Class::Transient);

/// What the service does with an attempt.
#[derive(Debug, Clone, Copy)]
enum Step {
    Answer(u32),
    AnswerAfter(Duration, u32),
    Fail(Class),
    Hang,
    NeverReady,
    FailReadiness,
    PanicReady,
    PanicCall,
    PanicWork,
}

/// A service that keeps to its contract, and demands it: a clone that was not made ready must not
/// be called. All clones play one script, a step for each attempt; without one they answer 7.
struct Probe {
    shared: Arc<Shared>,
    /// Taken from the script when this clone is first asked for its readiness.
    step: Option<Step>,
    ready: bool,
}

#[derive(Default)]
struct Shared {
    script: Mutex<VecDeque<Step>>,
    clones: AtomicUsize,
    readied: AtomicUsize,
    called: AtomicUsize,
    under_way: AtomicUsize,
    keys: Mutex<Vec<String>>,
}

impl Probe {
    fn new(script: impl IntoIterator<Item = Step>) -> Self {
        let shared =
            Shared { script: Mutex::new(script.into_iter().collect()), ..Shared::default() };
        shared.clones.store(1, Ordering::Relaxed);
        Self { shared: Arc::new(shared), step: None, ready: false }
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    fn step(&mut self) -> Step {
        let next = || self.shared.script.lock().unwrap().pop_front().unwrap_or(Step::Answer(7));
        *self.step.get_or_insert_with(next)
    }
}

impl Shared {
    fn clones(&self) -> usize {
        self.clones.load(Ordering::Relaxed)
    }

    fn readied(&self) -> usize {
        self.readied.load(Ordering::Relaxed)
    }

    fn called(&self) -> usize {
        self.called.load(Ordering::Relaxed)
    }

    fn under_way(&self) -> usize {
        self.under_way.load(Ordering::Relaxed)
    }

    fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }
}

impl Clone for Probe {
    fn clone(&self) -> Self {
        self.shared.clones.fetch_add(1, Ordering::Relaxed);
        Self { shared: self.shared(), step: None, ready: false }
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.shared.clones.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counted for as long as it lives.
struct UnderWay(Arc<Shared>);

impl UnderWay {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.under_way.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<Req> Service<Req> for Probe {
    type Response = u32;
    type Error = Failed;
    type Future = Pin<Box<dyn Future<Output = Result<u32, Failed>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failed>> {
        match self.step() {
            Step::NeverReady => return Poll::Pending,
            Step::FailReadiness => return Poll::Ready(Err(TRANSIENT)),
            Step::PanicReady => panic!("readiness"),
            _ => {}
        }
        if !self.ready {
            self.ready = true;
            self.shared.readied.fetch_add(1, Ordering::Relaxed);
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Req) -> Self::Future {
        assert!(self.ready, "a service was called that had not been made ready");
        self.ready = false;
        self.shared.called.fetch_add(1, Ordering::Relaxed);
        let keys = IdempotencyKey::current().map(|key| key.to_string());
        self.shared.keys.lock().unwrap().extend(keys);
        let step = self.step();
        self.step = None;
        if let Step::PanicCall = step {
            panic!("call");
        }
        let under_way = UnderWay::begin(&self.shared);
        Box::pin(async move {
            let _under_way = under_way;
            match step {
                Step::AnswerAfter(wait, answer) => {
                    tokio::time::sleep(wait).await;
                    Ok(answer)
                }
                Step::Answer(answer) => Ok(answer),
                Step::Fail(class) => Err(Failed::As(class)),
                Step::PanicWork => panic!("work"),
                _ => pending().await,
            }
        })
    }
}

fn at_once(attempts: u32) -> Retry {
    Retry::attempts(attempts).backoff(Backoff::constant(Duration::ZERO).jitter(Jitter::None))
}

fn after(pause: Duration, attempts: u32) -> Retry {
    Retry::attempts(attempts).backoff(Backoff::constant(pause).jitter(Jitter::None))
}

fn opens_at(failures: u32) -> Breaker {
    let settings = breaker::Settings::consecutive().window(breaker::Window::consecutive(failures));
    Breaker::builder("tower").settings(settings).build().unwrap()
}

fn places(concurrent: u32) -> Bulkhead {
    Bulkhead::builder("tower").concurrent(concurrent).queue(4).wait(60 * SECOND).build().unwrap()
}

fn policy(build: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Policy {
    build(Policy::builder("tower")).build().unwrap()
}

/// Polls once, and says whether that was enough.
async fn polled<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|cx| match Pin::new(&mut *future).poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
