use alloc::sync::Arc;
use core::fmt;

use crate::error::{Name, Reason, Rejected};
use crate::resilience::Invalid;
use crate::sync::Padded;
use crate::sync::atomic::{AtomicU64, Ordering};

/// One token. Ratios are kept to three decimals.
const MILLI: u64 = 1_000;

/// The part of a dependency's traffic that may be retries: a bucket of tokens.
///
/// `attempts` bounds the retries of one call, which is no help when every call fails: with four
/// attempts each, an outage quadruples the load just when the dependency can bear least. A budget
/// bounds the retries of all calls together. Each first attempt [deposits](RetryBudget::deposit)
/// a fraction of a token, each retry [withdraws](RetryBudget::withdraw) a whole one, and when the
/// bucket is empty calls fail with what they have.
///
/// Share one budget among all functions that call the same dependency:
/// [`RetryBudget::shared`].
///
/// # Defaults, and why
///
/// | setting | default | meaning |
/// |---|---|---|
/// | [`ratio`](RetryBudgetBuilder::ratio) | 0.2 | in the long run at most 20 % of load on top, while a fault of every tenth attempt is still retried every time |
/// | [`capacity`](RetryBudgetBuilder::capacity) | 100 | at most 100 retries in one burst on top of the ratio: enough for all calls in flight when a connection drops, and a one-time price when the dependency is down |
///
/// The bucket starts full, so that a service which has just begun may retry.
///
/// # Guarantees
///
/// After *d* deposits at most capacity + *d* * ratio withdrawals have succeeded, with any number
/// of threads; the bucket never pays out of more than `capacity`, nor below nothing.
///
/// It is one word, changed by compare-and-swap. A deposit into a full bucket writes nothing, so
/// calls that succeed share no written cache line.
///
/// # Examples
///
/// ```
/// use reliability::error::Reason;
/// use reliability::resilience::retry::RetryBudget;
///
/// let budget = RetryBudget::builder("inventory").ratio(0.5).capacity(2).build()?;
/// assert!(budget.withdraw().is_ok());
/// assert!(budget.withdraw().is_ok());
/// assert_eq!(budget.withdraw().unwrap_err().reason(), Reason::BudgetExhausted);
///
/// budget.deposit();
/// budget.deposit();
/// assert!(budget.withdraw().is_ok());
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Clone)]
pub struct RetryBudget {
    shared: Arc<Bucket>,
}

struct Bucket {
    name: Name,
    /// Read by every call, written by nobody but an operator; away from the tokens.
    settings: Padded<AtomicU64>,
    millitokens: Padded<AtomicU64>,
}

impl RetryBudget {
    /// Tokens per first attempt, where [`ratio`](RetryBudgetBuilder::ratio) is not set.
    pub const DEFAULT_RATIO: f64 = 0.2;

    /// Tokens in a full bucket, where [`capacity`](RetryBudgetBuilder::capacity) is not set.
    pub const DEFAULT_CAPACITY: u32 = 100;

    /// The largest bucket that can be asked for.
    pub const CAPACITY_MAX: u32 = 1_000_000;

    /// A full budget with all defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::RetryBudget;
    ///
    /// assert_eq!(RetryBudget::standard("inventory").tokens(), 100.0);
    /// ```
    pub fn standard(name: impl Into<Name>) -> Self {
        Self::full(name.into(), Word::of(&BudgetSettings::standard()))
    }

    /// A budget with other settings than the default.
    ///
    /// `name` stands in refusals and logs.
    pub fn builder(name: impl Into<Name>) -> RetryBudgetBuilder {
        RetryBudgetBuilder { name: name.into(), settings: BudgetSettings::standard() }
    }

    /// The name it was made with.
    pub fn name(&self) -> &Name {
        &self.shared.name
    }

    /// Pays in for a first attempt: `ratio` tokens, or what still fits.
    ///
    /// Into a full bucket it only looks.
    #[inline]
    pub fn deposit(&self) {
        let settings = self.word();
        let seen = self.shared.millitokens.load(Ordering::Relaxed);
        if seen < settings.capacity_millis() {
            self.deposit_where_it_fits(seen, settings);
        }
    }

    #[cold]
    fn deposit_where_it_fits(&self, mut seen: u64, settings: Word) {
        // Relaxed throughout: tokens are only counted, and guard no other memory.
        while seen < settings.capacity_millis() {
            let next = (seen + settings.ratio_millis()).min(settings.capacity_millis());
            match self.replace(seen, next) {
                Ok(_) => return,
                Err(found) => seen = found,
            }
        }
    }

