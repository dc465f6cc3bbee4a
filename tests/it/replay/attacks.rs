//! Recordings that somebody has cut, changed or mixed up: each is refused with its line, or gone
//! through to the first decision that is another one.

use reliability::resilience::Chaos;
use reliability::resilience::policy::record::NoRecording;

use super::*;

/// What is said of a text that is no recording.
fn refused(text: &str) -> NoRecording {
    text.parse::<Recording>().expect_err(text)
}

/// A recording with an event of nearly every kind, as text.
fn text() -> String {
    quietly(|| recorded(SHAPE, &plans())).to_string()
}

/// The text with that line made into another one, or left out.
fn with_line(text: &str, wanted: usize, change: impl FnOnce(&str) -> Option<String>) -> String {
    let mut change = Some(change);
    let lines = (1..).zip(text.lines()).filter_map(|(number, line)| match number == wanted {
        true => change.take().and_then(|change| change(line)),
        false => Some(line.to_owned()),
    });
    lines.map(|line| line + "\n").collect()
}

/// The line of the first event with this word.
fn line_with(text: &str, word: &str) -> usize {
    let found = (1..).zip(text.lines()).find(|(_, line)| line.split(' ').any(|it| it == word));
    found.unwrap().0
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let head = "recording 2 events=1 left_out=0\n";
    let cases = [
        ("", 1, "expected `recording 2 events=<number> left_out=<number>`, but got ``"),
        ("\n", 1, "but got ``"),
        ("recording 1 left_out=0\n", 1, "but got `recording 1 left_out=0`"),
        ("recording 2 events=1 left_out=x\n", 1, "`left_out` must be a number, but is `x`"),
        ("recording 2 left_out=0\n", 1, "`events=` is missing in `recording 2 left_out=0`"),
        ("at=1 call=1 admitted\n", 1, "expected `recording 2"),
        ("at=1 call=1 enters\n", 2, "`at=1 call=1 enters` is no event"),
        ("at=1 call=1\n", 2, "`at=1 call=1` is no event"),
        ("\n", 2, "`at=` is missing in ``"),
        ("at=-1 call=1 admitted\n", 2, "`at` must be a number, but is `-1`"),
        ("at=99999999999999999999 call=1 admitted\n", 2, "`at` must be a number, but is `9999"),
        ("at=1 call=1 ended outcome=rejected reason=bored\n", 2, "`reason=bored` is not known"),
        ("at=1 call=1 ended outcome=well\n", 2, "`outcome=well` is not known"),
        ("at=1 call=1 began repeatable=yes inherited=-\n", 2, "must be `true` or `false`"),
        ("at=1 call=1 began repeatable=true inherited=x\n", 2, "must be a number or `-`"),
        ("at=1 call=1 looked_up key=1 shares_errors=true found=gold\n", 2, "`found=gold`"),
        ("at=1 call=1 began inherited=- repeatable=true\n", 2, "expected `at=1 call=1 began rep"),
        ("at=1 call=1 began repeatable=true inherited=- x=1\n", 2, "inherited=-`, but got"),
        ("at=+1 call=1 began repeatable=true inherited=-\n", 2, "expected `at=1 call=1 began"),
        ("at=1  call=1 began repeatable=true inherited=-\n", 2, "is no event"),
        ("at=1 call=1 admitted\n", 2, "call 1 has not begun"),
    ];
    for (number, (text, line, message)) in cases.into_iter().enumerate() {
        let text = if number < 6 { text.to_owned() } else { format!("{head}{text}") };
        let told = refused(&text);
        assert_eq!(told.line(), line, "{text}: {told}");
        assert!(told.to_string().contains(message), "{text}: {told}");
        assert!(told.to_string().starts_with(&format!("line {line} of the recording: ")));
    }
    let empty = "recording 2 events=0 left_out=3\n".parse::<Recording>().unwrap();
    assert_eq!((empty.left_out(), empty.events().len()), (3, 0));
}

#[test]
fn an_empty_recording_has_no_decision_that_differs() {
    let empty = Recording::default();
    assert_eq!(testing::replay(&empty, || Ok(policy(SHAPE))), Ok(()));
    assert_eq!(empty.to_string().parse::<Recording>(), Ok(empty));
}

