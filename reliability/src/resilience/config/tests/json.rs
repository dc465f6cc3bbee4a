use super::*;

/// What the only mistake in a text is, and where.
fn mistake(text: &str) -> (usize, usize, String) {
    let Err(mistakes) = Overlay::from_json(text) else { panic!("{text} is taken") };
    let [mistake] = mistakes.list() else { panic!("{mistakes}") };
    (mistake.line(), mistake.column(), mistake.message().to_string())
}

#[test]
fn what_json_does_not_have_is_refused_where_it_stands() {
    for (text, line, column, part) in [
        ("{\"policies\": {},}", 1, 16, "no comma before a `}`"),
        ("{\"policies\": {\"a\": {\"timeout\": \"1s\",\n}}}", 1, 36, "no comma before a `}`"),
        ("{\"policies\": {\"a\": [1,]}}", 1, 22, "no comma before a `]`"),
        ("{\"policies\": {}} // all", 1, 18, "the end of the file"),
        ("{\"policies\": # all\n{}}", 1, 14, "no comments"),
        ("/* all */ {}", 1, 1, "no comments"),
        ("{\n  // all\n  \"policies\": {}}", 2, 3, "no comments"),
        ("{policies: {}}", 1, 2, "a key in double quotes"),
        ("{'policies': {}}", 1, 2, "a key in double quotes"),
        ("{\"policies\": {}, 7: 8}", 1, 18, "a key in double quotes"),
        ("{\"policies\" {}}", 1, 13, "`:` after the key"),
        ("{\"policies\": {} \"a\": 1}", 1, 17, "expected `,` or `}`"),
        ("{\"policies\": {\"a\": [1 2]}}", 1, 23, "expected `,` or `]`"),
        ("{\"policies\": {\"a\": \n", 2, 1, "the file ends"),
        ("{\"policies\": {}", 1, 16, "expected `,` or `}`"),
        ("{\"policies", 1, 2, "has no end"),
        ("{\"policies\": yes}", 1, 14, "text stands in double quotes"),
        ("{\"policies\": NaN}", 1, 14, "text stands in double quotes"),
        ("{\"policies\": 01}", 1, 14, "text stands in double quotes"),
        ("{\"policies\": +1}", 1, 14, "text stands in double quotes"),
        ("{\"policies\": .5}", 1, 14, "text stands in double quotes"),
        ("{\"policies\": }", 1, 14, "expected a value"),
        ("{\"a\\x\": 1}", 1, 4, "after a `\\`"),
        ("{\"a\\ud800\": 1}", 1, 4, "after a `\\`"),
        ("{\"a\\ud800\\u0041\": 1}", 1, 4, "after a `\\`"),
        ("{\"a\nb\": 1}", 1, 4, "written as `\\n`"),
        ("{\"policies\": {}, \"policies\": {}}", 1, 18, "twice"),
        ("{\"policies\": {}} {}", 1, 18, "the end of the file"),
    ] {
        let (at_line, at_column, message) = mistake(text);
        assert!(message.contains(part), "{text}: {message}");
        assert_eq!((at_line, at_column), (line, column), "{text}: {message}");
    }
}

#[test]
fn text_may_be_written_with_escapes() {
    let text = r#"{"policies": {"\u00e4\ud83d\ude00\"\\\/\b\f\n\r\t": {}}}"#;
    let overlay = Overlay::from_json(text).unwrap();
    let names: Vec<&str> = overlay.names().collect();
    assert_eq!(names, ["ä😀\"\\/\u{8}\u{c}\n\r\t"]);
}

#[test]
fn numbers_are_those_of_the_standard() {
    for (number, taken) in
        [("0.5", true), ("5e-1", true), ("50E-2", true), ("5e+0", false), ("-0.5", false)]
    {
        let text =
            format!("{{\"policies\": {{\"a\": {{\"breaker\": {{\"failure_rate\": {number}}}}}}}}}");
        assert_eq!(Overlay::from_json(&text).is_ok(), taken, "{number}");
    }
}