    /// Takes one token for a retry.
    ///
    /// # Errors
    ///
    /// [`Rejected`] for [`Reason::BudgetExhausted`] when less than one token is left. When that
    /// changes depends on the traffic, so the refusal says no `retry_after`.
    pub fn withdraw(&self) -> Result<(), Rejected> {
        let capacity = self.word().capacity_millis();
        let mut seen = self.shared.millitokens.load(Ordering::Relaxed);
        loop {
            // The capacity may have shrunk while a deposit under the old one was on its way.
            let Some(left) = seen.min(capacity).checked_sub(MILLI) else {
                return Err(Rejected::new(Reason::BudgetExhausted, self.shared.name.clone()));
            };
            match self.replace(seen, left) {
                Ok(_) => return Ok(()),
                Err(found) => seen = found,
            }
        }
    }

    #[inline]
    fn replace(&self, seen: u64, next: u64) -> Result<u64, u64> {
        let relaxed = Ordering::Relaxed;
        self.shared.millitokens.compare_exchange_weak(seen, next, relaxed, relaxed)
    }

    /// The tokens left, in thousandths resolution: 0 to `capacity`.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder("inventory").build()?;
    /// assert_eq!(budget.tokens(), 100.0);
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn tokens(&self) -> f64 {
        let held = self.shared.millitokens.load(Ordering::Relaxed);
        held.min(self.word().capacity_millis()) as f64 / MILLI as f64
    }

    /// What can be changed while calls run, as it is now.
    pub fn settings(&self) -> BudgetSettings {
        let word = self.word();
        let ratio = word.ratio_millis() as f64 / MILLI as f64;
        BudgetSettings { ratio, capacity: word.capacity() }
    }

    /// Changes the settings of a budget in use; what it holds stays, as far as it fits.
    ///
    /// A larger bucket is not filled up: the tokens in it were not earned yet. All clones see the
    /// change with their next call.
    ///
    /// # Errors
    ///
    /// [`Invalid`], and nothing changes, under the conditions of
    /// [`build`](RetryBudgetBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::retry::RetryBudget;
    ///
    /// let budget = RetryBudget::builder("inventory").capacity(50).build()?;
    /// budget.reconfigure(|settings| settings.capacity = 20)?;
    /// assert_eq!((budget.settings().capacity, budget.tokens()), (20, 20.0));
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    pub fn reconfigure(&self, change: impl FnOnce(&mut BudgetSettings)) -> Result<(), Invalid> {
        let mut settings = self.settings();
        change(&mut settings);
        self.check(&settings)?;
        self.apply(&settings);
        Ok(())
    }

    /// Whether it can work with these settings.
    pub(crate) fn check(&self, settings: &BudgetSettings) -> Result<(), Invalid> {
        Word::checked(&self.shared.name, settings).map(drop)
    }

    /// Puts settings into force that were checked.
    pub(crate) fn apply(&self, settings: &BudgetSettings) {
        self.put(Word::of(settings));
    }

    /// The same for clones, and for nothing else that lives.
    #[cfg_attr(not(feature = "config"), allow(dead_code, reason = "configuration and metrics ask"))]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    pub(super) fn put(&self, settings: Word) {
        self.shared.settings.store(settings.0, Ordering::Relaxed);
        self.shared.millitokens.fetch_min(settings.capacity_millis(), Ordering::Relaxed);
    }

    pub(super) fn full(name: Name, settings: Word) -> Self {
        let millitokens = Padded(AtomicU64::new(settings.capacity_millis()));
        let settings = Padded(AtomicU64::new(settings.0));
        Self { shared: Arc::new(Bucket { name, settings, millitokens }) }
    }

    /// Fills the bucket that a registry made before its settings were declared.
    #[cfg(feature = "std")]
    pub(super) fn grow_by(&self, tokens: u32) {
        self.shared.millitokens.fetch_add(u64::from(tokens) * MILLI, Ordering::Relaxed);
    }

    #[inline]
    fn word(&self) -> Word {
        Word(self.shared.settings.load(Ordering::Relaxed))
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget")
            .field("name", &self.shared.name)
            .field("tokens", &self.tokens())
            .field("ratio", &self.settings().ratio)
            .field("capacity", &self.settings().capacity)
            .finish()
    }
}

/// What can be changed while a [`RetryBudget`] works.
///
/// # Examples
///
/// ```
/// use reliability::resilience::RetryBudget;
/// use reliability::resilience::retry::BudgetSettings;
///
/// let budget = RetryBudget::standard("inventory");
/// assert_eq!(budget.settings(), BudgetSettings::standard());
/// assert_eq!(budget.settings().ratio, RetryBudget::DEFAULT_RATIO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct BudgetSettings {
    /// Tokens that a first attempt deposits: 0, or 0.001 to 1.
    pub ratio: f64,
    /// Tokens that a full bucket holds: 1 to [`CAPACITY_MAX`](RetryBudget::CAPACITY_MAX).
    pub capacity: u32,
}

