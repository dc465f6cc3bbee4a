use expect_test::expect_file;
use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::state_machine;
use crate::pretty;

fn door(settings: TokenStream) -> TokenStream {
    quote! {
        #[machine(name = "door", #settings)]
        pub enum Door<'a, T: Clone> {
            #[state(initial, to(Open, Locked))]
            Closed,
            /// Somebody holds it.
            #[state(to(Closed))]
            Open { by: &'a T, since: self::Tick },
            #[state(to(Closed), final)]
            Locked(u32),
        }
    }
}

fn gate() -> TokenStream {
    quote! {
        #[machine(name = "gate", atomic)]
        enum Gate {
            #[state(initial, to(Open))]
            Shut,
            #[state(to(Shut))]
            Open { visitors: u16, vip: bool },
        }
    }
}

#[test]
fn the_expansion_reads_like_code_by_hand() {
    let derives = quote!(derive(Debug, Clone, Copy));
    expect_file!["tests/door.expanded.rs"].assert_eq(&pretty(state_machine(door(derives))));
}

#[test]
fn the_expansion_of_an_atomic_machine_reads_like_code_by_hand() {
    expect_file!["tests/gate.expanded.rs"].assert_eq(&pretty(state_machine(gate())));
}

/// Every token that a user sees when a derive is expanded, groups counted by their delimiters.
fn count(tokens: TokenStream) -> usize {
    let each = |token| match token {
        TokenTree::Group(group) => 2 + count(group.stream()),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => 1,
    };
    tokens.into_iter().map(each).sum()
}

fn machine_of(states: usize, atomic: bool) -> TokenStream {
    let names: Vec<_> = (0..states).map(|state| quote::format_ident!("S{state}")).collect();
    let atomic = atomic.then(|| quote!(, atomic));
    let variants = (0..states).map(|state| {
        let (ident, next) = (&names[state], &names[(state + 1) % states]);
        let initial = (state == 0).then(|| quote!(initial,));
        quote!(#[state(#initial to(#next))] #ident { data: u32 })
    });
    quote! {
        #[machine(name = "many" #atomic)]
        enum Many { #(#variants),* }
    }
}

#[test]
fn an_expansion_stays_within_its_budget() {
    for (states, atomic, budget) in [(2, false, 1900), (16, false, 6500), (16, true, 9600)] {
        let tokens = count(state_machine(machine_of(states, atomic)));
        assert!(tokens <= budget, "{states} states, atomic: {atomic}: {tokens} tokens of {budget}");
        assert!(tokens > budget * 8 / 10, "the budget of {tokens} tokens can be cut from {budget}");
    }
}

#[test]
fn a_path_of_the_runtime_crate_replaces_every_mention_of_the_default() {
    let expansion = state_machine(door(quote!(atomic, crate = ::elsewhere)));
    assert!(!mentions(expansion, "reliability"));
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

#[test]
fn an_expansion_is_written_in_spite_of_every_mistake() {
    let expansion = state_machine(quote! {
        #[machine(nam = "door")]
        enum Door {
            #[state(to(Opne, Opne))]
            Closed,
            #[state(finall)]
            Open,
        }
    });
    let text = pretty(expansion);
    assert!(text.contains("pub(super) struct Open;"), "{text}");
    assert_eq!(text.matches("compile_error").count(), 5, "{text}");
}
