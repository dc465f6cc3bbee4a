//! Several of our attributes on one function.
//!
//! rustc expands the topmost attribute first, so each attribute by itself would wrap the ones
//! above it: `#[traced]` above `#[resilient]` would make one span per *attempt*. Therefore
//! whichever of ours runs first takes its siblings out of the item's attributes and expands the
//! whole stack once, in one order:
//!
//! ```text
//! traced > resilient > body
//! ```
//!
//! - A sibling is recognised by the last segment of its path.
//! - One under `cfg_attr` has a condition that only rustc can judge. If it belongs inside of what
//!   is here, what is here steps behind it and waits.
//! - One that was imported under another name expands by itself, later; it finds in the body what
//!   an earlier one left there, and a wrong order is then an error.

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Meta, Token, punctuated::Punctuated};

use crate::{
    crate_path::CratePath, diagnostics::Diagnostics, dump::dump, item::FnItem, options::Choice,
    resilient, slo, traced,
};

/// The attributes that wrap a function, outermost first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attribute {
    Slo,
    Traced,
    Resilient,
}

impl Attribute {
    const ALL: [Self; 3] = [Self::Slo, Self::Traced, Self::Resilient];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Slo => "slo",
            Self::Traced => "traced",
            Self::Resilient => "resilient",
        }
    }

    /// The module of the runtime crate that re-exports it.
    fn module(self) -> Ident {
        let module = match self {
            Self::Slo => "sre",
            Self::Traced => "telemetry",
            Self::Resilient => "resilience",
        };
        Ident::new(module, Span::call_site())
    }

    /// What stands behind `__private::` in a statement of its expansion, and nowhere else: the mark
    /// by which a later attribute knows that it has been here.
    const fn mark(self) -> &'static str {
        match self {
            Self::Slo => "Counted",
            Self::Traced => "Traced",
            Self::Resilient => "Call",
        }
    }

    fn of(path: &syn::Path) -> Option<Self> {
        let last = path.segments.last()?;
        Self::ALL.into_iter().find(|kind| last.ident == kind.name())
    }
}

/// One attribute of the stack, with what stands in its parentheses.
struct Layer {
    kind: Attribute,
    args: TokenStream,
    place: Span,
    /// As the user wrote it, where rustc has not seen it.
    path: Option<syn::Path>,
}

/// What stands in the parentheses of an attribute that is there to be seen by rustc only.
const SEEN: &str = "__seen";

/// Expands `first`, which rustc has called, together with its siblings.
pub(crate) fn expand(first: Attribute, args: TokenStream, item: TokenStream) -> TokenStream {
    if args.to_string() == SEEN {
        return TokenStream::new();
    }
    let mut diagnostics = Diagnostics::new();
    let function = match syn::parse2::<FnItem>(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            diagnostics.push(not_a_function(first, &item).unwrap_or(error));
            let errors = diagnostics.finish().err();
            return quote!(#item #errors);
        }
    };
    let place = Span::call_site();
    let (function, layers) =
        collect(&mut diagnostics, function, Layer { kind: first, args, place, path: None });
    if let Some(waiting) = step_behind(&function, &layers) {
        // Whoever runs next tells the mistakes.
        let _ = diagnostics.finish();
        return waiting;
    }
    check_marks(&mut diagnostics, &function, &layers);
    let expansion = expand_layers(diagnostics, function.clone(), &layers, None);
    dump(&function.sig.ident, expansion)
}

