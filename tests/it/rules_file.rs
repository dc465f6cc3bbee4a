//! Rules of traces in a file, which are reloaded while the program runs.

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reliability::error::{Class, Fault as _};
use reliability::telemetry::trace::{LoadError, RulesFile, RulesWatch, Sampler};
use reliability::telemetry::traced;

use crate::recorded::Recording;

#[traced(name = "rules_file.call", skip_all)]
fn call(fails: bool) -> Result<(), &'static str> {
    if fails { Err("on purpose") } else { Ok(()) }
}

/// A file of the test's own.
struct Rules(PathBuf);

impl Rules {
    fn new(name: &str, text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rules-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let rules = Self(folder.join("traces.yaml"));
        rules.say(text);
        rules
    }

    /// As editors and mounted volumes do: a new file in place of the old one.
    fn say(&self, text: &str) {
        let new = self.0.with_extension("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, &self.0).unwrap();
    }
}

impl Drop for Rules {
    fn drop(&mut self) {
        // It is in a temporary folder: what stays there does no harm.
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

const ERRORS: &str = "rules:\n  - name: errors\n    error: true\notherwise: 0%\n";
const ALL: &str = "otherwise: 100%\n";
const WRONG: &str = "rules:\n  - name: errors\n    eror: true\notherwise: 200%\n";

/// How many of a call that went well and one that failed are kept.
fn kept(recording: &Recording) -> (u64, u64) {
    let kept = || recording.recorder().counts().kept;
    let start = kept();
    assert!(call(false).is_ok());
    let well = kept();
    assert!(call(true).is_err());
    (well - start, kept() - well)
}

#[test]
fn what_a_file_says_is_in_force_and_what_makes_no_sense_changes_nothing() {
    let recording = Recording::all();
    let rules = Rules::new("by-hand", ERRORS);
    let file = RulesFile::at(&rules.0).sampler(Sampler::always_off());
    let watch = file.by_hand(recording.recorder()).unwrap();
    assert_eq!(kept(&recording), (0, 1));
    assert!(!watch.look().unwrap(), "nothing new");

    rules.say(WRONG);
    let refused = watch.look().unwrap_err();
    assert_eq!(refused.class(), Class::Permanent);
    let told = refused.to_string();
    for part in ["traces.yaml:3:5", "did you mean `error`?", "traces.yaml:4:12"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(kept(&recording), (0, 1));
    assert!(!watch.look().unwrap(), "it is told once");

    std::fs::remove_file(&rules.0).unwrap();
    let away = watch.look().unwrap_err();
    assert_eq!(away.class(), Class::Transient);
    assert!(!watch.look().unwrap(), "it is told once");
    rules.say(WRONG);
    assert!(!watch.look().unwrap(), "it is back as it was, and that was told");
    assert_eq!(kept(&recording), (0, 1));

    rules.say(ALL);
    assert!(watch.look().unwrap());
    assert_eq!(kept(&recording), (1, 1));
    rules.say("rules: []\n");
    assert!(watch.look().unwrap());
    // Without any rule it is as the sampler says.
    assert_eq!(kept(&recording), (0, 0));
}

#[test]
fn who_is_told_may_look_again() {
    let recording = Recording::all();
    let rules = Rules::new("again", ERRORS);
    let watch = Arc::new(OnceLock::<RulesWatch>::new());
    let (again, looked) = (Arc::clone(&watch), channel());
    let file = RulesFile::at(&rules.0).told(move |_| {
        looked.0.send(again.get().unwrap().look().unwrap()).unwrap();
    });
    watch.set(file.by_hand(recording.recorder()).unwrap()).unwrap();
    rules.say(ALL);
    assert!(watch.get().unwrap().look().unwrap());
    assert!(!looked.1.recv().unwrap(), "nothing new since");
    rules.say(ERRORS);
    assert!(watch.get().unwrap().look().unwrap(), "and it goes on");
}

#[test]
fn a_file_is_looked_at_by_itself_until_nobody_wants_that_any_more() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let recording = Recording::all();
    let rules = Rules::new("by-itself", ERRORS);
    let (teller, told) = channel();
    let file = RulesFile::at(&rules.0).every(Duration::ZERO).told(move |outcome| {
        // The test may be over.
        let _ = teller.send(outcome.map_err(ToString::to_string));
    });
    let watch = file.start(recording.recorder()).unwrap();
    rules.say(WRONG);
    let refused = told.recv_timeout(PATIENCE).unwrap().unwrap_err();
    assert!(refused.contains("traces.yaml:3:5"), "{refused}");
    assert_eq!(kept(&recording), (0, 1));
    rules.say(ALL);
    // Had the mistake been told twice, that would come first.
    assert_eq!(told.recv_timeout(PATIENCE), Ok(Ok(())));
    assert_eq!(kept(&recording), (1, 1));
    drop(watch);
    assert!(told.recv().is_err(), "nobody is there any more who could tell");
}

#[test]
fn who_panics_when_told_does_not_end_the_looking() {
    const PATIENCE: Duration = Duration::from_secs(60);
    let recording = Recording::all();
    let rules = Rules::new("panics", ERRORS);
    let (teller, told) = channel();
    let file = RulesFile::at(&rules.0).every(Duration::ZERO).told(move |outcome| {
        let _ = teller.send(outcome.is_ok());
        assert!(outcome.is_ok(), "on purpose");
    });
    let _watch = file.start(recording.recorder()).unwrap();
    rules.say(WRONG);
    assert_eq!(told.recv_timeout(PATIENCE), Ok(false));
    rules.say(ALL);
    assert_eq!(told.recv_timeout(PATIENCE), Ok(true));
    assert_eq!(kept(&recording), (1, 1));
}

#[test]
fn a_file_that_cannot_be_used_is_refused_at_the_start() {
    let recording = Recording::all();
    let rules = Rules::new("refused", WRONG);
    let start = |path: &PathBuf| RulesFile::at(path).start(recording.recorder()).map(drop);
    assert!(start(&rules.0).unwrap_err().to_string().contains("traces.yaml:3:5"));
    let away = start(&rules.0.with_extension("away")).unwrap_err();
    assert!(matches!(away, LoadError::Unreadable { .. }), "{away}");
    assert_eq!(away.class(), Class::Transient, "it may be being replaced");
    rules.say(&"#".repeat((1 << 20) + 1));
    let long = start(&rules.0).unwrap_err();
    assert!(long.to_string().contains("at most 1048576 bytes"), "{long}");
    assert_eq!(long.class(), Class::Permanent, "it is as long the next time");
    let folder = start(&rules.0.parent().unwrap().to_path_buf()).unwrap_err();
    assert_eq!(folder.class(), Class::Permanent, "{folder}");
    std::fs::write(&rules.0, [b'#', 0xff]).unwrap();
    let bytes = start(&rules.0).unwrap_err().to_string();
    assert!(bytes.contains("traces.yaml:1:2") && bytes.contains("no UTF-8"), "{bytes}");
    assert_eq!(kept(&recording), (1, 1), "nothing has changed");
}
