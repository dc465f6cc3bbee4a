//! `#[saga(.., choreographed)]`, `#[participant]` and `choreography!`.

use reliability::distributed::transaction::choreography::{choreography, participant};
use reliability::distributed::transaction::saga::{Attempt, Cx, Outcome, Transient, saga};

/// With each kind of event.
#[saga(input = u64, refuse = String, choreographed, name = "lints.parcel")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parcel {
    /// Goods are put aside.
    #[step]
    Reserved(u32),
    /// The point of no return.
    #[pivot]
    Charged(u64),
    /// Behind it.
    #[then]
    Mailed(()),
}

/// With each setting, and for any store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warehouse<S> {
    store: S,
}

#[participant(Parcel, name = "lints-warehouse")]
#[expect(clippy::unused_async, reason = "a handler is async")]
impl<S: Clone + Send + Sync + 'static> Warehouse<S> {
    #[on(
        start => Reserved,
        undo = release,
        retry = 5,
        undo_retry = 8,
        backoff = exponential("50ms", max = "1s"),
        timeout = "2s"
    )]
    async fn reserve(&self, _: &Cx, pieces: &u64) -> Result<u32, Outcome<String>> {
        drop(self.store.clone());
        u32::try_from(*pieces).map_err(|error| Outcome::Rejected(error.to_string()))
    }

    async fn release(&self, _: &Cx, _: &u64, reserved: Attempt<'_, u32>) -> Result<(), Transient> {
        drop((self.store.clone(), reserved.done()));
        Ok(())
    }
}

/// Who makes one event, and listens to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Card {
    fee: u32,
}

#[participant(Parcel)]
#[expect(clippy::unused_async, reason = "a handler is async")]
impl Card {
    #[on(Reserved => Charged)]
    async fn charge(&self, _: &Cx, _: &u64, stock: &u32) -> Result<u64, Outcome<String>> {
        Ok(self.fee.saturating_add(*stock).into())
    }

    #[on(Charged, Mailed)]
    async fn note(&self, _: &Cx, _: &u64, receipt: &u64, &(): &()) -> Result<(), Transient> {
        debug_assert!(*receipt >= self.fee.into(), "the fee is on it");
        Ok(())
    }
}

choreography! {
    /// Who does what.
    pub(crate) Parcels: Parcel {
        Warehouse<u8>,
        Card,
        elsewhere mail { on(Charged => Mailed) },
    }
}

#[cfg(test)]
mod tests {
    use reliability::distributed::transaction::choreography::Participant;

    use super::*;

    #[test]
    fn all_know_who_does_what() {
        assert_eq!(<Warehouse<u8> as Participant<Parcel>>::NAME, "lints-warehouse");
        assert_eq!(<Card as Participant<Parcel>>::LINKS.len(), 2);
        assert!(Parcels::wiring().mermaid().contains("mail"));
        assert_eq!((Warehouse { store: 1_u8 }.store, Card { fee: 1 }.fee), (1, 1));
    }
}
