//! Every kind of step, and every setting.
use reliability::distributed::transaction::saga::{
    Attempt, Cx, Kind, Old, Outcome, Saga, Transient, Unwritable, saga,
};

type Refused = String;
type Refuses<T> = Result<T, Outcome<Refused>>;

/// All that can be said.
#[saga(
    input = u64,
    refuse = Refused,
    shared = Shop,
    version = 3,
    migrate(2 => from_v2),
    drain(1),
    deadline = "2d",
    name = "orders.place",
    steps = steps_of_an_order,
    derive(Debug, Clone),
    crate = ::reliability,
)]
pub enum PlaceOrder {
    #[step(
        stock::reserve,
        undo = stock::release,
        probe = stock::find,
        retry = 5,
        undo_retry = 8,
        timeout = "2s",
        backoff = exponential("50ms", max = "1s", factor = 3.0),
    )]
    Reserved(u32),
    #[step(quote, undo = none("read only"), beside = Reserved)]
    Quoted(u32),
    #[step(pack, undo = unpack, needs(Quoted), beside = Reserved)]
    Packed(()),
    #[signal(beside = Reserved)]
    Approved(String),
    #[wait("24h")]
    Cooled(()),
    #[pivot(charge, needs(Packed, Approved))]
    Charged(String),
    #[then(confirm, needs(Charged), backoff = constant("1s"))]
    Mailed(()),
    #[then(confirm, needs(Charged), beside = Mailed)]
    Booked(()),
    #[wait("14d")]
    Kept(()),
    #[signal]
    Archived(u8),
}

pub struct Shop;

fn from_v2(old: Old) -> Result<Old, Unwritable> {
    Ok(old)
}

mod stock {
    use super::*;

    pub async fn reserve(_: &Cx<Shop>, _: &u64) -> Refuses<u32> {
        Ok(1)
    }

    pub async fn release(
        _: &Cx<Shop>,
        _: &u64,
        _: Attempt<'_, u32>,
    ) -> Result<(), Transient> {
        Ok(())
    }

    pub async fn find(_: &Cx<Shop>, _: &u64) -> Result<Option<u32>, Transient> {
        Ok(None)
    }
}

async fn quote(_: &Cx<Shop>, _: &u64) -> Refuses<u32> {
    Ok(1)
}

async fn pack(_: &Cx<Shop>, _: &u64, _: &u32) -> Refuses<()> {
    Ok(())
}

async fn unpack(_: &Cx<Shop>, _: &u64, _: Attempt<'_, ()>) -> Result<(), Transient> {
    Ok(())
}

async fn charge(_: &Cx<Shop>, _: &u64, _: &(), by: &String) -> Refuses<String> {
    Ok(by.clone())
}

async fn confirm(_: &Cx<Shop>, _: &u64, _: &String) -> Result<(), Transient> {
    Ok(())
}

fn main() {
    let definition = PlaceOrder::DEFINITION;
    assert_eq!((definition.name(), definition.version()), ("orders.place", 3));
    let plan = definition.plan();
    let after: Vec<_> = plan.steps().iter().map(|step| step.after().to_vec()).collect();
    let expected: [&[usize]; 10] =
        [&[], &[], &[1], &[], &[0, 2, 3], &[4], &[5], &[5], &[6, 7], &[8]];
    assert_eq!(after, expected);
    let kinds = plan.steps().iter().filter(|step| step.kind() == Kind::Compensable).count();
    assert_eq!(kinds, 5);
    let done = PlaceOrderDone {
        reserved: 1,
        quoted: 1,
        packed: (),
        approved: "a".into(),
        cooled: (),
        charged: "c".into(),
        mailed: (),
        booked: (),
        kept: (),
        archived: 1,
    };
    assert!(format!("{:?}", done.clone()).contains("charged"));
    let _ = PlaceOrder::begin(1);
    let _: Option<steps_of_an_order::Charged> = None;
}
