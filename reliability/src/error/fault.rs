use core::fmt;
use core::time::Duration;

use super::recovery::Action;
use super::{Class, Disposition, Rejected, Severity};

/// An error that says what it means for the one who made the call.
///
/// Derive it, or write the one required method:
///
/// ```
/// use reliability::error::{Class, Fault};
///
/// struct LostLeader;
///
/// impl Fault for LostLeader {
///     fn class(&self) -> Class {
///         Class::Transient
///     }
/// }
///
/// // The rest follows from the class, unless it is written as well.
/// assert_eq!(LostLeader.severity(), Class::Transient.severity());
/// assert_eq!(LostLeader.disposition(), Class::Transient.disposition());
/// assert_eq!(LostLeader.retry_after(), None);
/// assert!(LostLeader.rejection().is_none() && LostLeader.recovery().is_none());
/// assert_eq!(LostLeader.fingerprint(), None);
/// ```
///
/// It is implemented for errors of the standard library whose class is clear, for boxed errors
/// (which look inside), and behind features of this crate for those of other libraries.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which of its errors are worth another try",
    label = "`{Self}` does not implement `Fault`",
    note = "derive it: `#[derive(reliability::error::Fault)]` on `{Self}`, with `#[fault(transient)]`, `#[fault(permanent)]` or `#[fault(overloaded)]` on each variant",
    note = "or, for an error that is not yours, add `when = path::to::predicate` to `#[resilient(..)]`: a `fn(&{Self}) -> bool` that says whether to try again"
)]
pub trait Fault {
    /// Whether the same call may succeed if it is made again.
    fn class(&self) -> Class;

    /// How much this matters to the people who run the service; by default what the class says.
    fn severity(&self) -> Severity {
        self.class().severity()
    }

    /// How long the other side asked us to stay away, if it did.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The refusal of a policy that this error stands for, if it stands for one.
    ///
    /// An error type made from [`Rejected`] hands it out here, so that outer policies still see a
    /// refusal as one.
    fn rejection(&self) -> Option<&Rejected> {
        None
    }

    /// Says in words what happened, with all that led to it, outermost first: what an
    /// [`ErrorMonitor`](super::monitor) keeps as the example, and groups by.
    ///
    /// The derive writes what the type has: an error with its sources, else `Display`, else `Debug`.
    /// By default it is the name of the type.
    ///
    /// # Errors
    ///
    /// Those of the formatter.
    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::any::type_name::<Self>())
    }

    /// A name that all errors of this kind have in common, where the type and the shape of the
    /// message do not say it: what an [`ErrorMonitor`](super::monitor) groups by, if it is there.
    fn fingerprint(&self) -> Option<&'static str> {
        None
    }

    /// What to do about it beyond another try or another answer, where it knows: this goes before the
    /// plan of a [`Recovery`](super::Recovery).
    fn recovery(&self) -> Option<Action> {
        None
    }

    /// What policies do with this error: by default the row of its class.
    ///
    /// A boxed error of an unknown type answers [`Disposition::unknown`].
    fn disposition(&self) -> Disposition {
        self.class().disposition()
    }
}
