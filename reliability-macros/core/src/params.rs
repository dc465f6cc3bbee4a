//! The parameters of a function, as what has to happen to each so that the body can run again.

use std::cell::RefCell;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{
    Attribute, FnArg, Pat, PatIdent, ReceiverKind, Signature, Token, Type, spanned::Spanned as _,
};

use crate::crate_path::CratePath;

/// How often the body and the fallback want the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Uses {
    /// The body runs once and nothing comes after it: the arguments are left alone.
    Once,
    /// The body may run again: owned arguments are cloned while attempts remain, and then moved.
    Repeatedly,
    /// Several of the body may run at once: each works on clones.
    AtOnce,
    /// A fallback gets the arguments afterwards: every attempt works on clones.
    AlsoAfter,
}

/// How a parameter is passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Passing {
    /// A shared reference, which is copied.
    Shared,
    /// An exclusive reference, which is reborrowed.
    Exclusive,
    /// Anything else, which is cloned.
    Owned,
}

/// One parameter, without the receiver.
#[derive(Debug)]
struct Param {
    /// Its `#[cfg(..)]` attributes, which everything that names it has to carry.
    cfgs: Vec<Attribute>,
    /// Its `#[allow(..)]` and the like, which go where the body binds it.
    levels: Vec<Attribute>,
    /// Whether the body need not use it.
    excused: bool,
    /// The names in the pattern as it is written.
    names: Vec<Ident>,
    /// The name in the rewritten signature; none for `_`.
    outer: Option<Ident>,
    /// What the body binds; none where that is the outer name itself.
    inner: Option<TokenStream>,
    ty: Type,
    passing: Passing,
}

/// The parameters of one function.
#[derive(Debug)]
pub(crate) struct Params {
    receiver: Option<Receiver>,
    params: Vec<Param>,
}

#[derive(Debug)]
struct Receiver {
    token: Token![self],
    owned: bool,
    mutable: Option<Token![mut]>,
    ty: Option<Type>,
}

/// Statements around the attempts of a call.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    /// Before the first attempt.
    pub(crate) before: TokenStream,
    /// At the start of each attempt.
    pub(crate) each: TokenStream,
    /// The name that stands for an owned `self` in the body.
    pub(crate) this: Option<Ident>,
}

impl Params {
    /// Reads the parameters, and rewrites the signature so that all of them have a name where
    /// `uses` wants them again.
    pub(crate) fn take(sig: &mut Signature, uses: Uses) -> Self {
        let mut receiver = None;
        let mut params = Vec::new();
        for (index, input) in sig.inputs.iter_mut().enumerate() {
            match input {
                FnArg::Receiver(written) => receiver = Some(Receiver::read(written, uses)),
                FnArg::Typed(typed) => params.push(Param::take(typed, index, uses)),
            }
        }
        Self { receiver, params }
    }

    /// What prepares the arguments of each attempt. `last` is an expression that says whether the
    /// attempt is certainly the last one.
    pub(crate) fn bindings(&self, krate: &CratePath, uses: Uses, last: &TokenStream) -> Bindings {
        let mut bindings = Bindings::default();
        if uses == Uses::Once {
            return bindings;
        }
        if let Some(receiver) = &self.receiver {
            receiver.bind(&mut bindings, krate, uses, last);
        }
        for param in &self.params {
            param.bind(&mut bindings, krate, uses, last);
        }
        bindings
    }