#[test]
fn a_recording_that_is_cut_off_anywhere_is_refused_at_its_end() {
    let whole = quietly(|| recorded(SHAPE, &plans()[..6])).to_string();
    for end in 0..whole.len() {
        let cut = &whole[..end];
        let lines = cut.lines().count().max(1);
        let line = refused(cut).line();
        assert!((lines..=lines + 1).contains(&line), "cut at {end}: {line} of {lines}");
    }
    let at_a_line = whole.trim_end().rsplit_once('\n').unwrap().0;
    let told = refused(&format!("{at_a_line}\n")).to_string();
    let lines = whole.lines().count();
    let missing = format!(
        "line {lines} of the recording: it is missing: there should be {} events, of which {} came",
        lines - 1,
        lines - 2
    );
    assert_eq!(told, missing);
}

#[test]
fn events_that_are_doubled_left_out_or_mixed_up_are_refused() {
    let text = text();
    let lines = text.lines().count();
    let doubled = |line| with_line(&text, line, |it| Some(format!("{it}\n{it}")));
    let began = line_with(&text, "began");
    let told = refused(&doubled(began));
    assert_eq!(told.line(), began + 1);
    assert!(told.to_string().ends_with(&format!("has begun already, in line {began}")), "{told}");
    // Any other event may well come twice, but then there is one too many.
    let told = refused(&doubled(line_with(&text, "admitted")));
    assert_eq!(told.line(), lines + 1);
    let many = format!("it is one too many: there should be {} events", lines - 1);
    assert!(told.to_string().ends_with(&many), "{told}");

    assert_eq!(refused(&with_line(&text, began, |_| None)).line(), began);
    let admitted = line_with(&text, "admitted");
    assert_eq!(refused(&with_line(&text, admitted, |_| None)).line(), lines);

    let (head, events) = text.split_once('\n').unwrap();
    let backwards: Vec<_> = events.lines().rev().collect();
    let told = refused(&format!("{head}\n{}\n", backwards.join("\n")));
    assert_eq!(told.line(), 2, "{told}");
    let later = with_line(&text, began, |it| Some(it.replacen("at=", "at=1", 1)));
    let told = refused(&later);
    assert_eq!(told.line(), began + 1);
    assert!(told.to_string().contains("before the line above"), "{told}");
}

#[test]
fn nothing_happens_to_a_call_that_is_over() {
    let events = "at=5 call=1 began repeatable=true inherited=-\nat=5 call=1 cancelled\n";
    let text = format!("recording 2 events=3 left_out=0\n{events}at=6 call=1 admitted\n");
    assert_eq!(refused(&text).to_string(), "line 4 of the recording: call 1 is over since line 3",);
}

/// Goes through a text again, and says at which line it differs, and how.
fn differs(text: &str, build: impl FnOnce() -> Policy) -> (usize, String) {
    let recording: Recording = text.parse().unwrap();
    let replayed = quietly(|| testing::replay(&recording, || Ok(build())));
    let Err(ReplayError::Differs(difference)) = replayed else { panic!("{replayed:?}") };
    (difference.index + 2, difference.to_string())
}

#[test]
fn a_value_that_was_changed_is_the_first_difference() {
    let text = text();
    let changes = [
        ("retries", "pause=", "pause=1"),
        ("retries", "draw=", "draw=1"),
        ("waits", "until=", "until=1"),
        ("refused", "reason=", "reason=open reason="),
        ("admitted", "admitted", "panicked"),
    ];
    for (word, from, to) in changes {
        let line = line_with(&text, word);
        let tampered = with_line(&text, line, |it| Some(it.replacen(from, to, 1)));
        match tampered.parse::<Recording>() {
            Err(told) => assert!((line..=line + 1).contains(&told.line()), "{word}: {told}"),
            Ok(_) => {
                let (found, message) = differs(&tampered, || policy(SHAPE));
                assert_eq!(found, line, "{word}: {message}");
                assert!(message.contains(&format!(", line {line} of the recording")), "{message}");
            }
        }
    }
}

#[test]
fn what_happened_otherwise_is_told_from_the_start_of_the_recording() {
    let text = text();
    let (_, message) = differs(&text, || policy(Shape { timeout: 18, ..SHAPE }));
    let lines: Vec<_> = message.lines().collect();
    let [head, recorded, now] = lines[..] else { panic!("{message}") };
    assert!(head.starts_with("the first difference is at event "), "{message}");
    // When that was is left to chance; the first wait is for the first timeout.
    let (at, call) = recorded.strip_prefix("  recorded: at=").unwrap().split_once("ms ").unwrap();
    let (millis, call) = (at.parse::<u32>().unwrap(), call.split(' ').next().unwrap());
    let waits = |until: u32| format!("at={millis}ms {call} waits until={until}ms inherited=false");
    assert_eq!(recorded, format!("  recorded: {}", waits(millis + 20)));
    assert_eq!(now, format!("       now: {}", waits(millis + 18)));
}

