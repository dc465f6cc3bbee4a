//! Compile tests: one mistake per file, and what must compile.
#[test]
fn ui() {
    let t = trybuild::TestCases::new();
    t.pass("state_machine/pass/*.rs");
    t.pass("resilient/pass/*.rs");
}
