/// Pixels for each letter of a monospaced name at 13 pixels.
const LETTER: i32 = 8;
const NODE_HEIGHT: i32 = 34;
/// Between two edges on one side of a state.
const PORT: i32 = 14;
/// Between two states in a column.
const ROW_GAP: i32 = 26;
/// Between two columns, before lanes need room in it.
const COLUMN_GAP: i32 = 64;
/// Between two lanes.
const LANE: i32 = 12;
/// How far an edge within a column swings out.
const BULGE: i32 = 30;
/// Room above a state for an edge to itself.
const LOOP: i32 = 26;
/// Left of the first column, for the arrow that marks the start.
const START: i32 = 34;
const MARGIN: i32 = 6;

/// Where everything stands, in pixels.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) nodes: Vec<Node>,
    pub(super) routes: Vec<Route>,
    /// Where the arrow that marks the start ends.
    pub(super) start: Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// The box of a state.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Node {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// How an edge runs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Between neighbouring columns.
    Direct { from: Point, to: Point },
    /// Along one side of a column; `bulge` is how far out it swings.
    Beside { from: Point, to: Point, bulge: i32 },
    /// Out of the columns, along a lane at `y`, and in again.
    Lane { from: Point, out: i32, y: i32, back: i32, to: Point },
    /// From the top of a state to itself.
    Loop { at: Point },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// An end of an edge on a side of a state: the sides, and which neighbour pulls it where.
struct Port {
    node: usize,
    side: Side,
    /// Ports on one side are ordered by this: the height of the other end, then forward edges
    /// first, so that two states which lead to each other get parallel lines.
    pull: (i32, bool),
    /// The edge, and whether this is its end; `None` is the arrow that marks the start.
    edge: Option<(usize, bool)>,
}

/// An edge that skips columns, and the room that it takes.
struct Lane {
    edge: usize,
    /// Its position among those above the columns, or below, counted outwards.
    position: i32,
    forwards: bool,
    /// The gap by which it leaves its column, and its position there; then the one by which it
    /// comes in. Gap 0 is left of column 0.
    gaps: [(usize, i32); 2],
}

impl Layout {
    pub(super) fn of(names: &[String], initial: usize, edges: &[(usize, usize)]) -> Self {
        let columns = columns(names.len(), initial, edges);
        let column_of =
            |node| columns.iter().position(|column| column.contains(&node)).unwrap_or(0);
        let column: Vec<usize> = (0..names.len()).map(column_of).collect();
        let mut in_gap = vec![0; columns.len() + 1];
        let lanes = lanes(&column, edges, &mut in_gap);
        let room =
            |forwards| LANE * lanes.iter().filter(|lane| lane.forwards == forwards).count() as i32;

        let mut nodes = place(names, &columns, &column, edges);
        let top = MARGIN + room(true);
        let mut x = MARGIN + START;
        let mut gap_ends = vec![x];
        for (index, column) in columns.iter().enumerate() {
            let width = column.iter().map(|node| nodes[*node].width).max().unwrap_or(0);
            for node in column {
                nodes[*node].x = x + (width - nodes[*node].width) / 2;
                nodes[*node].y += top;
            }
            x += width + COLUMN_GAP + LANE * in_gap[index + 1];
            gap_ends.push(x);
        }
        let right = nodes.iter().map(|node| node.x + node.width).max().unwrap_or(0);
        let bottom = nodes.iter().map(|node| node.y + node.height).max().unwrap_or(0);

        let ends = ports(&nodes, &column, initial, edges);
        let along = |lane: &Lane, from, to| {
            let [out, back] = lane.gaps.map(|(gap, position)| gap_ends[gap] - 18 - LANE * position);
            let y = if lane.forwards {
                top - LANE * lane.position
            } else {
                bottom + LANE * lane.position
            };
            Route::Lane { from, out, y, back, to }
        };
        let routes = edges.iter().enumerate().map(|(edge, (source, target))| {
            let [from, to] = ends.edges[edge];
            if source == target {
                let node = nodes[*source];
                return Route::Loop { at: Point { x: node.x + node.width / 2, y: node.y } };
            }
            match lanes.iter().find(|lane| lane.edge == edge) {
                Some(lane) => along(lane, from, to),
                None if column[*source] != column[*target] => Route::Direct { from, to },
                None => {
                    Route::Beside { from, to, bulge: if to.y > from.y { BULGE } else { -BULGE } }
                }
            }
        });
        let routes = routes.collect();
        let beyond = if in_gap[columns.len()] > 0 {
            x - right
        } else if columns.last().is_some_and(|column| column.len() > 1) {
            BULGE
        } else {
            MARGIN
        };
        Self {
            width: right + beyond,
            height: bottom + room(false) + MARGIN,
            nodes,
            routes,
            start: ends.start,
        }
    }
}

