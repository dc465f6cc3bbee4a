use super::*;

fn keep_all() -> Rules {
    Rules::new().rule(Rule::named("all"))
}

#[test]
fn a_huge_trace_starves_no_other() {
    let bench = Bench::new(Recorder::builder().rules(keep_all()).spans(1000).memory(4 << 20));
    let huge = bench.begin("huge", Here::NOWHERE);
    let mut innermost = huge.here;
    for index in 0..50_000 {
        let span = bench.begin_with("part", innermost, |fields| fields.text("text", "0123456789"));
        if index % 1_000 == 0 {
            innermost = span.here;
        }
        bench.end(&span);
    }
    for _ in 0..100 {
        let other = bench.begin("other", Here::NOWHERE);
        let child = bench.begin("child", other.here);
        bench.end(&child);
        bench.end(&other);
        assert_eq!(bench.kept_of(other.here.trace_id)[0].spans.len(), 2);
    }
    bench.end(&huge);
    let kept = bench.kept_of(huge.here.trace_id);
    assert_eq!(kept[0].spans.len(), 1000);
    assert_eq!(kept[0].spans_dropped, 49_001);
    assert_eq!(bench.counts().spans_dropped, 49_001);
    // Spans below one that was not recorded are children of the nearest one that was.
    let ids: std::collections::HashSet<_> = kept[0].spans.iter().map(|span| span.id).collect();
    assert!(kept[0].spans[1..].iter().all(|span| ids.contains(&span.parent.unwrap())));
}

#[test]
fn an_error_in_a_span_without_room_still_keeps_the_trace() {
    let rules = Rules::new().rule(Rule::named("e").when_error()).otherwise(0.0);
    let bench = Bench::new(Recorder::builder().rules(rules).spans(1));
    let root = bench.begin("root", Here::NOWHERE);
    let child = bench.begin("child", root.here);
    bench.fail(&child, "why");
    bench.end(&root);
    assert_eq!(bench.kept_of(root.here.trace_id)[0].spans_dropped, 1);
}

#[test]
fn memory_is_never_exceeded_and_comes_back() {
    const MEMORY: usize = 256 << 10;
    let bench = Bench::new(Recorder::builder().rules(keep_all()).concurrent(64).memory(MEMORY));
    let text = "x".repeat(3_000);
    let mut open = Vec::new();
    for _ in 0..200 {
        let root = bench.begin_with("root", Here::NOWHERE, |fields| fields.text("large", &text));
        for _ in 0..20 {
            let child = bench.begin_with("child", root.here, |f| f.text("large", &text));
            bench.end(&child);
        }
        assert!(used(&bench) <= MEMORY, "{} bytes", used(&bench));
        open.push(root);
    }
    assert!(bench.counts().roots_without_room >= 136);
    let dropped = bench.counts().spans_dropped;
    open.iter().for_each(|root| bench.end(root));
    // What each slot keeps for the next one is all that is left.
    assert!(used(&bench) <= 64 * buffer::KEPT_BYTES.min(MEMORY / 8));
    let kept = bench.kept.0.lock().unwrap();
    let told: usize = open
        .iter()
        .flat_map(|root| kept.iter().filter(|trace| Some(trace.id) == root.here.trace_id))
        .map(|trace| trace.spans_dropped as usize)
        .sum();
    assert_eq!(told as u64, dropped);
    drop(kept);
    let after = bench.begin("after", Here::NOWHERE);
    assert!(after.is_recorded());
    bench.end(&after);
}

/// What the vectors really hold, and that the budget says the same.
fn used(bench: &Bench) -> usize {
    let counted = bench.ring.memory - bench.ring.budget.left();
    let held = |slot: &crate::sync::Mutex<Buffer>| {
        let buffer = slot.lock();
        buffer.entries.capacity() * size_of::<Entry>()
            + buffer.notes.capacity() * size_of::<note::Note>()
            + buffer.text.capacity()
    };
    assert_eq!(counted, bench.ring.slots.iter().map(held).sum::<usize>());
    counted
}

