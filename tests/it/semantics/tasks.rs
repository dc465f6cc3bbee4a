//! Calls that wait, under a clock that stands still until a table moves it.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

/// A runtime whose time is that of the table, and the calls that run on it, by name.
pub(super) struct Tasks {
    runtime: Runtime,
    calls: BTreeMap<String, Running>,
}

struct Running {
    task: JoinHandle<()>,
    status: Status,
}

/// How far a call has come, in one word.
#[derive(Clone)]
pub(super) struct Status(Arc<Mutex<String>>);

impl Status {
    pub(super) fn set(&self, status: &str) {
        *self.0.lock().unwrap() = status.to_owned();
    }

    fn get(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Tasks {
    pub(super) fn new() -> Self {
        let mut runtime = Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        Self { runtime, calls: BTreeMap::new() }
    }

    /// Makes what has to be made on the runtime.
    pub(super) fn enter<T>(&self, make: impl FnOnce() -> T) -> T {
        let _context = self.runtime.enter();
        make()
    }

    /// Begins a call, and lets it come as far as it can at this moment.
    pub(super) fn begin<F>(&mut self, name: &str, first: &str, call: impl FnOnce(Status) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let status = Status(Arc::new(Mutex::new(first.to_owned())));
        let task = self.runtime.spawn(call(status.clone()));
        self.calls.insert(name.to_owned(), Running { task, status });
        self.settle();
    }

    /// Drops the future of a call.
    pub(super) fn cancel(&mut self, name: &str) {
        let running = &self.calls[name];
        running.task.abort();
        running.status.set("cancelled");
        self.settle();
    }

    /// Lets time pass, through every timer on the way.
    pub(super) fn advance(&mut self, by: Duration) {
        if !by.is_zero() {
            self.runtime.block_on(async { tokio::time::sleep(by).await });
        }
        self.settle();
    }

    /// The status of a call of that name, if one was begun.
    pub(super) fn status(&self, name: &str) -> Option<String> {
        self.calls.get(name).map(|running| running.status.get())
    }

    /// Lets every task that can run do so.
    pub(super) fn settle(&mut self) {
        self.runtime.block_on(async {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        });
        for running in self.calls.values() {
            let ended = running.task.is_finished();
            if ended && running.status.get() == "running" {
                running.status.set("panicked");
            }
        }
    }
}
