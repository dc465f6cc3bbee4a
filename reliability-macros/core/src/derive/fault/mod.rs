//! `#[derive(Fault)]`: an error type says of each of its kinds whether it is worth another try.
//!
//! There is no default class: a variant that somebody adds next year is a compile error until they
//! have said what it means. An enum may set a default of its own, on purpose.

mod attrs;
mod render;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Ident};

use self::attrs::{Class, FaultAttrs, Target};
use crate::{diagnostics::Diagnostics, dump::dump};

/// Expands `#[derive(Fault)]`.
#[must_use]
pub fn fault(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    let container = FaultAttrs::read(&mut diagnostics, &input.attrs, Target::Container);
    let krate = container.krate.clone().unwrap_or_default();
    let kinds = kinds(&mut diagnostics, &input, &container);
    let expansion = match diagnostics.finish() {
        Ok(()) => render::render(&input, &krate, &kinds),
        Err(errors) => {
            let stand_in = render::stand_in(&input, &krate);
            quote!(#errors #stand_in)
        }
    };
    dump(&input.ident, expansion)
}

/// One kind of error: a variant, or the whole struct.
struct Kind<'a> {
    /// `None` for a struct.
    variant: Option<&'a Ident>,
    meaning: Meaning<'a>,
    severity: Option<Ident>,
    recover: Option<Ident>,
    fingerprint: Option<syn::LitStr>,
}

/// What a kind of error means.
enum Meaning<'a> {
    /// What is written.
    Class { class: Class, retry_after: Option<Place<'a>> },
    /// What the error inside says.
    Source { place: Place<'a>, from: bool },
}

/// A field.
#[derive(Clone)]
struct Place<'a> {
    member: syn::Member,
    ty: &'a syn::Type,
}

fn kinds<'a>(
    diagnostics: &mut Diagnostics,
    input: &'a DeriveInput,
    container: &FaultAttrs,
) -> Vec<Kind<'a>> {
    match &input.data {
        Data::Struct(data) => {
            let name = &input.ident;
            kind(diagnostics, None, name, &data.fields, container, None).into_iter().collect()
        }
        Data::Enum(data) => {
            container.refuse_fields(diagnostics);
            let mut kinds = Vec::new();
            for variant in &data.variants {
                let own = FaultAttrs::read(diagnostics, &variant.attrs, Target::Kind);
                let (name, fields) = (&variant.ident, &variant.fields);
                kinds.extend(kind(diagnostics, Some(name), name, fields, &own, Some(container)));
            }
            kinds
        }
        Data::Union(data) => {
            diagnostics.error(
                data.union_token,
                "`#[derive(Fault)]` goes on an enum or a struct: nobody knows which field of a \
                 union is the error",
            );
            Vec::new()
        }
    }
}

fn kind<'a>(
    diagnostics: &mut Diagnostics,
    variant: Option<&'a Ident>,
    name: &Ident,
    fields: &'a Fields,
    own: &FaultAttrs,
    container: Option<&FaultAttrs>,
) -> Option<Kind<'a>> {
    if own.is_wrong {
        return None;
    }
    let on_fields = attrs::on_fields(diagnostics, fields);
    let source = own.source(diagnostics, name, fields, &on_fields)?;
    let retry_after = own.retry_after(diagnostics, fields, &on_fields);
    // The default of the enum is for variants that say their class, not for those that ask.
    let default_severity = container.filter(|_| source.is_none()).and_then(|c| c.severity.clone());
    let severity = own.severity.clone().or(default_severity);
    let default_recover = container.filter(|_| source.is_none()).and_then(|c| c.recover.clone());
    let recover = own.recover.clone().or(default_recover);
    let default_fingerprint = container.filter(|_| source.is_none());
    let default_fingerprint = default_fingerprint.and_then(|c| c.fingerprint.clone());
    let fingerprint = own.fingerprint.clone().or(default_fingerprint);
    let meaning = match source {
        Some((place, from)) => {
            if let Some(class) = &own.class {
                let message = format!(
                    "`{}` and a source exclude each other: either `{name}` says its class, or the \
                     error inside does",
                    class.word
                );
                diagnostics.error(&class.word, message);
            }
            if retry_after.is_some() {
                let message =
                    format!("`{name}` leaves its meaning to its source, and `retry_after` with it");
                diagnostics.error(&place.member, message);
            }
            Meaning::Source { place, from }
        }
        None => {
            let default_class = || container.and_then(|container| container.class.clone());
            let Some(class) = own.class.clone().or_else(default_class) else {
                diagnostics.error(name, unclassified(name, fields, variant.is_some()));
                return None;
            };
            check_retry_after(diagnostics, &class, retry_after.as_ref(), own);
            Meaning::Class { class, retry_after }
        }
    };
    Some(Kind { variant, meaning, severity, recover, fingerprint })
}

fn check_retry_after(
    diagnostics: &mut Diagnostics,
    class: &Class,
    retry_after: Option<&Place<'_>>,
    own: &FaultAttrs,
) {
    if let (Some(place), "Permanent" | "Cancelled") = (retry_after, class.variant) {
        let message = format!(
            "nobody tries again after an error that is {}, so nobody asks for `retry_after`; write \
             `overloaded` or `transient`, or remove it",
            class.word
        );
        match own.retry_after_word() {
            Some(word) => diagnostics.error(word, message),
            None => diagnostics.error(&place.member, message),
        }
    }
}

/// What to write on a kind of error of which nothing is said.
fn unclassified(name: &Ident, fields: &Fields, is_variant: bool) -> String {
    let source =
        if fields.len() == 1 { ", `#[fault(source)]` (what the error inside says)" } else { "" };
    let default = if is_variant { "; on the enum, it is the default of all variants" } else { "" };
    format!(
        "is `{name}` worth another try? Write `#[fault(transient)]` (the same call may succeed), \
         `#[fault(overloaded)]` (later, not at once), `#[fault(permanent)]` (it would fail \
         again){source} or `#[fault(cancelled)]` (the caller gave up){default}"
    )
}

#[cfg(test)]
mod tests;
