use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;
use std::sync::{PoisonError, RwLock};

use super::View;
use crate::error::{Class, Fault};

/// A part of the page, shown by the module that knows what it is about.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use reliability::telemetry::dashboard::{self, Panel, Standing, View};
///
/// struct Orders;
///
/// impl Panel for Orders {
///     fn id(&self) -> &'static str {
///         "orders"
///     }
///
///     fn title(&self) -> &'static str {
///         "Orders"
///     }
///
///     fn view(&self) -> View {
///         View::new(Standing::Ok, "no order is waiting")
///     }
/// }
///
/// dashboard::add_panel(Arc::new(Orders));
/// ```
pub trait Panel: Send + Sync {
    /// What tells it from other panels, in lower case: part of addresses.
    fn id(&self) -> &'static str;

    /// What stands above it.
    fn title(&self) -> &'static str;

    /// What it shows now. Asked about once a second while somebody looks, so it must not wait.
    fn view(&self) -> View;

    /// Does what an operator has ordered, and says what was done.
    ///
    /// # Errors
    ///
    /// [`NotDone`] says why not; by default there is nothing that can be ordered.
    fn act(&self, row: &str, action: &str) -> Result<String, NotDone> {
        let _ = row;
        Err(NotDone::new(alloc::format!(
            "panel `{}` has no action `{action}`: it only shows",
            self.id()
        )))
    }
}

/// Why an order was not carried out.
///
/// # Examples
///
/// ```
/// use reliability::error::{Class, Fault};
/// use reliability::telemetry::dashboard::{NotDone, Panel, Standing, View};
///
/// struct Orders;
///
/// impl Panel for Orders {
///     fn id(&self) -> &'static str {
///         "orders"
///     }
///
///     fn title(&self) -> &'static str {
///         "Orders"
///     }
///
///     fn view(&self) -> View {
///         View::new(Standing::Ok, "no order is waiting")
///     }
///
///     fn act(&self, order: &str, action: &str) -> Result<String, NotDone> {
///         match action {
///             "retry" => Ok(format!("order {order} is tried again")),
///             _ => Err(NotDone::new(format!("an order cannot `{action}`"))),
///         }
///     }
/// }
///
/// assert!(Orders.act("17", "retry").is_ok());
/// assert_eq!(Orders.act("17", "burn").unwrap_err().to_string(), "an order cannot `burn`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotDone {
    why: String,
}

impl NotDone {
    /// Says why.
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

impl fmt::Display for NotDone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for NotDone {}

impl Fault for NotDone {
    fn class(&self) -> Class {
        Class::Permanent
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The panel of a module of this crate, submitted before `main`. Those with a lower place come
/// first.
pub(crate) struct Submitted {
    pub(crate) place: u32,
    pub(crate) panel: &'static dyn Panel,
}

inventory::collect!(Submitted);

static ADDED: RwLock<Vec<Arc<dyn Panel>>> = RwLock::new(Vec::new());

/// Shows a panel of the program's own, below those of this crate. One of the same id is replaced.
///
/// # Examples
///
/// See [`Panel`].
pub fn add_panel(panel: Arc<dyn Panel>) {
    let mut added = ADDED.write().unwrap_or_else(PoisonError::into_inner);
    let replaced = match added.iter_mut().find(|known| known.id() == panel.id()) {
        Some(known) => Some(core::mem::replace(known, panel)),
        None => {
            added.push(panel);
            None
        }
    };
    // Not under the lock: it may add another one when it is dropped.
    drop(added);
    drop(replaced);
}

/// Calls `each` for every panel, in the order of the page.
pub(super) fn for_each(mut each: impl FnMut(&dyn Panel)) {
    let mut submitted: Vec<&Submitted> = inventory::iter::<Submitted>.into_iter().collect();
    submitted.sort_by_key(|it| it.place);
    submitted.into_iter().for_each(|it| each(it.panel));
    let added = ADDED.read().unwrap_or_else(PoisonError::into_inner).clone();
    added.iter().for_each(|panel| each(&**panel));
}
