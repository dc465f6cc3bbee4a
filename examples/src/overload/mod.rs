//! A server that loses half of its capacity and recovers, and a client that is to bear it.
//!
//! Calls come at random (Poisson), cost what they cost (nine of ten little, the tenth a lot), and
//! wait at the server in one queue without an end for one of its `workers`: M/G/k. The client gives a
//! call up when its deadline is over; the server does not know, and works on it all the same. What
//! counts is goodput: answers within their deadline.
//!
//! Time is virtual and numbers are seeded, so that a run takes moments and can be had again. The
//! tests include this folder and hold the limits to what their documentation promises.

pub mod chart;
mod numbers;

pub use chart::chart;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use numbers::Numbers;
use reliability::resilience::Invalid;
use reliability::resilience::concurrency_limit::{
    Algorithm, ConcurrencyLimit, ConcurrencyLimitBuilder, OwnedPermit, Priority,
};
use reliability::time::{Instant, ManualClock};

/// What happens to the server, and what is asked of it.
#[derive(Debug, Clone)]
pub struct World {
    /// How many calls it works on at once, phase by phase.
    pub workers: [usize; 3],
    /// How long a phase is.
    pub phase: Duration,
    /// How many calls come in a second, on average.
    pub calls_per_second: f64,
    /// What a call costs, on average.
    pub service: Duration,
    /// How long the client waits for an answer.
    pub deadline: Duration,
    /// The same seed makes the same run.
    pub seed: u64,
}

impl World {
    /// 32 workers at 20 ms a call would answer 1600 calls a second; 1920 come.
    pub fn halved() -> Self {
        Self {
            workers: [32, 16, 32],
            phase: Duration::from_secs(60),
            calls_per_second: 1_920.0,
            service: Duration::from_millis(20),
            deadline: Duration::from_millis(200),
            seed: 7,
        }
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Answers in time per second, phase by phase.
    pub goodput: [f64; 3],
    /// Calls per second that the client gave up.
    pub late: [f64; 3],
    /// How it went, ten points a second.
    pub points: Vec<Point>,
}

/// A tenth of a second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Point {
    /// Since the beginning.
    pub at_seconds: f64,
    /// The limit, at the end of it.
    pub limit: u32,
    /// Calls inside, at the end of it.
    pub in_flight: u32,
    /// Answers in time per second, during it.
    pub goodput: f64,
}

const NANOS: f64 = 1e9;
const POINT_NANOS: u64 = 100_000_000;

/// The world under a limit that is found by an algorithm, with the settings that it comes with.
///
/// # Errors
///
/// [`Invalid`] when the limit cannot be built.
pub fn run(world: &World, algorithm: impl Into<Algorithm>) -> Result<Run, Invalid> {
    run_under(world, ConcurrencyLimit::builder("server").algorithm(algorithm))
}

/// The world under a limit with other settings.
///
/// # Errors
///
/// As [`run`].
pub fn run_under(world: &World, limit: ConcurrencyLimitBuilder) -> Result<Run, Invalid> {
    let clock = ManualClock::new();
    let limit = limit.seed(world.seed).clock(clock.clock()).build()?;
    Ok(Simulation::new(world, limit, clock).run())
}

/// The world under a limit that stays what it is.
///
/// # Errors
///
/// As [`run`].
pub fn run_fixed(world: &World, limit: u32) -> Result<Run, Invalid> {
    run_under(world, ConcurrencyLimit::builder("server").min(limit).max(limit))
}

/// The goodput of the best fixed limit, which is another one in each phase.
///
/// # Errors
///
/// As [`run`].
pub fn best_fixed(world: &World) -> Result<[f64; 3], Invalid> {
    let mut best = [0.0_f64; 3];
    for limit in [8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192] {
        let goodput = run_fixed(world, limit)?.goodput;
        for (best, goodput) in best.iter_mut().zip(goodput) {
            *best = best.max(goodput);
        }
    }
    Ok(best)
}

/// What happens next, in the order of time; the number makes the order of equal times the order in
/// which they were planned.
type Event = Reverse<(u64, u64, What)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Arrival,
    Answer(usize),
    Deadline(usize),
    Phase,
    Point,
}

