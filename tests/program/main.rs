//! The program `reliability` as operators have it: another process, which knows a journal and none of
//! the types of the sagas in it.
#![allow(clippy::expect_used, clippy::unwrap_used, reason = "all of it is tests")]

mod in_doubt;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Handle, Outcome, Sagas, Transient, saga,
};
use reliability::journal::{Journal, Sequence};
use reliability_tests::postgres::Postgres;
use serde_json::Value;

#[saga(input = u32, refuse = String, shared = Office)]
#[derive(Debug)]
enum Trip {
    #[step(book, undo = unbook, retry = 1, undo_retry = 1)]
    Booked(u32),
    #[pivot(pay, needs(Booked))]
    Paid(u32),
    #[then(tell)]
    Told(()),
}

/// Whoever comes for the first time finds it closed.
#[derive(Debug, Default)]
struct Office {
    seen: Mutex<BTreeSet<String>>,
}

const FOR_NOBODY: u32 = 0;
const TOO_DEAR: u32 = 13;

async fn book(cx: &Cx<Office>, seats: &u32) -> Result<u32, Outcome<String>> {
    let is_first = cx.shared().seen.lock().unwrap().insert(cx.key().to_owned());
    match *seats {
        FOR_NOBODY => Err(Outcome::transient("for how many?")),
        TOO_DEAR => Ok(TOO_DEAR),
        _ if is_first => Err(Outcome::transient("the office is closed")),
        seats => Ok(seats),
    }
}

async fn unbook(_: &Cx<Office>, seats: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
    match *seats {
        TOO_DEAR => Err(Transient::new("the office is closed")),
        _ => Ok(()),
    }
}

async fn pay(_: &Cx<Office>, _: &u32, booked: &u32) -> Result<u32, Outcome<String>> {
    match *booked {
        TOO_DEAR => Err(Outcome::Rejected("no money".into())),
        seats => Ok(seats * 100),
    }
}

async fn tell(_: &Cx<Office>, _: &u32) -> Result<(), Transient> {
    Ok(())
}

/// A file of its own, which is gone with the test.
struct File(PathBuf);

