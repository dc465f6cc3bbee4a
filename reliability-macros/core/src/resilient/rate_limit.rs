use core::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Expr, spanned::Spanned as _};

use super::{
    layer::Building,
    limits,
    shared_limit::{self, SharedLimit},
};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    literal::{self, Period},
    options::Choice,
    settings::{self, Known, Setting},
};

/// `rate_limit("100/s", burst = 20, algorithm = token_bucket, wait = "50ms", leases = 8)`, or with
/// `key = expression, capacity = 50_000` in place of `leases`; or `shared = LIMIT, key = expression`.
#[derive(Debug, Default)]
pub(crate) struct RateLimit {
    rate: Option<Rate>,
    burst: Option<(u32, Span)>,
    algorithm: Option<(&'static str, Span)>,
    wait: Option<Period>,
    leases: Option<(u32, Span)>,
    /// Whose a call is, where each has a quota of its own.
    pub(crate) key: Option<Expr>,
    capacity: Option<(u32, Span)>,
    /// Nothing else was written, as under a policy that is built elsewhere.
    is_key_only: bool,
    /// It is built elsewhere, and several processes share it.
    shared: Option<SharedLimit>,
}

/// `"100/s"`, with the place where it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    permits: u32,
    period: Duration,
}

pub(super) const KNOWN: Known = &[
    ("burst", "burst = 20"),
    ("algorithm", "algorithm = token_bucket"),
    ("wait", "wait = \"50ms\""),
    ("leases", "leases = 8"),
    ("key", "key = expression"),
    ("capacity", "capacity = 50_000"),
    ("shared", "shared = LIMIT"),
];

const ALGORITHMS: Known = &[
    ("token_bucket", "token_bucket"),
    ("leaky_bucket", "leaky_bucket"),
    ("fixed_window", "fixed_window"),
    ("sliding_log", "sliding_log"),
    ("sliding_counter", "sliding_counter"),
];

const UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Tells that the rate is missing: at what stands in its place under a name or as one, which is then
/// no mistake of its own, else at the word.
fn without_rate(word: &Ident, named: &mut Vec<Choice>) -> syn::Error {
    let message = "`rate_limit` begins with the rate, such as `rate_limit(\"100/s\")`";
    let first = named.first().map(|first| first.name.clone());
    match first.filter(|first| KNOWN.iter().all(|(name, _)| first != name)) {
        Some(first) => {
            named.remove(0);
            let message = format!(
                "{message}, without a name and as text that is read when the program is compiled"
            );
            syn::Error::new_spanned(first, message)
        }
        None => syn::Error::new_spanned(word, message),
    }
}

