use expect_test::expect;
use quote::quote;

use super::check;

#[test]
fn a_hedge_makes_each_request_with_clones_of_its_own() {
    let item = quote! {
        async fn price(client: &Client, sku: String) -> Result<Price, PriceError> {
            client.get(sku).await
        }
    };
    check(
        quote!(hedge(after = p95, initial = "300ms"), idempotent),
        item,
        expect![[r#"
        async fn price(client: &Client, sku: String) -> Result<Price, PriceError> {
            let policy: &::reliability::resilience::Policy = {
                static POLICY: ::reliability::__private::Declared = ::reliability::__private::Declared::new(
                    ::reliability::__private::Site::new(
                        ::core::module_path!(),
                        "price",
                        ::core::file!(),
                        ::core::line!(),
                    ),
                    || ::core::result::Result::Ok(
                        ::reliability::resilience::Policy::builder("price")
                            .hedge(
                                ::reliability::resilience::Hedge::after(
                                        ::reliability::sync::Quantile::P95,
                                    )
                                    .initial(::core::time::Duration::from_millis(300)),
                            ),
                    ),
                );
                ::reliability::__private::inventory::submit! {
                    ::reliability::__private::Registered(& POLICY)
                }
                POLICY.policy()
            };
            let mut call = ::reliability::__private::Call::new(
                policy,
                const { &::reliability::resilience::Classifier::by_fault() },
            );
            let outcome = call
                .attempt_hedged(|| {
                    #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
                    let sku = ::reliability::__private::again(&sku);
                    async move {
                        if false {
                            return ::reliability::__private::typed::<
                                Result<Price, PriceError>,
                            >();
                        }
                        client.get(sku).await
                    }
                })
                .await;
            let result = call.conclude(outcome);
            ::reliability::__private::carry(result)
        }
    "#]],
    );
}

#[test]
fn a_shared_policy_may_hedge() {
    let item = quote! {
        async fn price(&self, sku: String) -> Result<Price, PriceError> {
            self.client.get(sku).await
        }
    };
    check(
        quote!(policy = self.policy, idempotent),
        item,
        expect![[r#"
            async fn price(&self, sku: String) -> Result<Price, PriceError> {
                let shared = &(self.policy);
                let policy: &::reliability::resilience::Policy = ::reliability::__private::shared(
                    shared,
                );
                let mut call = ::reliability::__private::Call::new(
                    policy,
                    const { &::reliability::resilience::Classifier::by_fault() },
                );
                let mut kept_sku = ::reliability::__private::Argument::new(sku);
                let result = loop {
                    let last = !(call.may_retry() || call.may_hedge());
                    let outcome = call
                        .attempt_hedged(|| {
                            #[allow(
                                clippy::shadow_reuse,
                                clippy::shadow_same,
                                clippy::shadow_unrelated
                            )]
                            let sku = kept_sku.take(last);
                            async move {
                                if false {
                                    return ::reliability::__private::typed::<
                                        Result<Price, PriceError>,
                                    >();
                                }
                                self.client.get(sku).await
                            }
                        })
                        .await;
                    let pause = match call.judge(outcome) {
                        ::reliability::__private::Next::Done(result) => break result,
                        ::reliability::__private::Next::Again(pause) => pause,
                    };
                    pause.await;
                };
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}

#[test]
fn a_shared_policy_has_one_body_at_a_time_of_what_is_exclusive() {
    let item = quote! {
        async fn price(&mut self, sku: String) -> Result<Price, PriceError> {
            self.client.get(sku).await
        }
    };
    check(
        quote!(policy = POLICY, idempotent),
        item,
        expect![[r#"
            async fn price(&mut self, sku: String) -> Result<Price, PriceError> {
                let shared = &(POLICY);
                let policy: &::reliability::resilience::Policy = ::reliability::__private::shared(
                    shared,
                );
                let mut call = ::reliability::__private::Call::new(
                    policy,
                    const { &::reliability::resilience::Classifier::by_fault() },
                );
                let mut kept_sku = ::reliability::__private::Argument::new(sku);
                let result = loop {
                    #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
                    let sku = kept_sku.take(!call.may_retry());
                    let outcome = call
                        .attempt(async {
                            if false {
                                return ::reliability::__private::typed::<
                                    Result<Price, PriceError>,
                                >();
                            }
                            self.client.get(sku).await
                        })
                        .await;
                    let pause = match call.judge(outcome) {
                        ::reliability::__private::Next::Done(result) => break result,
                        ::reliability::__private::Next::Again(pause) => pause,
                    };
                    pause.await;
                };
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}
