use std::fmt::Write as _;

use super::MINUTES;
use crate::overload::chart::{label, line};

const WIDTH: f64 = 1_000.0;
const PANEL: f64 = 260.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 60.0;
const GAP: f64 = 70.0;
const DAY: u64 = 24 * 60;

const BUDGET: &str = "#2b6cb0";
const BURN: &str = "#c33";

/// How it was at one time.
#[derive(Debug, Clone, Copy)]
pub struct Point {
    /// When, in minutes.
    pub minute: u64,
    /// What was left of the budget: 1 for all of it.
    pub remaining: f64,
    /// How fast it burnt in the hour before.
    pub burn: f64,
    /// Whether somebody was called.
    pub paged: bool,
    /// Whether nothing new might be released.
    pub frozen: bool,
}

/// A picture of the month: what was left of the budget, and how fast it burnt.
pub fn chart(points: &[Point]) -> String {
    let height = TOP + 2.0 * (PANEL + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH + LEFT + 40.0,
    );
    label(&mut svg, LEFT, 24.0, "A month of a promise: 99.9 % of all calls within 30 days");
    let (budget, burn) = (TOP, TOP + PANEL + GAP);
    bands(&mut svg, points, budget, "#fbeaea", |point| point.frozen);
    bands(&mut svg, points, burn, "#fde9c8", |point| point.paged);
    for top in [budget, burn] {
        axis(&mut svg, top);
    }

    label(&mut svg, LEFT, budget - 8.0, "error budget left; shaded: releases are frozen");
    // From -100 % to 100 %.
    let share = |remaining: f64| (remaining + 1.0) / 2.0;
    for (percent, remaining) in
        [("100 %", 1.0), ("50 %", 0.5), ("0", 0.0), ("-50 %", -0.5), ("-100 %", -1.0)]
    {
        let y = y(budget, share(remaining));
        label(&mut svg, 8.0, y + 4.0, percent);
        line(&mut svg, &[(LEFT, y), (LEFT + WIDTH, y)], "#ddd", 1.0);
    }
    curve(&mut svg, points, BUDGET, |point| y(budget, share(point.remaining)));

    let title = "burn rate of the last hour (logarithmic); shaded: somebody is called";
    label(&mut svg, LEFT, burn - 8.0, title);
    // From 0.1 to 1,000.
    let share = |rate: f64| (rate.max(0.1).log10() + 1.0) / 4.0;
    for (text, rate) in [("1000", 1_000.0), ("14.4", 14.4), ("6", 6.0), ("1", 1.0), ("0.1", 0.1)] {
        let y = y(burn, share(rate));
        label(&mut svg, 8.0, y + 4.0, text);
        line(&mut svg, &[(LEFT, y), (LEFT + WIDTH, y)], "#ddd", 1.0);
    }
    curve(&mut svg, points, BURN, |point| y(burn, share(point.burn)));
    svg.push_str("</svg>\n");
    svg
}

fn x(minute: u64) -> f64 {
    LEFT + WIDTH * minute as f64 / MINUTES as f64
}

fn y(top: f64, share: f64) -> f64 {
    top + PANEL * (1.0 - share.clamp(0.0, 1.0))
}

fn axis(svg: &mut String, top: f64) {
    for day in (0..=30).step_by(5) {
        label(svg, x(day * DAY) - 12.0, top + PANEL + 20.0, &format!("day {day}"));
    }
}

fn curve(svg: &mut String, points: &[Point], color: &str, y: impl Fn(&Point) -> f64) {
    let points: Vec<_> = points.iter().map(|point| (x(point.minute), y(point))).collect();
    line(svg, &points, color, 1.6);
}

/// Shades the times at which something was so.
fn bands(svg: &mut String, points: &[Point], top: f64, fill: &str, so: impl Fn(&Point) -> bool) {
    let mut begun = None;
    for (index, point) in points.iter().enumerate() {
        let ends = !so(point) || index + 1 == points.len();
        match (begun, ends) {
            (None, false) => begun = Some(point.minute),
            (Some(from), true) => {
                // Half an hour would be too narrow to be seen.
                let width = (x(point.minute) - x(from)).max(3.0);
                let _ = writeln!(
                    svg,
                    "<rect x=\"{:.1}\" y=\"{top}\" width=\"{width:.1}\" height=\"{PANEL}\" \
                     fill=\"{fill}\"/>",
                    x(from),
                );
                begun = None;
            }
            _ => {}
        }
    }
}
