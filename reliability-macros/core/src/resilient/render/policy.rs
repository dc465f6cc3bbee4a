use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::LitStr;

use super::{Names, call::begin, local, mixed_at};
use crate::{
    item::FnItem,
    params::Params,
    resilient::{
        args::{Args, Source},
        layer::Building,
    },
};

/// The policy: declared here and registered, or what the user's expression says; and the call that
/// begins under it.
pub(super) fn policy(
    args: &Args,
    item: &FnItem,
    params: &Params,
    names: &Names,
    within: Option<&str>,
) -> TokenStream {
    let krate = &args.krate;
    let Names { policy, call, .. } = names;
    let policy_type = quote!(#krate::resilience::Policy);
    let source = match &args.source {
        Source::Declared => {
            let declared = declared(args, item, within);
            quote!(let #policy: &#policy_type = #declared;)
        }
        Source::PerKey(key, capacity) => {
            let name = Ident::new("key", mixed_at(key));
            let keyed = keyed(args, item, within, &name, *capacity);
            quote! {
                let #name = &(#key);
                let #policy: &#policy_type = &#keyed;
            }
        }
        Source::Shared(shared) => {
            let name = Ident::new("shared", mixed_at(shared));
            let here = krate.at(name.span());
            let found = quote_spanned!(name.span()=> #here::__private::shared(#name));
            if params.lends(&item.sig, shared.to_token_stream()) {
                // The body changes or takes along what the policy is a part of, so it is held by a
                // clone.
                quote! {
                    let #policy: &#policy_type = &{
                        let #name = &(#shared);
                        #policy_type::clone(#found)
                    };
                }
            } else {
                quote! {
                    let #name = &(#shared);
                    let #policy: &#policy_type = #found;
                }
            }
        }
    };
    let unshared = same_for_every_implementor(args, item, within);
    let begin = begin(args, names, &item.sig.output);
    quote! {
        #unshared
        #source
        let mut #call = #begin;
    }
}

/// In a default method of a trait, a policy in a `static` would be one for all implementors. The
/// attribute does not see that it stands in a trait, but there `Self` may be unsized.
fn same_for_every_implementor(
    args: &Args,
    item: &FnItem,
    within: Option<&str>,
) -> Option<TokenStream> {
    let receiver = item.sig.receiver()?;
    if within.is_some() || !matches!(args.source, Source::Declared) {
        return None;
    }
    let krate = &args.krate;
    let span = receiver.self_token.span.resolved_at(Span::mixed_site());
    Some(quote_spanned!(span=> #krate::__private::one_implementor::<Self>();))
}

/// The policy in its `static`, which is listed in the registry. In a block, because statics have no
/// hygiene and the body must not see it.
fn declared(args: &Args, item: &FnItem, within: Option<&str>) -> TokenStream {
    let krate = &args.krate;
    let site = site(args, item, within);
    let name = match &args.name {
        Some(name) => name.clone(),
        None => LitStr::new(&qualified(item, within), Span::call_site()),
    };
    let builder = builder(args, name.to_token_stream(), false);
    quote!({
        static POLICY: #krate::__private::Declared =
            #krate::__private::Declared::new(#site, || #builder);
        #krate::__private::inventory::submit! { #krate::__private::Registered(&POLICY) }
        POLICY.policy()
    })
}

/// The policy of a key, from a `static` that holds one for each.
fn keyed(
    args: &Args,
    item: &FnItem,
    within: Option<&str>,
    key: &Ident,
    capacity: u32,
) -> TokenStream {
    let krate = &args.krate;
    let site = site(args, item, within);
    let capacity = proc_macro2::Literal::u32_unsuffixed(capacity);
    let name = local("name");
    let builder = builder(args, quote!(#name.clone()), true);
    quote!({
        static POLICIES: #krate::__private::Keyed =
            #krate::__private::Keyed::new(#site, #capacity, |#name| #builder);
        #krate::__private::inventory::submit! { #krate::__private::Registered(&POLICIES) }
        POLICIES.policy(#key)
    })
}

/// A `Result<PolicyBuilder, Invalid>` with the layers in the written order.
fn builder(args: &Args, name: TokenStream, keyed: bool) -> TokenStream {
    let krate = &args.krate;
    let clock = args.clock.map(|clock| {
        let clock = Ident::new(clock, Span::call_site());
        quote!(.clock(#krate::time::Clock::#clock()))
    });
    let policy = Building { krate, name, clock, keyed };
    let layers = args.layers.iter().map(|layer| layer.kind.builder_call(&policy));
    let name = &policy.name;
    let monitor = args.monitor.as_ref().map(|monitor| match monitor {
        Some(monitor) => quote!(.monitor(#monitor)),
        None => quote!(.monitor(#krate::error::ErrorMonitor::global())),
    });
    let builder = quote!(#krate::resilience::Policy::builder(#name) #(#layers)* #monitor);
    let builder = match args.chaos() {
        Some(chaos) => {
            let chaos = chaos.builder_call(&policy);
            quote!(#krate::__private::chaos!(#builder, #chaos))
        }
        None => builder,
    };
    quote!(::core::result::Result::Ok(#builder))
}

fn site(args: &Args, item: &FnItem, within: Option<&str>) -> TokenStream {
    let krate = &args.krate;
    let function = qualified(item, within);
    quote! {
        #krate::__private::Site::new(
            ::core::module_path!(),
            #function,
            ::core::file!(),
            ::core::line!(),
        )
    }
}

/// `price`, or `Store::price` on an `impl` block.
fn qualified(item: &FnItem, within: Option<&str>) -> String {
    let function = item.sig.ident.to_string();
    let function = function.trim_start_matches("r#");
    match within {
        Some(owner) => format!("{owner}::{function}"),
        None => function.to_owned(),
    }
}
