use expect_test::expect_file;
use proc_macro2::TokenStream;
use quote::quote;

use super::tcc;
use crate::dump::{count, pretty};

fn stock() -> TokenStream {
    quote! {
        #[tcc(
            input = Order,
            refuse = SoldOut,
            try = Stock::reserve,
            confirm = shop::take,
            cancel = Self::release,
            crate = ::elsewhere
        )]
        struct Stock<T: Store>(T)
        where
            T: Clone;
    }
}

#[test]
fn the_expansion_reads_like_code_by_hand() {
    let text = pretty(tcc(stock()));
    assert!(!text.contains("::reliability"), "{text}");
    expect_file!["tests/stock.expanded.rs"].assert_eq(&text);
}

#[test]
fn an_expansion_stays_within_its_budget() {
    let (tokens, budget) = (count(tcc(stock())), 310);
    assert!(tokens <= budget, "{tokens} tokens of {budget}");
    assert!(tokens > budget * 8 / 10, "the budget of {tokens} tokens can be cut from {budget}");
}

#[test]
fn a_raw_name_is_written_without_its_sign() {
    let text = tcc(quote!(
        #[tcc(input = u8, refuse = (), try = a, confirm = b, cancel = c)]
        struct r#type;
    ));
    assert!(text.to_string().contains("= \"type\""), "{text}");
}

fn told(written: TokenStream) -> String {
    tcc(quote!(
        #[tcc(#written)]
        struct Stock;
    ))
    .to_string()
}

#[test]
fn what_is_missing_is_asked_for_one_by_one() {
    let all = [
        ("input", quote!(input = Order)),
        ("refuse", quote!(refuse = No)),
        ("try", quote!(try = Stock::reserve)),
        ("confirm", quote!(confirm = Stock::take)),
        ("cancel", quote!(cancel = Stock::release)),
    ];
    for (missing, _) in &all {
        let written = all.iter().filter(|(name, _)| name != missing).map(|(_, it)| it);
        let told = told(quote!(#(#written),*));
        assert_eq!(told.matches("compile_error").count(), 1, "{told}");
        assert!(told.contains(&format!("Add `{missing} = ")), "{told}");
    }
    let written = all.iter().map(|(_, it)| it);
    let expansion = told(quote!(#(#written),*));
    assert!(!expansion.contains("compile_error"), "{expansion}");
    assert!(expansion.contains("const NAME : & 'static :: core :: primitive :: str = \"Stock\""));
}

#[test]
fn what_cannot_be_reserved_is_sent_to_a_saga() {
    let told =
        told(quote!(input = u32, refuse = No, try = charge, confirm = charge, cancel = back));
    assert_eq!(told.matches("compile_error").count(), 1, "{told}");
    assert!(told.contains("take a saga"), "{told}");
}