    /// Calls `function` with all arguments and then `error`, once for each combination of the
    /// parameters that stand under `#[cfg(..)]`: as statements `let answer = ..;` of which one is
    /// compiled.
    pub(crate) fn call(
        &self,
        function: &TokenStream,
        error: &TokenStream,
        answer: &Ident,
    ) -> TokenStream {
        let conditional: Vec<usize> =
            (0..self.params.len()).filter(|index| !self.params[*index].cfgs.is_empty()).collect();
        let combinations = 0..1_usize << conditional.len();
        combinations
            .map(|present| {
                let is_present = |index: usize| {
                    conditional
                        .iter()
                        .position(|conditional| *conditional == index)
                        .is_none_or(|bit| present & (1 << bit) != 0)
                };
                let cfgs = conditional.iter().map(|index| {
                    let conditions = self.params[*index].cfgs.iter().map(condition);
                    if is_present(*index) {
                        quote!(#(#[cfg(#conditions)])*)
                    } else {
                        quote!(#[cfg(not(all(#(#conditions),*)))])
                    }
                });
                let receiver =
                    self.receiver.iter().map(|receiver| receiver.token.to_token_stream());
                let arguments = self
                    .params
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| is_present(*index))
                    .filter_map(|(_, param)| param.outer.as_ref().map(ToTokens::to_token_stream));
                let arguments = receiver.chain(arguments).chain([error.clone()]);
                quote!(#(#cfgs)* let #answer = #function(#(#arguments),*);)
            })
            .collect()
    }

    /// Has the body not warned of an argument that it leaves to others: to the fallback, or to an
    /// expression in the attribute.
    pub(crate) fn excuse_unused(&mut self, uses: Uses, expressions: &TokenStream) {
        for param in &mut self.params {
            let is_named = |word: &Ident| param.names.contains(word);
            if uses == Uses::AlsoAfter || mentions(expressions.clone(), &is_named) {
                param.excused = true;
            }
        }
    }

    /// Whether the expression names an argument that the body changes or takes along.
    pub(crate) fn lends(&self, sig: &Signature, expression: TokenStream) -> bool {
        let shared = sig
            .receiver()
            .is_some_and(|receiver| matches!(receiver.kind, ReceiverKind::Reference(_, _, None)));
        let names = self.params.iter().filter(|param| param.passing != Passing::Shared);
        let names: Vec<&Ident> = names.flat_map(|param| &param.names).collect();
        mentions(expression, &|word| (word == "self" && !shared) || names.contains(&word))
    }
}

/// Whether one of the identifiers in the tokens is wanted, those that format strings capture among
/// them.
fn mentions(tokens: TokenStream, wanted: &impl Fn(&Ident) -> bool) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(word) => wanted(&word),
        TokenTree::Group(group) => mentions(group.stream(), wanted),
        TokenTree::Literal(text) => captured(&text.to_string()).any(|word| wanted(&word)),
        TokenTree::Punct(_) => false,
    })
}

/// The names behind the braces of a format string.
fn captured(text: &str) -> impl Iterator<Item = Ident> + '_ {
    text.split('{').skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| letter != '_' && !letter.is_alphanumeric());
        syn::parse_str(&rest[..end?]).ok()
    })
}

/// The identifiers of a pattern, those of its types among them.
fn names(pattern: &Pat) -> Vec<Ident> {
    let names = RefCell::new(Vec::new());
    mentions(pattern.to_token_stream(), &|word| {
        names.borrow_mut().push(word.clone());
        false
    });
    names.into_inner()
}

/// Whether the attribute is about lints, or may become one that is.
fn is_level(attr: &Attribute) -> bool {
    const LEVELS: [&str; 5] = ["allow", "expect", "warn", "deny", "forbid"];
    let path = attr.path();
    LEVELS.iter().any(|level| path.is_ident(level))
        || (path.is_ident("cfg_attr")
            && !mentions(attr.meta.to_token_stream(), &|word| word == "cfg"))
}

/// What stands in the parentheses of a `#[cfg(..)]`.
fn condition(cfg: &Attribute) -> TokenStream {
    match &cfg.meta {
        syn::Meta::List(list) => list.tokens.clone(),
        other => other.to_token_stream(),
    }
}

impl Receiver {
    fn read(written: &mut syn::Receiver, uses: Uses) -> Self {
        let reference = match &written.kind {
            ReceiverKind::Reference(..) => true,
            ReceiverKind::Typed(_, ty) => matches!(**ty, Type::Reference(_)),
            _ => false,
        };
        let ty = match &written.kind {
            ReceiverKind::Typed(_, ty) => Some((**ty).clone()),
            _ => None,
        };
        let owned = !reference;
        // The attempt binds its own name for an owned `self`, and that one is what changes.
        let mutable = if owned && uses != Uses::Once { written.mutability.take() } else { None };
        Self { token: written.self_token, owned, mutable, ty }
    }

