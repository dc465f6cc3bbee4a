//! Sagas as steps: of each kind, with functions and with `From`, in a module, in a `macro_rules!`.
use reliability::distributed::transaction::saga::walk::CannotRefuse;
use reliability::distributed::transaction::saga::{
    Attempt, Cx, Outcome, Saga, Transient, Why, saga,
};

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Refused {
    NotShipped,
    NotPaid,
}

#[saga(input = u64, refuse = Refused)]
pub enum PlaceOrder {
    #[step(count, undo = none("read only"))]
    Counted(u32),
    #[step(
        saga = parcels::Ship,
        input = parcels::parcel,
        output = parcels::label,
        refused = parcels::not_shipped,
        needs(Counted),
        undo = fetch_back,
        undo_retry = 8,
        backoff = constant("50ms"),
    )]
    Shipped(String),
    /// All by `From`, beside the other one.
    #[step(saga = Wrap, needs(Counted), beside = Shipped, undo = none("paper is cheap"))]
    Wrapped(WrapDone),
    #[pivot(saga = Pay, needs(Counted, Wrapped))]
    Paid(Paid),
    #[then(needs(Paid), saga = r#Tell, input = words, output = drop)]
    Told(()),
}

async fn count(_: &Cx, pieces: &u64) -> Result<u32, Outcome<Refused>> {
    u32::try_from(*pieces).map_err(|_| Refused::NotShipped.into())
}

async fn fetch_back(_: &Cx, _: &u64, _: Attempt<'_, String>) -> Result<(), Transient> {
    Ok(())
}

pub mod parcels {
    use super::*;

    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Parcel(pub u64);

    #[saga(input = Parcel, refuse = String)]
    pub enum Ship {
        #[pivot(hand_over)]
        Gone(String),
    }

    pub fn parcel(pieces: &u64, counted: &u32) -> Parcel {
        Parcel(*pieces + u64::from(*counted))
    }

    pub fn label(done: ShipDone) -> String {
        done.gone
    }

    pub fn not_shipped(_: Why<String>) -> Refused {
        Refused::NotShipped
    }

    async fn hand_over(_: &Cx, parcel: &Parcel) -> Result<String, Outcome<String>> {
        Ok(format!("{} pieces", parcel.0))
    }
}

macro_rules! wrap {
    ($name:ident) => {
        #[saga(input = Sheets, refuse = (), derive(serde::Serialize, serde::Deserialize))]
        pub enum $name {
            #[step(wrap, undo = unwrap)]
            Around(u32),
        }
    };
}

wrap!(Wrap);

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Sheets(u32);

impl From<(&u64, &u32)> for Sheets {
    fn from((_, counted): (&u64, &u32)) -> Self {
        Self(*counted)
    }
}

impl From<Why<()>> for Refused {
    fn from(_: Why<()>) -> Self {
        Self::NotShipped
    }
}

async fn wrap(_: &Cx, sheets: &Sheets) -> Result<u32, Outcome<()>> {
    Ok(sheets.0)
}

async fn unwrap(_: &Cx, _: &Sheets, _: Attempt<'_, u32>) -> Result<(), Transient> {
    Ok(())
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Paid(u32);

#[derive(serde::Serialize, serde::Deserialize)]
pub struct Bill(u32);

#[saga(input = Bill, refuse = u8)]
pub enum Pay {
    #[pivot(take)]
    Taken(u32),
}

impl From<(&u64, &u32, &WrapDone)> for Bill {
    fn from((_, counted, wrapped): (&u64, &u32, &WrapDone)) -> Self {
        Self(*counted + wrapped.around)
    }
}

impl From<PayDone> for Paid {
    fn from(done: PayDone) -> Self {
        Self(done.taken)
    }
}

impl From<Why<u8>> for Refused {
    fn from(_: Why<u8>) -> Self {
        Self::NotPaid
    }
}

async fn take(_: &Cx, bill: &Bill) -> Result<u32, Outcome<u8>> {
    if bill.0 > 100 { Err(Outcome::Rejected(1)) } else { Ok(bill.0) }
}

#[saga(input = String, refuse = ())]
pub enum r#Tell {
    #[then(mail)]
    Mailed(()),
}

fn words(_: &u64, paid: &Paid) -> String {
    format!("paid {}", paid.0)
}

async fn mail(_: &Cx, _: &String) -> Result<(), Transient> {
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    use reliability::distributed::transaction::saga::{End, Sagas};
    use reliability::journal::Journal;

    fn must_succeed<D: CannotRefuse>() {}
    must_succeed::<Tell>();
    let nested = |step| PlaceOrder::nests(step).is_some();
    assert_eq!([0, 1, 2, 3, 4].map(nested), [false, true, true, true, true]);

    let sagas = Sagas::on(&Journal::in_memory()).saga::<PlaceOrder>(()).start()?;
    let End::Completed(done) = sagas.start::<PlaceOrder>("1", 7).await?.ended().await? else {
        panic!("it went back")
    };
    assert_eq!((done.shipped.as_str(), done.wrapped.around), ("14 pieces", 7));
    assert_eq!(done.paid, Paid(14));
    let end = sagas.start::<PlaceOrder>("2", 70).await?.ended().await?;
    assert!(matches!(
        end,
        End::RolledBack(Why::Rejected { step, refusal: Refused::NotPaid }) if step == "Paid"
    ));
    Ok(())
}
