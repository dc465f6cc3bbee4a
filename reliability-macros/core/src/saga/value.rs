//! What stands behind the name of a setting: functions, names of steps, numbers and times.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::{Path, Token, parse::ParseStream, parse::Parser as _, punctuated::Punctuated};

use super::model::UndoBy;
use crate::{
    literal::{self, Period},
    settings::Setting,
};

/// Attempts: as many as a table can hold.
const ATTEMPTS: core::ops::RangeInclusive<u32> = 1..=1_000_000;

/// `saga = Ship`, wherever it stands; `None` when a function is named instead.
pub(super) fn nested(tokens: &TokenStream) -> Option<syn::Result<Path>> {
    let mut rest = tokens.clone().into_iter();
    let mut begins = true;
    while let Some(token) = rest.next() {
        let is_comma = |it: &TokenTree| matches!(it, TokenTree::Punct(it) if it.as_char() == ',');
        let named = begins && matches!(&token, TokenTree::Ident(it) if it == "saga");
        begins = is_comma(&token);
        let mut ahead = rest.clone();
        let equals = matches!(ahead.next(), Some(TokenTree::Punct(it)) if it.as_char() == '=');
        if !named || !equals {
            continue;
        }
        let value: TokenStream = ahead.take_while(|it| !is_comma(it)).collect();
        let message = "expected the enum of another saga; write `saga = Ship`";
        return Some(match (value.is_empty(), syn::parse2::<Path>(value.clone())) {
            (true, _) => Err(syn::Error::new(token.span(), message)),
            (false, path) => path.map_err(|_| syn::Error::new_spanned(value, message)),
        });
    }
    None
}

/// `path, settings`
pub(super) fn function(
    tokens: TokenStream,
    span: Span,
    example: &str,
) -> syn::Result<(Path, TokenStream)> {
    let missing =
        |span| syn::Error::new(span, format!("which function does it? Write `{example}`"));
    if tokens.is_empty() {
        return Err(missing(span));
    }
    let parts = |input: ParseStream<'_>| {
        let ahead = input.fork();
        let named = ahead.parse::<Ident>().is_ok()
            && (ahead.peek(Token![=]) || ahead.peek(syn::token::Paren));
        let at = input.span();
        let path = match input.parse::<Path>() {
            Ok(path) if !named && (input.is_empty() || input.peek(Token![,])) => path,
            _ if named => return Err(missing(at)),
            _ => {
                let message = format!("expected a path to an `async fn`; write `{example}`");
                return Err(syn::Error::new(at, message));
            }
        };
        let _: Option<Token![,]> = input.parse()?;
        Ok((path, input.parse::<TokenStream>()?))
    };
    parts.parse2(tokens)
}

/// `undo = path`, or `undo = none("why")`.
pub(super) fn undo(setting: &Setting) -> syn::Result<UndoBy> {
    let value = setting.expr()?;
    let reason = "say why there is nothing to undo: `undo = none(\"read only\")`";
    match &value {
        syn::Expr::Path(path) if path.path.is_ident("none") => {
            Err(syn::Error::new_spanned(value, reason))
        }
        syn::Expr::Path(path) if path.qself.is_none() => Ok(UndoBy::Function(path.path.clone())),
        syn::Expr::Call(call) if matches!(&*call.func, syn::Expr::Path(it) if it.path.is_ident("none")) =>
        {
            let text = match (call.args.len(), call.args.first()) {
                (1, Some(text)) => literal::text(text).ok(),
                _ => None,
            };
            let text = text.ok_or_else(|| syn::Error::new_spanned(&value, reason))?;
            Ok(UndoBy::Nothing(text.value()))
        }
        _ => {
            let message = "expected a path to an `async fn`; write `undo = release`, or `undo = \
                           none(\"read only\")`";
            Err(syn::Error::new_spanned(value, message))
        }
    }
}

/// `needs(Reserved, Quoted)`
pub(super) fn names(setting: &Setting) -> syn::Result<Vec<Ident>> {
    let list = setting.list()?;
    let message = "write the names of steps here, parted by commas: `needs(Reserved, Quoted)`";
    if list.is_empty() {
        return Err(syn::Error::new_spanned(setting.word(), message));
    }
    let names = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(list);
    let names: Vec<Ident> =
        names.map_err(|error| syn::Error::new(error.span(), message))?.into_iter().collect();
    if let Some(name) = names.get(12) {
        let message =
            "a step is given twelve outputs at most; let an earlier step put some together";
        return Err(syn::Error::new_spanned(name, message));
    }
    Ok(names)
}

pub(super) fn step_name(setting: &Setting) -> syn::Result<Ident> {
    let value = setting.tokens()?;
    syn::parse2(value.clone()).map_err(|_| {
        syn::Error::new_spanned(value, "expected the name of a step; write `beside = Reserved`")
    })
}

pub(super) fn attempts(setting: &Setting) -> syn::Result<u32> {
    let value = setting.expr()?;
    literal::count(&value, ATTEMPTS).map_err(|error| match literal::count(&value, 0..=0) {
        Ok(_) => {
            let name = setting.name;
            let message = format!(
                "`{name}` counts the first attempt, too, so 0 would never call the function; write \
                 `{name} = 1` for no second one"
            );
            syn::Error::new_spanned(&value, message)
        }
        Err(_) => error,
    })
}

pub(super) fn period(value: &syn::Expr) -> syn::Result<Period> {
    if literal::literal(value).is_none() {
        let message = "a duration is a string with its unit, such as `\"250ms\"` or `\"2s\"`; it is \
                       read when the program is compiled";
        return Err(syn::Error::new_spanned(value, message));
    }
    Period::read(value)
}
