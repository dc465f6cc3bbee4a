use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{
    LitStr, Path, Token, Type, ext::IdentExt as _, parse::ParseStream, parse::Parser as _,
    spanned::Spanned as _,
};

use super::{
    handler::{Handler, Undo},
    module,
};
use crate::{
    crate_path::CratePath,
    derive::snake_case,
    diagnostics::Diagnostics,
    item::ImplItem,
    settings::{self, Known},
};

/// What is said of the participant: `PlaceOrder, name = "warehouse"`.
pub(super) struct Args {
    events: Option<Path>,
    name: Option<LitStr>,
    steps: Option<Path>,
    krate: CratePath,
}

const KNOWN: Known = &[
    ("name", "name = \"warehouse\""),
    ("steps", "steps = shop::place_order"),
    ("crate", "crate = ::path::to::reliability"),
];

impl Args {
    pub(super) fn read(diagnostics: &mut Diagnostics, tokens: TokenStream) -> Self {
        let mut this = Self { events: None, name: None, steps: None, krate: CratePath::default() };
        let example =
            "of which events? Write `#[participant(PlaceOrder)]`, with the enum of events";
        let parts = |input: ParseStream<'_>| {
            let path: syn::Result<Path> = input.parse();
            let path = path.map_err(|error| syn::Error::new(error.span(), example))?;
            let _: Option<Token![,]> = input.parse()?;
            Ok((path, input.parse::<TokenStream>()?))
        };
        let Some((events, rest)) = diagnostics.keep(parts.parse2(tokens)) else { return this };
        this.events = Some(events);
        let choices = settings::parse(diagnostics, rest, "name = \"warehouse\"");
        settings::walk(
            diagnostics,
            "`#[participant]`",
            KNOWN,
            choices,
            |own, setting| match setting.name {
                "name" => this.name = own.keep(setting.text()),
                "steps" => this.steps = own.keep(setting.path()),
                _ => {
                    let path = setting.path().and_then(|path| CratePath::from_path(&path));
                    this.krate = own.keep(path).unwrap_or_default();
                }
            },
        );
        if let Some(name) = &this.name
            && !fits(&name.value())
        {
            let message = "a participant's name has 1 to 64 of `a-z`, `0-9`, `_` and `-`, such as \
                           `\"warehouse\"`";
            diagnostics.error(name, message);
        }
        this
    }

    /// Without a name of its own, it has that of its type, which may be no name for a bus.
    pub(super) fn check_name(&self, diagnostics: &mut Diagnostics, block: &ImplItem) {
        let written = self.written(block);
        if self.name.is_none() && !fits(&written.value()) {
            let message = format!(
                "this participant would be called `{}`, and a participant's name has 1 to 64 of \
                 `a-z`, `0-9`, `_` and `-`, and is not `start`: write another one, such as \
                 `name = \"warehouse\"`",
                written.value()
            );
            diagnostics.error(&block.self_ty, message);
        }
    }

    /// The name that others know it by.
    fn written(&self, block: &ImplItem) -> LitStr {
        let of_type = || snake_case(&name(block)).unraw().to_string();
        self.name.clone().unwrap_or_else(|| LitStr::new(&of_type(), block.self_ty.span()))
    }
}

fn fits(name: &str) -> bool {
    let of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    (1..=64).contains(&name.len()) && name.chars().all(of_name) && name != "start"
}

/// The name of the type.
pub(super) fn name(block: &ImplItem) -> Ident {
    let mut who = &block.self_ty;
    // What a macro was given as a type comes in a group of its own.
    while let Type::Group(syn::TypeGroup { elem, .. }) | Type::Paren(syn::TypeParen { elem, .. }) =
        who
    {
        who = elem;
    }
    match who {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.clone()),
        _ => None,
    }
    .unwrap_or_else(|| Ident::new("participant", Span::call_site()))
}

