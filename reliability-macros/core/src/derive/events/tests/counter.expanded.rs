#[automatically_derived]
impl ::elsewhere::distributed::transaction::event_sourcing::Events for CounterEvent {
    const KINDS: &'static [&'static ::core::primitive::str] = &["counter"];
    fn name(&self) -> &'static ::core::primitive::str {
        match self {
            Self::Added { .. } => "Added",
            Self::Reset { .. } => "Reset",
        }
    }
    fn write(
        &self,
    ) -> ::core::result::Result<
        ::elsewhere::journal::Event,
        ::elsewhere::journal::JournalError,
    > {
        match self {
            Self::Added(payload) => {
                <u64 as ::elsewhere::__private::Payload>::write(payload, "Added", 1u32)
            }
            Self::Reset => ::elsewhere::__private::Payload::write(&(), "Reset", 1u32),
        }
    }
    fn read(
        record: &::elsewhere::journal::Record,
    ) -> ::core::result::Result<
        ::core::option::Option<Self>,
        ::elsewhere::distributed::transaction::event_sourcing::EventError,
    > {
        let event = &record.event;
        ::core::result::Result::Ok(
            ::core::option::Option::Some(
                match (
                    ::elsewhere::journal::Event::name(event),
                    ::elsewhere::journal::Event::version(event),
                ) {
                    ("Added", 1u32) => {
                        Self::Added(
                            <u64 as ::elsewhere::__private::Payload>::read(event)?,
                        )
                    }
                    ("Reset", 1u32) => Self::Reset,
                    _ => {
                        return ::core::result::Result::Err(
                            ::elsewhere::distributed::transaction::event_sourcing::EventError::unknown(
                                event,
                                &[("Added", 1u32), ("Reset", 1u32)],
                            ),
                        );
                    }
                },
            ),
        )
    }
}
#[automatically_derived]
impl ::elsewhere::distributed::transaction::event_sourcing::Applies<Counter>
for CounterEvent {
    fn apply_to(
        &self,
        mut to: Counter,
    ) -> ::core::result::Result<
        Counter,
        ::elsewhere::distributed::transaction::event_sourcing::OutOfPlace,
    > {
        match self {
            Self::Added(payload) => added(&mut to, payload),
            Self::Reset => Counter::reset(&mut to),
        }
        ::core::result::Result::Ok(to)
    }
}
