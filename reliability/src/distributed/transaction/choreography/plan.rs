//! The participants of a choreography as they are put together, at run time.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::bus::Envelope;
use super::participant::{Link, Participants};
use super::rules::{REFUSED, UNDONE};
use super::wiring::{Choreography, contains};
use crate::distributed::transaction::saga::{Definition, Kind, Saga};

/// Who makes and handles what, in this process and in others.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::choreography::Wiring;
///
/// # fn main() {
/// let wiring = Wiring::of::<Orders>(); // or `Orders::wiring()`
/// assert_eq!(wiring.name(), "place_order");
/// assert!(wiring.mermaid().contains("h0 -- Reserved --> h1"));
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Wiring {
    definition: Definition,
    links: Vec<Link>,
    terminal: &'static [usize],
}

impl Wiring {
    /// That of a choreography.
    pub fn of<C: Choreography>() -> Self {
        let here = <C::Here as Participants<C::Events>>::LINKS.iter().copied().flatten();
        let links = here.chain(C::ELSEWHERE).copied().collect();
        Self { definition: <C::Events as Saga>::DEFINITION, links, terminal: C::TERMINAL }
    }

    /// Its name: that of the enum of its events, and of the topic on the bus.
    pub const fn name(&self) -> &'static str {
        self.definition.name()
    }

    pub(super) const fn version(&self) -> u32 {
        self.definition.version()
    }

    /// Whether it is an event of a version that other programs take: a newer one, which may have other
    /// events and other handlers, or one that is drained.
    pub(super) fn is_elsewhere(&self, envelope: &Envelope) -> bool {
        let (event, version) = (envelope.event(), envelope.event().version());
        let foreign = version > self.version() || self.definition.is_drained(version);
        !matches!(event.name(), REFUSED | UNDONE) && foreign
    }

    pub(super) const fn len(&self) -> usize {
        self.definition.steps().len()
    }

    pub(super) fn events(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.definition.steps().iter().map(|step| step.name())
    }

    pub(super) fn event(&self, place: usize) -> &'static str {
        self.definition.steps().get(place).map_or("?", |step| step.name())
    }

    pub(super) fn place(&self, event: &str) -> Option<usize> {
        self.definition.steps().iter().position(|step| step.name() == event)
    }

    pub(super) fn kind(&self, place: usize) -> Kind {
        self.definition.steps().get(place).map_or(Kind::Retriable, |step| step.kind())
    }

    pub(super) fn pivot(&self) -> Option<usize> {
        (0..self.len()).find(|place| self.kind(*place) == Kind::Pivot)
    }

    /// What may still be refused, or turn out not to happen.
    pub(super) fn revocable(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.len()).filter(|place| self.kind(*place) != Kind::Retriable)
    }

    /// What of that is made of an event, and so must be gone before it is undone.
    pub(super) fn dependents(&self, event: usize) -> impl Iterator<Item = usize> + '_ {
        let made = self.links.iter().filter(move |link| contains(link.hears, event));
        made.filter_map(|link| link.makes).filter(|place| self.kind(*place) != Kind::Retriable)
    }

    /// The groups on the bus: all participants, also those of other processes.
    pub(super) fn participants(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for link in &self.links {
            if !names.contains(&link.participant) {
                names.push(link.participant);
            }
        }
        names
    }

    /// Who makes and who handles what, as a flow chart in Mermaid's language: a box for each handler in
    /// a frame for its participant, an arrow for each event.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n    start([start])\n");
        // Writing to a string does not fail.
        for participant in self.participants() {
            let _ = writeln!(text, "    subgraph {participant}");
            for (number, link) in self.links.iter().enumerate() {
                if link.participant == participant {
                    let shape = match link.makes.map(|made| self.kind(made)) {
                        Some(Kind::Pivot) => ("{{", "}}"),
                        _ => ("[", "]"),
                    };
                    let _ = writeln!(
                        text,
                        "        h{number}{}\"{}\"{}",
                        shape.0, link.handler, shape.1
                    );
                }
            }
            text.push_str("    end\n");
        }
        for (number, link) in self.links.iter().enumerate() {
            if link.hears.is_empty() {
                let _ = writeln!(text, "    start --> h{number}");
            }
            let Some(made) = link.makes else { continue };
            let name = self.event(made);
            for (other, _) in
                self.links.iter().enumerate().filter(|(_, it)| contains(it.hears, made))
            {
                let _ = writeln!(text, "    h{number} -- {name} --> h{other}");
            }
            if contains(self.terminal, made) {
                let _ = writeln!(text, "    h{number} -- {name} --> e{made}([end])");
            }
        }
        text
    }
}
