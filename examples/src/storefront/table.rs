#![allow(clippy::print_stdout, reason = "the table is what the example is for")]

use std::io::IsTerminal;
use std::time::Duration;

use reliability::telemetry;

use super::inventory::Mood;
use super::visitors::Tally;

/// What the policy of the protected route has counted, as telemetry tells it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Protection {
    /// Attempts beyond the first one of a call.
    pub(super) retries: u64,
    /// Calls that were refused or given up: breaker open, bulkhead full, too late.
    pub(super) rejections: u64,
    /// How often the breaker opened.
    pub(super) opened: u64,
    /// What state the breaker is in.
    pub(super) breaker: &'static str,
}

impl Protection {
    /// Everything so far.
    pub(super) fn of(policy: &str) -> Self {
        let snapshot = telemetry::snapshot();
        let Some(policy) = snapshot.policy(policy) else {
            return Self::default();
        };
        let breaker = policy.breaker.as_ref();
        let transitions = breaker.into_iter().flat_map(|breaker| &breaker.transitions);
        Self {
            retries: policy.retries,
            rejections: policy.rejected.iter().map(|(_, calls)| calls).sum(),
            opened: transitions.filter(|(_, to, _)| *to == "open").map(|(.., times)| times).sum(),
            breaker: breaker.map_or("-", |breaker| breaker.state),
        }
    }

    /// The counts since then, and the state as it is now.
    pub(super) fn since(self, before: Self) -> Self {
        Self {
            retries: self.retries - before.retries,
            rejections: self.rejections - before.rejections,
            opened: self.opened - before.opened,
            breaker: self.breaker,
        }
    }
}

/// One second.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) second: u64,
    pub(super) mood: Mood,
    pub(super) unprotected: Tally,
    pub(super) protected: Tally,
    pub(super) protection: Protection,
}

/// The table: colours on a terminal, and the same words without.
#[derive(Debug)]
pub(super) struct Table {
    colours: bool,
}

impl Table {
    /// Prints the head.
    pub(super) fn start() -> Self {
        println!("{:>4}  {:<9} | {:<29} | protected", "", "", "unprotected");
        println!(
            "{:>4}  {:<9} | {:>6} {:>7} {:>7} {:>6} | {:>6} {:>7} {:>7} {:>6} {:>6} {:>7} {:>8}  breaker",
            "time",
            "inventory",
            "served",
            "p50",
            "p99",
            "visits",
            "served",
            "p50",
            "p99",
            "visits",
            "cached",
            "retries",
            "rejected",
        );
        Self { colours: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    pub(super) fn print(&self, row: &Row) {
        println!(
            "{:>3}s  {:<9} | {} | {} {:>6} {:>7} {:>8}  {}",
            row.second,
            row.mood.as_str(),
            self.side(&row.unprotected),
            self.side(&row.protected),
            percent(row.protected.cached_share()),
            row.protection.retries,
            row.protection.rejections,
            self.breaker(row.protection.breaker),
        );
    }

    fn side(&self, tally: &Tally) -> String {
        let served = tally.served_share();
        let colour = match served {
            Some(share) if share >= 0.99 => GREEN,
            Some(share) if share >= 0.9 => YELLOW,
            Some(_) | None => RED,
        };
        format!(
            "{} {:>7} {:>7} {:>6}",
            self.paint(colour, &format!("{:>6}", percent(served))),
            milliseconds(tally.quantile(0.5)),
            milliseconds(tally.quantile(0.99)),
            tally.visits(),
        )
    }

    fn breaker(&self, state: &str) -> String {
        let colour = match state {
            "closed" => GREEN,
            "half_open" => YELLOW,
            _ => RED,
        };
        self.paint(colour, state)
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("{colour}{text}\x1b[0m") } else { text.to_owned() }
    }
}

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";

/// `None`, when there was nothing to take a share of, is a dash.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0))
}

pub(super) fn milliseconds(time: Option<Duration>) -> String {
    match time.map(|time| time.as_millis()) {
        None => "-".to_owned(),
        Some(0) => "<1 ms".to_owned(),
        Some(milliseconds) => format!("{milliseconds} ms"),
    }
}
