/// What follows when little of an error budget is left.
///
/// # Examples
///
/// ```
/// use reliability::sre::BudgetPolicy;
///
/// const STRICT: BudgetPolicy = BudgetPolicy::standard().freeze_below(20).roll_back_below(10);
///
/// assert_eq!(BudgetPolicy::standard().freeze_below_percent, 10);
/// assert_eq!(STRICT.roll_back_below_percent, 10);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct BudgetPolicy {
    /// With less left than that, in per cent, nothing new is released.
    pub freeze_below_percent: i16,
    /// With less left than that, in per cent, the last release is taken back.
    pub roll_back_below_percent: i16,
    /// So many points above a threshold it ends again.
    pub hysteresis_points: u8,
    /// With fewer events than that in the window nothing is decided, and what was decided stays.
    pub min_events: u64,
}

impl BudgetPolicy {
    /// Freeze below 10 % of the budget, roll back below 5 %, until it is 2 points more again; decide
    /// nothing on fewer than 60 events.
    pub const fn standard() -> Self {
        Self {
            freeze_below_percent: 10,
            roll_back_below_percent: 5,
            hysteresis_points: 2,
            min_events: 60,
        }
    }

    /// Another threshold for the freeze, in per cent of the budget: above that of the roll-back, at
    /// most 100. It may be negative, for who freezes only when more is used than there was.
    #[must_use]
    pub const fn freeze_below(mut self, percent: i16) -> Self {
        self.freeze_below_percent = percent;
        self
    }

    /// Another threshold for the roll-back, in per cent of the budget: -1000 to below that of the
    /// freeze.
    #[must_use]
    pub const fn roll_back_below(mut self, percent: i16) -> Self {
        self.roll_back_below_percent = percent;
        self
    }

    /// How many points above its threshold a decision ends: 0 to 50.
    #[must_use]
    pub const fn hysteresis(mut self, points: u8) -> Self {
        self.hysteresis_points = points;
        self
    }

    /// With how many events in the window decisions begin.
    #[must_use]
    pub const fn min_events(mut self, events: u64) -> Self {
        self.min_events = events;
        self
    }
}

impl Default for BudgetPolicy {
    fn default() -> Self {
        Self::standard()
    }
}
