use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, ExprPath, spanned::Spanned as _};

use super::{
    args::Args,
    concurrency_limit::check_priority,
    fallback::function,
    layer::{Building, Kind},
    limits,
};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    settings::{Known, Setting},
};

/// `degrade(when = SEARCH, retry = off, shed(below = high), severe(shed(below = critical)))`
#[derive(Debug, Default)]
pub(crate) struct Degrade {
    when: Option<Expr>,
    measures: Measures,
    severe: Option<(Ident, Measures)>,
    /// What answers the calls that are kept out.
    pub(crate) answer: Option<ExprPath>,
    /// How much a call matters: evaluated once per call.
    pub(crate) priority: Option<Expr>,
    /// Some of it could not be read, and was told.
    is_broken: bool,
}

/// What is done less of, as far as it was said; a word for each, to complain about.
#[derive(Debug, Default)]
struct Measures {
    retry: Option<(Ident, bool)>,
    hedge: Option<(Ident, bool)>,
    concurrency: Option<(Ident, f64)>,
    shed: Option<Shed>,
}

#[derive(Debug)]
struct Shed {
    word: Ident,
    /// A variant of the runtime's `Priority`.
    below: Option<&'static str>,
    share: f64,
}

pub(super) const KNOWN: Known = &[
    ("when", "when = SEARCH"),
    ("retry", "retry = off"),
    ("hedge", "hedge = off"),
    ("concurrency", "concurrency = 0.5"),
    ("shed", "shed = 0.2` or `shed(below = high)"),
    ("severe", "severe(shed = 0.5)"),
    ("answer", "answer = path::to::function"),
    ("priority", "priority = expression"),
];

const SEVERE: Known = &[
    ("retry", "retry = off"),
    ("hedge", "hedge = off"),
    ("concurrency", "concurrency = 0.5"),
    ("shed", "shed = 0.2` or `shed(below = high)"),
];

const SHED: Known = &[("below", "below = high"), ("share", "share = 0.5")];
const SWITCH: Known = &[("off", "off"), ("on", "on")];
const BELOW: Known = &[("critical", "critical"), ("high", "high"), ("normal", "normal")];

const ANSWER: &str = "`answer` takes the function itself: it is called with the arguments of this \
                      function and the error, as a `fallback`; write `answer = path::to::function`";