/// Gives a lane to each edge that skips columns, the shorter ones nearer to the columns.
fn lanes(column: &[usize], edges: &[(usize, usize)], in_gap: &mut [i32]) -> Vec<Lane> {
    let span = |edge: &usize| column[edges[*edge].1].abs_diff(column[edges[*edge].0]);
    let mut long: Vec<usize> = (0..edges.len()).filter(|edge| span(edge) > 1).collect();
    long.sort_by_key(span);
    let (mut above, mut below) = (0, 0);
    let lane = |edge: usize| {
        let (source, target) = (column[edges[edge].0], column[edges[edge].1]);
        let forwards = target > source;
        let position = if forwards { &mut above } else { &mut below };
        *position += 1;
        let gaps = if forwards { [source + 1, target] } else { [source, target + 1] };
        let gaps = gaps.map(|gap| {
            in_gap[gap] += 1;
            (gap, in_gap[gap])
        });
        Lane { edge, position: *position, forwards, gaps }
    };
    long.into_iter().map(lane).collect()
}

/// The states by their distance from the initial one, each column ordered so that edges cross
/// little.
fn columns(count: usize, initial: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut placed = vec![false; count];
    placed[initial] = true;
    let mut columns = vec![vec![initial]];
    while let Some(last) = columns.last() {
        let mut next = Vec::new();
        for from in last {
            for (_, to) in edges.iter().filter(|(source, _)| source == from) {
                if !core::mem::replace(&mut placed[*to], true) {
                    next.push(*to);
                }
            }
        }
        if next.is_empty() {
            break;
        }
        columns.push(next);
    }
    // Out of reach: an error elsewhere, but the picture is still drawn.
    columns[0].extend((0..count).filter(|node| !placed[*node]));
    for index in 1..columns.len() {
        let previous = columns[index - 1].clone();
        let mean_row = |node: &usize| {
            let rows = previous.iter().enumerate().filter(|(_, other)| {
                edges.contains(&(**other, *node)) || edges.contains(&(*node, **other))
            });
            let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
            rows.iter().sum::<usize>() * 1000 / rows.len().max(1)
        };
        columns[index].sort_by_key(mean_row);
    }
    columns
}

/// Sizes, and heights within the columns; the columns get their places later.
fn place(
    names: &[String],
    columns: &[Vec<usize>],
    column: &[usize],
    edges: &[(usize, usize)],
) -> Vec<Node> {
    let mut nodes = vec![Node::default(); names.len()];
    let mut loops = vec![0; names.len()];
    for (index, node) in nodes.iter_mut().enumerate() {
        let sides = edges.iter().filter(|(from, to)| from != to).flat_map(|(from, to)| {
            let (out, into) = sides(column[*from], column[*to]);
            [(*from, out), (*to, into)]
        });
        let (mut left, mut right) = (0, 0);
        for (_, side) in sides.filter(|(end, _)| *end == index) {
            match side {
                Side::Left => left += 1,
                Side::Right => right += 1,
            }
        }
        node.width = LETTER * names[index].chars().count() as i32 + 28;
        node.height = NODE_HEIGHT.max(PORT * (1 + left.max(right)));
        if edges.contains(&(index, index)) {
            loops[index] = LOOP;
        }
    }
    let height = |column: &Vec<usize>| {
        let boxes: i32 = column.iter().map(|node| nodes[*node].height + loops[*node]).sum();
        boxes + ROW_GAP * (column.len() as i32 - 1)
    };
    let heights: Vec<i32> = columns.iter().map(height).collect();
    let tallest = heights.iter().max().copied().unwrap_or(0);
    for (column, height) in columns.iter().zip(heights) {
        let mut y = (tallest - height) / 2;
        for node in column {
            nodes[*node].y = y + loops[*node];
            y = nodes[*node].y + nodes[*node].height + ROW_GAP;
        }
    }
    nodes
}

