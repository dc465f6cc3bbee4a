use proc_macro2::{Ident, Span};
use quote::{quote, quote_spanned};
use syn::{Path, spanned::Spanned as _};

use super::Args;
use crate::{
    body::{error_span, typed_return},
    item::FnItem,
};

/// The function with its calls counted. What is counted when a call does not end is up to the drop
/// of the counter.
pub(super) fn render(args: &Args, objective: &Path, item: &FnItem) -> FnItem {
    let krate = &args.krate;
    let counted = Ident::new("counted", Span::mixed_site());
    let answer = Ident::new("answer", Span::mixed_site());
    let outcome = Ident::new("outcome", Span::mixed_site());
    let typed = typed_return(krate, &item.sig.output);
    let statements = item.statements();
    let block = item.block(quote!(#typed #statements));
    let run = if item.sig.asyncness.is_some() {
        quote!(async move #block.await)
    } else {
        quote!(#krate::__private::run_once(move || #block))
    };
    let begin = {
        let span = objective.span();
        let path = krate.at(span);
        quote_spanned!(span=> #path::__private::Counted::begin(&#objective))
    };
    let judged = match &args.good {
        Some(good) => {
            let span = good.span();
            let path = krate.at(span);
            quote_spanned!(span=> #path::__private::judge_with(&#answer, #good))
        }
        None => {
            let span = error_span(&item.sig.output);
            let path = krate.at(span);
            // Only the call points at the user's type: imports there would be called unused.
            let judged = quote!(&#answer, #counted.slo());
            let judged = quote_spanned!(span=> #path::__private::Judged(#judged));
            let outcome = quote_spanned!(span=> (&&&#judged).outcome());
            quote!({
                use #krate::__private::{JudgeAnswer as _, JudgeFault as _, JudgeResult as _};
                #outcome
            })
        }
    };
    let correct = args.correct.as_ref().map(|correct| {
        let span = correct.span();
        let path = krate.at(span);
        quote_spanned!(span=> #path::__private::Counted::check(&#counted, &#answer, #correct);)
    });
    let statements = quote! {
        let #counted: #krate::__private::Counted<'_> = #begin;
        let #answer = #run;
        #correct
        let #outcome = #judged;
        #counted.end(#outcome);
        #answer
    };
    item.clone().with_statements(statements)
}
