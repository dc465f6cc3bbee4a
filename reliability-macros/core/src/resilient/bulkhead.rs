use core::time::Duration;

use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;

use super::{layer::Building, limits};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    literal::Period,
    settings::{Known, Setting},
};

/// `bulkhead(concurrent = 64, queue = 128, wait = "100ms")`
#[derive(Debug, Default)]
pub(crate) struct Bulkhead {
    concurrent: Option<u32>,
    queue: Option<u32>,
    wait: Option<Period>,
    shed: Option<Shed>,
}

/// `shed(target = "5ms", interval = "100ms")`
#[derive(Debug, Default)]
struct Shed {
    target: Option<Period>,
    interval: Option<Period>,
}

pub(super) const KNOWN: Known = &[
    ("concurrent", "concurrent = 64"),
    ("queue", "queue = 128"),
    ("wait", "wait = \"100ms\""),
    ("shed", "shed(target = \"5ms\", interval = \"100ms\")"),
];

const SHED: Known = &[("target", "target = \"5ms\""), ("interval", "interval = \"100ms\"")];

impl Bulkhead {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        let mut own = Diagnostics::new();
        let mut shed_word = None;
        setting.walk(&mut own, KNOWN, |own, setting| match setting.name {
            "concurrent" => this.concurrent = own.keep(setting.count(limits::CONCURRENT)),
            "queue" => this.queue = own.keep(setting.count(limits::QUEUE)),
            "wait" => this.wait = own.keep(setting.period()),
            _ => this.shed = Some(Shed::read(own, &setting, &mut shed_word)),
        });
        // After another mistake it may be that `concurrent` is misspelt.
        if this.concurrent.is_none() && !own.has_errors() {
            own.error(
                setting.word(),
                "`bulkhead` needs `concurrent`, how many calls may run at once: \
                 `bulkhead(concurrent = 64)`",
            );
        }
        this.check_queue(&mut own, shed_word);
        this.check_shed(&mut own);
        diagnostics.absorb(own);
        this
    }

    /// Without a queue nobody waits.
    fn check_queue(&self, diagnostics: &mut Diagnostics, shed_word: Option<Ident>) {
        let Some(0) = self.queue else {
            return;
        };
        if let Some(wait) = self.wait {
            diagnostics.push(syn::Error::new(
                wait.span,
                "`wait` is for calls in the queue, and there is none; write a `queue` above 0, or \
                 remove `wait`",
            ));
        }
        if let Some(word) = shed_word {
            diagnostics.error(
                word,
                "`shed` is for calls that wait too long in the queue, and there is none; write \
                 a `queue` above 0, or remove `shed`",
            );
        }
    }

    /// Who is gone before the target has passed is never shed.
    fn check_shed(&self, diagnostics: &mut Diagnostics) {
        let Some(shed) = &self.shed else {
            return;
        };
        let target = shed.target.map_or(TARGET, |target| target.duration);
        if shed.interval.map_or(INTERVAL, |interval| interval.duration) <= target {
            return; // which was told already
        }
        let wait = self.wait.map_or(WAIT, |wait| wait.duration);
        if wait <= target
            && let Some(written) = self.wait.or(shed.target)
        {
            let message = format!(
                "nobody waits for longer than `wait` of {wait:?}, so `shed` would never see a call \
                 that has waited for longer than its `target` of {target:?}; make `wait` the longer \
                 one, or remove `shed`"
            );
            diagnostics.push(syn::Error::new(written.span, message));
        }
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Building { krate, name, clock, .. } = policy;
        let concurrent = self.concurrent.map(|concurrent| {
            let concurrent = Literal::u32_unsuffixed(concurrent);
            quote!(.concurrent(#concurrent))
        });
        let queue = self.queue.map(|queue| {
            let queue = Literal::u32_unsuffixed(queue);
            quote!(.queue(#queue))
        });
        let wait = self.wait.map(|wait| quote!(.wait(#wait)));
        let shed = self.shed.as_ref().map(|shed| shed.tokens(krate));
        quote!(.bulkhead(
            #krate::resilience::Bulkhead::builder(#name)
                #concurrent #queue #wait #shed #clock .build()?
        ))
    }
}

/// What is not said.
const TARGET: Duration = Duration::from_millis(5);
const INTERVAL: Duration = Duration::from_millis(100);
const WAIT: Duration = Duration::from_millis(100);

impl Shed {
    fn read(diagnostics: &mut Diagnostics, setting: &Setting, word: &mut Option<Ident>) -> Self {
        let mut this = Self::default();
        *word = Some(setting.word().clone());
        setting.walk_if_any(diagnostics, SHED, |diagnostics, setting| {
            let period = diagnostics.keep(setting.period_within(limits::SHED_INTERVAL));
            match setting.name {
                "target" => this.target = period,
                _ => this.interval = period,
            }
        });
        let length = |period: Option<Period>, default| period.map_or(default, |p| p.duration);
        let (target, interval) = (length(this.target, TARGET), length(this.interval, INTERVAL));
        if target >= interval
            && let Some(span) = this.target.or(this.interval).map(|period| period.span)
        {
            diagnostics.push(syn::Error::new(
                span,
                format!(
                    "`target` of {target:?} must be less than `interval` of {interval:?}: a burst \
                     waits for longer than `target`, and is over after `interval`"
                ),
            ));
        }
        this
    }

    fn tokens(&self, krate: &CratePath) -> TokenStream {
        let shed = quote!(#krate::resilience::bulkhead::Shed);
        let target = self.target.map(|target| quote!(target: #target,));
        let interval = self.interval.map(|interval| quote!(interval: #interval,));
        match (&target, &interval) {
            (None, None) => quote!(.shed(#shed::standard())),
            (Some(_), Some(_)) => quote!(.shed(#shed { #target #interval })),
            _ => quote!(.shed(#shed { #target #interval ..#shed::standard() })),
        }
    }
}
