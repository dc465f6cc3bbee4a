//! Every interleaving of switching, striking and changing.

use core::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::live::LiveSettings;
use super::switch::{FOREVER, Look, Switch};
use super::{Chaos, Injection, Settings};
use crate::time::{Instant, ManualClock};

fn rates(error_rate: f64) -> Settings {
    Settings { error_rate, latency_to: Duration::from_secs(1), ..Settings::default() }
}

#[test]
fn loom_who_sees_it_on_sees_the_settings_it_was_switched_on_with() {
    loom::model(|| {
        let shared = Arc::new((Switch::new(), LiveSettings::new(&rates(0.0))));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.store(&rates(1.0));
                shared.0.on_until(FOREVER);
            })
        };
        if shared.0.look(Instant::ZERO) == Look::On {
            assert_eq!(shared.1.load(), rates(1.0));
        }
        other.join().unwrap();
        assert_eq!(shared.0.look(Instant::ZERO), Look::On);
    });
}

#[test]
fn loom_one_of_those_who_find_it_over_is_told() {
    loom::model(|| {
        let switch = Arc::new(Switch::new());
        switch.on_until(5);
        let other = {
            let switch = Arc::clone(&switch);
            thread::spawn(move || switch.look(Instant::from_nanos(5)))
        };
        let looks = [switch.look(Instant::from_nanos(6)), other.join().unwrap()];
        let told = looks.iter().filter(|look| **look == Look::Expired).count();
        assert_eq!(told, 1, "{looks:?}");
        assert!(switch.is_off());
    });
}

#[test]
fn loom_finding_it_over_does_not_undo_a_new_beginning() {
    loom::model(|| {
        let switch = Arc::new(Switch::new());
        switch.on_until(5);
        let other = {
            let switch = Arc::clone(&switch);
            thread::spawn(move || switch.on_until(FOREVER))
        };
        let look = switch.look(Instant::from_nanos(6));
        let was_off = other.join().unwrap();
        assert_eq!(switch.look(Instant::from_nanos(7)), Look::On, "after {look:?}, {was_off}");
        assert_eq!(was_off, look == Look::Expired);
    });
}

/// Two attempts at once draw different numbers, and both are counted.
#[test]
fn loom_each_attempt_is_decided_by_a_number_of_its_own() {
    loom::model(|| {
        let chaos = Chaos::builder("loom").error(1.0).clock(ManualClock::new().clock()).build();
        let chaos = chaos.unwrap();
        chaos.switch_on();
        let other = {
            let chaos = chaos.clone();
            thread::spawn(move || chaos.strike())
        };
        let injected = [chaos.strike(), other.join().unwrap()];
        assert_eq!(injected, [Injection::Error; 2]);
        let now = chaos.snapshot();
        assert_eq!((now.decided, now.errors), (2, 2));
    });
}

#[test]
fn loom_one_of_those_who_switch_finds_it_as_it_was() {
    let switches: [fn(&Switch) -> bool; 2] = [|switch| switch.on_until(FOREVER), Switch::off];
    for (index, found) in switches.into_iter().enumerate() {
        loom::model(move || {
            let switch = Arc::new(Switch::new());
            if index == 1 {
                switch.on_until(FOREVER);
            }
            let other = {
                let switch = Arc::clone(&switch);
                thread::spawn(move || found(&switch))
            };
            assert_ne!(found(&switch), other.join().unwrap());
        });
    }
}
