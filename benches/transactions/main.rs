//! What transactions cost: five-step sagas that are written down for good, beside what the store
//! allows when it is driven by hand; the processor's time for a step without a disk, and the memory
//! that a finished saga keeps, beside steno.
//!
//! They take turns, and the middle one of the rounds is what is told.
//! `cargo bench -p reliability-benches --bench transactions`; the last figures are left in
//! `target/transactions.json`, where `benches/table` finds them.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for people who measure"
)]

mod by_hand;
mod five;
mod others;
mod peer;

use std::future::Future;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use by_hand::{GroupByHand, PAYLOAD};
use five::{Five, Number, Order};
use others::{Accounts, Commits, Reservations};
use peer::{OnJournal, Steno};
use reliability::distributed::transaction::saga::{End, Sagas};
use reliability::journal::{Append, Event, Journal, PostgresStore, Sequence, StreamId};
use reliability_tests::postgres::Postgres;
use rustix::time::{ClockId, clock_gettime};
use steno::InMemorySecStore;

const STEPS: u64 = 5;
const RECORDS: u64 = STEPS + 1;
/// As many are under way at the same time, and as many records go into one commit by hand.
const CLIENTS: u64 = 64;
const CONNECTIONS: u64 = 16;

/// One part of what is measured.
type Part = fn(&Measure, &mut Figures);

struct Measure {
    rounds: usize,
    length: Duration,
    sagas: u64,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // Without it, `cargo test` only wants to see that it works.
    let measured = arguments.iter().any(|it| it == "--bench");
    let measure = match measured {
        true => Measure { rounds: 5, length: Duration::from_secs(2), sagas: 20_000 },
        false => Measure { rounds: 1, length: Duration::from_millis(50), sagas: 50 },
    };
    if let Some(place) = arguments.iter().position(|it| it == "--alone") {
        return println!("{}", alone(&arguments[place + 1], measure.sagas));
    }
    let only = arguments.iter().find(|it| !it.starts_with("--"));
    let wanted = |part: &str| only.is_none_or(|only| part.contains(only.as_str()));
    let mut figures = Figures::default();
    let parts: [(&str, Part); 4] =
        [("processor", processor), ("memory", memory), ("durable", durable), ("servers", servers)];
    for (part, measuring) in parts {
        if wanted(part) {
            measuring(&measure, &mut figures);
        }
    }
    figures.tell(measured && only.is_none());
}

