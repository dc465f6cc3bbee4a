//! What is done less of, from a file.

use reliability::error::recovery::Degradation;
use reliability::resilience::degrade::{Degrade, Measures};

use super::*;

#[test]
fn a_file_changes_the_measures_and_says_what_is_done_at_the_second_level() {
    let _turn = turn();
    let switch = Degradation::builder("filed").levels(2).build().unwrap();
    let measures = Measures::none().shed_below(reliability::resilience::Priority::High);
    let policy = Policy::builder("filed-degrade")
        .degrade(Degrade::when(&switch, measures))
        .bulkhead(Bulkhead::standard("filed-degrade"))
        .build()
        .unwrap();
    let file = "[policies.filed-degrade.degrade]\n\
                shed = \"20%\"\n\
                shed_below = false\n\
                concurrency = 0.5\n\
                severe.shed = 0.9\n";
    Overlay::from_toml(file).unwrap().apply().unwrap();
    let settings = policy.settings().degrade.unwrap();
    let first = Measures::none().shed(0.2).concurrency(0.5);
    assert_eq!(settings.measures, first);
    assert_eq!(settings.severe, Some(first.shed(0.9)));

    let all = "[policies.filed-degrade]\ndegrade.shed = 1.0\ndegrade.shed_below = false\n";
    let mistakes = Overlay::from_toml(all).unwrap().apply().unwrap_err();
    let told = mistakes.list()[0].message().to_string();
    assert!(told.contains("`shed` must be below 1 where all calls are meant"), "{told}");
    nothing();
    assert_eq!(policy.settings().degrade.unwrap().measures, measures);
}
