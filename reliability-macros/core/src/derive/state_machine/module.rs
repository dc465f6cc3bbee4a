use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{Attribute, Fields, Path, Visibility, ext::IdentExt as _, visit_mut::VisitMut as _};

use super::{
    generics,
    model::{Machine, State},
    parse::TAKEN,
    rebase::{Rebase, rebase_path, rebase_visibility},
    states,
};
use crate::list_in_words;

/// The derives that make sense on the holder whatever the states are. Not `Copy`, because `go`
/// must consume; not `Default`, because a machine begins in its initial state.
const HOLDER_DERIVES: [&str; 7] =
    ["Clone", "Debug", "Eq", "Hash", "Ord", "PartialEq", "PartialOrd"];

/// `mod door { .. }`: a struct for each state, the holder, and the edges between the structs.
///
/// Nothing in it names the enum, so that the enum may stand in a function, where no path leads
/// to it.
pub(super) fn module(machine: &Machine) -> TokenStream {
    let Machine { ident, vis, module, .. } = machine;
    // Where another item of that name would clash with it.
    let mut defined = module.clone();
    defined.set_span(machine.module_span);
    let inner_vis = rebase_visibility(vis);
    let structs = machine.states.iter().map(|state| state_struct(machine, state, &inner_vis));
    let holder = holder(machine, &inner_vis);
    let relation = relation(machine, &inner_vis);
    let doc = format!(
        "The states of [`{ident}`] as types: each owns its data, and [`Typed`]({module}::Typed) \
         goes from one to the next along declared transitions only."
    );
    quote! {
        #[doc = #doc]
        #[allow(
            dead_code,
            missing_debug_implementations,
            missing_copy_implementations,
            unreachable_pub,
            unused_imports,
            clippy::derive_partial_eq_without_eq,
            clippy::exhaustive_structs,
            clippy::field_scoped_visibility_modifiers,
            clippy::wildcard_imports,
            reason = "written by `StateMachine`: not every machine needs every part"
        )]
        #[deny(
            proc_macro_derive_resolution_fallback,
            reason = "the types of the states' data must be declared outside of the function, because a module cannot see into it"
        )]
        #vis mod #defined {
            use super::*;
            #(#structs)*
            #holder
            #relation
        }
    }
}

fn state_struct(machine: &Machine, state: &State, vis: &Visibility) -> TokenStream {
    let State { ident, docs, .. } = state;
    let name = state.name();
    let mut rebase = rebase(machine);
    let mut generics = generics::used_by(&machine.generics, [&state.fields]);
    rebase.visit_generics_mut(&mut generics);
    let mut fields = state.fields.clone();
    for (position, field) in fields.iter_mut().enumerate() {
        rebase.visit_type_mut(&mut field.ty);
        field.vis = vis.clone();
        let docs = states::docs(&field.attrs);
        field.attrs = or_default(docs, || {
            let field = field
                .ident
                .as_ref()
                .map_or_else(|| position.to_string(), |field| field.unraw().to_string());
            format!("`{field}` of `{}::{name}`.", machine.ident)
        });
    }
    let docs = or_default(docs.clone(), || {
        format!("What a `{}` holds while it is `{name}`.", machine.ident)
    });
    let derives = derives(machine, |_| true);
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    match &fields {
        Fields::Named(_) => quote! {
            #(#docs)* #derives
            #vis struct #ident #impl_generics #where_clause #fields
        },
        Fields::Unnamed(_) | Fields::Unit => quote! {
            #(#docs)* #derives
            #vis struct #ident #impl_generics #fields #where_clause;
        },
    }
}

fn holder(machine: &Machine, vis: &Visibility) -> TokenStream {
    let Machine { ident, module, .. } = machine;
    let derives = derives(machine, |path| {
        path.segments
            .last()
            .is_some_and(|last| HOLDER_DERIVES.iter().any(|name| last.ident == name))
    });
    let initial = &machine.states[machine.initial_index()];
    let doc = format!(
        "A `{ident}` whose state the compiler knows, and what all its states share.\n\n\
         Methods that make sense in one state only go in an `impl {module}::Typed<{module}::{}>`.",
        initial.name()
    );
    let initial_doc =
        format!("A `{ident}` that begins in [`{}`], with nothing shared.", initial.name());
    quote! {
        #[doc = #doc]
        #derives
        #[must_use = "the machine is gone when it is dropped"]
        #vis struct Typed<S, Shared = ()> {
            pub(super) state: S,
            pub(super) shared: Shared,
        }

        #[automatically_derived]
        impl<S: Initial> Typed<S> {
            #[doc = #initial_doc]
            #vis const fn new(state: S) -> Self {
                Self { state, shared: () }
            }
        }

        #[automatically_derived]
        impl<S, Shared> Typed<S, Shared> {
            /// Goes to `next`, along a declared transition. What was held before is dropped.
            #vis fn go<Next: ReachableFrom<S>>(self, next: Next) -> Typed<Next, Shared> {
                Typed { state: next, shared: self.shared }
            }

            /// The same machine, with something else for all its states to share.
            #vis fn with<Other>(self, shared: Other) -> Typed<S, Other> {
                Typed { state: self.state, shared }
            }

            /// What the present state holds.
            #vis const fn state(&self) -> &S {
                &self.state
            }

            /// What the present state holds, to be changed without leaving the state.
            #vis const fn state_mut(&mut self) -> &mut S {
                &mut self.state
            }

            /// What all states share.
            #vis const fn shared(&self) -> &Shared {
                &self.shared
            }

            /// What all states share, to be changed.
            #vis const fn shared_mut(&mut self) -> &mut Shared {
                &mut self.shared
            }

            /// Takes the machine apart.
            #vis fn into_parts(self) -> (S, Shared) {
                (self.state, self.shared)
            }
        }
    }
}

