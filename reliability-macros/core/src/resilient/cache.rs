use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, FnArg, GenericArgument, PathArguments, ReturnType, Type, spanned::Spanned as _};

use super::{layer::Building, limits};
use crate::{
    crate_path::CratePath,
    diagnostics::Diagnostics,
    item::FnItem,
    literal::Period,
    settings::{Known, Setting},
};

/// `cache(ttl = "30s", stale = "5m", key = sku, capacity = 10_000)`
#[derive(Debug, Default)]
pub(crate) struct Cache {
    ttl: Option<Period>,
    stale: Option<Period>,
    pub(super) key: Option<Expr>,
    capacity: Option<u32>,
    wait: Option<Period>,
    /// The word, and for how long errors of which class are kept.
    negative: Option<(Ident, Vec<(&'static str, Period)>)>,
    /// The word `background`, where it is said.
    background: Option<Ident>,
    /// Something in it was refused, so nothing is missing.
    refused: bool,
}

pub(super) const KNOWN: Known = &[
    ("ttl", "ttl = \"30s\""),
    ("stale", "stale = \"5m\""),
    ("key", "key = expression"),
    ("capacity", "capacity = 10_000"),
    ("wait", "wait = \"10s\""),
    ("negative", "negative(permanent = \"10s\")"),
    ("refresh", "refresh = background"),
];

const NEGATIVE: Known = &[
    ("permanent", "permanent = \"10s\""),
    ("transient", "transient = \"1s\""),
    ("overloaded", "overloaded = \"1s\""),
];

const REFRESH: Known = &[("inline", "inline"), ("background", "background")];

/// Whether the runtime crate has its cache. Here it is always tested.
const AVAILABLE: bool = cfg!(any(test, feature = "cache"));

impl Cache {
    pub(super) fn read(diagnostics: &mut Diagnostics, setting: &Setting) -> Self {
        let mut this = Self::default();
        if !AVAILABLE {
            diagnostics.error(setting.word(), NOT_AVAILABLE);
            return Self { refused: true, ..this };
        }
        let mut own = Diagnostics::new();
        setting.walk(&mut own, KNOWN, |own, setting| this.take(own, setting));
        this.refused = own.has_errors();
        diagnostics.absorb(own);
        this
    }

    fn take(&mut self, own: &mut Diagnostics, setting: Setting) {
        match setting.name {
            "ttl" => self.ttl = own.keep(setting.period_within(limits::TTL)),
            "stale" => self.stale = own.keep(setting.period_within(limits::STALE)),
            "key" => {
                let key = "what the answer depends on, such as an argument, or `key = ()` where it \
                           is always the same";
                self.key = own.keep(setting.of_call(key));
            }
            "capacity" => self.capacity = own.keep(setting.count(limits::CACHE_CAPACITY)),
            "wait" => self.wait = own.keep(setting.period_within(limits::FLIGHT_WAIT)),
            "negative" => self.negative = Some(negative(own, &setting)),
            _ => {
                let refresh = own.keep(setting.variant("way to refresh", REFRESH));
                self.background = refresh
                    .filter(|refresh| refresh.name == "background")
                    .map(|refresh| refresh.word);
            }
        }
    }

    /// Whether it says only what is the function's own, and nothing of the cache.
    pub(super) fn is_of_this_function_only(&self) -> bool {
        let Self { ttl, stale, capacity, wait, negative, .. } = self;
        self.key.is_some()
            && ttl.is_none()
            && stale.is_none()
            && capacity.is_none()
            && wait.is_none()
            && negative.is_none()
    }

    pub(super) fn check(&self, diagnostics: &mut Diagnostics, word: &Ident) {
        if self.refused {
            return;
        }
        let missing = match (&self.ttl, &self.key) {
            (None, None) => "`ttl`, for how long an answer is good, and `key`, what it depends on",
            (None, Some(_)) => "`ttl`, for how long an answer is good",
            (Some(_), None) => "`key`, what the answer depends on",
            (Some(_), Some(_)) => {
                if let (Some(background), None) = (&self.background, &self.stale) {
                    diagnostics.error(
                        background,
                        "a refresh in the background needs an answer for meanwhile; add `stale = \
                         \"5m\"`, for how long one that is too old is good enough, or remove \
                         `refresh`",
                    );
                }
                return;
            }
        };
        diagnostics.error(
            word,
            format!("`cache` needs {missing}: `cache(ttl = \"30s\", key = expression)`"),
        );
    }

    pub(super) fn builder_call(&self, policy: &Building<'_>) -> TokenStream {
        let Building { krate, name, clock, .. } = policy;
        let ttl = self.ttl.map(|ttl| quote!(.ttl(#ttl)));
        let stale = self.stale.map(|stale| quote!(.stale(#stale)));
        let wait = self.wait.map(|wait| quote!(.wait(#wait)));
        let capacity = self.capacity.map(|capacity| {
            let capacity = Literal::u32_unsuffixed(capacity);
            quote!(.capacity(#capacity))
        });
        let negative = self.negative.iter().flat_map(|(_, classes)| classes).map(|(class, ttl)| {
            let method = Ident::new(&format!("negative_{class}"), Span::call_site());
            quote!(.#method(#ttl))
        });
        quote!(.cache(
            #krate::resilience::Cache::builder(#name)
                #ttl #stale #capacity #wait #(#negative)* #clock .build()?
        ))
    }

    /// The word, where refreshing goes on without the caller.
    pub(super) fn background(&self) -> Option<&Ident> {
        self.background.as_ref()
    }

    /// Refuses what a body that outlives its caller cannot have.
    pub(super) fn check_item(&self, diagnostics: &mut Diagnostics, item: &FnItem, fallback: bool) {
        if let Some(value) = ok_type(&item.sig.output)
            && is_borrowed(value)
        {
            diagnostics.error(
                value,
                "what a cache keeps outlives the call, so it cannot borrow from the arguments; \
                 return it by value, such as a `String` or an `Arc`",
            );
        }
        let Some(word) = &self.background else {
            return;
        };
        if fallback {
            diagnostics.error(
                word,
                "a refresh in the background takes the arguments along, and `fallback` wants them \
                 as well; remove one of the two",
            );
        }
        for input in &item.sig.inputs {
            let borrowed = match input {
                FnArg::Receiver(receiver) => match &receiver.kind {
                    syn::ReceiverKind::Reference(..) => true,
                    syn::ReceiverKind::Typed(_, ty) => is_borrowed(ty),
                    _ => false,
                },
                FnArg::Typed(typed) => is_borrowed(&typed.ty),
            };
            if borrowed {
                let instead = match input {
                    FnArg::Receiver(_) => "take `self: Arc<Self>`",
                    FnArg::Typed(_) => "take it by value, such as a `String` or an `Arc`",
                };
                diagnostics.error(
                    input,
                    format!(
                        "a refresh in the background goes on when the caller has its answer and is \
                         gone, so it cannot borrow from it; {instead}, or remove `refresh = \
                         background`: then one caller at a time refreshes, and the others do not \
                         wait for it"
                    ),
                );
            }
        }
    }

    /// Statements that look the answer up: `found` is what was found, `sharing` whether errors are
    /// for all.
    pub(super) fn look_up(
        &self,
        krate: &CratePath,
        output: &ReturnType,
        call: &Ident,
        [sharing, found]: [&Ident; 2],
    ) -> TokenStream {
        let shares = self.sharing(krate, output);
        let (values, key) = self.key_parts(krate);
        let span = ok_span(output).resolved_at(Span::mixed_site());
        let here = krate.at(span);
        let call = Ident::new(&call.to_string(), span);
        let asked = quote_spanned!(span=> (&#here::__private::Asked(#key)));
        let look_up = quote_spanned!(span=> #asked.by().look_up(&mut #call, #sharing));
        quote! {
            let #sharing = #shares;
            let #found = {
                use #krate::__private::{
                    ByKey as _, ByNothing as _, KeyByReference as _, KeyByValue as _,
                };
                #values
                #look_up.await
            };
        }
    }

    /// Whether errors are for all: where they are to be kept they have to be, else where they can.
    fn sharing(&self, krate: &CratePath, output: &ReturnType) -> TokenStream {
        let ReturnType::Type(_, ty) = output else {
            return quote!(#krate::resilience::cache::Sharing::values());
        };
        let ty = crate::body::erase_impl_trait(ty);
        if let Some((word, _)) = &self.negative {
            let span = word.span().resolved_at(Span::mixed_site());
            let here = krate.at(span);
            return quote_spanned!(span=> #here::__private::keeps_errors::<#ty>());
        }
        quote!({
            use #krate::__private::{SharesErrors as _, SharesValues as _};
            (&#krate::__private::ErrorsOf::<#ty>::new()).sharing()
        })
    }

    /// Statements that hold the parts of the key, and the key made of references to them.
    fn key_parts(&self, krate: &CratePath) -> (TokenStream, TokenStream) {
        let Some(key) = &self.key else {
            return (TokenStream::new(), quote!(()));
        };
        let parts: Vec<&Expr> = match bare(key) {
            Expr::Tuple(tuple) if (1..=6).contains(&tuple.elems.len()) => {
                tuple.elems.iter().collect()
            }
            whole => vec![whole],
        };
        let is_tuple = matches!(bare(key), Expr::Tuple(_));
        let names = |part: &Expr, index: usize| {
            let span = part.span().resolved_at(Span::mixed_site());
            Ident::new(&format!("key_{index}"), span)
        };
        let values = parts.iter().enumerate().map(|(index, part)| {
            let name = names(part, index);
            quote!(let #name = &(#part);)
        });
        let references = parts.iter().enumerate().map(|(index, part)| {
            let name = names(part, index);
            let here = krate.at(name.span());
            quote_spanned!(name.span()=> (&#here::__private::KeyPart(#name)).part())
        });
        let references: Vec<_> = references.collect();
        let values = quote!(#(#values)*);
        let span = key.span().resolved_at(Span::mixed_site());
        let here = krate.at(span);
        let key = match (is_tuple, references.as_slice()) {
            (false, [only]) => only.clone(),
            _ => quote_spanned!(span=> (#(#references,)*)),
        };
        (values, quote_spanned!(span=> #here::__private::key(#key)))
    }
}

const NOT_AVAILABLE: &str = "`cache` is a feature of its own: write `reliability = { version = \
                             \"..\", features = [\"cache\"] }` in Cargo.toml";

fn negative(
    diagnostics: &mut Diagnostics,
    setting: &Setting,
) -> (Ident, Vec<(&'static str, Period)>) {
    let mut classes = Vec::new();
    let mut own = Diagnostics::new();
    setting.walk(&mut own, NEGATIVE, |own, setting| {
        let ttl = own.keep(setting.period_within(limits::NEGATIVE));
        classes.extend(ttl.map(|ttl| (setting.name, ttl)));
    });
    if classes.is_empty() && !own.has_errors() {
        own.error(
            setting.word(),
            "`negative` keeps errors of the classes that it names: `negative(permanent = \"10s\")`; \
             also `transient` and `overloaded`",
        );
    }
    diagnostics.absorb(own);
    (setting.word().clone(), classes)
}

/// Without parentheses and invisible groups.
fn bare(key: &Expr) -> &Expr {
    match key {
        Expr::Group(group) => bare(&group.expr),
        Expr::Paren(paren) => bare(&paren.expr),
        other => other,
    }
}

fn is_borrowed(ty: &Type) -> bool {
    match ty {
        Type::Reference(reference) => {
            reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static")
        }
        Type::Group(group) => is_borrowed(&group.elem),
        Type::Paren(paren) => is_borrowed(&paren.elem),
        _ => false,
    }
}

/// Where the type of the value is written, for what the compiler says about it.
fn ok_span(output: &ReturnType) -> Span {
    match (ok_type(output), output) {
        (Some(value), _) => value.span(),
        (None, ReturnType::Type(_, ty)) => ty.span(),
        (None, ReturnType::Default) => Span::call_site(),
    }
}

/// `T`, of `Result<T, E>`.
fn ok_type(output: &ReturnType) -> Option<&Type> {
    if let ReturnType::Type(_, ty) = output
        && let Type::Path(path) = &**ty
        && let Some(last) = path.path.segments.last()
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(value)) = arguments.args.first()
    {
        return Some(value);
    }
    None
}
