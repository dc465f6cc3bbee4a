use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, Path, Token, Variant, parse::Parser as _, punctuated::Punctuated};

use super::{
    model::{State, Target},
    parse::{Understood, choices, first_time, wrong_shape},
};
use crate::{Choice, Diagnostics, Value, did_you_mean, list_in_words};

const KEYS: [&str; 3] = ["initial", "final", "to"];

/// Reads a variant and its `#[state(..)]`; `names` are those of all states.
pub(super) fn state(
    variant: &Variant,
    names: &[String],
    diagnostics: &mut Diagnostics,
) -> (State, Understood) {
    let mut state = State {
        ident: variant.ident.clone(),
        docs: docs(&variant.attrs),
        fields: variant.fields.clone(),
        declared: variant.attrs.iter().any(|attr| attr.path().is_ident("state")),
        initial: None,
        is_final: false,
        targets: Vec::new(),
    };
    let (choices, mut understood) = choices(&variant.attrs, "state", diagnostics);
    let mut seen = Vec::new();
    for choice in choices {
        if first_time(&choice.name, &mut seen, diagnostics) {
            understood &= understand(&mut state, choice, names, diagnostics);
        }
    }
    (state, understood)
}

fn understand(
    state: &mut State,
    Choice { name, value }: Choice,
    names: &[String],
    diagnostics: &mut Diagnostics,
) -> Understood {
    match (name.to_string().as_str(), value) {
        ("initial", Value::Absent) => state.initial = Some(name.span()),
        ("final", Value::Absent) => state.is_final = true,
        ("to", Value::List(_, list)) if list.is_empty() => {
            let other = names.iter().find(|other| state.ident != other);
            diagnostics.error(
                &name,
                format!(
                    "`to()` names no state: write `to({})`, or `final` when `{}` leads nowhere",
                    other.map_or("..", |other| other),
                    state.ident,
                ),
            );
            return false;
        }
        ("to", Value::List(_, list)) => {
            let list = list_of_names(list, diagnostics);
            return list.is_some_and(|list| targets(state, list, names, diagnostics));
        }
        (key @ ("initial" | "final"), _) => {
            wrong_shape(&name, key, diagnostics);
            return false;
        }
        ("to", value) => {
            let written = match value {
                Value::Equals(_, targets) if !targets.is_empty() => targets.to_string(),
                _ => names.iter().find(|other| state.ident != other).cloned().unwrap_or_default(),
            };
            wrong_shape(&name, &format!("to({written})"), diagnostics);
            return false;
        }
        (unknown, _) => {
            let suggestion = if names.iter().any(|state| state == unknown) {
                format!("; did you mean `to({unknown})`?")
            } else {
                did_you_mean(unknown, KEYS)
            };
            diagnostics.error(
                &name,
                format!(
                    "`#[state(..)]` takes {}, not `{unknown}`{suggestion}",
                    list_in_words(KEYS, "and"),
                ),
            );
            return false;
        }
    }
    true
}

/// The names in `to(..)`, each without a path in front.
fn list_of_names(list: TokenStream, diagnostics: &mut Diagnostics) -> Option<Vec<Ident>> {
    let list = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list).map_err(|error| {
        let help = "write the names of states here, parted by commas: `to(Open, Locked)`";
        syn::Error::new(error.span(), help)
    });
    let names: Vec<Option<Ident>> = diagnostics
        .keep(list)?
        .into_iter()
        .map(|path| {
            let last = path.segments.last().map(|segment| segment.ident.clone());
            if path.get_ident().is_none() {
                let name = last.as_ref().map_or_else(String::new, Ident::to_string);
                let help = format!("write the name of the state alone: `{name}`");
                diagnostics.error(&path, help);
            }
            last
        })
        .collect();
    names.into_iter().collect()
}

/// Resolves the names in `to(..)`; a misspelt one is taken for what was probably meant, so that
/// the state which was meant is not called unreachable as well.
fn targets(
    state: &mut State,
    list: Vec<Ident>,
    names: &[String],
    diagnostics: &mut Diagnostics,
) -> Understood {
    let mut understood = true;
    for written in list {
        let name = written.to_string();
        let index = names.iter().position(|state| *state == name).or_else(|| {
            let suggestion = did_you_mean(&name, names.iter().map(String::as_str));
            let meant = names.iter().position(|state| suggestion.contains(&format!("`{state}`")));
            let help = match meant {
                Some(_) => suggestion,
                None => format!("; there are {}", list_in_words(names, "and")),
            };
            diagnostics.error(&written, format!("no state is called `{name}`{help}"));
            meant
        });
        match index {
            None => understood = false,
            Some(index) if state.targets.iter().all(|target| target.state != index) => {
                state.targets.push(Target { written, state: index });
            }
            Some(index) if names[index] == name => diagnostics.error(
                &written,
                format!("`{}` leads to `{name}` already: write it once", state.ident),
            ),
            // Misspelt, and said so.
            Some(_) => {}
        }
    }
    understood
}

pub(super) fn docs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("doc")).cloned().collect()
}
