//! `#[saga]`.

use core::future::{Ready, ready};

use reliability::distributed::transaction::saga::{
    Attempt, Cx, Old, Outcome, Transient, Unwritable, saga,
};

use calls::{charge, confirm, find, quote, release, reserve};

/// With everything.
#[saga(
    input = u64,
    refuse = String,
    shared = u8,
    version = 3,
    migrate(2 => from_v2),
    drain(1),
    deadline = "1h",
    name = "lints.order"
)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Goods are put aside.
    #[step(
        reserve,
        undo = release,
        probe = find,
        retry = 5,
        undo_retry = 8,
        timeout = "2s",
        backoff = exponential("50ms", max = "1s")
    )]
    Reserved(u32),
    /// At the same time.
    #[step(quote, undo = none("read only"), beside = Reserved)]
    Quoted(u32),
    /// Somebody says so.
    #[signal]
    Approved(String),
    /// A while later.
    #[wait("24h")]
    Cooled(()),
    /// The point of no return.
    #[pivot(charge, needs(Reserved, Quoted))]
    Charged(u32),
    /// Behind it.
    #[then(confirm, needs(Charged))]
    Mailed(()),
}

/// What is called has the signature that a saga asks for.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "a step is given references")]
mod calls {
    use super::{Attempt, Cx, Outcome, Ready, Transient, ready};

    pub(super) fn reserve(_: &Cx<u8>, _: &u64) -> Ready<Result<u32, Outcome<String>>> {
        ready(Ok(1))
    }

    pub(super) fn release(
        _: &Cx<u8>,
        _: &u64,
        _: Attempt<'_, u32>,
    ) -> Ready<Result<(), Transient>> {
        ready(Ok(()))
    }

    pub(super) fn find(_: &Cx<u8>, _: &u64) -> Ready<Result<Option<u32>, Transient>> {
        ready(Ok(None))
    }

    pub(super) fn quote(_: &Cx<u8>, _: &u64) -> Ready<Result<u32, Outcome<String>>> {
        ready(Ok(1))
    }

    pub(super) fn charge(
        _: &Cx<u8>,
        _: &u64,
        stock: &u32,
        _: &u32,
    ) -> Ready<Result<u32, Outcome<String>>> {
        ready(Ok(*stock))
    }

    pub(super) fn confirm(_: &Cx<u8>, _: &u64, _: &u32) -> Ready<Result<(), Transient>> {
        ready(Ok(()))
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a migration may fail")]
const fn from_v2(old: Old) -> Result<Old, Unwritable> {
    Ok(old)
}

#[cfg(test)]
mod tests {
    use reliability::distributed::transaction::saga::Saga as _;

    use super::*;

    #[test]
    fn a_saga_knows_its_steps() {
        assert_eq!(Order::DEFINITION.steps().len(), 6);
        assert_eq!(Order::Mailed(()).place(), 5);
        assert_eq!(Order::begin(7).input(), &7);
    }
}
