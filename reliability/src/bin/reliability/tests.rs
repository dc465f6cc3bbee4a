//! The verbs on a journal in memory, without the program around them.
#![allow(clippy::unwrap_used, reason = "a test says by panicking that it failed")]

mod attention;
mod many;

use std::sync::Arc;
use std::time::Duration;

use reliability::distributed::transaction::tcc::{Coordinator, Cx, Tcc, Transient};
use reliability::distributed::transaction::two_phase::{
    self, Answer, Participant, Resource, TransactionId, TwoPhase, Unreachable,
};
use reliability::distributed::transaction::{Decision, Followed, Vote};
use reliability::journal::{Append, Event, Journal, StreamId};

use crate::arguments::{Mend, Which};
use crate::doubt;
use crate::kind::Kind;
use crate::seen::Seen;
use crate::verbs::{heads, mend, wanted};

/// A shelf that nobody can open.
struct Shelf;

impl Tcc for Shelf {
    const NAME: &'static str = "shelf";
    type Input = u32;
    type Refused = String;

    async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> {
        Ok(())
    }

    async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Err(Transient::new("it is locked"))
    }

    async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }
}

/// A journal with a transaction that is stuck.
async fn stuck() -> (Journal, StreamId) {
    let journal = Journal::in_memory();
    let coordinator = Coordinator::on(&journal).participant(Shelf).stuck_after(1).build().unwrap();
    let mut order = coordinator.begin("order-17").await.unwrap();
    let shelf = order.reserve::<Shelf>(3).await.unwrap();
    order.confirm((shelf,)).await.unwrap();
    (journal, StreamId::new("tcc", "order-17").unwrap())
}

#[tokio::test]
async fn a_transaction_by_tcc_is_listed_beside_sagas_and_by_its_kind() {
    let (journal, order) = stuck().await;
    for kind in [None, Some("tcc")] {
        for status in [None, Some("stuck")] {
            let found = heads(&journal, kind, status).await.unwrap();
            assert_eq!(found.iter().map(|it| &it.1.stream).collect::<Vec<_>>(), [&order]);
        }
        assert!(heads(&journal, kind, Some("over")).await.unwrap().is_empty());
    }
    let none = heads(&journal, Some("place_order"), None).await.unwrap_err();
    assert!(none.to_string().contains("knows no saga"), "{none}");
}

#[tokio::test]
async fn a_transaction_by_tcc_is_shown_to_people_and_programs() {
    let (journal, order) = stuck().await;
    let seen = Seen::of(&journal, &order).await.unwrap();
    for line in ["tcc/order-17 is stuck, decision: confirm", "shelf is tried", "in vain too often"]
    {
        assert!(seen.text.contains(line), "{}", seen.text);
    }
    assert_eq!(seen.json["transaction"], "tcc");
    assert_eq!((&seen.json["kind"], &seen.json["key"]), (&"tcc".into(), &"order-17".into()));
    assert_eq!(seen.json["decision"], "confirm");
    assert_eq!(seen.json["participants"][0], "shelf");
    assert_eq!(seen.json["timeline"][3]["name"], "Stuck");
    assert!(!seen.is_over);
}

#[tokio::test]
async fn a_transaction_by_tcc_is_retried_and_abandoned_with_who_and_why() {
    let (journal, order) = stuck().await;
    mend(&journal, (Kind::Tcc, &order), "ada", "the key is found", &Mend::Retry).await.unwrap();
    assert_eq!(Seen::of(&journal, &order).await.unwrap().json["status"], "confirm");
    let early =
        mend(&journal, (Kind::Tcc, &order), "ada", "enough", &Mend::Abandon).await.unwrap_err();
    assert!(early.to_string().contains("a transaction that is stuck"), "{early}");

    let coordinator = Coordinator::on(&journal).participant(Shelf).stuck_after(1).build().unwrap();
    coordinator.recover().await.unwrap();
    mend(&journal, (Kind::Tcc, &order), "ada", "the shelf is gone", &Mend::Abandon).await.unwrap();
    let seen = Seen::of(&journal, &order).await.unwrap();
    assert!(seen.is_over);
    for line in
        ["ada has it told again: the key is found", "ada has abandoned it: the shelf is gone"]
    {
        assert!(seen.text.contains(line), "{}", seen.text);
    }
}

