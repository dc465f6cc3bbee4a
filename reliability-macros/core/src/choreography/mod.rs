//! `#[participant]`: an `impl` block of handlers in; out come what each of them waits for and makes, and
//! what is called for it. [`wiring`] is `choreography!`, which puts participants together.
//!
//! Whether an event can be undone stands in the enum, which these macros do not see: what follows from
//! it is checked in constants that they write.

mod handler;
mod link;
mod participant;
#[cfg(test)]
mod tests;
pub mod wiring;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Path};

use crate::{derive::snake_case, diagnostics::Diagnostics, dump::dump};

/// Expands `#[participant(args)] item`.
#[must_use]
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut block) = syn::parse2::<syn::ItemImpl>(item.clone()) else {
        let message = "`#[participant]` goes on an `impl` block with a method for each handler: \
                       `#[participant(PlaceOrder)] impl Warehouse { .. }`";
        let error = syn::Error::new(proc_macro2::Span::call_site(), message).into_compile_error();
        return quote!(#error #item);
    };
    let mut diagnostics = Diagnostics::new();
    let args = participant::Args::read(&mut diagnostics, args);
    let handlers = handler::read_all(&mut diagnostics, &mut block);
    let errors = diagnostics.finish().err();
    let name = participant::name(&block);
    let rest = participant::render(&args, &block, &handlers, errors.is_some());
    dump(&name, quote!(#block #errors #rest))
}

/// The module in which `#[saga]` has put the types of the events.
fn module(events: &Path, named: Option<&Path>) -> Path {
    if let Some(named) = named {
        return named.clone();
    }
    let mut module = events.clone();
    if let Some(last) = module.segments.last_mut() {
        let name = snake_case(&last.ident);
        last.ident = Ident::new(&name.to_string(), last.ident.span());
        last.arguments = syn::PathArguments::None;
    }
    module
}
