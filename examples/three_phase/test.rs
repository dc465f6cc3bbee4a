//! Runs the example as a user does.

use reliability_examples::said::Said;

#[test]
fn all_do_the_same_whoever_dies_and_not_when_the_network_is_cut() {
    let said = Said::by("three_phase", &[]);
    said.is_content("when the network was cut, they did not: there, take two-phase commit");
    let line = |id: &str| said.text.lines().find(|it| it.starts_with(id)).unwrap_or_default();
    assert_eq!(line("order-1").matches("commit").count(), 3, "{said}");
    assert_eq!(line("order-2").matches("abort").count(), 3, "{said}");
    assert_eq!(line("order-3").matches("commit").count(), 3, "{said}");
}
