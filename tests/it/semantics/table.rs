//! The language of the tables: parsing, and what a file must say to be believed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A file of tables, as it lies in the folder.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

/// A file of tables, read: all from one test file of somebody else.
#[derive(Debug, Default)]
pub(super) struct Suite {
    /// Whose tests, and in which file.
    pub(super) source: String,
    pub(super) tables: Vec<Table>,
    /// How many tests their file has.
    tests: usize,
    /// Tests that no table restates, and why.
    left_out: BTreeSet<String>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) title: String,
    pub(super) line: usize,
    pub(super) difference: Option<Difference>,
    pub(super) settings: Settings,
    pub(super) steps: Vec<Step>,
    from: Vec<String>,
    same: bool,
}

/// Where we differ on purpose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Difference {
    /// The word by which the guide knows it.
    pub(super) word: String,
    pub(super) why: String,
}

#[derive(Debug)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) at: Duration,
    pub(super) event: Vec<String>,
    pub(super) times: u32,
    pub(super) ours: Vec<Expected>,
    /// What the others see, where that is something else.
    pub(super) theirs: Vec<Expected>,
}

/// One thing to be seen: a key, or none where the word tells, and the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) key: Option<String>,
    pub(super) value: String,
}

/// The settings of a table. Each is taken once, so that one nobody reads is found.
#[derive(Debug, Default, Clone)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    /// Takes a setting, if it is given.
    pub(super) fn take(&mut self, key: &str) -> Option<String> {
        self.0.remove(key)
    }

    /// Takes a duration.
    pub(super) fn duration(&mut self, key: &str) -> Option<Duration> {
        self.take(key).map(|text| duration(&text))
    }

    /// Takes a number.
    pub(super) fn number<N: std::str::FromStr>(&mut self, key: &str) -> Option<N> {
        self.take(key).map(|text| number(&text))
    }

    /// Takes all that are left.
    pub(super) fn rest(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.0)
    }

    /// The settings that nobody has taken.
    pub(super) fn unread(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        for pair in text.split_whitespace() {
            let (key, value) = pair.split_once('=').ok_or(format!("`{pair}` is no `key=value`"))?;
            self.0.insert(key.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

/// `1.5s`, `20ms`, `3us`, `1ns`, `2m`, `1h`.
pub(super) fn duration(text: &str) -> Duration {
    try_duration(text).unwrap_or_else(|| panic!("`{text}` is no duration"))
}

/// As [`duration`], for a text that may be none.
pub(super) fn try_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (amount, unit) = text.split_at(unit_at);
    let amount: f64 = amount.parse().ok()?;
    let seconds = match unit {
        "ns" => 1e-9,
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(amount * seconds).ok()
}

/// A number, whichever is wanted.
pub(super) fn number<N: std::str::FromStr>(text: &str) -> N {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

/// Reads a file of tables.
///
/// # Errors
///
/// What is wrong, and on which line.
pub(super) fn parse(text: &str) -> Result<Suite, String> {
    let mut suite = Suite::default();
    let mut common = Settings::default();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let line = line.trim_end();
        let told = |what: String| format!("line {number}: {what}");
        if line.is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if line.starts_with(' ') {
            let table = suite.tables.last_mut().ok_or(told("a row before any table".into()))?;
            let step = step(number, line).map_err(told)?;
            if table.steps.last().is_some_and(|last| last.at > step.at) {
                return Err(told("time runs backwards".into()));
            }
            table.steps.push(step);
            continue;
        }
        let (head, rest) = line.split_once(':').unwrap_or((line, ""));
        let rest = rest.trim();
        head_line(&mut suite, &mut common, number, (head, rest)).map_err(told)?;
    }
    check(&suite)?;
    Ok(suite)
}

fn head_line(
    suite: &mut Suite,
    common: &mut Settings,
    number: usize,
    (head, rest): (&str, &str),
) -> Result<(), String> {
    let Some(table) = suite.tables.last_mut().filter(|_| head != "table") else {
        match head {
            "source" => suite.source = rest.to_owned(),
            "tests" => suite.tests = rest.parse().map_err(|_| "how many tests?".to_owned())?,
            "with" => common.add(rest)?,
            "left out" => {
                let (names, why) = rest.split_once(':').ok_or("left out without a reason")?;
                if why.trim().is_empty() {
                    return Err("left out without a reason".into());
                }
                suite.left_out.extend(names_of(names));
            }
            "table" => suite.tables.push(Table {
                title: rest.to_owned(),
                line: number,
                settings: common.clone(),
                ..Table::default()
            }),
            other => return Err(format!("`{other}` does not stand before a table")),
        }
        return Ok(());
    };
    match head.split_once(' ').unwrap_or((head, "")) {
        ("from", "") => table.from.extend(names_of(rest)),
        ("with", "") => table.settings.add(rest)?,
        ("same", "") => table.same = true,
        ("differs", word) if !word.is_empty() && !rest.is_empty() => {
            let difference = Difference { word: word.to_owned(), why: rest.to_owned() };
            table.difference = Some(difference);
        }
        _ => return Err(format!("`{head}` does not stand in a table, or lacks its reason")),
    }
    Ok(())
}

/// Names apart by commas; where tests are numbered, `3-5` are three of them.
fn names_of(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for name in text.split(',').map(str::trim) {
        let ends = name.split_once('-');
        match ends.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?))) {
            Some((first, last)) => names.extend((first..=last).map(|n: u32| n.to_string())),
            None => names.push(name.to_owned()),
        }
    }
    names
}

