use proc_macro2::{Ident, TokenStream};
use quote::ToTokens as _;
use syn::{LitInt, LitStr, Path, Token, Type, parse::Parser as _, punctuated::Punctuated};

use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    literal::Period,
    settings::{self, Known, Setting},
};

/// What is said of the saga: `input = Order, refuse = Refused, version = 2, ..`
pub(super) struct Args {
    pub(super) input: Option<Type>,
    pub(super) refuse: Option<Type>,
    pub(super) shared: Option<Type>,
    pub(super) version: u32,
    pub(super) migrate: Vec<(u32, Path)>,
    pub(super) drain: Vec<u32>,
    pub(super) deadline: Option<Period>,
    pub(super) name: Option<LitStr>,
    pub(super) steps: Option<Ident>,
    pub(super) derive: Vec<Path>,
    /// Its steps are done by participants that listen to each other.
    pub(super) choreographed: bool,
    pub(super) krate: CratePath,
}

const KNOWN: Known = &[
    ("input", "input = Order"),
    ("refuse", "refuse = Refused"),
    ("shared", "shared = Shop"),
    ("version", "version = 2"),
    ("migrate", "migrate(1 => from_v1)"),
    ("drain", "drain(1)"),
    ("deadline", "deadline = \"1h\""),
    ("name", "name = \"place_order\""),
    ("steps", "steps = place_order_steps"),
    ("derive", "derive(Debug, Clone)"),
    ("choreographed", "choreographed"),
    ("crate", "crate = ::path::to::reliability"),
];

/// A version of which something is said.
struct Said {
    version: u32,
    literal: LitInt,
    path: Option<Path>,
}

impl Args {
    pub(super) fn read(diagnostics: &mut Diagnostics, tokens: TokenStream, saga: &Ident) -> Self {
        let mut this = Self {
            input: None,
            refuse: None,
            shared: None,
            version: 1,
            migrate: Vec::new(),
            drain: Vec::new(),
            deadline: None,
            name: None,
            steps: None,
            derive: Vec::new(),
            choreographed: false,
            krate: CratePath::default(),
        };
        let mut own = Diagnostics::new();
        let (mut migrate, mut drain, mut version) = (Vec::new(), Vec::new(), None);
        let mut written = TokenStream::new();
        let choices = settings::parse(&mut own, tokens, "input = Order");
        // A misspelt setting is not missing as well.
        let is_unknown =
            |it: &crate::options::Choice| KNOWN.iter().all(|(name, _)| it.name != name);
        let unsure = own.has_errors() || choices.iter().any(is_unknown);
        let (mut has_input, mut has_refuse) = (unsure, unsure);
        settings::walk(&mut own, "`#[saga]`", KNOWN, choices, |own, setting| match setting.name {
            "input" => (has_input, this.input) = (true, own.keep(ty(&setting))),
            "refuse" => (has_refuse, this.refuse) = (true, own.keep(ty(&setting))),
            "shared" => this.shared = own.keep(ty(&setting)),
            "version" => {
                written = setting.tokens().unwrap_or_default();
                version = Some(own.keep(setting.count(1..=u32::MAX)));
            }
            "migrate" => migrate = own.keep(migrations(&setting)).unwrap_or_default(),
            "drain" => drain = own.keep(versions(&setting)).unwrap_or_default(),
            "deadline" => this.deadline = own.keep(setting.period()),
            "name" => this.name = own.keep(name(&setting)),
            "steps" => this.steps = own.keep(module(&setting)),
            "choreographed" => this.choreographed = own.keep(setting.flag()).is_some(),
            "derive" => this.derive = own.keep(paths(&setting)).unwrap_or_default(),
            _ => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                this.krate = own.keep(path).unwrap_or_default();
            }
        });
        if !has_input {
            let message = format!(
                "what is `{saga}` started with? Write `#[saga(input = Order, ..)]`, a type that is \
                 `Serialize` and `Deserialize`"
            );
            own.error(saga, message);
        }
        if !has_refuse {
            let message = format!(
                "why may a step of `{saga}` refuse? Write `#[saga(refuse = Refused, ..)]`, a type \
                 that is `Serialize` and `Deserialize`"
            );
            own.error(saga, message);
        }
        let known = !matches!(version, Some(None));
        this.version = version.flatten().unwrap_or(1);
        if known {
            this.check(&mut own, &migrate, &drain, saga, &written);
        }
        this.migrate =
            migrate.into_iter().filter_map(|said| Some((said.version, said.path?))).collect();
        this.drain = drain.iter().map(|said| said.version).collect();
        diagnostics.absorb(own);
        this
    }

    /// Each older version is migrated or drained, once.
    fn check(
        &self,
        own: &mut Diagnostics,
        migrate: &[Said],
        drain: &[Said],
        saga: &Ident,
        version: &TokenStream,
    ) {
        let current = self.version;
        let mut seen: Vec<(u32, bool)> = Vec::new();
        for (said, migrates) in
            migrate.iter().map(|it| (it, true)).chain(drain.iter().map(|it| (it, false)))
        {
            let version = said.version;
            let before = seen.iter().find(|(other, _)| *other == version);
            let message = match before {
                Some((_, before)) if *before == migrates => {
                    Some(format!("version {version} is named twice; keep one of the two"))
                }
                Some(_) => Some(format!(
                    "`migrate` and `drain` exclude each other: runs of version {version} are \
                     either carried over, or left to programs that still know them"
                )),
                None if version == 0 => Some("versions are counted from 1 on".into()),
                None if version >= current => {
                    let next = version.saturating_add(1);
                    Some(format!(
                        "`{saga}` is of version {current} itself, so version {version} is not an \
                         older one; write `version = {next}`, or remove this"
                    ))
                }
                None => None,
            };
            match message {
                Some(message) => own.error(&said.literal, message),
                None => seen.push((version, migrates)),
            }
        }
        let settled = |version: &u32| seen.iter().any(|(it, _)| it == version);
        let missing = (1..current).rev().take(1_000).find(|it| !settled(it));
        if let Some(missing) = missing.filter(|_| !own.has_errors()) {
            let message = format!(
                "what becomes of runs of version {missing}? Write `migrate({missing} => \
                 path::to::a::function)`, which carries them over, or `drain({missing})`, which \
                 leaves them to programs that still know them"
            );
            own.error(version, message);
        }
    }
}

