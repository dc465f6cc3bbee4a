use proc_macro2::TokenStream;
use quote::ToTokens;

/// Collects the mistakes of one invocation, so that three mistakes give three errors.
///
/// It cannot be forgotten: dropping it without [`Diagnostics::finish`] panics.
///
/// # Examples
///
/// ```
/// use proc_macro2::{Ident, Span};
/// use reliability_macros_core::Diagnostics;
///
/// let mut diagnostics = Diagnostics::new();
/// let state = Ident::new("Ajar", Span::call_site());
/// diagnostics.error(&state, format!("no state is called `{state}`"));
/// let errors = diagnostics.finish().unwrap_err();
/// assert!(errors.to_string().contains("no state is called `Ajar`"));
/// ```
#[derive(Debug)]
#[must_use = "call `finish`, so that the errors are told"]
pub struct Diagnostics {
    errors: Option<syn::Error>,
    finished: bool,
}

impl Diagnostics {
    /// Nothing is wrong yet.
    #[allow(
        clippy::new_without_default,
        reason = "a `Default` would invite `mem::take`, and so a forgotten `finish`"
    )]
    pub fn new() -> Self {
        Self { errors: None, finished: false }
    }

    /// Notes a mistake, to be shown on `tokens`.
    pub fn error(&mut self, tokens: impl ToTokens, message: impl core::fmt::Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Notes a mistake that another parser found.
    pub fn push(&mut self, error: impl Into<syn::Error>) {
        let error = error.into();
        match &mut self.errors {
            Some(errors) => errors.combine(error),
            none => *none = Some(error),
        }
    }

    /// Keeps what went well, and notes what did not.
    pub fn keep<T>(&mut self, result: Result<T, impl Into<syn::Error>>) -> Option<T> {
        result.map_err(|error| self.push(error)).ok()
    }

    /// Whether a mistake was noted.
    pub fn has_errors(&self) -> bool {
        self.errors.is_some()
    }

    /// Takes over what another collection found.
    pub fn absorb(&mut self, mut other: Self) {
        other.finished = true;
        if let Some(errors) = other.errors.take() {
            self.push(errors);
        }
    }

    /// Ends the collection.
    ///
    /// # Errors
    ///
    /// The `compile_error!` items of all mistakes, if there was one.
    pub fn finish(mut self) -> Result<(), TokenStream> {
        self.finished = true;
        match self.errors.take() {
            Some(errors) => Err(errors.into_compile_error()),
            None => Ok(()),
        }
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        assert!(
            self.finished || std::thread::panicking(),
            "the errors of a macro were never told: `Diagnostics::finish` was not called"
        );
    }
}

/// The candidate that is spelt most like `name`, as a question to append to a message:
/// "; did you mean `retry`?", or nothing when none is close.
#[must_use]
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let most_wrong = name.chars().count().max(3) / 3;
    candidates
        .into_iter()
        .map(|candidate| {
            let (typed, meant) = (name.to_lowercase(), candidate.to_lowercase());
            (strsim::damerau_levenshtein(&typed, &meant), candidate)
        })
        .filter(|(wrong, _)| *wrong <= most_wrong)
        .min_by_key(|(wrong, _)| *wrong)
        .map_or_else(String::new, |(_, best)| format!("; did you mean `{best}`?"))
}

/// "`a`, `b` or `c`", with `last_word` for the "or".
#[must_use]
pub fn list_in_words<T: core::fmt::Display>(
    items: impl IntoIterator<Item = T>,
    last_word: &str,
) -> String {
    let mut words: Vec<String> = items.into_iter().map(|item| format!("`{item}`")).collect();
    match words.pop() {
        None => String::new(),
        Some(only) if words.is_empty() => only,
        Some(last) => format!("{} {last_word} {last}", words.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told() {
        let mut diagnostics = Diagnostics::new();
        diagnostics.error(quote::quote!(a), "first");
        diagnostics.error(quote::quote!(b), "second");
        let told = diagnostics.finish().unwrap_err().to_string();
        assert_eq!(told.matches("compile_error").count(), 2, "{told}");
        assert!(told.contains("first") && told.contains("second"), "{told}");
    }

    #[test]
    #[should_panic(expected = "never told")]
    fn a_forgotten_finish_is_noticed() {
        drop(Diagnostics::new());
    }

    #[test]
    fn suggestions_are_close_or_absent() {
        let keys = ["initial", "final", "to"];
        assert_eq!(did_you_mean("inital", keys), "; did you mean `initial`?");
        assert_eq!(did_you_mean("Final", keys), "; did you mean `final`?");
        assert_eq!(did_you_mean("frobnicate", keys), "");
    }

    #[test]
    fn lists_read_as_prose() {
        let none: [&str; 0] = [];
        assert_eq!(list_in_words(none, "or"), "");
        assert_eq!(list_in_words(["a"], "or"), "`a`");
        assert_eq!(list_in_words(["a", "b", "c"], "and"), "`a`, `b` and `c`");
    }
}
