//! What windows hold, as a function of what was counted and the times that one is told.

use alloc::vec::Vec;
use core::time::Duration;

use super::calendar::bounds;
use super::ring::Ring;
use super::slices::Slices;
use crate::sre::promise::definition::OBJECTIVES_MAX;
use crate::sre::slo::tally::Sums;
use crate::sre::{Definition, GoodAndBad, Indicator, Objective, Reading, Window};

/// Each window of an alert is kept in so many parts, and so is at most 1/120 longer than it says.
pub(in crate::sre) const ALERT_GRAINS: u64 = 120;
/// The window of the SLO is kept in so many parts: of 30 days three hours each.
pub(in crate::sre) const PERIOD_GRAINS: u64 = 240;
/// How many beginnings of calendar windows are kept, for clocks that are set back.
const BEGINNINGS_MAX: usize = 3;

/// A moment on two clocks.
///
/// Windows are measured by the first, which nobody sets, and calendars by the second, which somebody
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sre) struct Moment {
    /// On the timeline of the engine, which goes on where it stopped when a process begins again.
    pub(in crate::sre) millis: u64,
    /// What the calendar says.
    pub(in crate::sre) unix_seconds: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sre) struct Engine {
    pub(in crate::sre) now: Moment,
    pub(in crate::sre) excluded: u64,
    pub(in crate::sre) tracks: Vec<Track>,
    pub(in crate::sre) calendar: Option<Calendar>,
    /// What the recorders' counters said last.
    last: Sums,
}

/// One objective.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sre) struct Track {
    pub(in crate::sre) sum: GoodAndBad,
    slices: Option<Slices>,
    pub(in crate::sre) rings: Vec<Ring>,
}

/// Where the window of the calendar began, and some before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sre) struct Calendar {
    /// The latest last.
    pub(in crate::sre) beginnings: Vec<Beginning>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sre) struct Beginning {
    pub(in crate::sre) at: i64,
    /// From when on somebody counted; not before `at`.
    pub(in crate::sre) seen_from: i64,
    pub(in crate::sre) sums: Vec<GoodAndBad>,
}

impl Engine {
    /// An engine that begins to count now.
    pub(in crate::sre) fn new(definition: &Definition, now: Moment) -> Self {
        let objectives = definition.objectives();
        let calendar = match definition.window {
            Window::Rolling(_) => None,
            Window::Calendar { unit, offset } => {
                let (at, _) = bounds(now.unix_seconds, unit, offset);
                let sums = objectives.iter().map(|_| GoodAndBad::default()).collect();
                Some(Calendar {
                    beginnings: Vec::from([Beginning { at, seen_from: now.unix_seconds, sums }]),
                })
            }
        };
        Self {
            now,
            excluded: 0,
            tracks: objectives
                .iter()
                .map(|of| Track::new(definition, of, now.millis, GoodAndBad::default()))
                .collect(),
            calendar,
            last: Sums::default(),
        }
    }

    /// Time has gone on, and the counters say this now.
    ///
    /// Time that goes back on the timeline stands still instead; the calendar may go where it likes.
    pub(in crate::sre) fn step(&mut self, definition: &Definition, now: Moment, sums: &Sums) {
        let (from, to) = (self.now.millis, now.millis.max(self.now.millis));
        self.turn_page(definition, now.unix_seconds);
        let counters = sums.objectives.iter().zip(&self.last.objectives);
        for (track, (now, last)) in self.tracks.iter_mut().zip(counters) {
            track.pass(from, to, now.since(*last));
        }
        self.excluded = self.excluded.wrapping_add(sums.excluded.wrapping_sub(self.last.excluded));
        self.last = *sums;
        self.now = Moment { millis: to, unix_seconds: now.unix_seconds };
    }

    /// Nobody was there for a while: the process was not running. What was counted before stays, and
    /// the counters begin at zero.
    pub(in crate::sre) fn resume(&mut self, definition: &Definition, now: Moment) {
        let (from, to) = (self.now.millis, now.millis.max(self.now.millis));
        self.turn_page(definition, now.unix_seconds);
        for track in &mut self.tracks {
            track.rings.iter_mut().for_each(|ring| ring.pass(from, to, track.sum));
            if let Some(slices) = &mut track.slices {
                slices.interrupt();
            }
        }
        self.last = Sums::default();
        self.now = Moment { millis: to, unix_seconds: now.unix_seconds };
    }

