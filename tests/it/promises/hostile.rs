//! Files that somebody made to do harm, or a program by mistake.

use reliability::sre::{Definitions, Mistakes};

fn refused(text: &str) -> Mistakes {
    match Definitions::from_yaml(text) {
        Err(mistakes) => mistakes,
        Ok(read) => panic!("it is read: {read:?}"),
    }
}

#[track_caller]
fn told(text: &str, line: usize, message: &str) {
    let mistakes = refused(text);
    let found = mistakes
        .list()
        .iter()
        .any(|mistake| mistake.line() == line && mistake.message().contains(message));
    assert!(found, "line {line}: {message}\n{mistakes}");
}

const HEAD: &str =
    "apiVersion: reliability/v1\nkind: ServiceLevelObjective\nmetadata: { name: a }\n";

#[test]
fn depth_has_an_end() {
    for (open, close) in [("[", "]"), ("{a: ", "}")] {
        let deep = format!("{}{}", open.repeat(100), close.repeat(100));
        told(&deep, 1, "nested deeper");
        told(&format!("{HEAD}spec: {deep}"), 4, "nested deeper");
        // The parser below has an end as well.
        let deep = format!("{}{}", open.repeat(100_000), close.repeat(100_000));
        told(&deep, 1, "recursion limit");
    }
    let deep: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    told(&deep, 17, "nested deeper");
}

#[test]
fn anchors_and_tags_are_not_read() {
    let bomb = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n";
    told(bomb, 1, "anchors and aliases are not read");
    told("a: &a []\n<<: *a\n", 1, "anchors and aliases are not read");
    told(&format!("{HEAD}spec: !!python/object/apply:os.system [ls]\n"), 4, "tags are not read");
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    told(&format!("{HEAD}kind: SLO\n"), 4, "this key is there twice");
    let twice = "spec: { sli: availability, target: 99%, target: 99.9%, timeWindow: 30d }";
    told(&format!("{HEAD}{twice}\n"), 4, "this key is there twice");
}

#[test]
fn what_is_too_large_is_not_looked_at() {
    let large = format!("# {}\n", "x".repeat(1 << 20));
    told(&large, 1, "at most 1048576 bytes");
    // Just below, and everything wrong: a hundred mistakes are told, the rest is counted.
    let many = "---\nkind: SLO\n".repeat((1 << 20) / 14);
    let mistakes = refused(&many);
    assert_eq!(mistakes.list().len(), 100);
    assert!(mistakes.to_string().contains("more"));
}

#[test]
fn many_names_are_compared_with_few() {
    let sli = |at| {
        format!(
            "- {{ apiVersion: openslo/v1, kind: AlertPolicy, metadata: {{ name: p{at} }}, spec: {{ \
             alertWhenBreaching: true, conditions: [{{ conditionRef: c{at} }}] }} }}\n"
        )
    };
    let text: String = (0..7_000).map(sli).collect();
    assert!(text.len() < 1 << 20, "{}", text.len());
    let mistakes = refused(&text);
    assert!(mistakes.list()[0].message().contains("an AlertCondition `c0` that is not there"));
}

#[test]
fn more_objectives_and_alerts_than_there_may_be_are_counted() {
    let objective = "    - { sli: availability, target: 99% }\n";
    let text =
        format!("{HEAD}spec:\n  timeWindow: 30d\n  objectives:\n{}", objective.repeat(10_000));
    told(&text, 7, "must have 1 to 7 objectives, but is 10000");
    let alert = "      - { severity: page, burnRate: 10, longWindow: 1h }\n";
    let text = format!(
        "{HEAD}spec:\n  sli: availability\n  target: 99%\n  timeWindow: 30d\n  alerting:\n    alerts:\n{}",
        alert.repeat(9)
    );
    told(&text, 10, "must have at most 8 alerts, but is 9");
}

/// Each value in turn as something that it is not.
#[test]
fn a_value_of_another_kind_is_refused_wherever_it_stands() {
    let simple = super::everything().to_yaml();
    let open_slo = super::everything().to_open_slo().unwrap();
    let mut tried = 0;
    for text in [simple, open_slo] {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let Some((key, _)) = line.split_once(": ") else { continue };
            // What is for other programs may be any.
            if ["query", "slo", "objective"].contains(&key.trim()) {
                continue;
            }
            for value in ["[x]", "{ x: y }", "1.5e400", "-1", "[]"] {
                let changed = format!("{key}: {value}");
                let mut lines = lines.clone();
                lines[at] = &changed;
                let mistakes = refused(&lines.join("\n"));
                let found = mistakes.list().iter().any(|mistake| mistake.line() == at + 1);
                assert!(found, "{changed}\n{mistakes}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "only {tried} were tried");
}

#[test]
fn nothing_is_no_promise() {
    for text in ["", "# nothing\n", "---\n---\n", "null", "\u{feff}"] {
        assert!(Definitions::from_yaml(text).is_ok_and(|read| read.is_empty()), "{text:?}");
    }
}
