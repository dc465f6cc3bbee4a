use proc_macro2::{Ident, Span};
use syn::{Attribute, Fields, Generics, Path, Visibility, ext::IdentExt as _};

use crate::CratePath;

/// What the user declared, as far as it was understood.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) ident: Ident,
    pub(super) vis: Visibility,
    pub(super) generics: Generics,
    /// The module that the derive writes.
    pub(super) module: Ident,
    /// Where the user wrote its name.
    pub(super) module_span: Span,
    pub(super) derives: Vec<Path>,
    pub(super) krate: CratePath,
    /// Where `atomic` was asked for.
    pub(super) atomic: Option<Span>,
    pub(super) states: Vec<State>,
    /// Whether the edges are what the user meant; when a target is unknown, nothing is concluded
    /// from its absence.
    pub(super) edges_understood: bool,
}

/// One variant.
#[derive(Debug)]
pub(super) struct State {
    pub(super) ident: Ident,
    pub(super) docs: Vec<Attribute>,
    pub(super) fields: Fields,
    /// Whether it carries `#[state(..)]` at all.
    pub(super) declared: bool,
    pub(super) initial: Option<Span>,
    pub(super) is_final: bool,
    pub(super) targets: Vec<Target>,
}

/// One name in `to(..)`.
#[derive(Debug)]
pub(super) struct Target {
    /// As the user wrote it, for the span.
    pub(super) written: Ident,
    /// The index of the state that is meant.
    pub(super) state: usize,
}

impl State {
    /// The name as people read it: without the `r#` of a raw identifier.
    pub(super) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }
}

impl Machine {
    /// Every edge: source, and target as it was written at the source.
    pub(super) fn edges(&self) -> impl Iterator<Item = (&State, &Target, &State)> {
        self.states.iter().flat_map(move |from| {
            let targets = from.targets.iter();
            targets.map(move |target| (from, target, &self.states[target.state]))
        })
    }

    /// The state in which the machine starts; the first when none is declared.
    pub(super) fn initial_index(&self) -> usize {
        let declared = self.states.iter().position(|state| state.initial.is_some());
        declared.unwrap_or(0)
    }
}
