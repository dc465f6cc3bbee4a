//! What `#[resilient]` expands to: the policy, the call that begins under it, its attempts, and the
//! answer at the end.

mod answer;
mod attempts;
mod call;
mod policy;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;

use super::{
    args::{Args, Repeats, Source},
    signature::takes_exclusively,
};
use crate::{
    body::error_span,
    item::FnItem,
    params::{Params, Uses},
};
use answer::answer;
use attempts::{attempts, cached};
use policy::policy;

/// The function around a loop of attempts, or around a single one where there is no retry.
pub(super) fn render(args: &Args, item: &FnItem, within: Option<&str>) -> FnItem {
    let mut item = item.clone();
    let uses = match (args.answers(), args.repeats()) {
        (true, _) => Uses::AlsoAfter,
        (false, _) if args.hedges() => Uses::AtOnce,
        (false, true) => Uses::Repeatedly,
        (false, false) => Uses::Once,
    };
    // What a shared policy does is known when the call is made.
    let at_once = args.hedges() || args.repeats_shared() && !takes_exclusively(&item.sig);
    let mut params = Params::take(&mut item.sig, uses);
    params.excuse_unused(uses, &expressions(args));
    let names = Names::new(&item);
    let policy = policy(args, &item, &params, &names, within);
    let attempts = attempts(args, &item, &params, &names, (uses, at_once));
    let attempts = match args.cache() {
        Some(cache) => cached(args, cache, &item, &names, attempts),
        None => attempts,
    };
    let answer = answer(args, &params, &names);
    item.with_statements(quote!(#policy #attempts #answer))
}

/// What the attribute computes from the arguments.
fn expressions(args: &Args) -> TokenStream {
    let source = match &args.source {
        Source::Declared => None,
        Source::Shared(expression) | Source::PerKey(expression, _) => Some(expression),
    };
    let repeats = match &args.repeats {
        Some(Repeats::Key(expression)) => Some(expression),
        Some(Repeats::Idempotent) | None => None,
    };
    let priority = args.priority();
    let counted = args.rate_limit().and_then(|limit| limit.key.as_ref());
    let cached = args.cache().and_then(|cache| cache.key.as_ref());
    quote!(#source #repeats #priority #counted #cached)
}

/// Local names of the expansion, and the place where errors about the error type are shown.
struct Names {
    policy: Ident,
    call: Ident,
    outcome: Ident,
    result: Ident,
    error: Span,
}

impl Names {
    fn new(item: &FnItem) -> Self {
        Self {
            policy: local("policy"),
            call: local("call"),
            outcome: local("outcome"),
            result: local("result"),
            error: error_span(&item.sig.output).resolved_at(Span::mixed_site()),
        }
    }
}

/// A local name that the user's body neither sees nor hides.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Where the expression stands, for what the compiler says about its type.
fn mixed_at(expression: &syn::Expr) -> Span {
    expression.span().resolved_at(Span::mixed_site())
}