/// The sides by which an edge leaves and comes in. Within a column the direction is not known
/// yet, and does not matter: both ends are on one side.
fn sides(from: usize, to: usize) -> (Side, Side) {
    match from.cmp(&to) {
        core::cmp::Ordering::Less => (Side::Right, Side::Left),
        core::cmp::Ordering::Greater => (Side::Left, Side::Right),
        core::cmp::Ordering::Equal => (Side::Right, Side::Right),
    }
}

struct Ends {
    start: Point,
    edges: Vec<[Point; 2]>,
}

/// Spreads the ends of the edges along the sides of the boxes.
fn ports(nodes: &[Node], column: &[usize], initial: usize, edges: &[(usize, usize)]) -> Ends {
    let middle = |node: usize| nodes[node].y + nodes[node].height / 2;
    let mut ports =
        vec![Port { node: initial, side: Side::Left, pull: (middle(initial), false), edge: None }];
    for (edge, (from, to)) in edges.iter().copied().enumerate().filter(|(_, (from, to))| from != to)
    {
        let (mut out, mut into) = sides(column[from], column[to]);
        if column[from] == column[to] && middle(to) < middle(from) {
            (out, into) = (Side::Left, Side::Left);
        }
        let forwards = column[to] > column[from];
        let pull = |other: usize| match column[from].abs_diff(column[to]) {
            0 | 1 => (middle(other), !forwards),
            _ if forwards => (i32::MIN, false),
            _ => (i32::MAX, true),
        };
        ports.push(Port { node: from, side: out, pull: pull(to), edge: Some((edge, false)) });
        ports.push(Port { node: to, side: into, pull: pull(from), edge: Some((edge, true)) });
    }
    ports.sort_by_key(|port| port.pull);
    let mut ends =
        Ends { start: Point { x: 0, y: 0 }, edges: vec![[Point { x: 0, y: 0 }; 2]; edges.len()] };
    for (index, node) in nodes.iter().enumerate() {
        for side in [Side::Left, Side::Right] {
            let here: Vec<&Port> =
                ports.iter().filter(|port| port.node == index && port.side == side).collect();
            for (position, port) in here.iter().enumerate() {
                let point = Point {
                    x: if side == Side::Left { node.x } else { node.x + node.width },
                    y: node.y + node.height * (position as i32 + 1) / (here.len() as i32 + 1),
                };
                match port.edge {
                    Some((edge, end)) => ends.edges[edge][usize::from(end)] = point,
                    None => ends.start = point,
                }
            }
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|node| format!("State{node}")).collect()
    }

    fn overlap(a: &Node, b: &Node) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    #[test]
    fn boxes_do_not_overlap_and_stay_inside_whatever_the_edges() {
        // Every fourth of all machines with five states and edges (a, b) for a set bit.
        for bits in (0_u32..1 << 20).step_by(4099) {
            let pairs = (0..5).flat_map(|a| (0..5).map(move |b| (a, b)));
            let edges: Vec<(usize, usize)> = pairs
                .enumerate()
                .filter(|(bit, _)| bits >> (bit % 20) & 1 == 1)
                .map(|(_, edge)| edge)
                .collect();
            let layout = Layout::of(&names(5), 0, &edges);
            for (index, node) in layout.nodes.iter().enumerate() {
                assert!(node.x >= 0 && node.y >= 0, "{edges:?}");
                assert!(
                    node.x + node.width <= layout.width && node.y + node.height <= layout.height,
                    "{edges:?}"
                );
                for other in &layout.nodes[index + 1..] {
                    assert!(!overlap(node, other), "{edges:?}: {layout:?}");
                }
            }
            assert_eq!(layout.routes.len(), edges.len());
        }
    }

    #[test]
    fn no_two_edges_end_in_one_point() {
        let edges = [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1), (2, 3), (3, 0)];
        let layout = Layout::of(&names(4), 0, &edges);
        let ends = layout.routes.iter().flat_map(|route| match route {
            Route::Direct { from, to }
            | Route::Beside { from, to, .. }
            | Route::Lane { from, to, .. } => [*from, *to],
            Route::Loop { at } => [*at, Point { x: -1, y: at.x }],
        });
        let mut ends: Vec<(i32, i32)> =
            ends.chain([layout.start]).map(|end| (end.x, end.y)).collect();
        let all = ends.len();
        ends.sort_unstable();
        ends.dedup();
        assert_eq!(ends.len(), all);
    }
}
