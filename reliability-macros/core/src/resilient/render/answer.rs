use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{ExprPath, spanned::Spanned as _};

use super::{Names, local};
use crate::{params::Params, resilient::args::Args};

/// The end: the answer of `degrade` or of the fallback where it is asked, else the function's own error.
pub(super) fn answer(args: &Args, params: &Params, names: &Names) -> TokenStream {
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
