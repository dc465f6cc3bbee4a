#![allow(clippy::print_stdout, reason = "the table is what the example is for")]

use std::io::IsTerminal;
use std::time::Duration;

use super::inventory::Mood;
use super::visitors::Tally;

/// What the protected route's policy has done so far.
#[derive(Debug, Clone, Default)]
pub struct Protection {
    /// Attempts beyond the first one of a call.
    pub retries: u64,
    /// Calls and attempts that were refused or given up: breaker open, bulkhead full, timed out.
    pub rejections: u64,
    /// What state its breaker is in.
    pub breaker: String,
}

impl Protection {
    /// The counts since then, and the state as it is now.
    pub(super) fn since(&self, before: &Protection) -> Protection {
        Protection {
            retries: self.retries - before.retries,
            rejections: self.rejections - before.rejections,
            breaker: self.breaker.clone(),
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
            "pages",
            "served",
            "p50",
            "p99",
            "pages",
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
            self.breaker(&row.protection.breaker),
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
    time.map_or_else(|| "-".to_owned(), |time| format!("{} ms", time.as_millis()))
}
