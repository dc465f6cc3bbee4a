//! A cache in front of the attempts.

use super::*;

#[test]
fn an_answer_is_looked_up_before_the_attempts() {
    check(
        quote!(cache(ttl = "30s", key = (tenant, &sku)), timeout = "1s"),
        quote! {
            async fn price(tenant: u32, sku: String) -> Result<u32, PriceError> {
                Ok(tenant)
            }
        },
        expect![[r#"
            async fn price(tenant: u32, sku: String) -> Result<u32, PriceError> {
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
                                .cache(
                                    ::reliability::resilience::Cache::builder("price")
                                        .ttl(::core::time::Duration::from_secs(30))
                                        .build()?,
                                )
                                .timeout(::core::time::Duration::from_secs(1)),
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
                let sharing = {
                    use ::reliability::__private::{SharesErrors as _, SharesValues as _};
                    (&::reliability::__private::ErrorsOf::<Result<u32, PriceError>>::new()).sharing()
                };
                let found = {
                    use ::reliability::__private::{
                        ByKey as _, ByNothing as _, KeyByReference as _, KeyByValue as _,
                    };
                    let key_0 = &(tenant);
                    let key_1 = &(&sku);
                    (&::reliability::__private::Asked(
                        ::reliability::__private::key((
                            (&::reliability::__private::KeyPart(key_0)).part(),
                            (&::reliability::__private::KeyPart(key_1)).part(),
                        )),
                    ))
                        .by()
                        .look_up(&mut call, sharing)
                        .await
                };
                let result = match found {
                    ::reliability::__private::Found::Answer(result) => result,
                    ::reliability::__private::Found::Lead(lead) => {
                        let outcome = call
                            .attempt(async move {
                                if false {
                                    return ::reliability::__private::typed::<
                                        Result<u32, PriceError>,
                                    >();
                                }
                                Ok(tenant)
                            })
                            .await;
                        let result = call.conclude(outcome);
                        call.settle(lead, result, sharing)
                    }
                };
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}

#[test]
fn a_refresh_behind_the_caller_is_a_future_of_its_own() {
    check(
        quote!(cache(ttl = "30s", stale = "5m", key = sku, refresh = background)),
        quote! {
            async fn price(sku: u32) -> Result<u32, PriceError> {
                Ok(sku)
            }
        },
        expect![[r#"
            async fn price(sku: u32) -> Result<u32, PriceError> {
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
                                .cache(
                                    ::reliability::resilience::Cache::builder("price")
                                        .ttl(::core::time::Duration::from_secs(30))
                                        .stale(::core::time::Duration::from_secs(300))
                                        .build()?,
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
                let sharing = {
                    use ::reliability::__private::{SharesErrors as _, SharesValues as _};
                    (&::reliability::__private::ErrorsOf::<Result<u32, PriceError>>::new()).sharing()
                };
                let found = {
                    use ::reliability::__private::{
                        ByKey as _, ByNothing as _, KeyByReference as _, KeyByValue as _,
                    };
                    let key_0 = &(sku);
                    (&::reliability::__private::Asked(
                        ::reliability::__private::key(
                            (&::reliability::__private::KeyPart(key_0)).part(),
                        ),
                    ))
                        .by()
                        .look_up(&mut call, sharing)
                        .await
                };
                let result = match found {
                    ::reliability::__private::Found::Answer(result) => result,
                    ::reliability::__private::Found::Lead(lead) => {
                        let stale = lead.stale();
                        let policy = ::reliability::resilience::Policy::clone(policy);
                        let refresh = async move {
                            let policy = &policy;
                            let mut call = ::reliability::__private::Call::new(
                                policy,
                                const { &::reliability::resilience::Classifier::by_fault() },
                            );
                            let outcome = call
                                .attempt(async move {
                                    if false {
                                        return ::reliability::__private::typed::<
                                            Result<u32, PriceError>,
                                        >();
                                    }
                                    Ok(sku)
                                })
                                .await;
                            let result = call.conclude(outcome);
                            call.settle(lead, result, sharing)
                        };
                        ::reliability::__private::refresh_behind(call, stale, refresh).await
                    }
                };
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}
