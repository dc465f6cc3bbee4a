//! Two PostgreSQL servers and a coordinator in a process of its own, each of which is killed with
//! `kill -9`: at every phase of a transaction, and at any moment of many at once. Afterwards nobody
//! is in doubt, and both servers have done the same.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use reliability::distributed::transaction::two_phase::{
    self, Participant, PostgresResource, PostgresWork, Resource, TransactionId, TwoPhase,
    TwoPhaseError,
};
use reliability::distributed::transaction::{Followed, Vote};
use reliability::journal::Journal;
use reliability_tests::postgres::Postgres;

/// What the child works with; without it, it is no child: the journal, the two databases, the prefix
/// of its transactions, and the phase at which it stops.
const CHILD: &str = "RELIABILITY_TWO_PHASE_CHILD";
/// How often somebody is killed at a random moment: 20 times, unless this says otherwise.
const CYCLES: &str = "RELIABILITY_CRASH_CYCLES";

/// Where a transaction of one child stops, until somebody says that it may go on.
const PHASES: [&str; 5] = ["begun", "one vote", "all votes", "decided", "logged"];
const NAMES: [&str; 2] = ["here", "there"];

fn resource(name: &str, url: &str) -> PostgresResource {
    PostgresResource::new(name, url).unwrap()
}

/// The child: transfers until it is killed, or one that stops at a phase.
#[test]
fn transfers_until_it_is_killed() {
    let Some(child) = std::env::var_os(CHILD) else { return };
    let child = child.into_string().unwrap();
    let [file, here, there, prefix, phase] = child.split('|').collect::<Vec<_>>()[..] else {
        panic!("{child}")
    };
    let resources = [resource("here", here), resource("there", there)];
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let coordinator = TwoPhase::builder(&Journal::open(file).unwrap())
            .votes_within(Duration::from_secs(5))
            .answer_within(Duration::from_secs(2))
            .repeat_after(Duration::from_millis(20))
            .deliver_within(Duration::from_secs(if phase.is_empty() { 5 } else { 1 }))
            .build()
            .unwrap();
        if !phase.is_empty() {
            let done = transfer(&coordinator, &resources, prefix.to_owned(), phase).await;
            say(&format!("ended {}", done.is_ok()));
            return;
        }
        let (next, mut workers) = (Arc::new(AtomicU32::new(0)), Vec::new());
        for _ in 0..4 {
            let (coordinator, resources) = (coordinator.clone(), resources.clone());
            let (next, prefix) = (Arc::clone(&next), prefix.to_owned());
            workers.push(tokio::spawn(async move {
                loop {
                    let name = format!("{prefix}-{}", next.fetch_add(1, Ordering::Relaxed));
                    match transfer(&coordinator, &resources, name.clone(), "").await {
                        Ok(()) => say(&format!("committed {name}")),
                        // A server that is gone is not asked as fast as that.
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    }
                }
            }));
        }
        // They work until the process is killed.
        std::future::pending::<()>().await;
        drop(workers);
    });
}

/// One call for one line, so that lines of several workers do not mix.
fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn work(at: &PostgresResource, name: &str) -> PostgresWork {
    let name = name.to_owned();
    at.work(move |client| {
        let name = name.clone();
        Box::pin(async move {
            client.execute("INSERT INTO moved VALUES ($1)", &[&name]).await?;
            Ok(Vote::Yes)
        })
    })
}

async fn transfer(
    coordinator: &TwoPhase,
    [here, there]: &[PostgresResource; 2],
    name: String,
    stops: &str,
) -> Result<(), TwoPhaseError> {
    let stop = |phase: &str| {
        if phase == stops {
            say(&format!("at {phase}"));
            std::io::stdin().read_line(&mut String::new()).unwrap();
        }
    };
    let id = TransactionId::new(&name).unwrap();
    let both = (work(here, &name), work(there, &name));
    two_phase::begin!(let transfer = coordinator, id, both);
    stop("begun");
    let first = match transfer.ask::<0>().await {
        Ok(vote) => vote,
        Err(refused) => {
            transfer.abort().deliver().await;
            return Err(refused);
        }
    };
    stop("one vote");
    let second = match transfer.ask::<1>().await {
        Ok(vote) => vote,
        Err(refused) => {
            transfer.abort().deliver().await;
            return Err(refused);
        }
    };
    stop("all votes");
    let decided = transfer.all_voted((first, second)).commit();
    stop("decided");
    let logged = decided.log().await?;
    stop("logged");
    let outcome = logged.deliver().await;
    assert!(outcome.against.is_empty(), "{outcome:?}");
    Ok(())
}

