extern crate std;

use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

fn budget(ratio: f64, capacity: u32) -> RetryBudget {
    let built = RetryBudget::builder("test").ratio(ratio).capacity(capacity).build();
    built.unwrap_or_else(|invalid| panic!("{invalid}"))
}

#[test]
fn five_calls_pay_for_one_retry_by_default() {
    let budget = RetryBudget::builder("test").build().unwrap();
    for _ in 0..100 {
        budget.withdraw().unwrap();
    }
    for _ in 0..4 {
        budget.deposit();
    }
    assert!(budget.withdraw().is_err());
    budget.deposit();
    assert_eq!(budget.withdraw(), Ok(()));
    assert_eq!(budget.tokens(), 0.0);
}

#[test]
fn a_refusal_names_the_budget() {
    let budget = budget(0.0, 1);
    budget.withdraw().unwrap();
    let rejected = budget.withdraw().unwrap_err();
    assert_eq!(rejected.reason(), Reason::BudgetExhausted);
    assert_eq!((&**rejected.policy(), rejected.retry_after()), ("test", None));
}

#[test]
fn a_full_bucket_overflows() {
    let budget = budget(1.0, 2);
    (0..10).for_each(|_| budget.deposit());
    assert_eq!(budget.tokens(), 2.0);
}

#[test]
fn a_smaller_bucket_drops_what_does_not_fit_and_a_larger_one_is_not_filled() {
    let budget = budget(0.2, 100);
    budget.reconfigure(|settings| settings.capacity = 3).unwrap();
    assert_eq!(budget.tokens(), 3.0);
    budget.reconfigure(|settings| settings.capacity = 50).unwrap();
    assert_eq!(budget.tokens(), 3.0);
}

#[test]
fn settings_out_of_range_are_refused_and_change_nothing() {
    let budget = budget(0.2, 100);
    for (ratio, capacity, setting) in [
        (-0.1, 10, "ratio"),
        (1.1, 10, "ratio"),
        (0.000_4, 10, "ratio"),
        (f64::NAN, 10, "ratio"),
        (f64::INFINITY, 10, "ratio"),
        (0.2, 0, "capacity"),
        (0.2, RetryBudget::CAPACITY_MAX + 1, "capacity"),
    ] {
        let change = |settings: &mut _| *settings = BudgetSettings { ratio, capacity };
        let invalid = budget.reconfigure(change).unwrap_err();
        assert_eq!(invalid.setting(), setting, "{ratio} {capacity}");
        assert!(RetryBudget::builder("test").ratio(ratio).capacity(capacity).build().is_err());
    }
    assert_eq!((budget.settings(), budget.tokens()), (BudgetSettings::standard(), 100.0));
    for (ratio, capacity) in [(0.0, 1), (0.001, 1), (1.0, RetryBudget::CAPACITY_MAX)] {
        let settings = BudgetSettings { ratio, capacity };
        budget.reconfigure(|now| *now = settings).unwrap();
        assert_eq!(budget.settings(), settings);
    }
}

#[test]
fn debug_shows_what_an_operator_wants_to_know() {
    let shown = alloc::format!("{:?}", budget(0.25, 8));
    assert_eq!(shown, r#"RetryBudget { name: "test", tokens: 8.0, ratio: 0.25, capacity: 8 }"#);
}

#[derive(Debug, Clone)]
enum Step {
    Deposit,
    Withdraw,
    Reconfigure { ratio_millis: u64, capacity: u32 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        10 => Just(Step::Deposit),
        10 => Just(Step::Withdraw),
        1 => (0_u64..=1_000, 1_u32..20)
            .prop_map(|(ratio_millis, capacity)| Step::Reconfigure { ratio_millis, capacity }),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    /// The model is what the documentation says, in plain numbers.
    #[test]
    fn it_does_what_a_naive_bucket_does(
        ratio_millis in 0_u64..=1_000, capacity in 1_u32..20, steps in steps(),
    ) {
        let budget = budget(ratio_millis as f64 / 1_000.0, capacity);
        let (mut ratio, mut full) = (ratio_millis, u64::from(capacity) * 1_000);
        let mut tokens = full;
        for step in steps {
            match step {
                Step::Deposit => {
                    budget.deposit();
                    tokens = (tokens + ratio).min(full);
                }
                Step::Withdraw => {
                    prop_assert_eq!(budget.withdraw().is_ok(), tokens >= 1_000);
                    tokens -= if tokens >= 1_000 { 1_000 } else { 0 };
                }
                Step::Reconfigure { ratio_millis, capacity } => {
                    let settings =
                        BudgetSettings { ratio: ratio_millis as f64 / 1_000.0, capacity };
                    budget.reconfigure(|now| *now = settings).unwrap();
                    (ratio, full) = (ratio_millis, u64::from(capacity) * 1_000);
                    tokens = tokens.min(full);
                }
            }
            prop_assert_eq!(budget.tokens(), tokens as f64 / 1_000.0);
        }
    }
}

#[test]
fn threads_withdraw_no_more_than_was_paid_in() {
    let budget = budget(0.5, 10);
    let granted: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let budget = budget.clone();
                scope.spawn(move || {
                    let call = |_: &u32| {
                        budget.deposit();
                        budget.withdraw().is_ok()
                    };
                    (0..10_000_u32).filter(call).count() as u32
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // Only the first few deposits met a full bucket; all others are still there, or were spent.
    let paid_in = 10.0 + 20_000.0;
    let lost = paid_in - f64::from(granted) - budget.tokens();
    assert!((0.0..10.0).contains(&lost), "{granted} granted, {budget:?}");
}
