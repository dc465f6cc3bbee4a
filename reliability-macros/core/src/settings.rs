//! Walks the settings of an attribute in the order in which they are written, and reads each.

use core::{
    ops::{RangeBounds, RangeInclusive},
    time::Duration,
};

use proc_macro2::{Ident, TokenStream};
use syn::{Expr, Path, parse::ParseStream};

use crate::{
    diagnostics::{Diagnostics, did_you_mean, list_in_words},
    literal::{self, Period},
    meant,
    options::{Choice, Value},
};

/// The settings that something has: the name of each, and how it is written.
pub(crate) type Known = &'static [(&'static str, &'static str)];

/// One setting whose name is known.
pub(crate) struct Setting {
    /// Its name, as in the table of the known ones.
    pub(crate) name: &'static str,
    /// How it is written, for messages.
    example: &'static str,
    choice: Choice,
}

/// Calls `each` for every setting of `owner`, in order. Unknown ones and repetitions are errors
/// and left out.
pub(crate) fn walk(
    diagnostics: &mut Diagnostics,
    owner: &str,
    known: Known,
    choices: Vec<Choice>,
    mut each: impl FnMut(&mut Diagnostics, Setting),
) {
    let mut seen: Vec<&str> = Vec::new();
    for choice in choices {
        let written = choice.name.to_string();
        let Some((name, example)) = known.iter().find(|(name, _)| *name == written) else {
            let message = match (&choice.value, value_without_name(&written, known)) {
                (Value::Absent, Some(message)) => message,
                _ => unknown(owner, &written, known),
            };
            diagnostics.error(&choice.name, message);
            continue;
        };
        if seen.contains(name) {
            diagnostics
                .error(&choice.name, format!("`{name}` is given twice; keep one of the two"));
            continue;
        }
        seen.push(name);
        each(diagnostics, Setting { name, example, choice });
    }
}

/// "`retry` has no `atempts`; did you mean `attempts`?"
pub(crate) fn unknown(owner: &str, written: &str, known: Known) -> String {
    let names = || known.iter().map(|(name, _)| *name);
    let near = match meant::known_elsewhere_as(written, known) {
        Some("attempts") if written.contains("retries") => {
            "; did you mean `attempts`, which counts the first one, too?".into()
        }
        Some(name) => format!("; did you mean `{name}`?"),
        None => did_you_mean(written, names()),
    };
    let rest =
        if near.is_empty() { format!("; it has {}", list_in_words(names(), "and")) } else { near };
    format!("{owner} has no setting `{written}`{rest}")
}

/// "write `after = p95`", for a quantile that stands by itself.
fn value_without_name(written: &str, known: Known) -> Option<String> {
    let percent = written.strip_prefix('p')?;
    let is_quantile = !percent.is_empty() && percent.bytes().all(|byte| byte.is_ascii_digit());
    let mut named = known.iter().filter(|(_, example)| example.ends_with("= p95"));
    let (name, _) = named.next().filter(|_| is_quantile)?;
    Some(format!("write `{name} = {written}`"))
}

