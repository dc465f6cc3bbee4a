use proc_macro2::{Ident, Span};
use quote::format_ident;
use syn::{Attribute, Data, DeriveInput, Path, Type, Visibility, ext::IdentExt as _};

use super::{args::Args, is_last, step};
use crate::{
    derive::snake_case, diagnostics::Diagnostics, literal::Period, resilient::retry::Backoff,
};

/// What is declared, as far as it was understood.
pub(super) struct Model {
    pub(super) ident: Ident,
    pub(super) vis: Visibility,
    /// Where `enum` stands.
    pub(super) keyword: Span,
    pub(super) args: Args,
    /// Of the struct of outputs.
    pub(super) derives: Vec<Path>,
    /// The module of the steps' types.
    pub(super) module: Ident,
    pub(super) steps: Vec<Step>,
}

/// One variant.
pub(super) struct Step {
    pub(super) ident: Ident,
    pub(super) field: Ident,
    pub(super) ty: Type,
    pub(super) docs: Vec<Attribute>,
    pub(super) what: What,
    /// Whether it stands behind the point of no return.
    pub(super) behind: bool,
    pub(super) beside: Option<Ident>,
    pub(super) needs: Vec<Ident>,
    pub(super) undo: Option<UndoBy>,
    pub(super) probe: Option<Path>,
    pub(super) retry: Option<u32>,
    pub(super) undo_retry: Option<u32>,
    pub(super) backoff: Option<Backoff>,
    pub(super) timeout: Option<Period>,
    /// The places of `needs`, and of its direct predecessors.
    pub(super) needed: Vec<usize>,
    pub(super) after: Vec<usize>,
    /// Whether a mistake was told about it.
    pub(super) wrong: bool,
}

/// What a variant is.
pub(super) enum What {
    Step(By),
    Pivot(By),
    Then(By),
    Wait(Period),
    Signal,
    /// Something that was told to be wrong.
    Wrong,
}

/// Who does a step.
pub(super) enum By {
    Function(Path),
    Saga(Box<Nested>),
    /// Whoever listens to what comes before it.
    Participant,
}

/// A step that is a saga of its own, and what carries over between the two.
pub(super) struct Nested {
    pub(super) child: Path,
    pub(super) input: Option<Path>,
    pub(super) output: Option<Path>,
    pub(super) refused: Option<Path>,
}

/// What undoes a step.
pub(super) enum UndoBy {
    Function(Path),
    Nothing(String),
}

impl Step {
    /// The name as people read it.
    pub(super) fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The function that it calls.
    pub(super) fn function(&self) -> Option<&Path> {
        match self.by()? {
            By::Function(path) => Some(path),
            By::Saga(_) | By::Participant => None,
        }
    }

    /// The saga that it is.
    pub(super) fn nested(&self) -> Option<&Nested> {
        match self.by()? {
            By::Function(_) | By::Participant => None,
            By::Saga(nested) => Some(nested),
        }
    }

    /// The functions that it names.
    fn paths(&mut self) -> impl Iterator<Item = &mut Path> {
        let undo = match &mut self.undo {
            Some(UndoBy::Function(path)) => Some(path),
            _ => None,
        };
        let [mut does, mut input, mut output, mut refused] = [None, None, None, None];
        if let What::Step(by) | What::Pivot(by) | What::Then(by) = &mut self.what {
            match by {
                By::Function(path) => does = Some(path),
                By::Saga(nested) => {
                    [input, output, refused] =
                        [&mut nested.input, &mut nested.output, &mut nested.refused]
                            .map(Option::as_mut);
                }
                By::Participant => {}
            }
        }
        [does, undo, self.probe.as_mut(), input, output, refused].into_iter().flatten()
    }

    const fn by(&self) -> Option<&By> {
        match &self.what {
            What::Step(by) | What::Pivot(by) | What::Then(by) => Some(by),
            _ => None,
        }
    }
}

/// The derives that the struct of outputs can have, too.
const SHARED_DERIVES: [&str; 8] =
    ["Debug", "Clone", "Copy", "PartialEq", "Eq", "Hash", "PartialOrd", "Ord"];

/// `Self::reserve` is a function of the saga, where it is called from a type of the step.
fn of_saga(path: &mut Path, saga: &Ident) {
    let count = path.segments.len();
    if let Some(first) =
        path.segments.first_mut().filter(|first| first.ident == "Self" && count > 1)
    {
        first.ident = Ident::new(&saga.to_string(), first.ident.span());
    }
}

/// A saga that is a step of itself.
fn endless(diagnostics: &mut Diagnostics, ident: &Ident, step: &Step) {
    let Some(Nested { child, .. }) = step.nested() else { return };
    if child.is_ident(ident) || child.is_ident("Self") {
        let message = format!(
            "`{ident}` cannot be a step of itself: each run would start another one, and none \
             would end; let a function do what repeats"
        );
        diagnostics.error(child, message);
    }
}

impl Model {
    /// `None` when there is nothing to make a saga of.
    pub(super) fn read(
        diagnostics: &mut Diagnostics,
        input: &DeriveInput,
        args: Args,
        derives: &[Path],
    ) -> Option<Self> {
        let ident = &input.ident;
        let Data::Enum(data) = &input.data else {
            let message = format!(
                "a saga is an enum with a variant for each step: write `enum {ident} {{ \
                 #[step(reserve, undo = release)] Reserved(Stock), .. }}`"
            );
            diagnostics.error(ident, message);
            return None;
        };
        if data.variants.is_empty() {
            let message = format!(
                "`{ident}` has no steps: write a variant for each, such as `#[step(reserve, undo = \
                 release)] Reserved(Stock)`"
            );
            diagnostics.error(ident, message);
            return None;
        }
        if !input.generics.params.is_empty() {
            let message = format!(
                "`{ident}` is found in the journal by its name, so it cannot be generic: write an \
                 enum for each type"
            );
            diagnostics.error(&input.generics, message);
            return None;
        }
        let mut steps: Vec<Step> = Vec::new();
        for variant in &data.variants {
            let mut step = step::read(diagnostics, variant, &steps, args.choreographed);
            step.paths().for_each(|path| of_saga(path, ident));
            endless(diagnostics, ident, &step);
            if let Some(twin) = steps.iter().find(|other| other.field == step.field) {
                // Two variants of one name are an error already.
                if twin.ident != step.ident {
                    let message = format!(
                        "`{}` and `{}` are one name in snake_case, and both are fields of \
                         `{ident}Done`: rename one",
                        twin.ident, step.ident
                    );
                    diagnostics.error(&step.ident, message);
                }
                continue;
            }
            steps.push(step);
        }
        let mut all = args.derive.clone();
        let fits = |path: &&Path| SHARED_DERIVES.iter().any(|name| is_last(path, name));
        if all.is_empty() {
            all.extend(derives.iter().filter(fits).cloned());
        }
        let module = args.steps.clone().unwrap_or_else(|| snake_case(ident));
        let (ident, vis, keyword) = (ident.clone(), input.vis.clone(), data.enum_token.span);
        Some(Self { ident, vis, keyword, args, derives: all, module, steps })
    }

    /// The struct of all outputs.
    pub(super) fn done(&self) -> Ident {
        format_ident!("{}Done", self.ident)
    }
}
