use proc_macro2::TokenStream;
use syn::{
    Attribute, DeriveInput, Ident, LitInt, LitStr, Meta, Path, Token, Type, Variant,
    ext::IdentExt as _, parse::Parse, parse::ParseStream, parse::Parser as _,
    punctuated::Punctuated,
};

use super::{Apply, Container, EventItem, Upcast};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    options::Choice,
    settings::{self, Known, Setting},
};

const OF_ENUM: Known = &[
    ("kind", "kind = \"account\""),
    ("aggregate", "aggregate = Account"),
    ("states", "states = account"),
    ("retired", "retired(\"NoteAdded\")"),
    ("crate", "crate = ::path::to::reliability"),
];

const OF_EVENT: Known = &[
    ("apply", "apply(Open => deposited)"),
    ("version", "version = 2"),
    ("upcast", "upcast(1 => from_v1)"),
    ("name", "name = \"Deposited\""),
    ("was", "was(\"Paid\")"),
];

pub(super) fn container(diagnostics: &mut Diagnostics, input: &DeriveInput) -> Container {
    let mut this = Container { name: Some(input.ident.clone()), ..Container::default() };
    let mut own = Diagnostics::new();
    let choices = choices(&mut own, &input.attrs, "events", "kind = \"account\"");
    settings::walk(&mut own, "`#[events]`", OF_ENUM, choices, |own, setting| match setting.name {
        "kind" => this.kind = own.keep(setting.text()),
        "aggregate" => this.aggregate = own.keep(ty(&setting)),
        "states" => this.states = own.keep(module(&setting)),
        "retired" => this.retired = own.keep(texts(&setting)).unwrap_or_default(),
        _ => {
            let path = setting.path().and_then(|path| CratePath::from_path(&path));
            this.krate = own.keep(path).unwrap_or_default();
        }
    });
    this.is_wrong = own.has_errors();
    diagnostics.absorb(own);
    this
}

pub(super) fn event<'a>(
    diagnostics: &mut Diagnostics,
    variant: &'a Variant,
    payload: Option<&'a Type>,
) -> EventItem<'a> {
    let ident = &variant.ident;
    let name = LitStr::new(&ident.unraw().to_string(), ident.span());
    let mut this = EventItem {
        ident,
        payload,
        name,
        was: Vec::new(),
        version: 1,
        version_at: None,
        upcasts: Vec::new(),
        apply: Apply::Nothing,
        is_wrong: false,
    };
    let mut own = Diagnostics::new();
    let choices = choices(&mut own, &variant.attrs, "event", "version = 2");
    settings::walk(&mut own, "`#[event]`", OF_EVENT, choices, |own, setting| match setting.name {
        "apply" => this.apply = own.keep(apply(&setting)).unwrap_or(Apply::Nothing),
        "version" => {
            if let Some((version, at)) = own.keep(version(&setting)) {
                (this.version, this.version_at) = (version, Some(at));
            }
        }
        "upcast" => this.upcasts = own.keep(upcasts(&setting)).unwrap_or_default(),
        "name" => {
            if let Some(name) = own.keep(setting.text()) {
                this.name = name;
            }
        }
        _ => this.was = own.keep(texts(&setting)).unwrap_or_default(),
    });
    this.is_wrong = own.has_errors();
    diagnostics.absorb(own);
    this
}

/// The choices in all attributes of that name.
pub(in crate::derive) fn choices(
    diagnostics: &mut Diagnostics,
    attrs: &[Attribute],
    name: &str,
    example: &str,
) -> Vec<Choice> {
    let mut all = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(name)) {
        match &attr.meta {
            Meta::List(list) => {
                all.extend(settings::parse(diagnostics, list.tokens.clone(), example));
            }
            other => diagnostics.error(other, format!("write for example `#[{name}({example})]`")),
        }
    }
    all
}

/// `aggregate = Account`.
pub(in crate::derive) fn ty(setting: &Setting) -> syn::Result<Type> {
    let tokens = setting.tokens()?;
    syn::parse2(tokens.clone()).map_err(|_| {
        let message = format!("`{}` is the name of a type, without quotes", setting.name);
        syn::Error::new_spanned(tokens, message)
    })
}

fn module(setting: &Setting) -> syn::Result<Path> {
    let tokens = setting.tokens()?;
    Path::parse_mod_style.parse2(tokens.clone()).map_err(|_| {
        let message = "`states` is the module that `StateMachine` writes, without quotes: what \
                       stands behind `name` in `#[machine(..)]`";
        syn::Error::new_spanned(tokens, message)
    })
}

/// `retired("A", "B")`.
fn texts(setting: &Setting) -> syn::Result<Vec<LitStr>> {
    let list = setting.list()?;
    let texts = Punctuated::<LitStr, Token![,]>::parse_terminated.parse2(list.clone());
    let texts = texts.map_err(|_| {
        let message = format!("`{}` takes the names that were written, in quotes", setting.name);
        syn::Error::new_spanned(&list, message)
    })?;
    Ok(texts.into_iter().collect())
}

fn version(setting: &Setting) -> syn::Result<(u32, LitInt)> {
    let tokens = setting.tokens()?;
    let wrong = |tokens: TokenStream| {
        syn::Error::new_spanned(tokens, "a version is a number from 1 on; write `version = 2`")
    };
    let at: LitInt = syn::parse2(tokens.clone()).map_err(|_| wrong(tokens.clone()))?;
    match at.base10_parse::<u32>() {
        Ok(version) if version > 0 => Ok((version, at)),
        _ => Err(wrong(tokens)),
    }
}

/// `A => b`.
struct Arrow<From> {
    from: From,
    to: Path,
}

impl<From: Parse> Parse for Arrow<From> {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let from = input.parse()?;
        input.parse::<Token![=>]>()?;
        Ok(Self { from, to: input.parse()? })
    }
}

fn arrows<From: Parse>(list: TokenStream, example: &str) -> syn::Result<Vec<Arrow<From>>> {
    let arrows = Punctuated::<Arrow<From>, Token![,]>::parse_terminated.parse2(list);
    let arrows = arrows.map_err(|error| {
        syn::Error::new(error.span(), format!("{error}; write for example `{example}`"))
    })?;
    Ok(arrows.into_iter().collect())
}

fn upcasts(setting: &Setting) -> syn::Result<Vec<Upcast>> {
    let arrows = arrows::<LitInt>(setting.list()?, "upcast(1 => from_v1)")?;
    let upcast = |Arrow { from, to }: Arrow<LitInt>| {
        Ok(Upcast { version: from.base10_parse()?, at: from, function: to })
    };
    arrows.into_iter().map(upcast).collect()
}

fn apply(setting: &Setting) -> syn::Result<Apply> {
    let word = setting.word().clone();
    if !setting.is_list() {
        return Ok(Apply::Plain(word, setting.path()?));
    }
    let arrows = arrows::<Ident>(setting.list()?, "apply(Open => deposited)")?;
    Ok(Apply::States(word, arrows.into_iter().map(|it| (it.from, it.to)).collect()))
}
