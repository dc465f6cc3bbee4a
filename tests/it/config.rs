//! Settings of policies from files, as operators write them: right, wrong, and again.

mod rate_limit;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use expect_test::{Expect, expect};
use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::breaker::Window;
use reliability::resilience::concurrency_limit::{Aimd, Vegas};
use reliability::resilience::config::{self, ConfigFile, LoadError, Overlay};
use reliability::resilience::{
    Backoff, Breaker, Bulkhead, ConcurrencyLimit, Hedge, Jitter, Policy, Retry, RetryBudget,
    registry, resilient,
};
use tokio::sync::{Mutex, MutexGuard};

mod degrade;
mod messages;
mod shared;

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

#[test]
fn an_adaptive_limit_gets_another_algorithm_and_its_own_back() {
    let _turn = turn();
    let limit = ConcurrencyLimit::builder("chosen").algorithm(Aimd::standard()).build().unwrap();
    let policy = Policy::builder("chosen-config").concurrency_limit(limit.clone()).build().unwrap();
    let apply = |text: &str| {
        let text = format!("[policies.chosen-config.concurrency_limit]\n{text}");
        Overlay::from_toml(&text).unwrap().apply().unwrap();
        limit.settings().algorithm
    };
    let vegas = Vegas::standard();
    assert_eq!(apply("algorithm = 'vegas'"), vegas.into());
    let other = Vegas { alpha: 2, probe_share: 0.9, ..vegas };
    assert_eq!(apply("vegas = { alpha = 2, probe_share = 0.9 }"), other.into());
    assert_eq!(apply("algorithm = 'vegas'\nvegas.alpha = 4"), Vegas { alpha: 4, ..vegas }.into());
    let gentle = Aimd { backoff: 0.95, ..Aimd::standard() };
    assert_eq!(apply("aimd.backoff = '95%'"), gentle.into());
    assert_eq!(apply("shares = { low = 0.1 }"), Aimd::standard().into());
    assert_eq!(limit.settings().shares.low, 0.1);
    nothing();
    assert_eq!(
        limit.settings(),
        ConcurrencyLimit::builder("chosen").algorithm(Aimd::standard()).build().unwrap().settings()
    );
    drop(policy);
}

#[test]
fn a_mistake_in_the_last_policy_of_a_file_changes_none() {
    let _turn = turn();
    let scratch = Scratch::new("last");
    let breaker = Breaker::standard("last-of-many");
    let names: Vec<String> = (0..20).map(|index| format!("last-config-{index:02}")).collect();
    let build = |name: &String| {
        let policy = Policy::builder(name.clone()).breaker(breaker.clone());
        policy.deadline(SECOND * 3).timeout(SECOND).build()
    };
    // The order of the file is not that in which they were built.
    let policies: Vec<Policy> = names.iter().rev().map(|name| build(name).unwrap()).collect();
    let section =
        |name: &String| format!("[policies.{name}]\ntimeout = '2s'\nbreaker.probes = 5\n");
    let good: String = names.iter().map(section).collect();
    let path = scratch.file("a.toml", &good);
    let mut file = config::load(&path).unwrap();
    let in_force: Vec<_> = policies.iter().map(Policy::settings).collect();
    assert!(in_force.iter().all(|it| it.breaker.as_ref().unwrap().probes == 5));
    let bad = [
        good.replace("2s", "1500ms").replacen("1500ms", "2s", 19).replace("1500ms", "3s"),
        good.replace("= 5", "= 6") + "window = '1s'\n",
        good.replace("= 5", "= 7") + "[policies.nobody-at-all]\n",
        good.replace("= 5", "= 8") + "bulkhead.concurrent = 3\n",
        good.replace("2s", "500ms") + "breaker.window = '10s'\n",
        good.replacen("= 5", "= 9", 19),
        good.replace("2s", "700ms") + "[policies",
    ];
    for text in bad {
        fs::write(&path, &text).unwrap();
        assert!(file.reload().is_err(), "{text}");
        let now: Vec<_> = policies.iter().map(Policy::settings).collect();
        assert_eq!(now, in_force, "{text}");
        let late = build(&names[0]).unwrap();
        assert_eq!(late.settings(), in_force[0], "nor is it laid over one that is built later");
    }
    nothing();
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
    assert_eq!(other.class(), Class::Permanent, "it ends so the next time");
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
