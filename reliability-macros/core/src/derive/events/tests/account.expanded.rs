#[automatically_derived]
impl ::reliability::distributed::transaction::event_sourcing::Events for AccountEvent {
    const KINDS: &'static [&'static ::core::primitive::str] = &["account"];
    fn name(&self) -> &'static ::core::primitive::str {
        match self {
            Self::Opened { .. } => "Opened",
            Self::Paid { .. } => "Paid",
            Self::Closed { .. } => "Closed",
        }
    }
    fn write(
        &self,
    ) -> ::core::result::Result<
        ::reliability::journal::Event,
        ::reliability::journal::JournalError,
    > {
        match self {
            Self::Opened(payload) => {
                <Opened as ::reliability::__private::Payload>::write(
                    payload,
                    "Opened",
                    1u32,
                )
            }
            Self::Paid(payload) => {
                <u64 as ::reliability::__private::Payload>::write(payload, "Paid", 3u32)
            }
            Self::Closed => ::reliability::__private::Payload::write(&(), "Closed", 1u32),
        }
    }
    fn read(
        record: &::reliability::journal::Record,
    ) -> ::core::result::Result<
        ::core::option::Option<Self>,
        ::reliability::distributed::transaction::event_sourcing::EventError,
    > {
        let event = &record.event;
        ::core::result::Result::Ok(
            ::core::option::Option::Some(
                match (
                    ::reliability::journal::Event::name(event),
                    ::reliability::journal::Event::version(event),
                ) {
                    ("Opened", 1u32) => {
                        Self::Opened(
                            <Opened as ::reliability::__private::Payload>::read(event)?,
                        )
                    }
                    ("Paid" | "In", 1u32) => {
                        Self::Paid(
                            ::reliability::__private::upcast(
                                b(
                                    ::reliability::__private::upcast(
                                        old::a(::reliability::__private::read_event(event)?),
                                    ),
                                ),
                            ),
                        )
                    }
                    ("Paid" | "In", 2u32) => {
                        Self::Paid(
                            ::reliability::__private::upcast(
                                b(::reliability::__private::read_event(event)?),
                            ),
                        )
                    }
                    ("Paid" | "In", 3u32) => {
                        Self::Paid(
                            <u64 as ::reliability::__private::Payload>::read(event)?,
                        )
                    }
                    ("Closed", 1u32) => Self::Closed,
                    ("Noted", _) => {
                        return ::core::result::Result::Ok(::core::option::Option::None);
                    }
                    _ => {
                        return ::core::result::Result::Err(
                            ::reliability::distributed::transaction::event_sourcing::EventError::unknown(
                                event,
                                &[
                                    ("Opened", 1u32),
                                    ("Paid", 3u32),
                                    ("In", 3u32),
                                    ("Closed", 1u32),
                                ],
                            ),
                        );
                    }
                },
            ),
        )
    }
}
#[automatically_derived]
impl ::reliability::distributed::transaction::event_sourcing::Applies<Account>
for AccountEvent {
    fn apply_to(
        &self,
        to: Account,
    ) -> ::core::result::Result<
        Account,
        ::reliability::distributed::transaction::event_sourcing::OutOfPlace,
    > {
        match self {
            Self::Opened(payload) => {
                let to = match <account::Unopened as ::core::convert::TryFrom<
                    Account,
                >>::try_from(to) {
                    ::core::result::Result::Ok(state) => {
                        let next = ::reliability::__private::led::<
                            account::Unopened,
                            _,
                        >(opened(state, payload));
                        return ::core::result::Result::Ok(
                            ::core::convert::Into::into(next),
                        );
                    }
                    ::core::result::Result::Err(to) => to,
                };
                ::core::result::Result::Err(
                    ::reliability::distributed::transaction::event_sourcing::OutOfPlace::new(
                        "Opened",
                        ::reliability::state::Machine::state_name(&to),
                        &["Unopened"],
                    ),
                )
            }
            Self::Paid(payload) => {
                let to = match <account::Open as ::core::convert::TryFrom<
                    Account,
                >>::try_from(to) {
                    ::core::result::Result::Ok(state) => {
                        let next = ::reliability::__private::led::<
                            account::Open,
                            _,
                        >(paid(state, payload));
                        return ::core::result::Result::Ok(
                            ::core::convert::Into::into(next),
                        );
                    }
                    ::core::result::Result::Err(to) => to,
                };
                let to = match <account::Frozen as ::core::convert::TryFrom<
                    Account,
                >>::try_from(to) {
                    ::core::result::Result::Ok(state) => {
                        let next = ::reliability::__private::led::<
                            account::Frozen,
                            _,
                        >(kept(state, payload));
                        return ::core::result::Result::Ok(
                            ::core::convert::Into::into(next),
                        );
                    }
                    ::core::result::Result::Err(to) => to,
                };
                ::core::result::Result::Err(
                    ::reliability::distributed::transaction::event_sourcing::OutOfPlace::new(
                        "Paid",
                        ::reliability::state::Machine::state_name(&to),
                        &["Open", "Frozen"],
                    ),
                )
            }
            Self::Closed => {
                let to = match <account::Open as ::core::convert::TryFrom<
                    Account,
                >>::try_from(to) {
                    ::core::result::Result::Ok(state) => {
                        let next = ::reliability::__private::led::<
                            account::Open,
                            _,
                        >(closed(state));
                        return ::core::result::Result::Ok(
                            ::core::convert::Into::into(next),
                        );
                    }
                    ::core::result::Result::Err(to) => to,
                };
                ::core::result::Result::Err(
                    ::reliability::distributed::transaction::event_sourcing::OutOfPlace::new(
                        "Closed",
                        ::reliability::state::Machine::state_name(&to),
                        &["Open"],
                    ),
                )
            }
        }
    }
}
