//! Appending and reading.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Bench, Found, equal, event, holds, noon, stream, text, together};
use crate::journal::{Append, Epoch, Event, Journal, JournalError, Position, Record, Sequence};

pub(super) async fn records_are_numbered_and_read_in_pages(bench: &Bench) -> Found {
    let (order, other) = (stream("order", "1")?, stream("order", "2")?);
    let three = Append::to(&order).events_of((1..=3).map(event));
    let appended = bench.append(three).await?;
    equal("the number of the last of three", appended.sequence.get(), 3)?;
    bench.append(Append::to(&other).event(event(9))).await?;
    let later = bench.append(Append::to(&order).events_of((4..=5).map(event))).await?;
    equal("the number of the last of five", later.sequence.get(), 5)?;
    holds("a later append has a later position", later.position > appended.position)?;

    let all = bench.journal.read(&order, Sequence::START, 100).await.map_err(text)?;
    equal("the numbers", numbers(&all), vec![1, 2, 3, 4, 5])?;
    equal("the payloads", payloads(&all).as_str(), "1 2 3 4 5")?;
    holds("positions grow", all.is_sorted_by(|one, next| one.position < next.position))?;
    equal("the last position", all.last().map(|it| it.position), Some(later.position))?;

    let end = bench.journal.end().await.map_err(text)?;
    holds("the end is that of the last record, if it is known", {
        end.is_none_or(|end| end == later.position)
    })?;

    let page = bench.journal.read(&order, Sequence::new(1), 2).await.map_err(text)?;
    equal("a page behind the first", numbers(&page), vec![2, 3])?;
    let behind = bench.journal.read(&order, Sequence::new(5), 2).await.map_err(text)?;
    equal("behind the last one", behind.len(), 0)?;
    let far = bench.journal.read(&order, Sequence::new(u64::MAX), 2).await.map_err(text)?;
    equal("far behind", far.len(), 0)?;
    let nobody = stream("order", "3")?;
    let nothing = bench.journal.read(&nobody, Sequence::START, 2).await.map_err(text)?;
    equal("of a stream that is not there", nothing.len(), 0)?;
    equal("its head", bench.journal.head(&nobody).await.map_err(text)?, None)
}

pub(super) async fn a_page_ends_before_it_gets_too_large(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    // Two of them are less than a page, and three are more.
    let large = Journal::LARGEST_PAGE / 5 * 2;
    for number in 1..=3 {
        let payload = vec![number; large];
        bench.append(Append::to(&order).event(Event::bytes("Large", 1, payload))).await?;
    }
    bench.append(Append::to(&order).event(event(4))).await?;
    let first = bench.journal.read(&order, Sequence::START, 10).await.map_err(text)?;
    equal("the first page of the stream", numbers(&first), vec![1, 2])?;
    let second = bench.journal.read(&order, Sequence::new(2), 10).await.map_err(text)?;
    equal("the second page of the stream", numbers(&second), vec![3, 4])?;
    let all = bench.journal.read_all(Position::START, 10).await.map_err(text)?;
    equal("the first page of all", numbers(&all), vec![1, 2])?;
    let last = all.last().map_or(Position::START, |record| record.position);
    let all = bench.journal.read_all(last, 10).await.map_err(text)?;
    equal("the second page of all", numbers(&all), vec![3, 4])
}

pub(super) async fn what_is_written_is_read_again(bench: &Bench) -> Found {
    let order = stream("a.b_c-9", "with spaces, a / and the odd \u{1F375}")?;
    let long: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let written = vec![
        Event::json("Placed", u32::MAX, &("tea", Some(3), "\"\u{0}\\")).map_err(text)?,
        Event::bytes("Empty", 0, []),
        Event::bytes("Grüße '; --", 1, [0, 255, 0, 10, 13]),
        Event::bytes("Long", 1, long),
    ];
    bench.append(Append::to(&order).events_of(written.clone())).await?;
    let read = bench.journal.read(&order, Sequence::START, 10).await.map_err(text)?;
    for record in &read {
        equal("the stream", &record.stream, &order)?;
        equal("the time", record.at, noon())?;
        equal("the epoch of what nobody has claimed", record.epoch, Epoch::NEVER)?;
    }
    let read: Vec<Event> = read.into_iter().map(|record| record.event).collect();
    holds("an event is not what it was", read == written)
}

pub(super) async fn an_append_after_the_wrong_record_conflicts(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let first = || Append::to(&order).after(Sequence::START).event(event(1));
    bench.append(first()).await?;
    for (wrong, why) in [(0, "the same again"), (2, "what is still to come")] {
        let refused = Append::to(&order).after(Sequence::new(wrong)).event(event(7));
        match bench.refused(refused).await? {
            JournalError::Conflict { stream, expected, found } => {
                equal("whose conflict", &stream, &order)?;
                equal(why, (expected.get(), found.get()), (wrong, 1))?;
            }
            other => return Err(format!("{why}: not a conflict, but: {other}")),
        }
    }
    bench.append(Append::to(&order).after(Sequence::new(1)).event(event(2))).await?;
    bench.append(Append::to(&order).event(event(3))).await?;
    let all = bench.journal.read(&order, Sequence::START, 10).await.map_err(text)?;
    equal("what was not refused", payloads(&all).as_str(), "1 2 3")
}

