use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use super::Tcc;
use crate::fnv::Fnv;

/// The reservation of one participant: to be confirmed or cancelled with its transaction, once.
///
/// Nobody but [`Transaction::reserve`](super::Transaction::reserve) makes one, and it can be neither
/// copied nor used twice.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "a reservation is confirmed or cancelled: hand it to `Transaction::confirm` or `Transaction::cancel`"]
pub struct Tried<P> {
    token: AnyTried,
    participant: PhantomData<fn() -> P>,
}

/// A reservation of any participant, where how many there are is known at run time only.
///
/// # Examples
///
/// ```
/// # use reliability::distributed::transaction::tcc::{Coordinator, Cx, Tcc, Transient};
/// # use reliability::journal::Journal;
/// # struct Seats;
/// # impl Tcc for Seats {
/// #     const NAME: &'static str = "seats";
/// #     type Input = u32;
/// #     type Refused = String;
/// #     async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> { Ok(()) }
/// #     async fn confirm(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
/// #     async fn cancel(&self, _: &Cx, _: &u32) -> Result<(), Transient> { Ok(()) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let coordinator = Coordinator::on(&Journal::in_memory()).participant(Seats).build()?;
/// let mut group = coordinator.begin("group-7").await?;
/// let mut seats = Vec::new();
/// for seat in 0..20 {
///     seats.push(group.reserve::<Seats>(seat).await?.any());
/// }
/// assert_eq!(group.confirm(seats).await?.pending, 0);
/// # Ok(())
/// # }
/// ```
#[must_use = "a reservation is confirmed or cancelled: hand it to `Transaction::confirm` or `Transaction::cancel`"]
pub struct AnyTried {
    // A hash of its id. With the id itself a reservation would have something to drop, and of a
    // transaction that is used behind `confirm((stock,))` the compiler would not say any more which
    // call it has ended with. Two ids of one hash do no harm: this finds mistakes, which nobody
    // forges, and a transaction ends what it has reserved itself, whatever is handed over.
    transaction: u64,
    index: usize,
}

impl<P: Tcc> Tried<P> {
    pub(super) fn new(transaction: &str, index: usize) -> Self {
        let token = AnyTried { transaction: Fnv::of(transaction.as_bytes()), index };
        Self { token, participant: PhantomData }
    }

    /// The same without its type, for a list.
    pub fn any(
        self, // a reservation is handed over once: use the `AnyTried` that `any` gives
    ) -> AnyTried {
        self.token
    }
}

impl AnyTried {
    pub(super) fn is_of(&self, transaction: &str) -> bool {
        self.transaction == Fnv::of(transaction.as_bytes())
    }

    pub(super) const fn index(&self) -> usize {
        self.index
    }
}

impl<P: Tcc> fmt::Debug for Tried<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (participant, index) = (P::NAME, self.token.index);
        f.debug_struct("Tried")
            .field("participant", &participant)
            .field("index", &index)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for AnyTried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyTried").field("index", &self.index).finish_non_exhaustive()
    }
}

/// All reservations of a transaction: a tuple of [`Tried`], or a list of [`AnyTried`].
///
/// # Examples
///
/// See the [module](super).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what all participants have reserved",
    label = "expected the reservations of the transaction",
    note = "hand over a tuple of up to eight `Tried`, such as `(stock, money)`, with a comma for a single one: `(stock,)`; for more, or a number that is known at run time, a `Vec` of `tried.any()`"
)]
pub trait AllTried {
    /// As a list.
    #[doc(hidden)]
    fn list(self) -> Vec<AnyTried>;
}

impl AllTried for Vec<AnyTried> {
    fn list(self) -> Vec<AnyTried> {
        self
    }
}

macro_rules! all_tried {
    ($($P:ident $index:tt),+) => {
        impl<$($P: Tcc),+> AllTried for ($(Tried<$P>,)+) {
            fn list(self) -> Vec<AnyTried> {
                Vec::from([$(self.$index.any()),+])
            }
        }
    };
}

all_tried!(A 0);
all_tried!(A 0, B 1);
all_tried!(A 0, B 1, C 2);
all_tried!(A 0, B 1, C 2, D 3);
all_tried!(A 0, B 1, C 2, D 3, E 4);
all_tried!(A 0, B 1, C 2, D 3, E 4, F 5);
all_tried!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
all_tried!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
