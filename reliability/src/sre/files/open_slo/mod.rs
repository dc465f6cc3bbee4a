//! `apiVersion: openslo/v1`: what [OpenSLO](https://github.com/OpenSLO/OpenSLO) calls an SLO, and what it
//! refers to.
//!
//! What is said to other programs (a query for a metrics store, who is told, how to connect) is read
//! and remarked on. What would change the promise and cannot be kept is refused.

mod alert;
mod indicator;
mod metadata;
mod named;
mod slo;
mod window;
mod write;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use self::alert::{Condition, Policy};
use self::indicator::Sli;
use self::named::Named;
use super::draft::Draft;
use super::reader::{Place, Reader, Spot, Table};
pub use write::NotInOpenSlo;
pub(super) use write::document;

pub(super) const API: &str = "openslo/v1";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slo,
    Sli,
    AlertPolicy,
    AlertCondition,
    AlertNotificationTarget,
    Service,
    DataSource,
}

const KINDS: [(&str, Kind); 7] = [
    ("SLO", Kind::Slo),
    ("SLI", Kind::Sli),
    ("AlertPolicy", Kind::AlertPolicy),
    ("AlertCondition", Kind::AlertCondition),
    ("AlertNotificationTarget", Kind::AlertNotificationTarget),
    ("Service", Kind::Service),
    ("DataSource", Kind::DataSource),
];

/// The objects of a file, which refer to each other by name.
pub(super) struct Objects<'n> {
    slos: Vec<Table<'n>>,
    slis: Named<Sli>,
    conditions: Named<Condition>,
    policies: Named<Policy>,
    /// The conditions that policies name, used by an SLO or not.
    referred: Vec<(String, Spot)>,
}

impl<'n> Objects<'n> {
    pub(super) fn new() -> Self {
        Self {
            slos: Vec::new(),
            slis: Named::new("SLI"),
            conditions: Named::new("AlertCondition"),
            policies: Named::new("AlertPolicy"),
            referred: Vec::new(),
        }
    }

    /// Reads one document; an SLO is read when all it may refer to is there.
    pub(super) fn add(&mut self, reader: &mut Reader<'_>, document: Table<'n>) {
        let kind = reader.required(&document, "kind", "`kind: SLO`");
        let Some(kind) = kind.and_then(|place| reader.word(&place, &KINDS, "")) else { return };
        match kind {
            Kind::Slo => self.slos.push(document),
            Kind::Sli => {
                let (name, sli) = indicator::read(reader, &document);
                self.slis.put(reader, name, sli);
            }
            Kind::AlertPolicy => {
                let (name, policy) = alert::policy(reader, &document);
                if let Policy::There { name, spot } = &policy {
                    self.referred.push((name.clone(), spot.clone()));
                }
                self.policies.put(reader, name, policy);
            }
            Kind::AlertCondition => {
                let (name, condition) = alert::condition(reader, &document);
                self.conditions.put(reader, name, condition);
            }
            Kind::AlertNotificationTarget | Kind::Service | Kind::DataSource => {
                for_others(reader, &document, kind);
            }
        }
    }

    /// The SLOs, once all documents are there.
    pub(super) fn read(mut self, reader: &mut Reader<'_>) -> Vec<Draft> {
        for (name, spot) in core::mem::take(&mut self.referred) {
            self.conditions.refer_to(reader, &name, &spot);
        }
        let slos = core::mem::take(&mut self.slos);
        let drafts = slos.iter().filter_map(|slo| slo::read(reader, slo, &mut self));
        let drafts = drafts.collect();
        self.slis.remark_on_unused(reader);
        self.policies.remark_on_unused(reader);
        self.conditions.remark_on_unused(reader);
        drafts
    }
}

/// Objects that say nothing about a promise.
fn for_others(reader: &mut Reader<'_>, document: &Table<'_>, kind: Kind) {
    metadata::read(reader, document, &[]);
    let (keys, whose): (&[&str], _) = match kind {
        Kind::AlertNotificationTarget => {
            (&["target", "description"], "who is told is said where the watch is started")
        }
        Kind::DataSource => {
            (&["description", "type", "connectionDetails"], "here the process counts its own calls")
        }
        _ => (&["description"], "a promise belongs to the process that makes it"),
    };
    let Some(spec) = document.value("spec") else { return };
    if let Some(table) = reader.table(&spec, keys) {
        for text in ["description", "type", "target"] {
            table.value(text).and_then(|place| reader.text(&place));
        }
    }
    reader.remark(&spec, &format!("is for other programs; {whose}"));
}

/// The kind of an object that stands where it is used; it may be left out.
fn inline_kind(reader: &mut Reader<'_>, table: &Table<'_>, kind: &'static str) {
    for (key, word) in [("kind", kind), ("apiVersion", API)] {
        if let Some(place) = table.value(key) {
            reader.word(&place, &[(word, ())], "");
        }
    }
}

const INLINE: &[&str] = &["apiVersion", "kind", "metadata", "spec"];

/// Refuses a list of more than one, with the reason.
fn only_one<'n>(
    reader: &mut Reader<'_>,
    place: &Place<'n>,
    of: &str,
    reason: &str,
) -> Option<Place<'n>> {
    let mut list = reader.list(place, of)?;
    if list.len() == 1 {
        return list.pop();
    }
    let message =
        format!("`{}` must have exactly one item, but has {}; {reason}", place.path, list.len());
    reader.refuse(&place.node.span, message);
    None
}
