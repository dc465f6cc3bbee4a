use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{
    Expr, FnArg, LitStr, Pat, ReturnType, Signature, Token, Type,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
};

use crate::{
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean, list_in_words},
    settings::{self, Known, Setting},
};

/// What was written in `#[traced(..)]`.
#[derive(Debug)]
pub(crate) struct Args {
    pub(crate) name: Option<LitStr>,
    pub(crate) level: &'static str,
    pub(crate) kind: &'static str,
    /// How an error is told.
    pub(crate) err: Option<Tell>,
    /// How a result is told, if it is.
    pub(crate) ret: Option<Tell>,
    pub(crate) links: Option<Expr>,
    /// Whether all calls are counted and timed.
    pub(crate) metrics: bool,
    /// Arguments that are recorded: those that are neither skipped nor given a field.
    pub(crate) recorded: Vec<Recorded>,
    /// Fields as they are written, for the `span!` of `tracing`.
    pub(crate) fields: Vec<Field>,
    pub(crate) krate: CratePath,
}

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    Debug,
    Display,
    Hidden,
}

/// An argument that becomes a field.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) ident: Ident,
    /// Whether `tracing` has a type of value for it.
    pub(crate) primitive: bool,
}

/// One field: its name, its tokens, and its value.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) tokens: TokenStream,
    pub(crate) value: TokenStream,
    /// `%` or `?`.
    pub(crate) sigil: Option<char>,
}