/// Two servers, a folder for journals, and what is known to have been committed.
struct World {
    servers: [Postgres; 2],
    folder: PathBuf,
    runtime: tokio::runtime::Runtime,
    committed: BTreeSet<String>,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl World {
    fn new(name: &str) -> Self {
        let server = || Postgres::with(&[("max_prepared_transactions", "50")]);
        let servers = [server(), server()];
        let folder = std::env::temp_dir().join(format!("two-phase-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        for (server, name) in servers.iter().zip(NAMES) {
            server.sql("CREATE TABLE moved (name text PRIMARY KEY)");
            runtime.block_on(resource(name, &server.url()).set_up()).unwrap();
        }
        Self { servers, folder, runtime, committed: BTreeSet::new() }
    }

    fn start(&self, prefix: &str, phase: &str) -> Coordinator {
        let file = self.folder.join("decisions.db");
        let [here, there] = self.urls();
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["two_phase::postgres::transfers_until_it_is_killed", "--exact", "--nocapture"])
            .env(CHILD, format!("{}|{here}|{there}|{prefix}|{phase}", file.display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap()).lines();
        Coordinator { process, said }
    }

    /// By these names the servers know what is the child's.
    fn urls(&self) -> [String; 2] {
        [0, 1].map(|at| {
            let url = self.servers[at].url();
            let joint = if url.contains('?') { '&' } else { '?' };
            format!("{url}{joint}application_name=child")
        })
    }

    /// What another process does: it reads the log, and asks who is in doubt.
    fn recover(&self) {
        // What a dead client has sent last is still being done.
        for server in &self.servers {
            let ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'child'";
            while server.sql(ours) != ["0"] {
                std::thread::yield_now();
            }
        }
        let coordinator =
            TwoPhase::builder(&Journal::open(self.folder.join("decisions.db")).unwrap())
                .votes_within(Duration::from_millis(1))
                .deliver_within(Duration::from_millis(100))
                .grace(Duration::from_millis(250));
        let known = self.servers.iter().zip(NAMES);
        let coordinator = known.fold(coordinator, |coordinator, (server, name)| {
            coordinator.resource(Arc::new(resource(name, &server.url())) as Arc<dyn Resource>)
        });
        let coordinator = coordinator.build().unwrap();
        let in_doubt = || {
            let prepared = "SELECT count(*) FROM pg_prepared_xacts";
            self.servers.iter().any(|server| server.sql(prepared) != ["0"])
        };
        for _ in 0..1_000 {
            self.runtime.block_on(coordinator.recover()).unwrap();
            if !in_doubt() {
                return;
            }
        }
        panic!("somebody is still in doubt");
    }

    fn moved(&self) -> [BTreeSet<String>; 2] {
        [0, 1].map(|at| self.servers[at].sql("SELECT name FROM moved").into_iter().collect())
    }

    #[track_caller]
    fn check(&self, what: &str) -> BTreeSet<String> {
        let [here, there] = self.moved();
        let differs: Vec<_> = here.symmetric_difference(&there).collect();
        assert!(differs.is_empty(), "{what}: only one of the two has done {differs:?}");
        let lost: Vec<_> = self.committed.difference(&here).collect();
        assert!(lost.is_empty(), "{what}: {lost:?} were told to be committed");
        here
    }
}

struct Coordinator {
    process: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Coordinator {
    /// The next line of its own; `None` when it has ended.
    fn hear(&mut self) -> Option<String> {
        let ours = ["at ", "ended ", "committed "];
        self.said.by_ref().map_while(Result::ok).find_map(|line| {
            // The harness writes the name of the test without a new line.
            let at = ours.iter().filter_map(|word| line.find(word)).min()?;
            Some(line[at..].to_owned())
        })
    }

    fn go_on(&mut self) {
        self.process.stdin.take().unwrap().write_all(b"\n").unwrap();
    }

    /// All that it has said and nobody has heard yet. The last line may break off.
    fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::iter::from_fn(|| self.hear()).collect()
    }
}

/// Whether it commits when that one is killed at that phase, and comes back when the coordinator has
/// done what it can.
fn commits(phase: &str, victim: &str) -> bool {
    match (victim, phase) {
        ("coordinator", _) => phase == "logged",
        ("here", _) => phase != "begun",
        ("there", _) => !["begun", "one vote"].contains(&phase),
        _ => panic!("{victim}"),
    }
}

#[test]
fn whoever_is_killed_at_any_phase_both_servers_do_the_same() {
    let world = World::new("phases");
    for phase in PHASES {
        for victim in ["coordinator", "here", "there"] {
            let name = format!("{victim}-{}", phase.replace(' ', "-"));
            let mut child = world.start(&name, phase);
            assert_eq!(child.hear().as_deref(), Some(&*format!("at {phase}")));
            if victim == "coordinator" {
                child.kill();
            } else {
                let server = &world.servers[usize::from(victim == "there")];
                server.kill();
                child.go_on();
                let expected = format!("ended {}", commits(phase, victim));
                assert_eq!(child.hear(), Some(expected), "{name}");
                child.process.wait().unwrap();
                server.start_again();
            }
            world.recover();
            let committed = world.check(&name).contains(&name);
            assert_eq!(committed, commits(phase, victim), "{name}");
        }
    }
}

#[test]
fn whoever_is_killed_at_any_moment_both_servers_do_the_same() {
    let cycles = std::env::var(CYCLES).map_or(20, |it| it.parse::<usize>().unwrap());
    let mut world = World::new("moments");
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for cycle in 0..cycles {
        let mut child = world.start(&format!("cycle{cycle}"), "");
        let mut hear = |child: &mut Coordinator, count: usize| {
            for _ in 0..count {
                let line = child.hear().expect("it goes on until it is killed");
                world.committed.insert(line.replace("committed ", ""));
            }
        };
        hear(&mut child, random.below(20));
        match random.below(3) {
            0 => {}
            server => {
                let server = &world.servers[server - 1];
                server.kill();
                server.start_again();
                // It goes on by itself when the server is back.
                hear(&mut child, 1 + random.below(10));
            }
        }
        let mut rest = child.kill();
        // Whoever is killed while it speaks breaks off.
        rest.pop();
        world.committed.extend(rest.iter().map(|line| line.replace("committed ", "")));
        world.recover();
        world.check(&format!("cycle {cycle}"));
    }
    assert!(world.committed.len() > cycles, "{} transfers", world.committed.len());
}

/// Marsaglia's xorshift: the same moments in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

#[tokio::test]
async fn who_takes_a_name_again_ends_nothing_of_who_had_it_first() {
    let server = Postgres::with(&[("max_prepared_transactions", "9")]);
    let bank = resource("here", &server.url());
    bank.set_up().await.unwrap();
    server.sql("CREATE TABLE moved (name text)");
    let (first, second) = (work(&bank, "first"), work(&bank, "second"));
    let id = TransactionId::new("order-4711:again").unwrap();
    assert_eq!(first.prepare(&id).await.unwrap(), Vote::Yes);
    // It waits for the name. Whoever has asked gives up, and has it aborted.
    let waits = tokio::time::timeout(Duration::from_millis(50), second.prepare(&id)).await;
    assert!(waits.is_err(), "{waits:?}");
    assert_eq!(second.abort(&id).await.unwrap(), Followed::AsTold);
    let in_doubt = bank.in_doubt(Duration::ZERO).await.unwrap();
    assert_eq!(in_doubt, std::slice::from_ref(&id));
    assert_eq!(first.commit(&id).await.unwrap(), Followed::AsTold);
    assert_eq!(second.prepare(&id).await.unwrap(), Vote::No);
    assert_eq!(second.abort(&id).await.unwrap(), Followed::AsTold, "of its own nothing is there");
    // Who comes later and knows the name alone is told how it has ended.
    assert_eq!(bank.commit(&id).await.unwrap(), Followed::AsTold);
    assert_eq!(bank.abort(&id).await.unwrap(), Followed::Against);
    assert_eq!(server.sql("SELECT name FROM moved"), ["first"]);
}