/// "`retry` has no `shed`; it is a setting of `bulkhead`", for what stands one level too far out.
///
/// Says nothing when the owner has the setting itself, or nobody of `inner` has it.
fn belongs_inside(written: &str, known: Known, inner: &[(&'static str, Known)]) -> Option<String> {
    if known.iter().any(|(name, _)| *name == written) {
        return None;
    }
    let having: Vec<(&str, &str)> = inner
        .iter()
        .filter_map(|(owner, settings)| {
            let (_, example) = settings.iter().find(|(name, _)| *name == written)?;
            Some((*owner, *example))
        })
        .collect();
    let (_, example) = having.first()?;
    let owners = list_in_words(having.iter().map(|(owner, _)| *owner), "and");
    let first = having.first().map_or("", |(owner, _)| owner);
    Some(format!(
        "`{written}` is a setting of {owners}: write it in the parentheses of that, as in \
         `{first}(.., {example})`"
    ))
}

/// Tells of settings that belong into somebody's parentheses, and leaves them out.
pub(crate) fn without_inner(
    diagnostics: &mut Diagnostics,
    mut choices: Vec<Choice>,
    known: Known,
    inner: &[(&'static str, Known)],
) -> Vec<Choice> {
    choices.retain(|choice| {
        let message = belongs_inside(&choice.name.to_string(), known, inner);
        if let Some(message) = &message {
            diagnostics.error(&choice.name, message);
        }
        message.is_none()
    });
    choices
}

/// The comma-separated settings of `tokens`; after a mistake in the grammar, none.
pub(crate) fn parse(
    diagnostics: &mut Diagnostics,
    tokens: TokenStream,
    example: &str,
) -> Vec<Choice> {
    let choices = Choice::parse_all(tokens).map_err(|error| like(&error, example));
    diagnostics.keep(choices).unwrap_or_default()
}

/// The same mistake, with what to write where it does not say that itself.
fn like(error: &syn::Error, example: &str) -> syn::Error {
    let message = error.to_string();
    if message.starts_with("expected the name of a setting") {
        return syn::Error::new(error.span(), format!("{message}; write for example `{example}`"));
    }
    error.clone()
}

impl Setting {
    /// The word that was written.
    pub(crate) fn word(&self) -> &Ident {
        &self.choice.name
    }

    /// How it is written.
    pub(crate) const fn example(&self) -> &'static str {
        self.example
    }

    fn wrong_shape(&self) -> syn::Error {
        syn::Error::new_spanned(&self.choice.name, format!("write `{}`", self.example))
    }

    /// The tokens after the equals sign.
    pub(crate) fn tokens(&self) -> syn::Result<TokenStream> {
        match &self.choice.value {
            Value::Equals(_, tokens) if !tokens.is_empty() => Ok(tokens.clone()),
            _ => Err(self.wrong_shape()),
        }
    }

    /// `name = expression`.
    pub(crate) fn expr(&self) -> syn::Result<Expr> {
        let tokens = self.tokens()?;
        syn::parse2(tokens.clone()).map_err(|_| {
            let message = format!("this is no value; write for example `{}`", self.example);
            syn::Error::new_spanned(tokens, message)
        })
    }

    /// `name = expression`, for what tells calls apart: a text is the same for all of them.
    pub(crate) fn of_call(&self, example: &str) -> syn::Result<Expr> {
        let value = self.expr()?;
        let Some(syn::Lit::Str(text)) = literal::literal(&value) else {
            return Ok(value);
        };
        let meant = match text.parse::<Expr>() {
            Ok(Expr::Path(_) | Expr::Field(_) | Expr::MethodCall(_) | Expr::Tuple(_)) => {
                let meant = text.value();
                format!(
                    "`{} = {meant}` without quotes for the value of that name, else ",
                    self.name
                )
            }
            _ => String::new(),
        };
        let message = format!("a text is the same for all calls; write {meant}{example}");
        Err(syn::Error::new_spanned(value, message))
    }

    /// The settings in `name(..)`; after a mistake in the grammar, none.
    pub(crate) fn choices(&self, diagnostics: &mut Diagnostics) -> Option<Vec<Choice>> {
        let list = diagnostics.keep(self.list())?;
        let choices = Choice::parse_all(list).map_err(|error| {
            let message = format!("{error}; write for example `{}`", self.example);
            syn::Error::new(error.span(), message)
        });
        Some(diagnostics.keep(choices).unwrap_or_default())
    }

    /// Calls `each` for every setting in `name(..)`, in order.
    pub(crate) fn walk(
        &self,
        diagnostics: &mut Diagnostics,
        known: Known,
        each: impl FnMut(&mut Diagnostics, Setting),
    ) {
        let choices = self.choices(diagnostics).unwrap_or_default();
        walk(diagnostics, &format!("`{}`", self.name), known, choices, each);
    }

    /// The same for what may also stand alone, without parentheses.
    pub(crate) fn walk_if_any(
        &self,
        diagnostics: &mut Diagnostics,
        known: Known,
        each: impl FnMut(&mut Diagnostics, Setting),
    ) {
        if self.flag().is_err() {
            self.walk(diagnostics, known, each);
        }
    }

    /// `name = path::to::it`.
    pub(crate) fn path(&self) -> syn::Result<Path> {
        let tokens = self.tokens()?;
        syn::parse2::<syn::ExprPath>(tokens.clone())
            .ok()
            .and_then(|path| path.qself.is_none().then_some(path.path))
            .ok_or_else(|| {
                syn::Error::new_spanned(
                    tokens,
                    format!("expected a path to a function; write `{}`", self.example),
                )
            })
    }

    /// `name = "250ms"`.
    pub(crate) fn period(&self) -> syn::Result<Period> {
        Period::read(&self.expr()?)
    }

    /// `name = "250ms"`, from a range.
    pub(crate) fn period_within(&self, within: RangeInclusive<Duration>) -> syn::Result<Period> {
        Period::within(&self.expr()?, within)
    }

    /// `name = 4`.
    pub(crate) fn count(&self, within: RangeInclusive<u32>) -> syn::Result<u32> {
        literal::count(&self.expr()?, within)
    }

    /// `name = 0.5`.
    pub(crate) fn share(&self, least: f64) -> syn::Result<f64> {
        literal::share(&self.expr()?, least)
    }

    /// `name = 2.0`.
    pub(crate) fn factor(&self, above: f64, most: f64) -> syn::Result<f64> {
        literal::factor(&self.expr()?, above, most)
    }

    /// `name = 0.9`, from a range.
    pub(crate) fn number(&self, within: impl RangeBounds<f64>) -> syn::Result<f64> {
        literal::number(&self.expr()?, within)
    }

    /// `name = "inventory"`.
    pub(crate) fn text(&self) -> syn::Result<syn::LitStr> {
        literal::text(&self.expr()?)
    }

    /// `name = word` or `name = word(..)`, where `of` says what the words are.
    pub(crate) fn variant(&self, of: &str, known: Known) -> syn::Result<Variant> {
        let tokens = self.tokens()?;
        let wrong = |tokens: TokenStream| {
            let text = syn::parse2::<syn::LitStr>(tokens.clone()).map(|text| text.value());
            let quoted = |(name, _): &&(&str, &str)| text.as_ref().is_ok_and(|text| text == name);
            let message = match known.iter().find(quoted) {
                Some((_, example)) => format!("write `{} = {example}`, without quotes", self.name),
                None => {
                    let names = list_in_words(known.iter().map(|(_, example)| *example), "or");
                    format!("this is no {of}; write {names}")
                }
            };
            syn::Error::new_spanned(tokens, message)
        };
        let choice = match Choice::parse_all(tokens.clone()) {
            Ok(mut choices) if choices.len() == 1 => choices.remove(0),
            _ => return Err(wrong(tokens)),
        };
        let written = choice.name.to_string();
        let Some((name, example)) = known.iter().find(|(name, _)| *name == written) else {
            let near = did_you_mean(&written, known.iter().map(|(name, _)| *name));
            let names = || list_in_words(known.iter().map(|(_, example)| *example), "or");
            let rest = if near.is_empty() { format!("; write {}", names()) } else { near };
            let message = format!("`{written}` is no {of}{rest}");
            return Err(syn::Error::new_spanned(&choice.name, message));
        };
        Variant::new(name, example, choice)
    }

    /// `name(..)`.
    pub(crate) fn list(&self) -> syn::Result<TokenStream> {
        match &self.choice.value {
            Value::List(_, tokens) => Ok(tokens.clone()),
            _ => Err(self.wrong_shape()),
        }
    }

    /// Whether it has parentheses, for settings with two shapes.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.choice.value, Value::List(..))
    }

    /// `name`, alone.
    pub(crate) fn flag(&self) -> syn::Result<()> {
        match &self.choice.value {
            Value::Absent => Ok(()),
            _ => Err(self.wrong_shape()),
        }
    }

    /// `name(..)`, with values first and named settings after them.
    pub(crate) fn call(&self) -> syn::Result<Variant> {
        match &self.choice.value {
            Value::List(_, tokens) => {
                Variant::with(self.name, self.example, self.choice.name.clone(), tokens.clone())
            }
            _ => Err(self.wrong_shape()),
        }
    }
}

/// `exponential("50ms", max = "1s")`: a word, the values that stand first, and named settings.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    example: &'static str,
    pub(crate) word: Ident,
    pub(crate) values: Vec<Expr>,
    pub(crate) named: Vec<Choice>,
}

impl Variant {
    fn new(name: &'static str, example: &'static str, choice: Choice) -> syn::Result<Self> {
        let tokens = match choice.value {
            Value::Absent => TokenStream::new(),
            Value::List(_, tokens) => tokens,
            Value::Equals(..) => {
                return Err(syn::Error::new_spanned(&choice.name, format!("write `{example}`")));
            }
        };
        Self::with(name, example, choice.name, tokens)
    }

    fn with(
        name: &'static str,
        example: &'static str,
        word: Ident,
        tokens: TokenStream,
    ) -> syn::Result<Self> {
        let parts = |input: ParseStream<'_>| {
            let mut values = Vec::new();
            let mut named = TokenStream::new();
            while !input.is_empty() {
                if starts_setting(input) {
                    named = input.parse()?;
                } else {
                    values.push(input.parse::<Expr>()?);
                    if !input.is_empty() {
                        input.parse::<syn::Token![,]>()?;
                    }
                }
            }
            Ok((values, named))
        };
        let (values, named) = syn::parse::Parser::parse2(parts, tokens)?;
        Ok(Self { name, example, word, values, named: Choice::parse_all(named)? })
    }

    /// Exactly as many values as `N`.
    pub(crate) fn exactly<const N: usize>(&self) -> syn::Result<[&Expr; N]> {
        let values: Vec<&Expr> = self.values.iter().collect();
        <[&Expr; N]>::try_from(values)
            .map_err(|_| syn::Error::new_spanned(&self.word, format!("write `{}`", self.example)))
    }
}

/// A name and then `=`, `(`, a comma or the end.
fn starts_setting(input: ParseStream<'_>) -> bool {
    use syn::ext::IdentExt as _;

    let ahead = input.fork();
    ahead.call(Ident::parse_any).is_ok()
        && (ahead.is_empty()
            || ahead.peek(syn::Token![,])
            || ahead.peek(syn::Token![=])
            || ahead.peek(syn::token::Paren))
}
