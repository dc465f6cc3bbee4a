use core::fmt;

use super::TraceId;
use crate::error::Invalid;

/// The head decision: whether a trace is recorded, before any span of it is built.
///
/// It is a pure function of the trace id and of what the caller said, so every process that has the
/// same share comes to the same answer, and a lower share keeps a part of what a higher one keeps.
/// A trace is kept where the last 56 bits of its id, which are random, are not below a threshold.
/// (OpenTelemetry, "TraceState: Probability Sampling"; W3C Trace Context level 2, "random".)
///
/// | constructor | `OTEL_TRACES_SAMPLER` | nobody called | the caller keeps it | the caller does not |
/// |---|---|---|---|---|
/// | [`always_on`](Sampler::always_on) | `always_on` | yes | yes | yes |
/// | [`always_off`](Sampler::always_off) | `always_off` | no | no | no |
/// | [`ratio`](Sampler::ratio) | `traceidratio` | a share | a share | a share |
/// | [`parent_based`](Sampler::parent_based) | `parentbased_..` | as the one inside | yes | no |
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::{Sampler, TraceId};
///
/// let sampler = Sampler::ratio(0.25)?.parent_based();
/// let id: TraceId = "4bf92f3577b34da6a3ce929d0e0e4736".parse()?;
/// assert!(sampler.keeps(id, Some(true)));
/// assert!(!sampler.keeps(id, Some(false)));
/// assert_eq!(sampler.keeps(id, None), Sampler::ratio(0.25)?.keeps(id, None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampler {
    pub(super) root: Threshold,
    pub(super) caller_keeps: Threshold,
    pub(super) caller_does_not: Threshold,
}

impl Sampler {
    /// Keeps every trace.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::telemetry::trace::{Sampler, TraceId};
    ///
    /// let id = TraceId::random();
    /// assert!(Sampler::always_on().keeps(id, None));
    /// assert!(!Sampler::always_off().keeps(id, None));
    /// ```
    pub const fn always_on() -> Self {
        Self::all(Threshold::ALWAYS)
    }

    /// Keeps none.
    pub const fn always_off() -> Self {
        Self::all(Threshold::NEVER)
    }

    /// Keeps that share of all traces, from 0 to 1, whatever the caller does.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when it is no such number.
    pub fn ratio(share: f64) -> Result<Self, Invalid> {
        Threshold::keeping(share).map(Self::all).ok_or_else(|| {
            Invalid::new("traces", "ratio", "a share from 0 to 1", share)
                .with_advice("write `0.01` for 1 %")
        })
    }

    /// Does what the caller does, and this where nobody called.
    #[must_use]
    pub const fn parent_based(self) -> Self {
        Self { root: self.root, caller_keeps: Threshold::ALWAYS, caller_does_not: Threshold::NEVER }
    }

    /// The sampler of that name, as `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` have it.
    ///
    /// # Errors
    ///
    /// [`Invalid`] for another name, or where the argument is no share.
    pub fn named(name: &str, argument: Option<&str>) -> Result<Self, Invalid> {
        let share = || match argument.map(str::trim).filter(|argument| !argument.is_empty()) {
            None => Ok(Self::always_on()),
            Some(text) => {
                let share = text.parse().ok().and_then(Threshold::keeping);
                share.map(Self::all).ok_or_else(|| {
                    Invalid::new("traces", "OTEL_TRACES_SAMPLER_ARG", "a share from 0 to 1", text)
                        .with_advice("write `0.01` for 1 %")
                })
            }
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "always_on" => Ok(Self::always_on()),
            "always_off" => Ok(Self::always_off()),
            "traceidratio" => share(),
            "parentbased_always_on" => Ok(Self::always_on().parent_based()),
            "parentbased_always_off" => Ok(Self::always_off().parent_based()),
            "parentbased_traceidratio" => share().map(Self::parent_based),
            _ => Err(Invalid::new("traces", "OTEL_TRACES_SAMPLER", EXPECTED, name).with_advice(
                "write `parentbased_traceidratio`, and the share into `OTEL_TRACES_SAMPLER_ARG`",
            )),
        }
    }

    /// Whether a trace is kept. `caller` is what the caller said, if there is one.
    pub const fn keeps(&self, id: TraceId, caller: Option<bool>) -> bool {
        match caller {
            None => self.root.keeps(id),
            Some(true) => self.caller_keeps.keeps(id),
            Some(false) => self.caller_does_not.keeps(id),
        }
    }

