use expect_test::expect_file;
use proc_macro2::{TokenStream, TokenTree};
use quote::{format_ident, quote};

use super::*;
use crate::dump::{count, pretty};

fn place_order() -> TokenStream {
    quote! {
        /// The order of the documentation.
        #[derive(Debug, serde::Serialize)]
        pub enum PlaceOrder {
            /// Goods are put aside.
            #[step(stock::reserve, undo = stock::release, retry = 5, timeout = "2s", backoff = exponential("50ms", max = "1s"), undo_retry = 8)]
            Reserved(Stock),
            #[step(price::quote, undo = none("read only"), beside = Reserved)]
            Quoted(Price),
            #[signal]
            Approved(String),
            #[wait("24h")]
            Cooled(()),
            #[pivot(card::charge, needs(Reserved, Quoted), probe = card::find)]
            Charged(Receipt),
            #[then(mail::confirm, needs(Charged))]
            Mailed(()),
        }
    }
}

fn settings() -> TokenStream {
    quote!(input = Order, refuse = Refused, shared = Shop, version = 3, migrate(2 => from_v2), drain(1), deadline = "1h")
}

#[test]
fn the_expansion_reads_like_code_by_hand() {
    let expansion = pretty(expand(settings(), place_order()));
    expect_file!["tests/place_order.expanded.rs"].assert_eq(&expansion);
}

#[test]
fn the_derive_writes_the_same_without_the_enum() {
    let settings = settings();
    let order = place_order();
    let derived = derive(quote!(#[saga(#settings)] #order)).to_string();
    // A derive does not see its neighbours, so the outputs have what `derive(..)` says.
    let declared = expand(quote!(#settings, derive(Debug)), order.clone()).to_string();
    let derived = derived.replacen("struct PlaceOrderDone", "#", 1);
    let (_, items) = declared.split_once("The outputs of all steps").unwrap();
    assert!(!derived.contains("enum PlaceOrder {"), "{derived}");
    assert_eq!(derived.split("mod place_order").nth(1), items.split("mod place_order").nth(1));
}

fn saga_of(steps: usize) -> TokenStream {
    let names: Vec<_> = (0..steps).map(|step| format_ident!("S{step}")).collect();
    let variants = (0..steps).map(|step| {
        let (name, needs) = (&names[step], names[..step].last());
        let needs = needs.map(|needs| quote!(, needs(#needs)));
        quote!(#[step(go, undo = back #needs)] #name(u32))
    });
    expand(quote!(input = Order, refuse = Refused), quote!(enum Many { #(#variants),* }))
}

#[test]
fn an_expansion_stays_within_its_budget() {
    for (steps, budget) in [(1, 1_300), (50, 40_000)] {
        let tokens = count(saga_of(steps));
        assert!(tokens <= budget, "{steps} steps: {tokens} tokens of {budget}");
        assert!(tokens > budget * 8 / 10, "{steps} steps: {tokens} tokens, cut from {budget}");
    }
}

/// The direct predecessors of each step, by the first letter of its name.
fn order_of(steps: &[(&str, TokenStream)]) -> Vec<String> {
    let variants = steps.iter().map(|(name, attribute)| {
        let name = format_ident!("{name}");
        quote!(#[#attribute] #name(()))
    });
    let item: syn::DeriveInput = syn::parse_quote!(enum Saga { #(#variants),* });
    let mut diagnostics = crate::Diagnostics::new();
    let args = quote!(input = (), refuse = ());
    let args = Args::read(&mut diagnostics, args, &item.ident);
    let mut model = Model::read(&mut diagnostics, &item, args, &[]).unwrap();
    order::arrange(&mut diagnostics, &mut model);
    diagnostics.finish().unwrap();
    let names = |places: &[usize]| places.iter().map(|&it| model.steps[it].name()).collect();
    model.steps.iter().map(|step| names(&step.after)).collect()
}

#[test]
fn a_step_comes_after_as_few_others_as_say_it() {
    let step = |rest: TokenStream| quote!(step(go, undo = back #rest));
    let line = [("A", step(quote!())), ("B", step(quote!())), ("C", quote!(pivot(go)))];
    assert_eq!(order_of(&line), ["", "A", "B"]);

    let beside = [
        ("A", step(quote!())),
        ("B", step(quote!())),
        ("C", step(quote!(, beside = B))),
        ("D", step(quote!(, beside = B, needs(C)))),
        ("E", quote!(wait("1s"))),
        ("F", quote!(pivot(go, needs(A, D)))),
        ("G", quote!(then(go))),
        ("H", quote!(then(go, beside = G, needs(A)))),
        ("I", quote!(signal)),
    ];
    assert_eq!(order_of(&beside), ["", "A", "A", "C", "BD", "E", "F", "F", "GH"]);

    let first = [("A", step(quote!())), ("B", step(quote!(, beside = A))), ("C", step(quote!()))];
    assert_eq!(order_of(&first), ["", "", "AB"]);
}

#[test]
fn an_expansion_is_written_in_spite_of_every_mistake() {
    let expansion = expand(
        quote!(input = Order, refuze = Refused, version = 0),
        quote! {
            enum Pay {
                #[step(reserve)]
                Reserved(Stock),
                #[pivot(charge, needs(Resreved), retry = 0)]
                Charged(Receipt),
                Mailed,
            }
        },
    );
    let text = pretty(expansion);
    assert!(
        text.contains("impl ::reliability::distributed::transaction::saga::Saga for Pay"),
        "{text}"
    );
    let errors = text.matches("compile_error").count();
    assert_eq!(errors, 6, "{text}");
}

#[test]
fn what_is_no_item_is_given_back() {
    let text = expand(
        quote!(input = Order),
        quote!(
            fn pay() {}
        ),
    )
    .to_string();
    assert!(text.contains("goes on an enum") && text.contains("fn pay () { }"), "{text}");
}

#[test]
fn a_path_of_the_runtime_crate_replaces_every_mention_of_the_default() {
    let settings = settings();
    let expansion = expand(quote!(#settings, crate = ::elsewhere), place_order());
    assert!(!mentions(expansion, "reliability"));
}

fn mentions(tokens: TokenStream, name: &str) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), name),
        TokenTree::Ident(ident) => ident == name,
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
