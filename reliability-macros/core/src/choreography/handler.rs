use proc_macro2::Ident;
use syn::{
    Attribute, FnArg, GenericParam, Meta, ReturnType, Type, ext::IdentExt as _, parse::Parser as _,
};

use super::link::Link;
use crate::{
    diagnostics::{Diagnostics, did_you_mean},
    item::{FnItem, ImplItem, Member},
    literal::{self, Period},
    resilient::retry::Backoff,
    settings::{self, Known, Setting},
};

/// A method with `#[on(..)]`.
pub(super) struct Handler {
    pub(super) ident: Ident,
    pub(super) link: Link,
    /// The types behind the references: the input, and what it waits for.
    pub(super) arguments: Vec<Type>,
    pub(super) output: Type,
    pub(super) undo: Option<Undo>,
    pub(super) probe: Option<Ident>,
    pub(super) retry: Option<u32>,
    pub(super) undo_retry: Option<u32>,
    pub(super) backoff: Option<Backoff>,
    pub(super) timeout: Option<Period>,
}

/// What is said of undoing.
pub(super) enum Undo {
    Method(Ident),
    Nothing,
}

const KNOWN: Known = &[
    ("undo", "undo = release"),
    ("probe", "probe = find"),
    ("retry", "retry = 5"),
    ("undo_retry", "undo_retry = 8"),
    ("backoff", "backoff = exponential(\"50ms\", max = \"1s\")"),
    ("timeout", "timeout = \"2s\""),
];

/// Bytes of a name; what is longer, the crate `reliability` refuses when the participants begin.
const LONGEST: usize = 120;

/// Attempts: as many as anybody can wait for.
const ATTEMPTS: core::ops::RangeInclusive<u32> = 1..=1_000_000;

/// Reads all handlers of a block, and takes their attributes away.
pub(super) fn read_all(diagnostics: &mut Diagnostics, block: &mut ImplItem) -> Vec<Handler> {
    if let Some(of) = &block.of {
        let message = "a participant is an `impl` block of its own, not that of a trait";
        diagnostics.error(of, message);
    }
    let methods: Vec<Ident> = block.functions().map(|method| method.sig.ident.clone()).collect();
    let mut handlers: Vec<Handler> = Vec::new();
    let mut found = false;
    for member in &mut block.members {
        let Member::Fn(method) = member else { continue };
        let Some(attr) = take(diagnostics, method) else { continue };
        found = true;
        let mut own = Diagnostics::new();
        if let Some(handler) = read(&mut own, &attr, method, &methods)
            && !own.has_errors()
        {
            twice(&mut own, &handlers, &handler);
            handlers.push(handler);
        }
        diagnostics.absorb(own);
    }
    if !found {
        let message = "a participant listens to something: write `#[on(start => Reserved)]` or \
                       `#[on(Reserved)]` above a method";
        diagnostics.error(&block.self_ty, message);
    }
    handlers
}

/// Takes `#[on(..)]` off a method.
fn take(diagnostics: &mut Diagnostics, method: &mut FnItem) -> Option<Attribute> {
    let is_on = |attr: &Attribute| attr.path().is_ident("on");
    let mut found = method.attrs.iter().filter(|attr| is_on(attr)).cloned();
    let first = found.next();
    if let Some(second) = found.next() {
        let message = "a handler waits for all events of one `#[on(..)]`; for another reason to be \
                       called, write another method";
        diagnostics.error(second.path(), message);
    }
    method.attrs.retain(|attr| !is_on(attr));
    first
}

/// Whether a handler is there must not depend on how the program is built: the others hear of it.
fn sometimes(own: &mut Diagnostics, method: &FnItem) {
    let of_arguments = method.sig.inputs.iter().flat_map(|input| match input {
        FnArg::Receiver(it) => &it.attrs,
        FnArg::Typed(it) => &it.attrs,
    });
    let attrs = method.attrs.iter().chain(of_arguments);
    for attr in attrs.filter(|attr| attr.path().is_ident("cfg")) {
        let message = "who does what is one and the same in every build, because others rely on it: \
                       put `#[cfg(..)]` above the whole `impl` block, of which there is one for each \
                       build, or into the body of the handler";
        own.error(attr, message);
    }
}

