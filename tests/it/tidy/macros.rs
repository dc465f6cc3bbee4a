//! Every macro has programs that must compile and programs that must not.

use std::fs;

use super::{read, refuse, root};

/// The names of the macros that a proc-macro crate exports: attributes and functions by their
/// `pub fn`, derives by the name in the attribute.
fn exported(shell: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut lines = shell.lines();
    while let Some(line) = lines.next() {
        if let Some(derive) = line.strip_prefix("#[proc_macro_derive(") {
            let name = derive.split([',', ')']).next().unwrap_or_default();
            names.push(name.trim().to_owned());
        } else if line == "#[proc_macro_attribute]" || line == "#[proc_macro]" {
            let item = lines.by_ref().find_map(|line| line.strip_prefix("pub fn "));
            let name = item.and_then(|item| item.split('(').next());
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

/// `StateMachine` as `state_machine`, the name of its folder.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

fn has_cases(folder: &str) -> bool {
    let Ok(mut entries) = fs::read_dir(root().join(folder)) else {
        return false;
    };
    entries.any(|entry| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
    })
}

pub(super) fn all_macros() -> Vec<String> {
    let mut names = exported(&read("reliability-macros/src/lib.rs"));
    names.extend(exported(&read("reliability-derive/src/lib.rs")));
    names
}

#[test]
fn every_macro_has_cases_that_pass_and_cases_that_fail() {
    let mut complaints = Vec::new();
    for name in all_macros() {
        for outcome in ["pass", "fail"] {
            let folder = format!("ui-tests/{}/{outcome}", snake_case(&name));
            if !has_cases(&folder) {
                complaints.push(format!("the macro `{name}` has no case in {folder}/"));
            }
        }
    }
    refuse(&complaints);
}

#[test]
fn all_kinds_of_macro_are_seen() {
    let shell = "#[proc_macro_attribute]\n#[doc(hidden)]\npub fn resilient(a: T) -> T {\n}\n\
                 #[proc_macro_derive(StateMachine, attributes(state))]\npub fn state_machine(a: T) {}\n";
    assert_eq!(exported(shell), ["resilient", "StateMachine"]);
    assert_eq!(snake_case("StateMachine"), "state_machine");
    assert_eq!(snake_case("resilient"), "resilient");
}
