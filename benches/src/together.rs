//! One thread, or two that do the same to one object at the same time, each on a core of its own.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use core_affinity::CoreId;
use rustix::time::{ClockId, clock_gettime};

/// A run in which a thread had its core for less of the time than this is a run that something else
/// disturbed; with two threads it would not say how they get on with each other.
const ON_CORE_MIN: f64 = 0.95;

/// How often a disturbed run is repeated before the least disturbed one has to do.
const RUNS_MAX: usize = 8;

/// Shorter runs are for warming up, and are not looked at.
const ITERATIONS_MIN: u64 = 1_000;

/// The wall time in which `threads` threads each do `iterations` of what `make` makes.
///
/// Divided by `iterations` it is the time of one call while the other threads do the same. `make`
/// is called once in each thread.
///
/// # Panics
///
/// When what `make` makes panics.
pub fn together<M, Op, R>(threads: usize, iterations: u64, make: &M) -> Duration
where
    M: Fn() -> Op + Sync,
    Op: FnMut() -> R,
{
    let mut best = Run { wall: Duration::MAX, on_core: -1.0 };
    for _ in 0..RUNS_MAX {
        let run = run(threads, iterations, make);
        if run.on_core > best.on_core {
            best = run;
        }
        if best.on_core >= ON_CORE_MIN || iterations < ITERATIONS_MIN {
            break;
        }
    }
    best.wall
}

struct Run {
    wall: Duration,
    /// The share of the wall time that the worst off of the threads spent on its core.
    on_core: f64,
}

struct Stretch {
    start: Instant,
    end: Instant,
    on_core: Duration,
}

fn run<M, Op, R>(threads: usize, iterations: u64, make: &M) -> Run
where
    M: Fn() -> Op + Sync,
    Op: FnMut() -> R,
{
    let ready = AtomicUsize::new(0);
    let stretch = |core| {
        // Where the system does not allow it the figures are noisier, and still right.
        let _ = core_affinity::set_for_current(CoreId { id: core });
        let mut op = make();
        // The stripe of this thread is dealt out, and its cache lines fetched, before the start.
        black_box(op());
        ready.fetch_add(1, Ordering::AcqRel);
        while ready.load(Ordering::Acquire) < threads {
            std::hint::spin_loop();
        }
        let (on_core, start) = (thread_time(), Instant::now());
        for _ in 0..iterations {
            // By reference: handed over by value, a large result would be copied first.
            black_box(&op());
        }
        let (end, on_core) = (Instant::now(), thread_time().saturating_sub(on_core));
        Stretch { start, end, on_core }
    };
    let stretches: Vec<Stretch> = thread::scope(|scope| {
        let stretch = &stretch;
        let running: Vec<_> = (0..threads).map(|core| scope.spawn(move || stretch(core))).collect();
        running.into_iter().map(|thread| joined(thread.join())).collect()
    });
    let start = stretches.iter().map(|stretch| stretch.start).min();
    let end = stretches.iter().map(|stretch| stretch.end).max();
    let on_core = stretches.iter().map(|stretch| stretch.on_core).min();
    let wall = end.zip(start).map_or(Duration::ZERO, |(end, start)| end - start);
    let on_core = on_core.unwrap_or_default().as_secs_f64() / wall.as_secs_f64();
    Run { wall, on_core }
}

fn joined(stretch: thread::Result<Stretch>) -> Stretch {
    stretch.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// How long this thread has been on a core.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}
