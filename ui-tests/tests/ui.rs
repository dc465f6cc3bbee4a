//! Compile tests: one mistake per file, and what must compile. How they are written stands in
//! this package's README.
#![allow(clippy::expect_used, reason = "helpers of tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The compiler whose words the `.stderr` files hold. Under another, each failing program must
/// still fail, with our sentence in what the compiler says.
const STDERR_OF: &str = "rustc 1.95.";

#[test]
fn programs_compile_or_fail_with_our_words() {
    let tests = trybuild::TestCases::new();
    tests.pass("*/pass/*.rs");
    if rustc_version().starts_with(STDERR_OF) {
        tests.compile_fail("*/fail/*.rs");
    } else {
        fail_with_our_words();
    }
}

#[test]
fn every_failing_program_begins_with_our_words_and_its_stderr_has_them() {
    let overwriting = std::env::var_os("TRYBUILD").is_some();
    for program in programs("fail") {
        let words = our_words(&program);
        let stderr = program.with_extension("stderr");
        if let Ok(stderr) = fs::read_to_string(&stderr) {
            assert!(
                overwriting || stderr.contains(&words),
                "{}: the compiler does not say: {words}",
                program.display()
            );
        } else {
            assert!(overwriting, "{} is missing: run with TRYBUILD=overwrite", stderr.display());
        }
    }
}

#[test]
fn under_another_compiler_a_program_has_the_features_and_crates_that_it_has_here() {
    let package = package_of("has-all", &programs("fail"));
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--quiet", "--edges", "normal,features", "--depth", "2"])
        .current_dir(&package)
        .output()
        .expect("cargo runs");
    let (tree, said) = (String::from_utf8_lossy(&output.stdout), &output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(said));
    let manifest = fs::read_to_string(here().join("Cargo.toml")).expect("a manifest");
    let list = section(&manifest, "dev-dependencies");
    assert!(list.contains("\"choreography\"") && list.contains("tower"), "{list}");
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['.', ' ']).next().unwrap_or_default();
        assert!(tree.contains(&format!(" {name} ")), "{name} is not in\n{tree}");
    }
    let (_, ours) = list.split_once("reliability = ").expect("it is about us");
    let (ours, _) = ours.split_once('\n').expect("there are others");
    for feature in ours.split('"').skip(1).step_by(2) {
        let feature = format!("reliability feature \"{feature}\"");
        assert!(tree.contains(&feature), "{feature} is not in\n{tree}");
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rustc_version() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().expect("rustc runs");
    String::from_utf8(output.stdout).expect("a version in UTF-8")
}

/// The programs of one kind, of all macros, sorted.
fn programs(kind: &str) -> Vec<PathBuf> {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("a readable folder").path()).collect()
    };
    let folders = list(here()).into_iter().map(|folder| folder.join(kind));
    let mut programs: Vec<PathBuf> = folders
        .flat_map(|folder| list(&folder))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    assert!(!programs.is_empty(), "no {kind} programs under {}", here().display());
    programs.sort();
    programs
}

/// What stands after `//~` in the first line.
fn our_words(program: &Path) -> String {
    let text = fs::read_to_string(program).expect("a readable program");
    let first = text.lines().next().unwrap_or_default();
    let words = first.strip_prefix("//~ ").map(str::trim).unwrap_or_default();
    assert!(!words.is_empty(), "{} must begin with `//~ our words`", program.display());
    words.to_owned()
}

/// Checks each program in a package of its own making, and looks for our words.
fn fail_with_our_words() {
    let programs = programs("fail");
    let package = package_of("our-words", &programs);
    let mut complaints = Vec::new();
    for program in &programs {
        let output = Command::new(env!("CARGO"))
            .args(["check", "--offline", "--quiet", "--bin", &name_of(program)])
            .current_dir(&package)
            .env("CARGO_TARGET_DIR", package.join("target"))
            .output()
            .expect("cargo runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let words = our_words(program);
        if output.status.success() {
            complaints.push(format!("{} compiles", program.display()));
        } else if !said.contains(&words) {
            complaints.push(format!("{} fails without saying: {words}\n{said}", program.display()));
        }
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// `state_machine/fail/unreachable.rs` as `state_machine-unreachable`.
fn name_of(program: &Path) -> String {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let folder = program.parent().and_then(Path::parent).map(stem).unwrap_or_default();
    format!("{folder}-{}", stem(program))
}

/// What stands below a heading of a manifest.
fn section<'a>(manifest: &'a str, name: &str) -> &'a str {
    let heading = format!("\n[{name}]\n");
    let (_, below) = manifest.split_once(&heading).expect("the heading is there");
    below.split("\n[").next().unwrap_or_default().trim()
}

/// Writes a package with a binary for each program, and the dependencies of this one.
fn package_of(name: &str, programs: &[PathBuf]) -> PathBuf {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&package).expect("the target folder can be written");
    let lock = here().join("../Cargo.lock");
    fs::copy(lock, package.join("Cargo.lock")).expect("the lock file can be copied");
    let read = |path: &str| fs::read_to_string(here().join(path)).expect("a manifest");
    let (ours, everybodys) = (read("Cargo.toml"), read("../Cargo.toml"));
    let root = here().join("..");
    let known = section(&everybodys, "workspace.dependencies");
    let known = known.replace("path = \"", &format!("path = \"{}/", root.display()));
    let needed = section(&ours, "dev-dependencies");
    let mut manifest = format!(
        "[package]\nname = \"our-words\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [workspace.dependencies]\n{known}\n\n[dependencies]\n{needed}\n",
    );
    for program in programs {
        manifest += &format!("\n[[bin]]\nname = {:?}\npath = {program:?}\n", name_of(program));
    }
    fs::write(package.join("Cargo.toml"), manifest).expect("the target folder can be written");
    package
}
