//! What an operator sees of three-phase commits, on every kind of store.

use reliability::distributed::transaction::three_phase::Operator;
use reliability_tests::postgres::Postgres;

use super::*;
use crate::journal::crash::Folder;

/// Sites and a coordinator that share a journal, and an operator who has it open as well.
async fn seen_on(journal: &Journal, seen: &Journal) {
    // Nobody is taken for dead, however slow the disk is.
    let protocol = ThreePhase::assuming_no_partition(Duration::from_secs(60));
    let bus = Local::new();
    let world = Arc::new(Mutex::new(World::default()));
    let setup = protocol.on(journal, bus.clone()).kind("orders");
    let sites = ["a", "b"].map(|name| {
        let (kept, world) = (Arc::default(), Arc::clone(&world));
        setup.site(Shelf { name, kept, world }).unwrap()
    });
    let shop = setup.coordinator("shop").unwrap();
    sites.iter().for_each(|site| bus.attach(site.inbox()));
    bus.attach(shop.inbox());

    let voted = shop.begin(id(), [("a", "yes"), ("b", "yes")]).unwrap().ask().await.unwrap();
    let operator = Operator::on(seen).kind("orders");
    let waiting = operator.list(Some("waiting")).await.unwrap();
    let waiting: Vec<_> = waiting.iter().map(|head| head.stream.kind()).collect();
    assert_eq!((waiting.len(), waiting.contains(&"orders.a")), (2, true), "{waiting:?}");
    // By what all have in common, and by what one of them is called.
    for operator in [operator.clone(), operator.clone().kind("orders.b")] {
        let shown = operator.show(&id()).await.unwrap();
        let seats: Vec<_> = shown
            .seats
            .iter()
            .map(|seat| (seat.name.as_str(), seat.coordinates, seat.standing))
            .collect();
        let waits = Some(Standing::Waiting);
        assert_eq!(seats, [("shop", true, None), ("a", false, waits), ("b", false, waits)]);
        assert_eq!(shown.decision, None);
        let text = shown.to_string();
        for line in
            ["order-1, decision: not known here", "nothing in this journal", "b: has voted yes"]
        {
            assert!(text.contains(line), "{text}");
        }
    }

    voted.pre_commit().await.unwrap().commit().await.unwrap();
    let followed = async {
        // Each site follows by itself.
        while operator.list(Some("done")).await.unwrap().len() < 3 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), followed).await.unwrap();
    let shown = operator.show(&id()).await.unwrap();
    assert_eq!(shown.decision, Some(Decision::Commit));
    let done = shown.seats.iter().filter(|seat| seat.followed && !seat.against);
    assert_eq!(done.count(), 2, "{shown}");
    let text = shown.to_string();
    for line in ["shop: has decided: commit", "a: knows that all have voted yes", "a: has done so"]
    {
        assert!(text.contains(line), "{text}");
    }
    let unknown = operator.show(&TransactionId::new("order-2").unwrap()).await.unwrap_err();
    assert!(unknown.to_string().contains("`list` says which there are"), "{unknown}");
}

#[tokio::test]
async fn each_site_is_seen_in_memory() {
    let journal = Journal::in_memory();
    seen_on(&journal, &journal).await;
}

#[tokio::test]
async fn each_site_is_seen_in_a_file() {
    let folder = format!("reliability-three-phase-operator-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(folder));
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("orders.db");
    seen_on(&Journal::open(&file).unwrap(), &Journal::open(&file).unwrap()).await;
}

#[tokio::test]
async fn each_site_is_seen_in_postgres() {
    let server = Postgres::shared();
    let database = server.url_of(&server.database());
    let (ours, theirs) = (Journal::connect(&database).await, Journal::connect(&database).await);
    seen_on(&ours.unwrap(), &theirs.unwrap()).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_operator_has_forced_is_seen_with_who_and_why() {
    let play = super::alone::forced_against_the_others().await;
    let shown = Operator::on(&play.journals[1]).show(&id()).await.unwrap();
    let text = shown.to_string();
    assert!(text.contains("wants it so"), "{text}");
}
