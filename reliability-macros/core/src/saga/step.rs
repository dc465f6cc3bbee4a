use proc_macro2::{Ident, TokenStream};
use syn::{
    Attribute, Fields, Meta, Token, Type, Variant, parse::ParseStream, parse::Parser as _,
    spanned::Spanned as _,
};

use super::{
    OF_VARIANTS, in_words,
    model::{By, Nested, Step, UndoBy, What},
    value::{attempts, function, names, nested, period, step_name, undo},
};
use crate::{
    derive::snake_case,
    diagnostics::Diagnostics,
    resilient::retry::Backoff,
    settings::{self, Known, Setting},
};

const STEP: Known = &[
    ("undo", "undo = release"),
    ("needs", "needs(Reserved)"),
    ("beside", "beside = Reserved"),
    ("probe", "probe = find"),
    ("retry", "retry = 5"),
    ("undo_retry", "undo_retry = 8"),
    ("backoff", "backoff = exponential(\"50ms\", max = \"1s\")"),
    ("timeout", "timeout = \"2s\""),
];

/// Of a step that is a saga of its own.
const NESTED: Known = &[
    ("saga", "saga = Ship"),
    ("input", "input = parcel"),
    ("output", "output = label"),
    ("refused", "refused = not_shipped"),
    ("undo", "undo = fetch_back"),
    ("needs", "needs(Reserved)"),
    ("beside", "beside = Reserved"),
    ("undo_retry", "undo_retry = 8"),
    ("backoff", "backoff = exponential(\"50ms\", max = \"1s\")"),
];

const WAITS: Known = &[("beside", "beside = Reserved")];

/// Reads a variant; `earlier` are those before it.
pub(super) fn read(
    diagnostics: &mut Diagnostics,
    variant: &Variant,
    earlier: &[Step],
    choreographed: bool,
) -> Step {
    let mut own = Diagnostics::new();
    let behind = earlier.iter().any(|it| matches!(it.what, What::Pivot(_) | What::Then(_)));
    let mut step = Step {
        ident: variant.ident.clone(),
        field: snake_case(&variant.ident),
        ty: syn::parse_quote!(()),
        docs: variant.attrs.iter().filter(|it| it.path().is_ident("doc")).cloned().collect(),
        what: What::Wrong,
        behind,
        beside: None,
        needs: Vec::new(),
        undo: None,
        probe: None,
        retry: None,
        undo_retry: None,
        backoff: None,
        timeout: None,
        needed: Vec::new(),
        after: Vec::new(),
        wrong: false,
    };
    let output = output(&mut own, variant);
    if let Some(ty) = output {
        step.ty = ty;
    }
    refuse_cfg(&mut own, variant);
    match attribute(&mut own, variant) {
        Some((kind, attr)) => step.take(&mut own, kind, attr, earlier, choreographed),
        None if own.has_errors() => {}
        None if choreographed => own.error(&variant.ident, unmade(&variant.ident, behind)),
        None => own.error(&variant.ident, undeclared(&variant.ident, behind)),
    }
    step.wrong = own.has_errors();
    diagnostics.absorb(own);
    step
}

/// What stands in the parentheses of the variant.
fn output(own: &mut Diagnostics, variant: &Variant) -> Option<Type> {
    let name = &variant.ident;
    let wrong = match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            return fields.unnamed.first().map(|field| field.ty.clone());
        }
        Fields::Unit => {
            format!("a step finishes with an output, be it nothing: write `{name}(())`")
        }
        Fields::Unnamed(fields) if fields.unnamed.is_empty() => {
            format!("a step finishes with an output, be it nothing: write `{name}(())`")
        }
        Fields::Unnamed(fields) => {
            let types: Vec<String> = fields.unnamed.iter().map(|it| in_words(&it.ty)).collect();
            format!(
                "a step finishes with one output: write `{name}(({}))`, or a struct of them",
                types.join(", ")
            )
        }
        Fields::Named(_) => {
            format!(
                "a step finishes with one output: write `{name}(Output)`, and give `Output` these \
                 fields"
            )
        }
    };
    own.error(name, wrong);
    None
}

fn refuse_cfg(own: &mut Diagnostics, variant: &Variant) {
    let cfgs = variant.attrs.iter().filter(|it| it.path().is_ident("cfg"));
    for cfg in cfgs {
        let message = "runs of this saga are in the journal, with this step or without: write two \
                       versions of the saga, not one that depends on how it is built";
        own.error(cfg, message);
    }
}