impl BudgetSettings {
    /// [`DEFAULT_RATIO`](RetryBudget::DEFAULT_RATIO) and
    /// [`DEFAULT_CAPACITY`](RetryBudget::DEFAULT_CAPACITY).
    pub const fn standard() -> Self {
        Self { ratio: RetryBudget::DEFAULT_RATIO, capacity: RetryBudget::DEFAULT_CAPACITY }
    }
}

/// Ratio in thousandths and capacity in one word, so that no call sees the one without the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Word(u64);

impl Word {
    pub(super) fn checked(name: &Name, settings: &BudgetSettings) -> Result<Self, Invalid> {
        let BudgetSettings { ratio, capacity } = *settings;
        let millis = if (0.0..=1.0).contains(&ratio) { ratio * MILLI as f64 + 0.5 } else { -1.0 };
        if millis < 0.0 || (ratio > 0.0 && millis < 1.0) {
            let expected = "0, or 0.001 to 1";
            return Err(Invalid::new(name.clone(), "ratio", expected, ratio)
                .with_advice("write `0.2` to allow one retry for five calls"));
        }
        if !(1..=RetryBudget::CAPACITY_MAX).contains(&capacity) {
            let expected = alloc::format!("1 to {} tokens", RetryBudget::CAPACITY_MAX);
            return Err(Invalid::new(name.clone(), "capacity", expected, capacity)
                .with_advice("leave out `retry` where no retry is wanted"));
        }
        Ok(Self::of(settings))
    }

    fn of(settings: &BudgetSettings) -> Self {
        let ratio_millis = (settings.ratio * MILLI as f64 + 0.5) as u64;
        Self(ratio_millis << 32 | u64::from(settings.capacity))
    }

    pub(super) fn ratio_millis(self) -> u64 {
        self.0 >> 32
    }

    pub(super) fn capacity(self) -> u32 {
        self.0 as u32
    }

    fn capacity_millis(self) -> u64 {
        u64::from(self.capacity()) * MILLI
    }
}

/// Settings of a [`RetryBudget`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use reliability::resilience::RetryBudget;
///
/// let budget = RetryBudget::builder("inventory").ratio(0.1).capacity(20).build()?;
/// assert_eq!((budget.name().as_str(), budget.tokens()), ("inventory", 20.0));
/// assert_eq!(budget.settings().ratio, 0.1);
/// # Ok::<(), reliability::resilience::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()` or `shared()`"]
pub struct RetryBudgetBuilder {
    name: Name,
    settings: BudgetSettings,
}

impl RetryBudgetBuilder {
    /// Tokens that each first attempt deposits: 0.001 to 1, rounded to thousandths.
    /// Default: [`RetryBudget::DEFAULT_RATIO`].
    ///
    /// 0 is allowed too: the tokens it starts with are then all there will ever be.
    pub fn ratio(mut self, ratio: f64) -> Self {
        self.settings.ratio = ratio;
        self
    }

    /// Tokens that a full bucket holds, and the bucket starts full: 1 to 1,000,000.
    /// Default: [`RetryBudget::DEFAULT_CAPACITY`].
    pub fn capacity(mut self, capacity: u32) -> Self {
        self.settings.capacity = capacity;
        self
    }

    /// Makes a budget that only its clones share.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when ratio or capacity is out of its range.
    pub fn build(self) -> Result<RetryBudget, Invalid> {
        let settings = Word::checked(&self.name, &self.settings)?;
        Ok(RetryBudget::full(self.name, settings))
    }

    /// Declares the budget of that name for the whole process, and returns it.
    ///
    /// The first declaration decides the settings, wherever it comes; another one must be equal.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when ratio or capacity is out of its range, when the name was declared with
    /// other settings, or when the process has [`SHARED_MAX`](RetryBudget::SHARED_MAX) shared
    /// budgets already.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::retry::RetryBudget;
    ///
    /// let declared = RetryBudget::builder("payments").ratio(0.1).shared()?;
    /// let same = RetryBudget::shared("payments")?;
    /// assert_eq!(same.settings().ratio, 0.1);
    ///
    /// let conflict = RetryBudget::builder("payments").ratio(0.3).shared().unwrap_err();
    /// assert_eq!(conflict.setting(), "ratio");
    /// # Ok::<(), reliability::resilience::Invalid>(())
    /// ```
    #[cfg(feature = "std")]
    pub fn shared(self) -> Result<RetryBudget, Invalid> {
        let settings = Word::checked(&self.name, &self.settings)?;
        super::shared_budgets::declare(self.name, settings)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests;

#[cfg(all(test, reliability_loom))]
mod loom_tests;
