//! PyYAML speaks YAML 1.1, in which `yes` is a flag and `12:30` a number: what it reads has to be the
//! same.

use std::io::Write;
use std::process::{Command, Stdio};

use reliability::sre::{Definition, Definitions, Objective, Target, Window};

/// Prints of each document its kind, and name, description and names of objectives as UTF-8 in
/// hexadecimal digits; checks that numbers are numbers and words are texts.
const PROGRAM: &str = r#"
import sys, yaml
def text(value):
    assert isinstance(value, str), repr(value)
    return value.encode("utf-8").hex()
def number(value):
    assert isinstance(value, (int, float)) and not isinstance(value, bool), repr(value)
for document in yaml.safe_load_all(sys.stdin.buffer.read()):
    spec, words = document["spec"], [document["apiVersion"], document["kind"]]
    names = []
    if document["kind"] == "SLO":
        text(spec["budgetingMethod"]), text(spec["service"])
        [window] = spec["timeWindow"]
        text(window["duration"])
        assert isinstance(window["isRolling"], bool)
        for value in window.get("calendar", {}).values():
            text(value)
        for value in document["metadata"].get("annotations", {}).values():
            text(value)
        for objective in spec["objectives"]:
            number(objective["target"])
            if "op" in objective:
                text(objective["op"]), number(objective["value"])
            sli = objective.get("indicator") or spec["indicator"]
            for value in sli["metadata"]["annotations"].values():
                text(value)
            names.append(text(objective.get("displayName", sli["metadata"]["name"])))
        for policy in spec.get("alertPolicies", []):
            assert policy["spec"]["alertWhenBreaching"] is True
            [condition] = policy["spec"]["conditions"]
            text(condition["metadata"]["annotations"]["reliability/short-window"])
            condition = condition["spec"]["condition"]
            text(condition["lookbackWindow"]), number(condition["threshold"])
    else:
        window = spec["timeWindow"]
        if isinstance(window, dict):
            text(window["calendar"]), text(window.get("utcOffset", ""))
        else:
            text(window)
        for objective in spec.get("objectives", [spec]):
            sli = objective["sli"]
            kind = sli["type"] if isinstance(sli, dict) else sli
            if isinstance(sli, dict) and kind == "throughput":
                number(sli["atLeast"]), text(sli["slice"])
            elif isinstance(sli, dict):
                text(sli["threshold"])
            text(kind), text(objective.get("target", objective.get("atMost")))
            names.append(text(objective.get("name", kind)))
        alerts = spec["alerting"]["alerts"]
        number(spec["alerting"]["minEvents"])
        for alert in [] if alerts == "standard" else alerts:
            text(alert["severity"]), number(alert["burnRate"])
            text(alert["longWindow"]), text(alert["shortWindow"])
        text(spec["errorBudgetPolicy"]["freezeBelow"]), number(spec["errorBudgetPolicy"]["hysteresis"])
    print(*words, text(document["metadata"]["name"]), text(spec.get("description", "")), *names, sep="|")
"#;

fn python(text: &str) -> String {
    let mut python = Command::new("python3")
        .args(["-c", PROGRAM])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3 with PyYAML: `apt-get install python3-yaml`");
    python.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{text}");
    String::from_utf8(output.stdout).unwrap()
}

const TEXTS: [&str; 44] = [
    "checkout",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "N",
    "true",
    "False",
    "null",
    "~",
    "NaN",
    ".inf",
    "1",
    "1.0",
    "0x1f",
    "0o17",
    "017",
    "1e3",
    "1_000",
    "12:30:45",
    "2026-11-21",
    "2026-11-21 10:00:00",
    "=",
    "<<",
    "a: b",
    "a #b",
    "- a",
    "? a",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`a`",
    "{a}",
    "[a]",
    "'a'",
    "\"a\"\\",
    "a\nb\r\n\tc ",
    "Größe 注文 🦀",
    "\u{0}\u{7}\u{1b}\u{7f}\u{85}\u{9f}\u{a0}",
    "\u{2028}\u{2029}\u{feff}\u{fffd}\u{fffe}\u{ffff}",
    "---\n...\n",
];

fn definitions() -> Vec<Definition> {
    let objective = |name: &str| {
        let answered = Objective::availability(Target::percent("99.9"));
        Objective::from_parts(name.to_owned().into(), answered.indicator, answered.target)
    };
    let mut definitions: Vec<_> = TEXTS
        .iter()
        .map(|text| {
            let named = Definition::with_name((*text).to_owned(), Window::days(30));
            let mut definition = named.objective(objective(text)).objective(objective("other"));
            definition.description = (*text).into();
            definition
        })
        .collect();
    definitions.push(super::everything());
    definitions
}

fn expected(api: &str, kind: &str) -> String {
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let line = |definition: &Definition| {
        let names = definition.objectives().iter().map(|objective| hex(&objective.name));
        let names: Vec<_> = names.collect();
        let (name, description) = (hex(&definition.name), hex(&definition.description));
        format!("{api}|{kind}|{name}|{description}|{}\n", names.join("|"))
    };
    definitions().iter().map(line).collect()
}

#[test]
fn another_reader_reads_the_same_of_the_simple_form() {
    let text = definitions().into_iter().collect::<Definitions>().to_yaml();
    assert_eq!(python(&text), expected("reliability/v1", "ServiceLevelObjective"));
}

#[test]
fn another_reader_reads_the_same_of_open_slo() {
    let text = definitions().into_iter().collect::<Definitions>().to_open_slo().unwrap();
    assert_eq!(python(&text), expected("openslo/v1", "SLO"));
}
