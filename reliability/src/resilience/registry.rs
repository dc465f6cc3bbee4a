//! All policies of the process: list them, find one, inspect or change it.
//!
//! A policy that an annotated function declares is here from before `main`, whether the function
//! has been called or not, under its module path, item and line. A policy built by hand is here
//! from `build()` until its last clone is dropped.
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

use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use super::Policy;
use super::declared::Registered;
use super::policy::WeakPolicy;

/// Where a policy is declared.
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

    fn answers_to(&self, name: &str) -> bool {
        let on_item = self.site.is_some_and(|site| {
            let path = name.strip_suffix(site.item).and_then(|rest| rest.strip_suffix("::"));
            site.item == name || path == Some(site.module)
        });
        on_item || self.policy.name().as_str() == name
    }
}

/// All policies: the declared ones, then those built by hand.
pub fn entries() -> Vec<Entry> {
    let declared =
        inventory::iter::<Registered>.into_iter().flat_map(|registered| registered.0.entries());
    let listed = lock().iter().filter_map(WeakPolicy::upgrade).collect::<Vec<_>>();
    declared.chain(listed.into_iter().map(|policy| Entry { policy, site: None })).collect()
}

/// The first policy of that name, or declared on the item of that name or path.
pub fn find(name: &str) -> Option<Entry> {
    entries().into_iter().find(|entry| entry.answers_to(name))
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
