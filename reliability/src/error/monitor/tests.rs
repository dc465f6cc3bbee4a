#![allow(clippy::expect_used, reason = "a test says by panicking that it failed")]

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::groups::{First, Groups, Seen};
use super::rate::Rate;
use super::text::Text;
use super::{ErrorMonitor, Fingerprint, monitors, shape};
use crate::error::{Class, Contextual, Fault, Reason, Rejected, Severity};
use crate::time::{Instant, ManualClock};

/// An error that says what it is told to.
struct Says<'a>(&'a str);

impl Fault for Says<'_> {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

fn small(capacity: u32) -> ErrorMonitor {
    ErrorMonitor::builder("tests").capacity(capacity).build().expect("valid settings")
}

#[test]
fn what_differs_is_masked_and_what_tells_apart_is_kept() {
    let table = [
        ("", ""),
        ("no route to host", "no route to host"),
        ("user 17 not found", "user <n> not found"),
        ("took 1.5s, allowed 200ms", "took <n>, allowed <n>"),
        ("10.0.0.7:443 refused", "<n>:<n> refused"),
        ("[2001:db8::1]:443 refused", "[<n>]:<n> refused"),
        ("fe80::1%eth0", "<n>%eth<n>"),
        ("at 12:30:45.123", "at <n>"),
        ("00:1b:44:11:3a:b7 is down", "<n> is down"),
        ("order 550e8400-e29b-41d4-a716-446655440000 gone", "order <id> gone"),
        ("commit 5a3df1c and 0x1f", "commit <id> and <id>"),
        ("deadbeef facade", "deadbeef facade"),
        ("cus_Nf3k2jd82ks is unknown", "cus_<id> is unknown"),
        ("http2 on port_8080", "http<n> on port_<n>"),
        ("key \"a b\" and 'c' and `d`", "key \"<..>\" and '<..>' and `<..>`"),
        ("can't open 'it's here'", "can't open '<..>'"),
        ("said \"a \\\" b\" twice", "said \"<..>\" twice"),
        ("cut off \"in the mid", "cut off \"<..>\""),
        ("the owners' house", "the owners' house"),
        ("two\n\t lines\u{0}", "two lines "),
        ("42", "<n>"),
        ("-3 of 1_000", "-<n> of <n>_<n>"),
        ("100% of 5GB, 3x", "<n>% of <n>, <n>"),
        ("std::io::Error", "std::io::Error"),
        ("größe 12µs ✓", "größe <n> ✓"),
        ("٣٤ items", "<n> items"),
        ("e.g. v1.2.3", "e.g. v<n>.<n>"),
    ];
    for (message, expected) in table {
        assert_eq!(shape(message), expected, "{message}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_shape_and_numbers_do_not_change_it(
        before in "[^0-9]{0,20}", first: u32, second: u32, after in "[ ,;][^0-9]{0,20}",
    ) {
        let with = |number: u32| shape(&alloc::format!("{before} {number}{after}"));
        prop_assert_eq!(with(first), with(second));
    }

    #[test]
    fn no_text_is_too_strange(text: String) {
        let shape = shape(&text);
        let cut = Text::<16>::of(|out| out.write_str(&text));
        prop_assert!(text.starts_with(cut.as_str()));
        prop_assert!(cut.as_str().len() > 12 || cut.as_str() == text, "cut at a character: {shape}");
    }
}

#[test]
fn a_fingerprint_is_the_same_everywhere() {
    // Computed by hand from the definition; a change would cut the history of every user.
    assert_eq!(Fingerprint::named("").to_string(), "cbf29ce484222325");
    assert_eq!(Fingerprint::named("a").to_string(), "af63dc4c8601ec8c");
    assert_eq!(Fingerprint::named("foobar").to_string(), "85944171f73967e8");
    assert_ne!(Fingerprint::of("ab", "c"), Fingerprint::of("a", "bc"));
}

#[test]
fn a_group_keeps_counts_times_and_the_first_example() {
    let manual = ManualClock::new();
    let errors = ErrorMonitor::builder("shop").clock(manual.clock()).build().expect("valid");
    let timed_out = Contextual::new("pricing tea", Rejected::new(Reason::TimedOut, "price"));
    let first = errors.record(&timed_out);
    manual.advance(Duration::from_secs(30));
    assert_eq!(errors.record(&timed_out), first);
    errors.record(&Says("no such order: 17"));
    manual.advance(Duration::from_secs(10));
    let now = errors.snapshot();
    assert_eq!((now.recorded, now.groups.len()), (3, 2));
    let group = &now.groups[0];
    assert_eq!((group.count, group.overcount), (2, 0));
    assert_eq!(group.example, "pricing tea: price: the attempt took longer than its timeout");
    assert_eq!((group.class, group.severity), (Class::Transient, Severity::Warning));
    assert_eq!(group.first_seen_ago, Duration::from_secs(40));
    assert_eq!(group.last_seen_ago, Duration::from_secs(10));
    assert_eq!(now.groups[1].shape, "no such order: <n>");
    assert!(now.to_string().contains("no such order: <n>"), "{now}");
    errors.clear();
    assert_eq!(errors.snapshot().recorded, 0);
}

#[test]
fn the_rate_settles_at_the_stream_and_fades_after_it() {
    let mut rate = Rate::new(Instant::ZERO);
    let mut now = Instant::ZERO;
    for _ in 0..60 * 10 {
        now = now.saturating_add(Duration::from_secs(1));
        rate.count(now);
    }
    let steady = rate.per_minute(now);
    assert!((59.0..62.0).contains(&steady), "{steady}");
    let faded = rate.per_minute(now.saturating_add(Duration::from_secs(139)));
    assert!(faded < steady / 10.0, "{faded}");
    rate.count(Instant::ZERO);
    assert!(rate.per_minute(now) <= steady + 1.0, "a clock that jumps back makes no burst");
}

/// Errors of `keys`, in order, in a monitor of that capacity: what is kept, and the truth.
fn played(capacity: usize, keys: &[u8]) -> (Groups, BTreeMap<u64, u64>) {
    let mut groups = Groups::new(capacity);
    let mut truth = BTreeMap::new();
    for (at, key) in keys.iter().enumerate() {
        let fingerprint = Fingerprint::named(&key.to_string());
        let now = Instant::from_nanos(at as u64);
        let seen = Seen { fingerprint, class: Class::Permanent, severity: Severity::Error, now };
        if !groups.count(seen) {
            let first = First { kind: "k", shape: "".into(), example: "".into() };
            groups.add(seen, first);
        }
        *truth.entry(fingerprint.as_u64()).or_insert(0) += 1;
    }
    (groups, truth)
}

proptest! {
    /// The theorem, against a naive count without bounds.
    #[test]
    fn counts_are_within_their_stated_error_and_nothing_frequent_is_missing(
        capacity in 1..8_usize, keys in proptest::collection::vec(0..20_u8, 0..300),
    ) {
        let (groups, truth) = played(capacity, &keys);
        let all = groups.all(Instant::ZERO);
        prop_assert!(all.len() <= capacity);
        prop_assert_eq!(groups.recorded, keys.len() as u64);
        prop_assert_eq!(all.iter().map(|group| group.count).sum::<u64>(), keys.len() as u64);
        for group in &all {
            let true_count = truth[&group.fingerprint.as_u64()];
            prop_assert!(group.count - group.overcount <= true_count && true_count <= group.count);
            prop_assert!(group.overcount <= (keys.len() / capacity) as u64);
        }
        let kept: Vec<u64> = all.iter().map(|group| group.fingerprint.as_u64()).collect();
        for (key, count) in truth {
            let frequent = count > (keys.len() / capacity) as u64;
            prop_assert!(!frequent || kept.contains(&key), "{count} of {}", keys.len());
        }
    }

    #[test]
    fn fewer_groups_are_the_most_frequent_ones(keys in proptest::collection::vec(0..9_u8, 0..99)) {
        let (mut groups, _) = played(8, &keys);
        let before = groups.all(Instant::ZERO);
        groups.set_capacity(3);
        let after = groups.all(Instant::ZERO);
        prop_assert_eq!(after.len(), before.len().min(3));
        let counts = |all: &[super::ErrorGroup]| all.iter().map(|it| it.count).collect::<Vec<_>>();
        prop_assert_eq!(counts(&after), counts(&before[..after.len()]));
        for group in &after {
            let seen = Seen {
                fingerprint: group.fingerprint,
                class: group.class,
                severity: group.severity,
                now: Instant::ZERO,
            };
            prop_assert!(groups.count(seen), "places follow the groups that moved");
        }
    }
}

#[test]
fn of_equal_counts_the_mild_and_then_the_old_give_way() {
    let mut groups = Groups::new(3);
    let add = |groups: &mut Groups, name: &str, severity, nanos| {
        let fingerprint = Fingerprint::named(name);
        let seen = Seen {
            fingerprint,
            class: Class::Permanent,
            severity,
            now: Instant::from_nanos(nanos),
        };
        groups.add(seen, First { kind: "k", shape: name.into(), example: "".into() });
    };
    add(&mut groups, "critical", Severity::Critical, 1);
    add(&mut groups, "old", Severity::Warning, 2);
    add(&mut groups, "new", Severity::Warning, 3);
    add(&mut groups, "newest", Severity::Warning, 4);
    let kept: Vec<String> = groups.all(Instant::ZERO).into_iter().map(|it| it.shape).collect();
    assert_eq!(kept.len(), 3);
    assert!(!kept.contains(&"old".into()), "{kept:?}");
}

#[test]
fn a_flood_of_distinct_messages_stays_within_memory_and_hides_nothing_frequent() {
    let errors = small(32);
    for number in 0..200_000_u32 {
        // Letters, because numbers would be masked.
        let letter = |shift: u32| char::from(b'a' + (number >> shift & 15) as u8);
        let word: String = [0, 4, 8, 12, 16].map(letter).iter().collect();
        errors.record(&Says(&word));
        if number % 20 == 0 {
            errors.record(&Says("the one that matters"));
        }
    }
    let now = errors.snapshot();
    assert_eq!((now.groups.len(), now.recorded), (32, 210_000));
    let one = &now.groups[0];
    assert_eq!(one.shape, "the one that matters");
    assert!(one.count - one.overcount <= 10_000 && one.count >= 10_000, "{one:?}");
}

/// The core alone, because formatting a million messages takes long without optimisation.
#[test]
fn a_million_kinds_leave_as_many_groups_as_there_is_room_for() {
    let mut groups = Groups::new(8);
    for number in 0..1_000_000_u64 {
        let fingerprint = Fingerprint::named(&number.to_string());
        let now = Instant::from_nanos(number);
        let seen = Seen { fingerprint, class: Class::Permanent, severity: Severity::Error, now };
        if !groups.count(seen) {
            groups.add(seen, First { kind: "k", shape: "".into(), example: "".into() });
        }
    }
    assert_eq!((groups.len(), groups.recorded), (8, 1_000_000));
}

#[test]
fn a_huge_message_is_cut_at_a_character_and_stops_its_writer() {
    struct Endless(core::cell::Cell<u64>);
    impl Fault for Endless {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                self.0.set(self.0.get() + 1);
                f.write_str("überlang ")?;
            }
        }
    }
    let errors = small(1);
    let endless = Endless(core::cell::Cell::new(0));
    errors.record(&endless);
    assert!(endless.0.get() < 200);
    let group = errors.snapshot().groups.remove(0);
    assert!(group.example.starts_with("überlang überlang"));
    assert!((1020..=1024).contains(&group.example.len()));
    assert!(group.shape.len() <= 520);
}

