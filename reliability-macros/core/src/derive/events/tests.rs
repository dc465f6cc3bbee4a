use expect_test::expect_file;
use quote::quote;

use super::events;
use crate::dump::{count, pretty};

#[test]
fn the_expansion_reads_like_code_by_hand() {
    let expansion = events(quote! {
        #[events(kind = "account", aggregate = Account, states = account, retired("Noted"))]
        enum AccountEvent {
            #[event(apply(Unopened => opened))]
            Opened(Opened),
            #[event(apply(Open => paid, Frozen => kept), version = 3, upcast(1 => old::a, 2 => b), was("In"))]
            Paid(u64),
            #[event(apply(Open => closed))]
            Closed,
        }
    });
    expect_file!["tests/account.expanded.rs"].assert_eq(&pretty(expansion));
}

#[test]
fn the_expansion_for_a_struct_reads_like_code_by_hand() {
    let expansion = events(quote! {
        #[events(kind = "counter", aggregate = Counter, crate = ::elsewhere)]
        enum CounterEvent {
            #[event(apply = added)]
            Added(u64),
            #[event(apply = Counter::reset)]
            Reset,
        }
    });
    let text = pretty(expansion);
    assert!(!text.contains("::reliability"), "{text}");
    expect_file!["tests/counter.expanded.rs"].assert_eq(&text);
}

#[test]
fn an_expansion_stays_within_its_budget() {
    for (variants, budget) in [(1, 700), (20, 6_300)] {
        let names = (0..variants).map(|at| quote::format_ident!("E{at}"));
        let tokens = count(events(quote! {
            #[events(kind = "many", aggregate = Many, states = many)]
            enum ManyEvent { #(#[event(apply(Open => on))] #names(u32)),* }
        }));
        assert!(tokens <= budget, "{variants} events: {tokens} tokens of {budget}");
        assert!(tokens > budget * 8 / 10, "the budget of {tokens} tokens can be cut from {budget}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_the_events_are_there() {
    let text = pretty(events(quote! {
        #[events(kind = "Account", aggregat = Account)]
        enum AccountEvent {
            #[event(version = 3, upcast(1 => a))]
            Opened(Opened),
            #[event(apply(Open -> closed))]
            Closed { at: u8 },
        }
    }));
    assert_eq!(text.matches("compile_error").count(), 5, "{text}");
    assert!(text.contains("event_sourcing::Events for AccountEvent"), "{text}");
}
