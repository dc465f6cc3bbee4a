use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt as _, quote};
use syn::{
    Attribute, ReturnType, Signature, Token, Type, Visibility,
    parse::{Parse, ParseStream},
};

/// A function whose body is kept as tokens, so that a half-typed body is no error of ours and
/// every error in it stays where it is.
#[derive(Debug, Clone)]
pub(crate) struct FnItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) body: Body,
}

/// What stands after a signature.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    /// A block, with its braces.
    Block(Group),
    /// A semicolon: a method that a trait only declares.
    Missing(Token![;]),
}

impl FnItem {
    /// What stands between the braces.
    pub(crate) fn statements(&self) -> TokenStream {
        match &self.body {
            Body::Block(block) => block.stream(),
            Body::Missing(_) => TokenStream::new(),
        }
    }

    /// The same function around other statements, in braces at the same place.
    pub(crate) fn with_statements(mut self, statements: TokenStream) -> Self {
        if let Body::Block(block) = &mut self.body {
            *block = braces(block, statements);
        }
        self
    }

    /// The block of the body, or braces around nothing.
    pub(crate) fn block(&self, statements: TokenStream) -> Group {
        match &self.body {
            Body::Block(block) => braces(block, statements),
            Body::Missing(_) => Group::new(Delimiter::Brace, statements),
        }
    }
}

/// Braces where those of `like` are.
fn braces(like: &Group, statements: TokenStream) -> Group {
    let mut block = Group::new(Delimiter::Brace, statements);
    block.set_span(like.span());
    block
}

impl Parse for FnItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) {
            Body::Missing(input.parse()?)
        } else {
            match input.parse::<TokenTree>()? {
                TokenTree::Group(block) if block.delimiter() == Delimiter::Brace => {
                    let statements = hoist_inner_attributes(&block, &mut attrs)?;
                    Body::Block(braces(&block, statements))
                }
                other => return Err(syn::Error::new(other.span(), "expected a function body")),
            }
        };
        Ok(Self { attrs, vis, sig, body })
    }
}

/// `#![allow(..)]` may only stand first in a body, where an expansion has statements of its own:
/// it moves to the function, or to the block.
fn hoist_inner_attributes(block: &Group, attrs: &mut Vec<Attribute>) -> syn::Result<TokenStream> {
    let split = |input: ParseStream<'_>| {
        let inner = input.call(Attribute::parse_inner)?;
        Ok((inner, input.parse::<TokenStream>()?))
    };
    let (inner, rest) = syn::parse::Parser::parse2(split, block.stream())?;
    for mut attr in inner {
        attr.style = syn::AttrStyle::Outer;
        attrs.push(attr);
    }
    Ok(rest)
}

impl ToTokens for FnItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attrs);
        self.vis.to_tokens(tokens);
        self.sig.to_tokens(tokens);
        match &self.body {
            Body::Block(block) => block.to_tokens(tokens),
            Body::Missing(semicolon) => semicolon.to_tokens(tokens),
        }
    }
}

/// An `impl` block whose functions are kept like [`FnItem`]s, and all else as tokens.
#[derive(Debug, Clone)]
pub(crate) struct ImplItem {
    pub(crate) attrs: Vec<Attribute>,
    /// From `impl` to the brace.
    pub(crate) header: TokenStream,
    pub(crate) generics: syn::Generics,
    /// The trait that it is of.
    pub(crate) of: Option<syn::Path>,
    pub(crate) self_ty: syn::Type,
    pub(crate) members: Vec<Member>,
    braces: Group,
}

/// One item of an `impl` block.
#[derive(Debug, Clone)]
pub(crate) enum Member {
    /// A method or associated function.
    Fn(Box<FnItem>),
    /// Anything else.
    Other(TokenStream),
}

