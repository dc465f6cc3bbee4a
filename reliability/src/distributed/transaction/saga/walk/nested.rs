use super::super::{Saga, Why};
use super::{Needs, TypedStep};

/// A step that is a saga of its own. `#[saga]` writes it for `#[step(saga = Ship, ..)]`.
///
/// # Examples
///
/// What it writes, by hand:
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/saga/nested_example.rs"));
/// use reliability::distributed::transaction::saga::walk::{Calls, Nested};
/// use reliability::distributed::transaction::saga::{Nest, Saga};
/// use trade::{Order, Parcel, PlaceOrder, place_order};
///
/// # fn main() {
/// // Made of what the order is and what its steps have come to so far:
/// let order = Order { article: "tea".into(), to: "Ada".into() };
/// let parcel: Parcel = <place_order::Shipped as Nested>::input(&order, (&7,));
/// assert_eq!((parcel.shelf, parcel.to.as_str()), (7, "Ada"));
///
/// // What the engine is told of it:
/// const SHIPPED: Calls<PlaceOrder> =
///     Calls::nests::<place_order::Shipped>().undoes::<place_order::Shipped>();
/// const TOLD: Calls<PlaceOrder> = Calls::nests_behind::<place_order::Told>();
/// const SHIP: Nest<PlaceOrder> = Nest::of::<place_order::Shipped>();
/// const TELL: Nest<PlaceOrder> = Nest::behind::<place_order::Told>();
/// assert_eq!(format!("{:?}", PlaceOrder::nests(1)), format!("{:?}", Some(SHIP)));
/// assert_eq!(format!("{:?}", PlaceOrder::nests(3)), format!("{:?}", Some(TELL)));
/// # let _ = (SHIPPED, TOLD);
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no saga of its own",
    note = "a step that is one is declared with `#[step(saga = Ship, ..)]`"
)]
pub trait Nested: TypedStep {
    /// That saga.
    type Child: Saga;
    /// The steps whose outputs its input is made of.
    type Needs: Needs<Self::Saga>;

    /// What it is started with.
    fn input(
        input: &<Self::Saga as Saga>::Input,
        needs: <Self::Needs as Needs<Self::Saga>>::Outputs<'_>,
    ) -> <Self::Child as Saga>::Input;

    /// What the step finishes with, when that saga is completed.
    fn finished(done: <Self::Child as Saga>::Done) -> Self::Output;
}

/// A step that is a saga of its own, and refuses when that one is rolled back: one up to the pivot.
///
/// # Examples
///
/// See [`Nested`].
pub trait Refusable: Nested {
    /// Why the step refuses, given why that saga was rolled back.
    fn refused(why: Why<<Self::Child as Saga>::Refusal>) -> <Self::Saga as Saga>::Refusal;
}

/// A saga that cannot be rolled back, because its steps all stand behind the point of no return.
/// `#[saga]` writes it for an enum whose first step is `#[then(..)]`.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::saga::walk::CannotRefuse;
/// use reliability::distributed::transaction::saga::{Cx, Transient, saga};
///
/// #[saga(input = String, refuse = ())]
/// enum Tell {
///     #[then(mail)]
///     Mailed(()),
/// }
///
/// async fn mail(_: &Cx, _: &String) -> Result<(), Transient> {
///     Ok(())
/// }
///
/// fn must_succeed(_: impl CannotRefuse) {}
/// must_succeed(Tell::Mailed(()));
/// ```
#[diagnostic::on_unimplemented(
    message = "saga `{Self}` may refuse, and behind the point of no return nothing may",
    label = "this saga may refuse",
    note = "a saga cannot refuse when its first step is declared with `#[then(..)]`; nest such a one here, or move this step before the pivot"
)]
pub trait CannotRefuse: Saga {}