#[test]
fn another_seed_and_another_policy_are_seen() {
    let seeded = |seed: u64| {
        move || {
            let chaos = Chaos::builder("attacked").error(0.5).seed(seed).build().unwrap();
            chaos.switch_on();
            Policy::builder("attacked").timeout(20 * MILLI).chaos(chaos).build().unwrap()
        }
    };
    let recording = quietly(|| record(seeded(3), &plans()));
    assert_eq!(testing::replay(&recording, || Ok(seeded(3)())), Ok(()));
    let text = recording.to_string();
    let (line, message) = differs(&text, seeded(4));
    assert!(line > 1 && message.contains("recorded"), "{message}");
    let (_, message) = differs(&text, || policy(SHAPE));
    assert!(message.contains("now: "), "{message}");
    let invalid = testing::replay(&recording, || Policy::builder("attacked").build());
    assert!(matches!(invalid, Err(ReplayError::Invalid(_))), "{invalid:?}");
}

#[test]
fn numbers_at_their_ends_are_gone_through_without_a_panic() {
    let most = u64::MAX;
    let events = [
        format!("at={most} call={most} began repeatable=true inherited=-"),
        format!("at={most} call={most} admitted"),
        format!("at={most} call={most} waits until={most} inherited=true"),
        format!("at={most} call={most} hedges_after delay={most}"),
        format!("at={most} call={most} hedged hedge={} delay={most}", u32::MAX),
        format!("at={most} call={most} request_ended request={} outcome=ok", u32::MAX),
        format!("at={most} call={most} retries pause={most} draw={most}"),
        format!("at={most} call={most} settled key={most} stale=true"),
        format!("at={most} call={most} looked_up key={most} shares_errors=true found=joined"),
        format!("at={most} call={most} delayed request=7 until=0"),
    ];
    for last in 1..=events.len() {
        let text = format!("recording 2 events={last} left_out=0\n{}\n", events[..last].join("\n"));
        let recording: Recording = text.parse().unwrap();
        assert_eq!(recording.to_string(), text);
        let replayed = quietly(|| testing::replay(&recording, || Ok(policy(SHAPE))));
        assert_eq!(replayed.is_ok(), last <= 2, "{last}: {replayed:?}");
        if let Err(error) = replayed {
            assert!(error.to_string().contains("the first difference is at event"), "{error}");
        }
    }
}

#[test]
fn an_enormous_recording_is_read_and_gone_through_in_time_that_grows_with_it() {
    // A hundred thousand calls: looking through all events for each would take hours.
    let calls = 100_000_u64;
    let mut text = format!("recording 2 events={} left_out=0\n", calls * 3);
    for call in 1..=calls {
        let at = (1_u64 << 62) + call;
        text += &format!("at={at} call={call} began repeatable=true inherited=-\n");
        text += &format!("at={at} call={call} admitted\nat={at} call={call} ended outcome=ok\n");
    }
    let recording: Recording = text.parse().unwrap();
    assert_eq!(recording.events().len() as u64, calls * 3);
    let build = || Policy::builder("enormous").timeout(MILLI).build();
    assert_eq!(testing::replay(&recording, build), Ok(()));

    let long = format!("recording 2 events=1 left_out=0\nat=1 call=1 {}\n", "x".repeat(1_000_000));
    let told = refused(&long).to_string();
    assert!(told.len() < 200, "{} characters", told.len());
    let announced = "recording 2 events=18446744073709551615 left_out=0\n";
    assert_eq!(refused(announced).line(), 2);
}

proptest! {
    /// Whatever is done to single characters: it is a recording, or it is refused; and going through it
    /// comes to an end.
    #[test]
    fn a_character_that_was_changed_is_no_panic(
        position in any::<proptest::sample::Index>(),
        character in proptest::char::range(' ', '~'),
    ) {
        let mut text: Vec<char> = quietly(|| recorded(SHAPE, &plans()[..4])).to_string().chars().collect();
        let position = position.index(text.len());
        text[position] = character;
        let text: String = text.into_iter().collect();
        match text.parse::<Recording>() {
            Err(told) => prop_assert!(told.line() >= 1),
            Ok(recording) => {
                prop_assert_eq!(recording.to_string(), text);
                let replayed = quietly(|| testing::replay(&recording, || Ok(policy(SHAPE))));
                if let Err(error) = replayed {
                    // Or the number of events that were left out is what was changed.
                    let told = ["the first difference", "its beginning is missing"];
                    let error = error.to_string();
                    prop_assert!(told.iter().any(|told| error.starts_with(told)), "{}", error);
                }
            }
        }
    }
}
