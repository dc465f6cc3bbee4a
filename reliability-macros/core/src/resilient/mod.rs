//! `#[resilient]`: keeps one call alive.
//!
//! The body becomes an `async` block inside a loop: `attempt` runs it under the policies, `judge`
//! says whether there is another attempt. A loop and not a closure handed to an executor, because
//! then the body may borrow, `self` may be `&mut`, the future is `Send` when the body is, and an
//! error in the body stays in the body.

mod algorithm;
mod args;
mod breaker;
mod bulkhead;
mod cache;
mod chaos;
mod concurrency_limit;
mod degrade;
mod draft;
mod fallback;
mod hedge;
mod layer;
pub mod limits;
mod order;
mod quantile;
mod rate_limit;
mod render;
pub(crate) mod retry;
mod shared_limit;
mod signature;
mod timeout;

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

pub(crate) use args::Args;

use crate::{
    diagnostics::Diagnostics,
    dump::dump,
    item::{self, FnItem, ImplItem},
    stack::{self, Attribute},
};

/// Expands `#[resilient(args)] item`.
#[must_use]
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    match item::block_keyword(&item) {
        Some(word) if word == "impl" => expand_impl(args, item),
        Some(word) => {
            let message = "`#[resilient]` goes on a function or an `impl` block; in a trait, write \
                           it on each default method, with `policy = ..` or `key = ..`";
            let error = syn::Error::new(word.span(), message).into_compile_error();
            quote!(#item #error)
        }
        None => stack::expand(Attribute::Resilient, args, item),
    }
}

/// Checks one function and wraps it.
pub(crate) fn wrap(
    diagnostics: &mut Diagnostics,
    args: &Args,
    item: &FnItem,
    within: Option<&str>,
) -> FnItem {
    signature::check(diagnostics, item, args);
    if diagnostics.has_errors() {
        return item.clone();
    }
    render::render(args, item, within)
}

/// On an `impl` block: every `async fn` gets the attribute, unless it has one of its own.
fn expand_impl(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut diagnostics = Diagnostics::new();
    let Some(block) = diagnostics.keep(syn::parse2::<ImplItem>(item.clone())) else {
        let errors = diagnostics.finish().err();
        return quote!(#item #errors);
    };
    // Read once, so that a mistake in the arguments is not told for each method.
    let parsed = Args::read(&mut diagnostics, args.clone());
    stack::refuse_beside(&mut diagnostics, Attribute::Resilient, &block.attrs);
    if let Err(errors) = diagnostics.finish() {
        let bare = block.map_functions(|function| {
            stack::without(Attribute::Resilient, function).into_token_stream()
        });
        return quote!(#bare #errors);
    }
    let owner = crate::body::in_words(&block.self_ty);
    let mut wrapped = 0;
    let mut errors = TokenStream::new();
    let expansion = block.map_functions(|function| {
        if function.sig.asyncness.is_none() && !stack::has(Attribute::Resilient, function) {
            return function.to_token_stream();
        }
        wrapped += 1;
        stack::expand_member(&parsed, &args, function, &owner)
    });
    if wrapped == 0 {
        errors.extend(signature::nothing_async(&block).into_compile_error());
    }
    dump(&owner, quote!(#expansion #errors))
}

#[cfg(test)]
mod tests;
