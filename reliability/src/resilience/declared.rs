use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

use super::registry::{self, Entry, Site};
use super::{Invalid, Policy, PolicyBuilder};

/// A policy that an annotated function declares: built when it is first called or listed.
pub struct Declared {
    site: Site,
    build: fn() -> Result<PolicyBuilder, Invalid>,
    policy: OnceLock<Policy>,
}

impl Declared {
    /// A declaration; nothing is built yet.
    pub const fn new(site: Site, build: fn() -> Result<PolicyBuilder, Invalid>) -> Self {
        Self { site, build, policy: OnceLock::new() }
    }

    /// The policy.
    ///
    /// # Panics
    ///
    /// When the settings are refused after all. The macro checks literals when it is expanded, so
    /// this is left to values that only the running program knows.
    #[inline]
    pub fn policy(&self) -> &Policy {
        match self.policy.get() {
            Some(policy) => policy,
            None => self.build_or_panic(),
        }
    }

    #[cold]
    fn build_or_panic(&self) -> &Policy {
        let policy = self.policy.get_or_init(|| match self.try_build() {
            Ok(policy) => policy,
            Err(invalid) => panic!("{}: {invalid}", self.site),
        });
        lay_over(policy, self.site);
        policy
    }

    fn try_build(&self) -> Result<Policy, Invalid> {
        (self.build)().and_then(PolicyBuilder::build_unlisted)
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Declared").field("site", &self.site).finish_non_exhaustive()
    }
}

/// What declarations submit to the inventory.
#[derive(Debug)]
pub struct Registered(pub &'static dyn Declaration);

/// A declaration of one policy, or of one per key.
pub trait Declaration: fmt::Debug + Sync {
    /// Builds what can be built before it is called.
    fn build(&self);

    /// The policies that are there now.
    fn entries(&self) -> Vec<Entry>;

    /// One that stands for policies which are built later.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "for files of settings"))]
    fn sample(&self) -> Option<Entry>;
}

impl Declaration for Declared {
    fn build(&self) {
        if self.policy.get().is_some() {
            return;
        }
        // One whose settings are refused says so when it is called. It must not hide the others.
        if let Ok(built) = self.try_build() {
            lay_over(self.policy.get_or_init(|| built), self.site);
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let entry = |policy: &Policy| Entry::declared(policy.clone(), self.site);
        self.policy.get().map(entry).into_iter().collect()
    }

    fn sample(&self) -> Option<Entry> {
        None
    }
}

/// Gives a policy that can be found from now on the settings of a file.
pub(super) fn lay_over(policy: &Policy, site: Site) {
    // A file is in force only if what is declared here can work with it; were it otherwise after
    // all, the policy would keep its own: the call that happened to be the first is not to blame.
    drop(registry::lay_over(policy, Some(site)));
}

inventory::collect!(Registered);

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use core::time::Duration;

    #[test]
    fn a_declaration_that_is_refused_does_not_hide_the_others() {
        static REFUSED: Declared = Declared::new(Site::new("m", "i", "f", 1), || {
            Ok(Policy::builder("refused").timeout(Duration::ZERO))
        });
        REFUSED.build();
        assert!(REFUSED.entries().is_empty());
        let called = std::panic::catch_unwind(|| REFUSED.policy().name().clone());
        assert!(called.is_err(), "who calls it is told");
    }
}
