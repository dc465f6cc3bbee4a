use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::{Applies, Snapshots};

/// A thing whose state is the sum of its events, and that decides on commands.
///
/// Derive it with [`Aggregate`](derive@super::Aggregate). By hand it is where it begins, and how it
/// decides; what its events make of it is said by [`Applies`].
///
/// # Examples
///
/// ```
/// # use reliability::distributed::transaction::event_sourcing::{Applies, EventError, Events, OutOfPlace};
/// # use reliability::journal::{Event, JournalError, Record};
/// use reliability::distributed::transaction::event_sourcing::Aggregate;
///
/// #[derive(Default)]
/// struct Lamp {
///     is_on: bool,
/// }
/// # #[derive(Debug, PartialEq)]
/// # enum Turned { On, Off }
/// # impl Events for Turned {
/// #     const KINDS: &'static [&'static str] = &["lamp"];
/// #     fn name(&self) -> &'static str { "Turned" }
/// #     fn write(&self) -> Result<Event, JournalError> { Event::json("Turned", 1, &()) }
/// #     fn read(_: &Record) -> Result<Option<Self>, EventError> { Ok(Some(Self::On)) }
/// # }
/// # impl Applies<Lamp> for Turned {
/// #     fn apply_to(&self, _: Lamp) -> Result<Lamp, OutOfPlace> {
/// #         Ok(Lamp { is_on: matches!(self, Self::On) })
/// #     }
/// # }
///
/// struct Press;
///
/// impl Aggregate for Lamp {
///     type Command = Press;
///     type Event = Turned;
///     type Refused = core::convert::Infallible;
///
///     fn initial() -> Self {
///         Self::default()
///     }
///
///     fn decide(&self, _: &Press) -> Result<Vec<Turned>, Self::Refused> {
///         Ok(vec![if self.is_on { Turned::Off } else { Turned::On }])
///     }
/// }
///
/// assert_eq!(Lamp::initial().decide(&Press), Ok(vec![Turned::On]));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate",
    label = "it does not say how it decides",
    note = "derive `Aggregate` for it, with `#[aggregate(command = .., event = .., refuse = .., decide = ..)]`"
)]
pub trait Aggregate: Sized + Send + Sync + 'static {
    /// What it is asked to do.
    type Command: Sync;
    /// What can happen to it.
    type Event: Applies<Self>;
    /// Why it does not do what it is asked to.
    type Refused: Send + 'static;

    /// How often it is written down whole, so that not all its events are read again; never, if this
    /// is not said.
    const SNAPSHOTS: Option<Snapshots<Self>> = None;

    /// As it is before anything has happened to it.
    fn initial() -> Self;

    /// What happens on that command: nothing else than a function of the state, because it is asked
    /// again when somebody else was quicker. No event at all means that there is nothing to do.
    ///
    /// # Errors
    ///
    /// When it refuses. Then nothing happens.
    fn decide(&self, command: &Self::Command) -> Result<Vec<Self::Event>, Self::Refused>;
}

/// An event that cannot happen in the state in which it was to be applied.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::OutOfPlace;
///
/// let refused = OutOfPlace::new("Deposited", "Closed", &["Open"]);
/// assert_eq!(
///     refused.to_string(),
///     "the event `Deposited` cannot happen in state `Closed`; it is declared for `Open`",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutOfPlace {
    /// The event.
    pub event: &'static str,
    /// The state.
    pub state: &'static str,
    /// The states in which it can happen.
    pub declared: &'static [&'static str],
}

impl OutOfPlace {
    /// That event in that state, while it is declared for those.
    pub const fn new(
        event: &'static str,
        state: &'static str,
        declared: &'static [&'static str],
    ) -> Self {
        Self { event, state, declared }
    }
}

impl fmt::Display for OutOfPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, state, declared } = self;
        let declared: Vec<String> = declared.iter().map(|it| alloc::format!("`{it}`")).collect();
        let declared = declared.join(", ");
        write!(
            f,
            "the event `{event}` cannot happen in state `{state}`; it is declared for {declared}"
        )
    }
}

impl Error for OutOfPlace {}