/// The trait that the bound of `go` names, and an impl for each edge.
///
/// A trait of this module and not the runtime's alone, because only here can the message list
/// what the machine declares.
fn relation(machine: &Machine, vis: &Visibility) -> TokenStream {
    let Machine { ident, krate, .. } = machine;
    let declared = declared_transitions(machine);
    let doc = format!(
        "The declared transitions of `{ident}`: implemented by a state for each state that may precede it."
    );
    let edges = machine.edges().map(|(from, written, to)| {
        // Located at the name in `to(..)`, where the compiler points when it lists the edges.
        let span = Span::call_site().located_at(written.written.span());
        let mut generics = generics::used_by(&machine.generics, [&from.fields, &to.fields]);
        rebase(machine).visit_generics_mut(&mut generics);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let (from, to) = (state_type(machine, from), state_type(machine, to));
        quote_spanned! {span=>
            #[automatically_derived]
            impl #impl_generics #krate::state::ReachableFrom<#from> for #to #where_clause {}
            #[automatically_derived]
            impl #impl_generics ReachableFrom<#from> for #to #where_clause {}
        }
    });
    let initial = machine.states.iter().filter(|state| state.initial.is_some()).map(|state| {
        let mut generics = generics::used_by(&machine.generics, [&state.fields]);
        rebase(machine).visit_generics_mut(&mut generics);
        let (impl_generics, _, where_clause) = generics.split_for_impl();
        let state = state_type(machine, state);
        quote! {
            #[automatically_derived]
            impl #impl_generics #krate::state::Initial for #state #where_clause {}
            #[automatically_derived]
            impl #impl_generics Initial for #state #where_clause {}
        }
    });
    let first = machine.states[machine.initial_index()].name();
    let initial_doc = format!("The state in which a `{ident}` begins.");
    let begins = format!("`{ident}` begins in `{first}`, not in `{{Self}}`");
    let data = match &machine.states[machine.initial_index()].fields {
        Fields::Named(_) => " { .. }",
        Fields::Unnamed(_) => "(..)",
        Fields::Unit => "",
    };
    let begin =
        format!("write `Typed::new({}::{first}{data})`, and `go` from there", machine.module);
    quote! {
        #[doc = #doc]
        #[diagnostic::on_unimplemented(
            message = "`{Prev}` cannot go to `{Self}`",
            label = "`{Prev}` does not declare `{Self}` as a target",
            note = #declared,
            note = "go through a state in between, or declare the transition: add `{Self}` to the `to(..)` of `{Prev}`"
        )]
        #vis trait ReachableFrom<Prev>: #krate::state::ReachableFrom<Prev> {}
        #(#edges)*

        #[doc = #initial_doc]
        #[diagnostic::on_unimplemented(
            message = #begins,
            label = "not the initial state",
            note = #begin,
            note = "a machine that was stored in another state comes back through its enum: `Typed::try_from(stored)`"
        )]
        #vis trait Initial: #krate::state::Initial {}
        #(#initial)*
    }
}

/// The table, as the compiler shows it under "cannot go to".
fn declared_transitions(machine: &Machine) -> String {
    if machine.states.len() > 20 {
        return format!("`{}::TRANSITIONS` lists what is declared", machine.ident);
    }
    let mut lines = format!("the transitions that `{}` declares:", machine.ident);
    for state in &machine.states {
        let targets = state.targets.iter().map(|target| machine.states[target.state].name());
        let targets = match list_in_words(targets, "or") {
            none if none.is_empty() => "nowhere".to_owned(),
            targets => targets,
        };
        lines.push_str(&format!("\n`{}` to {targets}", state.name()));
    }
    lines
}

/// The struct of a state, with the part of the enum's generics that it has.
pub(super) fn state_type(machine: &Machine, state: &State) -> TokenStream {
    let generics = generics::used_by(&machine.generics, [&state.fields]);
    let (_, arguments, _) = generics.split_for_impl();
    let ident = &state.ident;
    quote!(#ident #arguments)
}

fn derives(machine: &Machine, wanted: impl Fn(&Path) -> bool) -> Option<TokenStream> {
    let paths = machine.derives.iter().filter(|path| wanted(path)).cloned().map(|mut path| {
        rebase_path(&mut path);
        path
    });
    let paths: Vec<Path> = paths.collect();
    (!paths.is_empty()).then(|| quote!(#[derive(#(#paths),*)]))
}

fn rebase(machine: &Machine) -> Rebase {
    let mut hidden: HashSet<String> =
        machine.states.iter().map(|state| state.ident.to_string()).collect();
    hidden.extend(TAKEN.map(str::to_owned));
    Rebase { hidden, enum_ident: machine.ident.clone(), generics: machine.generics.clone() }
}

fn or_default(docs: Vec<Attribute>, default: impl FnOnce() -> String) -> Vec<Attribute> {
    if docs.is_empty() {
        let text = default();
        vec![syn::parse_quote!(#[doc = #text])]
    } else {
        docs
    }
}

/// A name for a type parameter that the user's generics leave free.
pub(super) fn free_parameter(machine: &Machine, wanted: &str) -> syn::Ident {
    let mut name = format_ident!("{wanted}");
    let taken = |name: &syn::Ident| {
        machine.generics.type_params().any(|param| param.ident == *name)
            || machine.generics.const_params().any(|param| param.ident == *name)
    };
    while taken(&name) {
        name = format_ident!("{name}_");
    }
    name
}