impl File {
    fn new(name: &str) -> Self {
        let name = format!("reliability-program-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn name(&self) -> String {
        self.0.join("trips.db").display().to_string()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn program(journal: &str, words: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_reliability"));
    program.args(["--journal", journal]).args(words).env_remove("RELIABILITY_JOURNAL");
    program
}

/// What it says on standard output.
fn said(journal: &str, words: &[&str]) -> String {
    heard(program(journal, words).output().unwrap(), words)
}

fn heard(output: Output, words: &[&str]) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

fn json(journal: &str, words: &[&str]) -> Value {
    let said = said(journal, &[words, &["--json"]].concat());
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{words:?}: {error} in {said}"))
}

fn engine(journal: &Journal) -> Sagas {
    let sagas = Sagas::on(journal).saga::<Trip>(Office::default());
    sagas.poll(Duration::from_millis(20)).start().unwrap()
}

async fn stuck(sagas: &Sagas, key: &str, seats: u32) -> Handle<Trip> {
    let trip = sagas.start::<Trip>(key, seats).await.unwrap();
    let end = trip.ended().await.unwrap();
    assert!(matches!(end, End::Stuck { .. }), "{key}: {end:?}");
    trip
}

/// What can be done about a stuck saga: for so many seats, with what else stands on the line, by which
/// record, and what it comes to.
const VERBS: [(&str, u32, &[&str], &str, &str); 6] = [
    ("retry", 7, &[], "saga.retried", "completed"),
    ("skip", TOO_DEAR, &[], "saga.skipped", "rolled_back"),
    ("edit", FOR_NOBODY, &["--input", "2"], "saga.edited", "completed"),
    ("finish", FOR_NOBODY, &["--output", "5"], "saga.edited", "completed"),
    ("abandon", FOR_NOBODY, &[], "saga.abandoned", "abandoned"),
    ("cancel", FOR_NOBODY, &[], "saga.cancelled", "rolled_back"),
];

/// It is listed and shown as stuck, to people or to programs.
fn is_listed_and_shown_as_stuck(journal: &str, key: &str, as_json: bool) {
    let (list, show) = (["list", "trip", "--status", "stuck"], ["show", "trip", key]);
    if as_json {
        let listed = json(journal, &list);
        let of = |head: &&Value| head["key"] == key;
        let head = listed.as_array().unwrap().iter().find(of).expect("it is listed");
        assert_eq!((&head["kind"], &head["status"]), (&"trip".into(), &"stuck".into()));
        let shown = json(journal, &show);
        assert_eq!((&shown["key"], &shown["status"]), (&key.into(), &"stuck".into()));
        assert_eq!(shown["steps"][0]["name"], "Booked", "{shown}");
    } else {
        let listed = said(journal, &list);
        let line = listed.lines().find(|line| line.starts_with(&format!("trip/{key} ")));
        assert!(line.is_some_and(|line| line.contains("stuck")), "{listed}");
        let shown = said(journal, &show);
        assert!(shown.starts_with(&format!("trip/{key} is stuck")), "{shown}");
        assert!(shown.contains("Booked"), "{shown}");
    }
}

/// Watches one until it is over, from another process.
fn watch(journal: &str, key: &str, as_json: bool) -> Child {
    let format = if as_json { &["--json"][..] } else { &[] };
    let words = [&["watch", "trip", key], format].concat();
    program(journal, &words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_verb_does_to_a_stuck_saga_what_it_says_and_its_record_says_who_and_why() {
    let file = File::new("verbs");
    let name = file.name();
    let journal = Journal::open(&name).unwrap();
    let sagas = engine(&journal);
    for as_json in [false, true] {
        for (verb, seats, value, record, status) in VERBS {
            let key = format!("{verb}-{}", if as_json { "json" } else { "text" });
            let trip = stuck(&sagas, &key, seats).await;
            is_listed_and_shown_as_stuck(&name, &key, as_json);
            let watched = watch(&name, &key, as_json);

            let why = format!("{verb} is what is to be done");
            let words = [&[verb, "trip", &key, "--by", "ada", "--why", &why], value].concat();
            if as_json {
                let done = json(&name, &words);
                assert_eq!(done["key"], *key, "{done}");
                let timeline = done["timeline"].as_array().unwrap();
                let mended = timeline.iter().find(|it| it["name"] == record).expect(verb);
                assert_eq!(mended["payload"]["why"], *why, "{mended}");
            } else {
                let words = format!("trip/{key}: done, and written down as by ada");
                let done = said(
                    &name,
                    &[&[verb, "trip", &key, "--by", "ada", "--why", &why], value].concat(),
                );
                assert_eq!(done.trim(), words);
            }

            // It ends by itself when the saga is over.
            let watched = heard(watched.wait_with_output().unwrap(), &["watch", &key]);
            let head = journal.head(trip.stream()).await.unwrap().unwrap();
            assert_eq!(head.status, status, "{key}");
            let records = journal.read_to_end(trip.stream(), Sequence::START).await.unwrap();
            let mended = records.iter().filter(|it| it.event.name() == record);
            let mended: Vec<Value> = mended.map(|it| it.event.read_json().unwrap()).collect();
            assert_eq!(mended.len(), 1, "{key}: {records:?}");
            assert_eq!((&mended[0]["by"], &mended[0]["why"]), (&"ada".into(), &(*why).into()));

            assert_eq!(watched.lines().count(), records.len(), "{watched}");
            let of_ada = watched.lines().filter(|line| line.contains("ada") && line.contains(&why));
            assert_eq!(of_ada.count(), 1, "{watched}");
            if as_json {
                let names =
                    watched.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
                let names: Vec<_> =
                    names.map(|it| it["name"].as_str().unwrap().to_owned()).collect();
                let kept: Vec<_> = records.iter().map(|it| it.event.name()).collect();
                assert_eq!(names, kept);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_is_refused_in_words_and_by_the_exit_code() {
    let file = File::new("refused");
    let name = file.name();
    let refused = |journal: &str, words: &[&str]| {
        let output = program(journal, words).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert!(refused(&name, &["list"]).contains("is not there"));
    assert!(!std::path::Path::new(&name).exists(), "a wrong name makes no journal");

    let journal = Journal::open(&name).unwrap();
    let sagas = engine(&journal);
    stuck(&sagas, "1", FOR_NOBODY).await;
    let late = refused(&name, &["skip", "trip", "1", "--why", "to see what it says"]);
    assert!(late.starts_with("reliability: "), "{late}");
    assert!(refused(&name, &["list", "tripp"]).contains("there is: trip"));
    assert!(refused(&name, &["retry", "trip", "nobody", "--why", "a typo"]).contains("nobody"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_in_postgresql_is_one_like_another() {
    let server = Postgres::start();
    let url = server.url();
    assert!(url.starts_with("postgres://"), "{url}");
    let journal = Journal::connect(&url).await.unwrap();
    let sagas = engine(&journal);
    for as_json in [false, true] {
        let key = if as_json { "json" } else { "text" };
        let trip = stuck(&sagas, key, 7).await;
        is_listed_and_shown_as_stuck(&url, key, as_json);
        let words = ["retry", "trip", key, "--by", "ada", "--why", "it is open"];
        match as_json {
            true => assert_eq!(json(&url, &words)["key"], key),
            false => assert!(said(&url, &words).contains("written down as by ada")),
        }
        assert!(matches!(trip.ended().await.unwrap(), End::Completed(_)));
        let records = journal.read_to_end(trip.stream(), Sequence::START).await.unwrap();
        let retried = records.iter().find(|it| it.event.name() == "saga.retried").unwrap();
        let retried: Value = retried.event.read_json().unwrap();
        assert_eq!((&retried["by"], &retried["why"]), (&"ada".into(), &"it is open".into()));
    }
}
