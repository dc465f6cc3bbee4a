//! `choreography!`: who does what, in one place.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Path, Token, Type, Visibility,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    spanned::Spanned as _,
};

use super::{link::Link, module};
use crate::{crate_path::CratePath, diagnostics::Diagnostics, dump::dump};

/// `pub Orders: PlaceOrder { Warehouse, Card, elsewhere mail { on(Charged => Mailed) }, terminal Mailed }`
struct Wiring {
    attrs: Vec<Attribute>,
    vis: Visibility,
    name: Ident,
    events: Path,
    items: Vec<Item>,
    /// The braces around them.
    inside: Span,
}

enum Item {
    Here(Type),
    Elsewhere(Ident, Vec<Link>),
    Terminal(Ident),
    Steps(Path),
    Crate(Path),
}

const EXAMPLE: &str = "write `choreography!(pub Orders: PlaceOrder { Warehouse, Card, terminal Mailed })`, \
                       with the enum of events and the participants";

/// Expands `choreography!(..)`.
#[must_use]
pub fn expand(tokens: TokenStream) -> TokenStream {
    let wiring = match syn::parse2::<Wiring>(tokens) {
        Ok(wiring) => wiring,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    let krate = wiring.krate(&mut diagnostics);
    wiring.twice(&mut diagnostics);
    let errors = diagnostics.finish().err();
    let rest = wiring.render(&krate, errors.is_some());
    dump(&wiring.name, quote!(#errors #rest))
}

impl Parse for Wiring {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let like = |error: syn::Error| syn::Error::new(error.span(), EXAMPLE);
        let attrs = input.call(Attribute::parse_outer)?;
        let (vis, name) = (input.parse()?, input.parse::<Ident>().map_err(like)?);
        input.parse::<Token![:]>().map_err(like)?;
        let events = input.parse::<Path>().map_err(like)?;
        let inside;
        if !input.peek(syn::token::Brace) {
            return Err(syn::Error::new(input.span(), EXAMPLE));
        }
        let braces = syn::braced!(inside in input);
        let mut items = Vec::new();
        while !inside.is_empty() {
            items.push(inside.parse()?);
            if !inside.is_empty() {
                inside.parse::<Token![,]>()?;
            }
        }
        Ok(Self { attrs, vis, name, events, items, inside: braces.span.join() })
    }
}

impl Parse for Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let word = ahead.call(Ident::parse_any).ok().map(|word| word.to_string());
        match word.as_deref() {
            Some("elsewhere") if ahead.peek(syn::Ident) => {
                input.call(Ident::parse_any)?;
                elsewhere(input)
            }
            Some("terminal") if ahead.peek(syn::Ident) => {
                input.call(Ident::parse_any)?;
                Ok(Self::Terminal(input.parse()?))
            }
            Some("steps") if ahead.peek(Token![=]) => {
                input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                Ok(Self::Steps(input.parse()?))
            }
            Some("crate") if ahead.peek(Token![=]) => {
                input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                Ok(Self::Crate(input.parse()?))
            }
            _ => input.parse().map(Self::Here).map_err(|error| {
                let message = "expected a participant: its type, `elsewhere mail { on(Charged => \
                               Mailed) }` for one of another process, or `terminal Mailed` for an \
                               event that nobody handles";
                syn::Error::new(error.span(), message)
            }),
        }
    }
}

/// `mail { on(Charged => Mailed) }`
fn elsewhere(input: ParseStream<'_>) -> syn::Result<Item> {
    let name: Ident = input.parse()?;
    let inside;
    syn::braced!(inside in input);
    let mut links = Vec::new();
    while !inside.is_empty() {
        let example = format!("write what `{name}` listens to: `on(Charged => Mailed)`");
        let on = inside.call(Ident::parse_any)?;
        if on != "on" || !inside.peek(syn::token::Paren) {
            return Err(syn::Error::new(on.span(), example));
        }
        let link;
        syn::parenthesized!(link in inside);
        let (link, rest) = Link::parse(&link)?;
        if !rest.is_empty() {
            let message = "how it is done is said where it is: here stands what it waits for, and \
                           what it makes";
            return Err(syn::Error::new_spanned(rest, message));
        }
        links.push(link);
        let _: Option<Token![,]> = inside.parse()?;
    }
    if links.is_empty() {
        let message = format!("write what `{name}` listens to: `on(Charged => Mailed)`");
        return Err(syn::Error::new(name.span(), message));
    }
    Ok(Item::Elsewhere(name, links))
}

