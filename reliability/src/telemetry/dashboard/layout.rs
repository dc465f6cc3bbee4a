//! Where the nodes of a map stand: callers at the left, whom they call to their right.

use alloc::vec::Vec;
use std::collections::BTreeMap;

use super::{Edge, Map};

/// A place in the grid of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) column: usize,
    pub(super) row: usize,
}

/// A place for each node: one column further than the furthest of its callers. A circle ends at
/// the node where it was entered, so that there is a place for its nodes, too.
pub(super) fn place(map: &Map) -> BTreeMap<&str, Placed> {
    let mut columns: BTreeMap<&str, usize> =
        map.nodes.iter().map(|node| (node.id.as_str(), 0)).collect();
    // In as many rounds as there are nodes all paths without a circle are gone through; and no
    // column is beyond the last that such a path reaches.
    let most = map.nodes.len().saturating_sub(1);
    for _ in 0..map.nodes.len() {
        let mut moved = false;
        for edge in &map.edges {
            let (from, to) = (edge.from.as_str(), edge.to.as_str());
            let (Some(&caller), Some(&callee)) = (columns.get(from), columns.get(to)) else {
                continue;
            };
            if from != to && callee <= caller && caller < most && !leads_to(map, to, from) {
                columns.insert(to, caller + 1);
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    // Whom nobody calls stands beside the nearest whom it calls: its arrow crosses no other node.
    for node in &map.nodes {
        let own = |edge: &&Edge| edge.from == node.id && edge.to != node.id;
        let called = map.edges.iter().any(|edge| edge.to == node.id && edge.from != node.id);
        let nearest = map.edges.iter().filter(own).filter_map(|edge| columns.get(&*edge.to)).min();
        if let (false, Some(nearest)) = (called, nearest.copied()) {
            columns.insert(node.id.as_str(), nearest.saturating_sub(1));
        }
    }
    let mut filled: Vec<usize> = Vec::new();
    let mut placed = BTreeMap::new();
    for node in &map.nodes {
        let column = columns.get(node.id.as_str()).copied().unwrap_or(0);
        if filled.len() <= column {
            filled.resize(column + 1, 0);
        }
        placed.insert(node.id.as_str(), Placed { column, row: filled[column] });
        filled[column] += 1;
    }
    placed
}

/// Whether calls of `from` end up at `to`.
fn leads_to<'a>(map: &'a Map, from: &'a str, to: &str) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut next: Vec<&str> = alloc::vec![from];
    while let Some(node) = next.pop() {
        if node == to {
            return true;
        }
        if seen.contains(&node) {
            continue;
        }
        seen.push(node);
        next.extend(map.edges.iter().filter(|edge| edge.from == node).map(|e| e.to.as_str()));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::dashboard::{Node, Standing};

    fn columns(nodes: &[&str], edges: &[(&str, &str)]) -> Vec<usize> {
        let map = Map {
            describe: "".into(),
            nodes: nodes.iter().map(|id| Node::new(*id, "", Standing::Ok)).collect(),
            edges: edges.iter().map(|(a, b)| Edge::new(*a, *b, "", Standing::Ok)).collect(),
        };
        let placed = place(&map);
        nodes.iter().map(|id| placed[id].column).collect()
    }

    #[test]
    fn who_is_called_stands_to_the_right_of_all_callers() {
        let edges = [("shop", "price"), ("price", "stock"), ("shop", "stock")];
        assert_eq!(columns(&["stock", "price", "shop"], &edges), [2, 1, 0]);
        let edges = [("shop", "price"), ("price", "stock"), ("job", "stock")];
        assert_eq!(columns(&["job", "price", "shop", "stock"], &edges), [1, 1, 0, 2]);
    }

    #[test]
    fn a_circle_has_an_end() {
        assert_eq!(columns(&["a", "b"], &[("a", "b"), ("b", "a")]), [0, 0]);
        assert_eq!(columns(&["a"], &[("a", "a")]), [0]);
        assert_eq!(columns(&["a", "b", "c"], &[("a", "b"), ("b", "c"), ("c", "b")]), [0, 1, 0]);
        assert_eq!(columns(&["a"], &[("a", "gone")]), [0]);
    }

    #[test]
    fn no_two_nodes_share_a_place() {
        let map = Map {
            describe: "".into(),
            nodes: ["a", "b", "c"].map(|id| Node::new(id, "", Standing::Ok)).into(),
            edges: Vec::new(),
        };
        let rows: Vec<Placed> = place(&map).into_values().collect();
        assert_eq!(rows, [0, 1, 2].map(|row| Placed { column: 0, row }));
    }
}
