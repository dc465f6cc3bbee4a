use expect_test::{Expect, expect};
use quote::quote;

use super::*;
use crate::dump::pretty;

fn check(item: TokenStream, expected: Expect) {
    expected.assert_eq(&pretty(fault(item)));
}

#[test]
fn an_enum_of_plain_classes_is_one_method() {
    check(
        quote! {
            enum QuoteError {
                #[fault(permanent)] UnknownSymbol,
                #[fault(transient)] Reset { peer: String },
            }
        },
        expect![[r#"
            #[automatically_derived]
            impl ::reliability::error::Fault for QuoteError {
                fn class(&self) -> ::reliability::error::Class {
                    match self {
                        Self::UnknownSymbol { .. } => ::reliability::error::Class::Permanent,
                        Self::Reset { .. } => ::reliability::error::Class::Transient,
                    }
                }
                fn describe(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::reliability::__private::describe!(self, f)
                }
            }
        "#]],
    );
}

#[test]
fn sources_are_asked_and_converted() {
    check(
        quote! {
            #[fault(transient, severity = info)]
            enum PriceError<E> {
                Lost,
                #[fault(overloaded, retry_after = after)] Busy { after: Duration },
                #[fault(source)] Inner(E),
                #[fault(from, severity = critical)] Rejected(Rejected),
            }
        },
        expect![[r#"
            #[automatically_derived]
            impl<E> ::reliability::error::Fault for PriceError<E>
            where
                E: ::reliability::error::Fault,
            {
                fn class(&self) -> ::reliability::error::Class {
                    match self {
                        Self::Lost { .. } => ::reliability::error::Class::Transient,
                        Self::Busy { .. } => ::reliability::error::Class::Overloaded,
                        Self::Inner { 0: source, .. } => ::reliability::error::Fault::class(source),
                        Self::Rejected { 0: source, .. } => {
                            ::reliability::error::Fault::class(source)
                        }
                    }
                }
                fn severity(&self) -> ::reliability::error::Severity {
                    match self {
                        Self::Lost { .. } => ::reliability::error::Severity::Info,
                        Self::Busy { .. } => ::reliability::error::Severity::Info,
                        Self::Inner { 0: source, .. } => {
                            ::reliability::error::Fault::severity(source)
                        }
                        Self::Rejected { .. } => ::reliability::error::Severity::Critical,
                    }
                }
                fn retry_after(&self) -> ::core::option::Option<::core::time::Duration> {
                    match self {
                        Self::Busy { after: after, .. } => {
                            ::reliability::__private::RetryAfter::retry_after(after)
                        }
                        Self::Inner { 0: source, .. } => {
                            ::reliability::error::Fault::retry_after(source)
                        }
                        Self::Rejected { 0: source, .. } => {
                            ::reliability::error::Fault::retry_after(source)
                        }
                        _ => ::core::option::Option::None,
                    }
                }
                fn rejection(&self) -> ::core::option::Option<&::reliability::error::Rejected> {
                    match self {
                        Self::Inner { 0: source, .. } => {
                            ::reliability::error::Fault::rejection(source)
                        }
                        Self::Rejected { 0: source, .. } => {
                            ::reliability::error::Fault::rejection(source)
                        }
                        _ => ::core::option::Option::None,
                    }
                }
                fn disposition(&self) -> ::reliability::error::Disposition {
                    match self {
                        Self::Inner { 0: source, .. } => {
                            ::reliability::error::Fault::disposition(source)
                        }
                        Self::Rejected { 0: source, .. } => {
                            ::reliability::error::Fault::disposition(source)
                        }
                        _ => ::reliability::error::Fault::class(self).disposition(),
                    }
                }
                fn recovery(
                    &self,
                ) -> ::core::option::Option<::reliability::error::recovery::Action> {
                    match self {
                        Self::Inner { 0: source, .. } => {
                            ::reliability::error::Fault::recovery(source)
                        }
                        Self::Rejected { 0: source, .. } => {
                            ::reliability::error::Fault::recovery(source)
                        }
                        _ => ::core::option::Option::None,
                    }
                }
                fn fingerprint(&self) -> ::core::option::Option<&'static ::core::primitive::str> {
                    match self {
                        Self::Inner { 0: source, .. } => {
                            ::reliability::error::Fault::fingerprint(source)
                        }
                        Self::Rejected { 0: source, .. } => {
                            ::reliability::error::Fault::fingerprint(source)
                        }
                        _ => ::core::option::Option::None,
                    }
                }
                fn describe(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::reliability::__private::describe!(self, f)
                }
            }
            #[automatically_derived]
            impl<E> ::core::convert::From<Rejected> for PriceError<E> {
                fn from(source: Rejected) -> Self {
                    Self::Rejected { 0: source }
                }
            }
        "#]],
    );
}

#[test]
fn a_struct_has_one_class() {
    let item = quote!(
        #[fault(overloaded, retry_after = 1)]
        struct Busy(u8, Option<Duration>);
    );
    check(
        item,
        expect![[r#"
            #[automatically_derived]
            impl ::reliability::error::Fault for Busy {
                fn class(&self) -> ::reliability::error::Class {
                    match self {
                        Self { .. } => ::reliability::error::Class::Overloaded,
                    }
                }
                fn retry_after(&self) -> ::core::option::Option<::core::time::Duration> {
                    match self {
                        Self { 1: after, .. } => {
                            ::reliability::__private::RetryAfter::retry_after(after)
                        }
                    }
                }
                fn describe(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::reliability::__private::describe!(self, f)
                }
            }
        "#]],
    );
}

#[test]
fn a_mistake_leaves_an_impl_behind() {
    let expansion = fault(quote!(
        enum E {
            A,
        }
    ))
    .to_string();
    assert!(expansion.contains("is `A` worth another try?"), "{expansion}");
    assert!(expansion.contains("Fault for E"), "{expansion}");
}

#[test]
fn a_mistake_in_a_class_is_no_missing_class() {
    let expansion = fault(quote!(
        enum E {
            #[fault(transent)]
            A,
        }
    ))
    .to_string();
    assert_eq!(expansion.matches("compile_error").count(), 1, "{expansion}");
    assert!(expansion.contains("did you mean `transient`?"), "{expansion}");
}

#[test]
fn an_expansion_stays_within_its_budget() {
    fn tokens(stream: TokenStream) -> usize {
        let inside = |token| match token {
            proc_macro2::TokenTree::Group(group) => 2 + tokens(group.stream()),
            _ => 1,
        };
        stream.into_iter().map(inside).sum()
    }

    let size = |variants: usize| {
        let names = (0..variants).map(|n| quote::format_ident!("V{n}"));
        tokens(fault(quote!(enum E { #(#[fault(transient)] #names),* })))
    };
    let per_variant = (size(20) - size(10)) / 10;
    assert!(size(1) <= 120, "{} tokens", size(1));
    assert!(per_variant <= 24, "{per_variant} tokens for a variant");
}
