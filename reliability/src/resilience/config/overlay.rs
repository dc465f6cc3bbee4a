use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use super::advice::{canonical, children, unknown, words};
use super::key::{Key, exclusion};
use super::keys::KEYS;
use super::kind::{Kind, Reading};
use crate::document::did_you_mean;
use crate::document::{self, Fault, Node, Value};
use crate::document::{MISTAKES_MAX, Mistakes, Source};

/// What a file says: other settings for policies, by name.
///
/// Reading one finds everything that is wrong with the text itself: its syntax, keys that are no
/// settings, values that no policy takes. [`check`](Overlay::check) compares it with the policies of
/// the process, and [`apply`](Overlay::apply) puts it into force.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::resilience::Policy;
/// use reliability::resilience::config::Overlay;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::builder("overlaid").timeout(Duration::from_secs(1)).build()?;
///
/// Overlay::from_yaml("policies: { overlaid: { timeout: 250ms } }")?.apply()?;
/// assert_eq!(policy.settings().timeout, Some(Duration::from_millis(250).into()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Overlay {
    pub(super) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) source: Source,
    pub(super) sections: Vec<Section>,
    /// Names of policies that are built later.
    pub(super) expected: Vec<String>,
}

/// The settings of the policies of one name.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) name: String,
    pub(super) span: Range<usize>,
    /// In the order of [`KEYS`].
    pub(super) changes: Vec<Change>,
}

#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) key: &'static Key,
    pub(super) reading: Reading,
    pub(super) span: Range<usize>,
}

impl Change {
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        core::ptr::eq(self.key, other.key) && self.reading == other.reading
    }
}

/// Languages that an overlay can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Toml,
    Yaml,
    Json,
}

/// The longest text that is read, in bytes: a hundred times what a large service needs.
pub(super) const BYTES_MAX: usize = 1 << 20;

impl Overlay {
    /// Reads TOML.
    ///
    /// # Errors
    ///
    /// [`Mistakes`]: all of them, each with its line.
    pub fn from_toml(text: &str) -> Result<Self, Mistakes> {
        Self::read(Format::Toml, "TOML", text)
    }

    /// Reads YAML.
    ///
    /// # Errors
    ///
    /// [`Mistakes`]: all of them, each with its line; of mistakes in the syntax the first.
    pub fn from_yaml(text: &str) -> Result<Self, Mistakes> {
        Self::read(Format::Yaml, "YAML", text)
    }

    /// Reads JSON as it is written down in RFC 8259: no comments, and no commas at the end.
    ///
    /// # Errors
    ///
    /// [`Mistakes`]: all of them, each with its line; of mistakes in the syntax the first.
    pub fn from_json(text: &str) -> Result<Self, Mistakes> {
        Self::read(Format::Json, "JSON", text)
    }

    /// Names policies that are built by hand after this overlay is put into force.
    ///
    /// They get it when they are built. A name that no policy has and that is not expected is taken
    /// for a mistake. Policies that annotated functions declare, with `key` or without, are known
    /// from before `main`.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::config::Overlay;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let overlay = Overlay::from_toml("[policies.built-later]\ntimeout = \"1s\"\n")?;
    /// assert!(overlay.check().is_err());
    /// assert!(overlay.expecting(["built-later"]).check().is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn expecting<N: Into<String>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let inner = &*self.inner;
        let mut expected = inner.expected.clone();
        expected.extend(names.into_iter().map(Into::into));
        let source = Source::new(inner.source.name(), inner.source.text());
        let sections = inner.sections.clone();
        Self { inner: Arc::new(Inner { source, sections, expected }) }
    }

    pub(super) fn read(format: Format, name: &str, text: &str) -> Result<Self, Mistakes> {
        let source = Source::new(name, text);
        let read = match format {
            _ if text.len() > BYTES_MAX => {
                let message = format!("the file must have at most {BYTES_MAX} bytes");
                Err(Vec::from([Fault::new(0..0, message)]))
            }
            Format::Toml => document::read_toml(source.text()),
            Format::Yaml => document::read_yaml(source.text()),
            Format::Json => document::read_json(source.text()),
        };
        let sections = read.and_then(|root| {
            let mut reader = Reader { source: &source, faults: Vec::new() };
            let sections = reader.sections(&root);
            if reader.faults.is_empty() { Ok(sections) } else { Err(reader.faults) }
        });
        match sections {
            Ok(sections) => {
                let inner = Inner { source, sections, expected: Vec::new() };
                Ok(Self { inner: Arc::new(inner) })
            }
            Err(faults) => Err(Mistakes::new(&source, faults)),
        }
    }

    /// The names of the policies that it has settings for, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.inner.sections.iter().map(|section| &*section.name)
    }
}

/// Where all policies stand in a file.
const ROOT: &str = "policies";