pub(super) fn render(
    args: &Args,
    block: &ImplItem,
    handlers: &[Handler],
    stand_in: bool,
) -> Option<TokenStream> {
    let events = args.events.as_ref()?;
    let krate = &args.krate;
    let root = quote!(#krate::distributed::transaction::choreography);
    let (generics, _, bounds) = block.generics.split_for_impl();
    let who = &block.self_ty;
    let written = args.written(block);
    // What is built only sometimes, takes part only then.
    let cfgs: Vec<_> = block.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).collect();
    let scope = Scope { events, module: module(events, args.steps.as_ref()), krate, root: &root };
    let (links, called): (Vec<_>, Vec<_>) = match stand_in {
        // Whoever puts participants together knows by this that something was told already.
        true => (vec![quote!(#root::Link::of(#written, ""))], Vec::new()),
        false => handlers.iter().map(|it| (scope.link(&written, it), scope.called(it))).unzip(),
    };
    let checks = handlers.iter().enumerate().filter_map(|(place, handler)| {
        // Of a type with parameters there is no one constant to look at: `choreography!` checks it.
        let made = handler.link.makes.as_ref().filter(|_| !stand_in && block.generics.params.is_empty())?;
        let (span, place) = (made.span(), Literal::usize_unsuffixed(place));
        let root = krate.at(span);
        Some(quote_spanned! {span=>
            #(#cfgs)*
            const _: () = #root::distributed::transaction::choreography::check_link(
                <#events as #root::distributed::transaction::saga::Saga>::DEFINITION,
                <#who as #root::distributed::transaction::choreography::Participant<#events>>::LINKS[#place],
            );
        })
    });
    Some(quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #generics #root::Participant<#events> for #who #bounds {
            const NAME: &'static ::core::primitive::str = #written;
            const LINKS: &'static [#root::Link] = &[#(#links),*];
            const HANDLERS: &'static [#root::Handler<#events, Self>] = &[#(#called),*];
        }
        #(#checks)*
    })
}

/// What all handlers of a block share.
struct Scope<'a> {
    events: &'a Path,
    module: Path,
    krate: &'a CratePath,
    root: &'a TokenStream,
}

