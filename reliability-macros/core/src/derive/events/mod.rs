//! `#[derive(Events)]`: what can happen, how it is written, and what it makes of an aggregate.
//!
//! What was written once is read for ever, so every version that an event has had needs a way to the
//! present one: a version without is a compile error, on the version.

mod attrs;
mod check;
mod render;

pub(super) use attrs::{choices, ty};
pub(super) use render::room_of;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Ident, LitInt, LitStr, Path, Type};

use super::borrows;
use crate::{crate_path::CratePath, diagnostics::Diagnostics, dump::dump};

/// Expands `#[derive(Events)]`.
#[must_use]
pub fn events(input: TokenStream) -> TokenStream {
    let mut input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    borrows(&mut diagnostics, &mut input.generics, "an event is read from the journal");
    let container = attrs::container(&mut diagnostics, &input);
    let events = variants(&mut diagnostics, &input);
    check::check(&mut diagnostics, &container, &events);
    let expansion = match diagnostics.finish() {
        Ok(()) => render::render(&input, &container, &events),
        Err(errors) => {
            let stand_in = render::stand_in(&input, &container);
            quote!(#errors #stand_in)
        }
    };
    dump(&input.ident, expansion)
}

/// What was written on the enum.
#[derive(Default)]
struct Container {
    /// Where the enum has its name, for what is missing.
    name: Option<Ident>,
    kind: Option<LitStr>,
    aggregate: Option<Type>,
    /// The module of the states of a machine.
    states: Option<Path>,
    retired: Vec<LitStr>,
    krate: CratePath,
    /// Settings of which a mistake was told, so that their absence is none of its own.
    is_wrong: bool,
}

/// One variant.
struct EventItem<'a> {
    ident: &'a Ident,
    /// What it carries.
    payload: Option<&'a Type>,
    /// Under which name it is written.
    name: LitStr,
    was: Vec<LitStr>,
    version: u32,
    /// Where its version is written.
    version_at: Option<LitInt>,
    upcasts: Vec<Upcast>,
    apply: Apply,
    is_wrong: bool,
}

/// How what was written in a version becomes what is written in the next one.
struct Upcast {
    version: u32,
    at: LitInt,
    function: Path,
}

/// What an event makes of its aggregate.
enum Apply {
    Nothing,
    /// `apply = added`.
    Plain(Ident, Path),
    /// `apply(Open => deposited)`.
    States(Ident, Vec<(Ident, Path)>),
}

fn variants<'a>(diagnostics: &mut Diagnostics, input: &'a DeriveInput) -> Vec<EventItem<'a>> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        diagnostics.error(
            name,
            format!(
                "events are an enum with a variant for each: write `enum {name} {{ Opened(Opened), \
                 Closed }}`"
            ),
        );
        return Vec::new();
    };
    if data.variants.is_empty() {
        let message = format!("nothing can happen by `{name}`: write a variant for each event");
        diagnostics.error(name, message);
    }
    let mut events = Vec::new();
    for variant in &data.variants {
        let ident = &variant.ident;
        let payload = match &variant.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                fields.unnamed.first().map(|field| &field.ty)
            }
            fields => {
                diagnostics.error(
                    fields,
                    format!(
                        "an event has one payload, which is a type of its own, so that its older \
                         forms can be types too: write `{ident}({ident})`, and `struct {ident}` \
                         with these fields"
                    ),
                );
                None
            }
        };
        events.push(attrs::event(diagnostics, variant, payload));
    }
    events
}

#[cfg(test)]
mod tests;
