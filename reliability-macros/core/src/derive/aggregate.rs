//! `#[derive(Aggregate)]`: where a thing begins, what it is asked to do, and how it decides.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Fields, Path, Type, spanned::Spanned as _};

use super::{
    borrows,
    events::{choices, room_of, ty},
};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    dump::dump,
    options::Choice,
    settings::{self, Known, Setting},
};

const KNOWN: Known = &[
    ("command", "command = Command"),
    ("event", "event = AccountEvent"),
    ("refuse", "refuse = Refused"),
    ("decide", "decide = decide"),
    ("initial", "initial = Account::new"),
    ("snapshot", "snapshot(every = 100, version = 1)"),
    ("crate", "crate = ::path::to::reliability"),
];

const SNAPSHOT: Known = &[("every", "every = 100"), ("version", "version = 1")];

#[derive(Default)]
struct Settings {
    command: Option<Type>,
    event: Option<Type>,
    refuse: Option<Type>,
    decide: Option<Path>,
    initial: Option<Path>,
    snapshot: Option<(Ident, u32, u32)>,
    krate: CratePath,
    is_wrong: bool,
}

/// Expands `#[derive(Aggregate)]`.
#[must_use]
pub fn aggregate(input: TokenStream) -> TokenStream {
    let mut input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    let settings = read(&mut diagnostics, &input);
    complete(&mut diagnostics, &input, &settings);
    let why = "an aggregate is made of what the journal holds";
    borrows(&mut diagnostics, &mut input.generics, why);
    let initial = initial(&mut diagnostics, &input, &settings);
    let has_errors = diagnostics.has_errors();
    let errors = diagnostics.finish().err();
    let expansion = render(&input, &settings, &initial, has_errors);
    dump(&input.ident, quote!(#errors #expansion))
}

fn read(diagnostics: &mut Diagnostics, input: &DeriveInput) -> Settings {
    let mut this = Settings::default();
    let mut own = Diagnostics::new();
    let choices = choices(&mut own, &input.attrs, "aggregate", "command = Command");
    settings::walk(&mut own, "`#[aggregate]`", KNOWN, choices, |own, setting| match setting.name {
        "command" => this.command = own.keep(ty(&setting)),
        "event" => this.event = own.keep(ty(&setting)),
        "refuse" => this.refuse = own.keep(ty(&setting)),
        "decide" => this.decide = own.keep(setting.path()),
        "initial" => this.initial = own.keep(setting.path()),
        "snapshot" => this.snapshot = snapshot(own, &setting),
        _ => {
            let path = setting.path().and_then(|path| CratePath::from_path(&path));
            this.krate = own.keep(path).unwrap_or_default();
        }
    });
    this.is_wrong = own.has_errors();
    diagnostics.absorb(own);
    this
}

fn snapshot(diagnostics: &mut Diagnostics, setting: &Setting) -> Option<(Ident, u32, u32)> {
    let (mut every, mut version) = (None, Some(1));
    let mut own = Diagnostics::new();
    setting.walk(&mut own, SNAPSHOT, |own, inner| {
        let number = own.keep(inner.count(1..=1_000_000));
        if inner.name == "every" { every = number } else { version = number }
    });
    if every.is_none() && !own.has_errors() {
        let message = "after how many events is a snapshot made? Write `snapshot(every = 100)`";
        own.error(setting.word(), message);
    }
    diagnostics.absorb(own);
    Some((setting.word().clone(), every?, version?))
}

fn complete(diagnostics: &mut Diagnostics, input: &DeriveInput, settings: &Settings) {
    if settings.is_wrong {
        return;
    }
    let name = &input.ident;
    let missing = [
        (settings.command.is_none(), format!("what is `{name}` asked to do? `command = Command`")),
        (settings.event.is_none(), format!("what can happen to it? `event = {name}Event`")),
        (settings.refuse.is_none(), "why does it refuse? `refuse = Refused`".to_owned()),
        (
            settings.decide.is_none(),
            format!(
                "how does it decide? `decide = decide`, a `fn(&{name}, &Command) -> \
                 Result<Vec<{name}Event>, Refused>`"
            ),
        ),
    ];
    let missing = missing.into_iter().filter_map(|(is_missing, words)| is_missing.then_some(words));
    let missing: Vec<String> = missing.collect();
    if !missing.is_empty() {
        let missing = missing.join("; ");
        diagnostics.error(name, format!("add to `#[aggregate(..)]`: {missing}"));
    }
}

/// The expression of what it is before anything has happened.
fn initial(diagnostics: &mut Diagnostics, input: &DeriveInput, settings: &Settings) -> TokenStream {
    if let Some(function) = &settings.initial {
        return quote_spanned!(function.span()=> #function());
    }
    let by_default = || {
        let span = input.ident.span().resolved_at(Span::mixed_site());
        let krate = settings.krate.at(span);
        quote_spanned!(span=> #krate::__private::Initial::initial())
    };
    let Data::Enum(data) = &input.data else { return by_default() };
    let mut silent = Diagnostics::new();
    let marked = data.variants.iter().find(|variant| {
        let choices = choices(&mut silent, &variant.attrs, "state", "initial");
        choices.iter().any(|Choice { name, .. }| name == "initial")
    });
    // What is wrong there is told by the derive of the machine.
    let _ = silent.finish();
    match marked {
        None => by_default(),
        Some(variant) if matches!(variant.fields, Fields::Unit) => {
            let ident = &variant.ident;
            quote!(Self::#ident)
        }
        Some(variant) => {
            let (name, ident) = (&input.ident, &variant.ident);
            diagnostics.error(
                ident,
                format!(
                    "what does a `{name}` to which nothing has happened hold? Write `initial = ..` \
                     in `#[aggregate(..)]`, a `fn() -> {name}`, or begin in a state without data"
                ),
            );
            by_default()
        }
    }
}

fn render(
    input: &DeriveInput,
    settings: &Settings,
    initial: &TokenStream,
    has_errors: bool,
) -> TokenStream {
    let Settings { command, event, refuse, decide, snapshot, krate, .. } = settings;
    let (Some(command), Some(event), Some(refuse)) = (command, event, refuse) else {
        return TokenStream::new();
    };
    let room = room_of(krate);
    let (parameters, arguments, condition) = input.generics.split_for_impl();
    let asked = Span::mixed_site().located_at(command.span());
    let (ident, asked) = (&input.ident, Ident::new("command", asked));
    let decided = match decide {
        Some(decide) => {
            let receiver = Ident::new("self", Span::call_site().located_at(decide.span()));
            let last = decide.segments.last().map_or(decide.span(), |last| last.ident.span());
            let at = krate.at(last);
            let asked = quote_spanned!(last=> #at::__private::command::<#command, _>(#asked));
            quote_spanned!(decide.span()=> #decide(#receiver, #asked))
        }
        None => quote!({
            let _ = #asked;
            ::core::result::Result::Ok(#krate::__private::Vec::new())
        }),
    };
    let snapshots = snapshot.as_ref().map(|(word, every, version)| {
        let span = word.span();
        let at = krate.at(span);
        let made = quote_spanned!(span=> #at::__private::snapshots::<Self>(#every, #version));
        quote! {
            const SNAPSHOTS: ::core::option::Option<#room::Snapshots<Self>> =
                ::core::option::Option::Some(#made);
        }
    });
    // Nobody calls it, so it need not be right.
    let initial = if has_errors { quote!(::core::unimplemented!()) } else { initial.clone() };
    quote! {
        #[automatically_derived]
        impl #parameters #room::Aggregate for #ident #arguments #condition {
            type Command = #command;
            type Event = #event;
            type Refused = #refuse;

            #snapshots

            fn initial() -> Self {
                #initial
            }

            fn decide(
                &self,
                #asked: &#command,
            ) -> ::core::result::Result<#krate::__private::Vec<#event>, #refuse> {
                #decided
            }
        }
    }
}

#[cfg(test)]
mod tests;
