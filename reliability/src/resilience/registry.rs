//! All policies of the process: list them, find one, inspect or change it.
//!
//! A policy that an annotated function declares is here from before `main`, whether the function
//! has been called or not, under its module path, item and line. A policy built by hand is here
//! from `build()` until its last clone is dropped. So are [rate limits](rate_limits) that count per key
//! or are shared through a store, in a policy or not.
//!
//! ```
//! use std::time::Duration;
//! use reliability::resilience::{Policy, registry};
//!
//! # fn main() -> Result<(), reliability::resilience::Invalid> {
//! let policy = Policy::builder("stock-level").timeout(Duration::from_secs(1)).build()?;
//!
//! let found = registry::find("stock-level").map(|entry| entry.policy().layers().len());
//! assert_eq!(found, Some(1));
//! # Ok(())
//! # }
//! ```

mod force;
mod rate_limits;
mod summary;

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

pub use force::Force;
pub use rate_limits::{RateLimitEntry, find_rate_limit, rate_limits, reconfigure_rate_limit};
pub use summary::Summary;

use super::declared::Registered;
use super::policy::{Settings, WeakPolicy};
use super::{Invalid, Policy};

/// Where a policy is declared.
///
/// # Examples
///
/// ```
/// use reliability::resilience::registry::Site;
///
/// const HERE: Site = Site::new(module_path!(), "price", file!(), line!());
/// assert_eq!(HERE.item, "price");
/// println!("{HERE}");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Site {
    /// The module path, as `module_path!()` says it.
    pub module: &'static str,
    /// The annotated item.
    pub item: &'static str,
    /// The file, as `file!()` says it.
    pub file: &'static str,
    /// The line of the attribute.
    pub line: u32,
}

impl Site {
    /// What a macro knows of the place where it stands.
    #[doc(hidden)]
    pub const fn new(
        module: &'static str,
        item: &'static str,
        file: &'static str,
        line: u32,
    ) -> Self {
        Self { module, item, file, line }
    }
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{} ({}:{})", self.module, self.item, self.file, self.line)
    }
}

/// One policy of the process, and where it is declared.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::Rejected;
/// use reliability::resilience::{registry, resilient};
///
/// #[resilient(name = "entry-price", timeout = "1s")]
/// async fn price(item: u32) -> Result<u32, Rejected> {
///     Ok(item * 100)
/// }
///
/// let entry = registry::find("entry-price").expect("declared, if never called");
/// assert_eq!(entry.policy().settings().timeout, Some(Duration::from_secs(1).into()));
/// assert_eq!(entry.site().map(|site| site.item), Some("price"));
/// ```
#[derive(Debug, Clone)]
pub struct Entry {
    policy: Policy,
    site: Option<Site>,
}

impl Entry {
    pub(super) fn declared(policy: Policy, site: Site) -> Self {
        Self { policy, site: Some(site) }
    }

    /// The policy itself: inspect it, operate its breaker, reconfigure it.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Where it is declared; `None` when it was built by hand.
    pub fn site(&self) -> Option<Site> {
        self.site
    }

    pub(super) fn new(policy: Policy, site: Option<Site>) -> Self {
        Self { policy, site }
    }

    fn answers_to(&self, name: &str) -> bool {
        let on_item = self.site.is_some_and(|site| {
            let path = name.strip_suffix(site.item).and_then(|rest| rest.strip_suffix("::"));
            site.item == name || path == Some(site.module)
        });
        on_item || self.policy.name().as_str() == name
    }

    /// What it answers to, each name once: the item, its path, the policy's own name.
    #[cfg_attr(not(feature = "config"), expect(dead_code, reason = "for overlays"))]
    pub(super) fn names(&self) -> Vec<Cow<'_, str>> {
        let mut names = Vec::new();
        if let Some(site) = self.site {
            names.push(Cow::Borrowed(site.item));
            names.push(Cow::Owned(alloc::format!("{}::{}", site.module, site.item)));
        }
        let own = self.policy.name().as_str();
        names.retain(|name| name != own);
        names.push(Cow::Borrowed(own));
        names
    }
}

/// All policies: the declared ones, then those built by hand.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Policy, registry};
///
/// let policy = Policy::builder("stock-level").timeout(Duration::from_secs(1)).build()?;
/// for entry in registry::entries() {
///     println!("{}: {:?}", entry.policy().name(), entry.policy().layers());
/// }
/// assert!(registry::entries().iter().any(|entry| entry.policy().name() == policy.name()));
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
pub fn entries() -> Vec<Entry> {
    inventory::iter::<Registered>.into_iter().for_each(|registered| registered.0.build());
    built()
}

