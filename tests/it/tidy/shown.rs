//! Every public item shows how it is used.
//!
//! A type, trait, function, constant or macro has an example of its own that runs, or says under
//! `# Examples` whose example shows it: ``See [`Other`].`` A constructor is called in some example.
//! Methods need none, because most of them are shown by the example of their type.

use std::collections::BTreeSet;
use std::path::Path;

use syn::visit::{self, Visit};

use super::{files, read, refuse};

/// What follows the fence of a block that rustdoc compiles.
const COMPILED: [&str; 6] =
    ["", "rust", "no_run", "should_panic", "standalone_crate", "compile_fail"];

/// Where nothing is for users, or nothing is public.
const NOT_PUBLIC: [&str; 2] = ["__private", "guide"];

/// A public item, and what it says of itself.
#[derive(Debug, Clone)]
struct Item {
    file: String,
    /// The innermost module that it is declared in.
    module: String,
    /// `Breaker`, `registry` or, of a constructor, `Breaker::builder`.
    name: String,
    is_constructor: bool,
    docs: String,
}

/// What the sources hold.
#[derive(Default)]
struct Sources {
    items: Vec<Item>,
    /// What is exported from where it is declared: the module and the name.
    exported: BTreeSet<(String, String)>,
    /// Modules that can be named, by their path without the ending.
    public_modules: BTreeSet<String>,
    /// Items and methods with an example of their own.
    shown: BTreeSet<String>,
    /// Modules with one.
    modules_shown: BTreeSet<String>,
    /// The text of all of them.
    examples: String,
    /// Examples that are not compiled.
    ignored: Vec<String>,
}

/// Reads one file.
struct Reader<'a> {
    file: String,
    module: String,
    /// The type whose `impl` is being read.
    owner: Option<String>,
    sources: &'a mut Sources,
}

/// The text of the documentation among these attributes.
fn docs(attributes: &[syn::Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether it is left out: for tests alone, or hidden.
fn is_left_out(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => {
            let tokens = list.tokens.to_string();
            (list.path.is_ident("cfg") && tokens.starts_with("test"))
                || (list.path.is_ident("cfg") && tokens == "reliability_loom")
                || (list.path.is_ident("doc") && tokens == "hidden")
        }
        _ => false,
    })
}

/// The blocks of code that are compiled, and whether one is said to be ignored.
fn blocks(docs: &str) -> (Vec<String>, bool) {
    let (mut blocks, mut ignored) = (Vec::new(), false);
    let mut open: Option<(bool, String)> = None;
    for line in docs.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some((compiled, text))) => {
                if *compiled {
                    blocks.push(std::mem::take(text));
                }
                open = None;
            }
            (Some(words), None) => {
                let mut words = words.trim().split(',');
                ignored |= words.clone().any(|word| word.starts_with("ignore"));
                open = Some((words.all(|word| COMPILED.contains(&word)), String::new()));
            }
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    (blocks, ignored)
}

impl Reader<'_> {
    /// Takes in what an item or method says of itself; `name` is how others refer to it.
    fn take(&mut self, name: &str, attributes: &[syn::Attribute]) -> String {
        let docs = docs(attributes);
        let (blocks, ignored) = blocks(&docs);
        if ignored {
            self.sources.ignored.push(format!("{}: the example of `{name}` is ignored", self.file));
        }
        if !blocks.is_empty() {
            self.sources.shown.insert(name.to_owned());
        }
        self.sources.examples.extend(blocks);
        docs
    }

    fn item(&mut self, name: &syn::Ident, visibility: &syn::Visibility, of: &[syn::Attribute]) {
        let name = name.to_string();
        let docs = self.take(&name, of);
        if matches!(visibility, syn::Visibility::Public(_)) {
            let file = self.file.clone();
            let module = self.module.clone();
            self.sources.items.push(Item { file, module, name, is_constructor: false, docs });
        }
    }

    fn method(&mut self, method: &syn::ImplItemFn, owner: &str) {
        let name = format!("{owner}::{}", method.sig.ident);
        let docs = self.take(&name, &method.attrs);
        let is_public = matches!(method.vis, syn::Visibility::Public(_));
        let makes_one = match &method.sig.output {
            syn::ReturnType::Type(_, made) => {
                matches!(&**made, syn::Type::Path(path) if path.path.is_ident("Self"))
            }
            syn::ReturnType::Default => false,
        };
        if is_public && makes_one && method.sig.receiver().is_none() {
            let file = self.file.clone();
            let module = self.module.clone();
            self.sources.items.push(Item { file, module, name, is_constructor: true, docs });
        }
    }

    fn export(&mut self, from: &str, tree: &syn::UseTree) {
        let name = match tree {
            syn::UseTree::Path(path) => return self.export(&path.ident.to_string(), &path.tree),
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.export(from, tree));
            }
            syn::UseTree::Name(name) => &name.ident,
            syn::UseTree::Rename(name) => &name.ident,
            syn::UseTree::Glob(_) => return,
        };
        self.sources.exported.insert((from.to_owned(), name.to_string()));
    }
}

