///Who does what in a [`shop::PlaceOrder`].
#[derive(Debug, Clone, Copy)]
#[allow(
    clippy::exhaustive_enums,
    missing_copy_implementations,
    reason = "written by `choreography`"
)]
pub enum Orders {}
#[automatically_derived]
impl ::elsewhere::distributed::transaction::choreography::Choreography for Orders {
    type Events = shop::PlaceOrder;
    type Here = (Warehouse<Postgres>,);
    const ELSEWHERE: &'static [::elsewhere::distributed::transaction::choreography::Link] = &[
        ::elsewhere::distributed::transaction::choreography::Link::of("card", "Charged")
            .hears(
                &[
                    <shop::events::Reserved as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
                ],
            )
            .makes(
                <shop::events::Charged as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
            ),
    ];
    const TERMINAL: &'static [::core::primitive::usize] = &[
        <shop::events::Mailed as ::elsewhere::distributed::transaction::saga::walk::TypedStep>::PLACE,
    ];
}
const _: () = ::elsewhere::distributed::transaction::choreography::check::<Orders>();
#[automatically_derived]
#[allow(dead_code, reason = "written by `choreography`: not everybody draws")]
impl Orders {
    /// These participants, on that journal and that bus; `start` begins.
    pub fn on(
        journal: &::elsewhere::journal::Journal,
        bus: impl ::elsewhere::distributed::transaction::choreography::bus::Bus,
        here: (Warehouse<Postgres>,),
    ) -> ::elsewhere::distributed::transaction::choreography::ChoreographedBuilder<
        Self,
    > {
        ::elsewhere::distributed::transaction::choreography::ChoreographedBuilder::new(
            journal,
            bus,
            here,
        )
    }
    /// Who makes and handles what.
    pub fn wiring() -> ::elsewhere::distributed::transaction::choreography::Wiring {
        ::elsewhere::distributed::transaction::choreography::Wiring::of::<Self>()
    }
}
