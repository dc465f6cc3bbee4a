//! What a mistake is answered.

use super::*;

#[test]
fn mistakes_in_the_syntax_are_shown() {
    refused(
        "[policies.price]\ntimeout = 5s\nretry = {\n",
        expect![[r#"
        TOML:2:11: string values must be quoted, expected literal string
          |
        2 | timeout = 5s
          |           ^^

        TOML:3:10: unclosed inline table, expected `}`
          |
        3 | retry = {
          |          ^
    "#]],
    );
}

#[test]
fn keys_that_are_unknown_are_shown_with_what_is_meant() {
    refused(
        r#"
[polices]
[policies.price]
timout = "1s"
attempts = 3
retry.atempts = 3
breaker.backoff = 3
frobnicate = true
"#,
        expect![[r#"
            TOML:2:2: the table `polices` is unknown; did you mean `policies`?
              |
            2 | [polices]
              |  ^^^^^^^

            TOML:4:1: `policies.price.timout` is unknown; did you mean `timeout`?
              |
            4 | timout = "1s"
              | ^^^^^^

            TOML:5:1: `policies.price.attempts` is unknown; did you mean `retry.attempts`?
              |
            5 | attempts = 3
              | ^^^^^^^^

            TOML:6:7: `policies.price.retry.atempts` is unknown; did you mean `attempts`?
              |
            6 | retry.atempts = 3
              |       ^^^^^^^

            TOML:7:9: `policies.price.breaker.backoff` is unknown; did you mean `retry.backoff`?
              |
            7 | breaker.backoff = 3
              |         ^^^^^^^

            TOML:8:1: `policies.price.frobnicate` is unknown; there are `deadline`, `timeout`, `degrade`, `retry`, `budget`, `breaker`, `rate_limit`, `bulkhead`, `concurrency_limit`, `hedge`, `chaos`, `cache`
              |
            8 | frobnicate = true
              | ^^^^^^^^^^
        "#]],
    );
}

#[test]
fn values_that_are_impossible_are_shown_with_what_is_possible() {
    refused(
        r#"
[policies.price]
timeout = 500
deadline = "5 sec"
retry = { attempts = 0, backoff = { shape = "expo", factor = 0.5 }, jitter = true }
breaker.failure_rate = 50
breaker.slow_calls = ["500ms"]
breaker.window = "1ms"
bulkhead = 12
rate_limit = "10/s"
concurrency_limit = { drop_rate = 5, vegas = "standard", shares.low = 0 }
budget = "warehouse"
hedge = "p95"
"#,
        expect![[r#"
            TOML:3:11: `policies.price.timeout` must be a duration from "1ns" to "365d", but is `500`; write "500ms" or "500s"
              |
            3 | timeout = 500
              |           ^^^

            TOML:4:12: `policies.price.deadline` must be a duration from "1ns" to "365d", but is `"5 sec"`; the unit `sec` is unknown: write "5s"
              |
            4 | deadline = "5 sec"
              |            ^^^^^^^

            TOML:5:22: `policies.price.retry.attempts` must be a whole number from 1 to 1000, but is `0`
              |
            5 | retry = { attempts = 0, backoff = { shape = "expo", factor = 0.5 }, jitter = true }
              |                      ^

            TOML:5:45: `policies.price.retry.backoff.shape` must be "constant", "linear", "exponential", "fibonacci" or "decorrelated", but is `"expo"`
              |
            5 | retry = { attempts = 0, backoff = { shape = "expo", factor = 0.5 }, jitter = true }
              |                                             ^^^^^^

            TOML:5:62: `policies.price.retry.backoff.factor` must be a number from 1 to 100, but is `0.5`
              |
            5 | retry = { attempts = 0, backoff = { shape = "expo", factor = 0.5 }, jitter = true }
              |                                                              ^^^

            TOML:5:78: `policies.price.retry.jitter` must be "none", "full" or "equal", but is `true`
              |
            5 | retry = { attempts = 0, backoff = { shape = "expo", factor = 0.5 }, jitter = true }
              |                                                                              ^^^^

            TOML:6:24: `policies.price.breaker.failure_rate` must be a share above 0 and at most 1, but is `50`; write "50%" or 0.5 for 50 percent
              |
            6 | breaker.failure_rate = 50
              |                        ^^

            TOML:7:22: `policies.price.breaker.slow_calls` must be false, or a list of a duration from "1us" to "7d" and a share above 0 and at most 1, but is a list
              |
            7 | breaker.slow_calls = ["500ms"]
              |                      ^^^^^^^^^

            TOML:8:18: `policies.price.breaker.window` must be a duration from "100ms" to "1d", but is `"1ms"`
              |
            8 | breaker.window = "1ms"
              |                  ^^^^^

            TOML:9:12: `policies.price.bulkhead` must be a table of settings, but is a number; did you mean `bulkhead.concurrent`?
              |
            9 | bulkhead = 12
              |            ^^

            TOML:10:14: `policies.price.rate_limit` must be a table of settings, but is text; did you mean `rate_limit.rate`?
               |
            10 | rate_limit = "10/s"
               |              ^^^^^^

            TOML:11:35: `policies.price.concurrency_limit.drop_rate` must be a share from 0 to below 1, but is `5`; write "5%" or 0.05 for 5 percent
               |
            11 | concurrency_limit = { drop_rate = 5, vegas = "standard", shares.low = 0 }
               |                                   ^

            TOML:11:46: `policies.price.concurrency_limit.vegas` must be a table of settings, but is text; there are `alpha`, `beta`, `alpha_share`, `beta_share`, `smoothing`, `no_load_smoothing`, `probe_every`, `probe_share`
               |
            11 | concurrency_limit = { drop_rate = 5, vegas = "standard", shares.low = 0 }
               |                                              ^^^^^^^^^^

            TOML:11:71: `policies.price.concurrency_limit.shares.low` must be a share above 0 and at most 1, but is `0`
               |
            11 | concurrency_limit = { drop_rate = 5, vegas = "standard", shares.low = 0 }
               |                                                                       ^

            TOML:12:10: `policies.price.budget` must be a table of settings, but is text; there are `ratio`, `capacity`
               |
            12 | budget = "warehouse"
               |          ^^^^^^^^^^^

            TOML:13:9: `policies.price.hedge` must be a table of settings, but is text; did you mean `hedge.after`?
               |
            13 | hedge = "p95"
               |         ^^^^^
        "#]],
    );
}

#[test]
fn names_and_layers_that_are_not_there_are_shown() {
    let policy = Policy::builder("plain-config").timeout(SECOND).build().unwrap();
    refused(
        r#"
[policies.plain-confg]
timeout = "1s"
[policies.plain-config]
deadline = "1s"
breaker.probes = 3
[policies."keyed_price/oslo"]
retry.attempts = 3
"#,
        expect![[r#"
            TOML:2:11: no policy is named `plain-confg`; did you mean `plain-config`?
              |
            2 | [policies.plain-confg]
              |           ^^^^^^^^^^^

            TOML:5:12: the policy `plain-config` has no `deadline`; layers are fixed when a policy is built
              |
            5 | deadline = "1s"
              |            ^^^^

            TOML:6:18: the policy `plain-config` has no `breaker`; layers are fixed when a policy is built
              |
            6 | breaker.probes = 3
              |                  ^

            TOML:8:18: the policy `keyed_price/*` has no `retry`; layers are fixed when a policy is built
              |
            8 | retry.attempts = 3
              |                  ^
        "#]],
    );
    drop(policy);
}

#[test]
fn settings_that_do_not_go_together_are_shown() {
    let policy = by_hand("together-config");
    refused(
        r#"
[policies.together-config]
breaker.window = "10s"
[policies.declared_price]
retry.backoff = { shape = "constant", factor = 3 }
"#,
        expect![[r#"
            TOML:3:18: `together-config`: `window` must be of the kind it was built with, like Count(100), but is Time(10s); build another breaker for another kind of window
              |
            3 | breaker.window = "10s"
              |                  ^^^^^

            TOML:5:48: `declared_price`: `factor` must be left out unless the backoff is exponential, but is 3; remove `factor`, or choose exponential backoff
              |
            5 | retry.backoff = { shape = "constant", factor = 3 }
              |                                                ^
        "#]],
    );
    refused(
        "[policies.together-config]\ndeadline = \"900ms\"\n",
        expect![[r#"
        TOML:2:12: `together-config`: `timeout` must be shorter than the deadline of 900ms, but is 1s; the deadline would end every attempt first
          |
        2 | deadline = "900ms"
          |            ^^^^^^^
    "#]],
    );
    drop(policy);
}

#[test]
fn settings_that_exclude_each_other_are_shown() {
    refused(
        "[policies.price.concurrency_limit]\nvegas.alpha = 2\naimd.backoff = 0.8\nalgorithm = 'gradient2'\n",
        expect![[r#"
            TOML:3:6: `policies.price.concurrency_limit.aimd.backoff` and `concurrency_limit.vegas.alpha` exclude each other: one algorithm finds the limit; keep one
              |
            3 | aimd.backoff = 0.8
              |      ^^^^^^^

            TOML:4:1: `policies.price.concurrency_limit.algorithm` and `concurrency_limit.vegas.alpha` exclude each other: one algorithm finds the limit; keep one
              |
            4 | algorithm = 'gradient2'
              | ^^^^^^^^^
        "#]],
    );
    let mistakes = Overlay::from_yaml("policies: {a: {bulkhead: {shed: false, shed.target: 5ms}}}");
    let mistakes = mistakes.unwrap_err().to_string();
    assert!(mistakes.contains("it is one value or a table of several"), "{mistakes}");
}

#[test]
fn yaml_and_json_are_shown_the_same() {
    let mistakes = Overlay::from_yaml("policies:\n  price:\n    timeout: 5\n    retry: [1]\n");
    expect![[r#"
        YAML:3:14: `policies.price.timeout` must be a duration from "1ns" to "365d", but is `5`; write "5ms" or "5s"
          |
        3 |     timeout: 5
          |              ^

        YAML:4:12: `policies.price.retry` must be a table of settings, but is a list; there are `attempts`, `backoff`, `jitter`, `retry_after_max`, `budget`
          |
        4 |     retry: [1]
          |            ^^^"#]].assert_eq(&mistakes.unwrap_err().to_string());
    let mistakes = Overlay::from_json("{\"policies\": {\"price\": {\"timeout\": \"5\"}}");
    expect![[r#"
        JSON:1:41: expected `,` or `}`
          |
        1 | {"policies": {"price": {"timeout": "5"}}
          |                                         ^"#]]
    .assert_eq(&mistakes.unwrap_err().to_string());
    let mistakes = Overlay::from_json("{\"policies\": {\"price\": {\"timeout\": \"5s\",}}}");
    expect![[r#"
        JSON:1:40: JSON has no comma before a `}`; remove it, or write the file as TOML or YAML
          |
        1 | {"policies": {"price": {"timeout": "5s",}}}
          |                                        ^"#]]
    .assert_eq(&mistakes.unwrap_err().to_string());
}

/// What people write who have not read the guide, and the part of the answer that helps them.
#[test]
fn what_is_known_by_another_name_is_answered_with_ours() {
    for (text, part) in [
        ("retries = 3", "did you mean `retry.attempts`?"),
        ("max_attempts = 3", "did you mean `retry.attempts`?"),
        ("retry.max_delay = '10s'", "did you mean `retry.backoff.max`?"),
        ("retry.backoff.type = 'exponential'", "did you mean `retry.backoff.shape`?"),
        ("retry.shape = 'exponential'", "did you mean `retry.backoff.shape`?"),
        ("retry.backoff = 'exponential'", "did you mean `retry.backoff.shape`?"),
        ("circuit_breaker.probes = 3", "did you mean `breaker`?"),
        ("breaker.threshold = 5", "did you mean `breaker.failure_rate`?"),
        ("breaker.failure_rate = '0.5'", "write 0.5 without quotes"),
        ("rate_limit = 10", "write `rate_limit.rate` as \"10/s\""),
        ("rate_limit.rate = '10'", "write \"10/s\""),
        ("rate_limit.rate = '10/sec'", "write \"10/s\""),
        ("bulkhead.queue = 100", "it is fixed when the policy is built"),
        ("fallback = 'list_price'", "it is fixed when the policy is built"),
        ("bulkhead.shed = '5ms'", "or write a table of `target`, `interval`"),
        ("concurrency_limit.alpha = 3", "did you mean `concurrency_limit.vegas.alpha`?"),
        ("cache = '30s'", "did you mean `cache.ttl`?"),
        ("cache.refresh = 'background'", "it is fixed when the policy is built"),
        ("rate_limit.key = 'tenant'", "it is fixed when the policy is built"),
        ("idempotent = true", "it is fixed when the policy is built"),
        ("chaos.on = true", "a file does not switch chaos; `registry::force` does"),
        ("timeout = 'p99 * 2'", "is a table, such as { quantile = \"p99\", times = 2 }"),
        ("timeout = 'adaptive(p99 * 2)'", "is a table, such as { quantile = \"p99\", times = 2 }"),
    ] {
        let mistakes = Overlay::from_toml(&format!("[policies.price]\n{text}\n")).unwrap_err();
        let [mistake] = mistakes.list() else { panic!("{mistakes}") };
        assert!(mistake.message().contains(part), "{text}: {}", mistake.message());
    }
    let outside = Overlay::from_toml("[price]\ntimeout = '1s'\n").unwrap_err();
    assert_eq!(
        outside.list()[0].message(),
        "the table `price` is unknown; policies stand in `policies`, as in `policies.price`"
    );
    assert_eq!(outside.list().len(), 1);
}

#[test]
fn a_bound_that_nobody_wrote_is_told_where_something_was_written_beside_it() {
    let limit = ConcurrencyLimit::builder("beside").algorithm(Vegas::standard()).build().unwrap();
    let policy = Policy::builder("beside-config").concurrency_limit(limit).build().unwrap();
    refused(
        "[policies.beside-config]\nconcurrency_limit.samples = 50\nconcurrency_limit.vegas.alpha = 30\n",
        expect![[r#"
            TOML:3:33: `beside`: `beta` must be 30 to 1000, but is 6; give `beta` such a value
              |
            3 | concurrency_limit.vegas.alpha = 30
              |                                 ^^
        "#]],
    );
    drop(policy);
}
