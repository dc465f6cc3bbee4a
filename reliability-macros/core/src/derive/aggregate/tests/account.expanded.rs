#[automatically_derived]
impl ::elsewhere::distributed::transaction::event_sourcing::Aggregate for Account {
    type Command = Command;
    type Event = AccountEvent<u8>;
    type Refused = Refused;
    const SNAPSHOTS: ::core::option::Option<
        ::elsewhere::distributed::transaction::event_sourcing::Snapshots<Self>,
    > = ::core::option::Option::Some(
        ::elsewhere::__private::snapshots::<Self>(100u32, 2u32),
    );
    fn initial() -> Self {
        Self::Unopened
    }
    fn decide(
        &self,
        command: &Command,
    ) -> ::core::result::Result<::elsewhere::__private::Vec<AccountEvent<u8>>, Refused> {
        Self::decided(self, ::elsewhere::__private::command::<Command, _>(command))
    }
}
