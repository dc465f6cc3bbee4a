//! `#[traced]`: one span per call.
//!
//! The span is made and entered by the runtime's `tracing`; nothing of the user's signature
//! changes. `tracing`'s own attribute is not used: it would be one more crate of macros, and its
//! expansion could not stand in our stack.

mod args;
mod metrics;
mod render;

pub(crate) use args::Args;
use proc_macro2::TokenStream;

use crate::{
    diagnostics::Diagnostics,
    item::{self, Body, FnItem},
    stack::{self, Attribute},
};

/// Expands `#[traced(args)] item`.
#[must_use]
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    match item::block_keyword(&item) {
        Some(word) => {
            let message = format!(
                "`#[traced]` goes on a function; write it on the functions of this `{word}` that \
                 are worth a span"
            );
            let error = syn::Error::new(word.span(), message).into_compile_error();
            quote::quote!(#item #error)
        }
        None => stack::expand(Attribute::Traced, args, item),
    }
}

/// Checks one function and wraps it. `original` is the function before attributes that belong
/// inside have changed it.
pub(crate) fn wrap(
    diagnostics: &mut Diagnostics,
    args: &Args,
    item: &FnItem,
    original: &FnItem,
    within: Option<&str>,
) -> FnItem {
    check(diagnostics, original);
    if diagnostics.has_errors() {
        return item.clone();
    }
    render::render(args, item, within)
}

fn check(diagnostics: &mut Diagnostics, item: &FnItem) {
    if let Body::Missing(semicolon) = &item.body {
        diagnostics.error(
            semicolon,
            "`#[traced]` wraps a body, and this method is only declared: write the attribute on \
             the method of each `impl` of the trait",
        );
        return;
    }
    if let Some(word) = &item.sig.constness {
        diagnostics.error(
            word,
            "a `const fn` cannot be traced, because it may run in the compiler; remove `const`",
        );
        return;
    }
    if item.sig.asyncness.is_none() && item::returns_future(&item.sig) {
        diagnostics.error(
            item.sig.fn_token,
            "the span would end when the future is made, before it runs: write an `async fn`; \
             under `#[async_trait]`, a method that calls a traced `async fn`",
        );
    }
}

#[cfg(test)]
mod tests;
