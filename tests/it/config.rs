//! Settings of policies from files, as operators write them: right, wrong, and again.

mod rate_limit;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use expect_test::{Expect, expect};
use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::breaker::Window;
use reliability::resilience::config::{self, ConfigFile, LoadError, Overlay};
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, Jitter, Policy, Retry, registry, resilient,
};
use tokio::sync::{Mutex, MutexGuard};

const SECOND: Duration = Duration::from_secs(1);

/// There is one overlay in a process: tests that apply one take turns.
static TURN: Mutex<()> = Mutex::const_new(());

fn turn() -> MutexGuard<'static, ()> {
    TURN.blocking_lock()
}

fn nothing() {
    Overlay::from_toml("[policies]").unwrap().apply().unwrap();
}

#[resilient(
    retry(attempts = 3, backoff = exponential("50ms", max = "1s")),
    breaker(failure_rate = 0.5),
    timeout = "800ms",
    idempotent
)]
async fn declared_price() -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(key = town, bulkhead(concurrent = 4), timeout = "1s")]
async fn keyed_price(town: &str) -> Result<usize, Rejected> {
    Ok(town.len())
}

fn by_hand(name: &'static str) -> Policy {
    let policy = Policy::builder(name)
        .deadline(3 * SECOND)
        .retry(Retry::standard())
        .breaker(Breaker::standard(name))
        .bulkhead(Bulkhead::standard(name))
        .timeout(SECOND);
    policy.build().unwrap()
}

