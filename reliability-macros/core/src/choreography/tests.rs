use quote::quote;

use super::{expand, wiring};

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
    // What a handler costs those who compile it.
    assert!(expanded.split_whitespace().count() < 700, "{}", expanded.split_whitespace().count());
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
