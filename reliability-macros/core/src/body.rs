//! What all wrapping attributes do with a body: type it, and rename an owned `self` in it.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{ReturnType, Type, spanned::Spanned as _, visit_mut::VisitMut};

use crate::crate_path::CratePath;

/// A statement that never runs. It makes rustc learn the type of the block before it checks the
/// body, so that a wrong `Ok(..)` is reported at the user's expression.
pub(crate) fn typed_return(krate: &CratePath, output: &ReturnType) -> TokenStream {
    let ty = match output {
        ReturnType::Default => return TokenStream::new(),
        ReturnType::Type(_, ty) => ty,
    };
    let span = ty.span().resolved_at(Span::mixed_site());
    let ty = erase_impl_trait(ty);
    quote_spanned!(span=> if false { return #krate::__private::typed::<#ty>(); })
}

/// `impl Trait` may not be written inside a body, so it becomes `_` there.
pub(crate) fn erase_impl_trait(ty: &Type) -> Type {
    struct Eraser;

    impl VisitMut for Eraser {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            if let Type::ImplTrait(_) = ty {
                *ty = syn::parse_quote!(_);
            } else {
                syn::visit_mut::visit_type_mut(self, ty);
            }
        }
    }

    let mut ty = ty.clone();
    Eraser.visit_type_mut(&mut ty);
    ty
}

/// The statements with `self` replaced by `this`, except in items that have a `self` of their own.
pub(crate) fn rename_self(statements: TokenStream, this: &Ident) -> TokenStream {
    let mut renamed = TokenStream::new();
    let mut tokens = statements.into_iter().peekable();
    // Inside `fn name(..) {..}` or `impl .. {..}`: up to the brace or semicolon.
    let mut in_item = false;
    while let Some(token) = tokens.next() {
        let token = match token {
            TokenTree::Ident(word) if word == "self" && !in_item => {
                let span = this.span().located_at(word.span());
                Ident::new(&this.to_string(), span).into()
            }
            TokenTree::Ident(word) => {
                let names_item = matches!(tokens.peek(), Some(TokenTree::Ident(_)));
                in_item |= word == "impl" || word == "trait" || (word == "fn" && names_item);
                word.into()
            }
            TokenTree::Group(group) if !in_item => {
                let mut inner = Group::new(group.delimiter(), rename_self(group.stream(), this));
                inner.set_span(group.span());
                inner.into()
            }
            TokenTree::Group(group) => {
                in_item &= group.delimiter() != Delimiter::Brace;
                group.into()
            }
            TokenTree::Punct(punct) => {
                in_item &= punct.as_char() != ';';
                punct.into()
            }
            literal @ TokenTree::Literal(_) => literal,
        };
        renamed.extend([token]);
    }
    renamed
}

/// Where errors about the error type are shown: at the last generic argument of the return type,
/// or at the return type.
pub(crate) fn error_span(output: &ReturnType) -> Span {
    let ReturnType::Type(_, ty) = output else {
        return Span::call_site();
    };
    if let Type::Path(path) = &**ty
        && let Some(last) = path.path.segments.last()
        && let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && arguments.args.len() > 1
        && let Some(error) = arguments.args.last()
    {
        return error.span();
    }
    ty.span()
}

/// `quote!` of the type that a function returns, for messages.
pub(crate) fn in_words(tokens: &impl ToTokens) -> String {
    let mut text = quote!(#tokens).to_string();
    for (spaced, tight) in [
        (" < ", "<"),
        (" >", ">"),
        (" ,", ","),
        (" :: ", "::"),
        ("& ", "&"),
        (" ;", ";"),
        ("( ", "("),
        (" )", ")"),
        (" (", "("),
        (" :", ":"),
        ("< ", "<"),
    ] {
        text = text.replace(spaced, tight);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_self_of_the_function_is_renamed() {
        let this = Ident::new("this", Span::call_site());
        let body = quote! {
            let a = self.a(|| self.b);
            fn inner(&self) -> u8 { self.c }
            impl X { fn d(&self) {} }
            self.e()
        };
        let expected = quote! {
            let a = this.a(|| this.b);
            fn inner(&self) -> u8 { self.c }
            impl X { fn d(&self) {} }
            this.e()
        };
        assert_eq!(rename_self(body, &this).to_string(), expected.to_string());
    }

    #[test]
    fn types_read_as_they_are_written() {
        let ty: Type = syn::parse_quote!(Result<Vec<u8>, crate::Error>);
        assert_eq!(in_words(&ty), "Result<Vec<u8>, crate::Error>");
    }
}
