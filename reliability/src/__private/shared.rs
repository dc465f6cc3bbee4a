//! What `policy = ..` may be.

use core::ops::Deref;

use crate::resilience::Policy;

/// A policy, or what leads to one.
#[diagnostic::on_unimplemented(
    message = "`policy = ..` wants a `Policy`, but this is a `{Self}`",
    label = "neither a `Policy` nor a reference, `Arc` or `LazyLock` of one",
    note = "what `build()` returns is a `Result`: unwrap it where the policy is made, for example in a `static POLICY: LazyLock<Policy>`, and write `policy = POLICY`"
)]
pub trait Shared {
    /// The policy.
    fn shared(&self) -> &Policy;
}

impl Shared for Policy {
    #[inline]
    fn shared(&self) -> &Policy {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<P: Deref<Target: Shared> + ?Sized> Shared for P {
    #[inline]
    fn shared(&self) -> &Policy {
        (**self).shared()
    }
}

/// The policy that an expression of the user's stands for.
#[inline]
pub fn shared<P: Shared + ?Sized>(policy: &P) -> &Policy {
    policy.shared()
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use core::time::Duration;
    use std::sync::{Arc, LazyLock};

    use super::*;
    use crate::resilience::Invalid;

    #[test]
    fn references_and_owners_lead_to_the_policy() -> Result<(), Invalid> {
        let owner = Arc::new(Policy::builder("shared").timeout(Duration::from_secs(1)).build()?);
        let lazy = LazyLock::new(|| Arc::clone(&owner));
        for found in [shared(&*owner), shared(&owner), shared(&&owner), shared(&lazy)] {
            assert!(core::ptr::eq(found, &*owner));
        }
        Ok(())
    }
}
