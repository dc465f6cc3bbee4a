use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::vec::Vec;
use core::ops::Range;

use super::open_slo::{self, Objects};
use super::reader::{Place, Reader, shown};
use super::remark::Remark;
use super::simple;
use crate::document::{Fault, Mistakes, Source, Value, read_yaml_documents};
use crate::sre::Definition;

/// The longest text that is read, in bytes: room for some thousand promises.
pub(super) const BYTES_MAX: usize = 1 << 20;

const DOCUMENT: &[&str] = &["apiVersion", "kind", "metadata", "spec"];

/// What a text says: its definitions and where their names stand, and what is for others.
pub(super) struct Read {
    pub(super) definitions: Vec<(Definition, Range<usize>)>,
    pub(super) remarks: Vec<Remark>,
}

/// Reads all documents of a text, in both forms.
pub(super) fn read(source: &Source) -> Result<Read, Mistakes> {
    if source.text().len() > BYTES_MAX {
        return Err(too_long(source));
    }
    let (documents, fault) = read_yaml_documents(source.text());
    let mut reader = Reader::new(source);
    let mut objects = Objects::new();
    let mut drafts = Vec::new();
    for document in &documents {
        // Also a list of objects, as OpenSLO's own tools write it.
        let objects_of = match &document.value {
            Value::Other(_) => continue,
            Value::List(list) => list.iter().enumerate().map(listed).collect(),
            _ => Vec::from([Place::root(document)]),
        };
        for place in objects_of {
            let Some(table) = reader.table(&place, DOCUMENT) else { continue };
            let such_as = "`apiVersion: reliability/v1` or `apiVersion: openslo/v1`";
            let Some(api) = reader.required(&table, "apiVersion", such_as) else { continue };
            match reader.word(&api, &[(simple::API, true), (open_slo::API, false)], "") {
                Some(true) => drafts.extend(simple::read(&mut reader, &table)),
                Some(false) => objects.add(&mut reader, table),
                None => {}
            }
        }
    }
    if fault.is_none() {
        drafts.extend(objects.read(&mut reader));
    }
    drafts.sort_by_key(|draft| draft.name_at.span.start);
    let mut lines = BTreeMap::new();
    let mut definitions = Vec::new();
    for draft in drafts {
        let span = draft.name_at.span.clone();
        let line = reader.line(span.start);
        if let Some(first) = lines.get(&draft.name) {
            let name = shown(&draft.name);
            let message = format!("an SLO `{name}` is there already, in line {first}; rename one");
            reader.refuse(&span, message);
        } else {
            lines.insert(draft.name.clone(), line);
        }
        definitions.push((draft.finish(&mut reader), span));
    }
    reader.found.extend(fault);
    if reader.found.is_empty() {
        let remarks = Mistakes::new(source, once_each(reader.remarks));
        let remarks = remarks.list().iter().map(Remark::new).collect();
        Ok(Read { definitions, remarks })
    } else {
        Err(Mistakes::new(source, once_each(reader.found)))
    }
}

pub(super) fn too_long(source: &Source) -> Mistakes {
    let message = format!("a file of promises may have at most {BYTES_MAX} bytes; make it several");
    Mistakes::new(source, Vec::from([Fault::new(0..0, message)]))
}

fn listed((at, node): (usize, &crate::document::Node)) -> Place<'_> {
    Place { path: format!("[{at}]"), node }
}

/// What several refer to is wrong once.
fn once_each(found: Vec<Fault>) -> Vec<Fault> {
    let mut told = BTreeSet::new();
    found
        .into_iter()
        .filter(|fault| told.insert((fault.span.start, fault.message.clone())))
        .collect()
}
