use ::core::fmt;
use ::core::marker::PhantomData;

use super::driver::Run;
use super::{InTheLog, Outcome, TwoPhaseError};

type Of<'tx, Ps> = PhantomData<(fn(&'tx ()) -> &'tx (), fn() -> Ps)>;

/// A transaction in which everybody has promised.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "everybody waits for the decision: `commit` or `abort`"]
pub struct Prepared<'tx, Ps> {
    run: Run,
    of: Of<'tx, Ps>,
}

/// A decision to commit, which a crash would still undo.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "it is not certain until it is in the log: `log().await`"]
pub struct Decided<'tx, Ps> {
    run: Run,
    of: Of<'tx, Ps>,
}

/// A decision that is written down: it is certain, whatever crashes.
///
/// # Examples
///
/// See the [module](super).
#[must_use = "everybody waits to hear it: `deliver().await`"]
pub struct Logged<'tx, Ps> {
    run: Run,
    of: Of<'tx, Ps>,
}

/// A transaction that does not happen.
///
/// # Examples
///
/// See [`Prepared::abort`].
#[must_use = "everybody waits to hear it: `deliver().await`"]
pub struct Aborting<'tx, Ps> {
    run: Run,
    of: Of<'tx, Ps>,
}

impl<'tx, Ps> Prepared<'tx, Ps> {
    pub(super) const fn new(run: Run) -> Self {
        Self { run, of: PhantomData }
    }

    /// Decides that it happens.
    pub fn commit(
        self, // it is decided: go on with the `Decided` that `commit` gives
    ) -> Decided<'tx, Ps> {
        Decided { run: self.run, of: PhantomData }
    }

    /// Decides that it does not happen.
    ///
    /// # Examples
    ///
    /// ```
    /// # use reliability::distributed::transaction::{Decision, Followed, Vote};
    /// use reliability::distributed::transaction::two_phase::{self, *};
    /// # struct Stock;
    /// # impl Resource for Stock {
    /// #     fn name(&self) -> &str { "stock" }
    /// #     fn commit(&self, _: &TransactionId) -> Answer<'_, Followed> {
    /// #         Box::pin(async { Ok(Followed::AsTold) })
    /// #     }
    /// #     fn abort(&self, _: &TransactionId) -> Answer<'_, Followed> {
    /// #         Box::pin(async { Ok(Followed::AsTold) })
    /// #     }
    /// # }
    /// # impl Participant for Stock {
    /// #     fn prepare(&self, _: &TransactionId) -> Answer<'_, Vote> {
    /// #         Box::pin(async { Ok(Vote::Yes) })
    /// #     }
    /// # }
    /// # async fn customer_is_gone() -> bool { true }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let coordinator = TwoPhase::on(&reliability::journal::Journal::in_memory());
    /// two_phase::begin!(let order = coordinator, TransactionId::new("order-1")?, (Stock, Stock));
    /// let votes = (order.ask::<0>().await?, order.ask::<1>().await?);
    /// let prepared = order.all_voted(votes);
    /// let outcome = match customer_is_gone().await {
    ///     true => prepared.abort().deliver().await,
    ///     false => prepared.commit().log().await?.deliver().await,
    /// };
    /// assert_eq!(outcome.decision, Decision::Abort);
    /// # Ok(())
    /// # }
    /// ```
    pub fn abort(
        self, // it is decided: go on with the `Aborting` that `abort` gives
    ) -> Aborting<'tx, Ps> {
        Aborting::new(self.run)
    }
}

impl<'tx, Ps> Decided<'tx, Ps> {
    pub(super) const fn new(run: Run) -> Self {
        Self { run, of: PhantomData }
    }

    /// Writes it down. When this returns, it is certain.
    ///
    /// # Errors
    ///
    /// [`TakenOver`](TwoPhaseError::TakenOver) when recovery has aborted it, because it took so long;
    /// everybody has been told. [`Undecided`](TwoPhaseError::Undecided) when the journal does not
    /// answer: nobody may be told anything then, and recovery finds out.
    ///
    /// # Cancel safety
    ///
    /// When this is dropped before it returns, it is written or not. Recovery finds out, and tells
    /// everybody.
    pub async fn log(
        self, // it is in the log: go on with the `Logged` that `log` gives
    ) -> Result<Logged<'tx, Ps>, TwoPhaseError> {
        self.run.log().await?;
        Ok(Logged { run: self.run, of: PhantomData })
    }

    #[doc(hidden)]
    pub async fn deliver(self) -> Outcome
    where
        Self: InTheLog,
    {
        self.run.deliver().await
    }
}

impl<Ps> Logged<'_, Ps> {
    /// Tells everybody, again and again, for as long as
    /// [`deliver_within`](super::TwoPhaseBuilder::deliver_within) says.
    ///
    /// # Cancel safety
    ///
    /// It is certain that it commits; who has not heard it yet hears it from recovery.
    pub async fn deliver(
        self, // ends this transaction: begin another one for what comes next, under a name of its own
    ) -> Outcome {
        self.run.deliver().await
    }
}

impl<Ps> Aborting<'_, Ps> {
    pub(super) const fn new(run: Run) -> Self {
        Self { run, of: PhantomData }
    }

    /// Tells everybody, a few times.
    ///
    /// # Cancel safety
    ///
    /// Nobody commits any more; who has not heard it is told by recovery.
    pub async fn deliver(
        self, // ends this transaction: begin another one for what comes next, under a name of its own
    ) -> Outcome {
        self.run.abort().await
    }
}

macro_rules! opaque {
    ($($name:ident)+) => { $(
        impl<Ps> fmt::Debug for $name<'_, Ps> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+ };
}

opaque! { Prepared Decided Logged Aborting }