impl Visit<'_> for Reader<'_> {
    fn visit_item(&mut self, item: &syn::Item) {
        match item {
            syn::Item::Struct(it) if !is_left_out(&it.attrs) => {
                self.item(&it.ident, &it.vis, &it.attrs);
            }
            syn::Item::Enum(it) if !is_left_out(&it.attrs) => {
                self.item(&it.ident, &it.vis, &it.attrs);
            }
            syn::Item::Trait(it) if !is_left_out(&it.attrs) => {
                self.item(&it.ident, &it.vis, &it.attrs);
            }
            syn::Item::Fn(it) if !is_left_out(&it.attrs) => {
                self.item(&it.sig.ident, &it.vis, &it.attrs);
            }
            syn::Item::Const(it) if !is_left_out(&it.attrs) => {
                self.item(&it.ident, &it.vis, &it.attrs);
            }
            syn::Item::Use(it) if !is_left_out(&it.attrs) => {
                let is_public = matches!(it.vis, syn::Visibility::Public(_));
                is_public.then(|| self.export("", &it.tree));
            }
            // What stands in `pin_project! { .. }` is an item with marks on its fields.
            syn::Item::Macro(it) if it.ident.is_none() => {
                let inside = it.mac.parse_body_with(|input: syn::parse::ParseStream<'_>| {
                    input.parse::<syn::File>()
                });
                if let Ok(inside) = inside {
                    self.visit_file(&inside);
                }
            }
            syn::Item::Macro(it) => {
                let is_exported = it.attrs.iter().any(|it| it.path().is_ident("macro_export"));
                if let Some(name) = it.ident.as_ref().filter(|_| is_exported) {
                    self.item(name, &syn::Visibility::Public(Default::default()), &it.attrs);
                }
            }
            syn::Item::Impl(it) if !is_left_out(&it.attrs) && it.trait_.is_none() => {
                let owner = match &*it.self_ty {
                    syn::Type::Path(path) => path.path.segments.last(),
                    _ => None,
                };
                self.owner = owner.map(|owner| owner.ident.to_string());
                visit::visit_item_impl(self, it);
                self.owner = None;
            }
            syn::Item::Mod(it) if !is_left_out(&it.attrs) && it.ident != "sealed" => {
                if let syn::Visibility::Public(_) = it.vis {
                    let folder = module(&self.file).trim_end_matches("/lib");
                    self.sources.public_modules.insert(format!("{folder}/{}", it.ident));
                }
                let around = std::mem::replace(&mut self.module, it.ident.to_string());
                visit::visit_item_mod(self, it);
                self.module = around;
            }
            _ => {}
        }
    }

    fn visit_impl_item_fn(&mut self, method: &syn::ImplItemFn) {
        if let Some(owner) = self.owner.clone().filter(|_| !is_left_out(&method.attrs)) {
            self.method(method, &owner);
        }
    }
}

/// The folder and name of a module, without the ending of its file.
fn module(file: &str) -> &str {
    file.trim_end_matches(".rs").trim_end_matches("/mod")
}

fn sources<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Sources {
    let mut sources = Sources::default();
    for (file, text) in files {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let name = module(file).rsplit('/').next().unwrap_or_default().to_owned();
        let (file, sources) = (file.to_owned(), &mut sources);
        let mut reader = Reader { file, module: name, owner: None, sources };
        let docs = docs(&parsed.attrs);
        let (blocks, _) = blocks(&docs);
        if !blocks.is_empty() {
            let module = module(&reader.file).to_owned();
            reader.sources.modules_shown.insert(module);
        }
        reader.sources.examples.extend(blocks);
        reader.visit_file(&parsed);
    }
    sources
}

impl Sources {
    /// Whether somebody else can name it.
    fn is_public(&self, item: &Item) -> bool {
        if let Some((owner, _)) = item.name.split_once("::") {
            let owners = self.items.iter().filter(|item| item.name == owner);
            return owners.into_iter().any(|owner| self.is_public(owner));
        }
        let module = module(&item.file);
        self.exported.contains(&(item.module.clone(), item.name.clone()))
            || self.public_modules.contains(module)
            || module.ends_with("/lib")
    }