impl Degrade {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        let mut own = Diagnostics::new();
        setting.walk(&mut own, KNOWN, |own, setting| match setting.name {
            "when" => this.when = own.keep(setting.expr()),
            "severe" => {
                let mut measures = Measures::default();
                setting.walk(own, SEVERE, |own, setting| measures.take(own, &setting));
                this.severe = Some((setting.word().clone(), measures));
            }
            "answer" => {
                let value =
                    setting.expr().map_err(|_| syn::Error::new_spanned(setting.word(), ANSWER));
                this.answer = own.keep(value.and_then(|value| function(value, "answer", ANSWER)));
            }
            "priority" => {
                this.priority = own.keep(setting.expr());
                check_priority(own, this.priority.as_ref());
            }
            _ => this.measures.take(own, &setting),
        });
        this.is_broken = own.has_errors();
        if !this.is_broken {
            this.check_severe(&mut own);
        }
        diagnostics.absorb(own);
        this
    }

    /// With a policy from elsewhere it is only said what is of this function.
    pub(super) fn is_of_this_function_only(&self) -> bool {
        let nothing = |measures: &Measures| measures.written().next().is_none();
        self.when.is_none() && self.severe.is_none() && nothing(&self.measures)
    }

    fn check_severe(&self, diagnostics: &mut Diagnostics) {
        if let Some((word, severe)) = &self.severe
            && severe.written().next().is_none()
        {
            diagnostics.error(
                word,
                "`severe` says what is done from level 2 on and not at level 1, and here it says \
                 nothing; write for example `severe(shed = 0.5)`, or remove it",
            );
        }
    }

    /// What it cannot do without, and what the other layers have nothing for.
    pub(super) fn check(&self, diagnostics: &mut Diagnostics, word: &Ident, args: &Args) {
        if self.is_broken {
            return;
        }
        if self.when.is_none() {
            diagnostics.error(
                word,
                "`degrade` needs `when`, the switch that says when less is done: write `degrade(when \
                 = SEARCH, ..)`, with `static SEARCH: Degradation = Degradation::declared(\"search\")`",
            );
        }
        let all = || [Some(&self.measures), self.severe.as_ref().map(|(_, it)| it)];
        let all = || all().into_iter().flatten();
        if !all().any(Measures::do_something) && self.answer.is_none() {
            diagnostics.error(
                word,
                "`degrade` does nothing less: say at least one of `retry = off`, `hedge = off`, \
                 `concurrency = 0.5`, `shed = 0.2` and `answer = path::to::function`",
            );
        }
        for measures in all() {
            measures.check_layers(diagnostics, args);
            self.check_shed(diagnostics, measures, args);
        }
        let other = args.concurrency_limit().and_then(|limit| limit.priority.as_ref());
        if let (Some(priority), Some(_)) = (&self.priority, other) {
            diagnostics.error(
                priority,
                "a call has one priority: say it in `degrade` or in `concurrency_limit`, for both",
            );
        }
    }

    fn check_shed(&self, diagnostics: &mut Diagnostics, measures: &Measures, args: &Args) {
        let Some(shed) = &measures.shed else { return };
        let answered = self.answer.is_some() || args.fallback().is_some();
        if shed.share >= 1.0 && shed.below.is_none() && !answered {
            diagnostics.error(
                &shed.word,
                "all calls would be refused, and nothing would show that it could be otherwise; shed \
                 fewer, say which with `shed(below = high)`, or add `answer = path::to::function`",
            );
        }
        let says_priority = self.priority.is_some()
            || args.concurrency_limit().is_some_and(|limit| limit.priority.is_some());
        if shed.below.is_some() && !says_priority {
            diagnostics.error(
                &shed.word,
                "no call says its priority, so all are critical and none would be shed; add \
                 `priority = expression`, or shed a share of all with `shed = 0.2`",
            );
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let krate = policy.krate;
        let Some(when) = &self.when else { return TokenStream::new() };
        let span = when.span().resolved_at(Span::mixed_site());
        let when = quote_spanned!(span=> #krate::__private::switch(&(#when)));
        // An answer for all, unless it was said for whom.
        let keep_out =
            |measures: &Measures| measures.shed.is_some() || measures.concurrency.is_some();
        let is_for_all = self.answer.is_some()
            && !keep_out(&self.measures)
            && !self.severe.as_ref().is_some_and(|(_, severe)| keep_out(severe));
        let for_all = is_for_all.then(|| quote!(.shed(1.0)));
        let none = Measures::default();
        let measures = self.measures.tokens(krate, &none);
        let severe = self.severe.as_ref().map(|(_, severe)| {
            let severe = severe.tokens(krate, &self.measures);
            quote!(.severe(#severe #for_all))
        });
        let answered = self.answer.as_ref().map(|_| quote!(.answered()));
        quote!(.degrade(
            #krate::resilience::Degrade::when(#when, #measures #for_all) #severe #answered
        ))
    }
}

impl Measures {
    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        let word = || setting.word().clone();
        match setting.name {
            "retry" | "hedge" => {
                let switch = diagnostics.keep(setting.variant("switch", SWITCH));
                let switch = switch.map(|switch| (word(), switch.name == "on"));
                match setting.name {
                    "retry" => self.retry = switch,
                    _ => self.hedge = switch,
                }
            }
            "concurrency" => {
                let share = diagnostics.keep(setting.share(limits::SHARE_MIN));
                self.concurrency = share.map(|share| (word(), share));
            }
            _ => self.shed = Shed::read(diagnostics, setting),
        }
    }

    fn written(&self) -> impl Iterator<Item = &Ident> {
        let shed = self.shed.as_ref().map(|shed| &shed.word);
        let switches = [&self.retry, &self.hedge].map(|it| it.as_ref().map(|(word, _)| word));
        let concurrency = self.concurrency.as_ref().map(|(word, _)| word);
        switches.into_iter().chain([concurrency, shed]).flatten()
    }

    fn do_something(&self) -> bool {
        let is_off = |switch: &Option<(Ident, bool)>| switch.as_ref().is_some_and(|(_, on)| !on);
        is_off(&self.retry)
            || is_off(&self.hedge)
            || self.concurrency.as_ref().is_some_and(|(_, share)| *share < 1.0)
            || self.shed.is_some()
    }

    fn check_layers(&self, diagnostics: &mut Diagnostics, args: &Args) {
        let has = |is: fn(&Kind) -> bool| args.layers.iter().any(|layer| is(&layer.kind));
        let mut refuse = |word: &Ident, layers: &str| {
            diagnostics.error(
                word,
                format!(
                    "there is no {layers} here, so there is nothing to do less of; add it behind \
                     `degrade`, or remove `{word}`"
                ),
            );
        };
        if let Some((word, false)) = &self.retry
            && !has(|kind| matches!(kind, Kind::Retry(_)))
        {
            refuse(word, "`retry(..)`");
        }
        if let Some((word, false)) = &self.hedge
            && !has(|kind| matches!(kind, Kind::Hedge(_)))
        {
            refuse(word, "`hedge(..)`");
        }
        if let Some((word, _)) = &self.concurrency
            && !has(|kind| matches!(kind, Kind::ConcurrencyLimit(_) | Kind::Bulkhead(_)))
        {
            refuse(word, "`concurrency_limit(..)` and no `bulkhead(..)`");
        }
    }

    /// What is not said is as in `base`.
    fn tokens(&self, krate: &CratePath, base: &Self) -> TokenStream {
        let is_off = |own: &Option<(Ident, bool)>, base: &Option<(Ident, bool)>| {
            own.as_ref().or(base.as_ref()).is_some_and(|(_, on)| !on)
        };
        let retry = is_off(&self.retry, &base.retry).then(|| quote!(.without_retries()));
        let hedge = is_off(&self.hedge, &base.hedge).then(|| quote!(.without_hedges()));
        let concurrency = self.concurrency.as_ref().or(base.concurrency.as_ref());
        let concurrency = concurrency.map(|(_, share)| {
            let share = Literal::f64_unsuffixed(*share);
            quote!(.concurrency(#share))
        });
        let shed = self.shed.as_ref().or(base.shed.as_ref()).map(|shed| {
            let share = Literal::f64_unsuffixed(shed.share);
            let below = shed.below.map(|variant| {
                let variant = Ident::new(variant, Span::call_site());
                quote!(.shed_below(#krate::resilience::Priority::#variant))
            });
            quote!(.shed(#share) #below)
        });
        quote!(#krate::resilience::degrade::Measures::none() #retry #hedge #concurrency #shed)
    }
}

impl Shed {
    /// `shed = 0.2`, or `shed(below = high, share = 0.5)`.
    fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<Self> {
        let word = setting.word().clone();
        if !setting.is_list() {
            let share = diagnostics.keep(setting.share(limits::SHARE_MIN))?;
            return Some(Self { word, below: None, share });
        }
        let (mut below, mut share) = (None, None);
        let mut own = Diagnostics::new();
        setting.walk(&mut own, SHED, |own, setting| match setting.name {
            "below" => below = own.keep(setting.variant("priority to shed below", BELOW)),
            _ => share = own.keep(setting.share(limits::SHARE_MIN)),
        });
        if below.is_none() && share.is_none() && !own.has_errors() {
            own.error(
                &word,
                "which calls? Write `shed = 0.2` for a fifth of them, or `shed(below = high)`",
            );
        }
        diagnostics.absorb(own);
        let below = below.map(|below| match below.name {
            "critical" => "Critical",
            "high" => "High",
            _ => "Normal",
        });
        Some(Self { word, below, share: share.unwrap_or(1.0) })
    }
}
