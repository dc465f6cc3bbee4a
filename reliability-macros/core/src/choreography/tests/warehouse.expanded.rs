#[cfg(unix)]
impl<S: Store> Warehouse<S> {
    async fn reserve(&self, cx: &Cx, order: &Order) -> Result<Stock, Outcome<Refused>> {
        self.take(order).await
    }
    async fn release(
        &self,
        _: &Cx,
        _: &Order,
        _: Attempt<'_, Stock>,
    ) -> Result<(), Transient> {
        self.give_back().await
    }
    async fn pack(
        &self,
        _: &Cx,
        _: &Order,
        _: &Stock,
        _: &Receipt,
    ) -> Result<(), Transient> {
        Ok(())
    }
}
#[cfg(unix)]
#[automatically_derived]
impl<
    S: Store,
> ::elsewhere::distributed::transaction::choreography::Participant<PlaceOrder>
for Warehouse<S> {
    const NAME: &'static ::core::primitive::str = "stock";
    const LINKS: &'static [::elsewhere::distributed::transaction::choreography::Link] = &[
        {
            use ::elsewhere::__private::MayRefuse as _;
            if ::elsewhere::__private::HandlerEnd::<
                Result<Stock, Outcome<Refused>>,
            >::MAY_REFUSE {
                ::elsewhere::distributed::transaction::choreography::Link::of(
                        "stock",
                        "reserve",
                    )
                    .makes(
                        <shop::events::Reserved as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
                    )
                    .undone()
                    .may_refuse()
            } else {
                ::elsewhere::distributed::transaction::choreography::Link::of(
                        "stock",
                        "reserve",
                    )
                    .makes(
                        <shop::events::Reserved as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
                    )
                    .undone()
            }
        },
        ::elsewhere::distributed::transaction::choreography::Link::of("stock", "pack")
            .hears(
                &[
                    <shop::events::Reserved as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
                    <shop::events::Charged as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
                ],
            ),
    ];
    const HANDLERS: &'static [::elsewhere::distributed::transaction::choreography::Handler<
        PlaceOrder,
        Self,
    >] = &[
        ::elsewhere::distributed::transaction::choreography::Handler::<
            PlaceOrder,
            Self,
        >::does(|me, cx, history| {
                ::elsewhere::__private::boxed(async move {
                    let _: &::elsewhere::distributed::transaction::saga::Cx = &cx;
                    ::elsewhere::__private::made::<
                        shop::events::Reserved,
                        PlaceOrder,
                        Result<Stock, Outcome<Refused>>,
                    >(
                        Self::reserve(
                                &me,
                                &cx,
                                ::elsewhere::__private::started::<
                                    PlaceOrder,
                                    Order,
                                >(history.input()),
                            )
                            .await,
                    )
                })
            })
            .undoes(|me, cx, history| {
                ::elsewhere::__private::boxed(async move {
                    ::elsewhere::__private::undo_ended(
                        Self::release(
                                &me,
                                &cx,
                                history.input(),
                                ::elsewhere::__private::attempt_of::<
                                    shop::events::Reserved,
                                    _,
                                >(&history),
                            )
                            .await,
                    )
                })
            })
            .attempts(5)
            .undo_attempts(8)
            .timeout(::core::time::Duration::from_secs(2)),
        ::elsewhere::distributed::transaction::choreography::Handler::<
            PlaceOrder,
            Self,
        >::does(|me, cx, history| {
                ::elsewhere::__private::boxed(async move {
                    let _: &::elsewhere::distributed::transaction::saga::Cx = &cx;
                    let ::core::option::Option::Some(need_0) = history
                        .of::<shop::events::Reserved>() else {
                        return ::core::result::Result::Err(
                            ::elsewhere::__private::unheard(),
                        )
                    };
                    let ::core::option::Option::Some(need_1) = history
                        .of::<shop::events::Charged>() else {
                        return ::core::result::Result::Err(
                            ::elsewhere::__private::unheard(),
                        )
                    };
                    ::elsewhere::__private::listened::<
                        PlaceOrder,
                        Result<(), Transient>,
                    >(
                        Self::pack(
                                &me,
                                &cx,
                                ::elsewhere::__private::started::<
                                    PlaceOrder,
                                    Order,
                                >(history.input()),
                                ::elsewhere::__private::heard::<
                                    shop::events::Reserved,
                                    Stock,
                                >(need_0),
                                ::elsewhere::__private::heard::<
                                    shop::events::Charged,
                                    Receipt,
                                >(need_1),
                            )
                            .await,
                    )
                })
            })
            .backoff(
                ::elsewhere::resilience::retry::Backoff::exponential(
                        ::core::time::Duration::from_millis(50),
                    )
                    .max(::core::time::Duration::from_secs(1)),
            ),
    ];
}
