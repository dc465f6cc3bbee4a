//! Runs the example as a user does.
#![allow(clippy::unwrap_used, reason = "all of it is tests")]

use reliability_examples::said::Said;

#[test]
fn every_order_is_complete_or_undone_wherever_the_process_dies() {
    let said = Said::by("choreography", &[]);
    said.is_content("every order is complete or undone, and nothing was done twice");
    assert_eq!(said.number("orders"), 60);
    let ends = ["completed", "card declined", "sold out"].map(|it| said.number(it));
    assert!(ends.iter().all(|it| *it > 0), "{said}");
    assert_eq!(ends.iter().sum::<u32>(), 60, "{said}");
    for who in ["warehouse", "bank", "post"] {
        assert!(said.has(&format!("killed             behind the commit of the {who}")), "{said}");
    }
    // Each of the three was asked again for what it had done.
    assert!(said.number("repeated") >= 3, "{said}");
}