/// What was found, a list of rounds for each name.
#[derive(Default)]
struct Figures(Vec<(String, &'static str, Vec<f64>)>);

impl Figures {
    fn add(&mut self, name: impl Into<String>, unit: &'static str, figure: f64) {
        let name = name.into();
        assert!(figure.is_finite(), "{name}: nothing was measured");
        match self.0.iter_mut().find(|(known, ..)| *known == name) {
            Some((.., figures)) => figures.push(figure),
            None => self.0.push((name, unit, vec![figure])),
        }
    }

    /// Of this round.
    fn last(&self, name: &str) -> f64 {
        let found = self.0.iter().find(|(known, ..)| known == name);
        found.and_then(|(.., figures)| figures.last().copied()).unwrap()
    }

    fn tell(mut self, keep: bool) {
        let mut object = serde_json::Map::new();
        for (name, unit, figures) in &mut self.0 {
            figures.sort_by(f64::total_cmp);
            let middle = figures[figures.len() / 2];
            println!("{middle:>12.2} {unit:<4} {name}");
            object.insert(name.clone(), middle.into());
        }
        if keep {
            let target =
                std::env::var_os("CARGO_TARGET_DIR").map_or("../target".into(), PathBuf::from);
            let text = serde_json::to_vec_pretty(&object).unwrap();
            std::fs::write(target.join("transactions.json"), text).unwrap();
        }
    }
}

fn several() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn single() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

fn engine(journal: &Journal, most: usize) -> Sagas {
    let sagas = Sagas::on(journal).saga::<Five>(()).most(most);
    sagas.start().unwrap()
}

/// One saga, from its start to its end.
async fn run(sagas: &Sagas, key: String) {
    let handle = sagas.start::<Five>(&key, Order::new()).await.unwrap();
    match handle.ended().await.unwrap() {
        End::Completed(five) => assert_eq!(five.fifth, Number { number: 7 }),
        other => panic!("{other:?}"),
    }
}

/// How often all of them together do it in a second.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    clients: u64,
    length: Duration,
    once: impl Fn(u64, u64) -> F + Clone + Send + 'static,
) -> f64 {
    let (end, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let running: Vec<_> = (0..clients)
        .map(|client| {
            let (end, done, once) = (Arc::clone(&end), Arc::clone(&done), once.clone());
            tokio::spawn(async move {
                for round in 0.. {
                    if end.load(Ordering::Relaxed) {
                        break;
                    }
                    once(client, round).await;
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(length).await;
    end.store(true, Ordering::Relaxed);
    let (done, took) = (done.load(Ordering::Relaxed), begun.elapsed());
    for client in running {
        client.await.unwrap();
    }
    done as f64 / took.as_secs_f64()
}

/// Sagas in a second that are on the disk, and what the store itself allows.
fn durable(measure: &Measure, figures: &mut Figures) {
    let folder = Folder::new("durable");
    let connection = by_hand::open(&folder.0.join("by_hand.db"));
    let group = Arc::new(GroupByHand::on(by_hand::open(&folder.0.join("group.db"))));
    let runtime = several();
    let _inside = runtime.enter();
    let journal = Journal::open(folder.0.join("ours.db")).unwrap();
    let engine = engine(&journal, 4_096);
    let stenos = Journal::open(folder.0.join("steno.db")).unwrap();
    let steno = Arc::new(Steno::on(OnJournal(stenos)));
    let appends = Journal::open(folder.0.join("appends.db")).unwrap();
    let journal = Journal::open(folder.0.join("others.db")).unwrap();
    let (accounts, reservations) = (Accounts::on(&journal), Reservations::on(&journal));
    let commits = Commits::on(&journal);
    for round in 0..measure.rounds {
        let begun = Instant::now();
        let mut records = 0;
        while begun.elapsed() < measure.length {
            by_hand::write(&connection, CLIENTS);
            records += CLIENTS;
        }
        let limit = records as f64 / begun.elapsed().as_secs_f64();
        figures.add("sqlite: records by hand, 64 in a commit", "/s", limit);
        for clients in [CLIENTS, 8 * CLIENTS] {
            let group = Arc::clone(&group);
            let each = runtime.block_on(rate(clients, measure.length, move |_, _| {
                let group = Arc::clone(&group);
                async move { group.write().await }
            }));
            figures.add(format!("sqlite: group commit by hand, {clients} at a time"), "/s", each);
            let (journal, kind) = (appends.clone(), format!("appended-{clients}-{round}"));
            let each = runtime.block_on(rate(clients, measure.length, move |client, number| {
                // As many for each stream as a saga has.
                let (stream, before) = (number / RECORDS, number % RECORDS);
                let stream = StreamId::new(&kind, &format!("{client}-{stream}")).unwrap();
                let append = Append::to(&stream).after(Sequence::new(before));
                let append = append.event(Event::bytes("First", 1, PAYLOAD));
                let journal = journal.clone();
                async move {
                    assert_eq!(journal.append(append).await.unwrap().sequence.get(), before + 1)
                }
            }));
            figures.add(format!("sqlite: appends to the journal, {clients} at a time"), "/s", each);
        }
        for clients in [1, CLIENTS, 8 * CLIENTS] {
            let engine = engine.clone();
            let rate = runtime.block_on(rate(clients, measure.length, move |client, number| {
                let (engine, key) =
                    (engine.clone(), format!("{clients}-{round}-{client}-{number}"));
                async move { run(&engine, key).await }
            }));
            figures.add(format!("sqlite: sagas of five steps, {clients} at a time"), "/s", rate);
            if clients > 1 {
                for what in ["group commit by hand", "appends to the journal"] {
                    let of = format!("{what}, {clients} at a time");
                    let limit = figures.last(&format!("sqlite: {of}"));
                    let share = rate * RECORDS as f64 / limit;
                    figures.add(format!("sqlite: of {of}"), "", share);
                }
            }
            let share = rate * RECORDS as f64 / limit;
            figures.add(format!("sqlite: of records by hand, {clients} at a time"), "", share);
        }
        let mut others = |name: &str, rate: f64| figures.add(name, "/s", rate);
        let at = move |client: u64, number: u64| format!("{round}-{client}-{number}");
        let (own, length) = (Arc::clone(&steno), measure.length);
        let stenos = rate(CLIENTS, length, move |_, _| {
            let steno = Arc::clone(&own);
            async move { steno.run().await }
        });
        others("sqlite: steno, sagas of five steps, 64 at a time", runtime.block_on(stenos));
        let own = accounts.clone();
        let commands = rate(CLIENTS, length, move |client, number| {
            // An account has ten events at most, so that reading it costs the same in each round.
            let (accounts, key) = (own.clone(), at(client, number / 10));
            async move { accounts.deposit(&key).await }
        });
        others("sqlite: commands to aggregates, 64 at a time", runtime.block_on(commands));
        let own = reservations.clone();
        let confirmed = rate(CLIENTS, length, move |client, number| {
            let (reservations, key) = (own.clone(), at(client, number));
            async move { reservations.confirm(&key).await }
        });
        others(
            "sqlite: TCC, two reservations confirmed, 64 at a time",
            runtime.block_on(confirmed),
        );
        let own = commits.clone();
        let committed = rate(CLIENTS, length, move |client, number| {
            let (commits, key) = (own.clone(), at(client, number));
            async move { commits.commit(&key).await }
        });
        others(
            "sqlite: two-phase commits, two participants, 64 at a time",
            runtime.block_on(committed),
        );
    }
    runtime.block_on(engine.stop(Duration::from_secs(10)));
}

/// The processor's time for a step, where nothing is waited for.
fn processor(measure: &Measure, figures: &mut Figures) {
    for _ in 0..measure.rounds {
        for who in ["ours", "steno"] {
            for clients in [1, CLIENTS] {
                let spent = in_a_process(&format!("processor-{who}-{clients}"));
                figures.add(format!("memory: a step of {who}, {clients} at a time"), "us", spent);
            }
        }
    }
}

/// What the process holds for each saga that is over.
fn memory(measure: &Measure, figures: &mut Figures) {
    for _ in 0..measure.rounds {
        for who in ["ours", "steno"] {
            let kept = in_a_process(&format!("memory-{who}-{CLIENTS}"));
            figures.add(format!("kept for a finished saga of {who}"), "B", kept);
        }
    }
}

/// Measures where nothing else has used the memory before.
fn in_a_process(what: &str) -> f64 {
    let program = std::env::current_exe().unwrap();
    let measured = std::env::args().filter(|it| it == "--bench");
    let output = Command::new(program).args(measured).args(["--alone", what]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    said.trim().parse().unwrap_or_else(|_| panic!("{what}: {}", output.status))
}

fn alone(what: &str, sagas: u64) -> f64 {
    let mut words = what.split('-');
    let mut word = || words.next().unwrap();
    let (is_processor, is_ours, clients) =
        (word() == "processor", word() == "ours", word().parse().unwrap());
    let folder = Folder::new(what);
    let runtime = single();
    let _inside = runtime.enter();
    // Memory is asked of sagas that are in a file, as they are at work.
    let journal = match is_processor {
        true => Journal::in_memory(),
        false => Journal::open(folder.0.join("ours.db")).unwrap(),
    };
    let engine = engine(&journal, 4_096);
    let steno = Arc::new(Steno::on(InMemorySecStore::new()));
    let work = |part: &'static str| match is_ours {
        true => runtime.block_on(many(clients, sagas, {
            let engine = engine.clone();
            move |number| {
                let (engine, key) = (engine.clone(), format!("{part}-{number}"));
                async move { run(&engine, key).await }
            }
        })),
        false => runtime.block_on(many(clients, sagas, {
            let steno = Arc::clone(&steno);
            move |_| {
                let steno = Arc::clone(&steno);
                async move { steno.run().await }
            }
        })),
    };
    // What is taken once, for all of them, is taken now.
    work("first");
    let (time, bytes) = (processor_time(), resident());
    work("then");
    match is_processor {
        true => (processor_time() - time).as_secs_f64() * 1e6 / (sagas * STEPS) as f64,
        false => resident().saturating_sub(bytes) as f64 / sagas as f64,
    }
}

/// So many sagas, as many at a time as there are clients.
async fn many<F: Future<Output = ()> + Send + 'static>(
    clients: u64,
    sagas: u64,
    once: impl Fn(u64) -> F + Clone + Send + 'static,
) {
    let running: Vec<_> = (0..clients)
        .map(|client| {
            let once = once.clone();
            tokio::spawn(async move {
                let mut number = client;
                while number < sagas {
                    once(number).await;
                    number += clients;
                }
            })
        })
        .collect();
    for client in running {
        client.await.unwrap();
    }
}

/// Steps in a second on a PostgreSQL server, and rows that are inserted by hand.
fn servers(measure: &Measure, figures: &mut Figures) {
    let server = Postgres::with(&[("max_connections", "200"), ("shared_buffers", "256MB")]);
    server.sql(
        "CREATE TABLE by_hand (id bigserial PRIMARY KEY, stream text NOT NULL, \
         sequence bigint NOT NULL, payload bytea NOT NULL, UNIQUE (stream, sequence))",
    );
    let runtime = several();
    let _inside = runtime.enter();
    // Half of the connections of a store append.
    let builder = PostgresStore::builder(&server.url()).connections(2 * CONNECTIONS as usize);
    let journal = Journal::on(runtime.block_on(builder.build()).unwrap());
    let engine = engine(&journal, 4_096);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            runtime.block_on(async {
                let (client, connection) =
                    tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                let text = "INSERT INTO by_hand (stream, sequence, payload) VALUES ($1, $2, $3)";
                let insert = client.prepare(text).await.unwrap();
                Arc::new((client, insert))
            })
        })
        .collect();
    for round in 0..measure.rounds {
        let clients = clients.clone();
        let limit = runtime.block_on(rate(CONNECTIONS, measure.length, move |client, number| {
            let own = Arc::clone(&clients[client as usize]);
            async move {
                let (client_, insert) = &*own;
                let (stream, sequence) = (format!("{round}-{client}"), number as i64);
                client_.execute(insert, &[&stream, &sequence, &&PAYLOAD[..]]).await.unwrap();
            }
        }));
        figures.add("postgresql: rows by hand, 16 connections", "/s", limit);
        for clients in [CONNECTIONS, 4 * CLIENTS] {
            let engine = engine.clone();
            let sagas = runtime.block_on(rate(clients, measure.length, move |client, number| {
                let (engine, key) =
                    (engine.clone(), format!("{clients}-{round}-{client}-{number}"));
                async move { run(&engine, key).await }
            }));
            let (name, steps) = (format!("{clients} sagas at a time"), sagas * STEPS as f64);
            figures.add(format!("postgresql: steps, {name}"), "/s", steps);
            let share = sagas * RECORDS as f64 / limit;
            figures.add(format!("postgresql: records beside rows by hand, {name}"), "", share);
        }
    }
    runtime.block_on(engine.stop(Duration::from_secs(10)));
}

/// The processor's time that this process has had, on all its threads.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Bytes of memory that this process has.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(part: &str) -> Self {
        let name = format!("bench-transactions-{part}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
