use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericParam, Ident, Member, parse_quote};

use super::{
    diagram,
    model::{Machine, State},
    module::{self, free_parameter, state_type},
};
use crate::derive::packed;

/// The module, and what joins it to the enum.
pub(super) fn expand(machine: &Machine) -> TokenStream {
    let module = module::module(machine);
    let table = table(machine);
    let inherent = inherent(machine);
    let conversions =
        machine.states.iter().enumerate().map(|(index, state)| conversion(machine, index, state));
    let holder = holder_conversions(machine);
    let packed = machine.atomic.map(|_| packed_machine(machine));
    quote! {
        #module
        #table
        #inherent
        #(#conversions)*
        #holder
        #packed
    }
}

/// `impl Machine`: the declaration as data.
fn table(machine: &Machine) -> TokenStream {
    let Machine { ident, krate, module, generics, .. } = machine;
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let name = module.to_string();
    let name = name.trim_start_matches("r#");
    let names: Vec<String> = machine.states.iter().map(State::name).collect();
    let initial = machine.initial_index();
    let finals = machine
        .states
        .iter()
        .enumerate()
        .filter(|(_, state)| state.is_final)
        .map(|(index, _)| index);
    let edges = machine.edges().map(|(from, _, to)| {
        let (from, to) = (from.name(), to.name());
        quote!(#krate::state::Transition { from: #from, to: #to })
    });
    let variants = machine.states.iter().map(|state| &state.ident);
    let indices = 0..machine.states.len();
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::state::Machine for #ident #arguments #where_clause {
            const NAME: &'static str = #name;
            const STATES: &'static [&'static str] = &[#(#names),*];
            const INITIAL: usize = #initial;
            const FINAL: &'static [usize] = &[#(#finals),*];
            const TRANSITIONS: &'static [#krate::state::Transition] = &[#(#edges),*];

            fn index(&self) -> usize {
                match self { #(Self::#variants { .. } => #indices,)* }
            }
        }
    }
}

/// What callers find on the enum itself, without a trait in scope.
fn inherent(machine: &Machine) -> TokenStream {
    let Machine { ident, vis, krate, generics, .. } = machine;
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let picture = diagram::diagram(machine);
    let doc = format!(
        "What `{ident}` declares; a double frame marks a state in which it may end.\n\n{picture}\n"
    );
    quote! {
        #[doc = #doc]
        #[automatically_derived]
        #[allow(
            dead_code,
            clippy::same_name_method,
            reason = "written by `StateMachine`: its trait's methods without the trait in scope"
        )]
        impl #impl_generics #ident #arguments #where_clause {
            /// Every transition that is declared, in the order of the declaration.
            #vis const TRANSITIONS: &'static [#krate::state::Transition] =
                <Self as #krate::state::Machine>::TRANSITIONS;

            /// The declared transitions as a Mermaid state diagram.
            #[must_use]
            #vis fn mermaid() -> #krate::__private::String {
                <Self as #krate::state::Machine>::mermaid()
            }

            /// The declared transitions as a graph for Graphviz.
            #[must_use]
            #vis fn dot() -> #krate::__private::String {
                <Self as #krate::state::Machine>::dot()
            }

            /// Goes to `next` if that is declared, and returns what was held before.
            ///
            /// # Errors
            ///
            /// When the transition is not declared. Nothing changes then, and the error gives
            /// `next` back.
            #vis fn try_go(
                &mut self,
                next: Self,
            ) -> ::core::result::Result<Self, #krate::state::Refused<Self>> {
                #krate::state::Machine::try_go(self, next)
            }
        }
    }
}

