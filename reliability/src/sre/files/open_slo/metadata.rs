use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::super::reader::{Place, Reader, Spot, Table, shown};
use crate::document::{Value, did_you_mean};

/// What an object is called, and what is said to us about it.
pub(super) struct Metadata<'n> {
    pub(super) name: Option<(String, Spot)>,
    own: Vec<(&'n str, Place<'n>)>,
}

/// Annotations that begin like this are for us.
pub(super) const OURS: &str = "reliability/";

impl<'n> Metadata<'n> {
    /// The annotation of that name, without what all of ours begin with.
    pub(super) fn own(&self, name: &str) -> Option<&Place<'n>> {
        self.own.iter().find(|(own, _)| *own == name).map(|(_, place)| place)
    }
}

/// Reads the metadata of an object; `own` are the annotations of ours that its kind has.
pub(super) fn read<'n>(reader: &mut Reader<'_>, object: &Table<'n>, own: &[&str]) -> Metadata<'n> {
    let mut metadata = Metadata { name: None, own: Vec::new() };
    let Some(place) = reader.required(object, "metadata", "`metadata: { name: checkout }`") else {
        return metadata;
    };
    let keys = &["name", "displayName", "labels", "annotations"];
    let Some(table) = reader.table(&place, keys) else { return metadata };
    let name = reader.required(&table, "name", "`name: checkout`");
    metadata.name = name.and_then(|place| Some((reader.text(&place)?.into(), place.spot())));
    if let Some(place) = table.value("displayName")
        && reader.text(&place).is_some()
    {
        reader.remark(&place, "is for other programs");
    }
    if let Some(place) = table.value("labels") {
        labels(reader, &place);
    }
    if let Some(place) = table.value("annotations") {
        for (key, place) in reader.any_table(&place) {
            match key.name.strip_prefix(OURS) {
                Some(name) if own.contains(&name) => metadata.own.push((name, place)),
                Some(name) => {
                    let advice =
                        did_you_mean(name, own.iter().copied()).unwrap_or_else(|| none_or_all(own));
                    let key = shown(&key.name);
                    let message = format!("`{key}` is no annotation that is read here; {advice}");
                    reader.refuse(&place.node.span, message);
                }
                None => {
                    if reader.text(&place).is_some() {
                        reader.remark(&place, "is for other programs");
                    }
                }
            }
        }
    }
    metadata
}

fn none_or_all(own: &[&str]) -> String {
    match own {
        [] => "this kind of object has none; remove it".into(),
        own => {
            let all: Vec<_> = own.iter().map(|name| format!("`{OURS}{name}`")).collect();
            format!("there are {}", all.join(", "))
        }
    }
}

/// A text or several for each key.
fn labels(reader: &mut Reader<'_>, place: &Place<'_>) {
    for (_, place) in reader.any_table(place) {
        match place.node.value {
            Value::List(_) => {
                for place in reader.list(&place, "texts").unwrap_or_default() {
                    reader.text(&place);
                }
            }
            _ => {
                reader.text(&place);
            }
        }
    }
    reader.remark(place, "are for other programs");
}