#[test]
fn formatting_that_panics_is_recorded_as_such() {
    struct Panics;
    impl Fault for Panics {
        fn class(&self) -> Class {
            Class::Transient
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("half of ")?;
            panic!("of a test");
        }
    }
    let errors = small(4);
    errors.record(&Panics);
    assert_eq!(errors.snapshot().groups[0].example, "(formatting this error panicked)");
    errors.record(&Says("goes on"));
    assert_eq!(errors.snapshot().groups.len(), 2);
}

#[test]
fn an_error_that_records_while_it_is_recorded_does_not_lock_itself_out() {
    struct Nested<'a>(&'a ErrorMonitor);
    impl Fault for Nested<'_> {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.record(&Says("inner"));
            f.write_str("outer")
        }
    }
    let errors = small(4);
    errors.record(&Nested(&errors));
    assert_eq!(errors.snapshot().recorded, 2);
}

#[test]
fn a_named_fingerprint_groups_whatever_the_message_says() {
    struct Named(&'static str);
    impl Fault for Named {
        fn class(&self) -> Class {
            Class::Permanent
        }

        fn fingerprint(&self) -> Option<&'static str> {
            Some("shop.out_of_stock")
        }

        fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }
    let errors = small(4);
    assert_eq!(errors.record(&Named("tea")), errors.record(&Named("coffee")));
    let group = errors.snapshot().groups.remove(0);
    assert_eq!(
        (group.count, group.shape.as_str(), group.example.as_str()),
        (2, "shop.out_of_stock", "tea")
    );
}