impl Scope<'_> {
    /// The type of an event, where it was written.
    fn event(&self, name: &Ident) -> TokenStream {
        let module = &self.module;
        quote!(#module::#name)
    }

    fn place(&self, name: &Ident) -> TokenStream {
        let (krate, event) = (self.krate, self.event(name));
        quote!(<#event as #krate::distributed::transaction::saga::walk::TypedStep>::PLACE)
    }

    fn link(&self, participant: &LitStr, handler: &Handler) -> TokenStream {
        let root = self.root;
        let name = handler.ident.unraw().to_string();
        let hears = handler.link.hears.iter().map(|event| self.place(event));
        let hears = (!handler.link.hears.is_empty()).then(|| quote!(.hears(&[#(#hears),*])));
        let makes = handler.link.makes.as_ref().map(|event| self.place(event));
        let makes = makes.map(|place| quote!(.makes(#place)));
        let undo = handler.undo.as_ref().map(|undo| match undo {
            Undo::Method(_) => quote!(.undone()),
            Undo::Nothing => quote!(.nothing_to_undo()),
        });
        let link = quote!(#root::Link::of(#participant, #name) #hears #makes #undo);
        if handler.link.makes.is_none() {
            return link;
        }
        // Of another result the compiler complains once: where the handler is called.
        let (krate, output) = (self.krate, &handler.output);
        quote! {{
            use #krate::__private::MayRefuse as _;
            if #krate::__private::HandlerEnd::<#output>::MAY_REFUSE { #link.may_refuse() } else { #link }
        }}
    }

    fn called(&self, handler: &Handler) -> TokenStream {
        let (root, krate, events) = (self.root, self.krate, self.events);
        let saga = quote!(#krate::distributed::transaction::saga);
        let (me, cx, history) = (local("me"), local("cx"), local("history"));
        let (method, output) = (&handler.ident, &handler.output);
        let needed: Vec<TokenStream> = handler.link.hears.iter().map(|it| self.event(it)).collect();
        let names: Vec<Ident> = (0..needed.len()).map(|at| local(&format!("need_{at}"))).collect();
        let missing = quote! {
            return ::core::result::Result::Err(#krate::__private::unheard())
        };
        let needs = needed.iter().zip(&names).map(|(event, name)| {
            quote! {
                let ::core::option::Option::Some(#name) = #history.of::<#event>() else { #missing };
            }
        });
        let first = handler.arguments.first().map(|ty| {
            let (span, krate) = (ty.span(), krate.at(ty.span()));
            quote_spanned!(span=> #krate::__private::started::<#events, #ty>(#history.input()))
        });
        let others = handler.arguments.iter().skip(1).zip(&needed).zip(&names);
        let others = others.map(|((ty, event), name)| {
            let (span, krate) = (ty.span(), krate.at(ty.span()));
            quote_spanned!(span=> #krate::__private::heard::<#event, #ty>(#name))
        });
        let ended = match &handler.link.makes {
            Some(made) => {
                let event = self.event(made);
                quote!(#krate::__private::made::<#event, #events, #output>)
            }
            None => {
                let (span, krate) = (output.span(), krate.at(output.span()));
                quote_spanned!(span=> #krate::__private::listened::<#events, #output>)
            }
        };
        let (probes, undoes) = (self.probes(handler), self.undoes(handler));
        let count = |method: &str, count: Option<u32>| {
            let (method, count) = (format_ident!("{method}"), count.map(Literal::u32_unsuffixed));
            count.map(|count| quote!(.#method(#count)))
        };
        let attempts = count("attempts", handler.retry);
        let undo_attempts = count("undo_attempts", handler.undo_retry);
        let backoff = handler.backoff.as_ref().map(|backoff| {
            let backoff = backoff.tokens();
            quote!(.backoff(#krate::resilience::retry::Backoff::#backoff))
        });
        let timeout = handler.timeout.map(|timeout| quote!(.timeout(#timeout)));
        quote! {
            #root::Handler::<#events, Self>::does(|#me, #cx, #history| {
                #krate::__private::boxed(async move {
                    let _: &#saga::Cx = &#cx;
                    #(#needs)*
                    #ended(Self::#method(&#me, &#cx, #first #(, #others)*).await)
                })
            }) #probes #undoes #attempts #undo_attempts #backoff #timeout
        }
    }

    fn probes(&self, handler: &Handler) -> Option<TokenStream> {
        let method = handler.probe.as_ref()?;
        let (krate, events) = (self.krate, self.events);
        let (me, cx, history) = (local("me"), local("cx"), local("history"));
        let needed: Vec<TokenStream> = handler.link.hears.iter().map(|it| self.event(it)).collect();
        let names: Vec<Ident> = (0..needed.len()).map(|at| local(&format!("need_{at}"))).collect();
        let span = method.span();
        let private = krate.at(span);
        let called = quote_spanned! {span=>
            Self::#method(&#me, &#cx, #history.input() #(, #names)*).await
        };
        let found = match &handler.link.makes {
            Some(made) => {
                let event = self.event(made);
                quote_spanned!(span=> #private::__private::probed::<#event, #events, _>(#called))
            }
            None => {
                quote_spanned!(span=> #private::__private::probed_listener::<#events, _>(#called))
            }
        };
        Some(quote! {
            .probes(|#me, #cx, #history| {
                #krate::__private::boxed(async move {
                    #(let ::core::option::Option::Some(#names) = #history.of::<#needed>() else {
                        return ::core::result::Result::Err(#krate::__private::unprobed())
                    };)*
                    #found
                })
            })
        })
    }

    fn undoes(&self, handler: &Handler) -> Option<TokenStream> {
        let (Some(Undo::Method(method)), Some(made)) = (&handler.undo, &handler.link.makes) else {
            return None;
        };
        let (krate, event) = (self.krate, self.event(made));
        let (me, cx, history) = (local("me"), local("cx"), local("history"));
        let span = method.span();
        let private = krate.at(span);
        let attempt = quote_spanned! {span=>
            #private::__private::attempt_of::<#event, _>(&#history)
        };
        let called =
            quote_spanned!(span=> Self::#method(&#me, &#cx, #history.input(), #attempt).await);
        Some(quote! {
            .undoes(|#me, #cx, #history| {
                #krate::__private::boxed(async move { #krate::__private::undo_ended(#called) })
            })
        })
    }
}

fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
