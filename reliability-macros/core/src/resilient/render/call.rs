use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{Names, mixed_at};
use crate::resilient::args::{Args, Repeats, Source};

/// An expression that begins the call under the policy.
pub(super) fn begin(args: &Args, names: &Names, output: &syn::ReturnType) -> TokenStream {
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