#[test]
fn a_clock_that_goes_back_loses_no_count_and_makes_no_time_up() {
    let manual = ManualClock::new();
    manual.advance(Duration::from_secs(3_600));
    let errors = ErrorMonitor::builder("shop").clock(manual.clock()).build().expect("valid");
    let late = manual.clock().now();
    for _ in 0..60 {
        errors.record(&Says("lost"));
    }
    manual.set(Instant::from_nanos(late.as_nanos() / 2));
    for _ in 0..40 {
        errors.record(&Says("lost"));
    }
    let now = errors.snapshot();
    let group = &now.groups[0];
    assert_eq!((now.recorded, group.count), (100, 100));
    // Nothing was seen in the future, and nothing fades for a time that did not pass.
    assert_eq!(group.last_seen_ago, Duration::ZERO);
    assert!(group.first_seen_ago <= Duration::from_secs(3_600), "{:?}", group.first_seen_ago);
    assert!(group.per_minute.is_finite() && group.per_minute >= 0.0, "{}", group.per_minute);
    manual.set(late);
    manual.advance(Duration::from_secs(60));
    let later = errors.snapshot().groups.remove(0);
    assert!(later.per_minute < group.per_minute, "{} after {}", later.per_minute, group.per_minute);
}

/// More kinds than there is room for, from all sides, while somebody looks and somebody clears.
#[test]
fn threads_that_each_have_their_own_kinds_leave_as_many_groups_as_there_is_room_for() {
    let errors = small(8);
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            let errors = &errors;
            scope.spawn(move || {
                for number in 0..20_000_u64 {
                    let word = alloc::format!("kind {}", letters(thread * 20_000 + number));
                    errors.record(&Says(&word));
                    if number % 1_000 == 0 {
                        assert!(errors.snapshot().groups.len() <= 8);
                    }
                }
            });
        }
    });
    let now = errors.snapshot();
    assert_eq!((now.recorded, now.groups.len()), (80_000, 8));
    let counted: u64 = now.groups.iter().map(|group| group.count).sum();
    assert!(counted <= 80_000, "{counted}: space saving never counts more than there was");
}

/// A word for a number, since digits are masked.
fn letters(mut number: u64) -> String {
    let mut word = String::new();
    loop {
        word.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
        if number == 0 {
            return word;
        }
    }
}

#[test]
fn all_threads_are_counted() {
    let errors = small(8);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let errors = &errors;
            scope.spawn(move || {
                let own = ["a", "b", "c", "d"][thread];
                for _ in 0..1000 {
                    errors.record(&Says(own));
                    errors.record(&Says("shared"));
                }
            });
        }
    });
    let counts: Vec<u64> = errors.snapshot().groups.iter().map(|group| group.count).collect();
    assert_eq!(counts, [4000, 1000, 1000, 1000, 1000]);
}

#[test]
fn monitors_are_listed_as_long_as_they_live() {
    let listed = || monitors().iter().filter(|it| it.name().as_str() == "listed").count();
    let errors = ErrorMonitor::standard("listed");
    assert_eq!(listed(), 1);
    drop(errors);
    assert_eq!(listed(), 0);
}
