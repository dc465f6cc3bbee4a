use syn::{
    FnArg, Lifetime, ReceiverKind, ReturnType, Signature, Type, spanned::Spanned as _, visit::Visit,
};

use super::args::Args;
use crate::{
    body::in_words,
    diagnostics::Diagnostics,
    item::{Body, FnItem, ImplItem, Member},
};

/// Refuses, in words and with the shape that is wanted, what `#[resilient]` cannot stand on.
pub(super) fn check(diagnostics: &mut Diagnostics, item: &FnItem, args: &Args) {
    if let Body::Missing(semicolon) = &item.body {
        diagnostics.error(
            semicolon,
            "`#[resilient]` wraps a body, and this method is only declared: write the attribute \
             on the method of each `impl` of the trait",
        );
        return;
    }
    let sig = &item.sig;
    if let Some(word) = &sig.constness {
        diagnostics.error(
            word,
            "a `const fn` can neither wait nor try again; `#[resilient]` goes on an `async fn`",
        );
        return;
    }
    if sig.asyncness.is_none() {
        check_sync(diagnostics, sig);
        return;
    }
    check_output(diagnostics, sig);
    if let Some(cache) = args.cache() {
        cache.check_item(diagnostics, item, args.fallback().is_some());
    }
    if args.repeats() {
        check_borrowed_result(diagnostics, sig);
    }
    if args.hedges() {
        check_exclusive(diagnostics, sig);
    }
    if args.fallback().is_some() {
        check_conditional(diagnostics, sig);
    }
}

/// Two bodies that run at once cannot both have what is exclusive.
fn check_exclusive(diagnostics: &mut Diagnostics, sig: &Signature) {
    for (input, name) in exclusive(sig) {
        diagnostics.error(
            input,
            format!(
                "with `hedge` two of this body may run at once, and cannot both have `&mut \
                 {name}`. Take `&{name}`, with a lock or an atomic inside where it changes, or \
                 remove `hedge`"
            ),
        );
    }
}

/// Whether something is given to the function that only one of its bodies can have at a time.
pub(super) fn takes_exclusively(sig: &Signature) -> bool {
    exclusive(sig).next().is_some()
}

/// The parameters that are exclusive references, with their names.
fn exclusive(sig: &Signature) -> impl Iterator<Item = (&FnArg, String)> {
    let mutable = |ty: &Type| matches!(ty, Type::Reference(it) if it.mutability.is_some());
    sig.inputs.iter().filter_map(move |input| {
        let (name, is_exclusive) = match input {
            FnArg::Receiver(receiver) => match &receiver.kind {
                ReceiverKind::Reference(_, _, exclusive) => ("self".into(), exclusive.is_some()),
                ReceiverKind::Typed(_, ty) => ("self".into(), mutable(ty)),
                _ => return None,
            },
            FnArg::Typed(typed) => (in_words(&typed.pat), mutable(&typed.ty)),
        };
        is_exclusive.then_some((input, name))
    })
}

/// The fallback is called once for each combination of conditional parameters.
fn check_conditional(diagnostics: &mut Diagnostics, sig: &Signature) {
    const MOST: usize = 4;
    let mut conditional = sig.inputs.iter().filter(|input| {
        let FnArg::Typed(typed) = input else {
            return false;
        };
        typed.attrs.iter().any(|attr| attr.path().is_ident("cfg"))
    });
    if let Some(extra) = conditional.nth(MOST) {
        diagnostics.error(
            extra,
            format!(
                "with a `fallback`, at most {MOST} parameters may stand under `#[cfg(..)]`; gather \
                 them in a struct"
            ),
        );
    }
}

const BOXED: &str = "`#[async_trait]` has already made this a plain function that returns a boxed \
                     future. Write `#[resilient(..)]` above `#[async_trait]`, on the `impl` block, \
                     so that it sees the `async fn`s; or do without `#[async_trait]`";

/// What an `impl` block without an `async fn` is told.
pub(super) fn nothing_async(block: &ImplItem) -> syn::Error {
    let boxed = block.members.iter().find_map(|member| match member {
        Member::Fn(function) => match &function.sig.output {
            ReturnType::Type(_, ty) if is_boxed_future(ty) => Some(function.sig.fn_token),
            _ => None,
        },
        Member::Other(_) => None,
    });
    match boxed {
        Some(word) => syn::Error::new_spanned(word, BOXED),
        None => syn::Error::new_spanned(
            &block.header,
            "there is no `async fn` in this `impl` block, so `#[resilient]` has nothing to protect",
        ),
    }
}

fn is_boxed_future(ty: &Type) -> bool {
    mentions(ty, "Pin") && mentions(ty, "Box")
}

fn check_sync(diagnostics: &mut Diagnostics, sig: &Signature) {
    if let ReturnType::Type(_, ty) = &sig.output {
        if is_boxed_future(ty) {
            diagnostics.error(sig.fn_token, BOXED);
            return;
        }
        if let Type::ImplTrait(_) = &**ty
            && mentions(ty, "Future")
        {
            diagnostics.error(
                sig.fn_token,
                format!(
                    "`#[resilient]` goes on an `async fn`, because it runs the body inside of its \
                     own; write `{}`",
                    wanted(sig)
                ),
            );
            return;
        }
    }
    diagnostics.error(
        sig.fn_token,
        format!(
            "`#[resilient]` goes on an `async fn`, because a policy waits: for a place, for the \
             next attempt, for a timeout. Write `{}`; for synchronous code ask a `Breaker` by hand",
            wanted(sig)
        ),
    );
}

