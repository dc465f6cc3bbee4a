use alloc::string::String;
use core::time::Duration;
use std::sync::mpsc::SyncSender;

use super::Signal;
use super::lane::{Ended, Lane, Step};
use super::transport::Transport;
use crate::time::{Clock, Instant};

/// All lanes, and who waits for them. It knows no thread and does not wait: [`step`](Self::step)
/// says how long to.
pub(super) struct Pipeline {
    clock: Clock,
    lanes: Vec<Lane>,
    waits: Vec<Wait>,
    /// When it ends; nothing is taken any more.
    stop_by: Option<Instant>,
}

/// Somebody who wants to know that all that was there when they came is gone.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) within: Duration,
    /// Whether to end then.
    pub(super) last: bool,
    pub(super) reply: SyncSender<Report>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Report {
    /// How many items were lost, or are still there.
    pub(super) undelivered: u64,
    pub(super) why: Option<String>,
}

struct Wait {
    wish: Wish,
    by: Instant,
    /// How many items of each signal are still there.
    left: [u64; 3],
    lost: u64,
}

/// How long who is interrupted between two instructions may take.
const SHORTLY: Duration = Duration::from_millis(1);

/// What to do after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another step.
    Again,
    /// Nothing for that long, unless somebody comes.
    Wait(Duration),
    /// Nothing any more.
    Done,
}

impl Pipeline {
    pub(super) fn new(clock: Clock, lanes: Vec<Lane>) -> Self {
        Self { clock, lanes, waits: Vec::new(), stop_by: None }
    }

    /// Begins to wait for all that is there now.
    pub(super) fn wish(&mut self, wish: Wish) {
        let mut left = [0; 3];
        for at in 0..self.lanes.len() {
            if let Some(ended) = self.lanes[at].release() {
                self.ended(ended);
            }
            left[self.lanes[at].signal().index()] = self.lanes[at].outstanding();
        }
        let by = self.clock.now().saturating_add(wish.within);
        if wish.last {
            self.stop_by = Some(self.stop_by.map_or(by, |earlier| earlier.min(by)));
        }
        self.waits.push(Wait { wish, by, left, lost: 0 });
    }

    /// Sends at most one request of each signal.
    pub(super) fn step(&mut self, transport: &mut dyn Transport) -> Next {
        let mut sent = false;
        for at in 0..self.lanes.len() {
            match self.lanes[at].step(&self.clock, transport, self.stop_by) {
                Step::Idle => {}
                Step::Failed => sent = true,
                Step::Ended(ended) => {
                    sent = true;
                    self.ended(ended);
                }
            }
        }
        let now = self.clock.now();
        self.answer_waits(now);
        if let Some(by) = self.stop_by {
            let over = |lane: &Lane| lane.outstanding() == 0 || lane.is_hopeless(by);
            if now >= by || self.lanes.iter().all(over) {
                self.end();
                return Next::Done;
            }
        }
        if sent {
            return Next::Again;
        }
        let pause = self.next().saturating_duration_since(now);
        if self.release_late() { Next::Wait(pause.min(SHORTLY)) } else { Next::Wait(pause) }
    }

    /// Who waits for something that is late does not wait for the interval of its lane.
    fn release_late(&mut self) -> bool {
        let waits = &self.waits;
        let awaited = |signal: Signal| waits.iter().any(|wait| wait.left[signal.index()] > 0);
        let late = self.lanes.iter_mut().filter(|lane| lane.is_late() && awaited(lane.signal()));
        late.map(Lane::release).count() > 0
    }

    /// Who waited need not wait for those any more.
    fn ended(&mut self, ended: Ended) {
        for wait in &mut self.waits {
            let left = &mut wait.left[ended.signal.index()];
            wait.lost += ended.lost.min(*left);
            *left = left.saturating_sub(ended.items);
        }
    }

    fn answer_waits(&mut self, now: Instant) {
        for at in (0..self.waits.len()).rev() {
            let wait = &self.waits[at];
            let by = wait.by;
            let over = |lane: &Lane| wait.left[lane.signal().index()] == 0 || lane.is_hopeless(by);
            // Who wants the end is answered at the end.
            if !wait.wish.last && (now >= by || self.lanes.iter().all(over)) {
                let wait = self.waits.swap_remove(at);
                self.answer(wait);
            }
        }
    }

    fn answer(&self, wait: Wait) {
        let undelivered = wait.lost + wait.left.iter().sum::<u64>();
        let failed = |lane: &&Lane| wait.left[lane.signal().index()] > 0 || wait.lost > 0;
        let why = self.lanes.iter().filter(failed).find_map(Lane::last_error);
        let why = if undelivered > 0 { why } else { None };
        // Who does not listen any more has given up before.
        let _ = wait.wish.reply.try_send(Report { undelivered, why });
    }

    /// When there is something to do.
    fn next(&self) -> Instant {
        let lanes = self.lanes.iter().map(Lane::next);
        let waits = self.waits.iter().map(|wait| wait.by);
        lanes.chain(waits).chain(self.stop_by).min().unwrap_or(Instant::from_nanos(u64::MAX))
    }

    fn end(&mut self) {
        for lane in &mut self.lanes {
            lane.discard();
        }
        for wait in core::mem::take(&mut self.waits) {
            self.answer(wait);
        }
    }
}
