use std::collections::HashSet;

use quote::ToTokens;
use syn::{
    Fields, GenericParam, Generics, Lifetime, Macro, Path, WhereClause, WherePredicate,
    punctuated::Punctuated,
    visit::{self, Visit},
};

/// The part of the enum's generics that these fields use: a state without data has none.
pub(super) fn used_by<'a>(
    generics: &Generics,
    fields: impl IntoIterator<Item = &'a Fields>,
) -> Generics {
    let mut uses = Uses::of(generics);
    for fields in fields {
        uses.visit_fields(fields);
    }
    let used = uses.used;
    let is_used = |param: &GenericParam| used.contains(&param_name(param));
    let all: HashSet<String> = generics.params.iter().map(param_name).collect();
    // A bound that also speaks of a parameter which is not there cannot be kept.
    let speaks_of_used = |tokens: &dyn Fn(&mut Uses)| {
        let mut uses = Uses { all: all.clone(), used: HashSet::new() };
        tokens(&mut uses);
        uses.used.is_subset(&used)
    };
    let params = generics.params.iter().filter(|param| is_used(param)).cloned().map(|mut param| {
        match &mut param {
            GenericParam::Type(param) => {
                param.default = None;
                param.bounds = core::mem::take(&mut param.bounds)
                    .into_iter()
                    .filter(|bound| speaks_of_used(&|uses| uses.visit_type_param_bound(bound)))
                    .collect();
            }
            GenericParam::Lifetime(param) => {
                param.bounds = core::mem::take(&mut param.bounds)
                    .into_iter()
                    .filter(|bound| speaks_of_used(&|uses| uses.visit_lifetime(bound)))
                    .collect();
            }
            GenericParam::Const(param) => {
                param.default = None;
            }
        }
        param
    });
    let params: Punctuated<GenericParam, _> = params.collect();
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates: Punctuated<WherePredicate, _> = predicates
        .filter(|predicate| speaks_of_used(&|uses| uses.visit_where_predicate(predicate)))
        .cloned()
        .collect();
    Generics {
        lt_token: None,
        params,
        gt_token: None,
        where_clause: (!predicates.is_empty())
            .then(|| WhereClause { where_token: Default::default(), predicates }),
    }
}

fn param_name(param: &GenericParam) -> String {
    match param {
        GenericParam::Lifetime(param) => param.lifetime.to_string(),
        GenericParam::Type(param) => param.ident.to_string(),
        GenericParam::Const(param) => param.ident.to_string(),
    }
}

struct Uses {
    all: HashSet<String>,
    used: HashSet<String>,
}

impl Uses {
    fn of(generics: &Generics) -> Self {
        Self { all: generics.params.iter().map(param_name).collect(), used: HashSet::new() }
    }

    fn note(&mut self, name: String) {
        if self.all.contains(&name) {
            self.used.insert(name);
        }
    }
}

impl<'ast> Visit<'ast> for Uses {
    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            if first.ident == "Self" {
                self.used.extend(self.all.iter().cloned());
            }
            self.note(first.ident.to_string());
        }
        visit::visit_path(self, path);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        self.note(lifetime.to_string());
    }

    /// What a macro in type position makes of its tokens is unknown, so all of them count.
    fn visit_macro(&mut self, mac: &'ast Macro) {
        for name in self.all.clone() {
            if mac.tokens.to_token_stream().to_string().contains(&name) {
                self.used.insert(name);
            }
        }
    }
}
