//! The process that carries the orders on, and that may be killed at any moment.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use reliability::distributed::transaction::saga::{Sagas, SagasBuilder};
use reliability::journal::Journal;
use tokio::task::JoinSet;

use crate::BoxError;
use crate::client::Partner;
use crate::flags::Flags;
use crate::saga::{Order, PlaceOrder, Shop};
use crate::services::EMPTY_CARD;

/// The journal in that folder, and an engine for it.
pub(crate) fn engine(folder: &Path, shop: Shop) -> Result<SagasBuilder, BoxError> {
    let journal = Journal::open(folder.join("journal.db"))?;
    // What a worker had in its hands when it died lies for a second, and then others take it up.
    Ok(Sagas::on(&journal).saga::<PlaceOrder>(shop).most(32).lease(Duration::from_secs(1)))
}

/// Starts all orders, also those that were started by a worker that has died: a key starts one.
pub(crate) async fn work(
    folder: &Path,
    flags: &Flags,
    partners: [SocketAddr; 3],
) -> Result<(), BoxError> {
    let [stock, payments, mail] = partners.map(|at| Partner::at(at, flags.forget_keys));
    let sagas = engine(folder, Shop { stock, payments, mail })?.start()?;
    let mut ends = JoinSet::new();
    for order in orders(flags) {
        let run = sagas.start::<PlaceOrder>(&order.number.clone(), order).await?;
        ends.spawn(async move { run.ended().await.map(|_| run.key().to_owned()) });
    }
    while let Some(ended) = ends.join_next().await {
        println!("{}", ended??);
    }
    Ok(())
}

/// The same ones each time.
pub(crate) fn orders(flags: &Flags) -> impl Iterator<Item = Order> {
    let mut random = fastrand::Rng::with_seed(flags.seed);
    (1..=flags.orders).map(move |number| Order {
        number: format!("order-{number}"),
        article: [
            "tea", "tea", "tea", "coffee", "coffee", "coffee", "coffee", "cocoa", "cocoa",
            "absinthe",
        ][random.usize(..10)]
        .into(),
        pieces: random.u32(1..4),
        card: if random.u32(..8) == 0 { EMPTY_CARD } else { "4242 4242 4242 4242" }.into(),
    })
}
