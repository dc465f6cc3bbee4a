use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::advice::place;
use super::common::{self, Common, Contradiction, Layer};
use super::overlay::{Change, Overlay, Section, shorten};
use crate::document::Fault;
use crate::document::did_you_mean;
use crate::document::{MISTAKES_MAX, Mistakes};
use crate::resilience::policy::{Settings, WeakPolicy};
use crate::resilience::registry::{self, Entry, Site};
use crate::resilience::{Invalid, Policy};

/// The overlay in force, and what it has changed.
struct Active {
    overlay: Option<Overlay>,
    touched: Vec<Touched>,
}

/// A policy under an overlay, and the settings that it had before any.
struct Touched {
    policy: WeakPolicy,
    site: Option<Site>,
    /// Those that others may have, too.
    layers: Vec<Layer>,
    declared: Settings,
}

static ACTIVE: Mutex<Active> = Mutex::new(Active { overlay: None, touched: Vec::new() });

fn lock() -> MutexGuard<'static, Active> {
    ACTIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Overlay {
    /// Finds out whether the policies of the process can work with it; nothing changes.
    ///
    /// Policies that are declared with a `key` are checked by one that is built for that.
    ///
    /// # Errors
    ///
    /// [`Mistakes`]: names that no policy has, and settings that a policy cannot work with, each
    /// with its line.
    pub fn check(&self) -> Result<(), Mistakes> {
        let entries = registry::entries();
        let active = lock();
        self.plan(&active, &entries, &registry::samples()).map(drop)
    }

    /// Checks it, then puts it into force for all policies, and for those that are built later.
    ///
    /// It takes the place of an overlay that was applied before: what that one had set and this one
    /// does not is as it was declared. Settings that neither names stay as they are, also where an
    /// operator has changed them. Calls under way go on.
    ///
    /// # Errors
    ///
    /// As [`check`](Overlay::check). Then nothing has changed.
    pub fn apply(&self) -> Result<(), Mistakes> {
        // Builds what is declared. With the lock held it could wait for a thread that waits for it.
        drop(registry::entries());
        let samples = registry::samples();
        let mut active = lock();
        let plan = self.plan(&active, &registry::built(), &samples)?;
        for planned in plan {
            planned.entry.policy().apply(&planned.settings);
            active.remember(&planned.entry, planned.declared);
        }
        active.overlay = Some(self.clone());
        Ok(())
    }

    fn plan(
        &self,
        active: &Active,
        entries: &[Entry],
        samples: &[Entry],
    ) -> Result<Vec<Planned>, Mistakes> {
        let mut planning = Planning {
            overlay: self,
            sections: Sections::of(self),
            before: active.overlay.as_ref().map(Sections::of).unwrap_or_default(),
            faults: Faults::default(),
        };
        planning.check_names(entries, samples);
        let (common, common_before) = planning.common(entries);
        planning.contradictions(common.clone(), samples);
        let plan: Vec<_> = entries
            .iter()
            .filter_map(|entry| planning.plan(active, entry, &common, &common_before))
            .collect();
        for sample in samples {
            planning.check_sample(sample);
        }
        match planning.faults.list.is_empty() {
            true => Ok(plan),
            false => Err(Mistakes::new(&self.inner.source, planning.faults.list)),
        }
    }
}

/// What one policy is to become.
struct Planned {
    entry: Entry,
    settings: Settings,
    declared: Settings,
}

/// The sections of an overlay, by the names they are for.
#[derive(Default)]
struct Sections<'o>(HashMap<&'o str, &'o Section>);

impl<'o> Sections<'o> {
    fn of(overlay: &'o Overlay) -> Self {
        Self(overlay.inner.sections.iter().map(|section| (&*section.name, section)).collect())
    }

    /// Those for that policy; of two that name a setting the later one counts, its own name last.
    fn of_policy(&self, entry: &Entry) -> impl Iterator<Item = &'o Section> {
        entry.names().into_iter().filter_map(|name| self.0.get(&*name).copied())
    }
}

#[derive(Default)]
struct Faults {
    list: Vec<Fault>,
    /// A mistake about a thousand policies of one declaration is one mistake.
    known: BTreeSet<(usize, String)>,
}

impl Faults {
    fn push(&mut self, span: &Range<usize>, message: String) {
        if self.known.insert((span.start, message.clone())) {
            self.list.push(Fault::new(span.clone(), message));
        }
    }
}

struct Planning<'o, 'b> {
    overlay: &'o Overlay,
    sections: Sections<'o>,
    before: Sections<'b>,
    faults: Faults,
}

