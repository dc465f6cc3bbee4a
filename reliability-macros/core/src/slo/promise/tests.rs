use expect_test::{Expect, expect};
use quote::quote;

use super::*;
use crate::dump::pretty;

fn check(tokens: TokenStream, expected: Expect) {
    let value = expand(tokens);
    expected.assert_eq(&pretty(quote!(static PROMISE: Slo = #value;)));
}

#[test]
fn the_usual_promise() {
    let tokens = quote! {
        name: "checkout", window: "30d", availability: 99.95, latency: "99% < 500ms",
    };
    check(
        tokens,
        expect![[r#"
            static PROMISE: Slo = {
                use ::reliability::__private::{Site, inventory, sre};
                static CORE: sre::Core = sre::Core::declared(
                    sre::Definition::new("checkout", sre::Window::days(30u32))
                        .objective(sre::Objective::availability(sre::Target::percent("99.95")))
                        .objective(
                            sre::Objective::latency(
                                sre::Target::percent("99"),
                                ::core::time::Duration::from_millis(500),
                            ),
                        ),
                    Site::new(::core::module_path!(), "checkout", ::core::file!(), ::core::line!()),
                );
                inventory::submit! {
                    sre::Registered::new(& CORE)
                }
                sre::Slo::from_core(&CORE)
            };
        "#]],
    );
}

#[test]
fn everything_that_can_be_said() {
    let tokens = quote! {
        name: "search",
        description: "what people look for",
        window: month("+02:00"),
        error_rate: 0.1,
        latency: ["p99.9 < 2s", "50% < 80ms"],
        throughput: "99% >= 10/s",
        correctness: "99.99%",
        alerts: [page(burn = 1.9, long = "1h", short = "5m"), ticket(burn = 1.5, long = "3d")],
        min_events: 100,
        freeze_below: 20,
        roll_back_below: 10,
        hysteresis: 3,
        crate: ::elsewhere::reliability,
    };
    check(
        tokens,
        expect![[r#"
            static PROMISE: Slo = {
                use ::elsewhere::reliability::__private::{Site, inventory, sre};
                static CORE: sre::Core = sre::Core::declared(
                    sre::Definition::new(
                            "search",
                            sre::Window::calendar(sre::CalendarUnit::Month)
                                .at(sre::UtcOffset::minutes(120i16)),
                        )
                        .objective(sre::Objective::error_rate(sre::Target::percent("0.1")))
                        .objective(
                            sre::Objective::latency(
                                    sre::Target::percent("99.9"),
                                    ::core::time::Duration::from_secs(2),
                                )
                                .named("latency-p99.9"),
                        )
                        .objective(
                            sre::Objective::latency(
                                    sre::Target::percent("50"),
                                    ::core::time::Duration::from_millis(80),
                                )
                                .named("latency-p50"),
                        )
                        .objective(
                            sre::Objective::throughput(
                                sre::Target::percent("99"),
                                600u64,
                                ::core::time::Duration::from_secs(60u64),
                            ),
                        )
                        .objective(sre::Objective::correctness(sre::Target::percent("99.99")))
                        .alert(
                            sre::Alert::page(
                                    sre::Burn::millionths(1900000u64),
                                    ::core::time::Duration::from_secs(3600),
                                )
                                .short(::core::time::Duration::from_secs(300)),
                        )
                        .alert(
                            sre::Alert::ticket(
                                sre::Burn::millionths(1500000u64),
                                ::core::time::Duration::from_secs(259200),
                            ),
                        )
                        .description("what people look for")
                        .min_events(100u32 as u64)
                        .policy(
                            sre::BudgetPolicy::standard()
                                .freeze_below(20i16)
                                .roll_back_below(10i16)
                                .hysteresis(3u8),
                        ),
                    Site::new(::core::module_path!(), "search", ::core::file!(), ::core::line!()),
                );
                inventory::submit! {
                    sre::Registered::new(& CORE)
                }
                sre::Slo::from_core(&CORE)
            };
        "#]],
    );
}

/// The errors of one invocation, in order.
fn errors(tokens: TokenStream) -> Vec<String> {
    let mut diagnostics = Diagnostics::new();
    let _ = Promise::read(&mut diagnostics, tokens);
    match diagnostics.finish() {
        Ok(()) => Vec::new(),
        Err(tokens) => {
            let text = tokens.to_string();
            let parts = text.split("compile_error !").skip(1);
            let message = |part: &str| {
                let text = part.split_once('"').map_or("", |(_, rest)| rest);
                let end = text.rfind('"').unwrap_or(text.len());
                text[..end].replace("\\\"", "\"")
            };
            parts.map(message).collect()
        }
    }
}

#[test]
fn numbers_that_promise_nothing_are_refused() {
    for (value, told) in [
        (quote!(100), "a target of 100 % leaves no budget"),
        (quote!(100.0), "a target of 100 % leaves no budget"),
        (quote!(0), "a target of 0 % promises nothing"),
        (quote!(-1), "cannot be negative"),
        (quote!("-1%"), "cannot be negative"),
        (quote!(101), "below 100, but this is 101"),
        (quote!(0.999), "write `99.9`, or `\\\"0.999%\\\"`"),
        (quote!(99.99999999), "seven digits"),
        (quote!("most"), "`most` is no number of per cent"),
        (quote!(TARGET), "read when the program is compiled"),
    ] {
        let all = errors(quote!(name: "a", availability: #value));
        assert_eq!(all.len(), 1, "{value}: {all:?}");
        assert!(
            all[0].contains(told) || all[0].contains(&told.replace("\\\"", "\"")),
            "{value}: {all:?}"
        );
    }
    for value in [quote!(99.9), quote!("99.9"), quote!("99.9 %"), quote!(50), quote!("0.5%")] {
        assert_eq!(errors(quote!(name: "a", availability: #value)), [""; 0], "{value}");
    }
}

#[test]
fn an_alert_fires_where_a_total_outage_burns_faster() {
    let of = |target: f64, burn: f64| {
        errors(quote! {
            name: "a", availability: #target, alerts: [page(burn = #burn, long = "1h")],
        })
    };
    // 14.4 times a budget of 6.94 % is 0.99936, of 6.95 % it is 1.0008.
    assert_eq!(of(93.06, 14.4), [""; 0]);
    let refused = of(93.05, 14.4);
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("even a total outage burns only 14.3 times"), "{refused:?}");
    assert_eq!(of(90.0, 9.999), [""; 0]);
    assert_eq!(of(90.0, 10.0).len(), 1);
}

#[test]
fn percents_are_exact() {
    let text = |value: TokenStream| {
        let value: Expr = syn::parse2(value).unwrap();
        Percent::of_target(&value).map(Percent::text).unwrap()
    };
    assert_eq!(text(quote!(99.95)), "99.95");
    assert_eq!(text(quote!(99.9000000)), "99.9");
    assert_eq!(text(quote!("0.0000001%")), "0.0000001");
    assert_eq!(text(quote!(9_9.5)), "99.5");
}
