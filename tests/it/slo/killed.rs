//! A process that is killed loses what came after its last look, and nothing else.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use reliability::sre::{Definition, Objective, Slo, Target, Watch, Window};

use super::state::Folder;

/// Says to the test binary that it is the child, and where to keep its state.
const CHILD: &str = "RELIABILITY_SLO_CHILD";
const A_LOOK: u64 = 1_000;

fn slo() -> Slo {
    let answered = Objective::availability(Target::percent("99.9"));
    Slo::new(Definition::new("killed", Window::days(30)).objective(answered)).unwrap()
}

/// Not a test by itself: counts and looks until it is killed, when it is started by the one below.
#[test]
fn child() {
    let Some(file) = std::env::var_os(CHILD) else { return };
    let slo = slo();
    let watch = Watch::builder().only([slo.clone()]).state(PathBuf::from(file)).by_hand().unwrap();
    loop {
        (0..A_LOOK).for_each(|at| slo.record(at % 10 != 0));
        watch.look().unwrap();
        println!("looked");
    }
}

#[test]
fn a_killed_process_loses_at_most_what_came_after_its_last_look() {
    let folder = Folder::new("killed");
    let mut looked = 0;
    // Killed again and again, each at another point of its work.
    for round in 1..=4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["slo::killed::child", "--exact", "--nocapture", "--test-threads=1"])
            .env(CHILD, folder.file())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = lines.map_while(Result::ok).filter(|line| line.contains("looked"));
        looked += said.by_ref().take(5 * round).count() as u64;
        child.kill().unwrap();
        // What it said after we had heard enough.
        looked += said.count() as u64;
        child.wait().unwrap();

        let slo = slo();
        let watch = Watch::builder().only([slo.clone()]).state(folder.file()).by_hand().unwrap();
        let counts = slo.status().objectives[0].budget.reading().counts;
        assert!(slo.history().is_empty(), "{:?}", slo.history());
        // Between writing a look and saying so it may have been killed, once a round.
        let looks = counts.total() / A_LOOK;
        assert!((looked..=looked + 1).contains(&looks), "{looks} of {looked} looks");
        assert_eq!(counts.bad * 10, counts.total());
        looked = looks;
        drop(watch);
    }
}
