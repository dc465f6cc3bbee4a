//! `#[saga]` and `#[derive(Saga)]`: one enum of steps in; out come the table that the engine
//! follows, a type for each step, and what is called for it.
//!
//! The stages, one file each: `args` reads what is said of the saga, `step` what is said of each
//! variant (`value` is what stands behind a setting's name), `order` finds out what comes after what,
//! `render` writes the items, and `called` those of one step. A mistake never
//! stops a later stage: beside an error stand the same items with bodies that do nothing, so that
//! one mistake does not become an error at every use of the saga.

mod args;
mod called;
mod model;
mod nested;
mod order;
mod render;
mod step;
mod value;

#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Data, DeriveInput, Meta};

use self::{args::Args, model::Model};
use crate::{diagnostics::Diagnostics, dump::dump};

/// The attributes of variants.
const OF_VARIANTS: [&str; 5] = ["step", "pivot", "then", "wait", "signal"];

/// Expands `#[saga(args)] item`.
#[must_use]
pub fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let Ok(mut input) = syn::parse2::<DeriveInput>(item.clone()) else {
        let message = "`#[saga]` goes on an enum with a variant for each step";
        let error = syn::Error::new(proc_macro2::Span::call_site(), message).into_compile_error();
        return quote!(#error #item);
    };
    let mut diagnostics = Diagnostics::new();
    twice(&mut diagnostics, &input);
    let args = Args::read(&mut diagnostics, args, &input.ident);
    let derives = derives(&input);
    let expansion = items(diagnostics, &input, args, &derives);
    input.attrs = input.attrs.into_iter().filter_map(without_saga).collect();
    if let Data::Enum(data) = &mut input.data {
        for variant in &mut data.variants {
            variant.attrs.retain(|attr| !OF_VARIANTS.iter().any(|name| attr.path().is_ident(name)));
        }
    }
    dump(&input.ident, quote!(#input #expansion))
}

/// Expands `#[derive(Saga)]`.
#[must_use]
pub fn derive(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    let mut args = TokenStream::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("saga")) {
        match &attr.meta {
            Meta::List(list) => {
                let tokens = &list.tokens;
                args.extend(quote!(#tokens,));
            }
            other => diagnostics.error(other, "write `#[saga(input = .., refuse = ..)]`"),
        }
    }
    let args = Args::read(&mut diagnostics, args, &input.ident);
    let expansion = items(diagnostics, &input, args, &[]);
    dump(&input.ident, expansion)
}

fn items(
    mut diagnostics: Diagnostics,
    input: &DeriveInput,
    args: Args,
    derives: &[syn::Path],
) -> TokenStream {
    let mut model = Model::read(&mut diagnostics, input, args, derives);
    if let Some(model) = &mut model {
        order::arrange(&mut diagnostics, model);
    }
    let errors = diagnostics.finish().err();
    let items = model.map(|model| render::render(&model, errors.is_some()));
    quote!(#errors #items)
}

/// Both at once would write everything twice.
fn twice(diagnostics: &mut Diagnostics, input: &DeriveInput) {
    let both = derives(input).into_iter().find(|path| is_last(path, "Saga"));
    let again = input.attrs.iter().find(|attr| attr.path().is_ident("saga"));
    let again = again.map(Attribute::path).cloned();
    for path in both.into_iter().chain(again) {
        let message = "`#[saga]` writes all that `#[derive(Saga)]` does; remove one of the two";
        diagnostics.error(path, message);
    }
}

/// The attribute, without a `derive(Saga)` that was told to be one too many.
fn without_saga(mut attr: Attribute) -> Option<Attribute> {
    if attr.path().is_ident("saga") {
        return None;
    }
    if attr.path().is_ident("derive")
        && let Ok(mut paths) = attr.parse_args_with(
            syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated,
        )
        && paths.iter().any(|path| is_last(path, "Saga"))
    {
        paths = paths.into_iter().filter(|path| !is_last(path, "Saga")).collect();
        attr = syn::parse_quote!(#[derive(#paths)]);
    }
    Some(attr)
}

/// What the enum derives, as far as it stands below.
fn derives(input: &DeriveInput) -> Vec<syn::Path> {
    let mut all = Vec::new();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
        let read = attr.parse_nested_meta(|meta| {
            all.push(meta.path.clone());
            Ok(())
        });
        // What is wrong with it, the compiler says.
        if read.is_err() {
            all.clear();
        }
    }
    all
}

fn is_last(path: &syn::Path, name: &str) -> bool {
    path.segments.last().is_some_and(|last| last.ident == name)
}

/// A type as one would write it in a sentence.
fn in_words(tokens: &impl quote::ToTokens) -> String {
    let text = tokens.to_token_stream().to_string();
    let mut words = text.replace(" :: ", "::").replace(" < ", "<").replace(" >", ">");
    for (loose, tight) in
        [("& ", "&"), (" ,", ","), ("< ", "<"), (" (", "("), ("( ", "("), (" )", ")")]
    {
        words = words.replace(loose, tight);
    }
    words
}
