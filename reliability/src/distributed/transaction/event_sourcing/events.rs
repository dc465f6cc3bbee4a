use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;

use super::OutOfPlace;
use crate::error::{Class, Fault};
use crate::journal::{Event, JournalError, Record};

/// An enum of all that can happen to one kind of thing: what is written, and read again years later.
///
/// Derive it with [`Events`](derive@super::Events). By hand it is a name and a version for each
/// variant:
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::{EventError, Events};
/// use reliability::journal::{Event, JournalError, Record};
///
/// enum Turned {
///     On,
///     Off,
/// }
///
/// impl Events for Turned {
///     const KINDS: &'static [&'static str] = &["switch"];
///
///     fn name(&self) -> &'static str {
///         match self {
///             Self::On => "On",
///             Self::Off => "Off",
///         }
///     }
///
///     fn write(&self) -> Result<Event, JournalError> {
///         Event::json(self.name(), 1, &())
///     }
///
///     fn read(record: &Record) -> Result<Option<Self>, EventError> {
///         match (record.event.name(), record.event.version()) {
///             ("On", 1) => Ok(Some(Self::On)),
///             ("Off", 1) => Ok(Some(Self::Off)),
///             _ => Err(EventError::unknown(&record.event, &[("On", 1), ("Off", 1)])),
///         }
///     }
/// }
///
/// assert_eq!(Turned::On.write()?.name(), "On");
/// # Ok::<(), JournalError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an enum of events",
    label = "these cannot be written and read again",
    note = "derive `Events` for it, with `#[events(kind = \"..\")]`"
)]
pub trait Events: Sized + Send + Sync + 'static {
    /// The kinds of the streams in which they are found. Those of an aggregate are in streams of the
    /// first one.
    const KINDS: &'static [&'static str];

    /// The name under which it is written.
    fn name(&self) -> &'static str;

    /// As it is written.
    ///
    /// # Errors
    ///
    /// [`JournalError::Unreadable`] when its payload cannot be written as JSON.
    fn write(&self) -> Result<Event, JournalError>;

    /// As it was written, by this program or an older one; `None` for what was given up on purpose,
    /// and changes nothing any more.
    ///
    /// # Errors
    ///
    /// When there is no event of that name and version, or its payload is of another form.
    fn read(record: &Record) -> Result<Option<Self>, EventError>;
}

/// Events that say what they make of an aggregate.
///
/// The derive of [`Events`](derive@super::Events) writes it from `apply` at each event. By hand:
///
/// ```
/// # use reliability::distributed::transaction::event_sourcing::{EventError, Events};
/// # use reliability::journal::{Event, JournalError, Record};
/// use reliability::distributed::transaction::event_sourcing::{Applies, OutOfPlace};
///
/// struct Lamp {
///     is_on: bool,
/// }
///
/// enum Turned {
///     On,
///     Off,
/// }
/// # impl Events for Turned {
/// #     const KINDS: &'static [&'static str] = &["lamp"];
/// #     fn name(&self) -> &'static str { "Turned" }
/// #     fn write(&self) -> Result<Event, JournalError> { Event::json("Turned", 1, &()) }
/// #     fn read(_: &Record) -> Result<Option<Self>, EventError> { Ok(Some(Self::On)) }
/// # }
///
/// impl Applies<Lamp> for Turned {
///     fn apply_to(&self, _: Lamp) -> Result<Lamp, OutOfPlace> {
///         Ok(Lamp { is_on: matches!(self, Self::On) })
///     }
/// }
///
/// assert!(Turned::On.apply_to(Lamp { is_on: false })?.is_on);
/// # Ok::<(), OutOfPlace>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what its events make of `{A}`",
    label = "nothing applies these events to `{A}`",
    note = "add `aggregate = {A}` to its `#[events(..)]`, and `#[event(apply = ..)]` to each event"
)]
pub trait Applies<A>: Events {
    /// What it makes of that.
    ///
    /// # Errors
    ///
    /// When it cannot happen in that state.
    fn apply_to(&self, to: A) -> Result<A, OutOfPlace>;
}

/// A record that is no event of this program.
///
/// # Examples
///
/// ```
/// use reliability::distributed::transaction::event_sourcing::EventError;
/// use reliability::journal::Event;
///
/// let read = |version| EventError::unknown(&Event::bytes("Opened", version, []), &[("Opened", 2)]);
/// assert_eq!(
///     read(3).to_string(),
///     "`Opened` was written in version 3, and this program reads up to version 2: run a newer one",
/// );
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum EventError {
    /// There is no event of that name.
    Unknown {
        /// Its name.
        name: String,
    },
    /// There is one of that name, and not in that version.
    Version {
        /// Its name.
        name: String,
        /// The version that was written.
        version: u32,
        /// The version that this program writes.
        known: u32,
    },
    /// Its payload is of another form.
    Unreadable(JournalError),
}

impl EventError {
    /// What is wrong with that event, where these names and versions are known.
    pub fn unknown(event: &Event, known: &[(&str, u32)]) -> Self {
        let (name, version) = (event.name().to_string(), event.version());
        match known.iter().find(|(known, _)| *known == name) {
            Some((_, known)) => Self::Version { name, version, known: *known },
            None => Self::Unknown { name },
        }
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { name } => write!(
                f,
                "there is no event `{name}`: run a newer program, or if it was given up on purpose \
                 write `#[events(retired(\"{name}\"))]`"
            ),
            Self::Version { name, version, known } if version > known => write!(
                f,
                "`{name}` was written in version {version}, and this program reads up to version \
                 {known}: run a newer one"
            ),
            Self::Version { name, version, .. } => write!(
                f,
                "nothing reads version {version} of `{name}`: write `upcast({version} => ..)` at \
                 that event"
            ),
            Self::Unreadable(error) => error.fmt(f),
        }
    }
}

impl Error for EventError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Unreadable(error) => error.source(),
            _ => None,
        }
    }
}

impl Fault for EventError {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<JournalError> for EventError {
    fn from(error: JournalError) -> Self {
        Self::Unreadable(error)
    }
}
