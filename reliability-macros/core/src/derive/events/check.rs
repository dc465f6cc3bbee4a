//! What the settings of an enum of events say about each other.

use syn::{LitStr, ext::IdentExt as _};

use super::{Apply, Container, EventItem};
use crate::diagnostics::{Diagnostics, list_in_words};

pub(super) fn check(
    diagnostics: &mut Diagnostics,
    container: &Container,
    events: &[EventItem<'_>],
) {
    kind(diagnostics, container);
    if let (None, Some(states)) = (&container.aggregate, &container.states) {
        let message = "the states of which aggregate? Write `aggregate = ..` beside `states`";
        diagnostics.error(states, message);
    }
    for event in events {
        versions(diagnostics, event);
        applied(diagnostics, container, event);
    }
    names(diagnostics, container, events);
}

fn kind(diagnostics: &mut Diagnostics, container: &Container) {
    let Some(kind) = &container.kind else {
        if let Some(name) = container.name.as_ref().filter(|_| !container.is_wrong) {
            diagnostics.error(
                name,
                format!(
                    "in which streams is `{name}` kept? Write `#[events(kind = \"..\")]`, and never \
                     change it: what is written is found by it"
                ),
            );
        }
        return;
    };
    let value = kind.value();
    let of_kind =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    if !(1..=55).contains(&value.len()) || !value.bytes().all(of_kind) {
        diagnostics.error(kind, "a kind is 1 to 55 of `a-z`, `0-9`, `_`, `-` and `.`");
    }
}

/// Every version that there was leads to the next one.
fn versions(diagnostics: &mut Diagnostics, event: &EventItem<'_>) {
    let (name, present) = (event.ident.unraw(), event.version);
    let mut seen: Vec<u32> = Vec::new();
    for upcast in &event.upcasts {
        let version = upcast.version;
        if version == 0 {
            diagnostics.error(&upcast.at, "versions begin at 1");
        } else if version >= present {
            let message = if event.version_at.is_some() {
                format!(
                    "`{name}` is written in version {present}, so nothing leads from version \
                     {version} to a newer one; raise `version`, or remove this"
                )
            } else {
                format!(
                    "`{name}` says no version, which is version 1; write `version = {}` beside \
                     `upcast`",
                    version + 1
                )
            };
            diagnostics.error(&upcast.at, message);
        } else if seen.contains(&version) {
            let message = format!("version {version} is upcast twice; keep one of the two");
            diagnostics.error(&upcast.at, message);
        }
        seen.push(version);
    }
    // What was not understood may have been the missing one.
    let Some(at) = event.version_at.as_ref().filter(|_| !event.is_wrong) else { return };
    let missing: Vec<u32> =
        (1..present).filter(|version| !seen.contains(version)).take(9).collect();
    if let Some(first) = missing.first() {
        let versions = list_in_words(&missing, "and");
        let plural = if missing.len() > 1 { "versions" } else { "version" };
        diagnostics.error(
            at,
            format!(
                "nothing reads {plural} {versions} of `{name}`, and what was written then is still \
                 there: add `upcast({first} => ..)`, a function from what version {first} carried \
                 to what version {} carries",
                first + 1
            ),
        );
    }
}

fn applied(diagnostics: &mut Diagnostics, container: &Container, event: &EventItem<'_>) {
    let name = event.ident;
    match (&event.apply, &container.aggregate, &container.states) {
        (Apply::Nothing, Some(_), states) if !event.is_wrong => {
            let example = match states {
                Some(_) => "apply(State => function)",
                None => "apply = function",
            };
            let message = format!(
                "what does `{name}` make of the aggregate? Write `#[event({example})]`; what is not \
                 applied is lost when it is read again"
            );
            diagnostics.error(name, message);
        }
        (Apply::Plain(word, _) | Apply::States(word, _), None, _) if !container.is_wrong => {
            let message = "applied to what? Write `#[events(aggregate = ..)]` on the enum";
            diagnostics.error(word, message);
        }
        (Apply::Plain(word, _), Some(_), Some(_)) => {
            let message = format!(
                "in which states can `{name}` happen? Write `apply(State => function)`, where the \
                 function takes that state and returns the next one"
            );
            diagnostics.error(word, message);
        }
        (Apply::States(word, _), Some(_), None) if !container.is_wrong => {
            let message = "states are those of a machine: write `states = ..` in `#[events(..)]`, \
                           with the name of the machine's module, or `apply = function` for an \
                           aggregate without states";
            diagnostics.error(word, message);
        }
        (Apply::States(word, states), ..) => {
            if states.is_empty() {
                let message = format!("`{name}` can happen in no state: write `State => function`");
                diagnostics.error(word, message);
            }
            for (at, (state, _)) in states.iter().enumerate() {
                if states[..at].iter().any(|(other, _)| other == state) {
                    let message = format!("`{state}` stands twice; keep one of the two");
                    diagnostics.error(state, message);
                }
            }
        }
        _ => {}
    }
}

/// A record is told from others by its name.
fn names(diagnostics: &mut Diagnostics, container: &Container, events: &[EventItem<'_>]) {
    let of_events = events.iter().flat_map(|event| {
        let names = core::iter::once(&event.name).chain(&event.was);
        names.map(|name| (name, Some(event.ident)))
    });
    let retired = container.retired.iter().map(|name| (name, None));
    let mut seen: Vec<String> = Vec::new();
    for (name, event) in of_events.chain(retired) {
        let value = name.value();
        check_name(diagnostics, name);
        if seen.contains(&value) {
            let message = match event {
                Some(event) => format!(
                    "two events are written as \"{value}\", so that one would be read as the other: \
                     give `{event}` another `name`"
                ),
                None => format!("\"{value}\" is read as an event, so it is not retired"),
            };
            diagnostics.error(name, message);
        }
        seen.push(value);
    }
}

fn check_name(diagnostics: &mut Diagnostics, name: &LitStr) {
    let value = name.value();
    if !(1..=128).contains(&value.len()) || value.chars().any(char::is_control) {
        diagnostics.error(name, "a name is 1 to 128 bytes without control characters");
    }
}