    fn bind(&self, bindings: &mut Bindings, krate: &CratePath, uses: Uses, last: &TokenStream) {
        if !self.owned {
            return;
        }
        // Not hidden from the body, or its format strings could not capture it.
        let this = Ident::new("self_of_attempt", self.token.span);
        let (token, mutable) = (&self.token, &self.mutable);
        let span = self.ty.as_ref().map_or(token.span, |ty| ty.span());
        let value = keep(bindings, krate, uses, last, &token.to_token_stream(), "self", span);
        bindings.each.extend(quote!(let #mutable #this = #value;));
        bindings.this = Some(this);
    }
}

impl Param {
    fn take(typed: &mut syn::PatType, index: usize, uses: Uses) -> Self {
        let cfgs = typed.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
        let passing = match bare(&typed.ty) {
            Type::Reference(reference) if reference.mutability.is_some() => Passing::Exclusive,
            Type::Reference(_) => Passing::Shared,
            _ => Passing::Owned,
        };
        let mut this = Self {
            cfgs,
            levels: Vec::new(),
            excused: false,
            names: names(&typed.pat),
            outer: None,
            inner: None,
            ty: (*typed.ty).clone(),
            passing,
        };
        this.name(typed, index, uses);
        if this.inner.is_some() {
            this.levels = typed.attrs.extract_if(.., |attr| is_level(attr)).collect();
        }
        this
    }

    /// Gives the parameter a name, and the body's attempt the pattern.
    fn name(&mut self, typed: &mut syn::PatType, index: usize, uses: Uses) {
        if let Pat::Ident(PatIdent { by_ref: None, mutability, ident, subpat: None, .. }) =
            &mut *typed.pat
        {
            self.outer = Some(ident.clone());
            let rebound = self.passing != Passing::Shared || mutability.is_some();
            if uses != Uses::Once && rebound {
                self.inner = Some(quote!(#mutability #ident));
                *mutability = None;
            }
            return;
        }
        let is_wild = matches!(*typed.pat, Pat::Wild(_));
        if uses == Uses::Once || (is_wild && uses != Uses::AlsoAfter) {
            return;
        }
        let name = Ident::new(&format!("argument_{index}"), Span::mixed_site());
        if !is_wild {
            self.inner = Some(typed.pat.to_token_stream());
        }
        *typed.pat = syn::parse_quote!(#name);
        self.outer = Some(name);
    }

    fn bind(&self, bindings: &mut Bindings, krate: &CratePath, uses: Uses, last: &TokenStream) {
        let (Some(outer), Some(inner)) = (&self.outer, &self.inner) else {
            return;
        };
        let (cfgs, levels) = (&self.cfgs, &self.levels);
        let excuse = self.excused.then(|| quote!(unused_variables,));
        let value = match self.passing {
            Passing::Shared => outer.to_token_stream(),
            Passing::Exclusive => quote!(&mut *#outer),
            Passing::Owned => {
                let mut own = Bindings::default();
                let name = outer.to_string();
                let name = name.trim_start_matches("r#");
                let span = self.ty.span();
                let mut value = outer.clone();
                value.set_span(outer.span().located_at(span));
                let value = value.to_token_stream();
                let value = keep(&mut own, krate, uses, last, &value, name, span);
                let before = own.before;
                if !before.is_empty() {
                    bindings.before.extend(quote!(#(#cfgs)* #before));
                }
                value
            }
        };
        // Under the user's name, and with the user's span so that `unused` and the like are still
        // told: which is shadowing by the letter.
        bindings.each.extend(quote! {
            #(#cfgs)*
            #(#levels)*
            #[allow(#excuse clippy::shadow_reuse, clippy::shadow_same, clippy::shadow_unrelated)]
            let #inner = #value;
        });
    }
}

/// The expression that gives an attempt its own `value`; what it needs before goes to `bindings`.
/// Errors about a type that cannot be cloned are shown at `span`.
fn keep(
    bindings: &mut Bindings,
    krate: &CratePath,
    uses: Uses,
    last: &TokenStream,
    value: &TokenStream,
    name: &str,
    span: Span,
) -> TokenStream {
    let here = krate.at(span);
    if uses == Uses::AlsoAfter || uses == Uses::AtOnce {
        return quote_spanned!(span=> #here::__private::again(&#value));
    }
    let kept = format_ident!("kept_{name}", span = Span::mixed_site());
    let new = quote_spanned!(span=> #here::__private::Argument::new(#value));
    bindings.before.extend(quote!(let mut #kept = #new;));
    quote!(#kept.take(#last))
}

/// The type without parentheses and invisible groups, as `macro_rules!` leaves them.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Group(group) => bare(&group.elem),
        Type::Paren(paren) => bare(&paren.elem),
        other => other,
    }
}