/// Expands one method of an `impl` block that carries `#[resilient]`.
pub(crate) fn expand_member(
    parsed: &resilient::Args,
    args: &TokenStream,
    function: &FnItem,
    owner: &str,
) -> TokenStream {
    let mut diagnostics = Diagnostics::new();
    let conditions = conditions_of(Attribute::Resilient, function);
    if !conditions.is_empty() {
        let _ = diagnostics.finish();
        let path = path_of(Attribute::Resilient, &parsed.krate);
        return quote!(#[cfg_attr(not(any(#(#conditions),*)), #path(#args))] #function);
    }
    let (function, mut layers) = collect_siblings(&mut diagnostics, function.clone());
    let own = layers.iter().find(|layer| layer.kind == Attribute::Resilient);
    if own.is_some_and(|layer| layer.args.to_string() == "skip") {
        let _ = diagnostics.finish();
        layers.retain(|layer| layer.kind != Attribute::Resilient);
        let rest = layers.iter().map(|layer| {
            let (path, args) = (path_of(layer.kind, &parsed.krate), &layer.args);
            quote!(#[#path(#args)])
        });
        return quote!(#(#rest)* #function);
    }
    if own.is_none() {
        layers.push(Layer {
            kind: Attribute::Resilient,
            args: args.clone(),
            place: Span::call_site(),
            path: None,
        });
    }
    check_marks(&mut diagnostics, &function, &layers);
    expand_layers(diagnostics, function, &layers, Some(owner))
}

/// Refuses other attributes of ours on an `impl` block.
pub(crate) fn refuse_beside(
    diagnostics: &mut Diagnostics,
    kind: Attribute,
    attrs: &[syn::Attribute],
) {
    for attr in attrs {
        match Attribute::of(attr.path()) {
            Some(other) if other == kind => diagnostics.error(attr, twice(kind)),
            Some(other) => diagnostics.error(
                attr,
                format!(
                    "`#[{}]` goes on a function; write it on the methods of this `impl` block",
                    other.name()
                ),
            ),
            None => {}
        }
    }
}

/// Whether the function carries that attribute, as it is or under `cfg_attr`.
pub(crate) fn has(kind: Attribute, function: &FnItem) -> bool {
    !conditions_of(kind, function).is_empty()
        || function.attrs.iter().any(|attr| Attribute::of(attr.path()) == Some(kind))
}

/// The function without that attribute.
pub(crate) fn without(kind: Attribute, function: &FnItem) -> FnItem {
    let mut function = function.clone();
    function.attrs.retain(|attr| Attribute::of(attr.path()) != Some(kind));
    function
}

/// Innermost first, so that each wraps what the ones inside of it have made.
fn expand_layers(
    mut diagnostics: Diagnostics,
    function: FnItem,
    layers: &[Layer],
    within: Option<&str>,
) -> TokenStream {
    let mut wrapped = function.clone();
    for kind in Attribute::ALL.into_iter().rev() {
        let Some(layer) = layers.iter().find(|layer| layer.kind == kind) else {
            continue;
        };
        let args = layer.args.clone();
        wrapped = match kind {
            Attribute::Resilient => {
                let args = resilient::Args::read(&mut diagnostics, args);
                resilient::wrap(&mut diagnostics, &args, &wrapped, within)
            }
            Attribute::Slo => {
                let args = slo::Args::read(&mut diagnostics, args);
                slo::wrap(&mut diagnostics, &args, &wrapped, &function)
            }
            Attribute::Traced => {
                let args = traced::Args::read(&mut diagnostics, args, &function.sig);
                traced::wrap(&mut diagnostics, &args, &wrapped, &function, within)
            }
        };
    }
    match diagnostics.finish() {
        Ok(()) => {
            let seen = seen(layers);
            let statements = wrapped.statements();
            wrapped.with_statements(quote!(#seen #statements)).into_token_stream()
        }
        // The user's item stays, so that nothing else fails for want of it.
        Err(errors) => quote!(#function #errors),
    }
}

/// Names each sibling that rustc has not seen, so that its import is not called unused: as an
/// attribute of an item that it expands to nothing.
fn seen(layers: &[Layer]) -> TokenStream {
    let seen = Ident::new(SEEN, Span::call_site());
    let paths = layers.iter().filter_map(|layer| layer.path.as_ref());
    quote!(#(#[#paths(#seen)] const _: () = ();)*)
}

/// Takes the siblings out of the attributes. What stands under `cfg_attr` stays.
fn collect(diagnostics: &mut Diagnostics, function: FnItem, first: Layer) -> (FnItem, Vec<Layer>) {
    let (function, mut layers) = collect_siblings(diagnostics, function);
    if layers.iter().any(|layer| layer.kind == first.kind) {
        let again = layers.iter().find(|layer| layer.kind == first.kind);
        let place = again.map_or(first.place, |again| again.place);
        diagnostics.push(syn::Error::new(place, twice(first.kind)));
        layers.retain(|layer| layer.kind != first.kind);
    }
    layers.push(first);
    (function, layers)
}

fn collect_siblings(diagnostics: &mut Diagnostics, mut function: FnItem) -> (FnItem, Vec<Layer>) {
    let mut layers: Vec<Layer> = Vec::new();
    let attrs = std::mem::take(&mut function.attrs);
    for attr in attrs {
        let Some(kind) = Attribute::of(attr.path()) else {
            function.attrs.push(attr);
            continue;
        };
        let place =
            attr.path().segments.last().map_or_else(Span::call_site, |last| last.ident.span());
        if layers.iter().any(|layer| layer.kind == kind) {
            diagnostics.push(syn::Error::new(place, twice(kind)));
            continue;
        }
        let path = Some(attr.path().clone());
        let args = match attr.meta {
            Meta::Path(_) => TokenStream::new(),
            Meta::List(list) => list.tokens,
            Meta::NameValue(value) => {
                let message = format!("write `#[{}(..)]`", kind.name());
                diagnostics.error(value, message);
                TokenStream::new()
            }
        };
        layers.push(Layer { kind, args, place, path });
    }
    (function, layers)
}

fn twice(kind: Attribute) -> String {
    let name = kind.name();
    format!("`#[{name}]` is here twice; keep one, with the settings of both")
}

/// If a sibling under `cfg_attr` belongs inside of what was collected, or is the same attribute:
/// the item with the collected attributes behind the conditional ones, so that rustc judges the
/// condition first.
fn step_behind(function: &FnItem, layers: &[Layer]) -> Option<TokenStream> {
    let outermost = layers.iter().map(|layer| layer.kind).min()?;
    let must_wait = Attribute::ALL
        .into_iter()
        .any(|kind| kind >= outermost && !conditions_of(kind, function).is_empty());
    if !must_wait {
        return None;
    }
    let mut function = function.clone();
    for layer in layers {
        let path = path_of(layer.kind, &crate_of(layer));
        let args = &layer.args;
        function.attrs.push(syn::parse_quote!(#[#path(#args)]));
    }
    Some(function.into_token_stream())
}

/// The `crate = ..` of the attribute, if it has one.
fn crate_of(layer: &Layer) -> CratePath {
    let choices = Choice::parse_all(layer.args.clone()).unwrap_or_default();
    choices
        .into_iter()
        .filter(|choice| choice.name == "crate")
        .find_map(|choice| match choice.value {
            crate::options::Value::Equals(_, path) => CratePath::parse(path).ok(),
            _ => None,
        })
        .unwrap_or_default()
}

fn path_of(kind: Attribute, krate: &CratePath) -> TokenStream {
    let (module, name) = (kind.module(), Ident::new(kind.name(), Span::call_site()));
    quote!(#krate::#module::#name)
}

/// The conditions under which a `cfg_attr` adds that attribute.
fn conditions_of(kind: Attribute, function: &FnItem) -> Vec<TokenStream> {
    let of_attribute = |attr: &syn::Attribute| {
        if !attr.path().is_ident("cfg_attr") {
            return None;
        }
        let parts =
            attr.parse_args_with(Punctuated::<TokenMeta, Token![,]>::parse_terminated).ok()?;
        let mut parts = parts.into_iter();
        let condition = parts.next()?;
        parts.any(|part| part.kind() == Some(kind)).then_some(condition.0)
    };
    function.attrs.iter().filter_map(of_attribute).collect()
}

/// The tokens between two commas: a condition or an attribute.
struct TokenMeta(TokenStream);

impl syn::parse::Parse for TokenMeta {
    fn parse(input: syn::parse::ParseStream<'_>) -> syn::Result<Self> {
        let mut tokens = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            tokens.extend([input.parse::<TokenTree>()?]);
        }
        Ok(Self(tokens))
    }
}

impl TokenMeta {
    fn kind(&self) -> Option<Attribute> {
        let meta: Meta = syn::parse2(self.0.clone()).ok()?;
        Attribute::of(meta.path())
    }
}

/// Refuses to wrap what has to stand outside, which an attribute under another name left here.
fn check_marks(diagnostics: &mut Diagnostics, function: &FnItem, layers: &[Layer]) {
    let marks = marks(function.statements());
    for layer in layers {
        for mark in &marks {
            let (name, other) = (layer.kind.name(), mark.name());
            if layer.kind == *mark {
                diagnostics.push(syn::Error::new(layer.place, twice(layer.kind)));
            } else if layer.kind > *mark {
                diagnostics.push(syn::Error::new(
                    layer.place,
                    format!(
                        "`#[{other}]` belongs outside of `#[{name}]`, but one of the two was \
                         imported under another name and so they could not be put in order. Import \
                         both under their own names, or write `#[{name}]` above `#[{other}]`"
                    ),
                ));
            }
        }
    }
}

/// The attributes that have already left their statements in the body.
fn marks(statements: TokenStream) -> Vec<Attribute> {
    let tokens: Vec<TokenTree> = statements.into_iter().collect();
    let is =
        |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(ident) if ident == word);
    Attribute::ALL
        .into_iter()
        .filter(|kind| {
            tokens.windows(4).any(|window| {
                is(&window[0], "__private")
                    && matches!(&window[1], TokenTree::Punct(colon) if colon.as_char() == ':')
                    && is(&window[3], kind.mark())
            })
        })
        .collect()
}

/// Our words for an item that is no function at all.
fn not_a_function(first: Attribute, item: &TokenStream) -> Option<syn::Error> {
    let is_function = item
        .clone()
        .into_iter()
        .any(|token| matches!(&token, TokenTree::Ident(word) if word == "fn"));
    if is_function {
        return None;
    }
    let place = item.clone().into_iter().find(|token| {
        !matches!(token, TokenTree::Punct(_))
            && !matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket)
    });
    let wanted = match first {
        Attribute::Resilient => "an `async fn`, or on an `impl` block with some",
        Attribute::Slo | Attribute::Traced => "a function",
    };
    let message = format!("`#[{}]` goes on {wanted}", first.name());
    Some(syn::Error::new(place.map_or_else(Span::call_site, |token| token.span()), message))
}

#[cfg(test)]
mod tests;