const KNOWN: Known = &[
    ("name", "name = \"lookup\""),
    ("level", "level = debug"),
    ("kind", "kind = client"),
    ("err", "err = debug"),
    ("ret", "ret"),
    ("links", "links = causes"),
    ("metrics", "metrics"),
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

const KINDS: Known = &[
    ("internal", "internal"),
    ("server", "server"),
    ("client", "client"),
    ("producer", "producer"),
    ("consumer", "consumer"),
];

const ERR: Known = &[("display", "display"), ("debug", "debug"), ("hidden", "hidden")];
const RET: Known = &[("debug", "debug"), ("display", "display")];

impl Args {
    pub(crate) fn read(
        diagnostics: &mut Diagnostics,
        tokens: TokenStream,
        sig: &Signature,
    ) -> Self {
        let mut this = Self {
            name: None,
            level: "info",
            kind: "internal",
            err: None,
            ret: None,
            links: None,
            metrics: false,
            recorded: arguments(sig),
            fields: Vec::new(),
            krate: CratePath::default(),
        };
        let choices = settings::parse(diagnostics, tokens, "name = \"lookup\"");
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
            "kind" => {
                if let Some(kind) = diagnostics.keep(setting.variant("kind of span", KINDS)) {
                    self.kind = kind.name;
                }
            }
            "err" => self.take_err(diagnostics, setting, sig),
            "ret" => self.take_ret(diagnostics, setting, sig),
            "links" => self.links = diagnostics.keep(links(setting)),
            "metrics" => self.metrics = diagnostics.keep(setting.flag()).is_some(),
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

    fn take_err(&mut self, diagnostics: &mut Diagnostics, setting: &Setting, sig: &Signature) {
        if setting.flag().is_ok() {
            let message = "an error is told anyway; write `err = debug` for how, `err = hidden` for \
                           an error whose text is secret, or leave `err` out";
            diagnostics.error(setting.word(), message);
            return;
        }
        self.err = diagnostics
            .keep(setting.variant("way to tell an error", ERR))
            .map(|tell| Tell::named(tell.name));
        if self.err.is_some() && !may_be_result(&sig.output) {
            diagnostics.error(
                setting.word(),
                "this function returns no error; remove `err`, or return a `Result`",
            );
        }
    }

    fn take_ret(&mut self, diagnostics: &mut Diagnostics, setting: &Setting, sig: &Signature) {
        self.ret = if setting.flag().is_ok() {
            Some(Tell::Debug)
        } else {
            diagnostics
                .keep(setting.variant("way to tell a result", RET))
                .map(|tell| Tell::named(tell.name))
        };
        if self.ret.is_some() && matches!(sig.output, ReturnType::Default) {
            let message = "this function returns nothing that could be told; remove `ret`";
            diagnostics.error(setting.word(), message);
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
                let rest = match known.is_empty() {
                    true => "; there is none to skip, so remove `skip`".into(),
                    false if near.is_empty() => {
                        format!("; there is {}", list_in_words(&known, "and"))
                    }
                    false => near,
                };
                diagnostics.error(word, format!("no argument is called `{written}`{rest}"));
            }
            self.recorded.retain(|argument| argument.ident != written);
        }
    }
}

impl Tell {
    fn named(name: &str) -> Self {
        match name {
            "debug" => Self::Debug,
            "display" => Self::Display,
            _ => Self::Hidden,
        }
    }
}

/// Whether the type may be a `Result`: it is not written out as something else.
fn may_be_result(output: &ReturnType) -> bool {
    match output {
        ReturnType::Default => false,
        ReturnType::Type(_, ty) => match &**ty {
            Type::Path(path) => path.path.segments.last().is_some_and(|last| {
                const OTHERS: [&str; 6] = ["Option", "Vec", "String", "Box", "Arc", "bool"];
                OTHERS.iter().all(|other| last.ident != other)
            }),
            Type::Tuple(_) | Type::Reference(_) | Type::Slice(_) | Type::Array(_) => false,
            _ => true,
        },
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

/// What others name as the cause, from which a loop takes one after the other.
fn links(setting: &Setting) -> syn::Result<Expr> {
    let value = setting.expr()?;
    if crate::literal::literal(&value).is_some() {
        let message = "expected the spans that this one is linked to: write for example `links = \
                       [context]` for one `Context`, or `links = messages.iter().map(|message| \
                       &message.context)`";
        return Err(syn::Error::new_spanned(value, message));
    }
    Ok(value)
}

fn parse_fields(tokens: TokenStream) -> syn::Result<Vec<Field>> {
    let fields = Punctuated::<Field, Token![,]>::parse_terminated;
    let fields = syn::parse::Parser::parse2(fields, tokens)?;
    Ok(fields.into_iter().collect())
}

impl Parse for Field {
    /// `name`, `a.b = value`, `name = %value`, `name = ?value`, `%name` or `?name`.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let front = sigil(input)?;
        let wrong = |error: syn::Error| {
            let message = "a field is a name and a value: `fields(sku = %sku, order.id = id)`";
            syn::Error::new(error.span(), message)
        };
        let names =
            Punctuated::<Ident, Token![.]>::parse_separated_nonempty_with(input, Ident::parse_any)
                .map_err(wrong)?;
        let equals: Option<Token![=]> = input.parse()?;
        let behind = if equals.is_some() { sigil(input)? } else { None };
        let mut value = TokenStream::new();
        while !input.is_empty() && !input.peek(Token![,]) {
            value.extend([input.parse::<TokenTree>()?]);
        }
        let name = names.to_token_stream().to_string().replace(' ', "");
        if equals.is_some() && value.is_empty() {
            return Err(wrong(input.error("no value")));
        }
        let tokens = quote!(#front #names #equals #behind #value);
        let value = if equals.is_some() { value } else { names.to_token_stream() };
        let character = |token: &TokenTree| match token {
            TokenTree::Punct(punct) => Some(punct.as_char()),
            _ => None,
        };
        let sigil = front.as_ref().or(behind.as_ref()).and_then(character);
        Ok(Self { name, tokens, value, sigil })
    }
}

/// `%` or `?`, if one is next.
fn sigil(input: ParseStream<'_>) -> syn::Result<Option<TokenTree>> {
    if input.peek(Token![%]) || input.peek(Token![?]) {
        return input.parse().map(Some);
    }
    Ok(None)
}
