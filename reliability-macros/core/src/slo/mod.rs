//! `#[slo]` counts the calls of a function for a promise; [`promise`] is `slo!`, which makes one.

mod args;
pub mod promise;
mod render;

use proc_macro2::TokenStream;

pub(crate) use args::Args;

use crate::{
    diagnostics::Diagnostics,
    item::{self, Body, FnItem},
    stack::{self, Attribute},
};

/// Expands `#[slo(args)] item`.
#[must_use]
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    match item::block_keyword(&item) {
        Some(word) => {
            let message = format!(
                "`#[slo]` goes on a function; write it on the functions of this `{word}` whose \
                 calls a promise is about"
            );
            let error = syn::Error::new(word.span(), message).into_compile_error();
            quote::quote!(#item #error)
        }
        None => stack::expand(Attribute::Slo, args, item),
    }
}

/// Checks one function and wraps it. `original` is the function before attributes that belong
/// inside have changed it.
pub(crate) fn wrap(
    diagnostics: &mut Diagnostics,
    args: &Args,
    item: &FnItem,
    original: &FnItem,
) -> FnItem {
    check(diagnostics, original);
    match &args.objective {
        Some(objective) if !diagnostics.has_errors() => render::render(args, objective, item),
        _ => item.clone(),
    }
}

fn check(diagnostics: &mut Diagnostics, item: &FnItem) {
    if let Body::Missing(semicolon) = &item.body {
        diagnostics.error(
            semicolon,
            "`#[slo]` wraps a body, and this method is only declared: write the attribute on the \
             method of each `impl` of the trait",
        );
    }
    if let Some(word) = &item.sig.constness {
        diagnostics.error(
            word,
            "calls of a `const fn` cannot be counted, because it may run in the compiler; remove \
             `const`",
        );
    }
    if item.sig.asyncness.is_none() && item::returns_future(&item.sig) {
        diagnostics.error(
            item.sig.fn_token,
            "the call would end when the future is made, before it runs: write an `async fn`; \
             under `#[async_trait]`, a method that calls an `async fn` with `#[slo]`",
        );
    }
}

#[cfg(test)]
mod tests;
