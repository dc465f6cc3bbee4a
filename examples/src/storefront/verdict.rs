#![allow(clippy::print_stdout, reason = "the verdict is what the example is for")]

use std::process::ExitCode;

use super::inventory::Mood;
use super::table::{Row, milliseconds, percent};
use super::visitors::Tally;

/// Everything that was measured, by mood and in all.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    moods: Vec<(Mood, Sides)>,
    all: Sides,
    retries: u64,
    rejections: u64,
    opened: u64,
}

#[derive(Debug, Default)]
struct Sides {
    unprotected: Tally,
    protected: Tally,
}

impl Sides {
    fn merge(&mut self, row: &Row) {
        self.unprotected.merge(&row.unprotected);
        self.protected.merge(&row.protected);
    }
}

impl Verdict {
    pub(super) fn add(&mut self, row: &Row) {
        self.all.merge(row);
        self.retries += row.protection.retries;
        self.rejections += row.protection.rejections;
        self.opened += row.protection.opened;
        match self.moods.iter_mut().find(|(mood, _)| *mood == row.mood) {
            Some((_, sides)) => sides.merge(row),
            None => {
                let mut sides = Sides::default();
                sides.merge(row);
                self.moods.push((row.mood, sides));
            }
        }
    }

    /// Prints the sums. Success when the protected route served a greater share of its visitors,
    /// and its slowest pages came sooner.
    pub(super) fn print(&self) -> ExitCode {
        println!();
        println!("{:<12} {:>22} {:>22}", "served, p99", "unprotected", "protected");
        for (mood, sides) in &self.moods {
            println!(
                "{:<12} {:>22} {:>22}",
                mood.as_str(),
                sum(&sides.unprotected),
                sum(&sides.protected)
            );
        }
        println!(
            "{:<12} {:>22} {:>22}",
            "all",
            sum(&self.all.unprotected),
            sum(&self.all.protected)
        );
        println!(
            "{:<12} {:>22} {:>22}",
            "pages served",
            self.all.unprotected.served(),
            self.all.protected.served(),
        );
        println!();
        println!(
            "{} of the protected pages showed a cached price; {} retries, {} rejections, breaker opened {} times.",
            percent(self.all.protected.cached_share()),
            self.retries,
            self.rejections,
            self.opened,
        );
        if self.protected_is_better() {
            println!(
                "Verdict: the protected route served more of its visitors, and its slowest pages came sooner."
            );
            ExitCode::SUCCESS
        } else {
            println!("Verdict: the protected route was not better in both share served and p99.");
            ExitCode::FAILURE
        }
    }

    fn protected_is_better(&self) -> bool {
        let (with, without) = (&self.all.protected, &self.all.unprotected);
        with.served_share() > without.served_share() && with.quantile(0.99) < without.quantile(0.99)
    }
}

fn sum(tally: &Tally) -> String {
    let served = percent(tally.served_share());
    let p99 = milliseconds(tally.quantile(0.99));
    format!("{served:>6}, {p99:>7}")
}

#[cfg(test)]
mod tests {
    use super::super::table::Protection;
    use super::*;

    fn verdict(unprotected: Tally, protected: Tally) -> Verdict {
        let mut verdict = Verdict::default();
        verdict.add(&Row {
            second: 1,
            mood: Mood::Failing,
            unprotected,
            protected,
            protection: Protection::default(),
        });
        verdict
    }

    #[test]
    fn a_route_that_is_only_as_good_has_not_won() {
        let same = Tally::sample(99, 1, 20);
        assert!(!verdict(same.clone(), same).protected_is_better());
    }

    #[test]
    fn both_the_share_and_the_slowest_pages_count() {
        let good = Tally::sample(99, 1, 20);
        let slow = Tally::sample(100, 0, 30);
        let failing = Tally::sample(50, 50, 30);
        assert!(verdict(failing.clone(), good.clone()).protected_is_better());
        assert!(!verdict(good.clone(), slow).protected_is_better());
        assert!(!verdict(good, failing).protected_is_better());
    }
}
