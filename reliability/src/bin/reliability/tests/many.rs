//! Transactions that have a stream for each who takes part: choreographies and three-phase commits.

use std::time::Duration;

use reliability::distributed::transaction::choreography::bus::JournalBus;
use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Cx, Outcome, saga};
use reliability::distributed::transaction::three_phase::{Local, Member, ThreePhase};
use reliability::distributed::transaction::two_phase::{Answer, Resource, TransactionId};
use reliability::distributed::transaction::{Followed, Vote};
use reliability::journal::{Journal, StreamId};
use serde_json::Value;

use crate::arguments::{Mend, Which};
use crate::kind::Kind;
use crate::seen::Seen;
use crate::verbs::{heads, mend, wanted};

#[saga(input = u32, refuse = String, choreographed)]
enum Greet {
    #[step]
    Greeted(u32),
}

struct Host;

#[participant(Greet)]
impl Host {
    #[on(start => Greeted, undo = none("it was only said"), retry = 1)]
    async fn greet(&self, _: &Cx, _: &u32) -> Result<u32, Outcome<String>> {
        Err(Outcome::transient("nobody is at home"))
    }
}

choreography!(Greeting: Greet { Host, terminal Greeted });

/// A journal with a choreography that is parked; nobody works at it any more.
async fn parked() -> (Journal, StreamId) {
    let journal = Journal::in_memory();
    let greeting = Greeting::on(&journal, JournalBus::on(&journal), (Host,)).start().await.unwrap();
    greeting.start("guest-1", 1).await.unwrap();
    while greeting.parked().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // Who has started it has heard nothing, and rests.
    tokio::time::sleep(Duration::from_secs(5)).await;
    greeting.stop().await;
    (journal, StreamId::new("greet", "guest-1").unwrap())
}

fn lines(seen: &Seen) -> Vec<&str> {
    seen.timeline.iter().map(|moment| moment.text.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_choreography_is_listed_and_shown_to_people_and_programs() {
    let (journal, guest) = parked().await;
    for name in [None, Some("greet"), Some("greet.host")] {
        let found = heads(&journal, name, Some("parked")).await.unwrap();
        let found: Vec<_> = found.iter().map(|(kind, head)| (*kind, head.stream.kind())).collect();
        assert_eq!(found, [(Kind::Choreography, "greet.host")], "{name:?}");
        // And not who has started it, who only waits.
        let found = wanted(&journal, name, &Which::Attention).await.unwrap();
        let found: Vec<_> = found.iter().map(|(kind, head)| (*kind, head.stream.kind())).collect();
        assert_eq!(found, [(Kind::Choreography, "greet.host")], "{name:?}");
    }
    let seen = Seen::of(&journal, &guest).await.unwrap();
    assert!(seen.text.contains("greet/guest-1 is parked"), "{}", seen.text);
    assert!(seen.text.contains("    Greeted: nobody is at home"), "{}", seen.text);
    let json = &seen.json;
    assert_eq!((&json["transaction"], &json["status"]), (&"choreography".into(), &"parked".into()));
    let host =
        json["participants"].as_array().unwrap().iter().find(|it| it["participant"] == "host");
    let host = host.unwrap();
    assert_eq!(host["parked"][0]["why"], "nobody is at home");
    assert!(json["timeline"].as_array().unwrap().iter().any(|it| it["name"] == "parked"));
    assert!(!seen.is_over);
    // By the stream that lists show.
    let stream = StreamId::new("greet.host", host["key"].as_str().unwrap()).unwrap();
    assert_eq!(Seen::of(&journal, &stream).await.unwrap().json, *json);
}

#[tokio::test(start_paused = true)]
async fn a_choreography_is_retried_and_abandoned_with_who_and_why() {
    let (journal, guest) = parked().await;
    let kind = Kind::of(&journal, guest.kind()).await.unwrap();
    assert_eq!(kind, Kind::Choreography);
    let said = kind.check(&guest, "edit").unwrap_err();
    assert!(
        said.contains("is a choreography: there is no `edit` for it, but retry, skip, abandon"),
        "{said}"
    );
    let none = mend(&journal, (kind, &guest), "ada", "forget it", &Mend::Skip).await.unwrap_err();
    assert!(none.to_string().contains("an undo that is parked"), "{none}");
    mend(&journal, (kind, &guest), "ada", "they are back", &Mend::Retry).await.unwrap();
    let seen = Seen::of(&journal, &guest).await.unwrap();
    assert!(lines(&seen).contains(&"host: ada has it tried again: they are back"), "{}", seen.text);
    assert!(heads(&journal, None, Some("parked")).await.unwrap().is_empty());

    mend(&journal, (kind, &guest), "ada", "they have moved", &Mend::Abandon).await.unwrap();
    let seen = Seen::of(&journal, &guest).await.unwrap();
    assert!(seen.is_over, "{}", seen.text);
    assert!(lines(&seen).contains(&"host: ada has abandoned it: they have moved"), "{}", seen.text);
    let again = mend(&journal, (kind, &guest), "ada", "again", &Mend::Retry).await.unwrap_err();
    assert!(again.to_string().contains("what is over stays as it is"), "{again}");
}

struct Shelf(&'static str);

impl Resource for Shelf {
    fn name(&self) -> &str {
        self.0
    }

    fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }

    fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }
}

impl Member for Shelf {
    fn prepare(&self, _: &TransactionId, _: &str) -> Answer<'_, Vote> {
        Box::pin(async { Ok(Vote::Yes) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_three_phase_commit_is_listed_and_shown_with_each_site() {
    let journal = Journal::in_memory();
    let bus = Local::new();
    let setup =
        ThreePhase::assuming_no_partition(Duration::from_millis(200)).on(&journal, bus.clone());
    let (tea, cups) = (setup.site(Shelf("tea")).unwrap(), setup.site(Shelf("cups")).unwrap());
    let orders = setup.coordinator("orders").unwrap();
    [tea.inbox(), cups.inbox(), orders.inbox()].into_iter().for_each(|inbox| bus.attach(inbox));
    let id = TransactionId::new("order-1").unwrap();
    let voted = orders.begin(id, [("tea", "1"), ("cups", "2")]).unwrap().ask().await.unwrap();

    let order = StreamId::new("three_phase", "order-1").unwrap();
    for name in [None, Some("three_phase")] {
        let found = heads(&journal, name, Some("waiting")).await.unwrap();
        let found: Vec<_> = found.iter().map(|(kind, head)| (*kind, head.stream.kind())).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.contains(&(Kind::ThreePhase, "three_phase.tea")), "{found:?}");
    }
    // They are asked in this moment, and nobody has to do anything about it yet.
    assert!(wanted(&journal, None, &Which::Attention).await.unwrap().is_empty());
    let seen = Seen::of(&journal, &order).await.unwrap();
    assert!(!seen.is_over);
    assert_eq!(seen.json["seats"][1]["standing"], "waiting");

    voted.pre_commit().await.unwrap().commit().await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let seen = Seen::of(&journal, &order).await.unwrap();
    assert!(seen.is_over, "{}", seen.text);
    assert_eq!(
        (&seen.json["transaction"], &seen.json["decision"]),
        (&"three_phase".into(), &"commit".into())
    );
    let names: Vec<&Value> =
        seen.json["seats"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["orders", "tea", "cups"]);
    assert!(
        seen.text.contains("tea                      site         committed, and done"),
        "{}",
        seen.text
    );
    let refused = Kind::of(&journal, "three_phase.tea").await.unwrap().check(&order, "retry");
    assert!(refused.unwrap_err().contains("`Site::force`"));
}