#[tokio::test]
async fn what_cannot_be_done_about_a_kind_changes_nothing() {
    let (journal, order) = stuck().await;
    let before = Seen::of(&journal, &order).await.unwrap().json;
    for verb in ["skip", "finish", "edit", "cancel"] {
        let said = Kind::of(&journal, order.kind()).await.unwrap().check(&order, verb).unwrap_err();
        assert!(said.contains(&format!("no `{verb}` for it, but retry, abandon")), "{said}");
    }
    assert_eq!(Seen::of(&journal, &order).await.unwrap().json, before);
}

/// A bank that promises, and is not to be reached any more or has done the opposite.
struct Bank {
    name: &'static str,
    against: bool,
}

impl Resource for Bank {
    fn name(&self) -> &str {
        self.name
    }

    fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async {
            match self.against {
                true => Ok(Followed::Against),
                false => Err(Unreachable::new(self.name, "the line is dead")),
            }
        })
    }

    fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }

    fn in_doubt(&self, _: Duration) -> Answer<'_, Vec<TransactionId>> {
        let promised = ["lost", "transfer-9"].map(|id| TransactionId::new(id).unwrap());
        Box::pin(async { Ok(promised.into()) })
    }
}

impl Participant for Bank {
    fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
        Box::pin(async { Ok(Vote::Yes) })
    }
}

/// A journal with two commits that are not carried through, in streams of that kind.
async fn undelivered(kind: &str) -> (Journal, [StreamId; 2]) {
    let journal = Journal::in_memory();
    let coordinator = TwoPhase::builder(&journal).kind(kind);
    let coordinator = coordinator.deliver_within(Duration::from_millis(1)).build().unwrap();
    for (id, against) in [("lost", false), ("against", true)] {
        let banks = ["here", "there"].map(|name| Arc::new(Bank { name, against }) as _);
        coordinator.run(TransactionId::new(id).unwrap(), banks.into()).await.unwrap();
    }
    (journal, ["lost", "against"].map(|id| StreamId::new(kind, id).unwrap()))
}

#[tokio::test]
async fn a_commit_that_is_not_carried_through_is_shown_and_mended_whatever_its_streams_are_called()
{
    for name in ["two_phase", "transfers"] {
        let (journal, [lost, against]) = undelivered(name).await;
        let kind = Kind::of(&journal, name).await.unwrap();
        assert_eq!(kind, Kind::TwoPhase);
        for (status, stream) in [("committed", &lost), ("heuristic", &against)] {
            let found = heads(&journal, Some(name), Some(status)).await.unwrap();
            assert_eq!(found.iter().map(|it| &it.1.stream).collect::<Vec<_>>(), [stream]);
        }
        let seen = Seen::of(&journal, &against).await.unwrap();
        assert_eq!(seen.json["against"], serde_json::json!(["here", "there"]));
        assert!(seen.text.contains("had done the opposite"), "{}", seen.text);

        mend(&journal, (kind, &lost), "ada", "the line is back", &Mend::Retry).await.unwrap();
        for stream in [&lost, &against] {
            mend(&journal, (kind, stream), "ada", "by hand", &Mend::Abandon).await.unwrap();
            let seen = Seen::of(&journal, stream).await.unwrap();
            assert!(seen.is_over && seen.json["status"] == "abandoned", "{}", seen.text);
            let again = mend(&journal, (kind, stream), "ada", "again", &Mend::Retry).await;
            let again = again.unwrap_err().to_string();
            assert!(again.contains("nothing to mend"), "{again}");
        }
        let text = Seen::of(&journal, &lost).await.unwrap().text;
        assert!(text.contains("ada has it told again: the line is back"), "{text}");
    }
}

#[tokio::test]
async fn what_nobody_has_decided_is_cancelled_and_what_is_decided_stays() {
    let (journal, [lost, _]) = undelivered("two_phase").await;
    let late = mend(&journal, (Kind::TwoPhase, &lost), "ada", "late", &Mend::Cancel).await;
    assert!(late.unwrap_err().to_string().contains("a decision never changes"));

    let unknown = StreamId::new("two_phase", "transfer-9").unwrap();
    let why = "the machine is lost";
    mend(&journal, (Kind::TwoPhase, &unknown), "ada", why, &Mend::Cancel).await.unwrap();
    let seen = Seen::of(&journal, &unknown).await.unwrap();
    assert!(seen.is_over && seen.json["decision"] == "abort", "{}", seen.text);
    assert!(seen.text.contains("ada has cancelled it: the machine is lost"), "{}", seen.text);
    // Whoever began it cannot commit any more.
    let banks = ["here", "there"].map(|name| Arc::new(Bank { name, against: false }) as _);
    let coordinator = TwoPhase::on(&journal);
    let id = TransactionId::new("transfer-9").unwrap();
    assert!(coordinator.run(id, banks.into()).await.is_err());
}

