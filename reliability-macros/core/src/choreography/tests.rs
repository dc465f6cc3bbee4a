use expect_test::expect_file;
use quote::quote;

use super::{expand, wiring};
use crate::dump::{count, pretty};

fn participant(method: proc_macro2::TokenStream) -> String {
    expand(quote!(PlaceOrder), quote!(impl Card { #method })).to_string()
}

#[test]
fn a_participant_keeps_its_methods_and_says_what_they_make() {
    let expanded = participant(quote! {
        #[on(Reserved, Quoted => Charged, retry = 3)]
        async fn charge(&self, cx: &Cx, order: &Order, a: &Stock, b: &Price) -> Result<Receipt, Outcome<Refused>> {
            ask(cx, order, a, b).await
        }
    });
    assert!(!expanded.contains("compile_error"), "{expanded}");
    assert!(!expanded.contains("# [on"), "{expanded}");
    for part in ["ask (cx , order , a , b)", "place_order :: Quoted", "attempts (3)", "\"card\""] {
        assert!(expanded.contains(part), "`{part}` is not in {expanded}");
    }
}

#[test]
fn the_expansions_read_like_code_by_hand() {
    let warehouse = expand(
        quote!(PlaceOrder, name = "stock", steps = shop::events, crate = ::elsewhere),
        quote! {
            #[cfg(unix)]
            impl<S: Store> Warehouse<S> {
                #[on(start => Reserved, undo = release, retry = 5, undo_retry = 8, timeout = "2s")]
                async fn reserve(&self, cx: &Cx, order: &Order) -> Result<Stock, Outcome<Refused>> {
                    self.take(order).await
                }

                async fn release(&self, _: &Cx, _: &Order, _: Attempt<'_, Stock>) -> Result<(), Transient> {
                    self.give_back().await
                }

                #[on(Reserved, Charged, backoff = exponential("50ms", max = "1s"))]
                async fn pack(&self, _: &Cx, _: &Order, _: &Stock, _: &Receipt) -> Result<(), Transient> {
                    Ok(())
                }
            }
        },
    );
    let orders = wiring::expand(quote! {
        pub Orders: shop::PlaceOrder {
            Warehouse<Postgres>,
            elsewhere card { on(Reserved => Charged) },
            terminal Mailed,
            steps = shop::events,
            crate = ::elsewhere,
        }
    });
    let (warehouse, orders) = (pretty(warehouse), pretty(orders));
    assert!(!warehouse.contains("::reliability") && !orders.contains("::reliability"));
    expect_file!["tests/warehouse.expanded.rs"].assert_eq(&warehouse);
    expect_file!["tests/orders.expanded.rs"].assert_eq(&orders);
}

#[test]
fn an_expansion_stays_within_its_budget() {
    for (handlers, budget) in [(1, 530), (20, 9_000)] {
        let names = (0..handlers).map(|at| quote::format_ident!("E{at}"));
        let methods = names.map(|event| {
            let method = crate::derive::snake_case(&event);
            quote! {
                #[on(start => #event, undo = none("it only looks"))]
                async fn #method(&self, _: &Cx, _: &u64) -> Result<u32, Outcome<String>> {}
            }
        });
        let block = quote!(impl Many { #(#methods)* });
        let tokens = count(expand(quote!(Events), block));
        assert!(tokens <= budget, "{handlers} handlers: {tokens} tokens of {budget}");
        assert!(tokens > budget * 8 / 10, "the budget of {tokens} tokens can be cut from {budget}");
    }
    let tokens =
        count(wiring::expand(quote!(pub Orders: PlaceOrder { Warehouse, Card, terminal Mailed })));
    let budget = 400;
    assert!(tokens <= budget, "{tokens} tokens of {budget}");
    assert!(tokens > budget * 8 / 10, "the budget of {tokens} tokens can be cut from {budget}");
}

#[test]
fn a_body_that_is_being_typed_is_no_mistake_in_the_attribute() {
    let half = participant(quote! {
        #![allow(dead_code)]
        #[on(Reserved => Charged)]
        async fn charge(&self, _: &Cx, _: &Order, stock: &Stock) -> Result<Receipt, Outcome<Refused>> {
            let price = stock.;
            self.
        }
    });
    assert!(!half.contains("compile_error"), "{half}");
    assert!(half.contains("let price = stock . ;") && half.contains("HANDLERS"), "{half}");
    assert!(half.starts_with("# [allow (dead_code)] impl Card"), "{half}");
}

#[test]
fn what_cannot_be_read_is_given_back_without_what_nobody_else_knows() {
    let on_a_trait = expand(
        quote!(PlaceOrder),
        quote!(
            trait Card {
                #[on(A => B)]
                fn charge();
            }
        ),
    );
    let on_a_trait = on_a_trait.to_string();
    assert!(on_a_trait.contains("goes on an `impl` block"), "{on_a_trait}");
    assert!(on_a_trait.ends_with("trait Card { fn charge () ; }"), "{on_a_trait}");

    let half = participant(quote!(#[on(A => B)] async fn charge(&self, cx:) {}));
    assert!(!half.contains("goes on an") && half.contains("compile_error"), "{half}");
    assert!(half.ends_with("impl Card { async fn charge (& self , cx :) { } }"), "{half}");
}

#[test]
fn written_names_are_those_of_others() {
    let expanded = expand(
        quote!(Match),
        quote! {
            impl r#Match {
                #[on(start)]
                async fn r#type(&self, _: &Cx, _: &u8) -> Result<(), Transient> {}
                #[on(start => Done)]
                async fn r#loop(&self, _: &Cx, _: &u8) -> Result<u8, Outcome<()>> {}
            }
        },
    )
    .to_string();
    assert!(
        expanded.contains("NAME : & 'static :: core :: primitive :: str = \"match\""),
        "{expanded}"
    );
    assert!(expanded.contains("Link :: of (\"match\" , \"type\")"), "{expanded}");
    assert!(expanded.contains("r#match :: Done"), "{expanded}");
    assert!(!expanded.contains("\"r#"), "{expanded}");

    let elsewhere = wiring::expand(quote!(Orders: Match { elsewhere r#match { on(A => r#Type) } }));
    assert!(elsewhere.to_string().contains("of (\"match\" , \"Type\")"), "{elsewhere}");

    for wrong in [quote!(Größe), quote!(Start)] {
        let expanded = expand(
            quote!(Events),
            quote! {
                impl #wrong {
                    #[on(A)]
                    async fn look(&self, _: &Cx, _: &u8, _: &u8) -> Result<(), Transient> {}
                }
            },
        );
        assert!(expanded.to_string().contains("write another one"), "{expanded}");
    }
}

#[test]
fn a_lifetime_stands_at_references_only() {
    let fine = participant(quote! {
        #[on(A)]
        async fn look<'a>(&'a self, _: &'a Cx, _: &'a u8, _: &'a u8) -> Result<(), Transient> {}
    });
    assert!(!fine.contains("compile_error"), "{fine}");
    let borrowed = participant(quote! {
        #[on(A)]
        async fn look<'a>(&self, _: &Cx, _: &u8, _: &Text<'a>) -> Result<(), Transient> {}
    });
    assert!(borrowed.contains("it borrows nothing"), "{borrowed}");
    for (block, bound) in [
        (quote!(impl<'a> Card<'a>), "impl < 'a : 'static >"),
        (quote!(impl Card<'_>), "for Card < 'static >"),
    ] {
        let borrows = expand(
            quote!(Events),
            quote! {
                #block {
                    #[on(A)]
                    async fn look(&self, _: &Cx, _: &u8, _: &u8) -> Result<(), Transient> {}
                }
            },
        );
        let borrows = borrows.to_string();
        assert_eq!(borrows.matches("compile_error").count(), 1, "{borrows}");
        assert!(borrows.contains(bound), "{borrows}");
    }
}

#[test]
fn three_mistakes_are_told_at_once() {
    let expanded = participant(quote! {
        #[on(start, Reserved => Charged)]
        async fn charge(&self, cx: &Cx, order: &Order, a: &Stock) -> Result<Receipt, Outcome<Refused>> {}

        #[on(Charged => Mailed)]
        fn mail(&self, cx: &Cx, order: &Order, receipt: &Receipt) -> Result<(), Transient> {}

        #[on(Mailed)]
        async fn look(&self, cx: &Cx, order: &Order) -> Result<(), Transient> {}
    });
    assert_eq!(expanded.matches("compile_error").count(), 3, "{expanded}");
    // Nothing else is wrong because of that.
    assert!(expanded.contains("Link :: of (\"card\" , \"\")"), "{expanded}");
}

#[test]
fn who_does_what_is_one_list() {
    let expanded = wiring::expand(quote! {
        pub Orders: shop::PlaceOrder {
            Card,
            elsewhere mail { on(Charged => Mailed) on(Reserved, Charged) },
            terminal Mailed,
        }
    })
    .to_string();
    assert!(!expanded.contains("compile_error"), "{expanded}");
    assert!(expanded.contains("shop :: place_order :: Charged"), "{expanded}");
    assert_eq!(expanded.matches("Link :: of (\"mail\"").count(), 2, "{expanded}");

    let wrong = wiring::expand(quote!(Orders: PlaceOrder { elsewhere mail { Charged } }));
    assert!(wrong.to_string().contains("write what `mail` listens to"), "{wrong}");
}
