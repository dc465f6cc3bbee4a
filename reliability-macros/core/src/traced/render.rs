use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::{LitStr, ReturnType, spanned::Spanned as _};

use super::Args;
use super::args::Tell;
use super::metrics::metrics;
use crate::{body::typed_return, crate_path::CratePath, item::FnItem};

/// The function inside of its span.
pub(super) fn render(args: &Args, item: &FnItem, within: Option<&str>) -> FnItem {
    let krate = &args.krate;
    let traced = Ident::new("traced", Span::mixed_site());
    let outcome = Ident::new("outcome", Span::mixed_site());
    let begin = begin(args, item, within, &traced);
    let typed = typed_return(krate, &item.sig.output);
    let statements = item.statements();
    let block = item.block(quote!(#typed #statements));
    let run = if item.sig.asyncness.is_some() {
        quote!(#traced.enclose(async move #block).await)
    } else {
        quote!(#traced.in_scope(move || #block))
    };
    let fails = can_fail(&item.sig.output);
    let (count, counted) = if args.metrics {
        let name = name(args, item, within);
        let metrics = metrics(args, &name, &kind(args), &traced, fails.then_some(&outcome));
        (metrics.begin, metrics.end)
    } else {
        Default::default()
    };
    let run = if fails {
        let end = end(args, &traced, &outcome);
        quote! {
            let #outcome = #run;
            #counted
            #end
            #outcome
        }
    } else {
        quote!(#run; #counted #traced.end();)
    };
    let statements = quote!(#begin #count #run);
    item.clone().with_statements(statements)
}

/// The span, before the body. Our recorder is asked whether it wants one before anything is built.
fn begin(args: &Args, item: &FnItem, within: Option<&str>, traced: &Ident) -> TokenStream {
    let krate = &args.krate;
    let begin = Ident::new("begin", Span::mixed_site());
    let name = name(args, item, within);
    let kind = kind(args);
    let span = make_span(args, item, &name);
    let filled = fill(args, &begin);
    let mutable = (!filled.is_empty()).then(|| quote!(mut));
    let any_shown = args.recorded.iter().any(|argument| !argument.primitive);
    // In a block, so that the body does not see the traits.
    let traits = any_shown.then(|| quote!(use #krate::__private::{ShowDebug as _, ShowType as _};));
    quote! {
        let mut #traced = #krate::__private::Traced::new();
        {
            #traits
            if #traced.is_wanted_beside(#span) {
                let #mutable #begin = #traced.begin();
                #filled
                #begin.open(#name, #krate::__private::Kind::#kind)
            }
        }
    }
}

fn name(args: &Args, item: &FnItem, within: Option<&str>) -> LitStr {
    args.name.clone().unwrap_or_else(|| {
        let function = item.sig.ident.to_string();
        let function = function.trim_start_matches("r#");
        let name = within.map_or_else(|| function.into(), |owner| format!("{owner}::{function}"));
        LitStr::new(&name, item.sig.ident.span())
    })
}

/// The variant of `Kind`.
fn kind(args: &Args) -> Ident {
    format_ident!("{}", capitalised(args.kind))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The span of `tracing`, for subscribers of other libraries. Its last field is never recorded: by
/// it our own subscriber knows that the span is recorded already.
fn make_span(args: &Args, item: &FnItem, name: &LitStr) -> TokenStream {
    let krate = &args.krate;
    let level = format_ident!("{}", args.level.to_uppercase());
    let recorded = args.recorded.iter().map(|argument| {
        let ident = &argument.ident;
        if argument.primitive {
            quote!(#ident = #ident)
        } else {
            quote!(#ident = (&&#krate::__private::Shown(&#ident)).shown())
        }
    });
    let fields = args.fields.iter().map(|field| field.tokens.clone());
    let kind = (args.kind != "internal").then(|| {
        let kind = args.kind;
        quote!(otel.kind = #kind)
    });
    let empty = quote!(#krate::__private::tracing::field::Empty);
    let mut later = Vec::new();
    if can_fail(&item.sig.output) {
        later.extend([quote!(error = #empty), quote!(otel.status_code = #empty)]);
    }
    if args.ret.is_some() {
        later.push(quote!(return = #empty));
    }
    later.push(quote!(reliability.traced = #empty));
    let all = recorded.chain(fields).chain(kind).chain(later);
    quote! {
        #krate::__private::tracing::span!(
            #krate::__private::tracing::Level::#level,
            #name
            #(, #all)*
        )
    }
}

/// The same fields for our recorder, which is asked first whether it wants them.
fn fill(args: &Args, begin: &Ident) -> TokenStream {
    let krate = &args.krate;
    let known = Ident::new("known", Span::mixed_site());
    let recorded = args.recorded.iter().map(|argument| {
        let ident = &argument.ident;
        let name = ident.to_string();
        let name = name.trim_start_matches("r#");
        if argument.primitive {
            quote!(#known.value(#name, &#ident);)
        } else {
            quote!(#known.value(#name, &(&&#krate::__private::Shown(&#ident)).shown());)
        }
    });
    let fields = args.fields.iter().map(|field| {
        let (name, value) = (&field.name, &field.value);
        match field.sigil {
            Some('%') => {
                quote!(#known.value(#name, &#krate::__private::tracing::field::display(&(#value)));)
            }
            Some(_) => {
                quote!(#known.value(#name, &#krate::__private::tracing::field::debug(&(#value)));)
            }
            None => quote!(#known.value(#name, &(#value));),
        }
    });
    let links = args.links.iter().map(|links| {
        // What cannot be linked to is told where it is written.
        let method = Ident::new("links", links.span());
        quote!(#known.#method(#links);)
    });
    let all: TokenStream = recorded.chain(fields).chain(links).collect();
    if all.is_empty() {
        return all;
    }
    quote! {
        if let ::core::option::Option::Some(#known) = #begin.fields() {
            #all
        }
    }
}

/// The end of the span, with what the body returned.
fn end(args: &Args, traced: &Ident, outcome: &Ident) -> TokenStream {
    let krate = &args.krate;
    let ret = args.ret.map(|tell| ret(krate, tell, traced, outcome));
    let end = match args.err {
        None => quote! {
            {
                use #krate::__private::{EndDebug as _, EndDisplay as _, EndOther as _};
                (&&&#krate::__private::Ended(&#outcome)).end(&mut #traced);
            }
        },
        Some(tell) => {
            let function = match tell {
                Tell::Debug => "end_debug",
                Tell::Display => "end_display",
                Tell::Hidden => "end_hidden",
            };
            let function = Ident::new(function, Span::call_site());
            quote!(#krate::__private::#function(&mut #traced, &#outcome);)
        }
    };
    quote!(#ret #end)
}

fn ret(krate: &CratePath, tell: Tell, traced: &Ident, outcome: &Ident) -> TokenStream {
    let value = Ident::new("value", Span::mixed_site());
    let (traits, shown) = match tell {
        Tell::Display => {
            (TokenStream::new(), quote!(#krate::__private::tracing::field::display(#value)))
        }
        _ => (
            quote!(use #krate::__private::{ShowDebug as _, ShowType as _};),
            quote!((&&#krate::__private::Shown(#value)).shown()),
        ),
    };
    quote! {
        {
            use #krate::__private::{ValueOfOther as _, ValueOfResult as _};
            #traits
            if let ::core::option::Option::Some(#value) =
                (&&#krate::__private::Ended(&#outcome)).value()
            {
                #traced.record("return", #shown);
            }
        }
    }
}

/// Whether the result may be an error: then the span has a field for it.
fn can_fail(output: &ReturnType) -> bool {
    !matches!(output, ReturnType::Default)
}
