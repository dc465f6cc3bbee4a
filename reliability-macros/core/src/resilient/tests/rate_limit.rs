//! A rate limit that counts per key.

use super::*;

#[test]
fn a_call_says_whose_it_is_when_it_begins() {
    check(
        quote!(rate_limit("10/s", burst = 20, wait = "50ms", key = (tenant, &sku), capacity = 500)),
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
                                .keyed_rate_limit(
                                    ::reliability::resilience::rate_limit::KeyedRateLimit::builder(
                                            "price",
                                        )
                                        .quota(
                                            ::reliability::resilience::rate_limit::Quota::new(
                                                    10,
                                                    ::core::time::Duration::from_secs(1),
                                                )
                                                .burst(20),
                                        )
                                        .wait(::core::time::Duration::from_millis(50))
                                        .capacity(500)
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
                    )
                    .with_rate_limit_key(
                        ::reliability::__private::rate_limit_key(&((tenant, &sku))),
                    );
                let outcome = call
                    .attempt(async move {
                        if false {
                            return ::reliability::__private::typed::<Result<u32, PriceError>>();
                        }
                        Ok(tenant)
                    })
                    .await;
                let result = call.conclude(outcome);
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}

#[test]
fn under_a_policy_from_elsewhere_only_the_key_is_said() {
    let item = || {
        quote!(
            async fn price(tenant: u32) -> Result<u32, PriceError> {}
        )
    };
    let text = expand(quote!(policy = POLICY, rate_limit(key = tenant)), item()).to_string();
    assert!(text.contains("with_rate_limit_key"), "{text}");
    assert!(!text.contains("KeyedRateLimit"), "{text}");
    let own = "`policy = ..` brings its own rate limit along, and here it is only said whose a call \
               is: write `rate_limit(key = expression)`, and give all else to the builder of the \
               limit";
    assert_eq!(errors(quote!(policy = POLICY, rate_limit("10/s", key = sku))), [own]);
}

#[test]
fn what_a_key_excludes_and_what_wants_one_is_told() {
    let table = [
        (quote!("10/s", key = sku, leases = 2), "`leases` and `key` exclude each other"),
        (quote!("10/s", key = sku, algorithm = sliding_log), "a `sliding_log` does not fit"),
        (quote!("10/s", key = sku, algorithm = sliding_counter), "a `sliding_counter` does not"),
        (quote!("10/s", capacity = 10), "`capacity` is how many keys are remembered"),
        (quote!("10/s", key = sku, capacity = 0), "expected"),
        (quote!("10/s", key), "write `key = expression`"),
        (quote!(key = sku), "`rate_limit` begins with the rate"),
        (quote!("10/s", key = sku, kee = 7), "`rate_limit` has no setting `kee`"),
    ];
    for (written, message) in table {
        let told = errors(quote!(rate_limit(#written)));
        assert_eq!(told.len(), 1, "{written}: {told:#?}");
        assert!(told[0].contains(message), "{written}: {told:#?}");
    }
}

#[test]
fn a_shared_limit_is_named_and_brings_all_else_along() {
    let item = || {
        quote!(
            async fn price(tenant: u32) -> Result<u32, PriceError> {}
        )
    };
    let text = expand(quote!(rate_limit(shared = LIMIT)), item()).to_string();
    assert!(text.contains("shared_rate_limit (:: reliability"), "{text}");
    assert!(!text.contains("with_"), "{text}");
    let text = expand(quote!(rate_limit(shared = LIMIT, key = tenant)), item()).to_string();
    assert!(text.contains("with_shared_rate_limit_key"), "{text}");
    let text = expand(quote!(policy = POLICY, rate_limit(shared, key = tenant)), item());
    let text = text.to_string();
    assert!(text.contains("with_shared_rate_limit_key"), "{text}");
    assert!(!text.contains(". shared_rate_limit"), "{text}");

    let table = [
        (quote!("10/s", shared = LIMIT), "this says both"),
        (quote!(shared = LIMIT, burst = 20), "brings its burst along"),
        (quote!(shared = LIMIT, wait = "1s"), "brings its wait along"),
        (quote!(shared = LIMIT, leases = 2), "a shared limit has no `leases`"),
        (quote!(shared = "redis://server"), "`shared` takes what leads to a `RedisRateLimit`"),
        (quote!(shared), "`shared` takes what leads to a `RedisRateLimit`"),
        (quote!(shared, key = sku), "`shared` takes what leads to a `RedisRateLimit`"),
        (quote!(shared = LIMIT, kee = sku), "`rate_limit` has no setting `kee`"),
        (quote!(shared = LIMIT, key = "sku"), "a text is the same for all calls"),
    ];
    for (written, message) in table {
        let told = errors(quote!(rate_limit(#written)));
        assert_eq!(told.len(), 1, "{written}: {told:#?}");
        assert!(told[0].contains(message), "{written}: {told:#?}");
    }
    let told = errors(quote!(clock = coarse, rate_limit(shared = LIMIT)));
    assert_eq!(told.len(), 1, "it has a clock of its own: {told:#?}");
    let told = errors(quote!(policy = POLICY, rate_limit(shared = LIMIT)));
    assert_eq!(told.len(), 1, "{told:#?}");
}
