use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::{LitStr, Type, ext::IdentExt as _, spanned::Spanned as _};

use super::{
    called::{last_span, typed},
    model::{Model, Step, UndoBy, What},
    nested,
};
use crate::derive::{rebase_visibility, snake_case};

/// The items beside the enum. With `stand_in` they are there, and do nothing.
pub(super) fn render(model: &Model, stand_in: bool) -> TokenStream {
    let paths = Paths::new(model);
    let module = module(model);
    let done = done(model);
    let saga = saga(model, &paths, stand_in);
    let begin = begin(model, &paths);
    let steps = model.steps.iter().enumerate();
    let steps = steps.map(|(place, step)| typed(model, &paths, place, step, stand_in));
    let sound = (!stand_in).then(|| {
        let (ident, root) = (&model.ident, &paths.saga);
        quote! {
            const _: () = ::core::assert!(
                <#ident as #root::Saga>::DEFINITION.is_sound(),
                "compensable steps, then at most one pivot, then steps that must succeed",
            );
        }
    });
    let cannot_refuse = nested::cannot_refuse(model, &paths.saga);
    quote!(#done #module #saga #cannot_refuse #begin #(#steps)* #sound)
}

/// What expansions name again and again.
pub(super) struct Paths {
    pub(super) saga: TokenStream,
    pub(super) input: Type,
    pub(super) refuse: Type,
    pub(super) shared: Type,
}

impl Paths {
    fn new(model: &Model) -> Self {
        let (krate, unit) = (&model.args.krate, syn::parse_quote!(()));
        let or_unit = |ty: &Option<Type>| ty.clone().unwrap_or_else(|| Type::clone(&unit));
        Self {
            saga: quote!(#krate::distributed::transaction::saga),
            input: or_unit(&model.args.input),
            refuse: or_unit(&model.args.refuse),
            shared: or_unit(&model.args.shared),
        }
    }
}

/// A type for each step.
fn module(model: &Model) -> TokenStream {
    let Model { ident, vis, module, .. } = model;
    let inner = rebase_visibility(vis);
    let doc = format!("The steps of [`{ident}`], as types.");
    let steps = model.steps.iter().map(|step| {
        let docs = &step.docs;
        let own = match &step.undo {
            Some(UndoBy::Nothing(why)) => {
                format!("`{ident}::{}`. Nothing to undo: {why}.", step.name())
            }
            _ => format!("`{ident}::{}`.", step.name()),
        };
        let gap = (!docs.is_empty()).then(|| quote!(#[doc = ""]));
        let name = &step.ident;
        quote! {
            #(#docs)* #gap
            #[doc = #own]
            #[derive(Debug)]
            #inner enum #name {}
        }
    });
    quote! {
        #[doc = #doc]
        #[allow(
            dead_code,
            missing_copy_implementations,
            unnameable_types,
            unreachable_pub,
            clippy::exhaustive_enums,
            reason = "written by `saga`: only tests name them all"
        )]
        #vis mod #module {
            #(#steps)*
        }
    }
}

/// The outputs of all steps.
fn done(model: &Model) -> TokenStream {
    let Model { ident, vis, derives, .. } = model;
    let name = model.done();
    let doc = format!("The outputs of all steps of [`{ident}`].");
    let fields = model.steps.iter().map(|Step { field, ty, ident: variant, .. }| {
        let doc = format!("Of [`{ident}::{}`].", variant.unraw());
        quote!(#[doc = #doc] #vis #field: #ty)
    });
    let derives = (!derives.is_empty()).then(|| quote!(#[derive(#(#derives),*)]));
    // Located at the head of the enum, because there the compiler says to write a `derive` that is
    // missing, be it that there is one above `#[saga]`, of which nothing is known here.
    let at = |span: Span| Span::call_site().located_at(span);
    let head = vis.to_token_stream().into_iter().map(|mut token| {
        token.set_span(token.span().resolved_at(Span::call_site()));
        token
    });
    let head: TokenStream = head.chain(quote_spanned!(at(model.keyword)=> struct)).collect();
    let body = quote_spanned!(at(ident.span())=> { #(#fields,)* });
    quote! {
        #[doc = #doc]
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            clippy::derive_partial_eq_without_eq,
            clippy::exhaustive_structs,
            clippy::field_scoped_visibility_modifiers,
            reason = "written by `saga`: it derives what the enum does"
        )]
        #derives
        #head #name #body
    }
}

fn saga(model: &Model, paths: &Paths, stand_in: bool) -> TokenStream {
    let Model { ident, module, .. } = model;
    let Paths { saga, input, refuse, shared } = paths;
    let done = model.done();
    let definition = definition(model, paths, stand_in);
    let calls = model.steps.iter().filter(|_| !stand_in).map(|step| {
        let mut name = step.ident.clone();
        // Where the compiler says of an output that it cannot be stored.
        let mut span = step.ty.span();
        let kind = match (step.function(), step.nested(), &step.what) {
            (Some(_), ..) => "runs",
            (None, Some(nested), What::Then(_)) => {
                // And of a saga that it may refuse.
                span = last_span(&nested.child);
                name.set_span(name.span().located_at(span));
                "nests_behind"
            }
            (None, Some(_), _) => "nests",
            (None, None, _) => "waits",
        };
        let kind = Ident::new(kind, span);
        let undoes = matches!(step.undo, Some(UndoBy::Function(_)));
        let undoes = undoes.then(|| quote!(.undoes::<#module::#name>()));
        let probes = step.probe.is_some().then(|| quote!(.probes::<#module::#name>()));
        let (mut module, root) = (module.clone(), model.args.krate.at(span));
        module.set_span(module.span().located_at(span));
        let calls = quote_spanned! {span=>
            #root::distributed::transaction::saga::walk::Calls::#kind::<#module::#name>()
        };
        quote!(#calls #undoes #probes)
    });
    let places = model.steps.iter().enumerate().map(|(place, step)| {
        let (name, place) = (&step.ident, Literal::usize_unsuffixed(place));
        quote!(Self::#name(_) => #place)
    });
    let place = match stand_in {
        true => quote!(::core::unreachable!()),
        false => quote!(match self { #(#places,)* }),
    };
    let history = Ident::new("history", Span::mixed_site());
    let fields = model.steps.iter().map(
        |Step { ident: name, field, .. }| quote!(#field: #history.take_of::<#module::#name>()?),
    );
    let migrate = migrate(model, paths);
    quote! {
        #[automatically_derived]
        impl #saga::Saga for #ident {
            type Input = #input;
            type Refusal = #refuse;
            type Shared = #shared;
            type Done = #done;

            const DEFINITION: #saga::Definition = #definition;
            const CALLS: &'static [#saga::walk::Calls<Self>] = &[#(#calls),*];

            fn place(&self) -> usize {
                #place
            }

            fn done(mut #history: #saga::History<Self>) -> ::core::option::Option<#done> {
                ::core::option::Option::Some(#done { #(#fields),* })
            }

            #migrate
        }
    }
}

fn migrate(model: &Model, paths: &Paths) -> Option<TokenStream> {
    let saga = &paths.saga;
    let old = Ident::new("old", Span::mixed_site());
    let arms = model.args.migrate.iter().map(|(version, path)| {
        let version = Literal::u32_unsuffixed(*version);
        quote!(#version => #path(#old))
    });
    (!model.args.migrate.is_empty()).then(|| {
        quote! {
            fn migrate(
                #old: #saga::Old,
            ) -> ::core::result::Result<#saga::Old, #saga::Unwritable> {
                match #old.version {
                    #(#arms,)*
                    _ => ::core::result::Result::Err(#saga::Unwritable::unmigrated(&#old)),
                }
            }
        }
    })
}

fn definition(model: &Model, paths: &Paths, stand_in: bool) -> TokenStream {
    let saga = &paths.saga;
    let name = match &model.args.name {
        Some(name) => name.clone(),
        None => LitStr::new(&snake_case(&model.ident).unraw().to_string(), model.ident.span()),
    };
    let version = Literal::u32_unsuffixed(model.args.version);
    let rows = model.steps.iter().filter(|_| !stand_in).map(|step| row(model, paths, step));
    let deadline = model.args.deadline.map(|deadline| quote!(.deadline(#deadline)));
    let drains = &model.args.drain;
    let drains = (!drains.is_empty()).then(|| {
        let drains = drains.iter().map(|version| Literal::u32_unsuffixed(*version));
        quote!(.drains(&[#(#drains),*]))
    });
    let choreographed = model.args.choreographed.then(|| quote!(.choreographed()));
    quote!(#saga::Definition::new(#name, #version, &[#(#rows),*]) #deadline #drains #choreographed)
}

/// A row of the table.
fn row(model: &Model, paths: &Paths, step: &Step) -> TokenStream {
    let (saga, krate) = (&paths.saga, &model.args.krate);
    let name = step.name();
    let kind = match &step.what {
        What::Pivot(_) => quote!(Pivot),
        _ if step.behind || matches!(step.what, What::Then(_)) => quote!(Retriable),
        _ => quote!(Compensable),
    };
    let waits = match &step.what {
        What::Wait(time) => Some(quote!(.timer(#time))),
        What::Signal => Some(quote!(.signal())),
        _ => None,
    };
    let places = |method: &str, places: &[usize]| {
        let method = format_ident!("{method}");
        let all = places.iter().map(|place| Literal::usize_unsuffixed(*place));
        (!places.is_empty()).then(|| quote!(.#method(&[#(#all),*])))
    };
    let (after, needs) = (places("after", &step.after), places("needs", &step.needed));
    let count = |method: &str, count: Option<u32>| {
        let (method, count) = (format_ident!("{method}"), count.map(Literal::u32_unsuffixed));
        count.map(|count| quote!(.#method(#count)))
    };
    let attempts = count("attempts", step.retry);
    let undo_attempts = count("undo_attempts", step.undo_retry);
    let backoff = step.backoff.as_ref().map(|backoff| {
        let backoff = backoff.tokens();
        quote!(.backoff(#krate::resilience::retry::Backoff::#backoff))
    });
    let timeout = step.timeout.map(|timeout| quote!(.timeout(#timeout)));
    // A saga that was begun can be called back, whether it leaves anything to undo or not.
    let nests = step.nested().map(|nested| {
        let child = &nested.child;
        quote!(.nests(<#child as #saga::Saga>::DEFINITION.name()))
    });
    let back = nests.is_some() && matches!(step.what, What::Step(_)) && !step.behind;
    let undo = matches!(step.undo, Some(UndoBy::Function(_))) || back;
    let undo = undo.then(|| quote!(.undo()));
    let probed = step.probe.is_some().then(|| quote!(.probed()));
    quote! {
        #saga::Step::new(#name, #saga::Kind::#kind)
            #waits #nests #after #needs #attempts #backoff #timeout #undo #undo_attempts #probed
    }
}

/// Where a walk begins.
fn begin(model: &Model, paths: &Paths) -> TokenStream {
    let (Model { ident, vis, module, .. }, Paths { saga, input, .. }) = (model, paths);
    let first = model.steps.first().map(|step| &step.ident);
    let first = first.map_or_else(|| quote!(()), |first| quote!(#module::#first));
    let doc = format!(
        "A walk through [`{ident}`] by hand, step by typed step, without an engine: for unit tests."
    );
    let name = Ident::new("input", Span::mixed_site());
    quote! {
        #[automatically_derived]
        impl #ident {
            #[doc = #doc]
            #[allow(dead_code, clippy::missing_const_for_fn, reason = "written by `saga`: for tests")]
            #vis fn begin(#name: #input) -> #saga::walk::At<Self, #first, #saga::walk::Nil> {
                #saga::walk::At::begin(#name)
            }
        }
    }
}