impl<'o, 'b> Planning<'o, 'b> {
    /// What is said of layers that policies share, and what was said before.
    fn common(&mut self, entries: &[Entry]) -> (Common<'o>, Common<'b>) {
        let (mut common, mut before) = (Common::default(), Common::default());
        for entry in entries {
            let sections: Vec<_> = self.sections.of_policy(entry).collect();
            self.refuse(common.note(entry.policy(), &sections));
            let sections: Vec<_> = self.before.of_policy(entry).collect();
            // What contradicts itself there was put into force nevertheless, by a policy built later.
            before.note(entry.policy(), &sections);
        }
        (common, before)
    }

    /// Finds what policies that are built later would be told differently.
    fn contradictions(&mut self, mut common: Common<'o>, samples: &[Entry]) {
        for sample in samples {
            let sections: Vec<_> = self.sections.of_policy(sample).collect();
            self.refuse(common.note(sample.policy(), &sections));
        }
    }

    fn refuse(&mut self, found: Vec<Contradiction<'o>>) {
        for fault in found.iter().map(Contradiction::fault) {
            self.faults.push(&fault.span, fault.message);
        }
    }

    fn plan(
        &mut self,
        active: &Active,
        entry: &Entry,
        common: &Common<'o>,
        common_before: &Common<'b>,
    ) -> Option<Planned> {
        let sections: Vec<_> = self.sections.of_policy(entry).collect();
        let before: Vec<_> = self.before.of_policy(entry).collect();
        if sections.is_empty() && before.is_empty() {
            return None;
        }
        let policy = entry.policy();
        let declared = active.declared(policy);
        let mut settings = policy.settings();
        for change in common_before.changes(policy, &before) {
            (change.key.restore)(&mut settings, &declared);
        }
        let changes = common.changes(policy, &sections);
        let settings = self.lay_over(policy, settings, &changes, &sections)?;
        Some(Planned { entry: entry.clone(), settings, declared })
    }

    fn check_sample(&mut self, sample: &Entry) {
        let general: Vec<_> = self.sections.of_policy(sample).collect();
        let declared = sample.policy().settings();
        self.try_out(sample, &declared, &general);
        let item = sample.site().map_or("", |site| site.item);
        let of_one_key = |section: &&Section| is_key_of(&section.name, item);
        let special: Vec<_> = self.sections.0.values().copied().filter(of_one_key).collect();
        for section in special {
            let sections: Vec<_> = general.iter().copied().chain([section]).collect();
            self.try_out(sample, &declared, &sections);
        }
    }

    /// What is wrong is among the faults then; the settings are nobody's.
    fn try_out(&mut self, sample: &Entry, declared: &Settings, sections: &[&Section]) {
        let changes: Vec<_> = sections.iter().flat_map(|section| &section.changes).collect();
        self.lay_over(sample.policy(), declared.clone(), &changes, sections);
    }

    /// The settings with those of the sections; `None`, and told, if the policy cannot have them.
    fn lay_over(
        &mut self,
        policy: &Policy,
        mut settings: Settings,
        changes: &[&Change],
        sections: &[&Section],
    ) -> Option<Settings> {
        let faults = self.faults.list.len();
        for change in changes {
            if (change.key.has)(&settings) {
                (change.key.set)(&mut settings, &change.reading);
            } else {
                let (name, layer) = (policy.name(), change.key.layer());
                let advice = "layers are fixed when a policy is built";
                let message = format!("the policy `{name}` has no `{layer}`; {advice}");
                self.faults.push(&change.span, message);
            }
        }
        if self.faults.list.len() > faults {
            return None;
        }
        match policy.check(&settings) {
            Ok(()) => Some(settings),
            Err(invalid) => {
                let span = place(&invalid, sections);
                self.faults.push(&span, invalid.to_string());
                None
            }
        }
    }

    /// Every section is for some policy, and for one that can be told from others.
    fn check_names(&mut self, entries: &[Entry], samples: &[Entry]) {
        let mut places: HashMap<Cow<'_, str>, Vec<Option<Site>>> = HashMap::new();
        for entry in entries.iter().chain(samples) {
            for name in entry.names() {
                let sites = places.entry(name).or_default();
                if !sites.contains(&entry.site()) {
                    sites.push(entry.site());
                }
            }
        }
        for section in &self.overlay.inner.sections {
            let name = &*section.name;
            let later = self.overlay.inner.expected.iter().any(|expected| expected == name)
                || samples
                    .iter()
                    .any(|sample| is_key_of(name, sample.site().map_or("", |site| site.item)));
            match places.get(name).map(Vec::as_slice) {
                None | Some([]) if later => {}
                None | Some([]) => {
                    let near = match self.faults.list.len() {
                        0..MISTAKES_MAX => did_you_mean(name, places.keys().map(|name| &**name)),
                        _ => None,
                    };
                    let advice = near.unwrap_or_else(|| {
                        "one that is built later has to be named by `expecting`".to_string()
                    });
                    let name = shorten(name);
                    let message = format!("no policy is named `{name}`; {advice}");
                    self.faults.push(&section.span, message);
                }
                Some([_]) => {}
                Some(sites) => {
                    let (places, advice) = (registry::places(sites), registry::WRITE_PATH);
                    let message = format!("`{}` is the name of {places}; {advice}", shorten(name));
                    self.faults.push(&section.span, message);
                }
            }
        }
    }
}

