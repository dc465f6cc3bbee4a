//! Runs the example as a user does.

use reliability_examples::said::Said;

#[test]
fn both_have_sold_or_neither_wherever_the_process_dies_and_however_late_a_try_comes() {
    let said = Said::by("tcc", &[]);
    said.is_content("every trip is sold by both or by neither, and no place is held");
    assert_eq!(said.number("trips"), 30);
    let (sold, cancelled) = (said.number("sold"), said.number("cancelled"));
    assert!(sold > 0 && cancelled > 0 && sold + cancelled == 30, "{said}");
    assert_eq!(said.text.matches("killed  ").count(), 3, "{said}");
    // One that died behind a confirm, and one behind a cancel.
    assert!(said.number("told once more") >= 2, "{said}");
    // Trips 7, 17 and 27, unless the message dies with the process that was to send it.
    assert!((1..=3).contains(&said.number("tries too late")), "{said}");
    assert!(said.number("empty cancels") >= 1, "{said}");
}
