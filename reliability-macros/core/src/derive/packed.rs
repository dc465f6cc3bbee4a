//! `#[derive(Packed)]`: small data as the bits of one word.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    Data, DeriveInput, Field, Fields, Generics, Member, Type, Variant, parse_quote,
    punctuated::Punctuated, spanned::Spanned as _, token::Comma,
};

use crate::{Choice, CratePath, Diagnostics, Value, did_you_mean, dump};

/// Expands `#[derive(Packed)]`.
#[must_use]
pub fn packed(input: TokenStream) -> TokenStream {
    let input = match syn::parse2::<DeriveInput>(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diagnostics = Diagnostics::new();
    let krate = crate_path(&input, &mut diagnostics);
    let ident = &input.ident;
    let expansion = match &input.data {
        Data::Struct(data) => {
            let (_, arguments, _) = input.generics.split_for_impl();
            Some(packed_struct(
                &krate,
                ident,
                &quote!(#ident #arguments),
                &input.generics,
                &data.fields,
            ))
        }
        Data::Enum(data) => packed_enum(&krate, &input, &data.variants, &mut diagnostics),
        Data::Union(_) => {
            diagnostics
                .error(ident, "`Packed` cannot tell which field of a union is there: use a struct");
            None
        }
    };
    let errors = diagnostics.finish().err();
    dump(ident, quote!(#errors #expansion))
}

/// A struct: its fields side by side, the first in the lowest bits.
///
/// `shown` is the name in messages, `ty` the type as it is named where the impl stands.
pub(super) fn packed_struct(
    krate: &CratePath,
    shown: &Ident,
    ty: &TokenStream,
    generics: &Generics,
    fields: &Fields,
) -> TokenStream {
    let members: Vec<Member> = fields.members().collect();
    let locals: Vec<Ident> = (0..members.len())
        .map(|position| Ident::new(&format!("field_{position}"), Span::mixed_site()))
        .collect();
    let pair_value = nest(&members, |member| quote!(self.#member));
    let pair_pattern = nest(&locals, |local| quote!(#local));
    let mut required = generics.clone();
    require_packed(krate, &mut required, fields);
    let (impl_generics, _, where_clause) = required.split_for_impl();
    // All that speaks of the fields' types is located at one of them. When it is not `Packed`, the
    // compiler finds that in several places, and tells it once, because it looks the same.
    let types: Vec<&Type> = fields.iter().map(|field| &field.ty).collect();
    let span = types.first().map_or(shown.span(), |ty| ty.span());
    let span = Span::call_site().located_at(span);
    let (pair_type, trait_path) = (nest(&types, |ty| quote!(#ty)), krate.at(span));
    let packed_pair = quote_spanned!(span=> <#pair_type as #trait_path::state::Packed>);
    let size_check = generics.params.is_empty().then(|| {
        let message = format!(
            "the data of `{shown}` needs more than the 32 bits that are there for it: use smaller \
             types, or keep it elsewhere and only its index here"
        );
        let check = quote_spanned! {Span::call_site().located_at(shown.span())=>
            ::core::assert!(BITS <= 32, #message)
        };
        quote!(const _: () = { const BITS: u32 = #packed_pair::BITS; #check };)
    });
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::state::Packed for #ty #where_clause {
            const BITS: u32 = #packed_pair::BITS;

            fn to_bits(self) -> u32 {
                #packed_pair::to_bits(#pair_value)
            }

            fn from_bits(bits: u32) -> Self {
                let #pair_pattern = #packed_pair::from_bits(bits);
                Self { #(#members: #locals),* }
            }
        }
        #size_check
    }
}

/// Adds a bound for each field whose type depends on a parameter.
pub(super) fn require_packed(krate: &CratePath, generics: &mut Generics, fields: &Fields) {
    let params: Vec<String> = generics.type_params().map(|param| param.ident.to_string()).collect();
    for Field { ty, .. } in fields {
        if mentions(ty.to_token_stream(), &params) {
            generics.make_where_clause().predicates.push(parse_quote!(#ty: #krate::state::Packed));
        }
    }
}

fn mentions(tokens: TokenStream, names: &[String]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions(group.stream(), names),
        TokenTree::Ident(ident) => names.iter().any(|name| ident == name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// `()`, `a`, or `(a, (b, c))`: the runtime packs pairs, so any number of fields is pairs.
fn nest<T>(items: &[T], each: impl Fn(&T) -> TokenStream) -> TokenStream {
    let mut items = items.iter().rev().map(each);
    let Some(last) = items.next() else { return quote!(()) };
    items.fold(last, |rest, item| quote!((#item, #rest)))
}

/// An enum without data: the position of the variant.
fn packed_enum(
    krate: &CratePath,
    input: &DeriveInput,
    variants: &Punctuated<Variant, Comma>,
    diagnostics: &mut Diagnostics,
) -> Option<TokenStream> {
    let ident = &input.ident;
    if variants.is_empty() {
        diagnostics.error(ident, format!("`{ident}` has no variant to pack"));
        return None;
    }
    let mut has_data = false;
    for variant in variants.iter().filter(|variant| !variant.fields.is_empty()) {
        has_data = true;
        diagnostics.error(
            &variant.fields,
            format!(
                "`Packed` is derived for enums without data, and `{}` has some: use a struct, or \
                 write the impl by hand",
                variant.ident
            ),
        );
    }
    let (impl_generics, arguments, where_clause) = input.generics.split_for_impl();
    let names: Vec<&Ident> = variants.iter().map(|variant| &variant.ident).collect();
    let positions: Vec<u32> = (0..).take(names.len()).collect();
    let bits = u32::BITS - positions.last().map_or(0, |last| *last).leading_zeros();
    let (last, but_last) = names.split_last()?;
    let but_last_positions = &positions[..but_last.len()];
    let back = if has_data {
        // Never run: the error is told. It only keeps the uses of the type from failing as well.
        quote!(::core::unreachable!())
    } else {
        quote! {
            match bits {
                #(#but_last_positions => Self::#but_last {},)*
                _ => Self::#last {},
            }
        }
    };
    Some(quote! {
        #[automatically_derived]
        impl #impl_generics #krate::state::Packed for #ident #arguments #where_clause {
            const BITS: u32 = #bits;

            fn to_bits(self) -> u32 {
                match self { #(Self::#names { .. } => #positions,)* }
            }

            fn from_bits(bits: u32) -> Self {
                #back
            }
        }
    })
}

fn crate_path(input: &DeriveInput, diagnostics: &mut Diagnostics) -> CratePath {
    let mut krate = CratePath::default();
    for attr in input.attrs.iter().filter(|attr| attr.path().is_ident("packed")) {
        let choices = attr.parse_args::<TokenStream>().and_then(Choice::parse_all);
        for Choice { name, value } in diagnostics.keep(choices).into_iter().flatten() {
            match value {
                Value::Equals(_, path) if name == "crate" => {
                    krate = diagnostics.keep(CratePath::parse(path)).unwrap_or_default();
                }
                _ => diagnostics.error(
                    &name,
                    format!(
                        "`#[packed(..)]` takes `crate = ::some::path`, not `{name}`{}",
                        did_you_mean(&name.to_string(), ["crate"]),
                    ),
                ),
            }
        }
    }
    krate
}
