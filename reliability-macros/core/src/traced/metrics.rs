use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::LitStr;

use super::Args;

/// What counts the calls: declared at this place, so that each call finds it without looking.
pub(super) struct Metrics {
    /// Stands behind the span, so that a call that is dropped is counted inside of it.
    pub(super) begin: TokenStream,
    /// Stands behind the body, before the span ends.
    pub(super) end: TokenStream,
}

/// `outcome` is what the body returned, if that may be an error.
pub(super) fn metrics(
    args: &Args,
    name: &LitStr,
    kind: &Ident,
    traced: &Ident,
    outcome: Option<&Ident>,
) -> Metrics {
    let krate = &args.krate;
    let timed = Ident::new("timed", Span::mixed_site());
    let operation = format_ident!("OPERATION", span = Span::mixed_site());
    let begin = quote! {
        let #timed: #krate::__private::Timed<'_> = {
            static #operation: #krate::__private::Operation =
                #krate::__private::Operation::new(#name).kind(#krate::__private::Kind::#kind);
            #krate::__private::inventory::submit! {
                #krate::__private::Watched::new(&#operation)
            }
            #krate::__private::Timed::begin(&#traced, &#operation)
        };
    };
    let end = match outcome {
        Some(outcome) => quote! {
            #timed.end({
                use #krate::__private::{FinishedFault as _, FinishedOther as _, FinishedResult as _};
                (&&&#krate::__private::Finished(&#outcome)).outcome()
            });
        },
        None => quote!(#timed.end_well();),
    };
    Metrics { begin, end }
}
