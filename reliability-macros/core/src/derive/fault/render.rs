use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Generics, Type, spanned::Spanned as _, visit::Visit};

use super::{Kind, Meaning, Place};
use crate::crate_path::CratePath;

/// The `impl` of `Fault`, and the conversions that `from` asks for.
pub(super) fn render(input: &DeriveInput, krate: &CratePath, kinds: &[Kind<'_>]) -> TokenStream {
    let class = class(krate, kinds);
    let severity = severity(krate, kinds);
    let retry_after = retry_after(krate, kinds);
    let rejection = rejection(krate, kinds);
    let disposition = disposition(krate, kinds);
    let recovery = recovery(krate, kinds);
    let fingerprint = fingerprint(krate, kinds);
    let describe = describe(krate);
    let generics = bounded(input, krate, kinds);
    let (parameters, _, condition) = generics.split_for_impl();
    let (_, arguments, _) = input.generics.split_for_impl();
    let name = &input.ident;
    let conversions = conversions(input, kinds);
    quote! {
        #[automatically_derived]
        impl #parameters #krate::error::Fault for #name #arguments #condition {
            #class
            #severity
            #retry_after
            #rejection
            #disposition
            #recovery
            #fingerprint
            #describe
        }
        #conversions
    }
}

/// An `impl` that keeps a mistake in an attribute from being a second one wherever the type is
/// used.
pub(super) fn stand_in(input: &DeriveInput, krate: &CratePath) -> TokenStream {
    let (parameters, arguments, condition) = input.generics.split_for_impl();
    let name = &input.ident;
    quote! {
        #[automatically_derived]
        impl #parameters #krate::error::Fault for #name #arguments #condition {
            fn class(&self) -> #krate::error::Class {
                #krate::error::Class::Permanent
            }
        }
    }
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

impl<'a> Kind<'a> {
    /// A pattern for this kind that binds `place` to `name`.
    fn binding(&self, place: &Place<'_>, name: &Ident) -> TokenStream {
        let (path, member) = (self.path(), &place.member);
        quote!(#path { #member: #name, .. })
    }

    /// A pattern for this kind that binds nothing.
    fn any(&self) -> TokenStream {
        let path = self.path();
        quote!(#path { .. })
    }

    fn path(&self) -> TokenStream {
        match self.variant {
            Some(variant) => quote!(Self::#variant),
            None => quote!(Self),
        }
    }

    fn source(&self) -> Option<&Place<'a>> {
        match &self.meaning {
            Meaning::Source { place, .. } => Some(place),
            Meaning::Class { .. } => None,
        }
    }
}

/// `match self` with these arms; `match *self {}` for an enum without variants.
fn matched(arms: Vec<TokenStream>) -> TokenStream {
    if arms.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) }
}

