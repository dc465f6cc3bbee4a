use std::sync::Arc;

use reliability::distributed::transaction::Vote;
use reliability::distributed::transaction::two_phase::{
    self, Member, Outcome, Participant, Resource, Site, TransactionId, TwoPhase, Unreachable,
};
use reliability::journal::Journal;

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

/// Borrows nothing, has parameters, and need be neither `Clone` nor `Debug`.
struct Shelf<T>(std::marker::PhantomData<fn() -> T>);

impl<T> Member for Shelf<T>
where
    T: serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    type Work = (T, Option<String>);

    async fn prepare(&self, _: &TransactionId, _: &Self::Work) -> Result<Vote, Unreachable> {
        Ok(Vote::Yes)
    }

    async fn commit(&self, _: &TransactionId, _: &Self::Work) -> Result<(), Unreachable> {
        tokio::task::yield_now().await;
        Ok(())
    }

    async fn abort(&self, _: &TransactionId, _: &Self::Work) -> Result<(), Unreachable> {
        Ok(())
    }
}

/// Beside a participant of another type, and two of one type.
async fn three(
    coordinator: &TwoPhase,
    tea: &Site<Shelf<u32>>,
    cups: &Site<Shelf<u32>>,
) -> Result<Outcome, Box<dyn std::error::Error>> {
    let parts = (tea.work((3, None)), Shop, cups.work((6, Some("blue".into()))));
    two_phase::begin!(let order = coordinator, id(), parts);
    let votes = tokio::try_join!(order.ask::<0>(), order.ask::<1>(), order.ask::<2>())?;
    Ok(order.all_voted(votes).commit().log().await?.deliver().await)
}

fn spawned<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let journal = Journal::in_memory();
    let shelf = || Shelf(std::marker::PhantomData);
    let tea = Site::on(&journal, "tea", shelf()).unwrap();
    let cups = Site::on(&journal, "cups", shelf()).unwrap();
    let coordinator = TwoPhase::on(&journal);
    let outcome = spawned(async { three(&coordinator, &tea, &cups).await.is_ok() }).await;
    assert!(outcome);
    let known: Vec<Arc<dyn Resource>> = vec![Arc::new(tea.clone()), Arc::new(cups)];
    let parts: Vec<Arc<dyn Participant>> = vec![Arc::new(tea.work((1, None)))];
    assert!(coordinator.run(TransactionId::new("2").unwrap(), parts).await.unwrap().is_complete());
    spawned(tea.recover(&coordinator)).await.unwrap();
    assert_eq!(known.len(), 2);
}