fn read(
    own: &mut Diagnostics,
    attr: &Attribute,
    method: &FnItem,
    methods: &[Ident],
) -> Option<Handler> {
    let tokens = match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        other => {
            own.error(other, "what does it wait for? Write `#[on(start => Reserved)]`");
            return None;
        }
    };
    let (link, rest) = own.keep(Link::parse.parse2(tokens))?;
    sometimes(own, method);
    too_long(own, link.makes.as_ref().unwrap_or(&method.sig.ident), link.makes.is_some());
    let (arguments, output) = signature(own, method, &link)?;
    let mut handler = Handler {
        ident: method.sig.ident.clone(),
        link,
        arguments,
        output,
        undo: None,
        probe: None,
        retry: None,
        undo_retry: None,
        backoff: None,
        timeout: None,
    };
    let choices = settings::parse(own, rest, "undo = release");
    settings::walk(own, "`#[on]`", KNOWN, choices, |own, setting| match setting.name {
        "undo" => handler.undo = own.keep(undo(&setting, methods)),
        "probe" => handler.probe = own.keep(probe(&setting, methods)),
        "retry" => handler.retry = own.keep(setting.count(ATTEMPTS)),
        "undo_retry" => handler.undo_retry = own.keep(setting.count(ATTEMPTS)),
        "backoff" => handler.backoff = Backoff::read(own, &setting),
        _ => handler.timeout = own.keep(setting.period()),
    });
    if handler.link.makes.is_none()
        && let Some(Undo::Method(word)) = &handler.undo
    {
        let message = "a handler that makes no event is told to nobody, so it is never undone; \
                       remove `undo`, or let it make an event";
        own.error(word, message);
    }
    if let (Some(Undo::Nothing), Some(word)) = (&handler.undo, &handler.probe) {
        let message = "a handler that leaves nothing to undo can simply be called again, so nobody \
                       asks whether it has happened; remove `probe`, or say what undoes it";
        own.error(word, message);
    }
    Some(handler)
}

/// The journal writes what became of an event, or of a handler that makes none, in front of its name.
fn too_long(own: &mut Diagnostics, name: &Ident, event: bool) {
    let length = name.unraw().to_string().len();
    if length > LONGEST {
        let what = if event { "an event" } else { "a handler that makes no event" };
        own.error(name, format!(
            "the name of {what} has at most {LONGEST} bytes in a choreography, because the journal writes \
             beside it what became of it; this one has {length}: shorten it"
        ));
    }
}

/// `undo = release`, or `undo = none("why")`.
fn undo(setting: &Setting, methods: &[Ident]) -> syn::Result<Undo> {
    let value = setting.expr()?;
    let reason = "say why there is nothing to undo: `undo = none(\"read only\")`";
    match &value {
        syn::Expr::Path(path) if path.path.is_ident("none") => {
            Err(syn::Error::new_spanned(value, reason))
        }
        syn::Expr::Path(path) => match path.path.get_ident() {
            Some(name) if methods.contains(name) => Ok(Undo::Method(name.clone())),
            Some(name) => {
                let wanted = "done: Attempt<'_, ..>) -> Result<(), Transient>";
                Err(no_method(name, methods, wanted))
            }
            None => {
                Err(syn::Error::new_spanned(path, "name a method of this block: `undo = release`"))
            }
        },
        syn::Expr::Call(call)
            if matches!(&*call.func, syn::Expr::Path(it) if it.path.is_ident("none"))
                && call.args.len() == 1
                && call.args.first().is_some_and(|text| literal::text(text).is_ok()) =>
        {
            Ok(Undo::Nothing)
        }
        syn::Expr::Call(call) if matches!(&*call.func, syn::Expr::Path(it) if it.path.is_ident("none")) => {
            Err(syn::Error::new_spanned(value, reason))
        }
        _ => Err(syn::Error::new_spanned(value, "name a method of this block: `undo = release`")),
    }
}

/// `probe = find`
fn probe(setting: &Setting, methods: &[Ident]) -> syn::Result<Ident> {
    let value = setting.expr()?;
    let name = match &value {
        syn::Expr::Path(path) => path.path.get_ident(),
        _ => None,
    };
    match name {
        Some(name) if methods.contains(name) => Ok(name.clone()),
        Some(name) => Err(no_method(name, methods, "..) -> Result<Option<..>, Transient>")),
        None => Err(syn::Error::new_spanned(value, "name a method of this block: `probe = find`")),
    }
}

