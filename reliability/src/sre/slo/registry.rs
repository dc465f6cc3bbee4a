use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use std::sync::OnceLock;

use crate::sre::{Core, Slo};
use crate::sync::Mutex;

/// A static core that is listed from before `main`, used or not.
///
/// # Examples
///
/// With the crate `inventory` of the same version:
///
/// ```
/// use reliability::sre::{self, Core, Definition, Objective, Registered, Slo, Target, Window};
///
/// static SEARCH: Slo = {
///     static CORE: Core = Core::new(
///         Definition::new("search", Window::days(28))
///             .objective(Objective::availability(Target::percent("99.5"))),
///     );
///     inventory::submit! { Registered::new(&CORE) }
///     Slo::from_core(&CORE)
/// };
///
/// assert!(sre::all().contains(&SEARCH));
/// ```
#[derive(Debug)]
pub struct Registered(&'static Core);

impl Registered {
    /// Lists that core.
    pub const fn new(core: &'static Core) -> Self {
        Self(core)
    }
}

inventory::collect!(Registered);

/// Every promise of the process: the static ones that are [`Registered`], then those that were made.
///
/// # Examples
///
/// ```
/// use reliability::sre::{self, Definition, Objective, Slo, Target, Window};
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let search = Slo::new(Definition::new("all-search", Window::days(30)).objective(answered))?;
/// for slo in sre::all() {
///     println!("{}", slo.status());
/// }
/// assert!(sre::all().contains(&search));
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
pub fn all() -> Vec<Slo> {
    let declared = inventory::iter::<Registered>.into_iter().map(|entry| Slo::from_core(entry.0));
    let mut all: Vec<Slo> = declared.collect();
    all.extend(made().lock().iter().filter_map(Weak::upgrade).map(Slo::shared));
    all
}

/// The first promise of that name.
///
/// # Examples
///
/// ```
/// use reliability::sre::{self, Definition, Objective, Slo, Target, Window};
///
/// let answered = Objective::availability(Target::percent("99.9"));
/// let search = Slo::new(Definition::new("find-search", Window::days(30)).objective(answered))?;
/// assert_eq!(sre::find("find-search"), Some(search));
/// assert_eq!(sre::find("unheard-of"), None);
/// # Ok::<(), reliability::sre::InvalidDefinition>(())
/// ```
pub fn find(name: &str) -> Option<Slo> {
    all().into_iter().find(|slo| slo.name() == name)
}

/// Lists a core as long as somebody has it.
pub(in crate::sre) fn list(core: &Arc<Core>) {
    let mut made = made().lock();
    made.retain(|core| core.strong_count() > 0);
    made.push(Arc::downgrade(core));
}

fn made() -> &'static Mutex<Vec<Weak<Core>>> {
    static MADE: OnceLock<Mutex<Vec<Weak<Core>>>> = OnceLock::new();
    MADE.get_or_init(|| Mutex::new(Vec::new()))
}
