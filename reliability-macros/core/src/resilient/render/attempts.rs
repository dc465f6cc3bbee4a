use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};

use super::{Names, call::begin, local};
use crate::{
    body::{rename_self, typed_return},
    item::FnItem,
    params::{Params, Uses},
    resilient::{args::Args, cache::Cache},
};

/// The loop, or the single attempt, up to the `Result` with a `Failure`.
///
/// Where several of the body may run at once, what makes the work of each request gives it arguments
/// to take along.
pub(super) fn attempts(
    args: &Args,
    item: &FnItem,
    params: &Params,
    names: &Names,
    (uses, at_once): (Uses, bool),
) -> TokenStream {
    let krate = &args.krate;
    let Names { call, outcome, result, .. } = names;
    let last = local("last");
    let is_last = match at_once {
        true => last.to_token_stream(),
        false => quote!(!#call.may_retry()),
    };
    let bindings = params.bindings(krate, uses, &is_last);
    let typed = typed_return(krate, &item.sig.output);
    let statements = match &bindings.this {
        Some(this) => rename_self(item.statements(), this),
        None => item.statements(),
    };
    let block = item.block(quote!(#typed #statements));
    let (before, each) = (&bindings.before, &bindings.each);
    // While an attempt is under way the call is its own, so it is asked before.
    let asked = (at_once && !before.is_empty())
        .then(|| quote!(let #last = !(#call.may_retry() || #call.may_hedge());));
    // Without repetition the work takes the arguments along; with it, each attempt borrows its own.
    let (each, attempt) = if at_once {
        (asked.as_ref(), quote!(#call.attempt_hedged(|| { #each async move #block }).await))
    } else if uses == Uses::Once {
        (Some(each), quote!(#call.attempt(async move #block).await))
    } else {
        (Some(each), quote!(#call.attempt(async #block).await))
    };
    let next = quote!(#krate::__private::Next);
    let pause = local("pause");
    if args.repeats() {
        return quote! {
            #before
            let #result = loop {
                #each
                let #outcome = #attempt;
                let #pause = match #call.judge(#outcome) {
                    #next::Done(#result) => break #result,
                    #next::Again(#pause) => #pause,
                };
                #pause.await;
            };
        };
    }
    let attempt = match each {
        Some(each) if !each.is_empty() => quote!({ #each #attempt }),
        _ => attempt,
    };
    quote! {
        #before
        let #outcome = #attempt;
        let #result = #call.conclude(#outcome);
    }
}

/// The attempts, where there is no answer yet. With a refresh in the background they are a future of
/// their own, which takes all it needs along.
pub(super) fn cached(
    args: &Args,
    cache: &Cache,
    item: &FnItem,
    names: &Names,
    attempts: TokenStream,
) -> TokenStream {
    let krate = &args.krate;
    let Names { policy, call, result, .. } = names;
    let [sharing, found, lead] = ["sharing", "found", "lead"].map(local);
    let output = &item.sig.output;
    let look_up = cache.look_up(krate, output, call, [&sharing, &found]);
    let find = quote!(#krate::__private::Found);
    let settle = quote!(#call.settle(#lead, #result, #sharing));
    let work = if cache.background().is_some() {
        let (stale, refresh) = (local("stale"), local("refresh"));
        let begin = begin(args, names, output);
        quote! {
            let #stale = #lead.stale();
            let #policy = #krate::resilience::Policy::clone(#policy);
            let #refresh = async move {
                let #policy = &#policy;
                let mut #call = #begin;
                #attempts
                #settle
            };
            #krate::__private::refresh_behind(#call, #stale, #refresh).await
        }
    } else {
        quote!(#attempts #settle)
    };
    quote! {
        #look_up
        let #result = match #found {
            #find::Answer(#result) => #result,
            #find::Lead(#lead) => { #work }
        };
    }
}
