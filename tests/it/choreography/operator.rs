//! What an operator sees of choreographies and does about what is parked, on every kind of store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::JournalBus;
use reliability::distributed::transaction::choreography::{
    Choreographed, End, Operator, choreography, participant,
};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};
use reliability::journal::{Journal, JournalError};
use reliability_tests::postgres::Postgres;

use crate::journal::crash::Folder;

#[saga(input = u32, refuse = String, choreographed)]
#[derive(Debug)]
enum Brew {
    #[step]
    Ground(u32),
    #[pivot]
    Brewed(String),
}

/// Whether the kettle works, and how often it was asked.
#[derive(Default)]
struct Kitchen {
    works: AtomicBool,
    asked: AtomicU32,
    put_back: AtomicU32,
}

/// What the kettle does not take, and cannot be put back.
const TOO_MANY: u32 = 1_000;

struct Mill(Arc<Kitchen>);

#[participant(Brew)]
impl Mill {
    #[on(start => Ground, undo = put_back, undo_retry = 1)]
    async fn grind(&self, _: &Cx, beans: &u32) -> Result<u32, Outcome<String>> {
        Ok(*beans)
    }

    async fn put_back(&self, _: &Cx, beans: &u32, _: Attempt<'_, u32>) -> Result<(), Transient> {
        self.0.put_back.fetch_add(1, Ordering::Relaxed);
        if *beans == TOO_MANY { Err(Transient::new("the bag has a hole")) } else { Ok(()) }
    }
}

struct Kettle(Arc<Kitchen>);

#[participant(Brew)]
impl Kettle {
    #[on(Ground => Brewed, retry = 1)]
    async fn brew(&self, _: &Cx, beans: &u32, _: &u32) -> Result<String, Outcome<String>> {
        if *beans == TOO_MANY {
            return Err(Outcome::Rejected("it would flow over".into()));
        }
        self.0.asked.fetch_add(1, Ordering::Relaxed);
        match self.0.works.load(Ordering::Relaxed) {
            true => Ok("coffee".into()),
            false => Err(Outcome::transient("there is no water")),
        }
    }
}

choreography!(Coffee: Brew { Mill, Kettle, terminal Brewed });

async fn start(journal: &Journal, kitchen: &Arc<Kitchen>) -> Choreographed<Coffee> {
    let here = (Mill(Arc::clone(kitchen)), Kettle(Arc::clone(kitchen)));
    Coffee::on(journal, JournalBus::on(journal), here).start().await.unwrap()
}

