//! Workers are killed with `kill -9` in the middle of their transactions, and the server, too: each
//! event is in the tables once.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use reliability::distributed::transaction::event_sourcing::Projector;
use reliability::journal::Journal;
use reliability_tests::postgres::Postgres;

use super::{Balances, deposit, model, naive, store};

/// Where the child finds the journal and the tables; without it, it is no child.
const SERVER: &str = "RELIABILITY_READ_MODEL_CRASH_SERVER";
/// How often a worker is killed: eight times, unless this says otherwise.
const CYCLES: &str = "RELIABILITY_CRASH_CYCLES";

/// What the child does: it keeps the tables up to date, and says so at each event.
#[test]
fn projects_until_it_is_killed() {
    let Ok(url) = std::env::var(SERVER) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(async {
        let journal = Journal::connect(&url).await.unwrap();
        let balances = Balances { is_loud: true, ..Balances::default() };
        let projector = Projector::builder(&journal, store(&url).await, balances);
        // It is often in a transaction, and often at its end.
        let mut projector = projector.page(9).every(Duration::from_millis(20)).build().unwrap();
        projector.follow().await.map(|never| match never {})
    });
    panic!("it is killed before it ends: {error:?}");
}

fn start(url: &str, number: usize, said: &Sender<usize>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["event_sourcing::postgres::crash::projects_until_it_is_killed", "--exact"])
        .arg("--nocapture")
        .env(SERVER, url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (lines, said) = (BufReader::new(child.stdout.take().unwrap()).lines(), said.clone());
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok).filter(|line| line.starts_with("took ")) {
            drop(line);
            if said.send(number).is_err() {
                return;
            }
        }
    });
    child
}

/// Who has taken in the last of so many more events.
fn after(events: usize, said: &Receiver<usize>) -> usize {
    let mut last = None;
    for _ in 0..events {
        last = Some(said.recv_timeout(Duration::from_secs(60)).expect("nobody works any more"));
    }
    last.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_event_is_taken_in_once_by_workers_that_are_killed_in_the_middle() {
    const EVENTS: i64 = 150;
    let cycles = std::env::var(CYCLES).ok().and_then(|it| it.parse().ok()).unwrap_or(8);
    let server = Postgres::start();
    let (database, url) = ("postgres", server.url());
    let journal = Journal::connect(&url).await.unwrap();
    let (say, said) = channel();
    let mut workers = [0, 1].map(|number| start(&url, number, &say));
    for cycle in 0..cycles {
        for number in 0..EVENTS {
            deposit(&journal, &format!("{}", (cycle + number) % 7), number).await;
        }
        // Somewhere in a page.
        let killed = after(20 + (cycle * 7 % 31) as usize, &said);
        workers[killed].kill().unwrap();
        workers[killed].wait().unwrap();
        while said.try_recv().is_ok() {}
        // The other one goes on.
        for number in 0..10 {
            deposit(&journal, &format!("{}", number % 7), number).await;
        }
        after(10, &said);
        workers[killed] = start(&url, killed, &say);
    }
    for worker in &mut workers {
        worker.kill().unwrap();
        worker.wait().unwrap();
    }
    let mut last = Projector::of(&journal, store(&url).await, Balances::default());
    let progress = last.catch_up().await.unwrap();
    assert_eq!((progress.parked, progress.percent()), (0, Some(100)));
    assert_eq!(model(&server, database), naive(&journal).await);
    let twice = "SELECT account, sequence FROM seen GROUP BY account, sequence HAVING count(*) > 1";
    assert_eq!(server.sql_in(database, twice), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_comes_back_has_each_event_once() {
    const EVENTS: i64 = 400;
    let server = std::sync::Arc::new(Postgres::start());
    let journal = Journal::in_memory();
    for number in 0..EVENTS {
        deposit(&journal, &format!("{}", number % 5), number).await;
    }
    let url = server.url();
    let projector = Projector::builder(&journal, store(&url).await, Balances::default());
    let mut projector = projector.page(10).every(Duration::from_millis(20)).build().unwrap();
    let mut progress = projector.progress();
    let following = tokio::spawn(async move { projector.follow().await.map(|it| match it {}) });
    for part in 1..=3 {
        while progress.next().await.applied < part * 100 {}
        let killed = std::sync::Arc::clone(&server);
        let killed = tokio::task::spawn_blocking(move || {
            killed.kill();
            killed.start_again();
        });
        killed.await.unwrap();
    }
    while !progress.now().is_caught_up {
        progress.next().await;
    }
    assert_eq!(progress.now().parked, 0, "that the server is away is no fault of an event");
    following.abort();
    assert!(following.await.unwrap_err().is_cancelled());
    assert_eq!(model(&server, "postgres"), naive(&journal).await);
}
