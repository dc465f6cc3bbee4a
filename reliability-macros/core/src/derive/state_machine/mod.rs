//! `#[derive(StateMachine)]`: one enum in, one module of state types out.
//!
//! The stages, one file each: [`parse`] and [`states`] read the enum and note what they
//! cannot understand, [`graph`] checks what the states say about each other, [`expand`] writes the module
//! ([`module`]) and the impls that join it to the enum.
//!
//! A mistake never stops a later stage: the module is written from what was understood, so that
//! one mistake does not become an error at every use of the machine.

mod diagram;
mod expand;
mod generics;
mod graph;
mod model;
mod module;
mod parse;
mod rebase;
mod states;

#[cfg(test)]
mod tests;

pub(crate) use parse::snake_case;
pub(crate) use rebase::rebase_visibility;

use proc_macro2::TokenStream;
use quote::quote;

use crate::{Diagnostics, dump};

/// Expands `#[derive(StateMachine)]`.
#[must_use]
pub fn state_machine(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<syn::DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let name = input.ident.clone();
    let mut diagnostics = Diagnostics::new();
    let expansion = parse::machine(&input, &mut diagnostics).map(|machine| {
        graph::check(&machine, &mut diagnostics);
        expand::expand(&machine)
    });
    let errors = diagnostics.finish().err();
    dump(&name, quote!(#errors #expansion))
}