pub(super) async fn a_batch_is_written_whole_or_not_at_all(bench: &Bench) -> Found {
    let (one, two, three) = (stream("a", "1")?, stream("a", "2")?, stream("a", "3")?);
    bench.append(Append::to(&two).event(event(1))).await?;
    let batch = |after: u64| {
        [
            Append::to(&one).after(Sequence::START).event(event(1)).status("new"),
            Append::to(&two).after(Sequence::new(after)).event(event(2)),
            Append::to(&three).event(event(3)),
        ]
    };
    match bench.journal.append_all(batch(0)).await {
        Err(JournalError::Conflict { stream, .. }) => equal("whose conflict", &stream, &two)?,
        other => return Err(format!("expected a conflict, found {other:?}")),
    }
    for untouched in [&one, &three] {
        let head = bench.journal.head(untouched).await.map_err(text)?;
        equal("a stream of a batch that was refused", head, None)?;
    }
    let appended = bench.journal.append_all(batch(1)).await.map_err(text)?;
    let ends: Vec<u64> = appended.iter().map(|it| it.sequence.get()).collect();
    equal("where each stream ends", ends, vec![1, 2, 1])
}

pub(super) async fn one_batch_may_append_to_a_stream_twice(bench: &Bench) -> Found {
    let order = stream("a", "1")?;
    let chain = |second: u64| {
        [
            Append::to(&order).after(Sequence::START).events_of([event(1), event(2)]),
            Append::to(&order).after(Sequence::new(second)).event(event(3)),
        ]
    };
    let refused = bench.journal.append_all(chain(0)).await;
    let conflict = matches!(refused, Err(JournalError::Conflict { found, .. }) if found.get() == 2);
    holds("the second must see what the first one wrote", conflict)?;
    equal("nothing was written", bench.journal.head(&order).await.map_err(text)?, None)?;
    let appended = bench.journal.append_all(chain(2)).await.map_err(text)?;
    equal("the last one", appended.last().map(|it| it.sequence.get()), Some(3))?;
    let all = bench.journal.read(&order, Sequence::START, 10).await.map_err(text)?;
    equal("in order", payloads(&all).as_str(), "1 2 3")
}

pub(super) async fn of_many_who_append_at_once_nobody_is_lost(bench: &Bench) -> Found {
    const WRITERS: u64 = 8;
    const EACH: u64 = 12;
    let shared = stream("counter", "shared")?;
    let write = async |writer: u64| -> Result<(), String> {
        for number in 0..EACH {
            loop {
                let head = bench.journal.head(&shared).await.map_err(text)?;
                let last = head.map_or(Sequence::START, |head| head.sequence);
                let add = Append::to(&shared).after(last).event(event(writer * EACH + number));
                match bench.journal.append(add).await {
                    Ok(_) => break,
                    Err(JournalError::Conflict { .. }) => {}
                    Err(error) => return Err(text(error)),
                }
            }
        }
        Ok(())
    };
    together((0..WRITERS).map(write)).await.into_iter().collect::<Found>()?;
    let all = bench.journal.read(&shared, Sequence::START, 1_000).await.map_err(text)?;
    equal("numbers without a gap", numbers(&all), (1..=WRITERS * EACH).collect())?;
    let mut written: Vec<u64> =
        payloads(&all).split(' ').filter_map(|it| it.parse().ok()).collect();
    written.sort_unstable();
    equal("everybody once", written, (0..WRITERS * EACH).collect())
}

pub(super) async fn who_reads_all_misses_nothing(bench: &Bench) -> Found {
    const WRITERS: u64 = 6;
    const EACH: u64 = 20;
    let write = async |writer: u64| -> Result<Vec<Record>, String> {
        let own = stream("log", &format!("{writer}"))?;
        for number in 0..EACH {
            bench.append(Append::to(&own).event(event(writer * EACH + number))).await?;
        }
        Ok(Vec::new())
    };
    let follow = async || -> Result<Vec<Record>, String> {
        let (mut all, mut position) = (Vec::<Record>::new(), Position::START);
        while (all.len() as u64) < WRITERS * EACH {
            let page = bench.journal.read_all(position, 7).await.map_err(text)?;
            position = page.last().map_or(position, |record| record.position);
            all.extend(page);
            yielded().await;
        }
        Ok(all)
    };
    let mut running: Vec<core::pin::Pin<alloc::boxed::Box<dyn Future<Output = _> + Send + '_>>> =
        Vec::new();
    running.push(alloc::boxed::Box::pin(follow()));
    for writer in 0..WRITERS {
        running.push(alloc::boxed::Box::pin(write(writer)));
    }
    let mut all = Vec::new();
    for part in together(running).await {
        all.extend(part?);
    }
    holds("positions grow", all.is_sorted_by(|one, next| one.position < next.position))?;
    for writer in 0..WRITERS {
        let key = format!("{writer}");
        let own = all.iter().filter(|it| it.stream.key() == key).cloned().collect::<Vec<_>>();
        equal("each stream in its own order", numbers(&own), (1..=EACH).collect())?;
    }
    let last = all.last().map_or(Position::START, |record| record.position);
    for behind in [last, Position::from_parts(u64::MAX, 0), Position::from_parts(0, u64::MAX)] {
        let all = bench.journal.read_all(last.max(behind), 10).await.map_err(text)?;
        equal("behind the last one", all.len(), 0)?;
    }
    Ok(())
}

/// Lets the others go on.
async fn yielded() {
    let mut once = false;
    core::future::poll_fn(|context| {
        if core::mem::replace(&mut once, true) {
            return core::task::Poll::Ready(());
        }
        context.waker().wake_by_ref();
        core::task::Poll::Pending
    })
    .await;
}

fn numbers(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.sequence.get()).collect()
}

fn payloads(records: &[Record]) -> String {
    let text = |record: &Record| String::from_utf8_lossy(record.event.payload()).into_owned();
    records.iter().map(text).collect::<Vec<_>>().join(" ")
}
