//! What is known of streams besides their records.

use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use super::{Bench, Found, equal, event, holds, noon, stream, text};
use crate::journal::{Append, Claim, Due, Epoch, Heads, JournalError, Position, Sequence};

pub(super) async fn an_append_without_events_begins_a_stream(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let appended = bench.append(Append::to(&order).after(Sequence::START).status("new")).await?;
    equal("its last record", appended.sequence, Sequence::START)?;
    equal("its position", appended.position, Position::START)?;
    let head = bench.journal.head(&order).await.map_err(text)?;
    let head = head.ok_or("the stream is not there")?;
    equal("the status", head.status.as_str(), "new")?;
    equal("when it is due", head.due_at, None)?;
    equal("who holds it", head.held, None)?;
    equal("its priority", head.priority, 0)?;
    equal("its epoch", head.epoch, Epoch::NEVER)?;
    equal("its times", (head.created_at, head.changed_at), (noon(), noon()))
}

pub(super) async fn what_an_append_does_not_name_stays(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let second = Duration::from_secs(1);
    let begin = Append::to(&order).event(event(1)).status("begun").priority(-7);
    bench.append(begin.due(Due::After(second * 60))).await?;
    bench.clock.advance(second);
    bench.append(Append::to(&order).event(event(2))).await?;
    let head = bench.journal.head(&order).await.map_err(text)?.ok_or("it is not there")?;
    equal("its status", head.status.as_str(), "begun")?;
    equal("its priority", head.priority, -7)?;
    equal("when it is due", head.due_at, Some(noon() + second * 60))?;
    equal("when it was begun", head.created_at, noon())?;
    equal("when it was changed", head.changed_at, noon() + second)?;

    let change = Append::to(&order).status("").priority(i16::MAX).due(Due::At(noon()));
    bench.append(change).await?;
    let head = bench.journal.head(&order).await.map_err(text)?.ok_or("it is not there")?;
    equal("an empty status", head.status.as_str(), "")?;
    equal("the highest priority", head.priority, i16::MAX)?;
    equal("a time that is past", head.due_at, Some(noon()))?;
    bench.append(Append::to(&order).due(Due::Never)).await?;
    let head = bench.journal.head(&order).await.map_err(text)?.ok_or("it is not there")?;
    equal("never due again", head.due_at, None)
}

pub(super) async fn heads_are_listed_in_order_and_in_pages(bench: &Bench) -> Found {
    for (kind, key, status) in [
        ("refund", "1", "stuck"),
        ("order", "b", "stuck"),
        ("order", "a", "running"),
        ("order", "B", "stuck"),
        ("order", "ä", "stuck"),
    ] {
        bench.append(Append::to(&stream(kind, key)?).status(status)).await?;
    }
    let list = async |heads: Heads| {
        let heads = bench.journal.heads(heads).await.map_err(text)?;
        let names = heads.iter().map(|head| head.stream.to_string());
        Ok::<_, alloc::string::String>(names.collect::<Vec<_>>().join(" "))
    };
    let all = "order/B order/a order/b order/ä refund/1";
    equal("all, by bytes", list(Heads::all()).await?.as_str(), all)?;
    equal("of a kind", list(Heads::of("refund")).await?.as_str(), "refund/1")?;
    let stuck = Heads::of("order").with_status("stuck");
    equal("of a status", list(stuck.clone()).await?.as_str(), "order/B order/b order/ä")?;
    equal("the first page", list(stuck.clone().most(2)).await?.as_str(), "order/B order/b")?;
    let second = stuck.after(&stream("order", "b")?).most(2);
    equal("the second page", list(second).await?.as_str(), "order/ä")?;
    let across = Heads::all().after(&stream("order", "ä")?);
    equal("across kinds", list(across).await?.as_str(), "refund/1")?;
    equal("of no kind there is", list(Heads::of("nothing")).await?.as_str(), "")
}

pub(super) async fn a_removed_stream_is_gone(bench: &Bench) -> Found {
    let (order, other) = (stream("order", "1")?, stream("order", "2")?);
    bench.append(Append::to(&order).events_of([event(1), event(2)])).await?;
    bench.append(Append::to(&other).event(event(3))).await?;
    let last = bench.append(Append::to(&order).event(event(4))).await?;
    match bench.journal.remove(&order, Sequence::new(2)).await {
        Err(JournalError::Conflict { found, .. }) => equal("its end", found.get(), 3)?,
        wrong => return Err(format!("it ends elsewhere, and that gave {wrong:?}")),
    }
    bench.journal.remove(&order, last.sequence).await.map_err(text)?;
    equal("its head", bench.journal.head(&order).await.map_err(text)?, None)?;
    let records = bench.journal.read(&order, Sequence::START, 9).await.map_err(text)?;
    equal("its records", records.len(), 0)?;
    let all = bench.journal.read_all(Position::START, 9).await.map_err(text)?;
    let left: Vec<_> = all.iter().map(|record| record.stream.key()).collect();
    equal("what is left of all", left, vec!["2"])?;
    bench.journal.remove(&order, Sequence::START).await.map_err(text)?;

    let again = bench.append(Append::to(&order).after(Sequence::START).event(event(5))).await?;
    equal("numbers begin anew", again.sequence, Sequence::new(1))?;
    holds("a position is used twice", again.position > last.position)?;
    let behind = bench.journal.read_all(last.position, 9).await.map_err(text)?;
    equal("what follows the last one there was", behind.len(), 1)
}

