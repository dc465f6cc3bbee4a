use expect_test::expect_file;
use quote::quote;

use super::aggregate;
use crate::dump::{count, pretty};

#[test]
fn the_expansion_reads_like_code_by_hand() {
    let expansion = aggregate(quote! {
        #[machine(name = "account")]
        #[aggregate(
            command = Command,
            event = AccountEvent<u8>,
            refuse = Refused,
            decide = Self::decided,
            snapshot(every = 100, version = 2),
            crate = ::elsewhere
        )]
        enum Account {
            #[state(initial, to(Open))]
            Unopened,
            #[state(final)]
            Open { cents: u64 },
        }
    });
    let text = pretty(expansion);
    assert!(!text.contains("::reliability"), "{text}");
    expect_file!["tests/account.expanded.rs"].assert_eq(&text);
}

#[test]
fn an_expansion_stays_within_its_budget() {
    let tokens = count(aggregate(quote! {
        #[aggregate(command = u8, event = Event, refuse = (), decide = decide)]
        struct Sum(u64);
    }));
    let budget = 130;
    assert!(tokens <= budget, "{tokens} tokens of {budget}");
    assert!(tokens > budget * 8 / 10, "the budget of {tokens} tokens can be cut from {budget}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = pretty(aggregate(quote! {
        #[aggregate(comand = Command, event = "AccountEvent", snapshot(evry = 3), refuse)]
        struct Account;
    }));
    assert_eq!(text.matches("compile_error").count(), 4, "{text}");
}
