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
use syn::Path;

use crate::{
    derive::{borrows, borrows_unnamed, snake_case},
    diagnostics::Diagnostics,
    dump::dump,
    item::{self, ImplItem},
};

/// Expands `#[participant(args)] item`.
#[must_use]
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut block = match syn::parse2::<ImplItem>(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let on_a_block = item::block_keyword(&item).is_some_and(|word| word == "impl");
            let error = if on_a_block { error } else { not_a_block() }.into_compile_error();
            let item = item::without_attribute(item, "on");
            return quote!(#error #item);
        }
    };
    let mut diagnostics = Diagnostics::new();
    let args = participant::Args::read(&mut diagnostics, args);
    let handlers = handler::read_all(&mut diagnostics, &mut block);
    args.check_name(&mut diagnostics, &block);
    let why = "a participant is there for as long as the choreography";
    borrows(&mut diagnostics, &mut block.generics, why);
    borrows_unnamed(&mut diagnostics, &mut block.self_ty, why);
    let errors = diagnostics.finish().err();
    let name = participant::name(&block);
    let rest = participant::render(&args, &block, &handlers, errors.is_some());
    dump(&name, quote!(#block #errors #rest))
}

fn not_a_block() -> syn::Error {
    let message = "`#[participant]` goes on an `impl` block with a method for each handler: \
                   `#[participant(PlaceOrder)] impl Warehouse { .. }`";
    syn::Error::new(proc_macro2::Span::call_site(), message)
}

/// The module in which `#[saga]` has put the types of the events.
fn module(events: &Path, named: Option<&Path>) -> Path {
    if let Some(named) = named {
        return named.clone();
    }
    let mut module = events.clone();
    if let Some(last) = module.segments.last_mut() {
        last.ident = snake_case(&last.ident);
        last.arguments = syn::PathArguments::None;
    }
    module
}
