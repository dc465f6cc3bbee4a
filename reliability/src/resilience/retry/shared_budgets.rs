//! The retry budgets that functions share by name.
//!
//! Functions are built lazily and in any order, so the order in which they mention a budget must
//! not matter: a mention without settings makes a budget with the defaults, which the first
//! declaration then adjusts.

use std::collections::BTreeMap;
use std::string::String;
use std::sync::{Mutex, PoisonError};

use super::budget::Word;
use super::{BudgetSettings, RetryBudget};
use crate::error::Name;
use crate::resilience::Invalid;

static SHARED: Registry = Registry::new();

impl RetryBudget {
    /// How many budgets a process can share by name.
    ///
    /// One per dependency is meant. A name made from a request's data would never stop growing;
    /// beyond this many it is refused instead.
    pub const SHARED_MAX: usize = 1_024;

    /// The budget of that name, the same for the whole process.
    ///
    /// If nobody [declared](super::RetryBudgetBuilder::shared) it with settings, it has the
    /// defaults; if somebody does so later, it takes them over. It lives as long as the process.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when the name is new and the process has [`SHARED_MAX`](Self::SHARED_MAX)
    /// shared budgets already.
    ///
    /// # Examples
    ///
    /// ```
    /// use reliability::resilience::retry::RetryBudget;
    ///
    /// let ours = RetryBudget::shared("warehouse")?;
    /// let theirs = RetryBudget::shared("warehouse")?;
    /// ours.withdraw()?;
    /// assert_eq!(theirs.tokens(), 99.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shared(name: impl Into<Name>) -> Result<RetryBudget, Invalid> {
        SHARED.mention(name.into())
    }
}

pub(super) fn declare(name: Name, settings: Word) -> Result<RetryBudget, Invalid> {
    SHARED.declare(name, settings)
}

struct Registry {
    entries: Mutex<BTreeMap<String, Entry>>,
}

struct Entry {
    budget: RetryBudget,
    /// What was declared, which an operator's reconfiguration does not change.
    declared: Option<Word>,
}

impl Registry {
    const fn new() -> Self {
        Self { entries: Mutex::new(BTreeMap::new()) }
    }

    fn mention(&self, name: Name) -> Result<RetryBudget, Invalid> {
        let defaults = Word::checked(&name, &BudgetSettings::standard())?;
        self.with_entry(name, defaults, |entry| Ok(entry.budget.clone()))
    }

    fn declare(&self, name: Name, settings: Word) -> Result<RetryBudget, Invalid> {
        self.with_entry(name, settings, |entry| {
            match entry.declared {
                None => entry.adopt(settings),
                Some(declared) if declared == settings => {}
                Some(declared) => return Err(conflict(&entry.budget, declared, settings)),
            }
            Ok(entry.budget.clone())
        })
    }

    fn with_entry(
        &self,
        name: Name,
        settings: Word,
        then: impl FnOnce(&mut Entry) -> Result<RetryBudget, Invalid>,
    ) -> Result<RetryBudget, Invalid> {
        // Entries are complete before they are inserted, so a poisoned map is as good as any.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get_mut(&*name) {
            return then(entry);
        }
        if entries.len() >= RetryBudget::SHARED_MAX {
            return Err(Invalid::new(
                name,
                "budget",
                std::format!("one of at most {} shared names", RetryBudget::SHARED_MAX),
                "one more",
            )
            .with_advice(
                "name the budget after the dependency, not after a request, \
                 or build it with `build()` and hand it round",
            ));
        }
        let key = String::from(&*name);
        let budget = RetryBudget::full(name, settings);
        then(entries.entry(key).or_insert(Entry { budget, declared: None }))
    }
}

impl Entry {
    /// Takes over the declared settings as if they had been there from the start: what was spent
    /// stays spent.
    fn adopt(&mut self, settings: Word) {
        let made_with = self.budget.settings().capacity;
        self.budget.put(settings);
        self.budget.grow_by(settings.capacity().saturating_sub(made_with));
        self.declared = Some(settings);
    }
}

