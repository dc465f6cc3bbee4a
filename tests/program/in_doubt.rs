//! Who has promised to commit and was not told how it ends, in databases of PostgreSQL.

use std::sync::Arc;

use reliability::distributed::transaction::Vote;
use reliability::distributed::transaction::two_phase::{
    self, Participant, PostgresResource, PostgresWork, Resource, TransactionId, TwoPhase,
    TwoPhaseBuilder,
};

use super::*;

/// One bank, as who works at it knows it.
fn bank(name: &str, url: &str) -> PostgresResource {
    PostgresResource::new(name, url).unwrap()
}

/// A transfer leaves its name there.
fn moves(bank: &PostgresResource, transfer: &'static str) -> PostgresWork {
    bank.work(move |client| {
        Box::pin(async move {
            client.execute("INSERT INTO moved (name) VALUES ($1)", &[&transfer]).await?;
            Ok(Vote::Yes)
        })
    })
}

fn id(transfer: &str) -> TransactionId {
    TransactionId::new(transfer).unwrap()
}

/// It waits for nobody: it comes again.
fn recovers(journal: &Journal) -> TwoPhaseBuilder {
    let short = Duration::from_millis(100);
    TwoPhase::builder(journal).votes_within(short).deliver_within(short).grace(4 * short)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_in_doubt_is_listed_until_they_are_told() {
    let server = Postgres::with(&[("max_prepared_transactions", "10")]);
    let [log, here, there] = [(); 3].map(|()| server.database());
    let databases = [here.clone(), there.clone()];
    for bank in &databases {
        server.sql_in(bank, "CREATE TABLE moved (name text PRIMARY KEY)");
    }
    let moved = || databases.each_ref().map(|bank| server.sql_in(bank, "SELECT name FROM moved"));
    let [log, here, there] = [&log, &here, &there].map(|database| server.url_of(database));
    let journal = Journal::connect(&log).await.unwrap();
    let banks = [bank("here", &here), bank("there", &there)];
    for bank in &banks {
        bank.set_up().await.unwrap();
    }

    // Of the first one it is decided, and its coordinator dies before it tells anybody.
    {
        let coordinator = TwoPhase::builder(&journal).build().unwrap();
        let both = (moves(&banks[0], "transfer-1"), moves(&banks[1], "transfer-1"));
        two_phase::begin!(let transfer = coordinator, id("transfer-1"), both);
        let votes = tokio::try_join!(transfer.ask::<0>(), transfer.ask::<1>()).unwrap();
        drop(transfer.all_voted(votes).commit().log().await.unwrap());
    }
    // Of the second one nothing is, and only one was asked.
    let vote = moves(&banks[0], "transfer-2").prepare(&id("transfer-2")).await.unwrap();
    assert_eq!(vote, Vote::Yes);

    let (of_here, of_there) = (format!("here={here}"), format!("there={there}"));
    let listed = |of: &str| said(&log, &["list", "two_phase", "--in-doubt", of]);
    let both = "two_phase/transfer-1  decided: commit; it is told by itself, or by `retry`\n\
                two_phase/transfer-2  not decided: it is under way, or `cancel` aborts it\n";
    assert_eq!(listed(&of_here), both);
    assert_eq!(listed(&of_there), both.lines().next().unwrap().to_owned() + "\n");
    let told = json(&log, &["list", "--in-doubt", &of_here]);
    let told: Vec<_> = told.as_array().unwrap().iter().collect();
    for (doubt, (key, decision)) in
        told.iter().zip([("transfer-1", Value::from("commit")), ("transfer-2", Value::Null)])
    {
        assert_eq!((&doubt["key"], &doubt["decision"]), (&key.into(), &decision));
        assert_eq!((&doubt["kind"], &doubt["participant"]), (&"two_phase".into(), &"here".into()));
    }
    assert_eq!(told.len(), 2);

    let cancel =
        ["cancel", "two_phase", "transfer-2", "--by", "ada", "--why", "its machine is lost"];
    assert!(said(&log, &cancel).contains("written down as by ada"));
    assert!(
        listed(&of_here).contains("two_phase/transfer-2  decided: abort"),
        "{}",
        listed(&of_here)
    );
    let retry = ["retry", "two_phase", "transfer-1", "--by", "ada", "--why", "now"];
    assert!(said(&log, &retry).contains("written down as by ada"));

    // Somebody comes who tells them.
    let known = |coordinator: TwoPhaseBuilder, bank: &PostgresResource| {
        coordinator.resource(Arc::new(bank.clone()) as Arc<dyn Resource>)
    };
    let coordinator = banks.iter().fold(recovers(&journal), known).build().unwrap();
    for _ in 0..1_000 {
        coordinator.recover().await.unwrap();
        if listed(&of_here) == "none\n" && listed(&of_there) == "none\n" {
            break;
        }
    }
    assert_eq!([listed(&of_here), listed(&of_there)], ["none\n", "none\n"]);
    assert_eq!(moved(), [["transfer-1"], ["transfer-1"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_asked_is_told_and_no_password_is() {
    let file = File::new("in-doubt");
    let name = file.name();
    drop(Journal::open(&name).unwrap());
    for (of, expected) in [
        ("postgres://localhost/bank", "--in-doubt here=postgres://"),
        ("here=postgres://me:secret@127.0.0.1:1/bank", "`here`"),
        ("he re=postgres://me:secret@127.0.0.1:1/bank", "1 to 48 of letters"),
        ("here=postgres://me:secret@127.0.0.1:nowhere/bank", "a connection string or URL"),
    ] {
        let output = program(&name, &["list", "--in-doubt", of]).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{of}");
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(expected) && !words.contains("secret"), "{of}: {words}");
    }
}
