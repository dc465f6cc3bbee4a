use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::{args::Building, limits};
use crate::{
    diagnostics::Diagnostics,
    literal::Period,
    settings::{self, Known, Setting},
};

/// `bulkhead(concurrent = 64, queue = 128, wait = "100ms")`
#[derive(Debug, Default)]
pub(crate) struct Bulkhead {
    concurrent: Option<u32>,
    queue: Option<u32>,
    wait: Option<Period>,
}

const KNOWN: Known =
    &[("concurrent", "concurrent = 64"), ("queue", "queue = 128"), ("wait", "wait = \"100ms\"")];

impl Bulkhead {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        let Some(list) = diagnostics.keep(setting.list()) else {
            return this;
        };
        let had_errors = diagnostics.has_errors();
        let choices = settings::parse(diagnostics, list);
        settings::walk(diagnostics, "`bulkhead`", KNOWN, choices, |diagnostics, setting| {
            match setting.name {
                "concurrent" => {
                    this.concurrent = diagnostics.keep(setting.count(limits::CONCURRENT))
                }
                "queue" => this.queue = diagnostics.keep(setting.count(limits::QUEUE)),
                _ => this.wait = diagnostics.keep(setting.period()),
            }
        });
        if this.concurrent.is_none() && diagnostics.has_errors() == had_errors {
            diagnostics.error(
                setting.word(),
                "`bulkhead` needs `concurrent`, how many calls may run at once: \
                 `bulkhead(concurrent = 64)`",
            );
        }
        if let (Some(wait), Some(0)) = (this.wait, this.queue) {
            diagnostics.push(syn::Error::new(
                wait.span,
                "`wait` is for calls in the queue, and there is none; write a `queue` above 0, or \
                 remove `wait`",
            ));
        }
        this
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
        quote!(.bulkhead(
            #krate::resilience::Bulkhead::builder(#name) #concurrent #queue #wait #clock .build()?
        ))
    }
}