    /// Whether it says whose example shows it, and that has one.
    fn refers(&self, item: &Item) -> bool {
        item.docs.split("See ").skip(1).any(|rest| {
            if rest.starts_with("the [module](self)") {
                return self.modules_shown.contains(module(&item.file));
            }
            if rest.starts_with("the [module](super)") {
                let above = Path::new(module(&item.file)).parent();
                let above = above.map(|above| above.to_string_lossy().into_owned());
                return above.is_some_and(|above| self.modules_shown.contains(&above));
            }
            let name = rest.trim_start_matches('[').strip_prefix('`');
            let Some((name, _)) = name.and_then(|name| name.split_once('`')) else { return false };
            let last = name.rsplit("::").next().unwrap_or(name);
            let name = name.trim_start_matches("super::");
            self.shown.contains(name) || self.shown.contains(last)
        })
    }

    /// What has no example, each with what to write.
    fn complaints(&self) -> Vec<String> {
        let mut complaints = self.ignored.clone();
        // `Type::<u64>::new` in an example calls `Type::new`.
        let examples = self.examples.replace("::<", "<");
        for item in self.items.iter().filter(|item| self.is_public(item)) {
            let (file, name) = (&item.file, &item.name);
            if self.shown.contains(name) && !blocks(&item.docs).0.is_empty() || self.refers(item) {
                continue;
            }
            if !item.is_constructor {
                complaints.push(format!(
                    "{file}: `{name}` has no example; write one that runs under `# Examples`, or \
                     there: \"See [`..`].\" with the item whose example shows it"
                ));
            } else if !is_called(&examples, name) {
                complaints.push(format!(
                    "{file}: no example calls `{name}`; call it in that of its type"
                ));
            }
        }
        complaints
    }
}

/// Whether one of the examples says `Type::name` or `Type<..>::name`.
fn is_called(examples: &str, name: &str) -> bool {
    let Some((owner, method)) = name.split_once("::") else { return false };
    examples.match_indices(owner).any(|(at, _)| {
        let rest = &examples[at + owner.len()..];
        let rest = match rest.strip_prefix('<') {
            Some(generic) => generic.split_once('>').map_or("", |(_, rest)| rest),
            None => rest,
        };
        let rest = rest.strip_prefix("::").and_then(|rest| rest.strip_prefix(method));
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })
}

fn of_the_crate() -> Sources {
    let is_read = |path: &str| {
        !path.split('/').any(|part| {
            NOT_PUBLIC.contains(&part) || part.trim_end_matches(".rs").ends_with("tests")
        })
    };
    let paths = files("reliability/src", &["rs"]);
    let paths = paths.iter().map(|path| path.to_string_lossy().into_owned());
    let texts = paths.filter(|path| is_read(path)).map(|path| (path.clone(), read(&path)));
    let texts = texts.collect::<Vec<_>>();
    sources(texts.iter().map(|(path, text)| (path.as_str(), text.as_str())))
}

#[test]
fn every_public_item_shows_how_it_is_used() {
    let sources = of_the_crate();
    let public = sources.items.iter().filter(|item| sources.is_public(item)).count();
    assert!(public > 400, "only {public} public items: the reading is broken");
    refuse(&sources.complaints());
}

#[test]
fn items_without_an_example_are_seen() {
    let lib = "pub mod gate;\npub use inner::Door;\nmod inner;";
    let gate = "/// A gate.\npub struct Gate;\n/// ```\n/// Post::new();\n/// ```\npub struct Post;\n\
                impl Post { pub fn new() -> Self { Post } pub fn old() -> Self { Post } }\n\
                /// See [`Post`].\npub fn swing() {}\n/// See [`Gate`].\npub fn shut() {}";
    let inner = "pub struct Door;\npub struct Hinge;\npub(crate) struct Lock;\n\
                 #[doc(hidden)] pub struct Bolt;";
    let of = |file: &str| format!("src/{file}.rs");
    let (lib_file, gate_file, inner_file) = (of("lib"), of("gate"), of("inner"));
    let files = [(&*lib_file, lib), (&*gate_file, gate), (&*inner_file, inner)];
    let complaints = sources(files).complaints();
    let found = |name: &str| complaints.iter().any(|it| it.contains(&format!("`{name}`")));
    assert!(found("Gate") && found("Post::old") && found("shut") && found("Door"));
    assert_eq!(complaints.len(), 4, "{complaints:#?}");
}

#[test]
fn blocks_that_do_not_run_are_no_examples() {
    assert_eq!(blocks("```text\na\n```\n```\nb\n```\n").0, ["b\n"]);
    assert_eq!(blocks("```no_run\na\n```").0.len(), 1);
    assert!(blocks("```ignore\na\n```").1);
    assert!(is_called("Limit::<u64>::builder(7)".replace("::<", "<").as_str(), "Limit::builder"));
    assert!(!is_called("Limit::builder_of(7)", "Limit::builder"));
}
