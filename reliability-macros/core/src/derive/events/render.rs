use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, LitStr, Path, Type, ext::IdentExt as _, spanned::Spanned as _};

use super::{Apply, Container, EventItem};

/// The `impl`s of `Events` and, with an aggregate, of `Applies`.
pub(super) fn render(
    input: &DeriveInput,
    container: &Container,
    events: &[EventItem<'_>],
) -> TokenStream {
    let room = room(container);
    let krate = &container.krate;
    let (parameters, arguments, condition) = input.generics.split_for_impl();
    let (ident, kind) = (&input.ident, &container.kind);
    let names = events.iter().map(|event| {
        let (variant, name) = (event.ident, &event.name);
        quote!(Self::#variant { .. } => #name,)
    });
    let writes = events.iter().map(|event| write(container, event));
    let read = read(container, events);
    let applies = container.aggregate.as_ref().map(|to| applies(input, container, to, events));
    quote! {
        #[automatically_derived]
        impl #parameters #room::Events for #ident #arguments #condition {
            const KINDS: &'static [&'static ::core::primitive::str] = &[#kind];

            fn name(&self) -> &'static ::core::primitive::str {
                match self { #(#names)* }
            }

            fn write(
                &self,
            ) -> ::core::result::Result<#krate::journal::Event, #krate::journal::JournalError> {
                match self { #(#writes)* }
            }

            #read
        }
        #applies
    }
}

/// What keeps one mistake from being another one wherever the events are used.
pub(super) fn stand_in(input: &DeriveInput, container: &Container) -> TokenStream {
    let (room, krate) = (room(container), &container.krate);
    let (parameters, arguments, condition) = input.generics.split_for_impl();
    let ident = &input.ident;
    let (record, to) = (local("record"), local("to"));
    let applies = container.aggregate.as_ref().map(|aggregate| {
        quote! {
            #[automatically_derived]
            impl #parameters #room::Applies<#aggregate> for #ident #arguments #condition {
                fn apply_to(
                    &self,
                    #to: #aggregate,
                ) -> ::core::result::Result<#aggregate, #room::OutOfPlace> {
                    ::core::result::Result::Ok(#to)
                }
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl #parameters #room::Events for #ident #arguments #condition {
            const KINDS: &'static [&'static ::core::primitive::str] = &[];

            fn name(&self) -> &'static ::core::primitive::str {
                ""
            }

            fn write(
                &self,
            ) -> ::core::result::Result<#krate::journal::Event, #krate::journal::JournalError> {
                ::core::result::Result::Err(#krate::journal::JournalError::Closed)
            }

            fn read(
                #record: &#krate::journal::Record,
            ) -> ::core::result::Result<::core::option::Option<Self>, #room::EventError> {
                let _ = #record;
                ::core::result::Result::Ok(::core::option::Option::None)
            }
        }
        #applies
    }
}

