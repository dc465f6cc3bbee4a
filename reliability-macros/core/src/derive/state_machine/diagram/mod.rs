//! The declared transitions as a picture for rustdoc, which renders SVG but not Mermaid.
//!
//! ```text
//! column 0          gap          column 1
//!
//!            .------ lane above ------.        edges that skip columns, forwards
//!  o->[ Closed ]--------------->[ Open   ]
//!     [        ]<---------------[        ]     neighbours: a curve each way
//!            '------ lane below ------'        edges that skip columns, backwards
//! ```
//!
//! States stand in columns by their distance from the initial state, so what a machine usually
//! does reads from left to right. Everything is drawn in the colour of the surrounding text, so
//! that it fits every theme.

mod layout;
mod svg;

use super::model::{Machine, State};

/// The picture, as HTML that stands in a doc comment.
pub(super) fn diagram(machine: &Machine) -> String {
    let names: Vec<String> = machine.states.iter().map(State::name).collect();
    let edges: Vec<(usize, usize)> = machine
        .states
        .iter()
        .enumerate()
        .flat_map(|(from, state)| state.targets.iter().map(move |target| (from, target.state)))
        .collect();
    let finals: Vec<bool> = machine.states.iter().map(|state| state.is_final).collect();
    let layout = layout::Layout::of(&names, machine.initial_index(), &edges);
    svg::svg(&machine.ident.to_string(), &names, &finals, &layout)
}