impl RateLimit {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        let Some(call) = diagnostics.keep(setting.call()) else {
            return this;
        };
        let mut named = call.named;
        if shared_limit::is_meant(&named) {
            return Self::read_shared(diagnostics, call.values, named);
        }
        this.is_key_only = call.values.is_empty() && named.iter().all(|it| it.name == "key");
        this.is_key_only &= !named.is_empty();
        if !this.is_key_only {
            this.rate = diagnostics.keep(match call.values.as_slice() {
                [rate] => Rate::read(rate),
                _ => Err(without_rate(&call.word, &mut named)),
            });
        }
        // Said, though perhaps in the wrong shape.
        let keyed = named.iter().any(|setting| setting.name == "key");
        settings::walk(diagnostics, "`rate_limit`", KNOWN, named, |diagnostics, setting| {
            this.take(diagnostics, &setting);
        });
        this.check(diagnostics, keyed);
        this
    }

    fn read_shared(
        diagnostics: &mut Diagnostics,
        values: Vec<Expr>,
        mut named: Vec<Choice>,
    ) -> Self {
        let mut this = Self::default();
        shared_limit::check_alone(diagnostics, &values, &mut named);
        settings::walk(diagnostics, "`rate_limit`", KNOWN, named, |own, setting| {
            match setting.name {
                "shared" => this.shared = Some(SharedLimit::read(own, &setting)),
                _ => this.take(own, &setting),
            }
        });
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let span = setting.word().span();
        match setting.name {
            "burst" => {
                let burst = diagnostics.keep(setting.count(limits::PERMITS));
                self.burst = burst.map(|burst| (burst, span));
            }
            "algorithm" => {
                let algorithm = diagnostics.keep(setting.variant("algorithm", ALGORITHMS));
                self.algorithm = algorithm.map(|algorithm| (algorithm.name, algorithm.word.span()));
            }
            "wait" => self.wait = diagnostics.keep(setting.period_within(limits::RATE_WAIT)),
            "leases" => {
                let leases = diagnostics.keep(setting.count(limits::LEASES));
                self.leases = leases.map(|leases| (leases, span));
            }
            "key" => {
                let key = setting.of_call("what tells them apart, such as an argument");
                self.key = diagnostics.keep(key);
            }
            _ => {
                let capacity = diagnostics.keep(setting.count(limits::RATE_KEYS));
                self.capacity = capacity.map(|capacity| (capacity, span));
            }
        }
    }

    /// Whether it has no clock of its own here.
    pub(super) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// Whether it says only whose a call is, and nothing of the limit.
    pub(super) fn is_of_this_function_only(&self) -> bool {
        match &self.shared {
            Some(shared) => self.key.is_some() && shared.comes_with_the_policy(),
            None => self.is_key_only,
        }
    }

    /// What a limit cannot do without; where the policy comes from elsewhere, it brings it along.
    pub(super) fn check_rate(&self, diagnostics: &mut Diagnostics, word: &Ident) {
        if let Some(shared) = &self.shared {
            shared.check_own(diagnostics);
        } else if self.is_key_only {
            diagnostics.push(without_rate(word, &mut Vec::new()));
        }
    }

    /// What one bucket can do, and one for each key cannot, and the other way round.
    fn check_key(&self, diagnostics: &mut Diagnostics, keyed: bool) {
        let mut error = |span, message: String| diagnostics.push(syn::Error::new(span, message));
        if let (Some((_, span)), false) = (self.capacity, keyed) {
            error(
                span,
                "`capacity` is how many keys are remembered; add `key = expression`, or remove \
                 `capacity`"
                    .into(),
            );
        }
        if !keyed {
            return;
        }
        if let Some((_, span)) = self.leases {
            error(
                span,
                "`leases` and `key` exclude each other: leases are for threads that meet at one \
                 bucket, and with a key each has its own; remove `leases`"
                    .into(),
            );
        }
        if let Some((algorithm @ ("sliding_log" | "sliding_counter"), span)) = self.algorithm {
            error(
                span,
                format!(
                    "a `{algorithm}` does not fit into the one word that each key has; write \
                     `token_bucket`, `leaky_bucket` or `fixed_window`"
                ),
            );
        }
    }

    /// What the builder would refuse when the function is first called.
    fn check(&self, diagnostics: &mut Diagnostics, keyed: bool) {
        self.check_key(diagnostics, keyed);
        let Some(rate) = self.rate else {
            return;
        };
        let algorithm = self.algorithm.map_or("token_bucket", |(algorithm, _)| algorithm);
        let burst = self.burst.map_or(rate.permits, |(burst, _)| burst);
        if let Some((_, span)) = self.burst
            && !matches!(algorithm, "token_bucket" | "leaky_bucket")
            && burst != rate.permits
        {
            diagnostics.push(syn::Error::new(
                span,
                format!(
                    "a `{algorithm}` has no burst of its own: all permits of a period may be used \
                     at once; remove `burst`, or write `algorithm = token_bucket`"
                ),
            ));
        }
        if let Some((_, span)) = self.burst
            && rate.fills_in(burst) > limits::FILL_MAX
        {
            let message = "at this rate such a burst takes more than 30 years to come back; make it \
                           smaller";
            diagnostics.push(syn::Error::new(span, message));
        }
        let Some((leases, span)) = self.leases.filter(|_| !keyed) else {
            return;
        };
        if algorithm != "token_bucket" {
            let message = format!(
                "`leases` are taken from a token bucket, and this is a `{algorithm}`; remove one of \
                 the two"
            );
            diagnostics.push(syn::Error::new(span, message));
        } else if leases > burst / 2 {
            let message = format!(
                "a lease is at most half of the burst, which is {burst} here; write a larger \
                 `burst`, or smaller `leases`"
            );
            diagnostics.push(syn::Error::new(span, message));
        }
    }

    /// How a call says whose it is. A key that cannot be counted by is told at the expression.
    pub(super) fn call_setting(&self, krate: &CratePath) -> Option<TokenStream> {
        let key = self.key.as_ref()?;
        if let Some(shared) = &self.shared {
            return shared.call_setting(krate, key);
        }
        let span = key.span().resolved_at(Span::mixed_site());
        let here = krate.at(span);
        let hash = quote_spanned!(span=> #here::__private::rate_limit_key(&(#key)));
        Some(quote!(.with_rate_limit_key(#hash)))
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        if let Some(shared) = &self.shared {
            return shared.builder_call(policy);
        }
        let Building { krate, name, clock, .. } = policy;
        let rate_limit = quote!(#krate::resilience::rate_limit);
        let number = Literal::u32_unsuffixed;
        let burst = self.burst.map(|(burst, _)| {
            let burst = number(burst);
            quote!(.burst(#burst))
        });
        let quota = self.rate.map(|rate| quote!(.quota(#rate_limit::Quota::new(#rate) #burst)));
        let algorithm = self.algorithm.map(|(algorithm, _)| {
            let algorithm = Ident::new(variant(algorithm), Span::mixed_site());
            quote!(.algorithm(#rate_limit::Algorithm::#algorithm))
        });
        let wait = self.wait.map(|wait| quote!(.wait(#wait)));
        let leases = self.leases.map(|(leases, _)| {
            let leases = number(leases);
            quote!(.leases(#leases))
        });
        if self.key.is_some() {
            let capacity = self.capacity.map(|(capacity, _)| {
                let capacity = number(capacity);
                quote!(.capacity(#capacity))
            });
            return quote!(.keyed_rate_limit(
                #rate_limit::KeyedRateLimit::builder(#name)
                    #quota #algorithm #wait #capacity #clock .build()?
            ));
        }
        quote!(.rate_limit(
            #krate::resilience::RateLimit::builder(#name)
                #quota #algorithm #wait #leases #clock .build()?
        ))
    }
}

fn variant(algorithm: &str) -> &'static str {
    match algorithm {
        "leaky_bucket" => "LeakyBucket",
        "fixed_window" => "FixedWindow",
        "sliding_log" => "SlidingLog",
        "sliding_counter" => "SlidingCounter",
        _ => "TokenBucket",
    }
}

impl Rate {
    fn read(value: &Expr) -> syn::Result<Self> {
        let wrong = |message: String| syn::Error::new(value.span(), message);
        let text = literal::text(value).map_err(|_| {
            wrong(
                "a rate is a string, such as `\"100/s\"`; it is read when the program is compiled. \
                 For one that is known later, build a `Policy` and hand it over with `policy = ..`"
                    .into(),
            )
        })?;
        Self::parse(&text.value()).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let Some((permits, period)) = text.split_once('/') else {
            let number = text.trim();
            let advice = match number.parse::<u32>() {
                Ok(_) => format!("write `\"{number}/s\"` for so many per second"),
                Err(_) => "write for example `\"100/s\"` or `\"10/m\"`".into(),
            };
            return Err(format!("a rate is a number of calls and a period; {advice}"));
        };
        let within = limits::PERMITS;
        let permits = permits.trim().replace('_', "");
        let permits = permits.parse().ok().filter(|permits| within.contains(permits));
        let permits = permits.ok_or_else(|| {
            let (least, most) = (within.start(), within.end());
            format!(
                "the number of calls must be a whole number from {least} to {most}; write for \
                 example `\"100/s\"`, or another period"
            )
        })?;
        Ok(Self { permits, period: period_of(period.trim())? })
    }

    fn fills_in(&self, burst: u32) -> Duration {
        let interval = self.period.as_nanos().div_ceil(self.permits.max(1).into());
        Duration::from_nanos_u128(interval * u128::from(burst))
    }
}

/// `s`, `10s`, and what people write instead.
fn period_of(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (count, unit) = text.split_at(digits);
    let unit = unit.trim();
    let Some((_, millis)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let meant = match unit.to_lowercase().as_str() {
            "sec" | "secs" | "second" | "seconds" => "s",
            "min" | "mins" | "minute" | "minutes" => "m",
            "hour" | "hours" | "hr" => "h",
            "day" | "days" => "d",
            _ => {
                return Err(format!(
                    "`{unit}` is no period; write `ms`, `s`, `m`, `h` or `d`, or several of them, \
                     as in `\"500/10s\"`"
                ));
            }
        };
        return Err(format!("`{unit}` is no period; write `{count}{meant}`"));
    };
    let count: u64 = if count.is_empty() { 1 } else { count.parse().unwrap_or(u64::MAX) };
    let period = Duration::from_millis(millis.saturating_mul(count));
    if limits::RATE_PERIOD.contains(&period) {
        return Ok(period);
    }
    Err("the period of a rate must be from 1 ms to 31 days".into())
}

impl ToTokens for Rate {
    /// The arguments of `Quota::new`.
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let permits = Literal::u32_unsuffixed(self.permits);
        let period = Period { duration: self.period, span: Span::call_site() };
        tokens.extend(quote!(#permits, #period));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_and_a_period() {
        let table = [
            ("100/s", 100, 1_000),
            ("10/m", 10, 60_000),
            ("1/h", 1, 3_600_000),
            ("7/d", 7, 86_400_000),
            ("5_000 / 10s", 5_000, 10_000),
            ("3/ms", 3, 1),
        ];
        for (text, permits, millis) in table {
            let rate = Rate { permits, period: Duration::from_millis(millis) };
            assert_eq!(Rate::parse(text), Ok(rate), "{text}");
        }
    }

    #[test]
    fn a_wrong_rate_is_answered_with_a_right_one() {
        let number = "the number of calls must be a whole number from 1 to 1000000; write for \
                      example `\"100/s\"`, or another period";
        let table = [
            (
                "100",
                "a rate is a number of calls and a period; write `\"100/s\"` for so many per second",
            ),
            (
                "fast",
                "a rate is a number of calls and a period; write for example `\"100/s\"` or `\"10/m\"`",
            ),
            ("0/s", number),
            ("1.5/s", number),
            ("2000000/s", number),
            ("/s", number),
            ("10/minute", "`minute` is no period; write `m`"),
            ("10/2min", "`min` is no period; write `2m`"),
            ("10/0s", "the period of a rate must be from 1 ms to 31 days"),
            ("10/32d", "the period of a rate must be from 1 ms to 31 days"),
        ];
        for (text, message) in table {
            assert_eq!(Rate::parse(text), Err(message.into()), "{text}");
        }
        assert!(Rate::parse("10/week").is_err());
        assert!(Rate::parse("10/99999999999999999999d").is_err());
    }
}
