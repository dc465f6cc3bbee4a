use reliability::distributed::transaction::three_phase::{
    AllKnow, Begun, Coordinator, Local, Member, Outcome, Site, ThreePhase, ThreePhaseError,
};
use reliability::distributed::transaction::two_phase::{Answer, Resource, TransactionId};
use reliability::distributed::transaction::{Followed, Vote};
use reliability::journal::Journal;
use std::time::Duration;

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
    fn prepare(&self, _: &TransactionId, work: &str) -> Answer<'_, Vote> {
        let vote = if work.is_empty() { Vote::ReadOnly } else { Vote::Yes };
        Box::pin(async move { Ok(vote) })
    }
}

fn id(name: &str) -> TransactionId {
    TransactionId::new(name).unwrap()
}

/// Given to functions, phase by phase.
async fn known(order: Begun) -> Result<AllKnow, ThreePhaseError> {
    order.ask().await?.pre_commit().await
}

async fn stepwise(orders: &Coordinator) -> Result<Outcome, ThreePhaseError> {
    let order = orders.begin(id("one"), [("tea", "3"), ("cups", "")])?;
    known(order).await?.commit().await
}

async fn given_up(orders: &Coordinator) -> Result<(), ThreePhaseError> {
    let works = vec![("tea".to_string(), "3".to_string())];
    orders.begin(id("two"), works)?.ask().await?.abort().await;
    Ok(())
}

async fn at_once(orders: &Coordinator) -> Result<Outcome, ThreePhaseError> {
    orders.run(id("three"), ["tea", "cups"].map(|name| (name, "1"))).await
}

/// All of them can be spawned.
fn spawned<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let bus = Local::new();
    let protocol = ThreePhase::assuming_no_partition(Duration::from_secs(1));
    let setup = protocol.on(&Journal::in_memory(), bus.clone());
    let sites: Vec<Site> = ["tea", "cups"].map(|name| setup.site(Shelf(name)).unwrap()).into();
    let orders = setup.coordinator("orders").unwrap();
    sites.iter().map(Site::inbox).chain([orders.inbox()]).for_each(|inbox| bus.attach(inbox));
    assert!(spawned(stepwise(&orders)).await.unwrap().is_complete());
    spawned(given_up(&orders)).await.unwrap();
    assert!(spawned(at_once(&orders)).await.unwrap().is_complete());
}