/// One state's struct to the enum, and back.
fn conversion(machine: &Machine, index: usize, state: &State) -> TokenStream {
    let Machine { ident, krate, module, generics, .. } = machine;
    let (impl_generics, arguments, where_clause) = generics.split_for_impl();
    let (variant, ty) = (&state.ident, state_type(machine, state));
    let name = state.name();
    let members: Vec<Member> = state.fields.members().collect();
    let locals: Vec<Ident> = (0..members.len()).map(local).collect();
    // A machine of one state has nothing else to fall back to.
    let otherwise = (machine.states.len() > 1).then(|| {
        quote! {
            other => ::core::result::Result::Err(other),
        }
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::state::State<#ident #arguments> for #module::#ty #where_clause {
            const INDEX: usize = #index;
            const NAME: &'static str = #name;
        }

        #[automatically_derived]
        impl #impl_generics ::core::convert::From<#module::#ty> for #ident #arguments #where_clause {
            fn from(state: #module::#ty) -> Self {
                let #module::#variant { #(#members: #locals),* } = state;
                Self::#variant { #(#members: #locals),* }
            }
        }

        #[automatically_derived]
        impl #impl_generics ::core::convert::TryFrom<#ident #arguments> for #module::#ty #where_clause {
            type Error = #ident #arguments;

            fn try_from(machine: #ident #arguments) -> ::core::result::Result<Self, Self::Error> {
                match machine {
                    #ident::#variant { #(#members: #locals),* } => {
                        ::core::result::Result::Ok(Self { #(#members: #locals),* })
                    }
                    #otherwise
                }
            }
        }
    }
}

/// A local that no field of the user can be confused with.
fn local(position: usize) -> Ident {
    Ident::new(&format!("field_{position}"), proc_macro2::Span::mixed_site())
}

/// The holder to the enum, and back.
fn holder_conversions(machine: &Machine) -> TokenStream {
    let Machine { ident, module, generics, .. } = machine;
    let (_, arguments, _) = generics.split_for_impl();
    let state = free_parameter(machine, "S");
    let with = |bound: TokenStream| {
        let mut generics = generics.clone();
        generics.params.push(GenericParam::Type(parse_quote!(#state)));
        generics.make_where_clause().predicates.push(parse_quote!(#state: #bound));
        generics
    };
    let into = with(quote!(::core::convert::Into<#ident #arguments>));
    let (into_generics, _, into_where) = into.split_for_impl();
    let from = with(quote!(::core::convert::TryFrom<#ident #arguments, Error = #ident #arguments>));
    let (from_generics, _, from_where) = from.split_for_impl();
    quote! {
        #[automatically_derived]
        impl #into_generics ::core::convert::From<#module::Typed<#state>> for #ident #arguments #into_where {
            fn from(typed: #module::Typed<#state>) -> Self {
                ::core::convert::Into::into(typed.into_parts().0)
            }
        }

        #[automatically_derived]
        impl #from_generics ::core::convert::TryFrom<#ident #arguments> for #module::Typed<#state> #from_where {
            type Error = #ident #arguments;

            fn try_from(machine: #ident #arguments) -> ::core::result::Result<Self, Self::Error> {
                ::core::result::Result::map(
                    <#state as ::core::convert::TryFrom<#ident #arguments>>::try_from(machine),
                    |state| #module::Typed { state, shared: () },
                )
            }
        }
    }
}

/// `#[machine(atomic)]`: how the data of each state goes into the word, and out of it.
fn packed_machine(machine: &Machine) -> TokenStream {
    let Machine { ident, krate, module, generics, .. } = machine;
    let states = machine.states.iter().map(|state| {
        let generics = super::generics::used_by(generics, [&state.fields]);
        let ty = state_type(machine, state);
        packed::packed_struct(krate, &state.ident, &quote!(#module::#ty), &generics, &state.fields)
    });
    let mut generics = generics.clone();
    for state in &machine.states {
        packed::require_packed(krate, &mut generics, &state.fields);
    }
    let (impl_generics, _, where_clause) = generics.split_for_impl();
    let (_, arguments, _) = machine.generics.split_for_impl();
    let last = machine.states.len() - 1;
    let arms = machine.states.iter().enumerate().map(|(index, state)| {
        let ty = state_type(machine, state);
        let pattern = if index == last { quote!(_) } else { quote!(#index) };
        quote! {
            #pattern => ::core::convert::From::from(
                <#module::#ty as #krate::state::Packed>::from_bits(bits)
            ),
        }
    });
    quote! {
        #(#states)*

        #[automatically_derived]
        impl #impl_generics #krate::state::PackedMachine for #ident #arguments #where_clause {
            fn unpack(index: usize, bits: u32) -> Self {
                match index { #(#arms)* }
            }
        }
    }
}