/// The one attribute that says what the variant is.
fn attribute<'a>(
    own: &mut Diagnostics,
    variant: &'a Variant,
) -> Option<(&'static str, &'a Attribute)> {
    let mut found: Option<(&'static str, &Attribute)> = None;
    for attr in &variant.attrs {
        let Some(kind) = OF_VARIANTS.into_iter().find(|name| attr.path().is_ident(name)) else {
            continue;
        };
        match found {
            None => found = Some((kind, attr)),
            Some((first, _)) => {
                let message = format!(
                    "`{}` is declared as `#[{first}]` already: a variant is one step",
                    variant.ident
                );
                own.error(attr.path(), message);
            }
        }
    }
    found
}

fn undeclared(name: &Ident, behind: bool) -> String {
    let write = if behind {
        "`#[then(function)]` for one that must succeed"
    } else {
        "`#[step(function, undo = function)]`, `#[pivot(function)]` for the point of no return"
    };
    format!(
        "what does `{name}` do? Write {write}, `#[wait(\"24h\")]` for a timer, or `#[signal]` for \
         what somebody outside says"
    )
}

fn unmade(name: &Ident, behind: bool) -> String {
    let write = match behind {
        true => "`#[then]`, because it stands behind the point of no return",
        false => "`#[step]` if it can be undone, or `#[pivot]` if it is the point of no return",
    };
    format!("what becomes of the transaction when `{name}` was made? Write {write}")
}

impl Step {
    fn take(
        &mut self,
        own: &mut Diagnostics,
        kind: &'static str,
        attr: &Attribute,
        earlier: &[Self],
        choreographed: bool,
    ) {
        let pivot = earlier.iter().find(|it| matches!(it.what, What::Pivot(_)));
        match (kind, pivot) {
            ("pivot", Some(first)) => own.error(
                attr.path(),
                format!(
                    "`{}` is the pivot already, and there is one point of no return: let one step \
                     do both, or write `#[then(..)]`",
                    first.ident
                ),
            ),
            ("step", _) | ("pivot", None) if self.behind => own.error(
                attr.path(),
                format!(
                    "behind the point of no return nothing may refuse, so nothing is undone: write \
                     `#[then(..)]`, or move `{}` up, before {}",
                    self.ident,
                    point_of_no_return(earlier),
                ),
            ),
            _ => {}
        }
        let tokens = match &attr.meta {
            Meta::List(list) => list.tokens.clone(),
            Meta::Path(_) => TokenStream::new(),
            Meta::NameValue(it) => {
                let message = format!("write it in parentheses: `#[{kind}(..)]`");
                return own.error(it, message);
            }
        };
        match kind {
            _ if choreographed => self.event(own, kind, attr, tokens),
            "signal" => {
                self.what = What::Signal;
                self.settings(own, "`#[signal]`", WAITS, tokens);
            }
            "wait" => self.wait(own, attr, tokens),
            _ => self.call(own, kind, attr, tokens),
        }
    }

    /// What participants make: what is said of how is said where they do.
    fn event(
        &mut self,
        own: &mut Diagnostics,
        kind: &'static str,
        attr: &Attribute,
        tokens: TokenStream,
    ) {
        let name = &self.ident;
        self.what = match kind {
            "step" => What::Step(By::Participant),
            "pivot" => What::Pivot(By::Participant),
            "then" => What::Then(By::Participant),
            _ => {
                let message = format!(
                    "a choreography has nobody who waits: let a participant make `{name}`, and \
                     write `#[step]`, `#[pivot]` or `#[then]`"
                );
                return own.error(attr.path(), message);
            }
        };
        if !tokens.is_empty() {
            let message = format!(
                "`{name}` is made by a participant, and how is said there: write `#[{kind}]` here, \
                 and `#[on(.. => {name}, ..)]` at its method"
            );
            own.error(tokens, message);
        }
    }

    fn wait(&mut self, own: &mut Diagnostics, attr: &Attribute, tokens: TokenStream) {
        let example = "write how long: `#[wait(\"24h\")]`";
        let parts = |input: ParseStream<'_>| {
            let time: syn::Expr = input.parse()?;
            let _: Option<Token![,]> = input.parse()?;
            Ok((time, input.parse::<TokenStream>()?))
        };
        if tokens.is_empty() {
            return own.error(attr.path(), example);
        }
        let parts = parts.parse2(tokens).map_err(|error| syn::Error::new(error.span(), example));
        let Some((time, rest)) = own.keep(parts) else { return };
        if let Some(period) = own.keep(period(&time)) {
            self.what = What::Wait(period);
        }
        if !matches!(&self.ty, Type::Tuple(tuple) if tuple.elems.is_empty()) {
            let message = format!("a timer finishes with nothing: write `{}(())`", self.ident);
            own.error(&self.ty, message);
        }
        self.settings(own, "`#[wait]`", WAITS, rest);
    }

    fn call(
        &mut self,
        own: &mut Diagnostics,
        kind: &'static str,
        attr: &Attribute,
        tokens: TokenStream,
    ) {
        let example = match kind {
            "step" => "#[step(reserve, undo = release)]",
            "pivot" => "#[pivot(charge, needs(Reserved))]",
            _ => "#[then(confirm, needs(Charged))]",
        };
        let span = attr.path().span();
        let (by, known, rest) = match nested(&tokens) {
            Some(child) => {
                let Some(child) = own.keep(child) else { return };
                let (input, output, refused) = (None, None, None);
                let nested = Nested { child, input, output, refused };
                (By::Saga(Box::new(nested)), NESTED, tokens)
            }
            None => {
                let Some((path, rest)) = own.keep(function(tokens, span, example)) else { return };
                (By::Function(path), STEP, rest)
            }
        };
        self.what = match kind {
            "step" => What::Step(by),
            "pivot" => What::Pivot(by),
            _ => What::Then(by),
        };
        self.settings(own, &format!("`#[{kind}]`"), known, rest);
        let is_step = kind == "step" && !self.behind;
        if is_step && self.undo.is_none() && !own.has_errors() {
            let message = format!(
                "`{}` runs before the point of no return, so it must be undoable: write `undo = \
                 path::to::a::function`, or `undo = none(\"why there is nothing to undo\")`",
                self.ident
            );
            own.error(&self.ident, message);
        }
    }

    fn settings(&mut self, own: &mut Diagnostics, owner: &str, known: Known, tokens: TokenStream) {
        let mut choices = settings::parse(own, tokens, known[0].1);
        // What is known of another kind of step, and not of this one, deserves its own sentence.
        choices.retain(|choice| {
            let name = choice.name.to_string();
            let is = |of: Known| of.iter().any(|(it, _)| *it == name);
            let message = match &self.nested().map(|it| in_words(&it.child)) {
                _ if is(known) => None,
                Some(child) if is(STEP) => Some(format!(
                    "`{child}` is tried and looked after by itself, so this step has no `{name}`; \
                     remove it, or give it to the steps of `{child}`"
                )),
                None if known.len() == WAITS.len() && is(STEP) => {
                    Some(format!("{owner} calls nothing, so it has no `{name}`; remove it"))
                }
                None if is(NESTED) => Some(format!(
                    "`{name}` is for a step that is a saga of its own: write `saga = Ship` in place \
                     of a function, or remove it"
                )),
                _ => None,
            };
            if let Some(message) = &message {
                own.error(&choice.name, message);
            }
            message.is_none()
        });
        let mut words: Vec<(&'static str, Ident)> = Vec::new();
        settings::walk(own, owner, known, choices, |own, setting| {
            words.push((setting.name, setting.word().clone()));
            self.set(own, &setting);
        });
        let word = |name: &str| words.iter().find(|(it, _)| *it == name).map(|(_, word)| word);
        if let (What::Then(_), Some(word)) = (&self.what, word("refused")) {
            let message = "it stands behind the point of no return, where nothing is refused; remove \
                           `refused`";
            own.error(word, message);
        }
        self.refuse(own, word("undo"), word("undo_retry"), word("beside"), word("probe"));
    }

    fn set(&mut self, own: &mut Diagnostics, setting: &Setting) {
        match setting.name {
            "undo" => self.undo = own.keep(undo(setting)),
            "needs" => self.needs = own.keep(names(setting)).unwrap_or_default(),
            "beside" => self.beside = own.keep(step_name(setting)),
            "probe" => self.probe = own.keep(setting.path()),
            "retry" => self.retry = own.keep(attempts(setting)),
            "undo_retry" => self.undo_retry = own.keep(attempts(setting)),
            "backoff" => self.backoff = Backoff::read(own, setting),
            "saga" | "input" | "output" | "refused" => self.carry(own, setting),
            _ => self.timeout = own.keep(setting.expr().and_then(|value| period(&value))),
        }
    }

    /// What carries over between a saga and the one around it.
    fn carry(&mut self, own: &mut Diagnostics, setting: &Setting) {
        let (What::Step(by) | What::Pivot(by) | What::Then(by)) = &mut self.what else { return };
        let By::Saga(nested) = by else { return };
        match setting.name {
            "input" => nested.input = own.keep(setting.path()),
            "output" => nested.output = own.keep(setting.path()),
            "refused" => nested.refused = own.keep(setting.path()),
            // It was read before all others.
            _ => {}
        }
    }

    /// Settings that make no sense together, or here.
    fn refuse(
        &self,
        own: &mut Diagnostics,
        undo: Option<&Ident>,
        undo_retry: Option<&Ident>,
        beside: Option<&Ident>,
        probe: Option<&Ident>,
    ) {
        let behind = match &self.what {
            What::Pivot(_) => Some("the pivot is the point of no return"),
            What::Then(_) => Some("it stands behind the point of no return"),
            _ => None,
        };
        if let (Some(behind), Some(word)) = (behind, undo.or(undo_retry)) {
            let message = format!("{behind}, so `{}` is never undone; remove `{word}`", self.ident);
            own.error(word, message);
        }
        if let (What::Pivot(_), Some(word)) = (&self.what, beside) {
            let message = "the pivot comes after all that can be undone, so nothing runs beside it; \
                           remove `beside`";
            own.error(word, message);
        }
        if let Some(UndoBy::Nothing(_)) = &self.undo {
            if let Some(word) = undo_retry {
                own.error(word, "there is nothing to undo, so nothing to try again; remove this");
            }
            if let Some(word) = probe {
                let message = "a step that leaves nothing to undo can simply be repeated, so nobody \
                               asks whether it has happened; remove `probe`, or say what undoes it";
                own.error(word, message);
            }
        }
    }
}

fn point_of_no_return(earlier: &[Step]) -> String {
    let first = earlier.iter().find(|it| matches!(it.what, What::Pivot(_) | What::Then(_)));
    first.map_or_else(String::new, |first| format!("`{}`", first.ident))
}