/// Where the runtime has what the expansion names.
pub(in crate::derive) fn room_of(krate: &crate::CratePath) -> TokenStream {
    quote!(#krate::distributed::transaction::event_sourcing)
}

fn room(container: &Container) -> TokenStream {
    room_of(&container.krate)
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn write(container: &Container, event: &EventItem<'_>) -> TokenStream {
    let (variant, name, version) = (event.ident, &event.name, event.version);
    match event.payload {
        Some(ty) => {
            let (payload, trait_of) = (local("payload"), payload_of(container, ty));
            quote!(Self::#variant(#payload) => #trait_of::write(#payload, #name, #version),)
        }
        None => {
            let krate = &container.krate;
            quote!(Self::#variant => #krate::__private::Payload::write(&(), #name, #version),)
        }
    }
}

/// Located on the type, so that what it lacks is told of there. The compiler finds that several
/// times, and tells it once, because it looks the same.
fn payload_of(container: &Container, ty: &Type) -> TokenStream {
    let span = Span::call_site().located_at(ty.span());
    let krate = container.krate.at(span);
    quote_spanned!(span=> <#ty as #krate::__private::Payload>)
}

fn read(container: &Container, events: &[EventItem<'_>]) -> TokenStream {
    let (room, krate) = (room(container), &container.krate);
    let (record, event) = (local("record"), local("event"));
    let arms = events.iter().flat_map(|item| (1..=item.version).map(move |it| (item, it)));
    let arms = arms.map(|(item, version)| {
        let names = core::iter::once(&item.name).chain(&item.was);
        let variant = item.ident;
        let value = upcast(container, item, version);
        let made = match item.payload {
            Some(_) => quote!(Self::#variant(#value)),
            None if version == item.version => quote!(Self::#variant),
            None => quote!({ let () = #value; Self::#variant }),
        };
        quote!((#(#names)|*, #version) => #made,)
    });
    let retired = &container.retired;
    let retired = (!retired.is_empty()).then(|| {
        quote!((#(#retired)|*, _) => return ::core::result::Result::Ok(::core::option::Option::None),)
    });
    let known = events.iter().flat_map(|item| {
        let names = core::iter::once(&item.name).chain(&item.was);
        names.map(|name| known(name, item.version))
    });
    quote! {
        fn read(
            #record: &#krate::journal::Record,
        ) -> ::core::result::Result<::core::option::Option<Self>, #room::EventError> {
            let #event = &#record.event;
            ::core::result::Result::Ok(::core::option::Option::Some(match (
                #krate::journal::Event::name(#event),
                #krate::journal::Event::version(#event),
            ) {
                #(#arms)*
                #retired
                _ => return ::core::result::Result::Err(
                    #room::EventError::unknown(#event, &[#(#known),*]),
                ),
            }))
        }
    }
}

fn known(name: &LitStr, version: u32) -> TokenStream {
    quote!((#name, #version))
}

/// What was read in that version, brought to the present one step by step.
fn upcast(container: &Container, item: &EventItem<'_>, version: u32) -> TokenStream {
    let event = local("event");
    let mut steps: Vec<_> = item.upcasts.iter().filter(|it| it.version >= version).collect();
    steps.sort_by_key(|it| it.version);
    let read = match (steps.first(), item.payload) {
        (Some(first), _) => {
            let span = first.function.span();
            let krate = container.krate.at(span);
            quote_spanned!(span=> #krate::__private::read_event(#event)?)
        }
        (None, Some(ty)) => {
            let trait_of = payload_of(container, ty);
            quote!(#trait_of::read(#event)?)
        }
        (None, None) => TokenStream::new(),
    };
    steps.into_iter().fold(read, |read, step| {
        let function = &step.function;
        let span = function.span();
        let krate = container.krate.at(span);
        quote_spanned!(span=> #krate::__private::upcast(#function(#read)))
    })
}

fn applies(
    input: &DeriveInput,
    container: &Container,
    aggregate: &Type,
    events: &[EventItem<'_>],
) -> TokenStream {
    let room = room(container);
    let (parameters, arguments, condition) = input.generics.split_for_impl();
    let (ident, to) = (&input.ident, local("to"));
    let is_plain = container.states.is_none();
    let arms = events.iter().map(|event| match &event.apply {
        Apply::Plain(_, function) => plain(event, function),
        Apply::States(_, states) => by_state(container, aggregate, event, states),
        Apply::Nothing => TokenStream::new(),
    });
    let body = if is_plain {
        quote! {
            match self { #(#arms)* }
            ::core::result::Result::Ok(#to)
        }
    } else {
        quote!(match self { #(#arms)* })
    };
    let mutable = is_plain.then(|| quote!(mut));
    quote! {
        #[automatically_derived]
        impl #parameters #room::Applies<#aggregate> for #ident #arguments #condition {
            fn apply_to(
                &self,
                #mutable #to: #aggregate,
            ) -> ::core::result::Result<#aggregate, #room::OutOfPlace> {
                #body
            }
        }
    }
}

/// `added(&mut to, payload)`.
fn plain(event: &EventItem<'_>, function: &Path) -> TokenStream {
    let (variant, to, payload) = (event.ident, local("to"), local("payload"));
    let span = function.span();
    match event.payload {
        Some(_) => {
            let call = quote_spanned!(span=> #function(&mut #to, #payload));
            quote!(Self::#variant(#payload) => #call,)
        }
        None => {
            let call = quote_spanned!(span=> #function(&mut #to));
            quote!(Self::#variant => #call,)
        }
    }
}

/// From each state in which it can happen to one that may follow it.
fn by_state(
    container: &Container,
    aggregate: &Type,
    event: &EventItem<'_>,
    states: &[(Ident, Path)],
) -> TokenStream {
    let room = room(container);
    let (variant, to, payload) = (event.ident, local("to"), local("payload"));
    let next = local("next");
    let module = &container.states;
    let steps = states.iter().map(|(from, function)| {
        let span = function.span();
        let krate = container.krate.at(span);
        let state = Ident::new("state", Span::mixed_site().located_at(from.span()));
        let arguments = match event.payload {
            Some(_) => quote!(#state, #payload),
            None => quote!(#state),
        };
        let made = quote_spanned!(span=> #function(#arguments));
        let led = quote_spanned!(span=> #krate::__private::led::<#module::#from, _>(#made));
        quote! {
            let #to = match <#module::#from as ::core::convert::TryFrom<#aggregate>>::try_from(#to) {
                ::core::result::Result::Ok(#state) => {
                    let #next = #led;
                    return ::core::result::Result::Ok(::core::convert::Into::into(#next));
                }
                ::core::result::Result::Err(#to) => #to,
            };
        }
    });
    let name = &event.name;
    let declared = states.iter().map(|(from, _)| from.unraw().to_string());
    let krate = &container.krate;
    let refused = quote! {
        ::core::result::Result::Err(#room::OutOfPlace::new(
            #name,
            #krate::state::Machine::state_name(&#to),
            &[#(#declared),*],
        ))
    };
    match event.payload {
        Some(_) => quote!(Self::#variant(#payload) => { #(#steps)* #refused }),
        None => quote!(Self::#variant => { #(#steps)* #refused }),
    }
}
