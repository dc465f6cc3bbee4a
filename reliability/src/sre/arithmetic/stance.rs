use core::fmt;

use crate::sre::{Budget, BudgetPolicy};

/// What is done about a budget.
///
/// ```text
///              below freeze              below roll-back
///  release ───────────────────▶ freeze ──────────────────▶ roll back
///     ▲  ◀────────────────────    ▲    ◀──────────────────    │
///     │   freeze + hysteresis     │   roll-back + hysteresis  │
///     └───────────────────────────┴───────────────────────────┘
/// ```
///
/// From any to any other at once, when the budget says so. Without data, with too few events, or while
/// the unseen part of the window may have been clean, it stays as it is.
///
/// # Examples
///
/// ```
/// use reliability::sre::{self, Stance};
///
/// match sre::gate().stance() {
///     Stance::Release => println!("go"),
///     stance => println!("not now: {stance}"),
/// }
/// assert_eq!(Stance::RollBack.as_str(), "roll back");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Stance {
    /// There is budget: new things may be released.
    #[default]
    Release,
    /// Little is left: nothing new, except what mends something.
    Freeze,
    /// Next to nothing is left: the last release is taken back.
    RollBack,
}

impl Stance {
    /// What follows from a budget, given what was so far.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use reliability::sre::{Budget, BudgetPolicy, GoodAndBad, Reading, Stance, Target};
    ///
    /// const MONTH: Duration = Duration::from_secs(30 * 24 * 3600);
    /// let policy = BudgetPolicy::standard();
    /// let left = |percent: u64| {
    ///     let bad = 1_000 - percent * 10;
    ///     let counts = GoodAndBad::new(1_000_000 - bad, bad);
    ///     Budget::new(Target::percent("99.9"), Reading::rolling(MONTH, MONTH, counts))
    /// };
    ///
    /// let stance = Stance::Release.next(&policy, &left(9));
    /// assert_eq!(stance, Stance::Freeze);
    /// assert_eq!(stance.next(&policy, &left(11)), Stance::Freeze);
    /// assert_eq!(stance.next(&policy, &left(12)), Stance::Release);
    /// ```
    #[must_use]
    pub fn next(self, policy: &BudgetPolicy, budget: &Budget) -> Self {
        if budget.reading().counts.total() < policy.min_events.max(1) {
            return self;
        }
        let points = i16::from(policy.hysteresis_points);
        // To be left, a threshold must be passed by so much more.
        let below = |percent: i16, stance: Self| {
            let percent = if self >= stance { percent.saturating_add(points) } else { percent };
            budget.is_below_percent(percent)
        };
        if below(policy.roll_back_below_percent, Self::RollBack) {
            Self::RollBack
        } else if below(policy.freeze_below_percent, Self::Freeze) {
            Self::Freeze
        } else {
            Self::Release
        }
    }

    /// In a word or two, as it stands in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Freeze => "freeze",
            Self::RollBack => "roll back",
        }
    }
}

impl fmt::Display for Stance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