    const fn all(threshold: Threshold) -> Self {
        Self { root: threshold, caller_keeps: threshold, caller_does_not: threshold }
    }
}

const EXPECTED: &str = "`always_on`, `always_off`, `traceidratio`, or one of them behind \
                        `parentbased_`";

impl Default for Sampler {
    /// What the caller does, and every trace where nobody called.
    fn default() -> Self {
        Self::always_on().parent_based()
    }
}

/// A trace is kept if its random bits are not below this.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Threshold(u64);

const RANDOM_BITS: u32 = 56;

impl Threshold {
    pub(super) const ALWAYS: Self = Self(0);
    pub(super) const NEVER: Self = Self(1 << RANDOM_BITS);

    /// `None` unless it is a share from 0 to 1.
    pub(super) fn keeping(share: f64) -> Option<Self> {
        let whole = Self::NEVER.0 as f64;
        // Exact where it can be: a share has no more than 53 bits.
        (0.0..=1.0).contains(&share).then(|| Self(Self::NEVER.0 - (share * whole).round() as u64))
    }

    #[inline]
    pub(super) const fn keeps(self, id: TraceId) -> bool {
        (id.get() as u64) & (Self::NEVER.0 - 1) >= self.0
    }

    /// The share that is kept.
    pub(super) fn share(self) -> f64 {
        (Self::NEVER.0 - self.0) as f64 / Self::NEVER.0 as f64
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
    }

    pub(super) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

impl fmt::Debug for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.share().fmt(f)
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::expect_used, reason = "helpers of tests")]

    use alloc::string::ToString;

    use super::*;
    use proptest::prelude::*;

    fn id(number: u128) -> TraceId {
        TraceId::new(number).unwrap_or(TraceId::new(1).expect("not zero"))
    }

    #[test]
    fn only_the_last_seven_bytes_decide() {
        let half = Sampler::ratio(0.5).expect("a share");
        let table = [
            (0x80_0000_0000_0000, true),
            (0x7f_ffff_ffff_ffff, false),
            (0xff_ffff_ffff_ffff, true),
            (0xff00_0000_0000_0000, false),
        ];
        for (low, kept) in table {
            assert_eq!(half.keeps(id(u128::MAX << 64 | low), None), kept, "{low:x}");
        }
    }

    #[test]
    fn every_name_of_the_specification_is_known() {
        let quarter = Sampler::ratio(0.25).expect("a share");
        let table = [
            ("always_on", None, Sampler::always_on()),
            ("always_off", Some("1"), Sampler::always_off()),
            ("traceidratio", Some("0.25"), quarter),
            ("TraceIdRatio", Some(" 0.25 "), quarter),
            ("traceidratio", None, Sampler::always_on()),
            ("parentbased_always_on", None, Sampler::default()),
            ("parentbased_always_off", None, Sampler::always_off().parent_based()),
            ("parentbased_traceidratio", Some("0.25"), quarter.parent_based()),
        ];
        for (name, argument, expected) in table {
            assert_eq!(Sampler::named(name, argument), Ok(expected), "{name}");
        }
        let told = Sampler::named("jaeger_remote", None).map_err(|error| error.to_string());
        assert!(told.as_ref().is_err_and(|told| told.contains("parentbased_")), "{told:?}");
        for share in ["1.5", "-1", "nan", "one"] {
            assert!(Sampler::named("traceidratio", Some(share)).is_err(), "{share}");
        }
    }

    proptest! {
        #[test]
        fn a_lower_share_keeps_a_part_of_a_higher_one(number: u128, a in 0.0..=1.0, b in 0.0..=1.0) {
            let (low, high) = if a < b { (a, b) } else { (b, a) };
            let keeps = |share| Sampler::ratio(share).map(|sampler| sampler.keeps(id(number), None));
            prop_assert!(keeps(low) != Ok(true) || keeps(high) == Ok(true));
            prop_assert_eq!(keeps(0.0), Ok(false));
            prop_assert_eq!(keeps(1.0), Ok(true));
        }
    }

    #[test]
    fn a_share_is_kept() {
        let tenth = Sampler::ratio(0.1).expect("a share");
        let kept = (0..100_000).filter(|_| tenth.keeps(TraceId::random(), None)).count();
        // Ten standard deviations.
        assert!((9_050..=10_950).contains(&kept), "{kept} of 100000");
    }
}
