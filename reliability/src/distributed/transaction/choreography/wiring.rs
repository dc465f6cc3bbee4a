//! Where participants are put together, and what is checked there while it compiles.

use super::participant::{Link, Participants, Undo};
use crate::distributed::transaction::saga::{Definition, Kind, Saga};

/// Who does what in a transaction without a conductor: what [`choreography!`](crate::distributed::transaction::choreography::choreography) writes.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/distributed/transaction/choreography/example.rs"));
/// # use shop::*;
/// use reliability::distributed::transaction::choreography::{Choreography, Link, check, check_link};
/// use reliability::distributed::transaction::saga::{Definition, Saga};
///
/// /// What `choreography!` writes, by hand.
/// enum Cards {}
///
/// impl Choreography for Cards {
///     type Events = PlaceOrder;
///     type Here = (Card,);
///     const ELSEWHERE: &'static [Link] = &[Link::of("warehouse", "reserve").makes(0)];
///     const TERMINAL: &'static [usize] = &[1];
/// }
///
/// const _: () = check::<Cards>();
/// // And what `#[participant]` writes for each handler:
/// const PLACE_ORDER: Definition = <PlaceOrder as Saga>::DEFINITION;
/// const _: () = check_link(PLACE_ORDER, Link::of("card", "charge").hears(&[0]).makes(1).may_refuse());
/// # fn main() {}
/// ```
pub trait Choreography: Send + Sync + 'static {
    /// The events.
    type Events: Saga;
    /// The participants of this process.
    type Here: Participants<Self::Events>;
    /// Those of other processes.
    const ELSEWHERE: &'static [Link];
    /// The events that nobody has to handle, by their places.
    const TERMINAL: &'static [usize];
}

/// All links of a choreography, while it compiles.
#[derive(Clone, Copy)]
struct All {
    here: &'static [&'static [Link]],
    elsewhere: &'static [Link],
}

impl All {
    const fn len(self) -> usize {
        let (mut at, mut count) = (0, self.elsewhere.len());
        while at < self.here.len() {
            count += self.here[at].len();
            at += 1;
        }
        count
    }

    const fn get(self, mut index: usize) -> Link {
        let mut at = 0;
        while at < self.here.len() {
            if index < self.here[at].len() {
                return self.here[at][index];
            }
            index -= self.here[at].len();
            at += 1;
        }
        self.elsewhere[index]
    }

    /// The link that makes that event.
    const fn source(self, event: usize) -> Option<Link> {
        let mut at = 0;
        while at < self.len() {
            if let Some(made) = self.get(at).makes
                && made == event
            {
                return Some(self.get(at));
            }
            at += 1;
        }
        None
    }

    /// Whether one of them did not compile: that was told already, and all else follows from it.
    const fn is_broken(self) -> bool {
        let mut at = 0;
        while at < self.len() {
            if self.get(at).handler.is_empty() {
                return true;
            }
            at += 1;
        }
        false
    }

