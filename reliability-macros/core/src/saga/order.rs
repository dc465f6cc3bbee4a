use proc_macro2::Ident;

use super::{
    model::{Model, What},
    step,
};
use crate::diagnostics::Diagnostics;

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
        let found = step::find(name, &model.steps, place).and_then(|found| {
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
    match step::find(name, &model.steps, place) {
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
    let behind = |it: &super::model::Step| it.behind || matches!(it.what, What::Then(_));
    (behind(step) != behind(other)).then(|| {
        format!(
            "`{}` must succeed, and `{name}` may still be undone, so they cannot run side by side; \
             remove `beside`",
            step.ident
        )
    })
}
