use std::collections::HashSet;

use proc_macro2::{Ident, Span};
use syn::{
    Generics, Path, PathSegment, Type, VisRestricted, Visibility, parse_quote,
    visit_mut::{self, VisitMut},
};

/// Rewrites what is relative to the module of the enum, so that it means the same one module
/// deeper.
pub(super) struct Rebase {
    /// Names that the generated module defines, and which therefore hide those around the enum.
    pub(super) hidden: HashSet<String>,
    pub(super) enum_ident: Ident,
    pub(super) generics: Generics,
}

impl VisitMut for Rebase {
    fn visit_path_mut(&mut self, path: &mut Path) {
        rebase_path(path);
        if path.leading_colon.is_none() && self.hidden.contains(&path.segments[0].ident.to_string())
        {
            let span = path.segments[0].ident.span();
            path.segments.insert(0, segment("super", span));
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let Type::Path(path) = ty
            && path.path.is_ident("Self")
        {
            let (ident, (_, arguments, _)) = (&self.enum_ident, self.generics.split_for_impl());
            *ty = parse_quote!(super::#ident #arguments);
            return;
        }
        visit_mut::visit_type_mut(self, ty);
    }
}

/// `self::a` and `super::a` as seen from a child module.
pub(super) fn rebase_path(path: &mut Path) {
    if path.leading_colon.is_some() {
        return;
    }
    let Some(first) = path.segments.first() else { return };
    let span = first.ident.span();
    if first.ident == "self" && path.segments.len() > 1 {
        path.segments[0] = segment("super", span);
    } else if first.ident == "super" {
        path.segments.insert(0, segment("super", span));
    }
}

/// The same reach, written one module deeper.
pub(crate) fn rebase_visibility(vis: &Visibility) -> Visibility {
    match vis {
        Visibility::Public(_) => vis.clone(),
        Visibility::Inherited => parse_quote!(pub(super)),
        Visibility::Restricted(VisRestricted { path, .. }) => {
            if path.is_ident("crate") {
                vis.clone()
            } else if path.is_ident("self") {
                parse_quote!(pub(super))
            } else {
                let mut path = (**path).clone();
                rebase_path(&mut path);
                parse_quote!(pub(in #path))
            }
        }
    }
}

fn segment(name: &str, span: Span) -> PathSegment {
    Ident::new(name, span).into()
}
