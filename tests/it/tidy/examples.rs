//! Everything a macro does can be written by hand, and each example shows both.

use super::{macros, read, refuse, values};

/// Whether a program uses one of these macros: as an attribute, or in a derive.
fn uses(program: &str, names: &[String]) -> bool {
    program.lines().map(str::trim_start).any(|line| {
        let Some(attribute) = line.strip_prefix("#[") else {
            return false;
        };
        attribute
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| names.iter().any(|name| name == word))
    })
}

fn complaints(examples: &[(String, String)], macros: &[String]) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, program) in examples {
        let twin = format!("{name}_by_hand");
        match (name.strip_suffix("_by_hand"), uses(program, macros)) {
            (Some(_), true) => complaints.push(format!("the example `{name}` uses a macro")),
            (None, true) if !examples.iter().any(|(name, _)| *name == twin) => {
                complaints
                    .push(format!("the example `{name}` uses a macro and has no twin `{twin}`"));
            }
            _ => {}
        }
    }
    complaints
}

#[test]
fn every_example_with_a_macro_has_a_twin_without() {
    let manifest = read("examples/Cargo.toml");
    let paths = values(&manifest, "[[example]]", "path").into_iter();
    let programs = paths.map(|path| read(format!("examples/{path}")));
    let examples: Vec<_> =
        values(&manifest, "[[example]]", "name").into_iter().zip(programs).collect();
    assert!(!examples.is_empty(), "no examples: the reading is broken");
    refuse(&complaints(&examples, &macros::all_macros()));
}

#[test]
fn a_missing_twin_and_a_twin_with_macros_are_refused() {
    let macros = ["resilient".to_owned(), "Fault".to_owned()];
    let example = |name: &str, program: &str| (name.to_owned(), program.to_owned());
    let with = "#[reliability::resilient(timeout = \"1s\")]\nasync fn f() {}";
    let derive = "    #[derive(Debug, Fault)]";
    let without = "#[derive(Debug)]\nfn resilient() {}";
    assert!(complaints(&[example("a", with), example("a_by_hand", without)], &macros).is_empty());
    assert!(complaints(&[example("a", without)], &macros).is_empty());
    assert_eq!(complaints(&[example("a", with)], &macros).len(), 1);
    assert_eq!(complaints(&[example("a_by_hand", derive)], &macros).len(), 1);
}
