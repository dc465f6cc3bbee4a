#[automatically_derived]
impl<T: Store> ::elsewhere::distributed::transaction::tcc::Tcc for Stock<T>
where
    T: Clone,
{
    const NAME: &'static ::core::primitive::str = "Stock";
    type Input = Order;
    type Refused = SoldOut;
    async fn reserve(
        &self,
        cx: &::elsewhere::distributed::transaction::tcc::Cx,
        input: &Self::Input,
    ) -> ::core::result::Result<(), Self::Refused> {
        Stock::reserve(self, cx, input).await
    }
    async fn confirm(
        &self,
        cx: &::elsewhere::distributed::transaction::tcc::Cx,
        input: &Self::Input,
    ) -> ::core::result::Result<
        (),
        ::elsewhere::distributed::transaction::tcc::Transient,
    > {
        shop::take(self, cx, input).await
    }
    async fn cancel(
        &self,
        cx: &::elsewhere::distributed::transaction::tcc::Cx,
        input: &Self::Input,
    ) -> ::core::result::Result<
        (),
        ::elsewhere::distributed::transaction::tcc::Transient,
    > {
        Self::release(self, cx, input).await
    }
}