struct Request {
    cost: u64,
    /// Until the client has an answer, or no patience left.
    permit: Option<OwnedPermit>,
}

struct Simulation<'w> {
    world: &'w World,
    limit: ConcurrencyLimit,
    clock: ManualClock,
    numbers: Numbers,
    now: u64,
    planned: u64,
    events: BinaryHeap<Event>,
    requests: Vec<Request>,
    queue: VecDeque<usize>,
    busy: usize,
    answers_at_last_point: f64,
    answers: [f64; 3],
    late: [f64; 3],
    points: Vec<Point>,
}

impl<'w> Simulation<'w> {
    fn new(world: &'w World, limit: ConcurrencyLimit, clock: ManualClock) -> Self {
        Self {
            world,
            limit,
            clock,
            numbers: Numbers::new(world.seed),
            now: 0,
            planned: 0,
            events: BinaryHeap::new(),
            requests: Vec::new(),
            queue: VecDeque::new(),
            busy: 0,
            answers_at_last_point: 0.0,
            answers: [0.0; 3],
            late: [0.0; 3],
            points: Vec::new(),
        }
    }

    fn run(mut self) -> Run {
        let phase = nanos(self.world.phase);
        self.plan(0, What::Arrival);
        self.plan(phase, What::Phase);
        self.plan(2 * phase, What::Phase);
        self.plan(POINT_NANOS, What::Point);
        while let Some(Reverse((at, _, what))) = self.events.pop() {
            if at >= 3 * phase {
                break;
            }
            self.now = at;
            self.clock.set(Instant::from_nanos(at));
            self.happen(what);
            self.work();
        }
        let per_second = |count: f64| count / self.world.phase.as_secs_f64();
        Run {
            goodput: self.answers.map(per_second),
            late: self.late.map(per_second),
            points: self.points,
        }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Arrival => self.arrive(),
            What::Answer(request) => {
                self.busy -= 1;
                // Nobody waits for an answer that comes too late.
                if let Some(permit) = self.requests[request].permit.take() {
                    permit.success();
                    self.answers[self.phase()] += 1.0;
                }
            }
            What::Deadline(request) => {
                if let Some(permit) = self.requests[request].permit.take() {
                    permit.dropped();
                    self.late[self.phase()] += 1.0;
                }
            }
            What::Phase => {}
            What::Point => self.take_point(),
        }
    }

    fn arrive(&mut self) {
        let mean = NANOS / self.world.calls_per_second;
        let pause = self.numbers.exponential(mean);
        self.plan(self.now + pause, What::Arrival);
        // Drawn for refused calls too, so that all limits meet the same calls.
        let cost = self.numbers.cost(self.world.service.as_secs_f64() * NANOS);
        if let Ok(permit) = self.limit.acquire_owned(Priority::Critical) {
            let request = self.requests.len();
            self.requests.push(Request { cost, permit: Some(permit) });
            self.queue.push_back(request);
            self.plan(self.now + nanos(self.world.deadline), What::Deadline(request));
        }
    }

    /// Workers that have nothing to do take the first of the queue.
    fn work(&mut self) {
        while self.busy < self.world.workers[self.phase()]
            && let Some(request) = self.queue.pop_front()
        {
            self.busy += 1;
            self.plan(self.now + self.requests[request].cost, What::Answer(request));
        }
    }

    fn take_point(&mut self) {
        let answers = self.answers.iter().sum();
        self.points.push(Point {
            at_seconds: self.now as f64 / NANOS,
            limit: self.limit.limit(),
            in_flight: self.limit.in_flight(),
            goodput: (answers - self.answers_at_last_point) * NANOS / POINT_NANOS as f64,
        });
        self.answers_at_last_point = answers;
        self.plan(self.now + POINT_NANOS, What::Point);
    }

    fn phase(&self) -> usize {
        ((self.now / nanos(self.world.phase)) as usize).min(2)
    }

    fn plan(&mut self, at: u64, what: What) {
        self.planned += 1;
        self.events.push(Reverse((at, self.planned, what)));
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
