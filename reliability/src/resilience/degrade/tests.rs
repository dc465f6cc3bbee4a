use proptest::prelude::*;

use super::{Measures, Plan};
use crate::resilience::concurrency_limit::Priority;

fn measures() -> impl Strategy<Value = Measures> {
    let share =
        || prop_oneof![Just(0.0), Just(1.0), Just(0.000_000_1), Just(0.999_999_9), 0.0..=1.0];
    let below =
        prop_oneof![Just(None), proptest::sample::select(&Priority::ALL[..]).prop_map(Some)];
    (any::<bool>(), any::<bool>(), share(), share(), below).prop_map(
        |(retry, hedge, concurrency, shed, shed_below)| Measures {
            retry,
            hedge,
            concurrency: if concurrency == 0.0 { 1.0 } else { concurrency },
            shed,
            shed_below,
        },
    )
}

/// As it is said in words.
fn is_concerned(measures: &Measures, priority: Priority) -> bool {
    let rank = |priority| Priority::ALL.iter().position(|known| *known == priority);
    measures.shed_below.is_none_or(|below| rank(priority) > rank(below))
}

proptest! {
    #[test]
    fn a_plan_is_what_the_measures_say(measures in measures(), draw in any::<u64>(), limit in 1_u32..16_777_216) {
        let plan = Plan::of(&measures);
        prop_assert!(!plan.is_normal(), "a degraded call is told from others");
        prop_assert_eq!(Plan::from_word(plan.word()), plan);
        prop_assert_eq!(plan.is_without_retries(), !measures.retry);
        prop_assert_eq!(plan.is_without_hedges(), !measures.hedge);
        let share = draw as f64 / u64::MAX as f64;
        for priority in Priority::ALL {
            let concerned = is_concerned(&measures, priority);
            let sheds = plan.sheds(priority, draw);
            // Within a millionth of the share both are right.
            if (share - measures.shed).abs() > 2e-6 || measures.shed == 0.0 || measures.shed == 1.0 {
                prop_assert_eq!(sheds, concerned && (share < measures.shed || measures.shed == 1.0));
            }
            prop_assert_eq!(
                plan.draws_for(priority),
                concerned && measures.shed > 0.0 && measures.shed < 1.0
            );
        }
        match plan.part_of_limit() {
            None => prop_assert_eq!(measures.concurrency, 1.0),
            Some(part_of) => {
                let part = f64::from(part_of(limit));
                let exact = f64::from(limit) * measures.concurrency;
                prop_assert!(part >= 1.0 && part <= f64::from(limit));
                prop_assert!((part - exact).abs() <= 1.0 + f64::from(limit) * 2e-6, "{part} for {exact}");
            }
        }
    }
}

#[test]
fn while_nothing_is_degraded_nothing_is_done_less_of() {
    for priority in Priority::ALL {
        assert!(!Plan::NORMAL.sheds(priority, 0));
    }
    assert!(Plan::NORMAL.part_of_limit().is_none());
    assert!(!Plan::NORMAL.is_without_retries() && !Plan::NORMAL.is_without_hedges());
}
