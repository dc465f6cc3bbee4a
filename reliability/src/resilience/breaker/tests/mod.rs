//! The breaker without a clock, given the time.
#![allow(clippy::unwrap_used, reason = "clippy does not see that these are tests")]

mod half_open;
mod history;
mod open_period;
mod operator;
#[cfg(feature = "telemetry")]
mod telemetry;
mod threads;

use core::cell::Cell;
use core::time::Duration;

use super::circuit::Circuit;
use super::engine::{Engine, Refusal};
use super::window::lanes::LaneCount;
use super::{Settings, State};
use crate::error::{Counted, Name};
use crate::time::Instant;

/// An engine, and the time it is told.
struct Rig {
    engine: Engine,
    now: Cell<Instant>,
}

impl Rig {
    fn new(settings: Settings) -> Self {
        let name = Name::from_static("rig");
        settings.validate(&name).unwrap();
        let capacity = match settings.window {
            super::Window::Count(calls) => calls,
            _ => 0,
        };
        let engine = Engine::new(name, &settings, capacity, LaneCount::Striped, 42);
        // Away from the origin, so that a clock can jump back.
        let now = Cell::new(Instant::from_nanos(1_000_000_000_000_000));
        Self { engine, now }
    }

    fn advance(&self, by: Duration) {
        self.now.set(self.now.get().saturating_add(by));
    }

    fn jump_back(&self, by: Duration) {
        let nanos = self.now.get().as_nanos() - by.as_nanos() as u64;
        self.now.set(Instant::from_nanos(nanos));
    }

    fn admit(&self) -> Result<u32, Refusal> {
        self.engine.admit(|| self.now.get())
    }

    fn record(&self, generation: u32, counted: Counted, slow: bool) {
        if slow || !self.engine.record_quickly(generation, counted, || self.now.get()) {
            self.engine.record(generation, counted, slow, || self.now.get());
        }
    }

    fn call(&self, counted: Counted) {
        let generation = self.admit().unwrap();
        self.record(generation, counted, false);
    }

    fn state(&self) -> State {
        State::of(self.engine.cell.load())
    }

    fn circuit(&self) -> Circuit {
        self.engine.cell.load().machine()
    }

    /// Fails until it is open.
    fn trip(&self) {
        for _ in 0..2_000_000 {
            match self.admit() {
                Ok(generation) => self.record(generation, Counted::Failure, false),
                Err(_) => return,
            }
        }
        panic!("two million failures did not open it");
    }

    fn retry_after(&self) -> Duration {
        self.admit().unwrap_err().retry_after.unwrap()
    }

    /// Waits for the end of the open period and takes the first probe.
    fn half_open(&self) -> u32 {
        self.trip();
        self.advance(self.retry_after());
        let generation = self.admit().unwrap();
        assert_eq!(self.state(), State::HalfOpen);
        generation
    }
}

fn standard() -> Settings {
    Settings::standard()
}
