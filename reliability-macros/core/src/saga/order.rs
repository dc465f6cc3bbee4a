use proc_macro2::Ident;

use super::model::{Model, Step, What};
use crate::diagnostics::{Diagnostics, did_you_mean, list_in_words};

/// Finds out what comes after what: a step after all earlier ones, one beside another when that
/// begins, and after what it needs. Of those that come before a step, the table holds as few as
/// possible.
pub(super) fn arrange(diagnostics: &mut Diagnostics, model: &mut Model) {
    // What comes before each step, directly or not, by places.
    let mut before: Vec<Vec<bool>> = Vec::new();
    for place in 0..model.steps.len() {
        let (needed, wrong) = needed(diagnostics, model, place);
        let beside = beside(diagnostics, model, place);
        let mut all: Vec<bool> = match beside {
            Some(other) => before[other].clone(),
            None => vec![true; place],
        };
        all.resize(model.steps.len(), false);
        for &need in &needed {
            all[need] = true;
            for (earlier, is) in before[need].iter().enumerate() {
                all[earlier] |= is;
            }
        }
        let last = |&at: &usize| all[at] && !(at + 1..place).any(|it| all[it] && before[it][at]);
        let after = (0..place).filter(last).collect();
        before.push(all);
        let step = &mut model.steps[place];
        (step.after, step.needed) = (after, needed);
        step.wrong |= wrong;
    }
}

fn needed(diagnostics: &mut Diagnostics, model: &Model, place: usize) -> (Vec<usize>, bool) {
    let (mut places, mut wrong) = (Vec::new(), false);
    for name in &model.steps[place].needs {
        let found = find(name, &model.steps, place).and_then(|found| {
            if places.contains(&found) {
                return Err(format!("`{name}` is needed already: write it once"));
            }
            Ok(found)
        });
        match found {
            Ok(found) => places.push(found),
            Err(message) => {
                wrong = true;
                diagnostics.error(name, message);
            }
        }
    }
    (places, wrong)
}

fn beside(diagnostics: &mut Diagnostics, model: &Model, place: usize) -> Option<usize> {
    let step = &model.steps[place];
    let name = step.beside.as_ref()?;
    if matches!(step.what, What::Pivot(_)) {
        return None;
    }
    match find(name, &model.steps, place) {
        Ok(other) => match wrong_side(model, place, other, name) {
            None => Some(other),
            Some(message) => {
                diagnostics.error(name, message);
                None
            }
        },
        Err(message) => {
            diagnostics.error(name, message);
            None
        }
    }
}

/// What is wrong with running beside that step.
fn wrong_side(model: &Model, place: usize, other: usize, name: &Ident) -> Option<String> {
    let (step, other) = (&model.steps[place], &model.steps[other]);
    if matches!(other.what, What::Pivot(_)) {
        return Some(format!(
            "nothing runs beside the pivot: until `{name}` has happened, nobody knows whether there \
             is a way back; remove `beside`"
        ));
    }
    let behind = |it: &Step| it.behind || matches!(it.what, What::Then(_));
    (behind(step) != behind(other)).then(|| {
        format!(
            "`{}` must succeed, and `{name}` may still be undone, so they cannot run side by side; \
             remove `beside`",
            step.ident
        )
    })
}

/// The place of the step of that name among the earlier ones, or what is wrong with it.
fn find(written: &Ident, steps: &[Step], of: usize) -> Result<usize, String> {
    let name = syn::ext::IdentExt::unraw(written).to_string();
    let place = steps.iter().position(|step| step.name() == name);
    match place {
        Some(place) if place < of => Ok(place),
        Some(place) if place == of => Err(format!("`{name}` cannot come before itself")),
        Some(_) => Err(format!(
            "the output of `{name}` does not exist yet when `{}` begins: steps come in the order \
             in which they stand, so move `{name}` up",
            steps[of].ident
        )),
        None => {
            let names: Vec<String> = steps[..of].iter().map(Step::name).collect();
            let near = did_you_mean(&name, names.iter().map(String::as_str));
            let rest = match (near.is_empty(), names.is_empty()) {
                (false, _) => near,
                (true, true) => "; no step comes before this one".into(),
                (true, false) => {
                    let all = list_in_words(&names, "and");
                    format!("; before this one there are {all}")
                }
            };
            Err(format!("no step is called `{name}`{rest}"))
        }
    }
}
