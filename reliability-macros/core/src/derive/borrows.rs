use syn::{Generics, Type, parse_quote, visit_mut::VisitMut};

use crate::diagnostics::Diagnostics;

/// What is kept beyond the call in which it is made cannot borrow: says so on each lifetime, and
/// gives it the bound that keeps the compiler from saying it again.
pub(crate) fn borrows(diagnostics: &mut Diagnostics, generics: &mut Generics, why: &str) {
    for param in generics.lifetimes_mut() {
        let lifetime = &param.lifetime;
        if param.bounds.iter().any(|bound| bound.ident == "static") {
            continue;
        }
        diagnostics.error(lifetime, message(why, lifetime));
        param.bounds.push(parse_quote!('static));
    }
}

/// The same of a lifetime that has no name.
pub(crate) fn borrows_unnamed(diagnostics: &mut Diagnostics, ty: &mut Type, why: &str) {
    struct Unnamed<'a>(&'a mut Diagnostics, &'a str);
    impl VisitMut for Unnamed<'_> {
        fn visit_lifetime_mut(&mut self, lifetime: &mut syn::Lifetime) {
            if lifetime.ident == "_" {
                self.0.error(&*lifetime, message(self.1, lifetime));
                *lifetime = parse_quote!('static);
            }
        }
    }
    Unnamed(diagnostics, why).visit_type_mut(ty);
}

fn message(why: &str, lifetime: &syn::Lifetime) -> String {
    format!(
        "{why}, so it borrows nothing: let it own what stands behind `{lifetime}`, or write `'static` \
         in its place"
    )
}