/// Those of them that have been built. Builds none, so it waits for nobody.
pub(super) fn built() -> Vec<Entry> {
    let declared =
        inventory::iter::<Registered>.into_iter().flat_map(|registered| registered.0.entries());
    let listed = lock().iter().filter_map(WeakPolicy::upgrade).collect::<Vec<_>>();
    declared.chain(listed.into_iter().map(|policy| Entry::new(policy, None))).collect()
}

/// One policy for each declaration whose policies are built later, one per key. They are not among
/// the [`entries`].
#[cfg(feature = "config")]
pub(super) fn samples() -> Vec<Entry> {
    inventory::iter::<Registered>
        .into_iter()
        .filter_map(|registered| registered.0.sample())
        .collect()
}

/// The first policy of that name, or declared on the item of that name or path.
///
/// # Examples
///
/// See the [module](self).
pub fn find(name: &str) -> Option<Entry> {
    entries().into_iter().find(|entry| entry.answers_to(name))
}

/// All policies of that name, or declared on the item of that name or path.
///
/// Names need not be unique: a function with `key = ..` has a policy for each key, and what is built
/// by hand is named as its author likes.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Policy, registry};
///
/// # fn main() -> Result<(), reliability::resilience::Invalid> {
/// let build = || Policy::builder("connection").timeout(Duration::from_secs(1)).build();
/// let connections = [build()?, build()?];
/// assert_eq!(registry::find_all("connection").len(), connections.len());
/// # Ok(())
/// # }
/// ```
pub fn find_all(name: &str) -> Vec<Entry> {
    entries().into_iter().filter(|entry| entry.answers_to(name)).collect()
}

/// Changes settings of the policies of that name, of all of them or of none.
///
/// That are several where they were built by hand under one name, and where a function has a policy
/// for each `key`; policies for keys that come later are not changed (a file of settings does that,
/// with the feature `config`). `change` is called for each of them.
///
/// # Errors
///
/// [`Invalid`], and nothing has changed: when no policy has that name, when several functions in
/// different places have it (then write the path, `module::function`), or when one of the policies
/// cannot work with the new settings.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Policy, registry};
///
/// # fn main() -> Result<(), reliability::resilience::Invalid> {
/// let policy = Policy::builder("quotes").timeout(Duration::from_secs(1)).build()?;
///
/// registry::reconfigure("quotes", |settings| settings.timeout = Some(Duration::from_secs(2).into()))?;
/// assert_eq!(policy.settings().timeout, Some(Duration::from_secs(2).into()));
///
/// let unknown = registry::reconfigure("quote", |_| {}).unwrap_err();
/// assert_eq!(unknown.setting(), "name");
/// # Ok(())
/// # }
/// ```
pub fn reconfigure(name: &str, mut change: impl FnMut(&mut Settings)) -> Result<(), Invalid> {
    let mut changes = Vec::new();
    for Entry { policy, .. } in named(name)? {
        let mut settings = policy.settings();
        change(&mut settings);
        policy.check(&settings)?;
        changes.push((policy, settings));
    }
    for (policy, settings) in changes {
        policy.apply(&settings);
    }
    Ok(())
}

/// Takes the decisions of the policies of that name into the operator's hand, or gives them back.
///
/// # Errors
///
/// [`Invalid`], and nothing has changed: as [`reconfigure`], and when one of the policies lacks what
/// is to be forced.
///
/// # Examples
///
/// ```
/// use reliability::resilience::registry::{self, Force};
/// use reliability::resilience::{Breaker, Policy};
///
/// # fn main() -> Result<(), reliability::resilience::Invalid> {
/// let policy = Policy::builder("ledger").breaker(Breaker::standard("ledger")).build()?;
///
/// registry::force("ledger", Force::BreakerOpen)?;
/// assert!(policy.breaker().is_some_and(|breaker| breaker.acquire().is_err()));
/// registry::force("ledger", Force::BreakerReset)?;
/// # Ok(())
/// # }
/// ```
pub fn force(name: &str, force: Force) -> Result<(), Invalid> {
    let entries = named(name)?;
    entries.iter().try_for_each(|entry| force.check(entry.policy()))?;
    entries.iter().for_each(|entry| force.apply(entry.policy()));
    Ok(())
}

