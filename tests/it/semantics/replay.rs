//! Carries out what a table says, and compares.

use std::fmt::Write as _;
use std::time::Duration;

use super::table::{self, Expected, File, Settings, Step, Table};

/// A policy of one kind, as tables see it.
pub(super) trait Subject {
    /// Makes it; takes every setting that it knows.
    fn new(settings: &mut Settings) -> Self;

    /// Lets time pass.
    fn advance(&mut self, by: Duration);

    /// Carries out one event.
    fn step(&mut self, event: &[&str]);

    /// What is to be seen under a key, or `None` for a key that it does not know.
    fn observe(&self, key: &str) -> Option<String>;

    /// The key under which a word stands that needs none.
    fn key_of(word: &str) -> Option<&'static str>;
}

/// Replays all tables of a file, and fails with all that is not as it says.
#[track_caller]
pub(super) fn replay<S: Subject>(&File { name: file, text }: &File) {
    let suite = table::parse(text).unwrap_or_else(|told| panic!("{file}: {told}"));
    let mut complaints = Vec::new();
    for table in &suite.tables {
        let found = replay_table::<S>(table, true);
        complaints.extend(found.iter().map(|told| format!("{file}:{told}")));
        if found.is_empty() && replay_table::<S>(table, false).is_empty() {
            let (line, title) = (table.line, &table.title);
            complaints.push(format!("{file}:{line}: `{title}` holds when nothing happens, too"));
        }
    }
    let failed = complaints.len();
    let source = &suite.source;
    assert!(
        complaints.is_empty(),
        "\n{failed} complaints, from {source}\n{}",
        complaints.join("\n")
    );
}

/// What is not as the table says. Without its events, to see whether it would notice.
fn replay_table<S: Subject>(table: &Table, events: bool) -> Vec<String> {
    let mut settings = table.settings.clone();
    let mut subject = S::new(&mut settings);
    let unread = settings.unread();
    if !unread.is_empty() {
        return vec![format!("{}: nobody reads {unread:?}", table.line)];
    }
    let mut complaints = Vec::new();
    let mut now = Duration::ZERO;
    let mut differing = false;
    for step in &table.steps {
        subject.advance(step.at - now);
        now = step.at;
        let event: Vec<_> = step.event.iter().map(String::as_str).collect();
        for _ in 0..if events { step.times } else { 0 } {
            subject.step(&event);
        }
        let found = compare(&subject, &step.ours, step);
        complaints.extend(found.map(|told| format!("{}: `{}`: {told}", step.line, table.title)));
        differing |= compare(&subject, &step.theirs, step).next().is_some();
    }
    if table.difference.is_some() && !differing {
        let told = "differs no more: all that the others see is to be seen here, too";
        complaints.push(format!("{}: `{}`: {told}", table.line, table.title));
    }
    complaints
}

fn compare<'a, S: Subject>(
    subject: &'a S,
    expected: &'a [Expected],
    step: &'a Step,
) -> impl Iterator<Item = String> + 'a {
    expected.iter().filter_map(move |expected| {
        let value = &expected.value;
        let word = || S::key_of(value).unwrap_or_else(|| panic!("`{value}` stands for nothing"));
        let key = expected.key.as_deref().unwrap_or_else(word);
        let seen = subject.observe(key).unwrap_or_else(|| panic!("nothing is called `{key}`"));
        if agrees(&seen, value) {
            return None;
        }
        let mut told = format!("after `{}` at {:?} ", step.event.join(" "), step.at);
        let _ = write!(told, "{key} is {seen}, not {value}");
        Some(told)
    })
}

/// The same, or within `from..=to`.
fn agrees(seen: &str, wanted: &str) -> bool {
    let Some((from, to)) = wanted.split_once("..=") else {
        return seen == wanted;
    };
    if let Ok(seen) = seen.parse::<f64>() {
        return (table::number(from)..=table::number(to)).contains(&seen);
    }
    let wanted = table::duration(from)..=table::duration(to);
    table::try_duration(seen).is_some_and(|seen| wanted.contains(&seen))
}

/// How an optional value is written in a table.
pub(super) fn or_none<T: std::fmt::Debug>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| format!("{value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts, and forgets after ten seconds.
    struct Counter {
        count: u32,
        left: Duration,
    }

    impl Subject for Counter {
        fn new(settings: &mut Settings) -> Self {
            let left = settings.duration("keep").unwrap_or(Duration::from_secs(10));
            Self { count: 0, left }
        }

        fn advance(&mut self, by: Duration) {
            self.left = self.left.saturating_sub(by);
            if self.left.is_zero() {
                self.count = 0;
            }
        }

        fn step(&mut self, event: &[&str]) {
            self.count += u32::from(event == ["add"]);
        }

        fn observe(&self, key: &str) -> Option<String> {
            match key {
                "count" => Some(self.count.to_string()),
                "left" => Some(format!("{:?}", self.left)),
                _ => None,
            }
        }

        fn key_of(word: &str) -> Option<&'static str> {
            (word == "0").then_some("count")
        }
    }

    fn complaints(table: &str) -> Vec<String> {
        let head = "source: s\ntests: 1\ntable: One\nfrom: a\n";
        let suite = table::parse(&format!("{head}{table}")).unwrap();
        replay_table::<Counter>(&suite.tables[0], true)
    }

    #[test]
    fn what_holds_is_not_complained_about() {
        let table = "same\nwith: keep=4s\n  0s look | 0\n  1s add x2 | count=2 left=3s\n  2s add | count=2..=3 left=1s..=3s\n  4s look | 0\n";
        assert_eq!(complaints(table), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_hold_is_told_with_its_line() {
        let told = complaints("same\n  0s add x2 | count=2\n  3s add | count=4\n");
        assert_eq!(told, ["7: `One`: after `add` at 3s count is 3, not 4"]);
        let told = complaints("same\n  0s add | count=2..=3\n");
        assert_eq!(told.len(), 1, "{told:?}");
    }

    #[test]
    fn a_difference_that_is_none_is_told() {
        assert!(complaints("differs w: y\n  0s add | count=1 | count=2\n").is_empty());
        let told = complaints("differs w: y\n  0s add | count=1 | count=1\n");
        assert!(told[0].contains("differs no more"), "{told:?}");
    }

    #[test]
    fn a_setting_that_nobody_reads_is_told() {
        let told = complaints("same\nwith: kept=4s\n  0s add | count=1\n");
        assert_eq!(told, [r#"3: nobody reads ["kept"]"#]);
    }

    #[test]
    #[should_panic(expected = "holds when nothing happens, too")]
    fn a_table_that_holds_without_its_events_is_refused() {
        let text = "source: s\ntests: 1\ntable: One\nfrom: a\nsame\n  0s add | left=10s\n";
        replay::<Counter>(&File { name: "file", text });
    }
}
