use alloc::vec::Vec;

use super::super::rules::{Pattern, Rule, Rules};
use super::super::sampler::Threshold;
use super::buffer::{Buffer, Caller, Entry, KeptBy};
use super::note::{Small, Sort};

/// Whether a trace is kept, and by what.
pub(super) fn decide(
    buffer: &mut Buffer,
    rules: Option<&Rules>,
    sampler: Threshold,
) -> Option<KeptBy> {
    let Some(rules) = rules else {
        // Without rules only what the head has kept is recorded.
        return Some(KeptBy::Head);
    };
    let id = buffer.trace_id?;
    match buffer.caller {
        Caller::Kept => return Some(KeptBy::Earlier),
        Caller::Keeps if !rules.judges_kept => return Some(KeptBy::Caller),
        _ => {}
    }
    let refused = buffer.caller == Caller::DoesNot;
    let matching = rules
        .rules
        .iter()
        .enumerate()
        .find(|(_, rule)| (!refused || rule.locally) && matches(rule, buffer));
    let (by, threshold) = match matching {
        Some((at, rule)) => (KeptBy::Rule(at), Threshold::keeping(rule.keep)),
        None if refused => return None,
        None => (KeptBy::Default, Some(otherwise(rules, sampler))),
    };
    threshold.is_some_and(|threshold| threshold.keeps(id)).then_some(by)
}

/// What holds where no rule does.
pub(super) fn otherwise(rules: &Rules, sampler: Threshold) -> Threshold {
    rules.otherwise.and_then(Threshold::keeping).unwrap_or(sampler)
}

fn matches(rule: &Rule, buffer: &mut Buffer) -> bool {
    let only_error = rule.span.is_none() && rule.slower_than.is_none() && !rule.only_root;
    if rule.error && only_error && rule.attributes.is_empty() && buffer.lost_error {
        return true;
    }
    let mut marks = core::mem::take(&mut buffer.marks);
    if !rule.attributes.is_empty() {
        mark(rule, buffer, &mut marks);
    }
    let all = all_marks(rule.attributes.len());
    let spans = if rule.only_root { buffer.entries.get(..1) } else { Some(&*buffer.entries) };
    let matched = spans.unwrap_or_default().iter().enumerate().any(|(at, entry)| {
        entry.ended
            && (rule.attributes.is_empty() || marks.get(at) == Some(&all))
            && fulfils(rule, buffer, entry)
    });
    buffer.marks = marks;
    matched
}

/// Which of the attributes each span has, a bit for each. One walk over what is known, in the order
/// in which it was recorded, for what was recorded last is what holds.
fn mark(rule: &Rule, buffer: &Buffer, marks: &mut Vec<u64>) {
    marks.clear();
    marks.resize(buffer.entries.len(), 0);
    for note in buffer.notes.iter().filter(|note| note.sort == Sort::Attribute) {
        for (bit, (key, value)) in rule.attributes.iter().enumerate() {
            if note.key == key.as_ref()
                && let Some(mark) = marks.get_mut(note.span as usize)
            {
                let has = value.as_ref().is_none_or(|value| note.value.is(value, &buffer.text));
                *mark = *mark & !(1 << bit) | u64::from(has) << bit;
            }
        }
    }
}

const fn all_marks(attributes: usize) -> u64 {
    if attributes < 64 { (1 << attributes) - 1 } else { u64::MAX }
}

fn fulfils(rule: &Rule, buffer: &Buffer, entry: &Entry) -> bool {
    let slow = |limit: core::time::Duration| u128::from(entry.nanos) > limit.as_nanos();
    let named = |pattern: &Pattern| match entry.name {
        Small::Word(name) => pattern.matches(name.as_bytes()),
        Small::Text(name) => pattern.matches(name.of(&buffer.text)),
        _ => false,
    };
    (!rule.error || entry.is_error())
        && rule.slower_than.is_none_or(slow)
        && rule.span.as_ref().is_none_or(named)
}