    const fn is_handled(self, event: usize) -> bool {
        let mut at = 0;
        while at < self.len() {
            if contains(self.get(at).hears, event) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Whether an event cannot be made before another one was. `depth` ends circles, which are told
    /// of before this is asked.
    const fn comes_after(self, event: usize, other: usize, depth: usize) -> bool {
        let Some(link) = self.source(event) else { return false };
        let mut at = 0;
        while at < link.hears.len() {
            let before = link.hears[at];
            if before == other || (depth > 0 && self.comes_after(before, other, depth - 1)) {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// Checks that the participants make a whole: `choreography!` calls it while it compiles. It panics with
/// what is wrong, and what to write instead.
///
/// # Examples
///
/// See [`Choreography`].
///
/// # Panics
///
/// When an event is handled by nobody and is not terminal, is made by nobody or by two, would wait for
/// itself, or when something that cannot be undone does not come after all that may still refuse.
pub const fn check<C: Choreography>() {
    let definition = <C::Events as Saga>::DEFINITION;
    let all = All { here: <C::Here as Participants<C::Events>>::LINKS, elsewhere: C::ELSEWHERE };
    let count = definition.steps().len();
    if all.is_broken() {
        return;
    }
    let mut event = 0;
    while event < count {
        sources(all, &definition, event);
        handled(all, &definition, event, C::TERMINAL);
        event += 1;
    }
    event = 0;
    while event < count {
        if all.comes_after(event, event, count) {
            complain(&[
                "`",
                name(&definition, event),
                "` would wait for itself: what it is made of is made of it",
            ]);
        }
        event += 1;
    }
    event = 0;
    while event < count {
        order(all, &definition, event);
        event += 1;
    }
}

/// Checks one participant by itself: `#[participant]` calls it while it compiles.
///
/// # Examples
///
/// See [`Choreography`].
///
/// # Panics
///
/// When a handler may refuse where nothing may, or cannot be undone where it must.
pub const fn check_link(definition: Definition, link: Link) {
    let Some(event) = link.makes else { return };
    let event_name = name(&definition, event);
    match definition.steps()[event].kind() {
        Kind::Compensable => {
            if matches!(link.undo, Undo::Unsaid) {
                complain(&[
                    "`",
                    event_name,
                    "` is made before the point of no return, so it must be undoable: write `undo = \
                     method`, or `undo = none(\"why there is nothing to undo\")`, behind `=> ",
                    event_name,
                    "`",
                ]);
            }
        }
        Kind::Pivot => {
            if !matches!(link.undo, Undo::Unsaid) {
                complain(&[
                    "`",
                    event_name,
                    "` is the point of no return, so it is never undone; remove `undo`",
                ]);
            }
        }
        Kind::Retriable => {
            if link.may_refuse {
                complain(&[
                    "`",
                    event_name,
                    "` is behind the point of no return, where nothing may refuse: let `",
                    link.handler,
                    "` return `Result<_, Transient>`",
                ]);
            }
            if !matches!(link.undo, Undo::Unsaid) {
                complain(&[
                    "`",
                    event_name,
                    "` is behind the point of no return, so it is never undone; remove `undo`",
                ]);
            }
        }
    }
}

const fn sources(all: All, definition: &Definition, event: usize) {
    let (mut at, mut first): (usize, Option<Link>) = (0, None);
    while at < all.len() {
        let link = all.get(at);
        if let Some(made) = link.makes
            && made == event
        {
            if let Some(first) = first {
                complain(&[
                    "`",
                    name(definition, event),
                    "` is made by `",
                    first.participant,
                    "` and by `",
                    link.participant,
                    "`: an event has one source, so remove one of the two",
                ]);
            }
            first = Some(link);
        }
        at += 1;
    }
    if first.is_none() {
        let event = name(definition, event);
        complain(&[
            "nobody makes `",
            event,
            "`: write `#[on(.. => ",
            event,
            ")]` in a participant, or name who makes it in \
             another process: `elsewhere name { on(.. => ",
            event,
            ") }`",
        ]);
    }
}

const fn handled(all: All, definition: &Definition, event: usize, terminal: &[usize]) {
    let (handled, ends) = (all.is_handled(event), contains(terminal, event));
    let event = name(definition, event);
    if !handled && !ends {
        complain(&[
            "nobody handles `",
            event,
            "`: write `#[on(",
            event,
            ")]` in a participant, name who handles it in another \
             process, `elsewhere name { on(",
            event,
            ") }`, or say that it is the end: `terminal ",
            event,
            "`",
        ]);
    }
    if handled && ends {
        complain(&[
            "`",
            event,
            "` is said to be terminal, and somebody handles it; remove `terminal ",
            event,
            "`",
        ]);
    }
}

/// What cannot be undone comes after all that may still refuse, or whoever refuses comes too late.
const fn order(all: All, definition: &Definition, event: usize) {
    let kind = definition.steps()[event].kind();
    if matches!(kind, Kind::Compensable) {
        return;
    }
    let (mut other, count) = (0, definition.steps().len());
    while other < count {
        let before = definition.steps()[other].kind();
        let wants = match kind {
            Kind::Pivot => matches!(before, Kind::Compensable),
            _ => !matches!(before, Kind::Retriable),
        };
        if wants && !all.comes_after(event, other, count) {
            let (event, other) = (name(definition, event), name(definition, other));
            complain(&[
                "`",
                event,
                "` cannot be undone, and does not wait for `",
                other,
                "`, which may still be refused: let \
                 its handler hear that, too, or something that comes after it: `#[on(.., ",
                other,
                " => ",
                event,
                ")]`",
            ]);
        }
        other += 1;
    }
}

pub(super) const fn contains(all: &[usize], wanted: usize) -> bool {
    let mut at = 0;
    while at < all.len() {
        if all[at] == wanted {
            return true;
        }
        at += 1;
    }
    false
}

const fn name(definition: &Definition, event: usize) -> &'static str {
    definition.steps()[event].name()
}

/// Stops with a text of several parts: while it compiles, nothing can be formatted.
const fn complain(parts: &[&str]) -> ! {
    let (mut text, mut length, mut part) = ([0_u8; 1024], 0, 0);
    while part < parts.len() {
        let (bytes, mut at) = (parts[part].as_bytes(), 0);
        while at < bytes.len() && length < text.len() {
            text[length] = bytes[at];
            (length, at) = (length + 1, at + 1);
        }
        part += 1;
    }
    match core::str::from_utf8(text.split_at(length).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("the participants do not fit together"),
    }
}
