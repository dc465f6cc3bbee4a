use std::fmt::Write as _;

use super::layout::{Layout, Node, Point, Route};

/// One line of HTML, so that Markdown takes it as it is.
pub(super) fn svg(machine: &str, names: &[String], finals: &[bool], layout: &Layout) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "<div style=\"overflow-x:auto\"><svg role=\"img\" aria-label=\"the states of {machine}\" \
         width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" fill=\"none\" stroke=\"currentColor\" \
         stroke-width=\"1.3\" font-family=\"monospace\" font-size=\"13\">",
        layout.width, layout.height,
    );
    let start = layout.start;
    let _ = write!(
        text,
        "<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"currentColor\"></circle><path d=\"M{} {}H{}\"></path>",
        start.x - 28,
        start.y,
        start.x - 28,
        start.y,
        start.x - 6,
    );
    arrow(&mut text, start, Heading::Right);
    for route in &layout.routes {
        edge(&mut text, route);
    }
    for ((name, is_final), node) in names.iter().zip(finals).zip(&layout.nodes) {
        state(&mut text, name, *is_final, node);
    }
    text.push_str("</svg></div>");
    text
}

fn state(text: &mut String, name: &str, is_final: bool, node: &Node) {
    let Node { x, y, width, height } = node;
    let _ = write!(
        text,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\" \
         fill=\"currentColor\" fill-opacity=\"0.08\"></rect>"
    );
    if is_final {
        let (x, y, width, height) = (x + 3, y + 3, width - 6, height - 6);
        let _ = write!(
            text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"6\"></rect>"
        );
    }
    let (x, y) = (x + width / 2, y + height / 2 + 4);
    let _ = write!(
        text,
        "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" fill=\"currentColor\" stroke=\"none\">{name}</text>"
    );
}

#[derive(Clone, Copy)]
enum Heading {
    Left,
    Right,
    Down,
}

/// The filled head of an arrow, with its tip at the point.
fn arrow(text: &mut String, tip: Point, heading: Heading) {
    let Point { x, y } = tip;
    let path = match heading {
        Heading::Right => format!("M{x} {y}l-8 -4v8z"),
        Heading::Left => format!("M{x} {y}l8 -4v8z"),
        Heading::Down => format!("M{x} {y}l-4 -8h8z"),
    };
    let _ = write!(text, "<path d=\"{path}\" fill=\"currentColor\" stroke=\"none\"></path>");
}

fn edge(text: &mut String, route: &Route) {
    // A line ends where the head of its arrow begins.
    let (path, tip, heading) = match route {
        Route::Direct { from, to } => {
            let right = to.x > from.x;
            let end = if right { to.x - 6 } else { to.x + 6 };
            let bend = (end - from.x) / 2;
            let path = format!(
                "M{} {}C{} {} {} {} {end} {}",
                from.x,
                from.y,
                from.x + bend,
                from.y,
                end - bend,
                to.y,
                to.y
            );
            (path, *to, if right { Heading::Right } else { Heading::Left })
        }
        Route::Beside { from, to, bulge } => {
            let end = to.x + bulge.signum() * 6;
            let path = format!(
                "M{} {}C{} {} {} {} {end} {}",
                from.x,
                from.y,
                from.x + bulge,
                from.y,
                end + bulge,
                to.y,
                to.y
            );
            (path, *to, if *bulge > 0 { Heading::Left } else { Heading::Right })
        }
        Route::Lane { from, out, y, back, to } => {
            let right = back < &to.x;
            let end = if right { to.x - 6 } else { to.x + 6 };
            let corners = [
                *from,
                Point { x: *out, y: from.y },
                Point { x: *out, y: *y },
                Point { x: *back, y: *y },
                Point { x: *back, y: to.y },
                Point { x: end, y: to.y },
            ];
            (rounded(&corners), *to, if right { Heading::Right } else { Heading::Left })
        }
        Route::Loop { at } => {
            let path = format!(
                "M{} {}C{} {} {} {} {} {}",
                at.x - 10,
                at.y,
                at.x - 16,
                at.y - 30,
                at.x + 16,
                at.y - 30,
                at.x + 10,
                at.y - 6
            );
            (path, Point { x: at.x + 10, y: at.y }, Heading::Down)
        }
    };
    let _ = write!(text, "<path d=\"{path}\" stroke-opacity=\"0.75\"></path>");
    arrow(text, tip, heading);
}

/// Straight lines through these points, with rounded corners.
fn rounded(points: &[Point]) -> String {
    let mut path = format!("M{} {}", points[0].x, points[0].y);
    for window in points.windows(3) {
        let [before, corner, after] = window else { continue };
        let towards = |other: &Point| {
            let (dx, dy) = (other.x - corner.x, other.y - corner.y);
            let reach = 6.min((dx.abs() + dy.abs()) / 2);
            Point { x: corner.x + dx.signum() * reach, y: corner.y + dy.signum() * reach }
        };
        let (enter, leave) = (towards(before), towards(after));
        let _ = write!(
            path,
            "L{} {}Q{} {} {} {}",
            enter.x, enter.y, corner.x, corner.y, leave.x, leave.y
        );
    }
    if let Some(last) = points.last() {
        let _ = write!(path, "L{} {}", last.x, last.y);
    }
    path
}
