use proc_macro2::{Ident, Span};
use quote::ToTokens as _;
use syn::{Attribute, Fields, Index, Member, Meta};

use super::Place;
use crate::{
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean, list_in_words},
    settings::{self, Known, Setting},
};

/// A class, and the word that named it.
#[derive(Debug, Clone)]
pub(super) struct Class {
    pub(super) word: Ident,
    /// The variant of the runtime's `Class`.
    pub(super) variant: &'static str,
}

/// What was written in the `#[fault(..)]` attributes of one type, variant or field.
#[derive(Debug, Default)]
pub(super) struct FaultAttrs {
    pub(super) class: Option<Class>,
    /// A variant of the runtime's `Severity`.
    pub(super) severity: Option<Ident>,
    /// A variant of the runtime's `Action`.
    pub(super) recover: Option<Ident>,
    pub(super) fingerprint: Option<syn::LitStr>,
    pub(super) krate: Option<CratePath>,
    /// Whether a mistake was told, after which a missing class would be none of its own.
    pub(super) is_wrong: bool,
    retry_after: Option<(Ident, Option<Member>)>,
    source: Option<Ident>,
    from: Option<Ident>,
}

/// Where the attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// On the type: the defaults of an enum, or the class of a struct.
    Container,
    /// On a variant.
    Kind,
    /// On a field.
    Field,
}

const CLASSES: [(&str, &str); 4] = [
    ("transient", "Transient"),
    ("permanent", "Permanent"),
    ("overloaded", "Overloaded"),
    ("cancelled", "Cancelled"),
];

const KNOWN: Known = &[
    ("transient", "transient"),
    ("permanent", "permanent"),
    ("overloaded", "overloaded"),
    ("cancelled", "cancelled"),
    ("retry_after", "retry_after = field"),
    ("severity", "severity = critical"),
    ("recover", "recover = restart"),
    ("fingerprint", "fingerprint = \"shop.out_of_stock\""),
    ("source", "source"),
    ("from", "from"),
    ("crate", "crate = ::path::to::reliability"),
];

const SEVERITIES: Known = &[
    ("debug", "debug"),
    ("info", "info"),
    ("warning", "warning"),
    ("error", "error"),
    ("critical", "critical"),
];

const ACTIONS: Known = &[
    ("nothing", "nothing"),
    ("retry", "retry"),
    ("fall_back", "fall_back"),
    ("restart", "restart"),
    ("degrade", "degrade"),
    ("escalate", "escalate"),
];

