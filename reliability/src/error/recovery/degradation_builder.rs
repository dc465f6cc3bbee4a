use core::fmt;
use core::time::Duration;

use super::Degradation;
use crate::error::{Invalid, Name};
use crate::time::Clock;

/// Settings of a [`Degradation`] that is yet to be made.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::recovery::Degradation;
/// use reliability::time::ManualClock;
///
/// let time = ManualClock::new();
/// let search = Degradation::builder("search")
///     .levels(3)
///     .lasts(Duration::from_secs(60))
///     .lift_after(20)
///     .clock(time.clock())
///     .build()?;
/// assert_eq!(search.raise_to(2), 2);
/// assert!(search.remaining() >= Some(Duration::from_secs(60)));
///
/// time.advance(Duration::from_secs(61));
/// assert_eq!(search.level(), 0);
/// # Ok::<(), reliability::error::Invalid>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build()`"]
pub struct DegradationBuilder {
    pub(super) name: Name,
    pub(super) levels: u8,
    pub(super) lasts: Duration,
    pub(super) lift_after: u16,
    pub(super) clock: Clock,
}

const LASTS_MIN: Duration = Duration::from_millis(1);
const LASTS_MAX: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl DegradationBuilder {
    pub(super) const fn new(name: Name) -> Self {
        let lasts = Duration::from_secs(30);
        Self { name, levels: 1, lasts, lift_after: 10, clock: Clock::precise() }
    }

    /// Begins one that is to live in a `static`, with the defaults.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::recovery::{Degradation, DegradationBuilder};
    ///
    /// static SEARCH: Degradation = DegradationBuilder::declared("search").levels(2).declare();
    ///
    /// assert_eq!(SEARCH.raise_to(2), 2);
    /// ```
    pub const fn declared(name: &'static str) -> Self {
        Self::new(Name::from_static(name))
    }

    /// How many levels there are below normal: 1 to 255. Default: 1.
    pub const fn levels(mut self, levels: u8) -> Self {
        self.levels = levels;
        self
    }

    /// How long it lasts when nothing raises it again: 1 ms to 7 days. Default: 30 s, in which most
    /// load that was shed has gone elsewhere.
    pub const fn lasts(mut self, lasts: Duration) -> Self {
        self.lasts = lasts;
        self
    }

    /// After how many calls in a row that go well it is lifted: 1 to 65,535. Default: 10, so that one
    /// lucky call does not.
    pub const fn lift_after(mut self, calls: u16) -> Self {
        self.lift_after = calls;
        self
    }

    /// The clock that ends it. Default: [`Clock::precise`]. Read only while something is degraded.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the switch.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when a setting is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::error::recovery::Degradation;
    ///
    /// let invalid = Degradation::builder("search").levels(0).build().unwrap_err();
    /// assert_eq!(invalid.setting(), "levels");
    /// ```
    pub fn build(self) -> Result<Degradation, Invalid> {
        let invalid = |setting, expected, got: &dyn fmt::Display| {
            Err(Invalid::new(self.name.clone(), setting, expected, got))
        };
        match self.wrong() {
            None => Ok(Degradation::made(self)),
            Some(Wrong::Levels) => invalid("levels", "1 to 255", &0),
            Some(Wrong::LiftAfter) => invalid("lift_after", "1 to 65535", &0),
            Some(Wrong::Lasts) => {
                invalid("lasts", "1ms to 7 days", &format_args!("{:?}", self.lasts))
            }
        }
    }

    /// The switch, for a `static`: it is made when it is first used.
    ///
    /// # Panics
    ///
    /// When a setting is out of its range; in a `static` that is an error of the compiler.
    pub const fn declare(self) -> Degradation {
        match self.wrong() {
            None => Degradation::to_be_made(self),
            Some(Wrong::Levels) => panic!("`levels` must be 1 to 255"),
            Some(Wrong::LiftAfter) => panic!("`lift_after` must be 1 to 65535"),
            Some(Wrong::Lasts) => panic!("`lasts` must be 1 ms to 7 days"),
        }
    }

    const fn wrong(&self) -> Option<Wrong> {
        let lasts = self.lasts.as_nanos();
        if self.levels == 0 {
            Some(Wrong::Levels)
        } else if self.lift_after == 0 {
            Some(Wrong::LiftAfter)
        } else if lasts < LASTS_MIN.as_nanos() || lasts > LASTS_MAX.as_nanos() {
            Some(Wrong::Lasts)
        } else {
            None
        }
    }
}

/// The setting that is out of its range.
enum Wrong {
    Levels,
    LiftAfter,
    Lasts,
}
