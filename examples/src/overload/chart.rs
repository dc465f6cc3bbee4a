//! Pictures as SVG: of runs, and the lines and texts that other pictures are made of.

use std::fmt::Write as _;

use super::{Point, Run, World};

const WIDTH: f64 = 1_000.0;
const PANEL: f64 = 220.0;
const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const GAP: f64 = 50.0;

/// A picture of runs, one panel each, in which time goes to the right: the limit, the calls in
/// flight, and the goodput beside that of the best fixed limit.
pub fn chart(world: &World, runs: &[(&str, Run)], best: [f64; 3]) -> String {
    let height = TOP + (PANEL + GAP) * runs.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n",
        WIDTH + LEFT + 70.0,
    );
    legend(&mut svg);
    for (index, (name, run)) in runs.iter().enumerate() {
        let top = TOP + (PANEL + GAP) * index as f64;
        Panel { top, world, best }.draw(&mut svg, name, run);
    }
    svg.push_str("</svg>\n");
    svg
}

const LINES: [(&str, &str); 4] = [
    ("#c33", "limit"),
    ("#e9a13b", "in flight"),
    ("#2b6cb0", "answers in time per second"),
    ("#888", "those of the best fixed limit"),
];

fn legend(svg: &mut String) {
    for (index, (color, text)) in LINES.iter().enumerate() {
        let x = LEFT + 240.0 * index as f64;
        line(svg, &[(x, 20.0), (x + 24.0, 20.0)], color, 3.0);
        label(svg, x + 30.0, 24.0, text);
    }
}

struct Panel<'a> {
    top: f64,
    world: &'a World,
    best: [f64; 3],
}

impl Panel<'_> {
    fn draw(&self, svg: &mut String, name: &str, run: &Run) {
        let phase = self.world.phase.as_secs_f64();
        let calls_max = f64::from(run.points.iter().map(|point| point.limit).max().unwrap_or(1));
        let calls_max = (calls_max * 1.1).max(10.0);
        let goodput_max = self.best.iter().copied().fold(1.0, f64::max) * 1.3;
        let x = |seconds: f64| LEFT + WIDTH * seconds / (3.0 * phase);
        let y = |share: f64| self.top + PANEL * (1.0 - share.min(1.0));

        for (index, workers) in self.world.workers.iter().enumerate() {
            let (from, to) = (x(phase * index as f64), x(phase * (index as f64 + 1.0)));
            let fill = if index == 1 { "#fbeaea" } else { "#f4f7fa" };
            let _ = writeln!(
                svg,
                "<rect x=\"{from:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{PANEL}\" \
                 fill=\"{fill}\"/>",
                self.top,
                to - from,
            );
            let share = 100.0 * run.goodput[index] / self.best[index].max(1.0);
            let text = format!("{workers} workers: {share:.0} % of the best fixed limit");
            label(svg, from + 8.0, self.top + PANEL + 18.0, &text);
        }
        label(svg, LEFT, self.top - 6.0, name);
        for share in [0.5, 1.0] {
            label(svg, 8.0, y(share) + 10.0, &format!("{:.0}", calls_max * share));
            label(
                svg,
                LEFT + WIDTH + 6.0,
                y(share) + 10.0,
                &format!("{:.0}/s", goodput_max * share),
            );
        }

        let best = [0, 0, 1, 1, 2, 2].map(|index| self.best[index] / goodput_max);
        let best: Vec<_> = [0.0, 1.0, 1.0, 2.0, 2.0, 3.0]
            .into_iter()
            .zip(best)
            .map(|(phases, share)| (x(phases * phase), y(share)))
            .collect();
        line(svg, &best, LINES[3].0, 2.0);
        let mut curve = |value: &dyn Fn(&Point) -> f64, color: &str| {
            let points: Vec<_> =
                run.points.iter().map(|point| (x(point.at_seconds), y(value(point)))).collect();
            line(svg, &points, color, 1.2);
        };
        curve(&|point| point.goodput / goodput_max, LINES[2].0);
        curve(&|point| f64::from(point.in_flight) / calls_max, LINES[1].0);
        curve(&|point| f64::from(point.limit) / calls_max, LINES[0].0);
    }
}

/// A line through points of a picture.
pub fn line(svg: &mut String, points: &[(f64, f64)], color: &str, width: f64) {
    let _ = write!(
        svg,
        "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" points=\""
    );
    for (x, y) in points {
        let _ = write!(svg, "{x:.1},{y:.1} ");
    }
    svg.push_str("\"/>\n");
}

/// A text in a picture.
pub fn label(svg: &mut String, x: f64, y: f64, text: &str) {
    let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
}