fn is_key_of(name: &str, item: &str) -> bool {
    !item.is_empty() && name.strip_prefix(item).is_some_and(|rest| rest.starts_with('/'))
}

impl Active {
    fn knows(&self, policy: &Policy) -> bool {
        self.touched.iter().any(|touched| touched.policy.is(policy))
    }

    /// What the policy was before any overlay.
    fn declared(&self, policy: &Policy) -> Settings {
        if let Some(touched) = self.touched.iter().find(|touched| touched.policy.is(policy)) {
            return touched.declared.clone();
        }
        let mut declared = policy.settings();
        let layers = common::layers(policy);
        for touched in &self.touched {
            for layer in touched.layers.iter().filter(|layer| layers.contains(layer)) {
                // What lives at an address is the same only as long as somebody holds it.
                if touched.policy.upgrade().is_some() {
                    common::restore(*layer, &mut declared, &touched.declared);
                }
            }
        }
        declared
    }

    fn remember(&mut self, entry: &Entry, declared: Settings) {
        let policy = entry.policy();
        if self.knows(policy) {
            return;
        }
        // Forget what is gone whenever the list would grow, so that it never outgrows what lives.
        if self.touched.len() == self.touched.capacity() {
            self.touched.retain(|touched| touched.policy.upgrade().is_some());
        }
        let layers = common::layers(policy);
        let (policy, site) = (policy.downgrade(), entry.site());
        self.touched.push(Touched { policy, site, layers, declared });
    }

    /// Where the sections of a policy that comes late say something else of a layer than those that
    /// are in force for the policies that it shares the layer with.
    fn contradiction<'o>(
        &self,
        all: &Sections<'o>,
        late: &Policy,
        sections: &[&'o Section],
    ) -> Option<Contradiction<'o>> {
        let layers = common::layers(late);
        let mut common = Common::default();
        for touched in &self.touched {
            if touched.layers.iter().any(|layer| layers.contains(layer))
                && let Some(policy) = touched.policy.upgrade()
            {
                let entry = Entry::new(policy, touched.site);
                let sections: Vec<_> = all.of_policy(&entry).collect();
                common.note(entry.policy(), &sections);
            }
        }
        common.note(late, sections).into_iter().next()
    }
}

/// Gives a policy that was just built, and can be found, the overlay in force.
pub(in crate::resilience) fn lay_over(entry: &Entry) -> Result<(), Invalid> {
    let mut active = lock();
    let Some(overlay) = active.overlay.clone() else {
        return Ok(());
    };
    let policy = entry.policy();
    // Whoever applied an overlay meanwhile has found it.
    if active.knows(policy) {
        return Ok(());
    }
    let all = Sections::of(&overlay);
    let sections: Vec<_> = all.of_policy(entry).collect();
    let mut settings = policy.settings();
    let mut changes = sections.iter().flat_map(|section| &section.changes).peekable();
    if changes.peek().is_none() {
        return Ok(());
    }
    let source = &overlay.inner.source;
    if let Some(contradiction) = active.contradiction(&all, policy, &sections) {
        return Err(contradiction.invalid(source));
    }
    for change in changes {
        if !(change.key.has)(&settings) {
            let layer = change.key.layer();
            let place = format!("set in {}:{}", source.name(), source.line(change.span.start));
            return Err(Invalid::new(
                policy.name().clone(),
                layer,
                "absent, as the policy has none",
                place,
            )
            .with_advice("layers are fixed when a policy is built"));
        }
        (change.key.set)(&mut settings, &change.reading);
    }
    policy.check(&settings).map_err(|invalid| {
        let line = source.line(place(&invalid, &sections).start);
        invalid.with_advice(format!("correct it in {}:{line}", source.name()))
    })?;
    let declared = active.declared(policy);
    policy.apply(&settings);
    active.remember(entry, declared);
    Ok(())
}