impl Parse for ImplItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attrs = input.call(Attribute::parse_outer)?;
        let mut header = TokenStream::new();
        let braces = loop {
            match input.parse::<TokenTree>()? {
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Brace && input.is_empty() =>
                {
                    break group;
                }
                token => header.append(token),
            }
        };
        let parsed: syn::ItemImpl = syn::parse2(quote!(#header {}))?;
        let members = |input: ParseStream<'_>| {
            let mut members = Vec::new();
            while !input.is_empty() {
                members.push(input.parse()?);
            }
            Ok(members)
        };
        let inside = hoist_inner_attributes(&braces, &mut attrs)?;
        Ok(Self {
            attrs,
            header,
            generics: parsed.generics,
            of: parsed.trait_.map(|(of, _)| of),
            self_ty: *parsed.self_ty,
            members: syn::parse::Parser::parse2(members, inside)?,
            braces,
        })
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ahead = input.fork();
        let is_fn = ahead.call(Attribute::parse_outer).is_ok()
            && ahead.parse::<Visibility>().is_ok()
            && ahead.parse::<Signature>().is_ok();
        if is_fn {
            input.parse().map(|item| Self::Fn(Box::new(item)))
        } else {
            let other: syn::ImplItem = input.parse()?;
            Ok(Self::Other(other.into_token_stream()))
        }
    }
}

impl ImplItem {
    /// Its functions.
    pub(crate) fn functions(&self) -> impl Iterator<Item = &FnItem> {
        self.members.iter().filter_map(|member| match member {
            Member::Fn(function) => Some(&**function),
            Member::Other(_) => None,
        })
    }

    /// The block with each function replaced by what `expand` makes of it.
    pub(crate) fn map_functions(
        &self,
        mut expand: impl FnMut(&FnItem) -> TokenStream,
    ) -> TokenStream {
        let members = self.members.iter().map(|member| match member {
            Member::Fn(function) => expand(function),
            Member::Other(other) => other.clone(),
        });
        let block = braces(&self.braces, quote!(#(#members)*));
        let (attrs, header) = (&self.attrs, &self.header);
        quote!(#(#attrs)* #header #block)
    }
}

impl ToTokens for ImplItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(self.map_functions(ToTokens::to_token_stream));
    }
}

/// The same tokens without the attributes of that name, wherever they stand.
pub(crate) fn without_attribute(tokens: TokenStream, name: &str) -> TokenStream {
    let is_named = |group: &Group| {
        let first = group.stream().into_iter().next();
        group.delimiter() == Delimiter::Bracket
            && matches!(first, Some(TokenTree::Ident(word)) if word == name)
    };
    let mut rest = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (token, tokens.peek()) {
            (TokenTree::Punct(sign), Some(TokenTree::Group(group)))
                if sign.as_char() == '#' && is_named(group) =>
            {
                tokens.next();
            }
            (TokenTree::Group(group), _) => {
                let inside = without_attribute(group.stream(), name);
                let mut group_without = Group::new(group.delimiter(), inside);
                group_without.set_span(group.span());
                rest.append(group_without);
            }
            (token, _) => rest.append(token),
        }
    }
    rest
}

/// Whether the function hands out a future, so that its body ends before the work begins.
pub(crate) fn returns_future(sig: &Signature) -> bool {
    let ReturnType::Type(_, ty) = &sig.output else {
        return false;
    };
    let text = quote!(#ty).to_string();
    let boxed = text.contains("Pin <") && text.contains("Future");
    boxed || (matches!(**ty, Type::ImplTrait(_)) && text.contains("Future"))
}

/// Whether the tokens, after their attributes, are an `impl` block or a trait.
pub(crate) fn block_keyword(tokens: &TokenStream) -> Option<syn::Ident> {
    let find = |input: ParseStream<'_>| {
        input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        while !input.is_empty() {
            match input.parse::<TokenTree>()? {
                TokenTree::Ident(word) if word == "impl" || word == "trait" => {
                    input.parse::<TokenStream>()?;
                    return Ok(Some(word));
                }
                TokenTree::Ident(word) if word == "unsafe" || word == "default" => {}
                _ => break,
            }
        }
        input.parse::<TokenStream>()?;
        Ok(None)
    };
    syn::parse::Parser::parse2(find, tokens.clone()).ok().flatten()
}
