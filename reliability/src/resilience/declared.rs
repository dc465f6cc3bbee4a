use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

use super::registry::{Entry, Site};
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
            None => self.policy.get_or_init(|| self.build()),
        }
    }

    #[cold]
    fn build(&self) -> Policy {
        match self.try_build() {
            Ok(policy) => policy,
            Err(invalid) => panic!("{}: {invalid}", self.site),
        }
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
    /// The policies that are there now.
    fn entries(&self) -> Vec<Entry>;
}

impl Declaration for Declared {
    fn entries(&self) -> Vec<Entry> {
        // One whose settings are refused says so when it is called. It must not hide the others.
        let policy = match self.policy.get() {
            Some(policy) => Some(policy),
            None => self.try_build().ok().map(|built| self.policy.get_or_init(|| built)),
        };
        policy.map(|policy| Entry::declared(policy.clone(), self.site)).into_iter().collect()
    }
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
        assert!(REFUSED.entries().is_empty());
        let called = std::panic::catch_unwind(|| REFUSED.policy().name().clone());
        assert!(called.is_err(), "who calls it is told");
    }
}
