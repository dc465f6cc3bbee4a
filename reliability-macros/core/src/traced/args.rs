use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{
    FnArg, LitStr, Pat, Signature, Token, Type,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use crate::{
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean},
    settings::{self, Known, Setting},
};

/// What was written in `#[traced(..)]`.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) name: Option<LitStr>,
    pub(crate) level: &'static str,
    /// Arguments that are recorded: those that are neither skipped nor given a field.
    pub(crate) recorded: Vec<Recorded>,
    /// Fields as they are written, for the `span!` of `tracing`.
    pub(crate) fields: Vec<Field>,
    pub(crate) krate: CratePath,
}

/// An argument that becomes a field.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) ident: Ident,
    /// Whether `tracing` has a type of value for it.
    pub(crate) primitive: bool,
}

/// One field: its name, and its tokens.
#[derive(Debug)]
pub(crate) struct Field {
    name: String,
    pub(crate) tokens: TokenStream,
}

const KNOWN: Known = &[
    ("name", "name = \"lookup\""),
    ("level", "level = debug"),
    ("fields", "fields(sku = %sku)"),
    ("skip", "skip(argument)"),
    ("skip_all", "skip_all"),
    ("crate", "crate = ::path::to::reliability"),
];

const LEVELS: Known = &[
    ("trace", "trace"),
    ("debug", "debug"),
    ("info", "info"),
    ("warn", "warn"),
    ("error", "error"),
];

impl Args {
    pub(crate) fn read(
        diagnostics: &mut Diagnostics,
        tokens: TokenStream,
        sig: &Signature,
    ) -> Self {
        let mut this = Self {
            name: None,
            level: "info",
            recorded: arguments(sig),
            fields: Vec::new(),
            krate: CratePath::default(),
        };
        let choices = settings::parse(diagnostics, tokens);
        settings::walk(diagnostics, "`#[traced]`", KNOWN, choices, |diagnostics, setting| {
            this.take(diagnostics, &setting, sig);
        });
        let Self { recorded, fields, .. } = &mut this;
        recorded.retain(|argument| fields.iter().all(|field| argument.ident != field.name));
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting, sig: &Signature) {
        match setting.name {
            "name" => self.name = diagnostics.keep(setting.text()),
            "level" => {
                if let Some(level) = diagnostics.keep(setting.variant("level", LEVELS)) {
                    self.level = level.name;
                }
            }
            "fields" => {
                let fields = setting.list().and_then(parse_fields);
                self.fields = diagnostics.keep(fields).unwrap_or_default();
            }
            "skip" => {
                if let Some(list) = diagnostics.keep(setting.list()) {
                    self.skip(diagnostics, list, sig);
                }
            }
            "skip_all" => {
                if diagnostics.keep(setting.flag()).is_some() {
                    self.recorded.clear();
                }
            }
            _ => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path).unwrap_or_default();
            }
        }
    }

    fn skip(&mut self, diagnostics: &mut Diagnostics, list: TokenStream, sig: &Signature) {
        let words = |input: ParseStream<'_>| {
            Punctuated::<Ident, Token![,]>::parse_terminated_with(input, Ident::parse_any)
        };
        let words = diagnostics.keep(syn::parse::Parser::parse2(words, list));
        let known: Vec<String> =
            arguments(sig).iter().map(|argument| argument.ident.to_string()).collect();
        for word in words.into_iter().flatten() {
            let written = word.to_string();
            if written == "self" {
                diagnostics.error(word, "`self` is never recorded; remove it from `skip`");
            } else if !known.contains(&written) {
                let near = did_you_mean(&written, known.iter().map(String::as_str));
                diagnostics.error(word, format!("no argument is called `{written}`{near}"));
            }
            self.recorded.retain(|argument| argument.ident != written);
        }
    }
}

/// The arguments that have a plain name. What stands under `#[cfg(..)]` cannot be a field, since
/// fields cannot.
fn arguments(sig: &Signature) -> Vec<Recorded> {
    sig.inputs
        .iter()
        .filter_map(|input| match input {
            FnArg::Typed(typed) if typed.attrs.iter().all(|a| !a.path().is_ident("cfg")) => {
                match &*typed.pat {
                    Pat::Ident(pattern) if pattern.subpat.is_none() => Some(Recorded {
                        ident: pattern.ident.clone(),
                        primitive: is_primitive(&typed.ty),
                    }),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect()
}

fn is_primitive(ty: &Type) -> bool {
    const PRIMITIVES: [&str; 14] = [
        "bool", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
        "isize", "f64",
    ];
    match ty {
        Type::Path(path) => PRIMITIVES.iter().any(|name| path.path.is_ident(name)),
        Type::Reference(reference) => {
            matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str"))
        }
        _ => false,
    }
}

fn parse_fields(tokens: TokenStream) -> syn::Result<Vec<Field>> {
    let fields = Punctuated::<Field, Token![,]>::parse_terminated;
    let fields = syn::parse::Parser::parse2(fields, tokens)?;
    Ok(fields.into_iter().collect())
}

impl Parse for Field {
    /// `name`, `a.b = value`, `name = %value`, `name = ?value`, `%name` or `?name`.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let sigil = if input.peek(Token![%]) || input.peek(Token![?]) {
            Some(input.parse::<TokenTree>()?)
        } else {
            None
        };
        let wrong = |error: syn::Error| {
            let message = "a field is a name and a value: `fields(sku = %sku, order.id = id)`";
            syn::Error::new(error.span(), message)
        };
        let names =
            Punctuated::<Ident, Token![.]>::parse_separated_nonempty_with(input, Ident::parse_any)
                .map_err(wrong)?;
        let mut value = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            value.extend([input.parse::<TokenTree>()?]);
        }
        let name = names.to_token_stream().to_string().replace(' ', "");
        Ok(Self { name, tokens: quote!(#sigil #names #value) })
    }
}