/// An arm that asks the source.
fn ask(krate: &CratePath, kind: &Kind<'_>, place: &Place<'_>, method: &str) -> TokenStream {
    let span = place.ty.span();
    let source = Ident::new("source", Span::mixed_site().located_at(span));
    let pattern = kind.binding(place, &source);
    let (krate, method) = (krate.at(span), Ident::new(method, span));
    let call = quote_spanned!(span=> #krate::error::Fault::#method(#source));
    quote!(#pattern => #call,)
}

fn class(krate: &CratePath, kinds: &[Kind<'_>]) -> TokenStream {
    let arms = kinds.iter().map(|kind| match &kind.meaning {
        Meaning::Source { place, .. } => ask(krate, kind, place, "class"),
        Meaning::Class { class, .. } => {
            let (pattern, class) = (kind.any(), Ident::new(class.variant, class.word.span()));
            quote!(#pattern => #krate::error::Class::#class,)
        }
    });
    let body = matched(arms.collect());
    quote!(fn class(&self) -> #krate::error::Class { #body })
}

/// Only where a kind does not leave it to its class.
fn severity(krate: &CratePath, kinds: &[Kind<'_>]) -> Option<TokenStream> {
    let differs = |kind: &Kind<'_>| kind.severity.is_some() || kind.source().is_some();
    if !kinds.iter().any(differs) {
        return None;
    }
    let arms = kinds.iter().map(|kind| match (&kind.severity, &kind.meaning) {
        (Some(severity), _) => {
            let pattern = kind.any();
            quote!(#pattern => #krate::error::Severity::#severity,)
        }
        (None, Meaning::Source { place, .. }) => ask(krate, kind, place, "severity"),
        (None, Meaning::Class { class, .. }) => {
            let (pattern, class) = (kind.any(), Ident::new(class.variant, class.word.span()));
            quote!(#pattern => #krate::error::Class::#class.severity(),)
        }
    });
    let body = matched(arms.collect());
    Some(quote!(fn severity(&self) -> #krate::error::Severity { #body }))
}

fn retry_after(krate: &CratePath, kinds: &[Kind<'_>]) -> Option<TokenStream> {
    let arm = |kind: &Kind<'_>| match &kind.meaning {
        Meaning::Source { place, .. } => Some(ask(krate, kind, place, "retry_after")),
        Meaning::Class { retry_after, .. } => retry_after.as_ref().map(|place| {
            let span = place.ty.span();
            let after = Ident::new("after", Span::mixed_site().located_at(span));
            let (pattern, krate) = (kind.binding(place, &after), krate.at(span));
            let read = quote_spanned!(span=> #krate::__private::RetryAfter::retry_after(#after));
            quote!(#pattern => #read,)
        }),
    };
    let arms = kinds.iter().filter_map(arm).collect();
    let body = with_rest(arms, kinds.len(), &quote!(::core::option::Option::None))?;
    Some(quote! {
        fn retry_after(&self) -> ::core::option::Option<::core::time::Duration> { #body }
    })
}

fn rejection(krate: &CratePath, kinds: &[Kind<'_>]) -> Option<TokenStream> {
    let arms = from_sources(krate, kinds, "rejection");
    let body = with_rest(arms, kinds.len(), &quote!(::core::option::Option::None))?;
    Some(quote! {
        fn rejection(&self) -> ::core::option::Option<&#krate::error::Rejected> { #body }
    })
}

/// A source may be of unknown class, and only its disposition says so.
fn disposition(krate: &CratePath, kinds: &[Kind<'_>]) -> Option<TokenStream> {
    let arms = from_sources(krate, kinds, "disposition");
    let by_class = quote!(#krate::error::Fault::class(self).disposition());
    let body = with_rest(arms, kinds.len(), &by_class)?;
    Some(quote!(fn disposition(&self) -> #krate::error::Disposition { #body }))
}

/// What to do beyond another try, where a kind says it.
fn recovery(krate: &CratePath, kinds: &[Kind<'_>]) -> Option<TokenStream> {
    let arm = |kind: &Kind<'_>| match (&kind.recover, &kind.meaning) {
        (Some(action), _) => {
            let pattern = kind.any();
            let action = quote!(#krate::error::recovery::Action::#action);
            Some(quote!(#pattern => ::core::option::Option::Some(#action),))
        }
        (None, Meaning::Source { place, .. }) => Some(ask(krate, kind, place, "recovery")),
        (None, Meaning::Class { .. }) => None,
    };
    let arms = kinds.iter().filter_map(arm).collect();
    let body = with_rest(arms, kinds.len(), &quote!(::core::option::Option::None))?;
    Some(quote! {
        fn recovery(&self) -> ::core::option::Option<#krate::error::recovery::Action> { #body }
    })
}

/// The name to group by, where a kind says it.
fn fingerprint(krate: &CratePath, kinds: &[Kind<'_>]) -> Option<TokenStream> {
    let arm = |kind: &Kind<'_>| match (&kind.fingerprint, &kind.meaning) {
        (Some(name), _) => {
            let pattern = kind.any();
            Some(quote!(#pattern => ::core::option::Option::Some(#name),))
        }
        (None, Meaning::Source { place, .. }) => Some(ask(krate, kind, place, "fingerprint")),
        (None, Meaning::Class { .. }) => None,
    };
    let arms = kinds.iter().filter_map(arm).collect();
    let body = with_rest(arms, kinds.len(), &quote!(::core::option::Option::None))?;
    Some(quote! {
        fn fingerprint(&self) -> ::core::option::Option<&'static ::core::primitive::str> { #body }
    })
}

/// By what the type has: an error with its sources, else `Display`, else `Debug`, else its name.
fn describe(krate: &CratePath) -> TokenStream {
    let f = local("f");
    quote! {
        fn describe(&self, #f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
            #krate::__private::describe!(self, #f)
        }
    }
}

fn from_sources(krate: &CratePath, kinds: &[Kind<'_>], method: &str) -> Vec<TokenStream> {
    let asked = |kind: &Kind<'_>| kind.source().map(|place| ask(krate, kind, place, method));
    kinds.iter().filter_map(asked).collect()
}

/// `match self` with these arms and `rest` for all other kinds; nothing where there are no arms,
/// because then the trait's own method says the same.
fn with_rest(mut arms: Vec<TokenStream>, kinds: usize, rest: &TokenStream) -> Option<TokenStream> {
    if arms.is_empty() {
        return None;
    }
    if arms.len() < kinds {
        arms.push(quote!(_ => #rest,));
    }
    Some(matched(arms))
}

/// Sources whose type depends on a parameter have to be faults.
fn bounded(input: &DeriveInput, krate: &CratePath, kinds: &[Kind<'_>]) -> Generics {
    let mut generics = input.generics.clone();
    let sources = kinds.iter().filter_map(Kind::source);
    for place in sources.filter(|place| mentions_parameter(place.ty, &input.generics)) {
        let ty = place.ty;
        generics.make_where_clause().predicates.push(syn::parse_quote!(#ty: #krate::error::Fault));
    }
    generics
}

fn mentions_parameter(ty: &Type, generics: &Generics) -> bool {
    struct Finder<'a> {
        generics: &'a Generics,
        found: bool,
    }

    impl Visit<'_> for Finder<'_> {
        fn visit_ident(&mut self, ident: &Ident) {
            self.found |= self.generics.type_params().any(|parameter| parameter.ident == *ident);
        }
    }

    let mut finder = Finder { generics, found: false };
    finder.visit_type(ty);
    finder.found
}

fn conversions(input: &DeriveInput, kinds: &[Kind<'_>]) -> TokenStream {
    let (parameters, arguments, condition) = input.generics.split_for_impl();
    let name = &input.ident;
    let conversion = |kind: &Kind<'_>| {
        let Meaning::Source { place, from: true } = &kind.meaning else {
            return None;
        };
        let (path, member, ty) = (kind.path(), &place.member, place.ty);
        let source = local("source");
        // On the type, so that a second conversion from it is told of there.
        let place = ty.span().resolved_at(Span::mixed_site());
        Some(quote_spanned! {place=>
            #[automatically_derived]
            impl #parameters ::core::convert::From<#ty> for #name #arguments #condition {
                fn from(#source: #ty) -> Self {
                    #path { #member: #source }
                }
            }
        })
    };
    kinds.iter().filter_map(conversion).collect()
}