/// What a mistaken TOML file is answered.
fn refused(text: &str, expected: Expect) {
    let _turn = turn();
    let overlay = Overlay::from_toml(text).and_then(|overlay| overlay.apply());
    expected.assert_eq(&format!("{}\n", overlay.unwrap_err()));
}

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
            TOML:2:2: `polices` is unknown; the only table is `policies`
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

            TOML:7:9: `policies.price.breaker.backoff` is unknown; there are `window`, `failure_rate`, `slow_calls`, `min_calls`, `open_for`, `open_growth`, `open_jitter`, `probes`, `half_open_for`
              |
            7 | breaker.backoff = 3
              |         ^^^^^^^

            TOML:8:1: `policies.price.frobnicate` is unknown; there are `deadline`, `timeout`, `retry`, `breaker`, `rate_limit`, `bulkhead`, `concurrency_limit`, `hedge`, `chaos`, `cache`
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

            TOML:9:12: `policies.price.bulkhead` must be a table of settings, but is a number
              |
            9 | bulkhead = 12
              |            ^^
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
            TOML:3:18: policy `together-config`: `window` must be of the kind it was built with, like Count(100), but is Time(10s); build another breaker for another kind of window
              |
            3 | breaker.window = "10s"
              |                  ^^^^^

            TOML:5:48: policy `declared_price`: `factor` must be left out unless the backoff is exponential, but is 3; remove `factor`, or choose exponential backoff
              |
            5 | retry.backoff = { shape = "constant", factor = 3 }
              |                                                ^
        "#]],
    );
    refused(
        "[policies.together-config]\ndeadline = \"900ms\"\n",
        expect![[r#"
        TOML:2:12: policy `together-config`: `timeout` must be shorter than the deadline of 900ms, but is 1s; the deadline would end every attempt first
          |
        2 | deadline = "900ms"
          |            ^^^^^^^
    "#]],
    );
    drop(policy);
}

#[test]
fn yaml_and_json_are_shown_the_same() {
    let mistakes = Overlay::from_yaml("policies:\n  price:\n    timeout: 5\n    retry: [1]\n");
    expect![[r#"
        YAML:3:14: `policies.price.timeout` must be a duration from "1ns" to "365d", but is `5`; write "5ms" or "5s"
          |
        3 |     timeout: 5
          |              ^

        YAML:4:12: `policies.price.retry` must be a table of settings, but is a list
          |
        4 |     retry: [1]
          |            ^^^"#]].assert_eq(&mistakes.unwrap_err().to_string());
    let mistakes = Overlay::from_json("{\"policies\": {\"price\": {\"timeout\": \"5\"}}");
    expect![[r#"
        JSON:1:41: while parsing a flow mapping, did not find expected ',' or '}'
          |
        1 | {"policies": {"price": {"timeout": "5"}}
          |                                         ^"#]]
    .assert_eq(&mistakes.unwrap_err().to_string());
}

#[test]
fn what_is_applied_is_in_force_and_what_is_taken_back_is_as_declared() {
    let _turn = turn();
    let policy = by_hand("applied-config");
    let declared = policy.settings();
    let overlay = |text: &str| Overlay::from_yaml(text).unwrap();
    overlay(
        "policies:
           applied-config:
             deadline: 10s
             timeout: 5s
             retry: {attempts: 9, backoff: {shape: linear, first: 1s, max: 20s}, jitter: none}
             breaker: {window: 50, failure_rate: 25%, probes: 7, open_growth: [2, 1m]}
             bulkhead: {concurrent: 3, wait: 0s}
           declared_price: {retry: {attempts: 5}}",
    )
    .apply()
    .unwrap();
    let now = policy.settings();
    let (retry, breaker) = (now.retry.unwrap(), now.breaker.unwrap());
    let bulkhead = now.bulkhead.unwrap();
    assert_eq!((now.deadline, now.timeout), (Some(10 * SECOND), Some((5 * SECOND).into())));
    let backoff = Backoff::linear(SECOND).max(20 * SECOND).jitter(Jitter::None);
    assert_eq!((retry.attempts, retry.backoff), (9, backoff));
    assert_eq!((breaker.window, breaker.failure_rate), (Window::Count(50), 0.25));
    assert_eq!((breaker.probes, breaker.open_growth, breaker.open_max), (7, 2.0, 60 * SECOND));
    assert_eq!((bulkhead.concurrent, bulkhead.wait), (3, Duration::ZERO));
    assert_eq!(
        registry::find("declared_price").unwrap().policy().settings().retry.unwrap().attempts,
        5
    );

    // An operator's change of what no file names stays; the rest is as it was declared.
    policy.reconfigure(|settings| settings.breaker.as_mut().unwrap().min_calls = 77).unwrap();
    overlay("policies: {applied-config: {timeout: 2s}}").apply().unwrap();
    let mut expected = declared.clone();
    expected.timeout = Some((2 * SECOND).into());
    expected.breaker.as_mut().unwrap().min_calls = 77;
    assert_eq!(policy.settings(), expected);
    nothing();
    expected.timeout = declared.timeout;
    assert_eq!(policy.settings(), expected);
    assert_eq!(
        registry::find("declared_price").unwrap().policy().settings().retry.unwrap().attempts,
        3
    );
}

/// Two policies with one breaker, and what its failure rate is to each of them.
struct Shared(Policy, Policy);

impl Shared {
    fn new(one: &'static str, other: &'static str) -> Self {
        let breaker = Breaker::standard("shared-by-two");
        let build = |name| Policy::builder(name).breaker(breaker.clone()).timeout(SECOND).build();
        Self(build(one).unwrap(), build(other).unwrap())
    }

    fn failure_rates(&self) -> [f64; 2] {
        [&self.0, &self.1].map(|policy| policy.settings().breaker.unwrap().failure_rate)
    }
}

#[test]
fn what_one_section_says_of_a_shared_breaker_is_not_undone_by_another() {
    let _turn = turn();
    let shared = Shared::new("sharing-one", "sharing-other");
    let one = "[policies.sharing-one]\n";
    let other = "[policies.sharing-other]\n";
    let (rate, timeout) = ("breaker.failure_rate = 0.25\n", "timeout = '3s'\n");
    for (text, expected) in [
        (format!("{one}{rate}{other}{timeout}"), 0.25),
        (format!("{one}{timeout}{other}{rate}"), 0.25),
        (format!("{one}{timeout}"), 0.5),
        (format!("{one}{rate}"), 0.25),
        (format!("{one}{rate}{other}{rate}"), 0.25),
        (format!("{other}{timeout}"), 0.5),
        (format!("{other}{rate}"), 0.25),
        (format!("{other}{rate}{one}{timeout}"), 0.25),
        ("[policies]".to_owned(), 0.5),
    ] {
        Overlay::from_toml(&text).unwrap().apply().unwrap();
        assert_eq!(shared.failure_rates(), [expected; 2], "{text}");
    }
    assert_eq!(shared.0.settings().timeout, Some(SECOND.into()));
    assert_eq!(shared.1.settings().timeout, Some(SECOND.into()));
}

#[test]
fn a_shared_breaker_is_as_declared_once_the_policy_that_came_later_is_told_nothing() {
    let _turn = turn();
    let overlay = |text: &str| Overlay::from_toml(text).unwrap().expecting(["sharing-late"]);
    overlay("[policies.sharing-late]\nbreaker.failure_rate = 0.25\n").apply().unwrap();
    let shared = Shared::new("sharing-early", "sharing-late");
    assert_eq!(shared.failure_rates(), [0.25; 2]);
    overlay("[policies.sharing-early]\nbreaker.failure_rate = 0.75\n").apply().unwrap();
    assert_eq!(shared.failure_rates(), [0.75; 2]);
    nothing();
    assert_eq!(shared.failure_rates(), [0.5; 2]);
}

#[test]
fn sections_that_say_different_things_of_a_shared_breaker_are_refused() {
    let shared = Shared::new("torn-one", "torn-other");
    refused(
        "[policies.torn-other]\nbreaker.failure_rate = 0.75\n\n[policies.torn-one]\nbreaker.failure_rate = \"25%\"\nbreaker.probes = 2\n",
        expect![[r#"
            TOML:5:24: `torn-one` shares its `breaker` with `torn-other`, for which another `breaker.failure_rate` is written above; keep one of them
              |
            5 | breaker.failure_rate = "25%"
              |                        ^^^^^
        "#]],
    );
    assert_eq!(shared.failure_rates(), [0.5; 2]);
}

#[test]
fn one_mistake_in_one_policy_changes_no_policy() {
    let _turn = turn();
    nothing();
    let (first, second) = (by_hand("atomic-config-1"), by_hand("atomic-config-2"));
    let before = (first.settings(), second.settings());
    let text = "[policies.atomic-config-1]\ntimeout = \"2s\"\n[policies.atomic-config-2]\ntimeout = \"3s\"\n";
    let overlay = Overlay::from_toml(text).unwrap();
    assert_eq!(overlay.check(), overlay.apply());
    assert_eq!((first.settings(), second.settings()), before);
    let built_later = by_hand("atomic-config-1");
    assert_eq!(built_later.settings().timeout, Some(SECOND.into()), "nor one that is built later");
}

#[tokio::test]
async fn policies_that_are_built_later_get_it_when_they_are_built() {
    let turn = TURN.lock().await;
    let text = "[policies.keyed_price]\ntimeout = \"2s\"\nbulkhead.concurrent = 2\n\
                [policies.'keyed_price/later-oslo']\ntimeout = \"3s\"\n\
                [policies.later-config]\nretry.attempts = 6\n[policies.short-config]\ntimeout = \"4s\"\n";
    let overlay = Overlay::from_toml(text).unwrap();
    let unknown = overlay.check().unwrap_err();
    assert_eq!(unknown.list().len(), 2, "{unknown}");
    overlay.expecting(["later-config", "short-config"]).apply().unwrap();

    for (town, timeout) in [("later-oslo", 3), ("later-rome", 2)] {
        assert_eq!(keyed_price(town).await, Ok(town.len()));
        let entry = registry::find(&format!("keyed_price/{town}")).unwrap();
        let settings = entry.policy().settings();
        assert_eq!(settings.timeout, Some((timeout * SECOND).into()));
        assert_eq!(settings.bulkhead.unwrap().concurrent, 2);
    }
    assert_eq!(by_hand("later-config").settings().retry.unwrap().attempts, 6);
    assert_eq!(by_hand("other-config").settings().retry.unwrap().attempts, 3);

    assert_eq!(declared_price().await, Ok(7));
    // One that cannot work with it is not built, and says which line is to blame.
    let short = Policy::builder("short-config").deadline(SECOND).timeout(SECOND / 2).build();
    let refused = short.unwrap_err();
    assert!(refused.to_string().ends_with("correct it in TOML:9"), "{refused}");
    assert!(registry::find("short-config").is_none());
    let without = Policy::builder("later-config").timeout(SECOND).build().unwrap_err();
    assert!(without.to_string().contains("TOML:7"), "{without}");
    nothing();
    drop(turn);
}

/// A file in a folder of its own, which is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("reliability-config-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

#[test]
fn a_file_is_read_by_how_its_name_ends() {
    let _turn = turn();
    let scratch = Scratch::new("names");
    let policy = by_hand("file-config");
    for (name, text, timeout) in [
        ("a.toml", "[policies.file-config]\ntimeout = \"100ms\"\n", 100),
        ("a.yaml", "policies: {file-config: {timeout: 200ms}}", 200),
        ("a.yml", "policies:\n  file-config:\n    timeout: 300ms", 300),
        ("a.json", "{\"policies\": {\"file-config\": {\"timeout\": \"400ms\"}}}", 400),
    ] {
        config::load(scratch.file(name, text)).unwrap();
        assert_eq!(policy.settings().timeout, Some(Duration::from_millis(timeout).into()));
    }
    let other = config::load(scratch.file("a.ini", "")).unwrap_err();
    assert!(other.to_string().contains("end in .toml"), "{other}");
    let missing = config::load(scratch.0.join("missing.toml")).unwrap_err();
    assert!(matches!(missing, LoadError::Unreadable { .. }) && missing.class() == Class::Transient);
    assert!(std::error::Error::source(&missing).is_some());
    let latin =
        config::load(scratch.file("b.toml", b"[policies.file-config]\n# caf\xe9\n")).unwrap_err();
    assert!(latin.to_string().contains("b.toml:2:6: this is no UTF-8"), "{latin}");
    let long = config::load(scratch.file("c.toml", vec![b'\n'; 3 << 20])).unwrap_err();
    assert!(long.to_string().contains("at most 1048576 bytes"), "{long}");
    assert_eq!(long.class(), Class::Permanent);
    nothing();
}

#[test]
fn a_bad_reload_changes_nothing_and_is_told_once() {
    let _turn = turn();
    let scratch = Scratch::new("reload");
    let policy = by_hand("reloaded-config");
    let section = |timeout: &str| format!("[policies.reloaded-config]\ntimeout = \"{timeout}\"\n");
    let path = scratch.file("a.toml", section("500ms"));
    let mut file = config::load(&path).unwrap();
    assert!(!file.reload_if_changed().unwrap());
    for bad in ["", "[policies]\nx = 1", "[polic", "[policies.reloaded-config]\ntimeout = \"5s\""] {
        fs::write(&path, bad).unwrap();
        assert!(file.reload_if_changed().is_err(), "{bad}");
        assert!(!file.reload_if_changed().unwrap(), "it is the same mistake");
        assert!(file.reload().is_err(), "who asks is told again");
        assert_eq!(policy.settings().timeout, Some(Duration::from_millis(500).into()));
    }
    fs::remove_file(&path).unwrap();
    assert!(file.reload_if_changed().is_err());
    fs::write(&path, section("600ms")).unwrap();
    assert!(file.reload_if_changed().unwrap());
    assert_eq!(policy.settings().timeout, Some(Duration::from_millis(600).into()));
    nothing();
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_watched_is_put_into_force_when_it_changes() {
    let turn = TURN.lock().await;
    let scratch = Scratch::new("watch");
    let policy = by_hand("watched-config");
    let path = scratch.file("a.yaml", "policies: {watched-config: {timeout: 500ms}}");
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let file = ConfigFile::at(&path);
    let watching =
        tokio::spawn(file.watch(SECOND, move |outcome| told.send(outcome.is_ok()).unwrap()));
    assert_eq!(heard.recv().await, Some(true));
    assert_eq!(policy.settings().timeout, Some(Duration::from_millis(500).into()));
    for (text, right, timeout) in [
        ("policies: {watched-config: {timeout: 700ms}}", true, 700),
        ("policies: {watched-config: {timeout: 0s}}", false, 700),
        ("policies: {watched-config: {timeout: 800ms}}", true, 800),
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(heard.recv().await, Some(right));
        assert_eq!(policy.settings().timeout, Some(Duration::from_millis(timeout).into()));
    }
    fs::remove_file(&path).unwrap();
    assert_eq!(heard.recv().await, Some(false));
    tokio::time::advance(10 * SECOND).await;
    assert!(heard.try_recv().is_err(), "it is told of once");
    watching.abort();
    nothing();
    drop(turn);
}

#[test]
fn policies_that_are_built_while_an_overlay_is_applied_get_one_or_the_other_whole() {
    let _turn = turn();
    let overlay = |seconds: u32| {
        let text = format!(
            "[policies.raced-config]\ndeadline = \"{}s\"\ntimeout = \"{seconds}s\"\n",
            seconds + 1
        );
        Overlay::from_toml(&text).unwrap().expecting(["raced-config"])
    };
    let overlays: Vec<_> = (1..20).map(overlay).collect();
    overlays[0].apply().unwrap();
    let policies: Vec<Policy> = std::thread::scope(|scope| {
        let builders: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| (0..300).map(|_| by_hand("raced-config")).collect::<Vec<_>>()))
            .collect();
        for _ in 0..5 {
            for overlay in &overlays {
                overlay.apply().unwrap();
            }
        }
        builders.into_iter().flat_map(|builder| builder.join().unwrap()).collect()
    });
    overlays[7].apply().unwrap();
    for policy in policies {
        let settings = policy.settings();
        assert_eq!(
            (settings.deadline, settings.timeout),
            (Some(9 * SECOND), Some((8 * SECOND).into()))
        );
    }
    nothing();
}