    /// What came in the last so long, which is one of the windows of the definition's alerts.
    pub(in crate::sre) fn within(&self, objective: usize, window: Duration) -> Option<Reading> {
        let track = self.tracks.get(objective)?;
        let millis = window.as_millis() as u64;
        let ring = track.rings.iter().find(|ring| ring.window_millis() == millis)?;
        let counts = ring.within(self.now.millis, track.sum);
        let seen = self.now.millis.saturating_sub(ring.since_millis());
        Some(Reading::rolling(window, Duration::from_millis(seen), counts))
    }

    /// What came in the window of the definition.
    pub(in crate::sre) fn period(
        &self,
        objective: usize,
        definition: &Definition,
    ) -> Option<Reading> {
        let (Window::Calendar { unit, offset }, Some(calendar)) =
            (definition.window, &self.calendar)
        else {
            return self.within(objective, definition.window.nominal());
        };
        let track = self.tracks.get(objective)?;
        let beginning = calendar.beginnings.last()?;
        let (begin, end) = bounds(beginning.at, unit, offset);
        let seconds =
            |from: i64, to: i64| Duration::from_secs(to.saturating_sub(from).max(0) as u64);
        let now = self.now.unix_seconds;
        let before = beginning.sums.get(objective).copied().unwrap_or_default();
        Some(Reading::calendar(
            seconds(begin, end),
            seconds(begin, now),
            seconds(beginning.seen_from, now),
            track.sum.since(before),
        ))
    }

    /// A new window of the calendar begins, or an old one again, because the clock was set back.
    fn turn_page(&mut self, definition: &Definition, unix_seconds: i64) {
        let (Window::Calendar { unit, offset }, Some(calendar)) =
            (definition.window, &mut self.calendar)
        else {
            return;
        };
        let (at, _) = bounds(unix_seconds, unit, offset);
        let sums = || self.tracks.iter().map(|track| track.sum).collect();
        let mut oldest = None;
        // What a clock that ran ahead has put into a later window belongs to this one after all.
        while calendar.beginnings.last().is_some_and(|last| last.at > at) {
            oldest = calendar.beginnings.pop();
        }
        if calendar.beginnings.last().is_none_or(|last| last.at < at) {
            let beginning = match oldest {
                Some(oldest) => Beginning { at, seen_from: unix_seconds, sums: oldest.sums },
                None => Beginning { at, seen_from: at, sums: sums() },
            };
            if calendar.beginnings.len() == BEGINNINGS_MAX {
                calendar.beginnings.remove(0);
            }
            calendar.beginnings.push(beginning);
        }
        if let Some(last) = calendar.beginnings.last_mut() {
            last.seen_from = last.seen_from.min(unix_seconds);
        }
    }
}

impl Track {
    /// A track from now on, when so much had been counted before.
    pub(in crate::sre) fn new(
        definition: &Definition,
        objective: &Objective,
        now_millis: u64,
        sum: GoodAndBad,
    ) -> Self {
        let slices = match objective.indicator {
            Indicator::Throughput { at_least, slice } => {
                Some(Slices::new(at_least, slice.as_millis() as u64))
            }
            _ => None,
        };
        let rings = windows(definition, objective);
        let ring = |(millis, grains)| Ring::new(millis, grains, now_millis, sum);
        let rings = rings.into_iter().map(ring).collect();
        Self { sum, slices, rings }
    }

    fn pass(&mut self, from: u64, to: u64, came: GoodAndBad) {
        self.rings.iter_mut().for_each(|ring| ring.pass(from, to, self.sum));
        let came = match &mut self.slices {
            Some(slices) => slices.pass(from, to, came.good),
            None => came,
        };
        self.sum = GoodAndBad {
            good: self.sum.good.wrapping_add(came.good),
            bad: self.sum.bad.wrapping_add(came.bad),
        };
    }
}

/// The windows that are kept for an objective, in milliseconds, each once, and in how many parts.
fn windows(definition: &Definition, objective: &Objective) -> Vec<(u64, u64)> {
    let millis = |window: Duration| window.as_millis() as u64;
    let mut windows = Vec::new();
    if let Window::Rolling(length) = definition.window {
        windows.push((millis(length), PERIOD_GRAINS));
    }
    for alert in definition.alerting(objective).alerts {
        for window in [alert.long, alert.short].map(millis) {
            if windows.iter().all(|(known, _)| *known != window) {
                windows.push((window, ALERT_GRAINS));
            }
        }
    }
    debug_assert!(definition.objectives().len() <= OBJECTIVES_MAX);
    windows
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;
