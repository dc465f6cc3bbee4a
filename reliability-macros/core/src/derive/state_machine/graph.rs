use super::model::{Machine, State};
use crate::{Diagnostics, list_in_words};

/// Checks what no single state can know: one start, nothing out of reach, no dead end.
pub(super) fn check(machine: &Machine, diagnostics: &mut Diagnostics) {
    one_initial(machine, diagnostics);
    if machine.edges_understood {
        all_reachable(machine, diagnostics);
        no_dead_end(machine, diagnostics);
    }
    if let Some(atomic) = machine.atomic
        && machine.states.len() > 16
    {
        diagnostics.push(syn::Error::new(
            atomic,
            format!(
                "`atomic` has room for 16 states, and `{}` has {}",
                machine.ident,
                machine.states.len()
            ),
        ));
    }
}

fn one_initial(machine: &Machine, diagnostics: &mut Diagnostics) {
    let mut initial = machine.states.iter().filter(|state| state.initial.is_some());
    let Some(first) = initial.next() else {
        if machine.edges_understood {
            diagnostics.error(
                &machine.ident,
                format!(
                    "`{}` starts nowhere: write `#[state(initial, ..)]` on one of {}",
                    machine.ident,
                    list_in_words(machine.states.iter().map(|state| &state.ident), "or"),
                ),
            );
        }
        return;
    };
    for other in initial {
        let Some(span) = other.initial else { continue };
        diagnostics.push(syn::Error::new(
            span,
            format!("`{}` starts in `{}` already: keep one `initial`", machine.ident, first.ident),
        ));
    }
}

fn all_reachable(machine: &Machine, diagnostics: &mut Diagnostics) {
    let Some(start) = machine.states.iter().position(|state| state.initial.is_some()) else {
        return;
    };
    let mut reached = vec![false; machine.states.len()];
    let mut frontier = vec![start];
    while let Some(state) = frontier.pop() {
        if !core::mem::replace(&mut reached[state], true) {
            frontier.extend(machine.states[state].targets.iter().map(|target| target.state));
        }
    }
    let start = &machine.states[start].ident;
    for (state, _) in machine.states.iter().zip(&reached).filter(|(_, reached)| !**reached) {
        if state.initial.is_some() {
            continue;
        }
        let ident = &state.ident;
        diagnostics.error(
            ident,
            format!(
                "`{ident}` can never be reached from `{start}`: add `{ident}` to the `to(..)` of \
                 a state that leads here, or remove it"
            ),
        );
    }
}

fn no_dead_end(machine: &Machine, diagnostics: &mut Diagnostics) {
    for (index, state) in machine.states.iter().enumerate() {
        if state.is_final || state.targets.iter().any(|target| target.state != index) {
            continue;
        }
        let State { ident, declared, targets, .. } = state;
        let fault = match (declared, targets.is_empty()) {
            (false, _) => "does not say where it leads",
            (true, true) => "has no way out",
            (true, false) => "leads only to itself",
        };
        diagnostics.error(
            ident,
            format!(
                "`{ident}` {fault}: write `#[state(to(..))]` with the states that may follow, or \
                 `#[state(final)]` when a `{}` may end here",
                machine.ident
            ),
        );
    }
}
