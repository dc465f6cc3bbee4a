//! The attributes of the `reliability` crate, documented where that crate re-exports them.
#![allow(
    missing_docs,
    reason = "the documentation stands at the re-exports, where its examples run"
)]

use proc_macro::TokenStream;

#[proc_macro_attribute]
pub fn resilient(args: TokenStream, item: TokenStream) -> TokenStream {
    reliability_macros_core::resilient::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn traced(args: TokenStream, item: TokenStream) -> TokenStream {
    reliability_macros_core::traced::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn slo(args: TokenStream, item: TokenStream) -> TokenStream {
    reliability_macros_core::slo::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn saga(args: TokenStream, item: TokenStream) -> TokenStream {
    reliability_macros_core::saga::expand(args.into(), item.into()).into()
}

#[proc_macro_attribute]
pub fn participant(args: TokenStream, item: TokenStream) -> TokenStream {
    reliability_macros_core::choreography::expand(args.into(), item.into()).into()
}