/// All policies with their settings and where they are declared; printed, a table.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::{Policy, registry};
///
/// # fn main() -> Result<(), reliability::resilience::Invalid> {
/// let policy = Policy::builder("shown").timeout(Duration::from_millis(1500)).build()?;
/// let table = registry::summary().to_string();
/// assert!(table.lines().any(|line| line.starts_with("shown") && line.contains("timeout 1.5s")));
/// # Ok(())
/// # }
/// ```
pub fn summary() -> Summary {
    Summary::of(entries())
}

/// The policies of that name, which are of one place.
fn named(name: &str) -> Result<Vec<Entry>, Invalid> {
    let all = entries();
    let named: Vec<Entry> = all.iter().filter(|entry| entry.answers_to(name)).cloned().collect();
    let mut sites: Vec<Option<Site>> = Vec::new();
    for entry in &named {
        if !sites.contains(&entry.site) {
            sites.push(entry.site);
        }
    }
    let invalid = |expected, got: String, advice| {
        Err(Invalid::new(name.to_string(), "name", expected, got).with_advice(advice))
    };
    match sites.len() {
        0 => invalid(
            "that of a policy of this process",
            "that of none".to_string(),
            "`registry::summary()` shows all policies",
        ),
        1 => Ok(named),
        _ => invalid("that of one place", alloc::format!("that of {}", places(&sites)), WRITE_PATH),
    }
}

pub(super) const WRITE_PATH: &str = "write the path of the one that is meant";

/// The places that have one name.
pub(super) fn places(sites: &[Option<Site>]) -> String {
    let place = |site: &Option<Site>| match site {
        Some(site) => {
            alloc::format!("`{}::{}` ({}:{})", site.module, site.item, site.file, site.line)
        }
        None => "a policy that was built by hand".to_string(),
    };
    sites.iter().map(place).collect::<Vec<_>>().join(" and ")
}

static LISTED: Mutex<Vec<WeakPolicy>> = Mutex::new(Vec::new());

fn lock() -> std::sync::MutexGuard<'static, Vec<WeakPolicy>> {
    LISTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Lists a policy that was built by hand.
pub(super) fn list(policy: &Policy) {
    let mut listed = lock();
    // Forget what is gone whenever the list would grow, so that it never outgrows what lives.
    if listed.len() == listed.capacity() {
        listed.retain(|weak| weak.upgrade().is_some());
    }
    listed.push(policy.downgrade());
}

/// Gives a policy that was just built, and can be found here, the settings of a file.
#[cfg(feature = "config")]
pub(super) fn lay_over(policy: &Policy, site: Option<Site>) -> Result<(), Invalid> {
    super::config::lay_over(&Entry::new(policy.clone(), site))
}

#[cfg(not(feature = "config"))]
pub(super) fn lay_over(_: &Policy, _: Option<Site>) -> Result<(), Invalid> {
    Ok(())
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use crate::resilience::Invalid;
    use crate::resilience::declared::Declared;
    use core::time::Duration;

    #[test]
    fn policies_that_are_gone_are_forgotten() -> Result<(), Invalid> {
        let build = |name| Policy::builder(name).timeout(Duration::from_secs(1)).build();
        let kept = build("registry-kept")?;
        for _ in 0..10_000 {
            drop(build("registry-gone")?);
        }
        assert!(find("registry-gone").is_none());
        assert!(lock().len() < 5_000, "room is made before the list grows");
        assert!(find("registry-kept").is_some());
        drop(kept);
        assert!(find("registry-kept").is_none());
        Ok(())
    }

    fn declared(site: Site) -> Entry {
        static POLICY: Declared = Declared::new(Site::new("shop::prices", "price", "f", 1), || {
            Ok(Policy::builder("called").timeout(Duration::from_secs(1)))
        });
        Entry::declared(POLICY.policy().clone(), site)
    }

    #[test]
    fn a_declared_policy_answers_to_its_item_its_path_and_its_name() {
        let entry = declared(Site::new("shop::prices", "price", "f", 1));
        for name in ["price", "shop::prices::price", "called"] {
            assert!(entry.answers_to(name), "{name}");
        }
        for name in ["", "::price", "prices::price", "other::prices::price", "shop::prices"] {
            assert!(!entry.answers_to(name), "{name}");
        }
    }
}
