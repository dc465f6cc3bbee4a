use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

/// The path under which an expansion finds the runtime crate: `::reliability`, or what the user
/// wrote as `crate = ::some::re_export`.
///
/// # Examples
///
/// ```
/// use quote::ToTokens;
/// use reliability_macros_core::CratePath;
///
/// let default = CratePath::default();
/// assert_eq!(default.to_token_stream().to_string(), ":: reliability");
/// let moved = CratePath::parse(quote::quote!(::my::reliability)).unwrap();
/// assert_eq!(moved.to_token_stream().to_string(), ":: my :: reliability");
/// assert!(CratePath::parse(quote::quote!(my::reliability)).is_err());
/// ```
#[derive(Debug, Clone)]
pub struct CratePath(TokenStream);

impl CratePath {
    /// Reads what stands after `crate =`.
    ///
    /// # Errors
    ///
    /// When it is not a path, or one that depends on where it is read: the expansion uses it in
    /// several modules.
    pub fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let path = syn::parse2::<Path>(tokens)?;
        Self::check(&path)?;
        Ok(Self(path.into_token_stream()))
    }

    /// The same for a path that another parser has read.
    ///
    /// # Errors
    ///
    /// When it is relative.
    pub fn from_path(path: &Path) -> syn::Result<Self> {
        Self::check(path)?;
        Ok(Self(path.to_token_stream()))
    }

    /// What was written, for expansions beside an error about it: it may well lead there.
    pub(crate) fn as_written(tokens: TokenStream) -> Self {
        syn::parse2::<Path>(tokens).map_or_else(|_| Self::default(), |path| Self(quote!(#path)))
    }

    /// The same path with its tokens located at `span`, where the compiler is to point.
    #[must_use]
    pub fn at(&self, span: Span) -> TokenStream {
        let tokens = self.0.clone().into_iter().map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        });
        tokens.collect()
    }

    fn check(path: &Path) -> syn::Result<()> {
        let is_crate = path.segments.first().is_some_and(|first| first.ident == "crate");
        if path.leading_colon.is_some() || is_crate {
            return Ok(());
        }
        let written = path.to_token_stream().to_string().replace(' ', "");
        Err(syn::Error::new_spanned(
            path,
            format!(
                "the path of the runtime crate must be absolute: write `::{written}` for another \
                 crate, or `crate::{written}` for a re-export in this one"
            ),
        ))
    }
}

impl Default for CratePath {
    fn default() -> Self {
        Self(quote!(::reliability))
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.0.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_refused_with_both_absolute_ones() {
        let error = CratePath::parse(quote!(my::re_export)).unwrap_err().to_string();
        assert!(error.contains("`::my::re_export`"), "{error}");
        assert!(error.contains("`crate::my::re_export`"), "{error}");
    }

    #[test]
    fn crate_itself_is_absolute() {
        for path in [quote!(crate), quote!(crate::vendored), quote!(::other)] {
            assert!(CratePath::parse(path.clone()).is_ok(), "{path}");
        }
    }
}
