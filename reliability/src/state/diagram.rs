use alloc::string::String;
use core::fmt::Write as _;

use super::{Machine, machine::name};

pub(super) fn mermaid<M: Machine>() -> String {
    let mut text = String::from("stateDiagram-v2\n");
    let mut line = |from: &str, to: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "    {from} --> {to}");
    };
    line("[*]", name::<M>(M::INITIAL));
    for edge in M::TRANSITIONS {
        line(edge.from, edge.to);
    }
    for state in M::FINAL {
        line(name::<M>(*state), "[*]");
    }
    text
}

pub(super) fn dot<M: Machine>() -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "digraph {} {{", M::NAME);
    let _ = writeln!(text, "    node [shape=box, style=rounded];");
    let _ = writeln!(text, "    \"\" [shape=point];");
    for state in M::FINAL {
        let _ = writeln!(text, "    {} [peripheries=2];", name::<M>(*state));
    }
    let _ = writeln!(text, "    \"\" -> {};", name::<M>(M::INITIAL));
    for edge in M::TRANSITIONS {
        let _ = writeln!(text, "    {} -> {};", edge.from, edge.to);
    }
    text.push_str("}\n");
    text
}