impl FaultAttrs {
    pub(super) fn read(diagnostics: &mut Diagnostics, attrs: &[Attribute], target: Target) -> Self {
        let mut this = Self::default();
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("fault")) {
            let mut own = Diagnostics::new();
            match &attr.meta {
                Meta::List(list) => {
                    let choices = settings::parse(&mut own, list.tokens.clone(), "transient");
                    settings::walk(&mut own, "`#[fault]`", KNOWN, choices, |own, setting| {
                        this.take(own, &setting, target);
                    });
                }
                other => own.error(other, "write for example `#[fault(transient)]`"),
            }
            this.is_wrong |= own.has_errors();
            diagnostics.absorb(own);
        }
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting, target: Target) {
        let word = setting.word().clone();
        if target == Target::Field && !matches!(setting.name, "source" | "from" | "retry_after") {
            let message = format!("`{}` goes on the variant, or on the type", setting.name);
            diagnostics.error(&word, message);
            return;
        }
        match setting.name {
            "severity" => {
                self.severity = diagnostics.keep(variant(setting, "severity", SEVERITIES));
            }
            "recover" => self.recover = diagnostics.keep(variant(setting, "action", ACTIONS)),
            "fingerprint" => self.fingerprint = diagnostics.keep(setting.text()),
            "crate" if target != Target::Container => {
                diagnostics.error(&word, "`crate` goes on the type");
            }
            "crate" => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path);
            }
            "retry_after" if target == Target::Field => {
                self.retry_after = diagnostics.keep(setting.flag()).map(|()| (word, None));
            }
            "retry_after" => {
                let member = diagnostics.keep(member(setting));
                self.retry_after = member.map(|member| (word, Some(member)));
            }
            "source" => self.source = diagnostics.keep(setting.flag()).map(|()| word),
            "from" => self.from = diagnostics.keep(setting.flag()).map(|()| word),
            class => {
                if diagnostics.keep(setting.flag()).is_some() {
                    self.classify(diagnostics, class, word);
                }
            }
        }
    }

    fn classify(&mut self, diagnostics: &mut Diagnostics, class: &str, word: Ident) {
        if let Some(first) = &self.class {
            let message =
                format!("`{}` and `{word}` exclude each other: an error has one class", first.word);
            diagnostics.error(&word, message);
            return;
        }
        let variant = CLASSES.iter().find(|(name, _)| *name == class);
        self.class = variant.map(|(_, variant)| Class { word, variant });
    }

    /// On an enum, what needs a field has no meaning.
    pub(super) fn refuse_fields(&self, diagnostics: &mut Diagnostics) {
        let words = [self.source.as_ref(), self.from.as_ref(), self.retry_after_word()];
        for word in words.into_iter().flatten() {
            let message =
                format!("`{word}` is about a field, so it goes on the variant that has it");
            diagnostics.error(word, message);
        }
    }

    pub(super) fn retry_after_word(&self) -> Option<&Ident> {
        self.retry_after.as_ref().map(|(word, _)| word)
    }

    /// The field that says what the error means, and whether there is a conversion from it; `None`
    /// after a mistake.
    pub(super) fn source<'a>(
        &self,
        diagnostics: &mut Diagnostics,
        name: &Ident,
        fields: &'a Fields,
        on_fields: &[FaultAttrs],
    ) -> Option<Option<(Place<'a>, bool)>> {
        let is_marked = |attrs: &FaultAttrs| attrs.from.is_some() || attrs.source.is_some();
        let marked = on_fields.iter().position(is_marked);
        let from = self.from.as_ref().or_else(|| on_fields.iter().find_map(|a| a.from.as_ref()));
        let word = match from.or(self.source.as_ref()) {
            Some(word) => word,
            None if marked.is_some() => name,
            None => return Some(None),
        };
        if from.is_some() && fields.len() != 1 {
            let message = format!(
                "`from` makes a `{name}` of the error alone, so that must be its only field; write \
                 `source`, and the conversion by hand"
            );
            diagnostics.error(word, message);
            return None;
        }
        let only = (fields.len() == 1).then_some(0);
        let Some(index) = marked.or(only).or_else(|| conventional_source(fields)) else {
            let message = if fields.is_empty() {
                format!("`{name}` has no field that could be its source; write its class instead")
            } else {
                format!("which field of `{name}` is the source? Write `#[fault(source)]` on it")
            };
            diagnostics.error(word, message);
            return None;
        };
        Some(places(fields).nth(index).map(|place| (place, from.is_some())))
    }

    /// The field that says when to come back.
    pub(super) fn retry_after<'a>(
        &self,
        diagnostics: &mut Diagnostics,
        fields: &'a Fields,
        on_fields: &[FaultAttrs],
    ) -> Option<Place<'a>> {
        if let Some(index) = on_fields.iter().position(|attrs| attrs.retry_after.is_some()) {
            return places(fields).nth(index);
        }
        let member = self.retry_after.as_ref()?.1.as_ref()?;
        let found = places(fields).find(|place| place.member == *member);
        if found.is_none() {
            let names: Vec<String> = places(fields).map(|place| in_words(&place.member)).collect();
            let near = did_you_mean(&in_words(member), names.iter().map(String::as_str));
            let known = match names.as_slice() {
                [] => "; there are no fields here".into(),
                _ if near.is_empty() => format!("; there is {}", list_in_words(&names, "and")),
                _ => near,
            };
            let message = format!("there is no field `{}`{known}", in_words(member));
            diagnostics.error(member, message);
        }
        found
    }
}

/// The attributes of each field.
pub(super) fn on_fields(diagnostics: &mut Diagnostics, fields: &Fields) -> Vec<FaultAttrs> {
    let mut all = Vec::new();
    for field in fields {
        all.push(FaultAttrs::read(diagnostics, &field.attrs, Target::Field));
    }
    all
}

/// The field that other derives take for the source: `#[source]`, `#[from]`, or one called so.
fn conventional_source(fields: &Fields) -> Option<usize> {
    let marked = |field: &syn::Field| {
        let is_mark =
            |attr: &Attribute| attr.path().is_ident("source") || attr.path().is_ident("from");
        field.attrs.iter().any(is_mark)
    };
    let named = |field: &syn::Field| field.ident.as_ref().is_some_and(|name| name == "source");
    fields.iter().position(marked).or_else(|| fields.iter().position(named))
}

fn places(fields: &Fields) -> impl Iterator<Item = Place<'_>> {
    (0..).zip(fields).map(|(index, field)| {
        let unnamed = || Member::Unnamed(Index { index, span: Span::call_site() });
        let member = field.ident.clone().map_or_else(unnamed, Member::Named);
        Place { member, ty: &field.ty }
    })
}

/// `fall_back` as `FallBack`, where the word was written.
fn variant(setting: &Setting, of: &str, known: Known) -> syn::Result<Ident> {
    let variant = setting.variant(of, known)?;
    let mut name = String::new();
    for word in variant.name.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.extend(letters);
    }
    Ok(Ident::new(&name, variant.word.span()))
}

fn member(setting: &Setting) -> syn::Result<Member> {
    let tokens = setting.expr()?.into_token_stream();
    syn::parse2(tokens.clone()).map_err(|_| {
        syn::Error::new_spanned(
            tokens,
            "`retry_after` names the field that holds a `Duration` or an `Option<Duration>`: \
             `retry_after = after`, or `retry_after = 0`",
        )
    })
}

fn in_words(member: &Member) -> String {
    match member {
        Member::Named(name) => name.to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