#[tokio::test]
async fn what_a_participant_is_in_doubt_about_is_listed_with_what_the_log_says() {
    for kind in ["two_phase", "transfers"] {
        let (journal, _) = undelivered(kind).await;
        let bank = Bank { name: "there", against: false };
        let doubts = doubt::of(&journal, kind, &bank).await.unwrap();
        let lines: Vec<_> = doubts.iter().map(|it| doubt::told(kind, it)).collect();
        assert!(lines[0].starts_with(&format!("{kind}/lost  decided: commit")), "{lines:?}");
        assert!(lines[1].starts_with(&format!("{kind}/transfer-9  not decided")), "{lines:?}");
        let [lost, other] = [0, 1].map(|at| crate::json::in_doubt(kind, "there", &doubts[at]));
        assert_eq!((&lost["decision"], &lost["participant"]), (&"commit".into(), &"there".into()));
        assert!(other["decision"].is_null() && other["key"] == "transfer-9");
        // To ask has decided nothing.
        let unknown = TransactionId::new("transfer-9").unwrap();
        let operator = two_phase::Operator::on(&journal).kind(kind);
        assert_eq!(operator.decision(&unknown).await.unwrap(), None);
    }
    let nameless = doubt::at(&Journal::in_memory(), "two_phase", "postgres://x").await.unwrap_err();
    assert!(nameless.to_string().contains("--in-doubt here=postgres://"), "{nameless}");
}

#[tokio::test]
async fn what_a_site_is_in_doubt_about_is_listed_by_its_name_and_its_journal() {
    let folder = std::env::temp_dir().join(format!("reliability-doubt-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (journal, _) = undelivered("two_phase").await;
    let elsewhere = folder.join("site.db");
    let place = format!("stock={}", elsewhere.display());
    for (of, said) in [(journal.clone(), "stock"), (Journal::open(&elsewhere).unwrap(), &place)] {
        for id in ["lost", "transfer-9"] {
            let stream = StreamId::new("two_phase.stock", id).unwrap();
            let prepares = Event::json("Prepares", 1, &(7, "tea")).unwrap();
            of.append(Append::to(&stream).event(prepares).status("promised")).await.unwrap();
        }
        let (name, doubts) = doubt::at(&journal, "two_phase", said).await.unwrap();
        let doubts: Vec<_> = doubts.iter().map(|(id, says)| (id.as_str(), *says)).collect();
        let expected = [("lost", Some(Decision::Commit)), ("transfer-9", None)];
        assert_eq!((name.as_str(), &*doubts), ("stock", &expected[..]));
    }
    let listed = heads(&journal, Some("two_phase.stock"), Some("promised")).await.unwrap();
    let keys: Vec<_> = listed.iter().map(|(kind, head)| (*kind, head.stream.key())).collect();
    assert_eq!(keys, [(Kind::Site, "lost"), (Kind::Site, "transfer-9")]);
    let shown = Seen::of(&journal, &listed[0].1.stream).await.unwrap();
    let said = "two_phase.stock/lost is promised\n  1  it was asked for \"tea\"\n";
    assert_eq!((shown.text.as_str(), shown.is_over), (said, false));
    let all = heads(&journal, None, None).await.unwrap();
    assert_eq!(all.iter().filter(|(kind, _)| *kind == Kind::Site).count(), 2);
    let refused = Kind::Site.check(&listed[0].1.stream, "retry").unwrap_err();
    assert!(refused.contains("`Site::force`"), "{refused}");
    let missing = doubt::at(&journal, "two_phase", "stock=no.db").await.unwrap_err();
    assert_eq!(missing.to_string(), "`no.db` is not there");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_list_of_all_has_commits_whatever_their_streams_are_called() {
    let (journal, streams) = undelivered("transfers").await;
    let found = heads(&journal, None, None).await.unwrap();
    assert_eq!(found.len(), streams.len());
    assert!(
        found.iter().all(|(kind, head)| *kind == Kind::TwoPhase && streams.contains(&head.stream))
    );
}