#[test]
fn a_root_without_room_is_judged_by_how_it_ended() {
    let rules = Rules::new().rule(Rule::named("e").when_error()).otherwise(0.0);
    let bench = Bench::new(Recorder::builder().rules(rules).concurrent(1));
    let first = bench.begin("first", Here::NOWHERE);
    let (good, bad) = (bench.begin("good", Here::NOWHERE), bench.begin("bad", Here::NOWHERE));
    let child = bench.begin("child", bad.here);
    assert!(!child.is_recorded());
    bench.end(&child);
    bench.pass(4);
    bench.end(&good);
    bench.fail(&bad, "why");
    assert!(bench.kept_of(good.here.trace_id).is_empty());
    let kept = bench.kept_of(bad.here.trace_id);
    assert_eq!(names(&kept[0]), ["bad"]);
    assert_eq!(kept[0].spans[0].duration, Duration::from_millis(4));
    assert_eq!(kept[0].spans[0].status, Status::Error("why".into()));
    bench.end(&first);
    let RecorderCounts { roots_without_room, recorded, kept, dropped, .. } = bench.counts();
    assert_eq!((roots_without_room, recorded, kept, dropped), (2, 1, 1, 2));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let refused = [
        Recorder::builder().concurrent(0),
        Recorder::builder().memory(1000),
        Recorder::builder().spans(0),
        Recorder::builder().rules(Rules::new().otherwise(1.5)),
        Recorder::builder().rules(Rules::new().rule(Rule::named("a").keep(-0.1))),
        Recorder::builder().rules(Rules::new().rule(Rule::named(""))),
        Recorder::builder()
            .rules(Rules::new().rule(Rule::named("a").when_slower_than(Duration::ZERO))),
    ];
    for builder in refused {
        let told = builder.clone().ring().map(|_| ()).map_err(|error| error.to_string());
        assert!(told.as_ref().is_err_and(|told| told.contains("must be")), "{builder:?}: {told:?}");
    }
}

#[test]
fn long_texts_are_cut_between_characters_and_many_notes_are_counted() {
    let bench = Bench::new(Recorder::builder());
    let root = bench.begin_with("root", Here::NOWHERE, |fields| {
        fields.text("long", &"\u{20ac}".repeat(2_000));
        (0..200).for_each(|index| fields.add("more", index));
    });
    bench.end(&root);
    let kept = bench.kept_of(root.here.trace_id);
    let span = &kept[0].spans[0];
    let text = span.attributes[0].value.as_str().unwrap();
    assert_eq!((text.len(), text.chars().all(|c| c == '\u{20ac}')), (4095, true));
    assert_eq!(span.dropped, 73);
    assert_eq!(span.attributes[1].to_string(), "more=126");
}

#[test]
fn threads_that_go_round_the_ring_mix_nothing_up() {
    // Far fewer slots than turns, and fewer than threads at times.
    let bench = Bench::new(Recorder::builder().rules(keep_all()).concurrent(3));
    let turns = |thread: u64| {
        let mut mine = Vec::new();
        for turn in 0..2_000 {
            let mark = thread * 1_000_000 + turn;
            let root = bench.begin_with("root", Here::NOWHERE, |fields| fields.add("mark", mark));
            let child = bench.begin_with("child", root.here, |fields| fields.add("mark", mark));
            bench.end(&child);
            bench.end(&root);
            if root.is_recorded() {
                mine.push((root.here.trace_id.unwrap(), mark));
            }
        }
        mine
    };
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(move || turns(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let kept = bench.kept.0.lock().unwrap();
    let by_id: std::collections::HashMap<_, _> =
        kept.iter().filter(|trace| trace.kept_by == "all").map(|trace| (trace.id, trace)).collect();
    for (id, mark) in &all {
        let spans = &by_id[id].spans;
        assert_eq!(spans.len(), 2);
        assert!(
            spans.iter().all(|span| span.attributes[0].to_string() == std::format!("mark={mark}"))
        );
        assert_eq!(spans[1].parent, Some(spans[0].id));
    }
    let counts = bench.counts();
    assert_eq!(counts.recorded, all.len() as u64);
    assert_eq!(counts.recorded + counts.roots_without_room, 8_000);
    assert_eq!(counts.kept, 8_000);
}