struct Reader<'s> {
    source: &'s Source,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn sections(&mut self, root: &Node) -> Vec<Section> {
        let Value::Table(root) = &root.value else {
            let expected = format!("expected a table `{ROOT}`, but this is {}", root.value.kind());
            self.wrong(0..0, expected);
            return Vec::new();
        };
        for (key, _) in root.iter().filter(|(key, _)| key.name != ROOT) {
            let shown = shorten(&key.name);
            let advice = did_you_mean(&key.name, [ROOT])
                .unwrap_or_else(|| format!("policies stand in `{ROOT}`, as in `{ROOT}.{shown}`"));
            self.wrong(key.span.clone(), format!("the table `{shown}` is unknown; {advice}"));
        }
        let Some((_, policies)) = root.iter().find(|(key, _)| key.name == ROOT) else {
            // A file that was cut short must not take back what was in force.
            if root.is_empty() {
                let advice = "write an empty one for no settings at all";
                self.wrong(0..0, format!("the table `{ROOT}` is missing; {advice}"));
            }
            return Vec::new();
        };
        let Value::Table(policies) = &policies.value else {
            let kind = policies.value.kind();
            let message = format!("`{ROOT}` must be a table of policies, but is {kind}");
            self.wrong(policies.span.clone(), message);
            return Vec::new();
        };
        let section = |(key, node): &(document::Key, Node)| {
            let mut section =
                Section { name: key.name.clone(), span: key.span.clone(), changes: Vec::new() };
            let path = format!("{ROOT}.{}", shorten(&key.name));
            self.settings(&mut section.changes, &path, "", node);
            let place =
                |change: &Change| KEYS.iter().position(|key| core::ptr::eq(key, change.key));
            section.changes.sort_by_key(place);
            section
        };
        policies.iter().map(section).collect()
    }

    /// Reads what stands below `prefix` in one policy.
    fn settings(&mut self, into: &mut Vec<Change>, path: &str, prefix: &str, node: &Node) {
        let Value::Table(table) = &node.value else {
            let (kind, advice) = (node.value.kind(), self.meant(prefix, node));
            let message = format!("`{path}` must be a table of settings, but is {kind}{advice}");
            return self.wrong(node.span.clone(), message);
        };
        for (key, node) in table {
            let setting =
                if prefix.is_empty() { key.name.clone() } else { format!("{prefix}.{}", key.name) };
            let setting = canonical(setting);
            let path = format!("{path}.{}", shorten(&key.name));
            let known = KEYS.iter().find(|known| known.path == setting);
            // What is one value, or a table of several, is what it is written as.
            let is_table = matches!(node.value, Value::Table(_)) || known.is_none();
            if is_table && KEYS.iter().any(|known| known.is_below(&setting)) {
                self.settings(into, &path, &setting, node);
            } else if let Some(known) = known {
                self.setting(into, key, &path, known, node);
            } else {
                // What is not shown needs no advice, which takes time to find.
                let is_shown = self.faults.len() < MISTAKES_MAX;
                let advice = if is_shown { unknown(prefix, &setting) } else { String::new() };
                self.wrong(key.span.clone(), format!("`{path}` is unknown; {advice}"));
            }
        }
    }

    fn setting(
        &mut self,
        into: &mut Vec<Change>,
        word: &document::Key,
        path: &str,
        key: &'static Key,
        node: &Node,
    ) {
        if into.iter().any(|change| core::ptr::eq(change.key, key)) {
            return self.wrong(node.span.clone(), format!("`{path}` is there twice; keep one"));
        }
        let reading = match key.kind.read(node, &self.source.written(&node.span)) {
            Ok(reading) => reading,
            Err(message) => {
                let parts = match key.kind {
                    Kind::Flag => format!("; or write a table of {}", words(&children(key.path))),
                    _ if key.path == "timeout" => adaptive(node).to_string(),
                    _ => String::new(),
                };
                return self.wrong(node.span.clone(), format!("`{path}` {message}{parts}"));
            }
        };
        let change = Change { key, reading, span: node.span.clone() };
        let other = into.iter().find_map(|other| Some((other.key, exclusion(other, &change)?)));
        if let Some((other, why)) = other {
            let message =
                format!("`{path}` and `{}` exclude each other: {why}; keep one", other.path);
            return self.wrong(word.span.clone(), message);
        }
        into.push(change);
    }

    /// Which setting a value is meant for that stands in place of a table of them.
    fn meant(&self, prefix: &str, node: &Node) -> String {
        if prefix.is_empty() {
            let is_nothing = matches!(node.value, Value::Other("nothing"));
            let advice = if is_nothing { "; settings stand below it, further in" } else { "" };
            return advice.to_string();
        }
        let written = self.source.written(&node.span);
        if let ("rate_limit", Value::Whole(_)) = (prefix, &node.value) {
            return format!("; write `rate_limit.rate` as \"{written}/s\"");
        }
        let takes = |known: &&Key| known.kind.read(node, &written).is_ok();
        match KEYS.iter().filter(|known| known.is_below(prefix)).find(takes) {
            Some(known) => format!("; did you mean `{}`?", known.path),
            None => format!("; there are {}", words(&children(prefix))),
        }
    }

    fn wrong(&mut self, span: Range<usize>, message: String) {
        self.faults.push(Fault::new(span, message));
    }
}

/// For a timeout that is written as the attribute has it: `adaptive(p99 * 2)`.
fn adaptive(node: &Node) -> &'static str {
    match &node.value {
        Value::Text(text) if text.starts_with("adaptive") || text.starts_with("p9") => {
            "; one that follows what attempts took is a table, such as \
             { quantile = \"p99\", times = 2 }"
        }
        _ => "",
    }
}

/// Names in messages; who writes longer ones knows which is meant.
pub(super) fn shorten(name: &str) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    match name.char_indices().nth(80) {
        Some((end, _)) => format!("{}..", name[..end].chars().map(shown).collect::<String>()),
        None => name.chars().map(shown).collect::<String>().to_string(),
    }
}