fn ty(setting: &Setting) -> syn::Result<Type> {
    let value = setting.tokens()?;
    syn::parse2(value.clone()).map_err(|_| {
        let message = format!("expected a type; write `{}`", setting.example());
        syn::Error::new_spanned(value, message)
    })
}

fn module(setting: &Setting) -> syn::Result<Ident> {
    let value = setting.tokens()?;
    syn::parse2(value.clone()).map_err(|_| {
        let message = format!("expected the name of a module; write `{}`", setting.example());
        syn::Error::new_spanned(value, message)
    })
}

/// What a journal takes as the category of a stream.
fn name(setting: &Setting) -> syn::Result<LitStr> {
    let name = setting.text()?;
    let value = name.value();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if value.len() <= 100 && value.chars().all(fits) {
        return Ok(name);
    }
    let message = "a name in the journal has at most 100 letters, digits, `_`, `-` and `.`, such as \
                   `\"place_order\"`";
    Err(syn::Error::new(name.span(), message))
}

fn paths(setting: &Setting) -> syn::Result<Vec<Path>> {
    let list = setting.list()?;
    let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(list)?;
    Ok(paths.into_iter().collect())
}

fn migrations(setting: &Setting) -> syn::Result<Vec<Said>> {
    let parser = Punctuated::<Said, Token![,]>::parse_terminated_with;
    let list = setting.list()?;
    let example = "write `migrate(1 => from_v1)`, with a `fn(Old) -> Result<Old, Unwritable>`";
    if list.is_empty() {
        return Err(syn::Error::new_spanned(setting.word(), example));
    }
    let each = |input: syn::parse::ParseStream<'_>| {
        let literal: LitInt = input.parse()?;
        input.parse::<Token![=>]>()?;
        let path = input.parse::<Path>()?;
        Ok(Said { version: literal.base10_parse()?, literal, path: Some(path) })
    };
    let all = (|input: syn::parse::ParseStream<'_>| parser(input, each)).parse2(list);
    Ok(all.map_err(|error| syn::Error::new(error.span(), example))?.into_iter().collect())
}

fn versions(setting: &Setting) -> syn::Result<Vec<Said>> {
    let list = setting.list()?;
    if list.is_empty() {
        return Err(syn::Error::new_spanned(setting.word(), "write `drain(1)`"));
    }
    let all = Punctuated::<LitInt, Token![,]>::parse_terminated.parse2(list.to_token_stream());
    let all = all.map_err(|error| {
        syn::Error::new(error.span(), "expected versions, parted by commas: `drain(1, 2)`")
    })?;
    all.into_iter()
        .map(|literal| Ok(Said { version: literal.base10_parse()?, literal, path: None }))
        .collect()
}