fn step(line: usize, text: &str) -> Result<Step, String> {
    let mut parts = text.split('|');
    let mut words: Vec<_> = parts.next().unwrap_or("").split_whitespace().collect();
    let mut times = 1;
    let repeats = words.last().and_then(|word| word.strip_prefix('x'));
    if let Some(repeats) = repeats.and_then(|count| count.parse().ok()) {
        times = repeats;
        words.pop();
    }
    let (at, event) = words.split_first().ok_or("an empty row")?;
    if event.is_empty() {
        return Err("a row without an event".into());
    }
    let at = try_duration(at).ok_or(format!("`{at}` is no time"))?;
    let event = event.iter().map(|&word| word.to_owned()).collect();
    let ours = expected(parts.next().unwrap_or(""));
    let theirs = expected(parts.next().unwrap_or(""));
    match parts.next() {
        Some(_) => Err("more than two bars".into()),
        None => Ok(Step { line, at, event, times, ours, theirs }),
    }
}

fn expected(text: &str) -> Vec<Expected> {
    let one = |word: &str| match word.split_once('=') {
        Some((key, value)) => Expected { key: Some(key.to_owned()), value: value.to_owned() },
        None => Expected { key: None, value: word.to_owned() },
    };
    text.split_whitespace().map(one).collect()
}

/// Refuses a file that pins nothing, or not all it says it does.
fn check(suite: &Suite) -> Result<(), String> {
    if suite.source.is_empty() || suite.tables.is_empty() {
        return Err("a file names its source and has tables".into());
    }
    let mut titles = BTreeSet::new();
    let mut restated = BTreeSet::new();
    for table in &suite.tables {
        let told = |what: &str| Err(format!("line {}: `{}` {what}", table.line, table.title));
        let theirs = table.steps.iter().any(|step| !step.theirs.is_empty());
        if table.title.is_empty() || !titles.insert(&table.title) {
            return told("has no title of its own");
        }
        if table.from.is_empty() {
            return told("does not say from which tests it is");
        }
        if table.same == table.difference.is_some() {
            return told("is either `same` or `differs`");
        }
        if theirs != table.difference.is_some() {
            return told("has a second bar where, and only where, it differs");
        }
        if table.steps.iter().all(|step| step.ours.is_empty()) {
            return told("expects nothing");
        }
        restated.extend(table.from.iter().cloned());
    }
    if let Some(both) = restated.intersection(&suite.left_out).next() {
        return Err(format!("`{both}` is restated and left out"));
    }
    let accounted = restated.len() + suite.left_out.len();
    if accounted != suite.tests {
        let (of, restated) = (suite.tests, restated.len());
        return Err(format!("of {of} tests {restated} are restated, {accounted} accounted for"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "source: other/Test\ntests: 1\nwith: probes=1\n";

    fn of(table: &str) -> Result<Suite, String> {
        parse(&format!("{HEAD}table: One\n{table}"))
    }

    #[test]
    fn a_table_is_read_in_full() {
        let suite = of(
            "from: a\ndiffers word: why\nwith: rate=0.5\n  1.5s  end a ok x3 | open k=v | closed\n",
        )
        .unwrap();
        let table = &suite.tables[0];
        assert_eq!((table.title.as_str(), table.line), ("One", 4));
        assert_eq!(table.difference.as_ref().unwrap().word, "word");
        assert_eq!(table.settings.unread(), ["probes", "rate"]);
        let step = &table.steps[0];
        assert_eq!((step.at, step.times), (Duration::from_millis(1_500), 3));
        assert_eq!(step.event, ["end", "a", "ok"]);
        assert_eq!(step.ours[1], Expected { key: Some("k".into()), value: "v".into() });
        assert_eq!(step.theirs[0], Expected { key: None, value: "closed".into() });
    }

    #[test]
    fn what_pins_nothing_is_refused() {
        for (table, complaint) in [
            ("from: a\nsame\n  0s ok\n", "expects nothing"),
            ("same\n  0s ok | open\n", "from which tests"),
            ("from: a\n  0s ok | open\n", "either `same` or `differs`"),
            ("from: a\nsame\n  0s ok | open | closed\n", "a second bar"),
            ("from: a\ndiffers x: y\n  0s ok | open\n", "a second bar"),
            ("from: a\ndiffers x\n  0s ok | open | closed\n", "lacks its reason"),
            ("from: a, b\nsame\n  0s ok | open\n", "of 1 tests 2 are restated"),
            ("from: a\nsame\n  1s ok | open\n  0s ok | open\n", "time runs backwards"),
            ("from: a\nsame\n  1s | open\n", "without an event"),
            ("from: a\nsame\nwith: x\n  1s ok | open\n", "no `key=value`"),
        ] {
            let told = of(table).unwrap_err();
            assert!(told.contains(complaint), "{told}");
        }
        let told = parse("source: s\ntests: 1\nleft out: a\n").unwrap_err();
        assert!(told.contains("without a reason"), "{told}");
    }

    #[test]
    fn durations_are_exact() {
        for (text, nanos) in
            [("9.9999999s", 9_999_999_900), ("3us", 3_000), ("1.2s", 1_200_000_000)]
        {
            assert_eq!(duration(text).as_nanos(), nanos, "{text}");
        }
    }
}
