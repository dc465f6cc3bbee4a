use expect_test::{Expect, expect};
use quote::quote;

use super::*;
use crate::dump::pretty;

fn check(args: TokenStream, item: TokenStream, expected: Expect) {
    expected.assert_eq(&pretty(expand(args, item)));
}

#[test]
fn an_async_function() {
    let item = quote! {
        async fn checkout(&self, order: Order) -> Result<Receipt, CheckoutError> {
            self.pay(order).await
        }
    };
    check(
        quote!(objective = CHECKOUT),
        item,
        expect![[r#"
            async fn checkout(&self, order: Order) -> Result<Receipt, CheckoutError> {
                let counted: ::reliability::__private::Counted<'_> = ::reliability::__private::Counted::begin(
                    &CHECKOUT,
                );
                let answer = async move {
                    if false {
                        return ::reliability::__private::typed::<Result<Receipt, CheckoutError>>();
                    }
                    self.pay(order).await
                }
                    .await;
                let outcome = {
                    use ::reliability::__private::{
                        JudgeAnswer as _, JudgeFault as _, JudgeResult as _,
                    };
                    (&&&::reliability::__private::Judged(&answer, counted.slo())).outcome()
                };
                counted.end(outcome);
                answer
            }
        "#]],
    );
}

#[test]
fn a_sync_function_that_says_what_is_good() {
    let item = quote! {
        fn price(sku: &str) -> u32 { sku.len() as u32 }
    };
    let args = quote!(objective = promises::PRICE, good = |price| *price > 0, correct = is_right);
    check(
        args,
        item,
        expect![[r#"
            fn price(sku: &str) -> u32 {
                let counted: ::reliability::__private::Counted<'_> = ::reliability::__private::Counted::begin(
                    &promises::PRICE,
                );
                let answer = ::reliability::__private::run_once(move || {
                    if false {
                        return ::reliability::__private::typed::<u32>();
                    }
                    sku.len() as u32
                });
                ::reliability::__private::Counted::check(&counted, &answer, is_right);
                let outcome = ::reliability::__private::judge_with(&answer, |price| *price > 0);
                counted.end(outcome);
                answer
            }
        "#]],
    );
}

#[test]
fn three_mistakes_are_three_errors() {
    let item = quote!(
        const fn f() -> u32 {
            1
        }
    );
    let args = quote!(objective = "CHECKOUT", goood = f, correct = 3);
    check(
        args,
        item,
        expect![[r#"
        const fn f() -> u32 {
            1
        }
        ::core::compile_error! {
            "write the name of the `static` without quotes, as in `objective = CHECKOUT`"
        }
        ::core::compile_error! {
            "`#[slo]` has no setting `goood`; did you mean `good`?"
        }
        ::core::compile_error! {
            "expected what judges an answer: write a closure that takes it by reference, such as `correct = |answer| answer.is_ok()`, or the path of a function"
        }
        ::core::compile_error! {
            "calls of a `const fn` cannot be counted, because it may run in the compiler; remove `const`"
        }
    "#]],
    );
}
