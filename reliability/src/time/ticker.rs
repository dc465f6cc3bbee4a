use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant as SystemInstant};

use super::Instant;
use crate::sync::atomic::{AtomicU64, Ordering};

const TICK: Duration = Duration::from_millis(1);

static NOW_NANOS: AtomicU64 = AtomicU64::new(0);

/// The time as the background thread last wrote it.
#[derive(Clone, Copy)]
pub(super) struct Ticks(());

impl Ticks {
    /// Starts the thread, once per process. `None` if the system refused it.
    pub(super) fn start() -> Option<Self> {
        static STARTED: OnceLock<bool> = OnceLock::new();
        let started = STARTED.get_or_init(|| {
            let origin = SystemInstant::now();
            let tick = move || {
                loop {
                    let nanos = origin.elapsed().as_nanos() as u64;
                    NOW_NANOS.store(nanos, Ordering::Relaxed);
                    thread::sleep(TICK);
                }
            };
            thread::Builder::new().name("reliability-clock".into()).spawn(tick).is_ok()
        });
        started.then_some(Self(()))
    }

    #[inline]
    pub(super) fn now(&self) -> Instant {
        Instant::from_nanos(NOW_NANOS.load(Ordering::Relaxed))
    }
}