impl Wiring {
    fn krate(&self, diagnostics: &mut Diagnostics) -> CratePath {
        let named = self.items.iter().find_map(|item| match item {
            Item::Crate(path) => Some(CratePath::from_path(path)),
            _ => None,
        });
        named.and_then(|path| diagnostics.keep(path)).unwrap_or_default()
    }

    /// What is named twice is a slip.
    fn twice(&self, diagnostics: &mut Diagnostics) {
        let (mut here, mut names): (Vec<String>, Vec<&Ident>) = (Vec::new(), Vec::new());
        for item in &self.items {
            match item {
                Item::Here(ty) => {
                    let written = quote!(#ty).to_string();
                    if here.contains(&written) {
                        diagnostics
                            .error(ty, "this participant is here already; remove one of the two");
                    }
                    here.push(written);
                }
                Item::Elsewhere(name, _) => {
                    if names.contains(&name) {
                        let message = format!(
                            "`{name}` is named already: write all that it listens to in one place"
                        );
                        diagnostics.error(name, message);
                    }
                    names.push(name);
                }
                _ => {}
            }
        }
    }

    fn render(&self, krate: &CratePath, stand_in: bool) -> TokenStream {
        let Self { attrs, vis, name, events, .. } = self;
        let root = quote!(#krate::distributed::transaction::choreography);
        let steps = self.items.iter().find_map(|item| match item {
            Item::Steps(path) => Some(path),
            _ => None,
        });
        let module = module(events, steps);
        let place = |event: &Ident| quote!(<#module::#event as #krate::distributed::transaction::saga::walk::TypedStep>::PLACE);
        let here: Vec<&Type> = self.items.iter().filter_map(Item::here).collect();
        // Where the compiler says that one of them is no participant.
        let all = quote_spanned!(self.inside=> (#(#here,)*));
        let elsewhere =
            self.items.iter().filter_map(Item::elsewhere).flat_map(|(who, links)| {
                links.iter().map(move |link| (who.unraw().to_string(), link))
            });
        let elsewhere = elsewhere.map(|(who, link)| {
            let hears = link.hears.iter().map(&place);
            let makes = link.makes.as_ref().map(&place).map(|place| quote!(.makes(#place)));
            let handler = link.makes.as_ref().map(|event| event.unraw().to_string());
            let handler = handler.unwrap_or_else(|| "listen".into());
            quote!(#root::Link::of(#who, #handler).hears(&[#(#hears),*]) #makes)
        });
        let terminal = self.items.iter().filter_map(|item| match item {
            Item::Terminal(event) => Some(place(event)),
            _ => None,
        });
        let span = events.span();
        let check = (!stand_in).then(|| {
            let root = krate.at(span);
            quote_spanned! {span=>
                const _: () = #root::distributed::transaction::choreography::check::<#name>();
            }
        });
        let (journal, bus, participants) = (local("journal"), local("bus"), local("here"));
        let (docs, does) = match attrs.is_empty() {
            true => {
                (format!("Who does what in a [`{}`].", crate::body::in_words(events)), quote!())
            }
            false => (String::new(), quote!(#(#attrs)*)),
        };
        let docs = (!docs.is_empty()).then(|| quote!(#[doc = #docs]));
        quote! {
            #docs #does
            #[derive(Debug, Clone, Copy)]
            #[allow(clippy::exhaustive_enums, missing_copy_implementations, reason = "written by `choreography`")]
            #vis enum #name {}

            #[automatically_derived]
            impl #root::Choreography for #name {
                type Events = #events;
                type Here = #all;
                const ELSEWHERE: &'static [#root::Link] = &[#(#elsewhere),*];
                const TERMINAL: &'static [::core::primitive::usize] = &[#(#terminal),*];
            }

            #check

            #[automatically_derived]
            #[allow(dead_code, reason = "written by `choreography`: not everybody draws")]
            impl #name {
                /// These participants, on that journal and that bus; `start` begins.
                #vis fn on(
                    #journal: &#krate::journal::Journal,
                    #bus: impl #root::bus::Bus,
                    #participants: (#(#here,)*),
                ) -> #root::ChoreographedBuilder<Self> {
                    #root::ChoreographedBuilder::new(#journal, #bus, #participants)
                }

                /// Who makes and handles what.
                #vis fn wiring() -> #root::Wiring {
                    #root::Wiring::of::<Self>()
                }
            }
        }
    }
}

impl Item {
    const fn here(&self) -> Option<&Type> {
        match self {
            Self::Here(ty) => Some(ty),
            _ => None,
        }
    }

    const fn elsewhere(&self) -> Option<(&Ident, &Vec<Link>)> {
        match self {
            Self::Elsewhere(name, links) => Some((name, links)),
            _ => None,
        }
    }
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
