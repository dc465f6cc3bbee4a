use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{LitStr, ReturnType};

use super::Args;
use crate::{body::typed_return, item::FnItem};

/// The function inside of its span.
pub(super) fn render(args: &Args, item: &FnItem, within: Option<&str>) -> FnItem {
    let krate = &args.krate;
    let span = Ident::new("span", Span::mixed_site());
    let outcome = Ident::new("outcome", Span::mixed_site());
    let make = make_span(args, item, within);
    let typed = typed_return(krate, &item.sig.output);
    let statements = item.statements();
    let block = item.block(quote!(#typed #statements));
    let run = if item.sig.asyncness.is_some() {
        quote! {
            #krate::__private::tracing::Instrument::instrument(
                async move #block,
                ::core::clone::Clone::clone(&#span),
            )
            .await
        }
    } else {
        quote!(#span.in_scope(move || #block))
    };
    let statements = if can_fail(&item.sig.output) {
        quote! {
            let #span: #krate::__private::Span = #make;
            let #outcome = #run;
            {
                use #krate::__private::{RecordDebug as _, RecordDisplay as _, RecordNothing as _};
                (&&&#krate::__private::Ended(&#outcome)).record(&#span);
            }
            #outcome
        }
    } else {
        quote! {
            let #span: #krate::__private::Span = #make;
            #run
        }
    };
    item.clone().with_statements(statements)
}

fn make_span(args: &Args, item: &FnItem, within: Option<&str>) -> TokenStream {
    let krate = &args.krate;
    let level = format_ident!("{}", args.level.to_uppercase());
    let name = args.name.clone().unwrap_or_else(|| {
        let function = item.sig.ident.to_string();
        let function = function.trim_start_matches("r#");
        let name = within.map_or_else(|| function.into(), |owner| format!("{owner}::{function}"));
        LitStr::new(&name, item.sig.ident.span())
    });
    let recorded = args.recorded.iter().map(|argument| {
        let ident = &argument.ident;
        if argument.primitive {
            quote!(#ident = #ident)
        } else {
            quote!(#ident = (&&#krate::__private::Shown(&#ident)).shown())
        }
    });
    let fields = args.fields.iter().map(|field| field.tokens.clone());
    let error = can_fail(&item.sig.output)
        .then(|| {
            let empty = quote!(#krate::__private::tracing::field::Empty);
            [quote!(error = #empty), quote!(otel.status_code = #empty)]
        })
        .into_iter()
        .flatten();
    let all = recorded.chain(fields).chain(error);
    let any_shown = args.recorded.iter().any(|argument| !argument.primitive);
    let traits = any_shown.then(|| quote!(use #krate::__private::{ShowDebug as _, ShowType as _};));
    let make = quote! {
        #krate::__private::tracing::span!(
            #krate::__private::tracing::Level::#level,
            #name
            #(, #all)*
        )
    };
    // In a block, so that the body does not see the traits.
    if any_shown { quote!({ #traits #make }) } else { make }
}

/// Whether the result may be an error: then the span has a field for it.
fn can_fail(output: &ReturnType) -> bool {
    !matches!(output, ReturnType::Default)
}
