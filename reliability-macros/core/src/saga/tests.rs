use quote::quote;

use super::*;
use crate::dump::pretty;

#[test]
fn it_is_code() {
    let text = pretty(expand(
        quote!(input = Order, refuse = Refused),
        quote! { pub enum Pay { #[pivot(card::charge)] Charged(Receipt) } },
    ));
    assert!(!text.contains("compile_error"), "{text}");
    assert!(text.contains("card::charge(cx, input).await"), "{text}");
}
