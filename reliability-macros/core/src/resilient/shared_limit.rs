//! `rate_limit(shared = LIMIT)`: a quota that several processes share, built elsewhere.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, spanned::Spanned as _};

use super::layer::Building;
use crate::{
    crate_path::CratePath, diagnostics::Diagnostics, literal, options::Choice, settings::Setting,
};

#[derive(Debug)]
pub(super) struct SharedLimit {
    word: Ident,
    /// Nothing where the policy is built elsewhere, and its limit with it; or after a mistake.
    limit: Option<Expr>,
    is_broken: bool,
}

/// Whether the runtime crate has limits that several processes share. Here it is always tested.
const AVAILABLE: bool = cfg!(any(test, feature = "redis"));

const NOT_AVAILABLE: &str = "a rate limit that several processes share is a feature of its own: \
                             write `reliability = { version = \"..\", features = [\"redis\"] }` in \
                             Cargo.toml";

const WANTED: &str = "`shared` takes what leads to a `RedisRateLimit`, without quotes: write \
                      `shared = LIMIT`, where `LIMIT` is for example a `static LIMIT: \
                      LazyLock<RedisRateLimit>`";

/// What is said of the limit where it is built.
const OF_THE_BUILDER: [&str; 5] = ["burst", "algorithm", "wait", "leases", "capacity"];

/// Whether these are the settings of a limit that several processes share.
pub(super) fn is_meant(named: &[Choice]) -> bool {
    named.iter().any(|it| it.name == "shared")
}

impl SharedLimit {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let limit = match setting.flag() {
            Ok(()) => Ok(None),
            Err(_) => Self::limit(setting).map(Some),
        };
        let is_broken = limit.is_err();
        let limit = diagnostics.keep(limit).flatten();
        let this = Self { word: setting.word().clone(), limit, is_broken };
        this.check_available(diagnostics, AVAILABLE);
        this
    }

    fn limit(setting: &Setting) -> syn::Result<Expr> {
        let limit = setting.expr()?;
        match literal::literal(&limit) {
            None => Ok(limit),
            Some(_) => Err(syn::Error::new_spanned(limit, WANTED)),
        }
    }

    /// Whether the limit is that of a policy which is built elsewhere.
    pub(super) fn comes_with_the_policy(&self) -> bool {
        self.limit.is_none()
    }

    fn check_available(&self, diagnostics: &mut Diagnostics, is_available: bool) {
        if !is_available {
            diagnostics.error(&self.word, NOT_AVAILABLE);
        }
    }

    /// Without a policy from elsewhere it has to say which limit.
    pub(super) fn check_own(&self, diagnostics: &mut Diagnostics) {
        if self.limit.is_none() && !self.is_broken {
            diagnostics.error(&self.word, WANTED);
        }
    }

    /// How a call says whose it is: in words that other processes understand.
    pub(super) fn call_setting(&self, krate: &CratePath, key: &Expr) -> Option<TokenStream> {
        if !AVAILABLE {
            return None;
        }
        let span = key.span().resolved_at(Span::mixed_site());
        let here = krate.at(span);
        let text = quote_spanned!(span=> #here::__private::shared_rate_limit_key(&(#key)));
        Some(quote!(.with_shared_rate_limit_key(#text)))
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Some(limit) = self.limit.as_ref().filter(|_| AVAILABLE) else {
            return TokenStream::new();
        };
        let span = limit.span().resolved_at(Span::mixed_site());
        let here = policy.krate.at(span);
        let found = quote_spanned!(span=> #here::__private::shared_rate_limit(&#limit));
        quote!(.shared_rate_limit(#found))
    }
}

/// Tells of what the limit brings along, and removes it.
pub(super) fn check_alone(diagnostics: &mut Diagnostics, values: &[Expr], named: &mut Vec<Choice>) {
    if let Some(rate) = values.first() {
        diagnostics.error(
            rate,
            "a `rate_limit` is that of this process or a shared one, and this says both; remove the \
             rate and give it to the builder of the shared limit, as in \
             `.quota(Quota::per_second(100))`, or remove `shared` for a limit of this process alone",
        );
    }
    named.retain(|it| {
        let Some(name) = OF_THE_BUILDER.iter().find(|name| it.name == **name) else { return true };
        diagnostics.error(&it.name, brought_along(name));
        false
    });
}

fn brought_along(name: &str) -> String {
    match name {
        "burst" => "a shared limit brings its burst along: give it to its builder, as in \
                    `.quota(Quota::per_second(100).burst(20))`"
            .into(),
        "wait" => "a shared limit brings its wait along: give it to its builder, as in \
                   `.wait(Duration::from_millis(50))`"
            .into(),
        _ => format!(
            "a shared limit has no `{name}`: it is a token bucket in a server; remove `{name}`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_it_is_told_what_to_write() {
        let word = Ident::new("shared", Span::call_site());
        let limit = SharedLimit { word, limit: None, is_broken: false };
        let told = |is_available| {
            let mut diagnostics = Diagnostics::new();
            limit.check_available(&mut diagnostics, is_available);
            diagnostics.finish().is_err()
        };
        assert_eq!([told(true), told(false)], [false, true]);
    }
}
