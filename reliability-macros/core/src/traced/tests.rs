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
        async fn price(&self, sku: &str, count: u32, client: Client, token: Token) -> Result<Price, PriceError> {
            self.get(sku).await
        }
    };
    let args = quote!(level = debug, skip(token), fields(order.count = count, sku = %sku));
    check(
        args,
        item,
        expect![[r#"
            async fn price(
                &self,
                sku: &str,
                count: u32,
                client: Client,
                token: Token,
            ) -> Result<Price, PriceError> {
                let mut traced = ::reliability::__private::Traced::new();
                {
                    use ::reliability::__private::{ShowDebug as _, ShowType as _};
                    if traced
                        .is_wanted_beside(
                            ::reliability::__private::tracing::span!(
                                ::reliability::__private::tracing::Level::DEBUG, "price", count =
                                count, client = (&& ::reliability::__private::Shown(& client))
                                .shown(), order.count = count, sku = % sku, error =
                                ::reliability::__private::tracing::field::Empty, otel.status_code =
                                ::reliability::__private::tracing::field::Empty, reliability.traced =
                                ::reliability::__private::tracing::field::Empty
                            ),
                        )
                    {
                        let mut begin = traced.begin();
                        if let ::core::option::Option::Some(known) = begin.fields() {
                            known.value("count", &count);
                            known
                                .value(
                                    "client",
                                    &(&&::reliability::__private::Shown(&client)).shown(),
                                );
                            known.value("order.count", &(count));
                            known
                                .value(
                                    "sku",
                                    &::reliability::__private::tracing::field::display(&(sku)),
                                );
                        }
                        begin.open("price", ::reliability::__private::Kind::Internal)
                    }
                }
                let outcome = traced
                    .enclose(async move {
                        if false {
                            return ::reliability::__private::typed::<Result<Price, PriceError>>();
                        }
                        self.get(sku).await
                    })
                    .await;
                {
                    use ::reliability::__private::{EndDebug as _, EndDisplay as _, EndOther as _};
                    (&&&::reliability::__private::Ended(&outcome)).end(&mut traced);
                }
                outcome
            }
        "#]],
    );
}

#[test]
fn a_sync_function_without_a_result() {
    check(
        quote!(skip_all, name = "tick"),
        quote!(
            fn tick(now: u64) {
                beat(now)
            }
        ),
        expect![[r#"
            fn tick(now: u64) {
                let mut traced = ::reliability::__private::Traced::new();
                {
                    if traced
                        .is_wanted_beside(
                            ::reliability::__private::tracing::span!(
                                ::reliability::__private::tracing::Level::INFO, "tick", reliability
                                .traced = ::reliability::__private::tracing::field::Empty
                            ),
                        )
                    {
                        let begin = traced.begin();
                        begin.open("tick", ::reliability::__private::Kind::Internal)
                    }
                }
                traced.in_scope(move || { beat(now) });
                traced.end();
            }
        "#]],
    );
}

#[test]
fn a_function_whose_calls_are_counted() {
    check(
        quote!(metrics, kind = server, skip_all),
        quote!(
            fn price(sku: &str) -> Result<u32, PriceError> {
                find(sku)
            }
        ),
        expect![[r#"
            fn price(sku: &str) -> Result<u32, PriceError> {
                let mut traced = ::reliability::__private::Traced::new();
                {
                    if traced
                        .is_wanted_beside(
                            ::reliability::__private::tracing::span!(
                                ::reliability::__private::tracing::Level::INFO, "price", otel.kind =
                                "server", error = ::reliability::__private::tracing::field::Empty,
                                otel.status_code = ::reliability::__private::tracing::field::Empty,
                                reliability.traced = ::reliability::__private::tracing::field::Empty
                            ),
                        )
                    {
                        let begin = traced.begin();
                        begin.open("price", ::reliability::__private::Kind::Server)
                    }
                }
                let timed: ::reliability::__private::Timed<'_> = {
                    static OPERATION: ::reliability::__private::Operation = ::reliability::__private::Operation::new(
                            "price",
                        )
                        .kind(::reliability::__private::Kind::Server);
                    ::reliability::__private::inventory::submit! {
                        ::reliability::__private::Watched::new(& OPERATION)
                    }
                    ::reliability::__private::Timed::begin(&traced, &OPERATION)
                };
                let outcome = traced
                    .in_scope(move || {
                        if false {
                            return ::reliability::__private::typed::<Result<u32, PriceError>>();
                        }
                        find(sku)
                    });
                timed
                    .end({
                        use ::reliability::__private::{
                            FinishedFault as _, FinishedOther as _, FinishedResult as _,
                        };
                        (&&&::reliability::__private::Finished(&outcome)).outcome()
                    });
                {
                    use ::reliability::__private::{EndDebug as _, EndDisplay as _, EndOther as _};
                    (&&&::reliability::__private::Ended(&outcome)).end(&mut traced);
                }
                outcome
            }
        "#]],
    );
}

#[test]
fn an_expansion_stays_within_its_budget() {
    fn tokens(stream: TokenStream) -> usize {
        let inside = |token| match token {
            proc_macro2::TokenTree::Group(group) => 2 + tokens(group.stream()),
            _ => 1,
        };
        stream.into_iter().map(inside).sum()
    }

    let item = quote!(
        async fn price(sku: Sku) -> Result<Price, PriceError> {}
    );
    let size = tokens(expand(TokenStream::new(), item));
    // The fields are there twice: for subscribers of other libraries, and for our recorder.
    assert!(size <= 360, "{size} tokens");
}
