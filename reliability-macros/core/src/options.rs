use proc_macro2::{Ident, TokenStream};
use syn::{
    Token,
    ext::IdentExt as _,
    parse::{Parse, ParseStream},
    punctuated::Punctuated,
    token,
};

/// One choice in an attribute: `initial`, `to(Open, Locked)` or `name = "door"`.
///
/// The name may be a keyword of the language (`final`, `crate`). What it means is left to the
/// macro, so that each wrong choice is an error of its own.
#[derive(Debug)]
pub struct Choice {
    /// What is chosen.
    pub name: Ident,
    /// What was written beside the name.
    pub value: Value,
}

/// What was written beside the name of a [`Choice`].
#[derive(Debug)]
pub enum Value {
    /// Nothing: `initial`.
    Absent,
    /// Tokens in parentheses: `to(Open, Locked)`.
    List(token::Paren, TokenStream),
    /// Tokens after an equals sign, up to the next comma: `name = "door"`.
    Equals(Token![=], TokenStream),
}

impl Choice {
    /// Reads the comma-separated choices of one attribute.
    ///
    /// # Errors
    ///
    /// When the tokens do not have one of the three shapes.
    pub fn parse_all(tokens: TokenStream) -> syn::Result<Vec<Self>> {
        let all =
            syn::parse::Parser::parse2(Punctuated::<Self, Token![,]>::parse_terminated, tokens)?;
        Ok(all.into_iter().collect())
    }
}

/// One field of what looks like a struct: `name: "checkout"`.
struct Field(Choice);

impl Choice {
    /// Reads comma-separated fields, each as a choice with a value.
    pub(crate) fn parse_fields(tokens: TokenStream) -> syn::Result<Vec<Self>> {
        let all =
            syn::parse::Parser::parse2(Punctuated::<Field, Token![,]>::parse_terminated, tokens)?;
        Ok(all.into_iter().map(|field| field.0).collect())
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any).map_err(|error| {
            let message = "expected the name of a field; write for example `name: \"checkout\"`";
            syn::Error::new(error.span(), message)
        })?;
        if !input.peek(Token![:]) || input.peek(Token![::]) {
            let message = format!("expected a colon and a value: write `{name}: ..`");
            return Err(syn::Error::new(input.span(), message));
        }
        let colon: Token![:] = input.parse()?;
        let equals = Token![=](colon.span);
        Ok(Self(Choice { name, value: Value::Equals(equals, value(input)?) }))
    }
}

impl Parse for Choice {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let name = input.call(Ident::parse_any).map_err(|error| {
            let message = match ahead.parse::<syn::Lit>() {
                Ok(_) => "expected the name of a setting before this value",
                Err(_) => "expected the name of a setting",
            };
            syn::Error::new(error.span(), message)
        })?;
        if input.peek(Token![::]) {
            let message = "expected the name of a setting, and behind it `=` and this path";
            return Err(syn::Error::new(name.span(), message));
        }
        if input.peek(Token![:]) {
            let message = format!("a setting has `=` before its value, as in `{name} = ..`");
            return Err(syn::Error::new(input.span(), message));
        }
        let value = if input.peek(token::Paren) {
            let content;
            let parentheses = syn::parenthesized!(content in input);
            Value::List(parentheses, content.parse()?)
        } else if input.peek(Token![=]) {
            let equals = input.parse()?;
            Value::Equals(equals, value(input)?)
        } else {
            Value::Absent
        };
        Ok(Self { name, value })
    }
}

/// The tokens up to the next comma that is not part of an expression or a type: those in
/// `|sku, error| ..`, in `new::<A, B>()` and in `Command<A, B>` are.
fn value(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let (mut ahead, as_type) = (input.fork(), input.fork());
    let ends = |at: ParseStream<'_>| at.is_empty() || at.peek(Token![,]);
    let mut is_expression = ahead.parse::<syn::Expr>().is_ok();
    // Of `Command<A, B>` an expression has read `Command < A`.
    if as_type.parse::<syn::Type>().is_ok()
        && ends(&as_type)
        && (!is_expression || as_type.cursor() > ahead.cursor())
    {
        (ahead, is_expression) = (as_type, true);
    }
    if is_expression && !ahead.is_empty() && !ahead.peek(Token![,]) {
        return Err(ahead.error("expected a comma before the next setting"));
    }
    let mut tokens = TokenStream::new();
    while !input.is_empty() {
        let ended =
            if is_expression { input.cursor() == ahead.cursor() } else { input.peek(Token![,]) };
        if ended {
            break;
        }
        tokens.extend([input.parse::<proc_macro2::TokenTree>()?]);
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn keywords_are_names_and_commas_inside_parentheses_do_not_part() {
        let choices =
            Choice::parse_all(quote!(initial, to(Open, Locked), final, crate = ::a::b,)).unwrap();
        let names: Vec<String> = choices.iter().map(|choice| choice.name.to_string()).collect();
        assert_eq!(names, ["initial", "to", "final", "crate"]);
        assert!(matches!(choices[0].value, Value::Absent));
        assert!(
            matches!(&choices[1].value, Value::List(_, list) if list.to_string() == "Open , Locked")
        );
        assert!(
            matches!(&choices[3].value, Value::Equals(_, path) if path.to_string() == ":: a :: b")
        );
    }

    #[test]
    fn commas_inside_an_expression_do_not_part() {
        let choices = Choice::parse_all(quote!(a = |x, y| x + y, b = new::<A, B>(), c)).unwrap();
        let names: Vec<String> = choices.iter().map(|choice| choice.name.to_string()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let values: Vec<String> = choices
            .iter()
            .filter_map(|choice| match &choice.value {
                Value::Equals(_, value) => Some(value.to_string()),
                _ => None,
            })
            .collect();
        assert_eq!(values, [quote!(|x, y| x + y).to_string(), quote!(new::<A, B>()).to_string()]);
    }

    #[test]
    fn commas_inside_a_type_do_not_part() {
        let choices = quote!(a = Command<A, B>, b = Event<'a, [S; N], 3>, c = x < y, d = Vec<u8>);
        let choices = Choice::parse_all(choices).unwrap();
        let values = choices.iter().map(|choice| match &choice.value {
            Value::Equals(_, value) => value.to_string(),
            _ => String::new(),
        });
        let values: Vec<String> = values.collect();
        assert_eq!(
            values,
            ["Command < A , B >", "Event < 'a , [S ; N] , 3 >", "x < y", "Vec < u8 >"]
        );
    }

    #[test]
    fn a_forgotten_comma_is_told_of() {
        let error = Choice::parse_all(quote!(a = "1s" b = "2s")).unwrap_err();
        assert_eq!(error.to_string(), "expected a comma before the next setting");
    }

    #[test]
    fn a_value_without_a_name_and_a_colon_are_told_of() {
        for (tokens, told) in [
            (quote!("order"), "expected the name of a setting before this value"),
            (quote!(objective: CHECKOUT), "as in `objective = ..`"),
            (quote!(promises::CHECKOUT), "the name of a setting, and behind it `=` and this path"),
        ] {
            let error = Choice::parse_all(tokens).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }

    #[test]
    fn other_shapes_are_errors() {
        assert!(Choice::parse_all(quote!(to[Open])).is_err());
        assert!(Choice::parse_all(quote!("initial")).is_err());
    }
}
