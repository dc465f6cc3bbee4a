use proc_macro2::TokenStream;

/// Prints an expansion, formatted, to the standard error of the compiler when the environment
/// asks for it by the name of the item: `RELIABILITY_EXPAND=Door cargo check`, or `=*` for all.
///
/// Every macro calls it last, with the name of the user's item and with what it returns.
pub fn dump(item: &dyn core::fmt::Display, expansion: TokenStream) -> TokenStream {
    // Cargo does not know of the variable, and need not: a dump is asked for once, by a person.
    if let Ok(wanted) = std::env::var("RELIABILITY_EXPAND")
        && (wanted == "*" || wanted == item.to_string())
    {
        let text = pretty(expansion.clone());
        let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
    }
    expansion
}

/// Every token that a user sees when a macro is expanded, groups counted by their delimiters.
#[cfg(test)]
pub(crate) fn count(tokens: TokenStream) -> usize {
    use proc_macro2::TokenTree;
    let each = |token| match token {
        TokenTree::Group(group) => 2 + count(group.stream()),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => 1,
    };
    tokens.into_iter().map(each).sum()
}

/// The tokens of items, formatted; as they are when they are not items.
#[must_use]
pub fn pretty(tokens: TokenStream) -> String {
    match syn::parse2::<syn::File>(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        Err(_) => format!("{tokens}\n"),
    }
}
