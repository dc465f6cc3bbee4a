use reliability::distributed::transaction::two_phase::{Answer, Participant, Resource, TransactionId};
use reliability::distributed::transaction::{Followed, Vote};

pub struct Shop;

impl Resource for Shop {
    fn name(&self) -> &str {
        "shop"
    }

    fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }

    fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
        Box::pin(async { Ok(Followed::AsTold) })
    }
}

impl Participant for Shop {
    fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
        Box::pin(async { Ok(Vote::Yes) })
    }
}

pub fn id() -> TransactionId {
    TransactionId::new("order-4711").unwrap()
}
