//! What was counted outlives the process that counted it.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use reliability::sre::{
    CalendarUnit, DecisionKind, Definition, GoodAndBad, Objective, Slo, Stance, Target, Timeline,
    Watch, Window,
};
use reliability::time::ManualClock;

use super::record;

const HOUR: Duration = Duration::from_secs(3600);

/// A folder of its own, gone at the end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("reliability-slo-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("slo.state")
    }

    fn others(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name.contains("broken"));
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A process: its SLO, its clock, and its watch.
struct Process {
    slo: Slo,
    clock: ManualClock,
    watch: Watch,
}

impl Process {
    /// At so many hours of calendar time.
    fn start(folder: &Folder, window: Window, hours: u32) -> Self {
        let answered = Objective::availability(Target::percent("99.9"));
        let slo = Slo::new(Definition::new("kept", window).objective(answered)).unwrap();
        let clock = ManualClock::new();
        slo.follow(Timeline::simulated(clock.clock(), UNIX_EPOCH + hours * HOUR));
        let watch = Watch::builder().only([slo.clone()]).state(folder.file()).by_hand().unwrap();
        Self { slo, clock, watch }
    }

    fn go_on(&self, hours: u32, good: u64, bad: u64) {
        for _ in 0..hours {
            self.clock.advance(HOUR);
            record(&self.slo, good, bad);
            self.watch.look().unwrap();
        }
    }

    fn counts(&self) -> GoodAndBad {
        self.slo.status().objectives[0].budget.reading().counts
    }
}

#[test]
fn a_process_goes_on_where_the_last_one_stopped() {
    for window in [Window::days(30), Window::calendar(CalendarUnit::Month)] {
        let folder = Folder::new("goes-on");
        let first = Process::start(&folder, window, 0);
        first.go_on(100, 100, 1);
        let before = first.slo.status();
        drop(first);
        let second = Process::start(&folder, window, 110);
        assert_eq!(second.counts(), GoodAndBad::new(10_000, 100));
        let seen = second.slo.status().objectives[0].budget.reading().seen;
        assert_eq!(seen, 110 * HOUR, "nobody called while it was not there");
        second.go_on(1, 7, 0);
        assert_eq!(second.counts(), GoodAndBad::new(10_007, 100));
        assert_eq!(second.slo.stance(), before.stance());
        // Thirty days later nothing of the first one is left; the month is over sooner.
        second.go_on(744, 0, 0);
        assert_eq!(second.counts(), GoodAndBad::default());
    }
}

#[test]
fn a_stance_outlives_the_process_within_its_hysteresis() {
    let folder = Folder::new("stance");
    let first = Process::start(&folder, Window::days(30), 0);
    first.go_on(720, 1_000, 0);
    record(&first.slo, 0, 650);
    first.watch.look().unwrap();
    assert_eq!(first.slo.stance(), Stance::Freeze);
    drop(first);
    let second = Process::start(&folder, Window::days(30), 720);
    // 10.8 % are left: not enough to end a freeze, and none to begin one.
    record(&second.slo, 8_000, 0);
    assert_eq!(second.slo.stance(), Stance::Freeze);
}

/// Whoever was called is not called again because of a restart, and hears when it is over.
#[test]
fn an_alert_that_fires_is_not_told_again_after_a_restart() {
    let folder = Folder::new("firing");
    let first = Process::start(&folder, Window::days(30), 0);
    first.go_on(720, 1_000, 0);
    record(&first.slo, 0, 100);
    let fired = first.watch.look().unwrap();
    assert!(
        fired.iter().any(|decision| matches!(decision.kind, DecisionKind::Fired(_))),
        "{fired:?}"
    );
    drop(first);
    let second = Process::start(&folder, Window::days(30), 720);
    assert_eq!(second.watch.look().unwrap(), []);
    assert!(second.slo.status().firing().count() > 0);
    second.clock.advance(HOUR);
    record(&second.slo, 1_000, 0);
    let over = second.watch.look().unwrap();
    assert!(
        over.iter().any(|decision| matches!(decision.kind, DecisionKind::Ended(_))),
        "{over:?}"
    );
}

#[test]
fn a_clock_that_was_set_back_meanwhile_loses_nothing() {
    let folder = Folder::new("set-back");
    let first = Process::start(&folder, Window::days(30), 1_000);
    first.go_on(10, 100, 1);
    drop(first);
    let second = Process::start(&folder, Window::days(30), 3);
    assert_eq!(second.counts(), GoodAndBad::new(1_000, 10));
}

#[test]
fn a_broken_file_is_kept_aside_and_said() {
    let folder = Folder::new("broken");
    let first = Process::start(&folder, Window::days(30), 0);
    first.go_on(10, 100, 1);
    drop(first);
    let mut bytes = fs::read(folder.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(folder.file(), &bytes).unwrap();

    let second = Process::start(&folder, Window::days(30), 10);
    let said = second.watch.look().unwrap();
    assert_eq!(said.len(), 1);
    assert!(
        matches!(&said[0].kind, DecisionKind::Lost(why) if why.contains("checksum")),
        "{said:?}"
    );
    assert!(said[0].is_urgent());
    assert_eq!(second.counts(), GoodAndBad::default());
    assert_eq!(second.slo.status().objectives[0].budget.remaining(), None, "no data, not 100 %");
    let kept = folder.others();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert_eq!(fs::read(folder.0.join(&kept[0])).unwrap(), bytes);
    // And from now on it is kept again.
    second.go_on(1, 5, 0);
    drop(second);
    assert_eq!(Process::start(&folder, Window::days(30), 12).counts(), GoodAndBad::new(5, 0));
}

#[test]
fn two_processes_do_not_share_a_file() {
    let folder = Folder::new("shared");
    let _first = Process::start(&folder, Window::days(30), 0);
    let second = Watch::builder().only([]).state(folder.file()).by_hand();
    let refused = second.unwrap_err().to_string();
    assert!(refused.contains("give each replica a file of its own"), "{refused}");
    let nowhere = Watch::builder().only([]).state(folder.0.join("no/folder")).by_hand();
    assert!(nowhere.unwrap_err().to_string().contains("cannot be opened"));
}

#[test]
fn one_that_comes_later_finds_its_history_and_the_others_keep_theirs() {
    let folder = Folder::new("later");
    let first = Process::start(&folder, Window::days(30), 0);
    first.go_on(10, 100, 1);
    drop(first);
    let watch = Watch::builder().only([]).state(folder.file()).by_hand().unwrap();
    watch.look().unwrap();
    drop(watch);
    assert_eq!(Process::start(&folder, Window::days(30), 10).counts(), GoodAndBad::new(1_000, 10));
}

#[test]
fn of_two_with_one_name_the_second_says_that_it_is_not_kept() {
    let folder = Folder::new("twice");
    let made = || {
        let answered = Objective::availability(Target::percent("99.9"));
        Slo::new(Definition::new("twice", Window::days(30)).objective(answered)).unwrap()
    };
    let (one, two) = (made(), made());
    let both = [one.clone(), two.clone()];
    let watch = Watch::builder().only(both).state(folder.file()).by_hand().unwrap();
    watch.look().unwrap();
    assert!(one.history().is_empty());
    assert!(matches!(&two.history()[0].kind, DecisionKind::Lost(why) if why.contains("same name")));
}