/// Until so many are listed with that status.
async fn until(operator: &Operator, status: &str, count: usize) {
    for _ in 0..3_000 {
        if operator.list(Some("brew"), Some(status)).await.unwrap().len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", operator.list(None, None).await.unwrap());
}

/// Two that are parked: the one is tried again, the other one is ended as it is.
async fn mended_on(journal: &Journal, seen: &Journal) {
    let kitchen = Arc::new(Kitchen::default());
    let coffee = start(journal, &kitchen).await;
    let (first, second) =
        (coffee.start("cup-1", 7).await.unwrap(), coffee.start("cup-2", 8).await.unwrap());
    // The operator has a journal of its own, and none of the types.
    let operator = Operator::on(seen);
    until(&operator, "parked", 2).await;
    let listed = operator.list(None, Some("parked")).await.unwrap();
    assert!(listed.iter().all(|head| head.stream.kind() == "brew.kettle"), "{listed:?}");

    let number = first.transaction().to_string();
    for (name, key) in [("brew", "cup-1"), ("brew", number.as_str()), ("brew.kettle", &number)] {
        let shown = operator.show(name, key).await.unwrap();
        assert_eq!((shown.status.as_str(), shown.key.as_str()), ("parked", "cup-1"));
        let parts: Vec<_> = shown.parts.iter().map(|part| part.participant.as_str()).collect();
        assert_eq!(parts, ["start", "kettle", "mill"]);
        assert_eq!(shown.parts[1].parked, [("Brewed".into(), "there is no water".into())]);
        let text = shown.to_string();
        for line in [
            "brew/cup-1 is parked",
            "start: started as cup-1",
            "mill: has made Ground",
            "kettle: parked doing Brewed: there is no water",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }

    kitchen.works.store(true, Ordering::Relaxed);
    operator.retry("brew", "cup-1", "ada", "there is water").await.unwrap();
    assert!(matches!(first.ended().await.unwrap(), End::Completed(_)));
    let text = operator.show("brew", "cup-1").await.unwrap().to_string();
    assert!(text.contains("kettle: ada has it tried again: there is water"), "{text}");

    let asked = kitchen.asked.load(Ordering::Relaxed);
    operator.abandon("brew", "cup-2", "ada", "brewed by hand").await.unwrap();
    let End::Abandoned { by, why } = second.ended().await.unwrap() else { panic!("it goes on") };
    assert_eq!((by.as_str(), why.as_str()), ("ada", "brewed by hand"));
    // Who has started it, and both participants.
    until(&operator, "abandoned", 3).await;
    let text = operator.show("brew", "cup-2").await.unwrap().to_string();
    assert!(text.contains("kettle: ada has abandoned it: brewed by hand"), "{text}");
    second.cancel("too late").await.unwrap();
    until(&operator, "done", 3).await;
    for mended in [
        operator.retry("brew", "cup-2", "ada", "or not").await,
        operator.abandon("brew", "cup-1", "ada", "why not").await,
        operator.retry("brew", "cup-3", "ada", "which").await,
        operator.retry("brew", "cup-2", "", "nobody").await,
    ] {
        assert!(matches!(mended, Err(JournalError::Invalid(_))), "{mended:?}");
    }
    assert_eq!(kitchen.asked.load(Ordering::Relaxed), asked, "nobody tries it any more");
    assert_eq!(kitchen.put_back.load(Ordering::Relaxed), 0, "it is over as it is");
    assert!(operator.list(Some("brew"), Some("broken")).await.unwrap().is_empty());
    coffee.stop().await;
}

#[tokio::test]
async fn what_cannot_be_undone_is_taken_for_undone_and_what_is_not_done_yet_is_not() {
    let (journal, kitchen) = (Journal::in_memory(), Arc::new(Kitchen::default()));
    let coffee = start(&journal, &kitchen).await;
    let cup = coffee.start("cup-1", TOO_MANY).await.unwrap();
    coffee.start("cup-2", 7).await.unwrap();
    let operator = Operator::on(&journal);
    until(&operator, "parked", 2).await;
    let text = operator.show("brew", "cup-1").await.unwrap().to_string();
    assert!(text.contains("mill: parked undoing Ground: the bag has a hole"), "{text}");

    operator.skip("brew", "cup-1", "ada", "swept up").await.unwrap();
    // Who has started it, and both participants.
    until(&operator, "undone", 3).await;
    let end = cup.ended().await.unwrap();
    assert!(matches!(&end, End::RolledBack(_)), "it goes on with its way back: {end:?}");
    assert_eq!(kitchen.put_back.load(Ordering::Relaxed), 1, "nobody tries it any more");
    let shown = operator.show("brew", "cup-1").await.unwrap();
    assert!(shown.to_string().contains("mill: ada takes Ground for undone: swept up"), "{shown}");
    assert!(shown.parts.iter().all(|part| part.parked.is_empty()), "{shown}");

    // Of this one a handler is parked: what it has made, only its program could say.
    let before = operator.show("brew", "cup-2").await.unwrap().timeline.len();
    for (key, expected) in [("cup-2", "an undo that is parked"), ("cup-1", "nothing to mend")] {
        let none = operator.skip("brew", key, "ada", "to see what it says").await.unwrap_err();
        assert!(matches!(none, JournalError::Invalid(_)), "{none:?}");
        assert!(none.to_string().contains(expected), "{none}");
    }
    assert_eq!(operator.show("brew", "cup-2").await.unwrap().timeline.len(), before);
    coffee.stop().await;
}

#[tokio::test]
async fn what_is_parked_is_seen_tried_again_and_abandoned_in_memory() {
    let journal = Journal::in_memory();
    mended_on(&journal, &journal).await;
}

#[tokio::test]
async fn what_is_parked_is_seen_tried_again_and_abandoned_in_a_file() {
    let folder = format!("reliability-choreography-operator-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(folder));
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("brew.db");
    mended_on(&Journal::open(&file).unwrap(), &Journal::open(&file).unwrap()).await;
}

#[tokio::test]
async fn what_is_parked_is_seen_tried_again_and_abandoned_in_postgres() {
    let server = Postgres::shared();
    let database = server.url_of(&server.database());
    let (ours, theirs) = (Journal::connect(&database).await, Journal::connect(&database).await);
    mended_on(&ours.unwrap(), &theirs.unwrap()).await;
}
