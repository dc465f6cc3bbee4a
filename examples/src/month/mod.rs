//! A month of calls to a shop, minute by minute: many by day, few by night, and three bad hours.

mod chart;

pub use chart::{Point, chart};

/// A month has so many minutes.
pub const MINUTES: u64 = 30 * 24 * 60;

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// Something that goes wrong for a while.
#[derive(Debug, Clone, Copy)]
pub struct Incident {
    /// What it is.
    pub name: &'static str,
    /// When it begins, in minutes.
    pub begins: u64,
    /// How long it is, in minutes.
    pub minutes: u64,
    /// How many of a thousand calls fail meanwhile.
    pub per_mille: u64,
}

/// What goes wrong in this month.
pub const INCIDENTS: [Incident; 3] = [
    // The story of the SRE Workbook, chapter 5.
    Incident {
        name: "a bad release, rolled back after ten minutes",
        begins: 5 * DAY + 14 * HOUR,
        minutes: 10,
        per_mille: 150,
    },
    Incident {
        name: "a supplier that is a little broken for a day and a half",
        begins: 11 * DAY + 8 * HOUR,
        minutes: 36 * HOUR,
        per_mille: 4,
    },
    Incident {
        name: "the database is gone for half an hour",
        begins: 20 * DAY + 16 * HOUR,
        minutes: 30,
        per_mille: 1_000,
    },
];

/// How many calls go well and fail in a minute: a hundred a minute in the afternoon, two at night.
///
/// What fails is spread evenly, so that every run is the same.
pub fn calls(minute: u64) -> (u64, u64) {
    let hour = (minute / HOUR % 24) as f64;
    let day = (std::f64::consts::PI * (hour - 4.0) / 20.0).sin().max(0.0);
    let calls = 2 + (98.0 * day) as u64;
    let now = |incident: &&Incident| {
        (incident.begins..incident.begins + incident.minutes).contains(&minute)
    };
    let per_mille: u64 = INCIDENTS.iter().filter(now).map(|incident| incident.per_mille).sum();
    // Of a million, and with what is always a little wrong: one call of ten thousand.
    let share = per_mille * 1_000 + 100;
    let until = |minute: u64| minute * calls * share / 1_000_000;
    let failed = (until(minute + 1) - until(minute)).min(calls);
    (calls - failed, failed)
}
