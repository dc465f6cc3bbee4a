//! `#[derive(Tcc)]`: three functions make a type a participant of transactions.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, LitStr, Path, Type, ext::IdentExt as _, spanned::Spanned as _};

use crate::{
    crate_path::CratePath,
    derive::borrows,
    diagnostics::Diagnostics,
    dump::dump,
    settings::{self, Known, Setting},
};

const KNOWN: Known = &[
    ("input", "input = Order"),
    ("refuse", "refuse = OutOfStock"),
    ("try", "try = Stock::reserve"),
    ("confirm", "confirm = Stock::take"),
    ("cancel", "cancel = Stock::release"),
    ("name", "name = \"stock\""),
    ("crate", "crate = ::path::to::reliability"),
];

/// What was written in `#[tcc(..)]`.
#[derive(Default)]
struct Written {
    input: Option<Type>,
    refused: Option<Type>,
    attempt: Option<Path>,
    confirm: Option<Path>,
    cancel: Option<Path>,
    name: Option<LitStr>,
    krate: Option<CratePath>,
    /// Said, though perhaps in the wrong shape.
    said: Vec<&'static str>,
}

/// Expands `#[derive(Tcc)]`.
#[must_use]
pub fn tcc(input: TokenStream) -> TokenStream {
    let mut input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    let written = Written::read(&mut diagnostics, &input);
    written.check(&mut diagnostics, &input);
    let why = "a participant is there for as long as its coordinator";
    borrows(&mut diagnostics, &mut input.generics, why);
    let expansion = match diagnostics.finish() {
        Ok(()) => written.render(&input),
        Err(errors) => {
            let stand_in = written.stand_in(&input);
            quote!(#errors #stand_in)
        }
    };
    dump(&input.ident, expansion)
}

impl Written {
    fn read(diagnostics: &mut Diagnostics, input: &DeriveInput) -> Self {
        let mut this = Self::default();
        let mut tokens = TokenStream::new();
        for attribute in input.attrs.iter().filter(|it| it.path().is_ident("tcc")) {
            match attribute.meta.require_list() {
                Ok(list) => {
                    let list = &list.tokens;
                    tokens.extend(if tokens.is_empty() { quote!(#list) } else { quote!(, #list) });
                }
                Err(_) => diagnostics.error(
                    attribute,
                    "write what it does in parentheses: `#[tcc(input = .., refuse = .., try = .., \
                     confirm = .., cancel = ..)]`",
                ),
            }
        }
        let choices = diagnostics.keep(crate::options::Choice::parse_all(tokens));
        let choices = choices.unwrap_or_default();
        settings::walk(diagnostics, "`#[derive(Tcc)]`", KNOWN, choices, |diagnostics, setting| {
            this.said.push(setting.name);
            this.take(diagnostics, &setting);
        });
        this
    }

    fn take(&mut self, diagnostics: &mut Diagnostics, setting: &Setting) {
        match setting.name {
            "input" => self.input = diagnostics.keep(ty(setting)),
            "refuse" => self.refused = diagnostics.keep(ty(setting)),
            "try" => self.attempt = diagnostics.keep(setting.path()),
            "confirm" => self.confirm = diagnostics.keep(setting.path()),
            "cancel" => self.cancel = diagnostics.keep(setting.path()),
            "name" => {
                let name = diagnostics.keep(setting.text());
                if let Some(name) = name.as_ref().filter(|name| name.value().trim().is_empty()) {
                    diagnostics.error(
                        name,
                        "a participant is found in the journal by its name; write one, or remove \
                         `name`",
                    );
                }
                self.name = name;
            }
            _ => {
                let path = setting.path().and_then(|path| CratePath::from_path(&path));
                self.krate = diagnostics.keep(path);
            }
        }
    }

    fn check(&self, diagnostics: &mut Diagnostics, input: &DeriveInput) {
        if let Data::Union(data) = &input.data {
            diagnostics.error(
                data.union_token,
                "`#[derive(Tcc)]` goes on a struct or an enum: what takes part in a transaction",
            );
            return;
        }
        let name = &input.ident;
        let missing = [
            (
                "input",
                "what is it about? Add `input = Order`, a type that serde can write: another process confirms or cancels by it",
            ),
            ("refuse", "why may it refuse? Add `refuse = OutOfStock`, the error of `try`"),
            (
                "try",
                "how is it reserved? Add `try = path::to::function`, called with `&self`, `&Cx` and `&Input`",
            ),
            (
                "confirm",
                "how is what was reserved used? Add `confirm = path::to::function`: without it a reservation would never become anything",
            ),
            (
                "cancel",
                "how is what was reserved released? Add `cancel = path::to::function`: without it what one participant refuses stays reserved with the others",
            ),
        ];
        for (setting, message) in missing {
            if !self.said.contains(&setting) {
                diagnostics.error(name, format!("`{name}`: {message}"));
            }
        }
        if let (Some(confirm), Some(attempt)) = (&self.confirm, &self.attempt)
            && quote!(#confirm).to_string() == quote!(#attempt).to_string()
        {
            diagnostics.error(
                confirm,
                "`try` reserves and `confirm` uses what is reserved, and these are one function; for \
                 what cannot be reserved before, take a saga",
            );
        }
    }

    fn krate(&self) -> CratePath {
        self.krate.clone().unwrap_or_default()
    }

    fn name(&self, input: &DeriveInput) -> LitStr {
        let name = || LitStr::new(&input.ident.unraw().to_string(), input.ident.span());
        self.name.clone().unwrap_or_else(name)
    }

    fn render(&self, input: &DeriveInput) -> TokenStream {
        let krate = self.krate();
        let tcc = quote!(#krate::distributed::transaction::tcc);
        let (Some(input_type), Some(refused), Some(attempt), Some(confirm), Some(cancel)) =
            (&self.input, &self.refused, &self.attempt, &self.confirm, &self.cancel)
        else {
            return TokenStream::new();
        };
        let (ident, name) = (&input.ident, self.name(input));
        let (generics, arguments, bounds) = input.generics.split_for_impl();
        let call = |path: &Path| {
            // The names of the arguments are ours, and written as the rest of the function.
            let span = path.span().resolved_at(Span::call_site());
            quote_spanned!(span=> #path(self, cx, input).await)
        };
        let (attempt, confirm, cancel) = (call(attempt), call(confirm), call(cancel));
        quote! {
            #[automatically_derived]
            impl #generics #tcc::Tcc for #ident #arguments #bounds {
                const NAME: &'static ::core::primitive::str = #name;
                type Input = #input_type;
                type Refused = #refused;

                async fn reserve(
                    &self,
                    cx: &#tcc::Cx,
                    input: &Self::Input,
                ) -> ::core::result::Result<(), Self::Refused> {
                    #attempt
                }

                async fn confirm(
                    &self,
                    cx: &#tcc::Cx,
                    input: &Self::Input,
                ) -> ::core::result::Result<(), #tcc::Transient> {
                    #confirm
                }

                async fn cancel(
                    &self,
                    cx: &#tcc::Cx,
                    input: &Self::Input,
                ) -> ::core::result::Result<(), #tcc::Transient> {
                    #cancel
                }
            }
        }
    }

    /// So that nothing else fails as a consequence.
    fn stand_in(&self, input: &DeriveInput) -> TokenStream {
        let krate = self.krate();
        let tcc = quote!(#krate::distributed::transaction::tcc);
        let unit: Type = syn::parse_quote!(());
        let input_type = self.input.as_ref().unwrap_or(&unit);
        let refused = self.refused.as_ref().unwrap_or(&unit);
        let (ident, name) = (&input.ident, self.name(input));
        let (generics, arguments, bounds) = input.generics.split_for_impl();
        if matches!(input.data, Data::Union(_)) {
            return TokenStream::new();
        }
        quote! {
            #[automatically_derived]
            impl #generics #tcc::Tcc for #ident #arguments #bounds {
                const NAME: &'static ::core::primitive::str = #name;
                type Input = #input_type;
                type Refused = #refused;

                async fn reserve(
                    &self,
                    _: &#tcc::Cx,
                    _: &Self::Input,
                ) -> ::core::result::Result<(), Self::Refused> {
                    ::core::unreachable!()
                }

                async fn confirm(
                    &self,
                    _: &#tcc::Cx,
                    _: &Self::Input,
                ) -> ::core::result::Result<(), #tcc::Transient> {
                    ::core::unreachable!()
                }

                async fn cancel(
                    &self,
                    _: &#tcc::Cx,
                    _: &Self::Input,
                ) -> ::core::result::Result<(), #tcc::Transient> {
                    ::core::unreachable!()
                }
            }
        }
    }
}

/// `name = a::Type`.
fn ty(setting: &Setting) -> syn::Result<Type> {
    let tokens = setting.tokens()?;
    syn::parse2(tokens.clone()).map_err(|_| {
        let message = format!("this is no type; write for example `{} = Order`", setting.name);
        syn::Error::new_spanned(tokens, message)
    })
}

#[cfg(test)]
mod tests;
