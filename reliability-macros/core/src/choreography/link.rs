use proc_macro2::{Ident, TokenStream};
use syn::{Token, ext::IdentExt as _, parse::ParseStream};

/// `start => Reserved`, `Reserved, Quoted => Charged`, or `Mailed`.
pub(super) struct Link {
    /// Without `start`.
    pub(super) hears: Vec<Ident>,
    pub(super) makes: Option<Ident>,
}

/// What stands for the beginning of a transaction.
const START: &str = "start";
const EXAMPLE: &str = "write `#[on(start => Reserved)]`, `#[on(Reserved, Quoted => Charged)]`, or \
                       `#[on(Mailed)]` for one that makes no event";

impl Link {
    /// Reads a link, and leaves the settings behind it.
    pub(super) fn parse(input: ParseStream<'_>) -> syn::Result<(Self, TokenStream)> {
        let (mut heard, mut makes) = (Vec::<Ident>::new(), None);
        loop {
            if input.is_empty() || starts_setting(input) {
                break;
            }
            let name = Ident::parse_any(input);
            heard.push(name.map_err(|error| syn::Error::new(error.span(), EXAMPLE))?);
            if input.peek(Token![=>]) {
                input.parse::<Token![=>]>()?;
                let made = input.call(Ident::parse_any);
                makes = Some(made.map_err(|_| {
                    let message = "which event does it make? Write `=> Reserved`, or take `=>` out";
                    input.error(message)
                })?);
                let _: Option<Token![,]> = input.parse()?;
                break;
            }
            if !input.is_empty() {
                let comma: syn::Result<Token![,]> = input.parse();
                comma.map_err(|error| syn::Error::new(error.span(), EXAMPLE))?;
            }
        }
        let rest = input.parse::<TokenStream>()?;
        let hears = check(heard, makes.as_ref(), input)?;
        Ok((Self { hears, makes }, rest))
    }
}

fn check(
    heard: Vec<Ident>,
    makes: Option<&Ident>,
    input: ParseStream<'_>,
) -> syn::Result<Vec<Ident>> {
    if heard.is_empty() {
        return Err(input.error(format!("what does it wait for? {EXAMPLE}")));
    }
    let start = heard.iter().find(|name| *name == START);
    if let Some(start) = start
        && heard.len() > 1
    {
        let message = "every handler gets what the transaction was started with, so `start` stands \
                       alone; remove it here";
        return Err(syn::Error::new(start.span(), message));
    }
    for (place, name) in heard.iter().enumerate() {
        if heard[..place].contains(name) {
            let message = format!("it waits for `{name}` already: write it once");
            return Err(syn::Error::new(name.span(), message));
        }
    }
    if let Some(made) = makes.filter(|made| heard.contains(made)) {
        let message = format!("`{made}` would wait for itself: name the event that it follows");
        return Err(syn::Error::new(made.span(), message));
    }
    if let Some(made) = makes.filter(|made| *made == START) {
        let message = "a transaction is started by who calls `start`, and by no participant";
        return Err(syn::Error::new(made.span(), message));
    }
    Ok(heard.into_iter().filter(|name| name != START).collect())
}

/// `retry = 5`, `backoff = ..`: behind the events.
fn starts_setting(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    Ident::parse_any(&ahead).is_ok() && ahead.peek(Token![=]) && !ahead.peek(Token![=>])
}
