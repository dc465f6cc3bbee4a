use reliability::distributed::transaction::two_phase::{
    self, Begun, Nth, Outcome, Participant, TwoPhase, TwoPhaseError,
};
use reliability::journal::Journal;
use std::sync::Arc;

#[path = "../shop.rs"]
mod shop;
use shop::{Shop, id};

/// Two of one type, one after the other.
async fn two(coordinator: &TwoPhase) -> Result<Outcome, TwoPhaseError> {
    two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
    let first = order.ask::<0>().await?;
    let second = order.ask::<1>().await?;
    Ok(order.all_voted((first, second)).commit().log().await?.deliver().await)
}

/// Two transactions at once, each with its votes.
async fn interleaved(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    two_phase::begin!(let one = coordinator, id(), (Shop,));
    two_phase::begin!(let other = coordinator, id(), (Shop,));
    let (first, second) = tokio::try_join!(one.ask::<0>(), other.ask::<0>())?;
    other.all_voted((second,)).abort().deliver().await;
    one.all_voted((first,)).commit().log().await?.deliver().await;
    Ok(())
}

/// Eight, all asked at once.
async fn eight(coordinator: &TwoPhase) -> Result<Outcome, TwoPhaseError> {
    let all = (Shop, Shop, Shop, Shop, Shop, Shop, Shop, Shop);
    two_phase::begin!(let order = coordinator, id(), all);
    let votes = tokio::try_join!(
        order.ask::<0>(),
        order.ask::<1>(),
        order.ask::<2>(),
        order.ask::<3>(),
        order.ask::<4>(),
        order.ask::<5>(),
        order.ask::<6>(),
        order.ask::<7>(),
    )?;
    Ok(order.all_voted(votes).commit().log().await?.deliver().await)
}

/// Given to a function, which need not know the participants.
async fn give_up<Ps>(order: Begun<'_, Ps>) -> Result<(), TwoPhaseError>
where
    Ps: Nth<0>,
{
    let _vote = order.ask::<0>().await?;
    order.abort().deliver().await;
    Ok(())
}

async fn in_a_loop(coordinator: &TwoPhase) -> Result<(), TwoPhaseError> {
    for _ in 0..3 {
        two_phase::begin!(let order = coordinator, id(), (Shop, Shop));
        give_up(order).await?;
    }
    Ok(())
}

/// Known at run time only.
async fn many(coordinator: &TwoPhase) -> Result<Outcome, TwoPhaseError> {
    let all: Vec<Arc<dyn Participant>> = (0..10).map(|_| Arc::new(Shop) as _).collect();
    coordinator.run(id(), all).await
}

/// All of them can be spawned.
fn spawned<F: Future + Send>(future: F) -> F {
    future
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let coordinator = || TwoPhase::on(&Journal::in_memory());
    assert!(spawned(two(&coordinator())).await.unwrap().is_complete());
    spawned(interleaved(&coordinator())).await.unwrap();
    assert!(spawned(eight(&coordinator())).await.unwrap().is_complete());
    spawned(in_a_loop(&coordinator())).await.unwrap();
    assert!(spawned(many(&coordinator())).await.unwrap().is_complete());
}
