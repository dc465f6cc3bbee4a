//! Runs the example as a user does.

use reliability_examples::said::Said;

#[test]
fn both_banks_have_the_same_transfers_whoever_is_killed() {
    let said = Said::by("two_phase", &[]);
    said.is_content("both banks have the same transfers, no cent is lost, nobody is in doubt");
    assert_eq!(said.number("transfers"), 40);
    assert!(said.has("killed             the coordinator, voted in transfer-8"), "{said}");
    assert!(said.has("killed             the coordinator, logged in transfer-16"), "{said}");
    assert!(said.has("killed             the server south"), "{said}");
    // Both had promised, and waited.
    assert!(said.number("in doubt") >= 1, "{said}");
    assert!(said.number("in both books") > 20, "{said}");
}
