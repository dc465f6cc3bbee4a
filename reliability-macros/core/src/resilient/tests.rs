use expect_test::{Expect, expect};
use quote::quote;

use super::*;
use crate::dump::pretty;

mod cache;
mod hedge;
mod rate_limit;

fn check(args: TokenStream, item: TokenStream, expected: Expect) {
    expected.assert_eq(&pretty(expand(args, item)));
}

fn tokens(stream: TokenStream) -> usize {
    let inside = |token| match token {
        proc_macro2::TokenTree::Group(group) => 2 + tokens(group.stream()),
        _ => 1,
    };
    stream.into_iter().map(inside).sum()
}

fn errors(args: TokenStream) -> Vec<String> {
    let item = quote!(
        async fn price(sku: &str) -> Result<Price, PriceError> {}
    );
    let mut errors = Vec::new();
    let mut rest = expand(args, item).into_iter();
    while let Some(token) = rest.next() {
        if token.to_string() == "compile_error"
            && let Some(proc_macro2::TokenTree::Group(message)) = rest.nth(1)
        {
            let message: syn::LitStr = syn::parse2(message.stream()).unwrap();
            errors.push(message.value());
        }
    }
    errors
}

#[test]
fn one_attempt() {
    let item = quote! {
        /// Asks for a price.
        #[must_use]
        pub async fn price(client: &Client, sku: String) -> Result<Price, PriceError> {
            client.get(sku).await
        }
    };
    check(
        quote!(timeout = "800ms"),
        item,
        expect![[r#"
            /// Asks for a price.
            #[must_use]
            pub async fn price(client: &Client, sku: String) -> Result<Price, PriceError> {
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
                                .timeout(::core::time::Duration::from_millis(800)),
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
                    .attempt(async move {
                        if false {
                            return ::reliability::__private::typed::<Result<Price, PriceError>>();
                        }
                        client.get(sku).await
                    })
                    .await;
                let result = call.conclude(outcome);
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}

#[test]
fn everything() {
    let args = quote! {
        fallback = cached_price,
        deadline = "3s",
        retry(attempts = 4, backoff = exponential("50ms", max = "1s"), jitter = full),
        breaker(window = count(100), failure_rate = 0.5, min_calls = 20, open_for = "5s", probes = 3),
        bulkhead(concurrent = 64, queue = 128, wait = "100ms"),
        timeout = "800ms",
        idempotent,
    };
    let item = quote! {
        async fn price(client: &Client, sku: String) -> Result<Price, PriceError> {
            client.get(sku).await
        }
    };
    check(
        args,
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
                                .fallback()
                                .deadline(::core::time::Duration::from_secs(3))
                                .retry(
                                    ::reliability::resilience::retry::Retry::attempts(4)
                                        .backoff(
                                            ::reliability::resilience::retry::Backoff::exponential(
                                                    ::core::time::Duration::from_millis(50),
                                                )
                                                .max(::core::time::Duration::from_secs(1))
                                                .jitter(::reliability::resilience::retry::Jitter::Full),
                                        ),
                                )
                                .breaker(
                                    ::reliability::resilience::Breaker::builder("price")
                                        .window(
                                            ::reliability::resilience::breaker::Window::count(100),
                                        )
                                        .failure_rate(0.5)
                                        .min_calls(20)
                                        .open_for(::core::time::Duration::from_secs(5))
                                        .probes(3)
                                        .build()?,
                                )
                                .bulkhead(
                                    ::reliability::resilience::Bulkhead::builder("price")
                                        .concurrent(64)
                                        .queue(128)
                                        .wait(::core::time::Duration::from_millis(100))
                                        .build()?,
                                )
                                .timeout(::core::time::Duration::from_millis(800)),
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
                let result = loop {
                    #[allow(
                        unused_variables,
                        clippy::shadow_reuse,
                        clippy::shadow_same,
                        clippy::shadow_unrelated
                    )]
                    let sku = ::reliability::__private::again(&sku);
                    let outcome = call
                        .attempt(async {
                            if false {
                                return ::reliability::__private::typed::<
                                    Result<Price, PriceError>,
                                >();
                            }
                            client.get(sku).await
                        })
                        .await;
                    let pause = match call.judge(outcome) {
                        ::reliability::__private::Next::Done(result) => break result,
                        ::reliability::__private::Next::Again(pause) => pause,
                    };
                    pause.await;
                };
                match result {
                    ::core::result::Result::Err(failure) if call.wants_fallback(&failure) => {
                        use ::reliability::__private::{AnswerLater as _, AnswerNow as _};
                        let (error, refuse) = ::reliability::__private::carry_failure(failure);
                        let answer = cached_price(client, sku, error);
                        let answer = ::reliability::__private::Answer(answer);
                        call.fall_back_with((&answer).kind().settle(answer), refuse).await
                    }
                    result => ::reliability::__private::carry(result),
                }
            }
        "#]],
    );
}

#[test]
fn repetition_without_a_fallback() {
    let item = quote! {
        async fn charge(self: Arc<Self>, Order { id, .. }: Order) -> Result<impl Receipt, PayError> {
            self.bank.charge(id).await
        }
    };
    check(
        quote!(retry(attempts = 2), idempotency_key = order_key()),
        item,
        expect![[r#"
            async fn charge(self: Arc<Self>, argument_1: Order) -> Result<impl Receipt, PayError> {
                ::reliability::__private::one_implementor::<Self>();
                let policy: &::reliability::resilience::Policy = {
                    static POLICY: ::reliability::__private::Declared = ::reliability::__private::Declared::new(
                        ::reliability::__private::Site::new(
                            ::core::module_path!(),
                            "charge",
                            ::core::file!(),
                            ::core::line!(),
                        ),
                        || ::core::result::Result::Ok(
                            ::reliability::resilience::Policy::builder("charge")
                                .retry(::reliability::resilience::retry::Retry::attempts(2)),
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
                    .with_idempotency_key(
                        ::reliability::resilience::IdempotencyKey::new(&(order_key())),
                    );
                let mut kept_self = ::reliability::__private::Argument::new(self);
                let mut kept_argument_1 = ::reliability::__private::Argument::new(argument_1);
                let result = loop {
                    let self_of_attempt = kept_self.take(!call.may_retry());
                    #[allow(clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
                    let Order { id, .. } = kept_argument_1.take(!call.may_retry());
                    let outcome = call
                        .attempt(async {
                            if false {
                                return ::reliability::__private::typed::<Result<_, PayError>>();
                            }
                            self_of_attempt.bank.charge(id).await
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
fn a_policy_for_each_key() {
    let item = quote! {
        async fn ask(&self, region: &str) -> Result<u8, Error> { self.ask_there(region).await }
    };
    check(
        quote!(key = region, breaker, clock = coarse),
        item,
        expect![[r#"
            async fn ask(&self, region: &str) -> Result<u8, Error> {
                let key = &(region);
                let policy: &::reliability::resilience::Policy = &{
                    static POLICIES: ::reliability::__private::Keyed = ::reliability::__private::Keyed::new(
                        ::reliability::__private::Site::new(
                            ::core::module_path!(),
                            "ask",
                            ::core::file!(),
                            ::core::line!(),
                        ),
                        1000,
                        |name| ::core::result::Result::Ok(
                            ::reliability::resilience::Policy::builder(name.clone())
                                .breaker(
                                    ::reliability::resilience::Breaker::builder(name.clone())
                                        .clock(::reliability::time::Clock::coarse())
                                        .compact()
                                        .build()?,
                                ),
                        ),
                    );
                    ::reliability::__private::inventory::submit! {
                        ::reliability::__private::Registered(& POLICIES)
                    }
                    POLICIES.policy(key)
                };
                let mut call = ::reliability::__private::Call::new(
                    policy,
                    const { &::reliability::resilience::Classifier::by_fault() },
                );
                let outcome = call
                    .attempt(async move {
                        if false {
                            return ::reliability::__private::typed::<Result<u8, Error>>();
                        }
                        self.ask_there(region).await
                    })
                    .await;
                let result = call.conclude(outcome);
                ::reliability::__private::carry(result)
            }
        "#]],
    );
}

#[test]
fn an_impl_block() {
    let item = quote! {
        impl Store {
            const NAME: &str = "store";
            fn name(&self) -> &str { Self::NAME }
            async fn stock(&self) -> Result<u8, Error> { self.ask().await }
            #[resilient(skip)]
            async fn close(self) {}
        }
    };
    check(
        quote!(timeout = "1s"),
        item,
        expect![[r#"
            impl Store {
                const NAME: &str = "store";
                fn name(&self) -> &str {
                    Self::NAME
                }
                async fn stock(&self) -> Result<u8, Error> {
                    let policy: &::reliability::resilience::Policy = {
                        static POLICY: ::reliability::__private::Declared = ::reliability::__private::Declared::new(
                            ::reliability::__private::Site::new(
                                ::core::module_path!(),
                                "Store::stock",
                                ::core::file!(),
                                ::core::line!(),
                            ),
                            || ::core::result::Result::Ok(
                                ::reliability::resilience::Policy::builder("Store::stock")
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
                    let outcome = call
                        .attempt(async move {
                            if false {
                                return ::reliability::__private::typed::<Result<u8, Error>>();
                            }
                            self.ask().await
                        })
                        .await;
                    let result = call.conclude(outcome);
                    ::reliability::__private::carry(result)
                }
                async fn close(self) {}
            }
        "#]],
    );
}

/// An expansion is compiled for every annotated function of a service: it stays small.
#[test]
fn an_expansion_stays_within_its_budget() {
    let item = quote!(
        async fn price(client: &Client, sku: String) -> Result<Price, PriceError> {}
    );
    let smallest = tokens(expand(quote!(timeout = "1s"), item.clone()));
    let largest = tokens(expand(
        quote! {
            fallback = cached_price, deadline = "3s",
            retry(attempts = 4, backoff = exponential("50ms", max = "1s"), jitter = full),
            breaker(window = count(100), failure_rate = 0.5, min_calls = 20, open_for = "5s", probes = 3),
            bulkhead(concurrent = 64, queue = 128, wait = "100ms"), timeout = "800ms", idempotent,
        },
        item,
    ));
    assert!(smallest <= 320, "{smallest} tokens");
    assert!(largest <= 770, "{largest} tokens");
}

#[test]
fn the_written_order_is_the_order_of_the_builder() {
    let item = quote!(
        async fn f() -> Result<(), E> {}
    );
    let order = |args| {
        let text = expand(args, item.clone()).to_string();
        let place = |layer: &str| text.find(layer).unwrap();
        place(". bulkhead") < place(". breaker")
    };
    assert!(order(quote!(bulkhead(concurrent = 1), breaker)));
    assert!(!order(quote!(breaker, bulkhead(concurrent = 1))));
}

#[test]
fn every_mistake_is_told_and_told_once() {
    let all = errors(quote! {
        timeout = "1 sec",
        rety(attempts = 2),
        breaker(window = cout(10), failure_rate = 50),
        bulkhead(queue = 2),
        timeout = "2s",
    });
    assert_eq!(all.len(), 6, "{all:#?}");
}

#[test]
fn a_crate_path_replaces_every_mention_of_the_default() {
    let item = quote!(
        async fn f(a: String) -> Result<(), E> {}
    );
    let args = quote!(
        crate = ::other::place,
        fallback = g,
        retry,
        breaker,
        bulkhead(concurrent = 1),
        timeout = "1s",
        clock = coarse,
        idempotent
    );
    let text = expand(args, item).to_string();
    assert!(text.contains(":: other :: place"), "{text}");
    assert!(!text.contains("reliability"), "{text}");
}
