//! Several processes work at the sagas of one journal: one is stopped for longer than its lease and
//! wakes, others are killed with `kill -9` again and again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::saga::{
    Attempt, Cx, End, Outcome, Sagas, Transient, saga,
};
use reliability::journal::{Journal, Sequence, StreamId};
use reliability_tests::postgres::Postgres;
use serde::{Deserialize, Serialize};

use crate::journal::crash::Folder;

/// Which journal the child works at; without it, it is no child.
const JOURNAL: &str = "RELIABILITY_SAGA_JOURNAL";
const FOLDER: &str = "RELIABILITY_SAGA_FOLDER";
/// What the child calls itself.
const WORKER: &str = "RELIABILITY_SAGA_WORKER";
/// How often workers are killed.
const CYCLES: &str = "RELIABILITY_CRASH_CYCLES";
const LEASE: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    /// Its card is charged when somebody has said so, and not before.
    waits: bool,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Refused {}

#[saga(input = Order, refuse = Refused, version = 1, shared = Worker)]
#[derive(Debug)]
enum Sell {
    #[step(reserve, undo = release)]
    Reserved(String),
    #[pivot(charge, needs(Reserved))]
    Charged(String),
    #[then(confirm, needs(Charged))]
    Confirmed(String),
}

/// One process: its steps leave a line each in a file that all of them share, with their effect.
struct Worker {
    name: String,
    folder: PathBuf,
}

impl Worker {
    fn does(&self, cx: &Cx<Self>) -> String {
        let line = format!("{} {} {} {}\n", self.name, cx.key(), cx.step(), cx.effect());
        let file = fs::OpenOptions::new().create(true).append(true).open(effects(&self.folder));
        file.unwrap().write_all(line.as_bytes()).unwrap();
        self.name.clone()
    }
}

fn effects(folder: &Path) -> PathBuf {
    folder.join("effects")
}

async fn reserve(cx: &Cx<Worker>, _: &Order) -> Result<String, Outcome<Refused>> {
    Ok(cx.shared().does(cx))
}

async fn release(cx: &Cx<Worker>, _: &Order, _: Attempt<'_, String>) -> Result<(), Transient> {
    panic!("nothing is refused, and {} is undone", cx.key())
}

async fn charge(cx: &Cx<Worker>, order: &Order, _: &String) -> Result<String, Outcome<Refused>> {
    if order.waits && cx.shared().name == "first" {
        say("charging");
        // The answer of the other side is on its way.
        tokio::task::spawn_blocking(|| std::io::stdin().lock().read_line(&mut String::new()))
            .await
            .unwrap()
            .unwrap();
    }
    // Long enough that some are killed in the middle of it.
    tokio::time::sleep(Duration::from_millis(10)).await;
    Ok(cx.shared().does(cx))
}

async fn confirm(cx: &Cx<Worker>, _: &Order, _: &String) -> Result<String, Transient> {
    Ok(cx.shared().does(cx))
}

/// One call for one line, so that lines do not mix.
fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("said: {line}\n").as_bytes()).unwrap();
}

async fn open(journal: &str) -> Journal {
    match journal.starts_with("postgres") {
        true => Journal::connect(journal).await.unwrap(),
        false => Journal::open(journal).unwrap(),
    }
}

fn engine(journal: &Journal, name: &str, folder: &Path, most: usize) -> Sagas {
    let worker = Arc::new(Worker { name: name.into(), folder: folder.into() });
    let sagas = Sagas::on(journal).saga::<Sell>(worker).owner(name).lease(LEASE).most(most);
    sagas.poll(Duration::from_millis(50)).start().unwrap()
}

/// What the child does: it works, and says how the sagas have ended that it is asked for.
#[test]
fn works_until_it_is_killed() {
    let Ok(journal) = std::env::var(JOURNAL) else { return };
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let name = std::env::var(WORKER).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.unwrap().block_on(async {
        let sagas = engine(&open(&journal).await, &name, &folder, 8);
        if name == "first" {
            let waits = sagas.start::<Sell>("waits", Order { waits: true }).await.unwrap();
            tell(&waits).await;
            let next = sagas.start::<Sell>("next", Order { waits: false }).await.unwrap();
            tell(&next).await;
        }
        core::future::pending::<()>().await;
    });
}

async fn tell(handle: &reliability::distributed::transaction::saga::Handle<Sell>) {
    let End::Completed(done) = handle.ended().await.unwrap() else { panic!("it completes") };
    say(&format!("{} {} {} {}", handle.key(), done.reserved, done.charged, done.confirmed));
}

/// A process that works, and is gone with this.
struct Working {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Working {
    fn start(journal: &str, name: &str, folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["saga::workers::works_until_it_is_killed", "--exact", "--nocapture"])
            .envs([(JOURNAL, journal), (WORKER, name)])
            .env(FOLDER, folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, said }
    }

    fn says(&mut self) -> String {
        let mut lines = self.said.by_ref().map(Result::unwrap);
        let said = lines.find_map(|line| line.split_once("said: ").map(|it| it.1.to_owned()));
        said.expect("it ended by itself")
    }

