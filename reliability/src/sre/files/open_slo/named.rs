use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use super::super::reader::{Place, Reader, Spot, shown};
use crate::document::did_you_mean;

/// Among so many names the near one is looked for.
const PROPOSED_MAX: usize = 100;

/// Objects of one kind, by their name.
pub(super) struct Named<T> {
    kind: &'static str,
    known: BTreeMap<String, Entry<T>>,
}

struct Entry<T> {
    object: T,
    spot: Spot,
    used: bool,
}

impl<T> Named<T> {
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, known: BTreeMap::new() }
    }

    /// Keeps an object; that it has no name is told already.
    pub(super) fn put(&mut self, reader: &mut Reader<'_>, name: Option<(String, Spot)>, object: T) {
        let Some((name, spot)) = name else { return };
        if let Some(entry) = self.known.get(&name) {
            let (kind, line) = (self.kind, reader.line(entry.spot.span.start));
            let name = shown(&name);
            let message =
                format!("an {kind} `{name}` is there already, in line {line}; rename one");
            reader.refuse(&spot.span, message);
            return;
        }
        self.known.insert(name, Entry { object, spot, used: false });
    }

    /// The object that a value names.
    pub(super) fn refer(&mut self, reader: &mut Reader<'_>, place: &Place<'_>) -> Option<&T> {
        let name = reader.text(place)?;
        self.refer_to(reader, name, &place.spot())
    }

    /// The object of that name, which stands at that spot.
    pub(super) fn refer_to(
        &mut self,
        reader: &mut Reader<'_>,
        name: &str,
        spot: &Spot,
    ) -> Option<&T> {
        if !self.known.contains_key(name) {
            // Each is compared with each, so of many names none is proposed.
            let names = self.known.keys().map(String::as_str).take(PROPOSED_MAX);
            let advice = did_you_mean(name, names);
            let advice = advice.unwrap_or_else(|| {
                "put it into the same file, or write it where it is used".to_string()
            });
            let (kind, name) = (self.kind, shown(name));
            let message =
                format!("`{}` names an {kind} `{name}` that is not there; {advice}", spot.path);
            reader.refuse(&spot.span, message);
            return None;
        }
        let entry = self.known.get_mut(name)?;
        entry.used = true;
        Some(&entry.object)
    }

    pub(super) fn remark_on_unused(&self, reader: &mut Reader<'_>) {
        for (name, entry) in self.known.iter().filter(|(_, entry)| !entry.used) {
            let (kind, name) = (self.kind, shown(name));
            reader.remark_at(&entry.spot, format!("no SLO of this file uses the {kind} `{name}`"));
        }
    }
}
