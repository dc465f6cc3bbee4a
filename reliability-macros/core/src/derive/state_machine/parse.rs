use proc_macro2::{Ident, Span, TokenStream};
use syn::{
    Attribute, Data, DeriveInput, LitStr, Meta, Path, Token, Variant, ext::IdentExt as _,
    parse::Parser as _, punctuated::Punctuated,
};

use super::{model::Machine, states};
use crate::{Choice, CratePath, Diagnostics, Value, did_you_mean, list_in_words};

/// Names that the generated module needs for itself.
pub(super) const TAKEN: [&str; 3] = ["Typed", "ReachableFrom", "Initial"];
const MACHINE_KEYS: [&str; 4] = ["name", "derive", "atomic", "crate"];

/// Reads the enum; `None` when there is nothing to make a machine of.
pub(super) fn machine(input: &DeriveInput, diagnostics: &mut Diagnostics) -> Option<Machine> {
    let Data::Enum(data) = &input.data else {
        diagnostics.error(
            &input.ident,
            format!(
                "a state machine is an enum with a variant for each state: write `enum {} {{ \
                 #[state(initial, to(Open))] Closed, #[state(to(Closed))] Open }}`",
                input.ident
            ),
        );
        return None;
    };
    if data.variants.is_empty() {
        diagnostics.error(
            &input.ident,
            format!(
                "`{}` has no states: write one variant for each, and `#[state(initial, to(..))]` \
                 on the one it starts in",
                input.ident
            ),
        );
        return None;
    }
    let settings = settings(input, diagnostics);
    let mut machine = Machine {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        generics: input.generics.clone(),
        module_span: settings.module.span(),
        module: at_call_site(&settings.module),
        derives: settings.derives,
        krate: settings.krate,
        atomic: settings.atomic,
        states: Vec::new(),
        edges_understood: true,
    };
    if refuse_taken_names(&data.variants, diagnostics) {
        return None;
    }
    let names: Vec<String> =
        data.variants.iter().map(|variant| variant.ident.to_string()).collect();
    for variant in &data.variants {
        let (state, understood) = states::state(variant, &names, diagnostics);
        machine.states.push(state);
        machine.edges_understood &= understood;
    }
    Some(machine)
}

/// Whether a state is called like something in the generated module: nothing of that would work.
fn refuse_taken_names<'a>(
    variants: impl IntoIterator<Item = &'a Variant>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let mut refused = false;
    for Variant { ident, .. } in variants {
        if TAKEN.iter().any(|taken| ident == taken) {
            refused = true;
            diagnostics.error(
                ident,
                format!("the generated module has its own `{ident}`: give this state another name"),
            );
        }
    }
    refused
}

struct Settings {
    module: Ident,
    derives: Vec<Path>,
    krate: CratePath,
    atomic: Option<Span>,
}

fn settings(input: &DeriveInput, diagnostics: &mut Diagnostics) -> Settings {
    let mut module = None;
    let mut derives = Vec::new();
    let mut krate = CratePath::default();
    let mut atomic = None;
    let fallback = snake_case(&input.ident);
    let mut seen = Vec::new();
    for Choice { name, value } in choices(&input.attrs, "machine", diagnostics).0 {
        if !first_time(&name, &mut seen, diagnostics) {
            continue;
        }
        match (name.to_string().as_str(), value) {
            ("name", Value::Equals(_, value)) => {
                module =
                    Some(diagnostics.keep(module_name(value)).unwrap_or_else(|| fallback.clone()));
            }
            ("derive", Value::List(_, paths)) => {
                let paths = Punctuated::<Path, Token![,]>::parse_terminated.parse2(paths);
                derives.extend(diagnostics.keep(paths).into_iter().flatten());
            }
            ("atomic", Value::Absent) => atomic = Some(name.span()),
            ("crate", Value::Equals(_, path)) => {
                let parsed = diagnostics.keep(CratePath::parse(path.clone()));
                krate = parsed.unwrap_or_else(|| CratePath::as_written(path));
            }
            (key @ "name", _) => {
                wrong_shape(&name, &format!("{key} = \"{fallback}\""), diagnostics)
            }
            (key @ "derive", _) => wrong_shape(&name, &format!("{key}(Debug, Clone)"), diagnostics),
            (key @ "atomic", _) => wrong_shape(&name, key, diagnostics),
            (key @ "crate", _) => {
                wrong_shape(&name, &format!("{key} = ::reliability"), diagnostics)
            }
            (unknown, _) => diagnostics.error(
                &name,
                format!(
                    "`#[machine(..)]` takes {}, not `{unknown}`{}",
                    list_in_words(MACHINE_KEYS, "and"),
                    did_you_mean(unknown, MACHINE_KEYS),
                ),
            ),
        }
    }
    if module.is_none() && !seen.iter().any(|seen| seen == "name") {
        diagnostics.error(
            &input.ident,
            format!(
                "the module for the states of `{}` needs a name: write `#[machine(name = \
                 \"{fallback}\")]` under the derive",
                input.ident
            ),
        );
    }
    Settings { module: module.unwrap_or(fallback), derives, krate, atomic }
}

