//! `#[derive(Tcc)]`.
#![allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "about the functions that are named here, which are given references"
)]

use core::future::{Ready, ready};

use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};

/// What is in stock.
#[derive(Debug, Clone, PartialEq, Eq, Tcc)]
#[tcc(
    input = u64,
    refuse = String,
    try = Stock::hold,
    confirm = Stock::take,
    cancel = release,
    name = "lints.stock"
)]
pub(crate) struct Stock<S: Clone + Send + Sync + 'static> {
    store: S,
}

impl<S: Clone + Send + Sync + 'static> Stock<S> {
    fn hold(&self, cx: &Cx, order: &u64) -> Ready<Result<(), String>> {
        drop(self.store.clone());
        ready(if *order == 0 { Err(cx.transaction().to_owned()) } else { Ok(()) })
    }

    fn take(&self, _: &Cx, _: &u64) -> Ready<Result<(), Transient>> {
        drop(self.store.clone());
        ready(Ok(()))
    }
}

fn release<S: Clone + Send + Sync>(_: &Stock<S>, _: &Cx, _: &u64) -> Ready<Result<(), Transient>> {
    ready(Ok(()))
}

/// One of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Tcc)]
#[tcc(input = (), refuse = (), try = Door::close, confirm = Door::free, cancel = Door::free)]
pub(crate) enum Door {
    /// Which is the only one.
    Front,
}

impl Door {
    fn close(&self, _: &Cx, &(): &()) -> Ready<Result<(), ()>> {
        ready(if *self == Self::Front { Ok(()) } else { Err(()) })
    }

    fn free(&self, _: &Cx, &(): &()) -> Ready<Result<(), Transient>> {
        debug_assert!(*self == Self::Front, "there is one door");
        ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use reliability::distributed::transaction::tcc::{Coordinator, Decision};
    use reliability::journal::Journal;

    use super::*;

    async fn both_are_reserved() -> Option<Decision> {
        let participants = Coordinator::on(&Journal::in_memory())
            .participant(Stock { store: 1_u8 })
            .participant(Door::Front);
        let mut order = participants.build().ok()?.begin("tea").await.ok()?;
        let stock = order.reserve::<Stock<u8>>(3).await.ok()?;
        let door = order.reserve::<Door>(()).await.ok()?;
        order.confirm((stock, door)).await.ok().map(|settled| settled.decision)
    }

    #[tokio::test]
    async fn both_take_part() {
        assert_eq!(both_are_reserved().await, Some(Decision::Confirm));
    }
}
