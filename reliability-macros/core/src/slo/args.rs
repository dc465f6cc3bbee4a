use proc_macro2::{Ident, Span, TokenStream};
use quote::ToTokens as _;
use syn::{Expr, Path};

use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    options::{Choice, Value},
    settings::{self, Known, Setting},
};

/// What was written in `#[slo(..)]`.
#[derive(Debug, Default)]
pub(crate) struct Args {
    /// The promise that calls are counted for.
    pub(crate) objective: Option<Path>,
    /// What a good answer is.
    pub(crate) good: Option<Expr>,
    /// What a right answer is.
    pub(crate) correct: Option<Expr>,
    pub(crate) krate: CratePath,
}

const KNOWN: Known = &[
    ("objective", "objective = CHECKOUT"),
    ("good", "good = |answer| answer.is_ok()"),
    ("correct", "correct = |answer| matches!(answer, Ok(sum) if *sum >= 0)"),
    ("crate", "crate = ::path::to::reliability"),
];

impl Args {
    pub(crate) fn read(diagnostics: &mut Diagnostics, tokens: TokenStream) -> Self {
        let mut this = Self::default();
        let mut choices = settings::parse(diagnostics, tokens, "objective = CHECKOUT");
        if let Some(alone) = choices.iter().position(is_name_of_static) {
            let name = choices.remove(alone).name;
            diagnostics.error(&name, format!("write `objective = {name}`"));
        }
        let has_errors = diagnostics.has_errors();
        let has_objective = choices.iter().any(|choice| choice.name == "objective");
        settings::walk(diagnostics, "`#[slo]`", KNOWN, choices, |diagnostics, setting| {
            this.take(diagnostics, &setting);
        });
        if !has_objective && !has_errors {
            let message = "for which promise are calls counted? write `objective = CHECKOUT`, \
                           where `static CHECKOUT: Slo = reliability::slo! { .. };` says what is \
                           promised";
            diagnostics.push(syn::Error::new(Span::call_site(), message));
        }
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        match setting.name {
            "objective" => self.objective = diagnostics.keep(objective(setting)),
            "good" => self.good = diagnostics.keep(judge(setting)),
            "correct" => self.correct = diagnostics.keep(judge(setting)),
            _ => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path).unwrap_or_default();
            }
        }
    }
}

/// `CHECKOUT`, as one would write it who takes the promise for all that there is to say.
fn is_name_of_static(choice: &Choice) -> bool {
    let name = choice.name.to_string();
    let shouts = name.contains(char::is_uppercase) && !name.contains(char::is_lowercase);
    shouts && matches!(choice.value, Value::Absent)
}

fn objective(setting: &Setting) -> syn::Result<Path> {
    let mut value = setting.expr()?;
    // As it comes through a `macro_rules!` fragment.
    while let Expr::Group(group) = value {
        value = *group.expr;
    }
    match value {
        Expr::Path(path) if path.qself.is_none() => Ok(path.path),
        Expr::Lit(_) => {
            let message = "write the name of the `static` without quotes, as in \
                           `objective = CHECKOUT`";
            Err(syn::Error::new_spanned(value, message))
        }
        Expr::Macro(_) => {
            let message = "a promise is counted in one place: declare it, as in `static CHECKOUT: \
                           Slo = reliability::slo! { .. };`, and write `objective = CHECKOUT`";
            Err(syn::Error::new_spanned(value, message))
        }
        _ => {
            let message = "expected the path of a `static`; write `objective = CHECKOUT`";
            Err(syn::Error::new_spanned(value, message))
        }
    }
}

/// A closure, or the path of a function.
fn judge(setting: &Setting) -> syn::Result<Expr> {
    let value = setting.expr()?;
    let name = setting.name;
    let message = match &value {
        Expr::Closure(closure) if closure.asyncness.is_some() => {
            "an answer is judged at once; write the closure without `async`".into()
        }
        Expr::Closure(closure) if closure.inputs.len() == 1 => return Ok(value),
        Expr::Path(path) => match path.path.get_ident().and_then(question) {
            Some((variant, question)) => format!(
                "`{variant}` makes a value, and asks nothing of an answer; write `{name} = |answer| \
                 answer.{question}()`"
            ),
            None => return Ok(value),
        },
        Expr::Call(call) if is_variant(&call.func) => {
            let pattern = value.to_token_stream();
            format!(
                "this makes a value, and asks nothing of an answer; write `{name} = |answer| \
                 matches!(answer, {pattern})`"
            )
        }
        _ => format!(
            "expected what judges an answer: write a closure that takes it by reference, such as \
             `{name} = |answer| answer.is_ok()`, or the path of a function"
        ),
    };
    Err(syn::Error::new_spanned(value, message))
}

/// What one asks in place of a variant.
fn question(path: &Ident) -> Option<(&'static str, &'static str)> {
    const QUESTIONS: [(&str, &str); 4] =
        [("Ok", "is_ok"), ("Err", "is_err"), ("Some", "is_some"), ("None", "is_none")];
    QUESTIONS.into_iter().find(|(variant, _)| path == variant)
}

fn is_variant(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.get_ident().and_then(question).is_some())
}
