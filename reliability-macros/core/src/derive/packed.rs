//! `#[derive(Packed)]`: small data as the bits of one word.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{
    Data, DeriveInput, Field, Fields, Generics, Member, Variant, parse_quote,
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
    let mut required = generics.clone();
    require_packed(krate, &mut required, fields);
    let (impl_generics, _, where_clause) = required.split_for_impl();
    let members: Vec<Member> = fields.members().collect();
    let (bits, low) = (local("bits"), local("low"));
    let locals: Vec<Ident> = (0..members.len()).map(|at| local(&format!("field_{at}"))).collect();
    // Whatever asks for `Packed` on the type of a field is located there. When it does not hold,
    // the compiler finds that several times, and tells it once, because it looks the same.
    let packed: Vec<TokenStream> = fields
        .iter()
        .map(|Field { ty, .. }| {
            let span = Span::call_site().located_at(ty.span());
            let krate = krate.at(span);
            quote_spanned!(span=> <#ty as #krate::state::Packed>)
        })
        .collect();
    // The last field stands above the others, so it is what is left when they are taken off.
    let joined = members.iter().zip(&packed).rev().fold(None, |above, (member, packed)| {
        let low = quote!(#packed::to_bits(self.#member));
        Some(match above {
            None => low,
            Some(above) => quote!(#krate::__private::join_bits(#low, #packed::BITS, #above)),
        })
    });
    let splits = locals.iter().zip(&packed).enumerate().map(|(at, (local, packed))| {
        if at + 1 == locals.len() {
            return quote!(let #local = #packed::from_bits(#bits););
        }
        quote! {
            let (#low, #bits) = #krate::__private::split_bits(#bits, #packed::BITS);
            let #local = #packed::from_bits(#low);
        }
    });
    let none = packed.is_empty().then(|| quote!(0));
    let from = if packed.is_empty() { quote!(_) } else { quote!(#bits) };
    let size = quote!(#none #(#packed::BITS)+*);
    let check = size_check(shown);
    // Without parameters the size is known where it is declared, and else where it is used.
    let (check_here, check_there) = if generics.params.is_empty() {
        (Some(quote!(const _: () = { let bits = #size; #check };)), None)
    } else {
        (None, Some(quote!(const { let bits = <Self as #krate::state::Packed>::BITS; #check };)))
    };
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::state::Packed for #ty #where_clause {
            const BITS: u32 = #size;

            fn to_bits(self) -> u32 {
                #check_there
                #none #joined
            }

            fn from_bits(#from: u32) -> Self {
                #(#splits)*
                Self { #(#members: #locals),* }
            }
        }
        #check_here
    }
}

/// The assertion that `bits` are no more than there is room for.
fn size_check(shown: &Ident) -> TokenStream {
    let message = format!(
        "the data of `{shown}` needs more than the 32 bits that are there for it: use smaller \
         types, or keep it elsewhere and only its index here"
    );
    quote_spanned! {Span::call_site().located_at(shown.span())=>
        ::core::assert!(bits <= 32, #message)
    }
}

/// A local that nothing of the user can be confused with.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
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
