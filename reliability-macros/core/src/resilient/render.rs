use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{ExprPath, LitStr, spanned::Spanned as _};

use super::{
    args::{Args, Repeats, Source},
    cache::Cache,
    layer::Building,
    signature::takes_exclusively,
};
use crate::{
    body::{error_span, rename_self, typed_return},
    item::FnItem,
    params::{Params, Uses},
};

/// A local name that the user's body neither sees nor hides.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Where the expression stands, for what the compiler says about its type.
fn mixed_at(expression: &syn::Expr) -> Span {
    expression.span().resolved_at(Span::mixed_site())
}

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

/// The policy: declared here and registered, or what the user's expression says; and the call that
/// begins under it.
fn policy(
    args: &Args,
    item: &FnItem,
    params: &Params,
    names: &Names,
    within: Option<&str>,
) -> TokenStream {
    let krate = &args.krate;
    let Names { policy, call, .. } = names;
    let policy_type = quote!(#krate::resilience::Policy);
    let source = match &args.source {
        Source::Declared => {
            let declared = declared(args, item, within);
            quote!(let #policy: &#policy_type = #declared;)
        }
        Source::PerKey(key, capacity) => {
            let name = Ident::new("key", mixed_at(key));
            let keyed = keyed(args, item, within, &name, *capacity);
            quote! {
                let #name = &(#key);
                let #policy: &#policy_type = &#keyed;
            }
        }
        Source::Shared(shared) => {
            let name = Ident::new("shared", mixed_at(shared));
            let here = krate.at(name.span());
            let found = quote_spanned!(name.span()=> #here::__private::shared(#name));
            if params.lends(&item.sig, shared.to_token_stream()) {
                // The body changes or takes along what the policy is a part of, so it is held by a
                // clone.
                quote! {
                    let #policy: &#policy_type = &{
                        let #name = &(#shared);
                        #policy_type::clone(#found)
                    };
                }
            } else {
                quote! {
                    let #name = &(#shared);
                    let #policy: &#policy_type = #found;
                }
            }
        }
    };
    let unshared = same_for_every_implementor(args, item, within);
    let begin = begin(args, names, &item.sig.output);
    quote! {
        #unshared
        #source
        let mut #call = #begin;
    }
}

/// An expression that begins the call under the policy.
fn begin(args: &Args, names: &Names, output: &syn::ReturnType) -> TokenStream {
    let krate = &args.krate;
    let policy = &names.policy;
    let is_shared = matches!(args.source, Source::Shared(_));
    let begin = if is_shared && !args.repeats() { quote!(once) } else { quote!(new) };
    let key = match &args.repeats {
        Some(Repeats::Key(key)) => {
            // What cannot be a key is told at the expression.
            let span = mixed_at(key);
            let here = krate.at(span);
            let new = quote_spanned!(span=> #here::resilience::IdempotencyKey::new(&(#key)));
            Some(quote!(.with_idempotency_key(#new)))
        }
        _ => None,
    };
    let priority = args.priority();
    let priority = priority.map(|priority| quote!(.with_priority(#priority)));
    let counted = args.rate_limit().and_then(|limit| limit.call_setting(krate));
    let classifier = classifier(args, names.error, output);
    quote! {
        #krate::__private::Call::#begin(#policy, const { &#classifier }) #key #priority #counted
    }
}

/// In a default method of a trait, a policy in a `static` would be one for all implementors. The
/// attribute does not see that it stands in a trait, but there `Self` may be unsized.
fn same_for_every_implementor(
    args: &Args,
    item: &FnItem,
    within: Option<&str>,
) -> Option<TokenStream> {
    let receiver = item.sig.receiver()?;
    if within.is_some() || !matches!(args.source, Source::Declared) {
        return None;
    }
    let krate = &args.krate;
    let span = receiver.self_token.span.resolved_at(Span::mixed_site());
    Some(quote_spanned!(span=> #krate::__private::one_implementor::<Self>();))
}

/// The policy in its `static`, which is listed in the registry. In a block, because statics have no
/// hygiene and the body must not see it.
fn declared(args: &Args, item: &FnItem, within: Option<&str>) -> TokenStream {
    let krate = &args.krate;
    let site = site(args, item, within);
    let name = match &args.name {
        Some(name) => name.clone(),
        None => LitStr::new(&qualified(item, within), Span::call_site()),
    };
    let builder = builder(args, name.to_token_stream(), false);
    quote!({
        static POLICY: #krate::__private::Declared =
            #krate::__private::Declared::new(#site, || #builder);
        #krate::__private::inventory::submit! { #krate::__private::Registered(&POLICY) }
        POLICY.policy()
    })
}

/// The policy of a key, from a `static` that holds one for each.
fn keyed(
    args: &Args,
    item: &FnItem,
    within: Option<&str>,
    key: &Ident,
    capacity: u32,
) -> TokenStream {
    let krate = &args.krate;
    let site = site(args, item, within);
    let capacity = proc_macro2::Literal::u32_unsuffixed(capacity);
    let name = local("name");
    let builder = builder(args, quote!(#name.clone()), true);
    quote!({
        static POLICIES: #krate::__private::Keyed =
            #krate::__private::Keyed::new(#site, #capacity, |#name| #builder);
        #krate::__private::inventory::submit! { #krate::__private::Registered(&POLICIES) }
        POLICIES.policy(#key)
    })
}

/// A `Result<PolicyBuilder, Invalid>` with the layers in the written order.
fn builder(args: &Args, name: TokenStream, keyed: bool) -> TokenStream {
    let krate = &args.krate;
    let clock = args.clock.map(|clock| {
        let clock = Ident::new(clock, Span::call_site());
        quote!(.clock(#krate::time::Clock::#clock()))
    });
    let policy = Building { krate, name, clock, keyed };
    let layers = args.layers.iter().map(|layer| layer.kind.builder_call(&policy));
    let name = &policy.name;
    let monitor = args.monitor.as_ref().map(|monitor| match monitor {
        Some(monitor) => quote!(.monitor(#monitor)),
        None => quote!(.monitor(#krate::error::ErrorMonitor::global())),
    });
    let builder = quote!(#krate::resilience::Policy::builder(#name) #(#layers)* #monitor);
    let builder = match args.chaos() {
        Some(chaos) => {
            let chaos = chaos.builder_call(&policy);
            quote!(#krate::__private::chaos!(#builder, #chaos))
        }
        None => builder,
    };
    quote!(::core::result::Result::Ok(#builder))
}

fn site(args: &Args, item: &FnItem, within: Option<&str>) -> TokenStream {
    let krate = &args.krate;
    let function = qualified(item, within);
    quote! {
        #krate::__private::Site::new(
            ::core::module_path!(),
            #function,
            ::core::file!(),
            ::core::line!(),
        )
    }
}

/// `price`, or `Store::price` on an `impl` block.
fn qualified(item: &FnItem, within: Option<&str>) -> String {
    let function = item.sig.ident.to_string();
    let function = function.trim_start_matches("r#");
    match within {
        Some(owner) => format!("{owner}::{function}"),
        None => function.to_owned(),
    }
}

/// What the policies make of an error. Where its type does not say, the error stands on that type.
fn classifier(args: &Args, error: Span, output: &syn::ReturnType) -> TokenStream {
    let krate = &args.krate;
    let here = krate.at(error);
    let base = match &args.when {
        Some(path) => quote!(#krate::resilience::Classifier::when(#path)),
        None => quote_spanned!(error=> #here::resilience::Classifier::by_fault()),
    };
    let retry = args.retry().and_then(|retry| retry.when.as_ref());
    let retry = retry.map(|path| quote!(.retry_when(#path)));
    let breaker = args.breaker().and_then(|breaker| breaker.when.as_ref());
    let breaker = breaker.map(|path| quote!(.breaker_when(#path)));
    let except = args.fallback().and_then(|fallback| fallback.classifier_call(krate));
    let classifier = quote!(#base #retry #breaker #except);
    match args.chaos() {
        Some(chaos) => chaos.classifier(krate, classifier, output),
        None => classifier,
    }
}

/// The loop, or the single attempt, up to the `Result` with a `Failure`.
///
/// Where several of the body may run at once, what makes the work of each request gives it arguments
/// to take along.
fn attempts(
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
fn cached(
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

/// The end: the answer of `degrade` or of the fallback where it is asked, else the function's own error.
fn answer(args: &Args, params: &Params, names: &Names) -> TokenStream {
    let krate = &args.krate;
    let Names { result, .. } = names;
    let span = names.error;
    let here = krate.at(span);
    let ended = Ident::new("result", span);
    let carry = quote_spanned!(span=> #here::__private::carry(#ended));
    let degrade = args.degrade().and_then(|degrade| degrade.answer.as_ref());
    let fallback = args.fallback().map(|fallback| &fallback.function);
    if degrade.is_none() && fallback.is_none() {
        return carry;
    }
    let degrade =
        degrade.map(|function| arm(args, params, names, "wants_degraded_answer", function));
    let fallback = fallback.map(|function| arm(args, params, names, "wants_fallback", function));
    quote! {
        match #result {
            #degrade
            #fallback
            #result => #carry,
        }
    }
}

/// Where `wants` says so, the function's answer.
fn arm(
    args: &Args,
    params: &Params,
    names: &Names,
    wants: &str,
    function: &ExprPath,
) -> TokenStream {
    let krate = &args.krate;
    let call = &names.call;
    let span = names.error;
    let here = krate.at(span);
    let wants = Ident::new(wants, Span::mixed_site());
    let (failure, answer) = (local("failure"), local("answer"));
    let failed = Ident::new("failure", span);
    let carried = quote_spanned!(span=> #here::__private::carry_failure(#failed));
    let (error, refuse) = (local("error"), local("refuse"));
    let place = function.span().resolved_at(Span::mixed_site());
    let given = Ident::new("error", place);
    let asked = params.call(&function.to_token_stream(), &given.to_token_stream(), &answer);
    let answered = Ident::new("answer", place);
    let settled = quote_spanned!(place=> (&#answer).kind().settle(#answered));
    quote! {
        ::core::result::Result::Err(#failure) if #call.#wants(&#failure) => {
            use #krate::__private::{AnswerLater as _, AnswerNow as _};
            let (#error, #refuse) = #carried;
            #asked
            let #answer = #krate::__private::Answer(#answer);
            #call.fall_back_with(#settled, #refuse).await
        }
    }
}
