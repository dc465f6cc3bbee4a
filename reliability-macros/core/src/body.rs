//! What all wrapping attributes do with a body: type it, and rename an owned `self` in it.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream, TokenTree};
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

/// The statements with `self` replaced by `this`, also where a format string captures it; except in
/// items that have a `self` of their own, and in paths, where it is a module.
pub(crate) fn rename_self(statements: TokenStream, this: &Ident) -> TokenStream {
    rename(statements, this, false)
}

fn rename(tokens: TokenStream, this: &Ident, in_macro: bool) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    // Inside `fn name(..) {..}`, `impl .. {..}` or `use ..;`: up to the brace or semicolon.
    let mut in_item = false;
    let renamed = tokens.iter().enumerate().map(|(place, token)| {
        let (before, after) = (&tokens[..place], &tokens[place + 1..]);
        match token {
            TokenTree::Ident(word) if word == "self" && !in_item && !begins_path(after) => {
                let span = this.span().located_at(word.span());
                Ident::new(&this.to_string(), span).into()
            }
            TokenTree::Ident(word) => {
                let names_item = matches!(after.first(), Some(TokenTree::Ident(_)));
                in_item |= word == "impl" || word == "trait" || word == "use";
                in_item |= word == "fn" && names_item;
                token.clone()
            }
            TokenTree::Group(_) if is_visibility(before) => token.clone(),
            TokenTree::Group(group) if !in_item => {
                let in_macro = in_macro || is_macro(before);
                let mut inner =
                    Group::new(group.delimiter(), rename(group.stream(), this, in_macro));
                inner.set_span(group.span());
                inner.into()
            }
            TokenTree::Group(group) => {
                in_item &= group.delimiter() != Delimiter::Brace;
                token.clone()
            }
            TokenTree::Punct(punct) => {
                in_item &= punct.as_char() != ';';
                token.clone()
            }
            TokenTree::Literal(literal) if in_macro => rename_captured(literal, this).into(),
            TokenTree::Literal(_) => token.clone(),
        }
    });
    renamed.collect()
}

/// Whether `::` comes next.
fn begins_path(after: &[TokenTree]) -> bool {
    let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ':');
    matches!(after, [first, second, ..] if is_colon(first) && is_colon(second))
}

/// Whether `pub` came last, as in `pub(self)`.
fn is_visibility(before: &[TokenTree]) -> bool {
    matches!(before.last(), Some(TokenTree::Ident(word)) if word == "pub")
}

/// Whether `name!` came last.
fn is_macro(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(_), TokenTree::Punct(mark)] if mark.as_char() == '!')
}

/// `"{self:?}"` with the other name, where it is the string of a macro.
fn rename_captured(literal: &Literal, this: &Ident) -> Literal {
    let text = literal.to_string();
    let mut renamed = String::new();
    let mut rest = text.as_str();
    while let Some(place) = rest.find("{self") {
        let (head, tail) = (&rest[..place + 1], &rest[place + "{self".len()..]);
        renamed.push_str(head);
        let is_escaped = head.len() - head.trim_end_matches('{').len() == 2;
        let is_captured = !is_escaped && tail.starts_with(['}', ':']);
        renamed.push_str(&if is_captured { this.to_string() } else { "self".into() });
        rest = tail;
    }
    renamed.push_str(rest);
    let mut renamed = renamed.parse().unwrap_or_else(|_| literal.clone());
    renamed.set_span(literal.span());
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
    fn a_self_that_is_a_module_stays() {
        let this = Ident::new("this", Span::call_site());
        let body = quote! {
            use self::deep::f;
            use std::fmt::{self, Debug};
            pub(self) const N: u8 = self::n();
            f(self)
        };
        let expected = quote! {
            use self::deep::f;
            use std::fmt::{self, Debug};
            pub(self) const N: u8 = self::n();
            f(this)
        };
        assert_eq!(rename_self(body, &this).to_string(), expected.to_string());
    }

    #[test]
    fn a_format_string_captures_the_other_name() {
        let this = Ident::new("this", Span::call_site());
        let body = quote! {
            println!("{self} {self:?} {selfish} {{self}} {}", f("{self}"));
            g("{self}")
        };
        let expected = quote! {
            println!("{this} {this:?} {selfish} {{self}} {}", f("{this}"));
            g("{self}")
        };
        assert_eq!(rename_self(body, &this).to_string(), expected.to_string());
    }

    #[test]
    fn types_read_as_they_are_written() {
        let ty: Type = syn::parse_quote!(Result<Vec<u8>, crate::Error>);
        assert_eq!(in_words(&ty), "Result<Vec<u8>, crate::Error>");
    }
}
