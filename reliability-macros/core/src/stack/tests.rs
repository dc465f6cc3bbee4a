use quote::quote;

use super::*;

fn resilient(item: TokenStream) -> String {
    expand(Attribute::Resilient, quote!(timeout = "1s"), item).to_string()
}

fn traced(item: TokenStream) -> String {
    expand(Attribute::Traced, quote!(), item).to_string()
}

fn span_is_outside(expansion: &str) -> bool {
    let place = |mark: &str| expansion.find(mark).unwrap();
    place("tracing :: span !") < place("__private :: Call")
}

#[test]
fn siblings_are_expanded_in_one_order_whoever_runs_first() {
    let body = quote!(
        async fn f() -> Result<(), E> {
            work().await
        }
    );
    for path in [quote!(resilient), quote!(reliability::resilience::resilient)] {
        let expansion = traced(quote!(#[inline] #[#path(timeout = "1s")] #body));
        assert!(span_is_outside(&expansion), "{expansion}");
        assert!(expansion.contains("inline"), "{expansion}");
    }
    assert!(span_is_outside(&resilient(quote!(#[traced] #body))));
}

#[test]
fn an_inner_sibling_on_a_condition_is_waited_for() {
    let expansion = traced(quote! {
        #[cfg_attr(feature = "remote", inline, resilient(timeout = "1s"))]
        async fn f() -> Result<(), E> { work().await }
    });
    let expected = quote! {
        #[cfg_attr(feature = "remote", inline, resilient(timeout = "1s"))]
        #[::reliability::telemetry::traced()]
        async fn f() -> Result<(), E> { work().await }
    };
    assert_eq!(expansion, expected.to_string());
}

#[test]
fn an_outer_sibling_on_a_condition_comes_later_by_itself() {
    let expansion = resilient(quote! {
        #[cfg_attr(feature = "traces", traced)]
        async fn f() -> Result<(), E> { work().await }
    });
    assert!(expansion.contains("cfg_attr (feature = \"traces\" , traced)"), "{expansion}");
    assert!(expansion.contains("__private :: Call"), "{expansion}");
}

#[test]
fn what_was_imported_under_another_name_is_found_by_its_mark() {
    let body = quote!(
        async fn f() -> Result<(), E> {
            work().await
        }
    );
    let right = traced(resilient(body.clone()).parse().unwrap());
    assert!(span_is_outside(&right) && !right.contains("compile_error"), "{right}");

    let wrong = resilient(traced(body.clone()).parse().unwrap());
    assert!(wrong.contains("`#[traced]` belongs outside of `#[resilient]`"), "{wrong}");

    let again = resilient(resilient(body).parse().unwrap());
    assert!(again.contains("`#[resilient]` is here twice"), "{again}");
}

#[test]
fn the_user_item_survives_a_mistake_without_our_attributes() {
    let expansion = resilient(quote!(
        #[traced(levle = info)]
        async fn f() -> Result<(), E> {
            work().await
        }
    ));
    assert!(expansion.starts_with("async fn f"), "{expansion}");
    assert!(expansion.contains("did you mean `level`?"), "{expansion}");
}

#[test]
fn one_stack() {
    let expansion = traced(quote! {
        #[reliability::resilient(timeout = "1s")]
        async fn price(sku: &str) -> Result<Price, PriceError> { ask(sku).await }
    });
    expect_test::expect![[r#"
        async fn price(sku: &str) -> Result<Price, PriceError> {
            #[reliability::resilient(__seen)]
            const _: () = ();
            let mut traced = ::reliability::__private::Traced::new();
            {
                if traced
                    .is_wanted_beside(
                        ::reliability::__private::tracing::span!(
                            ::reliability::__private::tracing::Level::INFO, "price", sku = sku,
                            error = ::reliability::__private::tracing::field::Empty, otel
                            .status_code = ::reliability::__private::tracing::field::Empty,
                            reliability.traced = ::reliability::__private::tracing::field::Empty
                        ),
                    )
                {
                    let mut begin = traced.begin();
                    if let ::core::option::Option::Some(known) = begin.fields() {
                        known.value("sku", &sku);
                    }
                    begin.open("price", ::reliability::__private::Kind::Internal)
                }
            }
            let outcome = traced
                .enclose(async move {
                    if false {
                        return ::reliability::__private::typed::<Result<Price, PriceError>>();
                    }
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
                                return ::reliability::__private::typed::<
                                    Result<Price, PriceError>,
                                >();
                            }
                            ask(sku).await
                        })
                        .await;
                    let result = call.conclude(outcome);
                    ::reliability::__private::carry(result)
                })
                .await;
            {
                use ::reliability::__private::{EndDebug as _, EndDisplay as _, EndOther as _};
                (&&&::reliability::__private::Ended(&outcome)).end(&mut traced);
            }
            outcome
        }
    "#]].assert_eq(&crate::dump::pretty(expansion.parse().unwrap()));
}

#[test]
fn a_sibling_is_named_where_rustc_sees_it_and_expands_to_nothing_there() {
    let expansion = traced(quote! {
        #[shield::resilient(timeout = "1s")]
        async fn price() -> Result<Price, PriceError> { ask().await }
    });
    assert!(expansion.contains("# [shield :: resilient (__seen)] const _"), "{expansion}");
    let seen = expand(
        Attribute::Resilient,
        quote!(__seen),
        quote!(
            const _: () = ();
        ),
    );
    assert!(seen.is_empty(), "{seen}");
}