/// `async fn price(..) -> Result<Price, Error>`, with what is known of it.
fn wanted(sig: &Signature) -> String {
    let arguments = if sig.inputs.is_empty() { "()" } else { "(..)" };
    let output = match &sig.output {
        ReturnType::Type(_, ty) if is_named(ty, "Result") => in_words(ty),
        ReturnType::Type(_, ty) if !mentions(ty, "Future") && !mentions(ty, "Pin") => {
            format!("Result<{}, Error>", in_words(ty))
        }
        ReturnType::Type(..) => "Result<T, Error>".into(),
        ReturnType::Default => "Result<(), Error>".into(),
    };
    format!("async fn {}{arguments} -> {output}", sig.ident)
}

/// Refuses what is certainly no `Result`; an alias of one cannot be told from here, and is checked
/// by its type.
fn check_output(diagnostics: &mut Diagnostics, sig: &Signature) {
    let message = || {
        format!(
            "`#[resilient]` needs a function that can fail, because a policy may have to refuse: \
             write `{}`",
            wanted(sig)
        )
    };
    match &sig.output {
        ReturnType::Default => diagnostics.error(&sig.ident, message()),
        ReturnType::Type(_, ty) if never_a_result(ty) => diagnostics.error(ty, message()),
        ReturnType::Type(..) => {}
    }
}

fn never_a_result(ty: &Type) -> bool {
    const OTHERS: [&str; 26] = [
        "Option", "Vec", "String", "Box", "Arc", "Rc", "HashMap", "BTreeMap", "HashSet", "bool",
        "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64",
    ];
    match ty {
        Type::Path(_) => OTHERS.iter().any(|other| is_named(ty, other)),
        Type::Group(group) => never_a_result(&group.elem),
        Type::Paren(paren) => never_a_result(&paren.elem),
        Type::Infer(_) | Type::Macro(_) | Type::Verbatim(_) => false,
        _ => true,
    }
}

/// Whether the last segment of the type's path is that.
pub(crate) fn is_named(ty: &Type, name: &str) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|segment| segment.ident == name),
        _ => false,
    }
}

fn mentions(ty: &Type, name: &str) -> bool {
    struct Finder<'a> {
        name: &'a str,
        found: bool,
    }

    impl Visit<'_> for Finder<'_> {
        fn visit_ident(&mut self, ident: &syn::Ident) {
            self.found |= ident == self.name;
        }
    }

    let mut finder = Finder { name, found: false };
    finder.visit_type(ty);
    finder.found
}

/// A result that borrows from something exclusive would keep it borrowed while the next attempt
/// wants it.
fn check_borrowed_result(diagnostics: &mut Diagnostics, sig: &Signature) {
    let ReturnType::Type(_, output) = &sig.output else {
        return;
    };
    let mut lifetimes = Lifetimes::default();
    lifetimes.visit_type(output);
    for input in &sig.inputs {
        let (what, lifetime) = match input {
            FnArg::Receiver(receiver) => match &receiver.kind {
                ReceiverKind::Reference(_, lifetime, Some(_)) => ("self".to_owned(), lifetime),
                _ => continue,
            },
            FnArg::Typed(typed) => match &*typed.ty {
                Type::Reference(reference) if reference.mutability.is_some() => {
                    (in_words(&typed.pat), &reference.lifetime)
                }
                _ => continue,
            },
        };
        let is_receiver = what == "self";
        let borrowed = match lifetime {
            Some(lifetime) => lifetimes.named.iter().find(|named| *named == lifetime),
            None if is_receiver || sig.receiver().is_none() => lifetimes.elided.first(),
            None => None,
        };
        if let Some(place) = borrowed {
            diagnostics.push(syn::Error::new(
                place.apostrophe,
                format!(
                    "the result borrows from `&mut {what}`, so a second attempt could not use \
                     `{what}` while the first one's result is looked at. Return something owned, \
                     take `&{what}`, or remove `retry`"
                ),
            ));
        }
    }
}

/// The lifetimes that a type names, and those that it leaves out.
#[derive(Default)]
struct Lifetimes {
    named: Vec<Lifetime>,
    elided: Vec<Lifetime>,
}

impl Visit<'_> for Lifetimes {
    fn visit_lifetime(&mut self, lifetime: &Lifetime) {
        if lifetime.ident == "_" {
            self.elided.push(lifetime.clone());
        } else {
            self.named.push(lifetime.clone());
        }
    }

    fn visit_type_reference(&mut self, reference: &syn::TypeReference) {
        if reference.lifetime.is_none() {
            self.elided.push(Lifetime::new("'_", reference.and_token.span()));
        }
        syn::visit::visit_type_reference(self, reference);
    }

    // What is left out in the type of a function is that function's own.
    fn visit_type_fn_ptr(&mut self, function: &syn::TypeFnPtr) {
        let outside = self.elided.len();
        syn::visit::visit_type_fn_ptr(self, function);
        self.elided.truncate(outside);
    }

    fn visit_parenthesized_generic_arguments(
        &mut self,
        arguments: &syn::ParenthesizedGenericArguments,
    ) {
        let outside = self.elided.len();
        syn::visit::visit_parenthesized_generic_arguments(self, arguments);
        self.elided.truncate(outside);
    }
}
