use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Expr, ExprPath, parse::ParseStream};

use crate::{
    crate_path::CratePath,
    diagnostics::{Diagnostics, did_you_mean, list_in_words},
    settings::Setting,
};

/// `fallback = path`, or `fallback(path, except(permanent))`.
#[derive(Debug)]
pub(crate) struct Fallback {
    pub(crate) function: ExprPath,
    /// Variants of `Class` that get no fallback.
    except: Vec<Ident>,
}

const SHAPES: &str = "write `fallback = path::to::function`, or `fallback(path::to::function, \
                      except(permanent))`; the function gets the arguments and the error, and may \
                      be sync or async";

impl Fallback {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Self> {
        diagnostics.keep(if setting.is_list() {
            setting.list().and_then(Self::from_list)
        } else {
            Self::from_value(setting)
        })
    }

    fn from_value(setting: &Setting) -> syn::Result<Self> {
        let value = setting.expr().map_err(|_| syn::Error::new_spanned(setting.word(), SHAPES))?;
        Ok(Self { function: function(value, "fallback", SHAPES)?, except: Vec::new() })
    }

    fn from_list(tokens: TokenStream) -> syn::Result<Self> {
        let parts = |input: ParseStream<'_>| {
            let function = function(input.parse()?, "fallback", SHAPES)?;
            let mut except = Vec::new();
            while !input.is_empty() {
                input.parse::<syn::Token![,]>()?;
                if input.is_empty() {
                    break;
                }
                let word: Ident = input.parse()?;
                if word != "except" {
                    let message = format!("`fallback` has no setting `{word}`; {SHAPES}");
                    return Err(syn::Error::new(word.span(), message));
                }
                let list;
                syn::parenthesized!(list in input);
                except = classes(list.parse()?)?;
            }
            Ok(Self { function, except })
        };
        syn::parse::Parser::parse2(parts, tokens)
    }

    /// What is added to the classifier of errors.
    pub(super) fn classifier_call(&self, krate: &CratePath) -> Option<TokenStream> {
        if self.except.is_empty() {
            return None;
        }
        let except = &self.except;
        Some(quote!(.fallback_except(&[#(#krate::error::Class::#except),*])))
    }
}

/// The path of a function that answers where the body does not.
pub(super) fn function(value: Expr, setting: &str, shapes: &str) -> syn::Result<ExprPath> {
    match value {
        Expr::Path(path) => Ok(path),
        Expr::Group(group) => function(*group.expr, setting, shapes),
        Expr::Call(call) => Err(syn::Error::new_spanned(
            call,
            format!(
                "`{setting}` takes the function itself, without arguments: it is called with the \
                 arguments of this function and the error"
            ),
        )),
        Expr::Closure(closure) => Err(syn::Error::new_spanned(
            closure,
            format!(
                "`{setting}` takes a path, so that it can be read, tested and gone to; make this \
                 closure a function"
            ),
        )),
        other => Err(syn::Error::new_spanned(other, shapes)),
    }
}

/// Classes as they are written, and the variants of the runtime's `Class`.
const CLASSES: [(&str, &str); 4] = [
    ("transient", "Transient"),
    ("permanent", "Permanent"),
    ("overloaded", "Overloaded"),
    ("cancelled", "Cancelled"),
];

/// Reads `permanent, cancelled` to the variants of `Class`.
fn classes(tokens: TokenStream) -> syn::Result<Vec<Ident>> {
    use syn::{parse::Parser as _, punctuated::Punctuated};

    let names = || list_in_words(CLASSES.map(|(name, _)| name), "or");
    let words = Punctuated::<Ident, syn::Token![,]>::parse_terminated.parse2(tokens)?;
    if words.is_empty() {
        let message = format!("name the classes that get no fallback: {}", names());
        return Err(syn::Error::new(Span::call_site(), message));
    }
    words
        .into_iter()
        .map(|word| {
            let written = word.to_string();
            CLASSES
                .iter()
                .find(|(name, _)| *name == written)
                .map(|(_, variant)| Ident::new(variant, word.span()))
                .ok_or_else(|| {
                    let near = did_you_mean(&written, CLASSES.map(|(name, _)| name));
                    let rest = if near.is_empty() { format!("; write {}", names()) } else { near };
                    let message = format!("`{written}` is no class of errors{rest}");
                    syn::Error::new(word.span(), message)
                })
        })
        .collect()
}
