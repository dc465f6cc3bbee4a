use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};

use super::{
    called::{Needed, last_span, local},
    model::{Model, Nested, Step, What},
    render::Paths,
};

/// A saga of which no step may refuse says so: it may stand behind the pivot of another one.
pub(super) fn cannot_refuse(model: &Model, saga: &TokenStream) -> Option<TokenStream> {
    let ident = &model.ident;
    let first = model.steps.first().map(|step| &step.what);
    matches!(first, Some(What::Then(_))).then(|| {
        quote! {
            #[automatically_derived]
            impl #saga::walk::CannotRefuse for #ident {}
        }
    })
}

/// What carries over between a saga and the step of another one that it is.
pub(super) fn nested(
    model: &Model,
    paths: &Paths,
    step: &Step,
    stand_in: bool,
) -> Option<TokenStream> {
    let Nested { child, input, output, refused } = step.nested()?;
    let Paths { saga, input: order, refuse, .. } = paths;
    let (ident, module, name, ty) = (&model.ident, &model.module, &step.ident, &step.ty);
    let Needed { names, steps, types } = Needed::of(model, step, stand_in);
    let (span, krate) = (last_span(child), &model.args.krate);
    let root = krate.at(span);
    // Where nothing is said, the compiler points at the saga that it cannot make something of.
    let carried =
        |path: &Option<_>, by: &str, to: &TokenStream, from: &TokenStream, many| match path {
            _ if stand_in => quote!(::core::unreachable!()),
            Some(path) => {
                let span = last_span(path);
                quote_spanned!(span=> #path(#from))
            }
            None => {
                let (root, by) = (krate.at(span), Ident::new(by, span));
                let whole = if many { quote!((#from)) } else { from.clone() };
                quote_spanned!(span=> #root::__private::#by::<_, #to>(#whole))
            }
        };
    let (given, done, why) = (local("input"), local("done"), local("why"));
    let started = carried(
        input,
        "nested_input",
        &quote_spanned!(span=> <#child as #root::distributed::transaction::saga::Saga>::Input),
        &quote!(#given #(, #names)*),
        !names.is_empty(),
    );
    let finished = carried(output, "nested_output", &quote!(#ty), &quote!(#done), false);
    let refusable = (!matches!(step.what, What::Then(_))).then(|| {
        let own = quote_spanned! {span=>
            <#ident as #root::distributed::transaction::saga::Saga>::Refusal
        };
        let refused = carried(refused, "nested_refusal", &own, &quote!(#why), false);
        quote! {
            #[automatically_derived]
            impl #saga::walk::Refusable for #module::#name {
                fn refused(
                    #why: #saga::Why<<#child as #saga::Saga>::Refusal>,
                ) -> #refuse {
                    #refused
                }
            }
        }
    });
    Some(quote! {
        #[automatically_derived]
        impl #saga::walk::Nested for #module::#name {
            type Child = #child;
            type Needs = (#(#steps,)*);

            fn input(
                #given: &#order,
                (#(#names,)*): (#(&#types,)*),
            ) -> <#child as #saga::Saga>::Input {
                #started
            }

            fn finished(#done: <#child as #saga::Saga>::Done) -> #ty {
                #finished
            }
        }
        #refusable
    })
}