pub(super) async fn a_busy_stream_is_not_removed(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let busy = async || match bench.journal.remove(&order, Sequence::START).await {
        Err(JournalError::Busy { stream }) => equal("who is busy", &stream, &order),
        other => Err(format!("it is busy, and that gave {other:?}")),
    };
    bench.append(Append::to(&order).due(Due::Now)).await?;
    busy().await?;
    let leases = bench.journal.claim(Claim::of(["order"])).await.map_err(text)?;
    equal("it is claimed", leases.len(), 1)?;
    bench.append(Append::to(&order).due(Due::Never)).await?;
    busy().await?;
    // Its worker is dead.
    bench.clock.advance(Duration::from_secs(30));
    bench.journal.remove(&order, Sequence::START).await.map_err(text)?;
    equal("its head", bench.journal.head(&order).await.map_err(text)?, None)
}

pub(super) async fn who_holds_a_stream_removes_it_while_it_is_due(bench: &Bench) -> Found {
    let (order, minute) = (stream("order", "1")?, Duration::from_secs(60));
    let claim = async || bench.journal.claim(Claim::of(["order"])).await.map_err(text);
    bench.append(Append::to(&order).event(event(1)).due(Due::Now)).await?;
    let slow = claim().await?.pop().ok_or("nothing was claimed")?;
    bench.clock.advance(minute);
    let mut quick = claim().await?.pop().ok_or("nothing was claimed again")?;
    match bench.journal.remove_held(&slow).await {
        Err(JournalError::Fenced { shown, current, .. }) => {
            equal("the epochs", (shown, current), (slow.epoch, quick.epoch))?;
        }
        other => return Err(format!("another one has claimed it, and that gave {other:?}")),
    }
    bench.append(Append::to(&order).event(event(2))).await?;
    match bench.journal.remove_held(&quick).await {
        Err(JournalError::Conflict { found, .. }) => equal("its end", found.get(), 2)?,
        other => return Err(format!("it goes on behind the lease, and that gave {other:?}")),
    }
    let head = bench.journal.head(&order).await.map_err(text)?.ok_or("it is gone")?;
    holds("who is refused changes nothing", head.due_at.is_some() && head.held.is_some())?;
    // As long as nobody else has come, a lease that has run out does no harm.
    bench.clock.advance(minute);
    quick.sequence = Sequence::new(2);
    bench.journal.remove_held(&quick).await.map_err(text)?;
    equal("its head", bench.journal.head(&order).await.map_err(text)?, None)?;
    equal("its records", bench.journal.read_all(Position::START, 9).await.map_err(text)?.len(), 0)?;
    equal("nothing is left to be claimed", claim().await?.len(), 0)?;
    match bench.journal.remove_held(&quick).await {
        Err(JournalError::Fenced { current, .. }) => equal("its epoch", current, Epoch::NEVER)?,
        other => return Err(format!("it is gone, and that gave {other:?}")),
    }
    // What comes after it is nobody's yet.
    bench.append(Append::to(&order).events_of([event(1), event(2)]).due(Due::Now)).await?;
    let old = bench.journal.remove_held(&quick).await;
    holds("one of the same name is another one", matches!(old, Err(JournalError::Fenced { .. })))?;
    equal("which is claimed", claim().await?.len(), 1)
}

pub(super) async fn who_waits_is_woken(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let mut changes = bench.journal.changes();
    bench.append(Append::to(&order).event(event(1))).await?;
    changes.next().await;
    bench.append(Append::to(&order).due(Due::Now)).await?;
    changes.next().await;
    Ok(())
}

pub(super) async fn who_waits_is_not_woken_when_there_is_no_news(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let mut changes = bench.journal.changes();
    let leases = bench.journal.claim(Claim::of(["order"])).await.map_err(text)?;
    equal("nothing is due", leases.len(), 0)?;
    bench.refused(Append::to(&order).after(Sequence::new(1)).event(event(1))).await?;
    // Who waits claims when woken: if that woke it again, it would never rest.
    let mut news = pin!(changes.next());
    let woken = poll_fn(|context| Poll::Ready(news.as_mut().poll(context).is_ready())).await;
    holds("a claim that finds nothing must wake nobody, nor an append that is refused", !woken)
}