fn conflict(budget: &RetryBudget, declared: Word, settings: Word) -> Invalid {
    let name = budget.name().clone();
    let advice = "declare it in one place, and use `RetryBudget::shared(name)` elsewhere";
    let millis = |settings: Word| settings.ratio_millis() as f64 / 1_000.0;
    let invalid = if declared.ratio_millis() == settings.ratio_millis() {
        let expected = std::format!("{}, as it was declared first", declared.capacity());
        Invalid::new(name, "capacity", expected, settings.capacity())
    } else {
        let expected = std::format!("{}, as it was declared first", millis(declared));
        Invalid::new(name, "ratio", expected, millis(settings))
    };
    invalid.with_advice(advice)
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;

    fn settings(ratio: f64, capacity: u32) -> Word {
        let checked = Word::checked(&Name::from("test"), &BudgetSettings { ratio, capacity });
        checked.unwrap_or_else(|invalid| panic!("{invalid}"))
    }

    #[test]
    fn equal_names_share_one_budget() {
        let registry = Registry::new();
        let one = registry.mention("stock".into()).unwrap();
        let other = registry.mention("stock".into()).unwrap();
        let unrelated = registry.mention("prices".into()).unwrap();
        one.withdraw().unwrap();
        assert_eq!((other.tokens(), unrelated.tokens()), (99.0, 100.0));
    }

    #[test]
    fn it_does_not_matter_whether_a_budget_is_mentioned_or_declared_first() {
        for (capacity, tokens) in [(300, 298.0), (20, 18.0)] {
            let declared_first = Registry::new();
            declared_first.declare("stock".into(), settings(0.1, capacity)).unwrap();
            let early = declared_first.mention("stock".into()).unwrap();
            early.withdraw().and_then(|()| early.withdraw()).unwrap();
            assert_eq!((early.settings().capacity, early.tokens()), (capacity, tokens));

            let mentioned_first = Registry::new();
            let late = mentioned_first.mention("stock".into()).unwrap();
            mentioned_first.declare("stock".into(), settings(0.1, capacity)).unwrap();
            late.withdraw().and_then(|()| late.withdraw()).unwrap();
            assert_eq!((late.settings().capacity, late.tokens()), (capacity, tokens));
        }
    }

    #[test]
    fn what_was_spent_before_the_declaration_stays_spent() {
        let registry = Registry::new();
        let budget = registry.mention("stock".into()).unwrap();
        budget.withdraw().unwrap();
        registry.declare("stock".into(), settings(0.2, 150)).unwrap();
        assert_eq!(budget.tokens(), 149.0);
    }

    #[test]
    fn a_second_declaration_must_equal_the_first() {
        let registry = Registry::new();
        registry.declare("stock".into(), settings(0.1, 50)).unwrap();
        registry.declare("stock".into(), settings(0.1, 50)).unwrap();
        for (other, setting) in [
            (settings(0.2, 50), "ratio"),
            (settings(0.1, 51), "capacity"),
            (settings(0.2, 51), "ratio"),
        ] {
            let conflict = registry.declare("stock".into(), other).unwrap_err();
            assert_eq!(conflict.setting(), setting);
        }
        let conflict = registry.declare("stock".into(), settings(0.25, 50)).unwrap_err();
        assert_eq!(
            std::format!("{conflict}"),
            "`stock`: `ratio` must be 0.1, as it was declared first, but is 0.25; \
             declare it in one place, and use `RetryBudget::shared(name)` elsewhere",
        );
    }

    #[test]
    fn an_operators_change_is_no_conflict() {
        let registry = Registry::new();
        let budget = registry.declare("stock".into(), settings(0.1, 50)).unwrap();
        budget
            .reconfigure(|settings| *settings = BudgetSettings { ratio: 0.5, capacity: 10 })
            .unwrap();
        let again = registry.declare("stock".into(), settings(0.1, 50)).unwrap();
        assert_eq!(again.settings(), BudgetSettings { ratio: 0.5, capacity: 10 });
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let registry = Registry::new();
        for index in 0..RetryBudget::SHARED_MAX {
            registry.mention(std::format!("customer-{index}").into()).unwrap();
        }
        let refused = registry.mention("one-too-many".into()).unwrap_err();
        assert_eq!(&**refused.name(), "one-too-many");
        registry.mention("customer-7".into()).expect("a known name is still served");
    }
}
