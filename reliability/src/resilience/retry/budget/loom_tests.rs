use loom::thread;

use super::*;

fn budget(ratio: f64, capacity: u32) -> RetryBudget {
    let built = RetryBudget::builder("loom").ratio(ratio).capacity(capacity).build();
    built.unwrap_or_else(|invalid| panic!("{invalid}"))
}

#[test]
fn loom_one_token_pays_for_one_retry_of_three() {
    loom::model(|| {
        let budget = budget(0.0, 1);
        let others: [_; 2] = core::array::from_fn(|_| {
            let budget = budget.clone();
            thread::spawn(move || budget.withdraw().is_ok())
        });
        let mut granted = u32::from(budget.withdraw().is_ok());
        for other in others {
            granted += u32::from(other.join().unwrap());
        }
        assert_eq!(granted, 1);
        assert_eq!(budget.tokens(), 0.0);
    });
}

#[test]
fn loom_deposits_and_withdrawals_add_up() {
    loom::model(|| {
        let budget = budget(0.5, 2);
        budget.withdraw().unwrap();
        let other = {
            let budget = budget.clone();
            thread::spawn(move || {
                budget.deposit();
                budget.withdraw().is_ok()
            })
        };
        budget.deposit();
        let mine = budget.withdraw().is_ok();
        let theirs = other.join().unwrap();

        // One token was left and two halves came in, of which none overflowed.
        let withdrawn = u32::from(mine) + u32::from(theirs);
        assert_eq!(budget.tokens(), 2.0 - f64::from(withdrawn));
        assert!(withdrawn >= 1);
    });
}

#[test]
fn loom_a_shrinking_bucket_never_pays_more_than_it_holds() {
    loom::model(|| {
        let budget = budget(1.0, 3);
        budget.withdraw().unwrap();
        let depositor = {
            let budget = budget.clone();
            thread::spawn(move || budget.deposit())
        };
        budget.reconfigure(|now| *now = BudgetSettings { ratio: 0.0, capacity: 1 }).unwrap();
        depositor.join().unwrap();

        assert_eq!(budget.tokens(), 1.0);
        assert!(budget.withdraw().is_ok());
        assert!(budget.withdraw().is_err());
    });
}

/// What is withdrawn while the settings change, or while the bucket grows, stays withdrawn.
#[test]
fn loom_a_change_gives_no_token_back() {
    let changes: [(fn(&RetryBudget), f64); 2] = [
        (|budget| budget.reconfigure(|settings| settings.ratio = 0.5).unwrap(), 0.0),
        (|budget| budget.grow_by(1), 1.0),
    ];
    for (change, left) in changes {
        loom::model(move || {
            let budget = budget(0.0, 2);
            budget.withdraw().unwrap();
            let other = {
                let budget = budget.clone();
                thread::spawn(move || budget.withdraw().unwrap())
            };
            change(&budget);
            other.join().unwrap();
            assert_eq!(budget.tokens(), left);
        });
    }
}