    fn signal(&self, signal: &str) {
        let process = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn folder(name: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("sagas-{}-{name}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    Folder(folder)
}

/// Who did which step of a run, in the order in which it was done.
fn done(folder: &Path, key: &str) -> Vec<(String, String)> {
    let lines = fs::read_to_string(effects(folder)).unwrap_or_default();
    let words = lines.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let of_key = words.filter(|words| words[1] == key);
    of_key.map(|words| (words[2].to_owned(), words[0].to_owned())).collect()
}

#[test]
fn who_was_stopped_for_longer_than_its_lease_is_refused_when_it_wakes() {
    let server = Postgres::shared();
    let folder = folder("stopped");
    let file = folder.0.join("journal.db").display().to_string();
    for (number, at) in [server.url_of(&server.database()), file].into_iter().enumerate() {
        let folder = folder.0.join(number.to_string());
        fs::create_dir_all(&folder).unwrap();
        is_refused_when_it_wakes(&at, &folder);
    }
}

fn is_refused_when_it_wakes(at: &str, folder: &Path) {
    let mut first = Working::start(at, "first", folder);
    assert_eq!(first.says(), "charging");
    first.signal("-STOP");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let journal = runtime.block_on(open(at));
    let second = runtime.block_on(async { engine(&journal, "second", folder, 8) });
    let run = second.find::<Sell>("waits").unwrap();
    let End::Completed(ended) = runtime.block_on(run.ended()).unwrap() else { panic!("it ends") };
    assert_eq!(
        [ended.reserved, ended.charged, ended.confirmed],
        ["first", "second", "second"].map(str::to_owned)
    );
    let stream = StreamId::new("sell", "waits").unwrap();
    let records = || runtime.block_on(journal.read(&stream, Sequence::START, 100)).unwrap();
    let before = records();
    // Who starts a saga need not be who begins its first step.
    let epochs: BTreeSet<_> = before.iter().skip(1).map(|record| record.epoch).collect();
    assert_eq!(epochs.len(), 2, "one of the worker that was stopped, one of the other: {before:?}");

    // Its answer is there when it wakes, and so is the news that its lease is over: it may see the
    // one or the other first.
    first.process.stdin.take().unwrap().write_all(b"\n").unwrap();
    first.signal("-CONT");
    assert_eq!(first.says(), "waits first second second", "it is told what the journal says");
    let next = first.says();
    assert!(next.starts_with("next "), "it goes on: {next}");
    assert_eq!(records(), before, "nothing was written by who came too late");
    let mut calls = done(folder, "waits");
    let late = calls.split_off(3);
    let of = |step: &str, by: &str| (step.to_owned(), by.to_owned());
    let in_time = [of("Reserved", "first"), of("Charged", "second"), of("Confirmed", "second")];
    assert_eq!(calls, in_time);
    assert!(late.is_empty() || late == [of("Charged", "first")], "{late:?}");
    let effects = fs::read_to_string(effects(folder)).unwrap();
    let charges = effects.lines().filter(|line| line.contains(" waits Charged "));
    let by_effect: BTreeSet<_> = charges.filter_map(|line| line.split(' ').nth(3)).collect();
    assert_eq!(by_effect.len(), 1, "who charges twice does so by one effect");
}

#[test]
fn what_workers_had_in_their_hands_when_they_were_killed_is_carried_on_by_others() {
    let cycles = std::env::var(CYCLES).map_or(4, |cycles| cycles.parse::<u32>().unwrap());
    let server = Postgres::shared();
    let folder = folder("killed");
    let at = server.url_of(&server.database());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let journal = runtime.block_on(open(&at));
    // It leaves most of the work to the others.
    let here = runtime.block_on(async { engine(&journal, "here", &folder.0, 1) });
    let mut workers: Vec<_> =
        (0..2).map(|it| Working::start(&at, &it.to_string(), &folder.0)).collect();
    let mut all = Vec::new();
    for cycle in 0..cycles {
        for number in 0..20 {
            let key = format!("{cycle}-{number}");
            let started = here.start::<Sell>(&key, Order { waits: false });
            all.push(runtime.block_on(started.into_future()).unwrap());
        }
        // Killed while it works, or before it does: both happen.
        let killed = cycle as usize % 2;
        workers[killed] = Working::start(&at, &format!("again-{cycle}"), &folder.0);
        let ended = runtime.block_on(all[cycle as usize * 20].ended()).unwrap();
        assert!(matches!(ended, End::Completed(_)), "{ended:?}");
    }
    let mut effects_of = BTreeMap::<_, BTreeSet<_>>::new();
    for run in &all {
        let ended = runtime.block_on(run.ended()).unwrap();
        assert!(matches!(ended, End::Completed(_)), "{}: {ended:?}", run.key());
    }
    let lines = fs::read_to_string(effects(&folder.0)).unwrap();
    for words in lines.lines().map(|line| line.split(' ').collect::<Vec<_>>()) {
        effects_of.entry((words[1], words[2])).or_default().insert(words[3]);
    }
    assert_eq!(effects_of.len(), all.len() * 3, "each step of each run");
    let once = effects_of.values().all(|effects| effects.len() == 1);
    assert!(once, "a step that is repeated is repeated by the same effect");
}