fn module_name(value: TokenStream) -> syn::Result<Ident> {
    let literal = syn::parse2::<LitStr>(value.clone()).map_err(|_| {
        let written = value.to_string();
        let written = written.trim_matches('"');
        syn::Error::new_spanned(&value, format!("write the name in quotes: `name = \"{written}\"`"))
    })?;
    let identifier =
        literal.parse_with(|input: syn::parse::ParseStream<'_>| input.parse::<Ident>());
    identifier.ok().filter(|name| !is_keyword(&name.to_string())).ok_or_else(|| {
        syn::Error::new(
            literal.span(),
            format!(
                "`{}` cannot be the name of a module: write an identifier in snake_case",
                literal.value()
            ),
        )
    })
}

/// The choices of every `#[key(..)]` among the attributes, as far as they can be read.
pub(super) fn choices(
    attrs: &[Attribute],
    key: &str,
    diagnostics: &mut Diagnostics,
) -> (Vec<Choice>, Understood) {
    let mut all = Vec::new();
    let mut understood = true;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(key)) {
        let parsed = match &attr.meta {
            Meta::List(list) => Choice::parse_all(list.tokens.clone()),
            Meta::Path(_) | Meta::NameValue(_) => Err(syn::Error::new_spanned(
                &attr.meta,
                format!("write the choices in parentheses: `#[{key}(..)]`"),
            )),
        };
        match diagnostics.keep(parsed) {
            Some(choices) => all.extend(choices),
            None => understood = false,
        }
    }
    (all, understood)
}

/// Whether what was read is all that was meant.
pub(super) type Understood = bool;

pub(super) fn first_time(
    name: &Ident,
    seen: &mut Vec<String>,
    diagnostics: &mut Diagnostics,
) -> bool {
    let text = name.to_string();
    let first = !seen.contains(&text);
    if !first {
        diagnostics.error(name, format!("`{text}` is written twice: keep one"));
    }
    seen.push(text);
    first
}

pub(super) fn wrong_shape(name: &Ident, shape: &str, diagnostics: &mut Diagnostics) {
    diagnostics.error(name, format!("write it as `{shape}`"));
}

/// Most of what is generated belongs to the derive, and not to one token of the user.
fn at_call_site(ident: &Ident) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(Span::call_site());
    ident
}

/// `HalfOpen` to `half_open`, raw when that is a keyword.
pub(crate) fn snake_case(ident: &Ident) -> Ident {
    let mut name = String::new();
    for (position, letter) in ident.unraw().to_string().char_indices() {
        if letter.is_uppercase() && position > 0 {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    if is_keyword(&name) {
        Ident::new_raw(&name, ident.span())
    } else {
        Ident::new(&name, ident.span())
    }
}

/// Whether the name can only be written as `r#name`; `gen` is not in the parser's list yet.
fn is_keyword(name: &str) -> bool {
    name == "gen" || syn::parse_str::<Ident>(name).is_err()
}
