/// The order of the documentation.
#[derive(Debug, serde::Serialize)]
pub enum PlaceOrder {
    /// Goods are put aside.
    Reserved(Stock),
    Quoted(Price),
    Approved(String),
    Cooled(()),
    Charged(Receipt),
    Mailed(()),
}
///The outputs of all steps of [`PlaceOrder`].
#[allow(
    dead_code,
    missing_copy_implementations,
    missing_debug_implementations,
    clippy::derive_partial_eq_without_eq,
    clippy::exhaustive_structs,
    clippy::field_scoped_visibility_modifiers,
    reason = "written by `saga`: it derives what the enum does"
)]
#[derive(Debug)]
pub struct PlaceOrderDone {
    ///Of [`PlaceOrder::Reserved`].
    pub reserved: Stock,
    ///Of [`PlaceOrder::Quoted`].
    pub quoted: Price,
    ///Of [`PlaceOrder::Approved`].
    pub approved: String,
    ///Of [`PlaceOrder::Cooled`].
    pub cooled: (),
    ///Of [`PlaceOrder::Charged`].
    pub charged: Receipt,
    ///Of [`PlaceOrder::Mailed`].
    pub mailed: (),
}
///The steps of [`PlaceOrder`], as types.
#[allow(
    dead_code,
    missing_copy_implementations,
    unnameable_types,
    unreachable_pub,
    clippy::exhaustive_enums,
    reason = "written by `saga`: only tests name them all"
)]
pub mod place_order {
    /// Goods are put aside.
    ///
    ///`PlaceOrder::Reserved`.
    #[derive(Debug)]
    pub enum Reserved {}
    ///`PlaceOrder::Quoted`. Nothing to undo: read only.
    #[derive(Debug)]
    pub enum Quoted {}
    ///`PlaceOrder::Approved`.
    #[derive(Debug)]
    pub enum Approved {}
    ///`PlaceOrder::Cooled`.
    #[derive(Debug)]
    pub enum Cooled {}
    ///`PlaceOrder::Charged`.
    #[derive(Debug)]
    pub enum Charged {}
    ///`PlaceOrder::Mailed`.
    #[derive(Debug)]
    pub enum Mailed {}
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::Saga for PlaceOrder {
    type Input = Order;
    type Refusal = Refused;
    type Shared = Shop;
    type Done = PlaceOrderDone;
    const DEFINITION: ::reliability::distributed::transaction::saga::Definition = ::reliability::distributed::transaction::saga::Definition::new(
            "place_order",
            3,
            &[
                ::reliability::distributed::transaction::saga::Step::new(
                        "Reserved",
                        ::reliability::distributed::transaction::saga::Kind::Compensable,
                    )
                    .attempts(5)
                    .backoff(
                        ::reliability::resilience::retry::Backoff::exponential(
                                ::core::time::Duration::from_millis(50),
                            )
                            .max(::core::time::Duration::from_secs(1)),
                    )
                    .timeout(::core::time::Duration::from_secs(2))
                    .undo()
                    .undo_attempts(8),
                ::reliability::distributed::transaction::saga::Step::new(
                    "Quoted",
                    ::reliability::distributed::transaction::saga::Kind::Compensable,
                ),
                ::reliability::distributed::transaction::saga::Step::new(
                        "Approved",
                        ::reliability::distributed::transaction::saga::Kind::Compensable,
                    )
                    .signal()
                    .after(&[0, 1]),
                ::reliability::distributed::transaction::saga::Step::new(
                        "Cooled",
                        ::reliability::distributed::transaction::saga::Kind::Compensable,
                    )
                    .timer(::core::time::Duration::from_secs(86400))
                    .after(&[2]),
                ::reliability::distributed::transaction::saga::Step::new(
                        "Charged",
                        ::reliability::distributed::transaction::saga::Kind::Pivot,
                    )
                    .after(&[3])
                    .needs(&[0, 1])
                    .probed(),
                ::reliability::distributed::transaction::saga::Step::new(
                        "Mailed",
                        ::reliability::distributed::transaction::saga::Kind::Retriable,
                    )
                    .after(&[4])
                    .needs(&[4]),
            ],
        )
        .deadline(::core::time::Duration::from_secs(3600))
        .drains(&[1]);
    const CALLS: &'static [::reliability::distributed::transaction::saga::walk::Calls<
        Self,
    >] = &[
        ::reliability::distributed::transaction::saga::walk::Calls::runs::<
            place_order::Reserved,
        >()
            .undoes::<place_order::Reserved>(),
        ::reliability::distributed::transaction::saga::walk::Calls::runs::<
            place_order::Quoted,
        >(),
        ::reliability::distributed::transaction::saga::walk::Calls::waits::<
            place_order::Approved,
        >(),
        ::reliability::distributed::transaction::saga::walk::Calls::waits::<
            place_order::Cooled,
        >(),
        ::reliability::distributed::transaction::saga::walk::Calls::runs::<
            place_order::Charged,
        >()
            .probes::<place_order::Charged>(),
        ::reliability::distributed::transaction::saga::walk::Calls::runs::<
            place_order::Mailed,
        >(),
    ];
    fn place(&self) -> usize {
        match self {
            Self::Reserved(_) => 0,
            Self::Quoted(_) => 1,
            Self::Approved(_) => 2,
            Self::Cooled(_) => 3,
            Self::Charged(_) => 4,
            Self::Mailed(_) => 5,
        }
    }
    fn done(
        mut history: ::reliability::distributed::transaction::saga::History<Self>,
    ) -> ::core::option::Option<PlaceOrderDone> {
        ::core::option::Option::Some(PlaceOrderDone {
            reserved: history.take_of::<place_order::Reserved>()?,
            quoted: history.take_of::<place_order::Quoted>()?,
            approved: history.take_of::<place_order::Approved>()?,
            cooled: history.take_of::<place_order::Cooled>()?,
            charged: history.take_of::<place_order::Charged>()?,
            mailed: history.take_of::<place_order::Mailed>()?,
        })
    }
    fn migrate(
        old: ::reliability::distributed::transaction::saga::Old,
    ) -> ::core::result::Result<
        ::reliability::distributed::transaction::saga::Old,
        ::reliability::distributed::transaction::saga::Unwritable,
    > {
        match old.version {
            2 => from_v2(old),
            _ => {
                ::core::result::Result::Err(
                    ::reliability::distributed::transaction::saga::Unwritable::unmigrated(
                        &old,
                    ),
                )
            }
        }
    }
}
#[automatically_derived]
impl PlaceOrder {
    ///A walk through [`PlaceOrder`] by hand, step by typed step, without an engine: for unit tests.
    #[allow(
        dead_code,
        clippy::missing_const_for_fn,
        reason = "written by `saga`: for tests"
    )]
    pub fn begin(
        input: Order,
    ) -> ::reliability::distributed::transaction::saga::walk::At<
        Self,
        place_order::Reserved,
        ::reliability::distributed::transaction::saga::walk::Nil,
    > {
        ::reliability::distributed::transaction::saga::walk::At::begin(input)
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::TypedStep
for place_order::Reserved {
    type Saga = PlaceOrder;
    type Output = Stock;
    type Next = place_order::Quoted;
    const PLACE: usize = 0;
    fn wrap(output: Stock) -> PlaceOrder {
        PlaceOrder::Reserved(output)
    }
    fn output(saga: &PlaceOrder) -> ::core::option::Option<&Stock> {
        match saga {
            PlaceOrder::Reserved(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
    fn unwrap(saga: PlaceOrder) -> ::core::option::Option<Stock> {
        match saga {
            PlaceOrder::Reserved(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Run for place_order::Reserved {
    type Needs = ();
    type Ends = ::reliability::distributed::transaction::saga::walk::MayRefuse;
    async fn run<'a>(
        cx: &'a ::reliability::distributed::transaction::saga::Cx<Shop>,
        input: &'a Order,
        (): (),
    ) -> ::core::result::Result<
        Stock,
        ::reliability::distributed::transaction::saga::Outcome<Refused>,
    > {
        let function = ::reliability::__private::function(
            ::core::marker::PhantomData::<Self>,
            stock::reserve,
        );
        ::reliability::__private::step_ended::<
            Stock,
            Refused,
        >(function.call(cx, input, ()).await)
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Undo
for place_order::Reserved {
    async fn undo(
        cx: &::reliability::distributed::transaction::saga::Cx<Shop>,
        input: &Order,
        attempt: ::reliability::distributed::transaction::saga::Attempt<'_, Stock>,
    ) -> ::core::result::Result<
        (),
        ::reliability::distributed::transaction::saga::Transient,
    > {
        ::reliability::__private::undo_ended(
            stock::release(
                    ::reliability::__private::shared_cx(cx),
                    input,
                    ::reliability::__private::attempt(attempt),
                )
                .await,
        )
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::TypedStep
for place_order::Quoted {
    type Saga = PlaceOrder;
    type Output = Price;
    type Next = place_order::Approved;
    const PLACE: usize = 1;
    fn wrap(output: Price) -> PlaceOrder {
        PlaceOrder::Quoted(output)
    }
    fn output(saga: &PlaceOrder) -> ::core::option::Option<&Price> {
        match saga {
            PlaceOrder::Quoted(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
    fn unwrap(saga: PlaceOrder) -> ::core::option::Option<Price> {
        match saga {
            PlaceOrder::Quoted(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Run for place_order::Quoted {
    type Needs = ();
    type Ends = ::reliability::distributed::transaction::saga::walk::MayRefuse;
    async fn run<'a>(
        cx: &'a ::reliability::distributed::transaction::saga::Cx<Shop>,
        input: &'a Order,
        (): (),
    ) -> ::core::result::Result<
        Price,
        ::reliability::distributed::transaction::saga::Outcome<Refused>,
    > {
        let function = ::reliability::__private::function(
            ::core::marker::PhantomData::<Self>,
            price::quote,
        );
        ::reliability::__private::step_ended::<
            Price,
            Refused,
        >(function.call(cx, input, ()).await)
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Undo for place_order::Quoted {}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::TypedStep
for place_order::Approved {
    type Saga = PlaceOrder;
    type Output = String;
    type Next = place_order::Cooled;
    const PLACE: usize = 2;
    fn wrap(output: String) -> PlaceOrder {
        PlaceOrder::Approved(output)
    }
    fn output(saga: &PlaceOrder) -> ::core::option::Option<&String> {
        match saga {
            PlaceOrder::Approved(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
    fn unwrap(saga: PlaceOrder) -> ::core::option::Option<String> {
        match saga {
            PlaceOrder::Approved(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Undo
for place_order::Approved {}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::TypedStep
for place_order::Cooled {
    type Saga = PlaceOrder;
    type Output = ();
    type Next = place_order::Charged;
    const PLACE: usize = 3;
    fn wrap(output: ()) -> PlaceOrder {
        PlaceOrder::Cooled(output)
    }
    fn output(saga: &PlaceOrder) -> ::core::option::Option<&()> {
        match saga {
            PlaceOrder::Cooled(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
    fn unwrap(saga: PlaceOrder) -> ::core::option::Option<()> {
        match saga {
            PlaceOrder::Cooled(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Undo for place_order::Cooled {}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::TypedStep
for place_order::Charged {
    type Saga = PlaceOrder;
    type Output = Receipt;
    type Next = place_order::Mailed;
    const PLACE: usize = 4;
    fn wrap(output: Receipt) -> PlaceOrder {
        PlaceOrder::Charged(output)
    }
    fn output(saga: &PlaceOrder) -> ::core::option::Option<&Receipt> {
        match saga {
            PlaceOrder::Charged(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
    fn unwrap(saga: PlaceOrder) -> ::core::option::Option<Receipt> {
        match saga {
            PlaceOrder::Charged(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Run for place_order::Charged {
    type Needs = (place_order::Reserved, place_order::Quoted);
    type Ends = ::reliability::distributed::transaction::saga::walk::MayRefuse;
    async fn run<'a>(
        cx: &'a ::reliability::distributed::transaction::saga::Cx<Shop>,
        input: &'a Order,
        (need_0, need_1): (&'a Stock, &'a Price),
    ) -> ::core::result::Result<
        Receipt,
        ::reliability::distributed::transaction::saga::Outcome<Refused>,
    > {
        let function = ::reliability::__private::function(
            ::core::marker::PhantomData::<Self>,
            card::charge,
        );
        ::reliability::__private::step_ended::<
            Receipt,
            Refused,
        >(function.call(cx, input, (need_0, need_1)).await)
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Probe
for place_order::Charged {
    async fn probe<'a>(
        cx: &'a ::reliability::distributed::transaction::saga::Cx<Shop>,
        input: &'a Order,
        (need_0, need_1): (&'a Stock, &'a Price),
    ) -> ::core::result::Result<
        ::core::option::Option<Receipt>,
        ::reliability::distributed::transaction::saga::Transient,
    > {
        let function = ::reliability::__private::function(
            ::core::marker::PhantomData::<Self>,
            card::find,
        );
        ::reliability::__private::probe_ended::<
            Receipt,
        >(function.call(cx, input, (need_0, need_1)).await)
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::TypedStep
for place_order::Mailed {
    type Saga = PlaceOrder;
    type Output = ();
    type Next = ::reliability::distributed::transaction::saga::walk::Finish;
    const PLACE: usize = 5;
    fn wrap(output: ()) -> PlaceOrder {
        PlaceOrder::Mailed(output)
    }
    fn output(saga: &PlaceOrder) -> ::core::option::Option<&()> {
        match saga {
            PlaceOrder::Mailed(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
    fn unwrap(saga: PlaceOrder) -> ::core::option::Option<()> {
        match saga {
            PlaceOrder::Mailed(output) => ::core::option::Option::Some(output),
            _ => ::core::option::Option::None,
        }
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::saga::walk::Run for place_order::Mailed {
    type Needs = (place_order::Charged,);
    type Ends = ::reliability::distributed::transaction::saga::walk::MustSucceed;
    async fn run<'a>(
        cx: &'a ::reliability::distributed::transaction::saga::Cx<Shop>,
        input: &'a Order,
        (need_4,): (&'a Receipt,),
    ) -> ::core::result::Result<
        (),
        ::reliability::distributed::transaction::saga::Transient,
    > {
        let function = ::reliability::__private::function(
            ::core::marker::PhantomData::<Self>,
            mail::confirm,
        );
        ::reliability::__private::then_ended::<
            (),
        >(function.call(cx, input, (need_4,)).await)
    }
}
const _: () = ::core::assert!(
    < PlaceOrder as ::reliability::distributed::transaction::saga::Saga > ::DEFINITION
    .is_sound(),
    "compensable steps, then at most one pivot, then steps that must succeed",
);
