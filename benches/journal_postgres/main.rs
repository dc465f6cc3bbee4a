//! What the journal makes of a PostgreSQL server, beside rows that are inserted by hand.
//!
//! Both have the same server, started for this, which waits for the disk at every commit; the same
//! number of callers, each of whom waits for its answer before it goes on; and 200 bytes a time.
//! They take turns, and the middle one of the rounds is what is told: how many there were in a
//! second. `cargo bench -p reliability-benches --bench journal_postgres`.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people who measure")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use reliability::journal::{Append, Due, Event, Journal, PostgresStore, Sequence, StreamId};
use reliability_tests::postgres::Postgres;
use tokio_postgres::NoTls;

const CALLERS: u32 = 16;
const ROUNDS: usize = 5;
const PAYLOAD: [u8; 200] = [7; 200];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    // Without it, `cargo test` only wants to see that it works.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let (rounds, length) = match measured {
        true => (ROUNDS, Duration::from_secs(3)),
        false => (1, Duration::from_millis(100)),
    };
    let server = Postgres::with(&[("max_connections", "200"), ("shared_buffers", "256MB")]);
    server.sql(
        "CREATE TABLE by_hand (id bigserial PRIMARY KEY, stream text NOT NULL, \
         sequence bigint NOT NULL, payload bytea NOT NULL, UNIQUE (stream, sequence))",
    );
    let journal = |connections| {
        let builder = PostgresStore::builder(&server.url()).connections(connections);
        async move { Journal::on(builder.build().await.unwrap()) }
    };
    // Half of the connections of a store append.
    let stores = [
        (1, journal(2).await),
        (2, journal(4).await),
        (4, journal(8).await),
        (16, journal(32).await),
    ];
    let mut figures = vec![("inserted by hand, 16 connections".to_string(), Vec::new())];
    for (appending, _) in &stores {
        let name = format!("appended, 16 callers, {appending} connections that append");
        figures.push((name, Vec::new()));
    }
    figures.push(("appended, 64 callers, 2 connections that append".to_string(), Vec::new()));
    figures.push(("steps at claimed streams, 16 workers, 2 connections".to_string(), Vec::new()));
    for round in 0..rounds {
        let from = round as u32;
        let mut found = vec![by_hand(&server, from, length).await];
        for (appending, journal) in &stores {
            let kind = format!("appended-{appending}");
            found.push(appends(journal, &kind, CALLERS, from, length).await);
        }
        found.push(appends(&stores[1].1, "crowd", CALLERS * 4, from, length).await);
        found.push(steps(&stores[1].1, from, length).await);
        for ((_, figures), found) in figures.iter_mut().zip(found) {
            figures.push(found);
        }
    }
    let middle = |figures: &mut Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let floor = middle(&mut figures[0].1);
    for (name, figures) in &mut figures {
        let found = middle(figures);
        assert!(found > 0.0, "{name}: nothing was done");
        println!("{found:>9.0}/s  {:>5.2}  {name}", found / floor);
    }
}

/// How often all of them together do it in a second.
async fn rate<F: Future<Output = ()> + Send + 'static>(
    callers: u32,
    length: Duration,
    caller: impl Fn(u32, Arc<AtomicBool>, Arc<AtomicU64>) -> F,
) -> f64 {
    let (end, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let begun = Instant::now();
    let running: Vec<_> = (0..callers)
        .map(|number| tokio::spawn(caller(number, Arc::clone(&end), Arc::clone(&done))))
        .collect();
    tokio::time::sleep(length).await;
    end.store(true, Ordering::Relaxed);
    let (done, took) = (done.load(Ordering::Relaxed), begun.elapsed());
    for caller in running {
        caller.await.unwrap();
    }
    done as f64 / took.as_secs_f64()
}

async fn by_hand(server: &Postgres, round: u32, length: Duration) -> f64 {
    let mut clients = Vec::new();
    for _ in 0..CALLERS {
        let (client, connection) = tokio_postgres::connect(&server.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let text = "INSERT INTO by_hand (stream, sequence, payload) VALUES ($1, $2, $3)";
        let insert = client.prepare(text).await.unwrap();
        clients.push(Arc::new((client, insert)));
    }
    rate(CALLERS, length, |number, end, done| {
        let own = Arc::clone(&clients[number as usize]);
        async move {
            let (client, insert) = &*own;
            let stream = format!("{round}-{number}");
            let mut sequence = 0_i64;
            while !end.load(Ordering::Relaxed) {
                sequence += 1;
                client.execute(insert, &[&stream, &sequence, &&PAYLOAD[..]]).await.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await
}

async fn appends(journal: &Journal, kind: &str, callers: u32, round: u32, length: Duration) -> f64 {
    rate(callers, length, |number, end, done| {
        let journal = journal.clone();
        let stream = StreamId::new(kind, &format!("{round}-{number}")).unwrap();
        async move {
            let mut last = Sequence::START;
            while !end.load(Ordering::Relaxed) {
                let event = Event::bytes("Moved", 1, PAYLOAD);
                let append = Append::to(&stream).after(last).event(event);
                last = journal.append(append).await.unwrap().sequence;
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await
}

/// What a worker does: its streams are claimed once, and each step is shown to be its own.
async fn steps(journal: &Journal, round: u32, length: Duration) -> f64 {
    rate(CALLERS, length, |number, end, done| {
        let journal = journal.clone();
        async move {
            let stream = StreamId::new("worked", &format!("{round}-{number}")).unwrap();
            let begin = Append::to(&stream).after(Sequence::START).due(Due::Now);
            let begun = journal.append(begin.held_by("bench", Duration::from_secs(600))).await;
            let mut lease = begun.unwrap().lease(&stream).unwrap();
            while !end.load(Ordering::Relaxed) {
                let event = Event::bytes("Done", 1, PAYLOAD);
                let step = Append::to(&stream).fenced(&lease).after(lease.sequence).event(event);
                let step = step.due(Due::Now).status("running");
                lease.sequence = journal.append(step).await.unwrap().sequence;
                done.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
    .await
}
