//! The derives of the `reliability` crate and its macros with an exclamation mark, documented where that crate re-exports them.
#![allow(
    missing_docs,
    reason = "the documentation stands at the re-exports, where its examples run"
)]

use proc_macro::TokenStream;

#[proc_macro_derive(StateMachine, attributes(machine, state))]
pub fn state_machine(input: TokenStream) -> TokenStream {
    reliability_macros_core::derive::state_machine(input.into()).into()
}

#[proc_macro_derive(Packed, attributes(packed))]
pub fn packed(input: TokenStream) -> TokenStream {
    reliability_macros_core::derive::packed(input.into()).into()
}

#[proc_macro_derive(Fault, attributes(fault))]
pub fn fault(input: TokenStream) -> TokenStream {
    reliability_macros_core::derive::fault(input.into()).into()
}

#[proc_macro_derive(Aggregate, attributes(aggregate))]
pub fn aggregate(input: TokenStream) -> TokenStream {
    reliability_macros_core::derive::aggregate(input.into()).into()
}

#[proc_macro_derive(Events, attributes(events, event))]
pub fn events(input: TokenStream) -> TokenStream {
    reliability_macros_core::derive::events(input.into()).into()
}

#[proc_macro_derive(Saga, attributes(saga, step, pivot, then, wait, signal))]
pub fn saga(input: TokenStream) -> TokenStream {
    reliability_macros_core::saga::derive(input.into()).into()
}

#[proc_macro_derive(Tcc, attributes(tcc))]
pub fn tcc(input: TokenStream) -> TokenStream {
    reliability_macros_core::derive::tcc(input.into()).into()
}

#[proc_macro]
pub fn slo(input: TokenStream) -> TokenStream {
    reliability_macros_core::slo::promise::expand(input.into()).into()
}

#[proc_macro]
pub fn choreography(input: TokenStream) -> TokenStream {
    reliability_macros_core::choreography::wiring::expand(input.into()).into()
}
