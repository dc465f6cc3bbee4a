//! What is called for a step, which is a type of its own.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Path, Type, spanned::Spanned as _};

use super::{
    model::{Model, Step, UndoBy, What},
    nested,
    render::Paths,
};
use crate::crate_path::CratePath;

/// What a step's type is, and what is called for it.
pub(super) fn typed(
    model: &Model,
    paths: &Paths,
    place: usize,
    step: &Step,
    stand_in: bool,
) -> TokenStream {
    let (Model { ident, module, .. }, saga) = (model, &paths.saga);
    let Step { ident: name, ty, .. } = step;
    let next = match model.steps.get(place + 1).map(|next| &next.ident) {
        Some(next) => quote!(#module::#next),
        None => quote!(#saga::walk::Finish),
    };
    let at = Literal::usize_unsuffixed(place);
    let (it, output) =
        (Ident::new("saga", Span::mixed_site()), Ident::new("output", Span::mixed_site()));
    // With one step, every saga is at it.
    let other = (model.steps.len() > 1).then(|| quote!(_ => ::core::option::Option::None,));
    let (wrap, output_of) = match stand_in {
        true => (quote!(::core::unreachable!()), quote!(::core::unreachable!())),
        false => (
            quote!(#ident::#name(#output)),
            quote! {
                match #it {
                    #ident::#name(#output) => ::core::option::Option::Some(#output),
                    #other
                }
            },
        ),
    };
    let run = run(model, paths, step, stand_in);
    let nested = nested::nested(model, paths, step, stand_in);
    let undo = undo(model, paths, step, stand_in);
    let probe = probe(model, paths, step, stand_in);
    quote! {
        #[automatically_derived]
        impl #saga::walk::TypedStep for #module::#name {
            type Saga = #ident;
            type Output = #ty;
            type Next = #next;
            const PLACE: usize = #at;

            fn wrap(#output: #ty) -> #ident {
                #wrap
            }

            fn output(#it: &#ident) -> ::core::option::Option<&#ty> {
                #output_of
            }

            fn unwrap(#it: #ident) -> ::core::option::Option<#ty> {
                #output_of
            }
        }
        #run #nested #undo #probe
    }
}

/// The names and types of what a step needs, each where it was written.
pub(super) struct Needed {
    pub(super) names: Vec<Ident>,
    pub(super) steps: Vec<TokenStream>,
    pub(super) types: Vec<Type>,
}

impl Needed {
    pub(super) fn of(model: &Model, step: &Step, stand_in: bool) -> Self {
        let mut this = Self { names: Vec::new(), steps: Vec::new(), types: Vec::new() };
        if stand_in {
            return this;
        }
        for (written, &place) in step.needs.iter().zip(&step.needed) {
            let (needed, module) = (&model.steps[place], &model.module);
            let name = &needed.ident;
            let span = Span::mixed_site().located_at(written.span());
            this.names.push(format_ident!("need_{place}", span = span));
            this.steps.push(quote!(#module::#name));
            this.types.push(needed.ty.clone());
        }
        this
    }
}

/// `path(cx, input, needs)`, where the compiler points at the path; of a function that takes something
/// else it says what.
fn call(krate: &CratePath, ended: &TokenStream, path: &Path, names: &[Ident]) -> TokenStream {
    let span = last_span(path);
    let (root, function) = (krate.at(span), Ident::new("function", span));
    let [cx, order, this] = ["cx", "input", "Self"].map(local);
    let called = quote_spanned! {span=>
        let #function = #root::__private::function(::core::marker::PhantomData::<#this>, #path);
        #krate::__private::#ended(#function.call(#cx, #order, (#(#names,)*)).await)
    };
    quote!(#called)
}

pub(super) fn last_span(path: &Path) -> Span {
    path.segments.last().map_or_else(|| path.span(), |last| last.ident.span())
}

fn run(model: &Model, paths: &Paths, step: &Step, stand_in: bool) -> Option<TokenStream> {
    let Paths { saga, input, refuse, shared } = paths;
    let function = step.function()?;
    let (module, name, ty) = (&model.module, &step.ident, &step.ty);
    let Needed { names, steps, types } = Needed::of(model, step, stand_in);
    let (cx, order) = (local("cx"), local("input"));
    let behind = matches!(step.what, What::Then(_));
    let (ends, error, ended) = match behind {
        true => (quote!(MustSucceed), quote!(#saga::Transient), quote!(then_ended::<#ty>)),
        false => {
            (quote!(MayRefuse), quote!(#saga::Outcome<#refuse>), quote!(step_ended::<#ty, #refuse>))
        }
    };
    let body = match stand_in {
        true => pending(),
        false => call(&model.args.krate, &ended, function, &names),
    };
    Some(quote! {
        #[automatically_derived]
        impl #saga::walk::Run for #module::#name {
            type Needs = (#(#steps,)*);
            type Ends = #saga::walk::#ends;

            async fn run<'a>(
                #cx: &'a #saga::Cx<#shared>,
                #order: &'a #input,
                (#(#names,)*): (#(&'a #types,)*),
            ) -> ::core::result::Result<#ty, #error> {
                #body
            }
        }
    })
}

fn undo(model: &Model, paths: &Paths, step: &Step, stand_in: bool) -> Option<TokenStream> {
    let Paths { saga, input, shared, .. } = paths;
    let (module, name, ty) = (&model.module, &step.ident, &step.ty);
    let can = !step.behind && !matches!(step.what, What::Pivot(_) | What::Then(_));
    let (cx, order, attempt) = (local("cx"), local("input"), local("attempt"));
    let body = match &step.undo {
        Some(UndoBy::Function(_)) if stand_in => Some(pending()),
        Some(UndoBy::Function(path)) => {
            let krate = &model.args.krate;
            let span = last_span(path);
            let root = krate.at(span);
            let called = quote_spanned! {span=>
                #path(#root::__private::shared_cx(#cx), #order, #root::__private::attempt(#attempt))
                    .await
            };
            Some(quote!(#krate::__private::undo_ended(#called)))
        }
        _ => None,
    };
    let method = body.map(|body| {
        quote! {
            async fn undo(
                #cx: &#saga::Cx<#shared>,
                #order: &#input,
                #attempt: #saga::Attempt<'_, #ty>,
            ) -> ::core::result::Result<(), #saga::Transient> {
                #body
            }
        }
    });
    can.then(|| {
        quote! {
            #[automatically_derived]
            impl #saga::walk::Undo for #module::#name {
                #method
            }
        }
    })
}

fn probe(model: &Model, paths: &Paths, step: &Step, stand_in: bool) -> Option<TokenStream> {
    let Paths { saga, input, shared, .. } = paths;
    let function = step.probe.as_ref()?;
    let (module, name, ty) = (&model.module, &step.ident, &step.ty);
    let Needed { names, types, .. } = Needed::of(model, step, stand_in);
    let (cx, order) = (local("cx"), local("input"));
    let body = match stand_in {
        true => pending(),
        false => call(&model.args.krate, &quote!(probe_ended::<#ty>), function, &names),
    };
    Some(quote! {
        #[automatically_derived]
        impl #saga::walk::Probe for #module::#name {
            async fn probe<'a>(
                #cx: &'a #saga::Cx<#shared>,
                #order: &'a #input,
                (#(#names,)*): (#(&'a #types,)*),
            ) -> ::core::result::Result<::core::option::Option<#ty>, #saga::Transient> {
                #body
            }
        }
    })
}

fn pending() -> TokenStream {
    quote!(::core::future::pending().await)
}

pub(super) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