fn no_method(name: &Ident, methods: &[Ident], wanted: &str) -> syn::Error {
    let known: Vec<String> = methods.iter().map(ToString::to_string).collect();
    let near = did_you_mean(&name.to_string(), known.iter().map(String::as_str));
    let message = format!(
        "this block has no method `{name}`{near}; write `async fn {name}(&self, cx: &Cx, input: &.., \
         {wanted}`"
    );
    syn::Error::new_spanned(name, message)
}

/// The types of the arguments and of the result.
fn signature(own: &mut Diagnostics, method: &FnItem, link: &Link) -> Option<(Vec<Type>, Type)> {
    let sig = &method.sig;
    let wanted = || shape(&sig.ident, link);
    let mut inputs = sig.inputs.iter();
    let receiver = inputs.next().is_some_and(|first| match first {
        FnArg::Receiver(it) => matches!(it.kind, syn::ReceiverKind::Reference(_, _, None)),
        FnArg::Typed(_) => false,
    });
    let lifetimes = lifetimes(sig);
    if sig.asyncness.is_none() || !receiver || lifetimes.len() != sig.generics.params.len() {
        own.error(&sig.ident, format!("a handler is {}", wanted()));
        return None;
    }
    let mut types: Vec<Type> = Vec::new();
    for input in inputs {
        if let FnArg::Typed(typed) = input {
            types.push((*typed.ty).clone());
        }
    }
    let expected = 2 + link.hears.len();
    if types.len() != expected {
        let got = types.len();
        own.error(
            &sig.ident,
            format!(
                "it takes {expected} arguments behind `&self`, and has {got}: write {}",
                wanted()
            ),
        );
        return None;
    }
    let mut arguments = Vec::new();
    for ty in types.into_iter().skip(1) {
        match ty {
            Type::Reference(it) if it.mutability.is_none() => {
                owned(own, &it.elem, &lifetimes);
                arguments.push(*it.elem);
            }
            other => own.error(
                &other,
                "others hear of it as well, so a handler gets a reference: write `&` before the type",
            ),
        }
    }
    let ReturnType::Type(_, output) = &sig.output else {
        own.error(&sig.ident, format!("a handler says how it ended: write {}", wanted()));
        return None;
    };
    owned(own, output, &lifetimes);
    (arguments.len() + 1 == expected).then(|| (arguments, (**output).clone()))
}

fn lifetimes(sig: &syn::Signature) -> Vec<String> {
    let params = sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Lifetime(it) => Some(it.lifetime.to_string()),
        _ => None,
    });
    params.collect()
}

/// A lifetime may stand at a reference to what is heard, and not in it.
fn owned(own: &mut Diagnostics, ty: &Type, lifetimes: &[String]) {
    struct Lifetimes<'a>(&'a [String], Option<syn::Lifetime>);
    impl<'ast> syn::visit::Visit<'ast> for Lifetimes<'_> {
        fn visit_lifetime(&mut self, it: &'ast syn::Lifetime) {
            if self.0.contains(&it.to_string()) {
                self.1 = Some(it.clone());
            }
        }
    }
    let mut found = Lifetimes(lifetimes, None);
    syn::visit::Visit::visit_type(&mut found, ty);
    if let Some(found) = found.1 {
        let message = "what is heard and what is made is written down, so it borrows nothing: let the \
                       event hold what it owns, and take the lifetime out";
        own.error(found, message);
    }
}

/// The signature that is wanted.
fn shape(name: &Ident, link: &Link) -> String {
    let heard = link.hears.iter().map(|event| {
        let name = crate::derive::snake_case(event);
        format!(", {name}: &..")
    });
    let heard: String = heard.collect();
    let output = match &link.makes {
        Some(_) => "Result<.., Outcome<..>>",
        None => "Result<(), Transient>",
    };
    format!("`async fn {name}(&self, cx: &Cx, input: &..{heard}) -> {output}`")
}

/// An event has one source.
fn twice(own: &mut Diagnostics, handlers: &[Handler], handler: &Handler) {
    let Some(made) = &handler.link.makes else { return };
    let other = handlers.iter().find(|it| it.link.makes.as_ref() == Some(made));
    if let Some(other) = other {
        let message = format!(
            "`{made}` is made by `{}` already: an event has one source, so remove one of the two",
            other.ident
        );
        own.error(made, message);
    }
}
