//! Work, and who may do it.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use super::{Bench, Found, equal, event, holds, noon, stream, text, together};
use crate::journal::{Append, Claim, Due, Epoch, JournalError, Lease, Sequence};

const LEASE: Duration = Duration::from_secs(30);

async fn claim(bench: &Bench, most: usize) -> Result<Vec<Lease>, String> {
    let claim = Claim::of(["order"]).by("worker").lease(LEASE).most(most);
    bench.journal.claim(claim).await.map_err(text)
}

fn keys(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.stream.key()).collect()
}

pub(super) async fn only_what_is_due_is_claimed(bench: &Bench) -> Found {
    let minute = Duration::from_secs(60);
    for (kind, key, due) in [
        ("order", "now", Some(Due::Now)),
        ("order", "soon", Some(Due::After(minute))),
        ("order", "then", Some(Due::At(noon() + minute * 2))),
        ("order", "never", Some(Due::Never)),
        ("order", "unsaid", None),
        ("refund", "now", Some(Due::Now)),
    ] {
        let append = Append::to(&stream(kind, key)?).event(event(1));
        bench.append(due.map_or(append.clone(), |due| append.due(due))).await?;
    }
    let leases = claim(bench, 10).await?;
    equal("due at once", keys(&leases), vec!["now"])?;
    equal("where it is", leases[0].sequence, Sequence::new(1))?;
    holds("a claim has an epoch", leases[0].epoch > Epoch::NEVER)?;
    let head = bench.journal.head(&leases[0].stream).await.map_err(text)?.ok_or("it is gone")?;
    equal("the epoch of its stream", head.epoch, leases[0].epoch)?;
    let held = head.held.ok_or("nobody is said to hold it")?;
    equal("who holds it", held.owner.as_str(), "worker")?;
    equal("from when until when", (held.since, held.until), (noon(), noon() + LEASE))?;

    bench.clock.advance(minute - Duration::from_millis(1));
    let none = claim(bench, 10).await?;
    // The first one's lease has run out meanwhile.
    equal("a millisecond too early", keys(&none), vec!["now"])?;
    bench.clock.advance(Duration::from_millis(1));
    equal("in time", keys(&claim(bench, 10).await?), vec!["soon"])?;
    let both = Claim::of(["refund", "order", "nothing"]).most(10);
    let both = bench.journal.claim(both).await.map_err(text)?;
    equal("of several kinds", keys(&both), vec!["now"])?;
    bench.clock.advance(minute);
    let late = claim(bench, 10).await?;
    equal("all that is due by then", keys(&late), vec!["now", "soon", "then"])
}

pub(super) async fn what_is_urgent_is_claimed_first(bench: &Bench) -> Found {
    for (key, priority, due) in
        [("low", -5, 1), ("late", 0, 3), ("early", 0, 2), ("high", 9, 4), ("first", 0, 1)]
    {
        let due = Due::At(noon() - Duration::from_secs(10 - due));
        bench.append(Append::to(&stream("order", key)?).priority(priority).due(due)).await?;
    }
    equal("two of them", keys(&claim(bench, 2).await?), vec!["high", "first"])?;
    equal("the others", keys(&claim(bench, 9).await?), vec!["early", "late", "low"])
}

pub(super) async fn nobody_gets_what_another_one_holds(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    bench.append(Append::to(&order).event(event(1)).due(Due::Now)).await?;
    let first = claim(bench, 10).await?;
    equal("the first one", first.len(), 1)?;
    equal("the second one", claim(bench, 10).await?.len(), 0)?;
    // Somebody else says that there is more to do: it is still held.
    bench.append(Append::to(&order).event(event(2)).due(Due::Now)).await?;
    equal("after somebody wrote", claim(bench, 10).await?.len(), 0)?;
    bench.clock.advance(LEASE - Duration::from_millis(1));
    equal("just before its end", claim(bench, 10).await?.len(), 0)?;
    bench.clock.advance(Duration::from_millis(1));
    let second = claim(bench, 10).await?;
    equal("at its end", second.len(), 1)?;
    holds("a later claim has a higher epoch", second[0].epoch > first[0].epoch)
}

pub(super) async fn of_two_who_claim_at_once_each_gets_something_else(bench: &Bench) -> Found {
    for number in 0..30 {
        bench.append(Append::to(&stream("order", &format!("{number}"))?).due(Due::Now)).await?;
    }
    let claims = together((0..8).map(|_| claim(bench, 5))).await;
    let leases: Vec<Lease> = claims.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    let count = |mut all: Vec<String>| {
        all.sort();
        all.dedup();
        all.len()
    };
    equal("all are claimed", leases.len(), 30)?;
    let streams = count(leases.iter().map(|lease| format!("{}", lease.stream)).collect());
    equal("each once", streams, 30)?;
    equal("each in an epoch", count(leases.iter().map(|it| format!("{}", it.epoch)).collect()), 30)
}

pub(super) async fn a_worker_that_slept_through_its_lease_is_fenced(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    bench.append(Append::to(&order).event(event(1)).due(Due::Now)).await?;
    let slow = claim(bench, 1).await?.pop().ok_or("nothing was claimed")?;
    bench.clock.advance(LEASE);
    // As long as nobody else has come, it does no harm.
    bench.append(Append::to(&order).fenced(&slow).event(event(2))).await?;
    let quick = claim(bench, 1).await?.pop().ok_or("nothing was claimed again")?;
    let stale = Append::to(&order).fenced(&slow).after(Sequence::START).event(event(3)).release();
    match bench.refused(stale).await? {
        JournalError::Fenced { stream, shown, current } => {
            equal("whose", &stream, &order)?;
            equal("the epochs", (shown, current), (slow.epoch, quick.epoch))?;
        }
        other => return Err(format!("it must be fenced before anything else, but: {other}")),
    }
    let ahead = Lease::new(order.clone(), Epoch::new(quick.epoch.get() + 1), Sequence::START);
    let ahead = Append::to(&order).fenced(&ahead).event(event(3));
    let fenced = matches!(bench.refused(ahead).await?, JournalError::Fenced { .. });
    holds("an epoch that nobody was given must be refused", fenced)?;
    bench.append(Append::to(&order).event(event(4))).await?;
    bench.append(Append::to(&order).fenced(&quick).event(event(5))).await?;
    let all = bench.journal.read(&order, Sequence::START, 9).await.map_err(text)?;
    let written: Vec<_> = all.iter().map(|record| record.epoch).collect();
    let (first, second) = (slow.epoch, quick.epoch);
    equal("the epoch of each record", written, vec![Epoch::NEVER, first, second, second])
}

pub(super) async fn a_renewed_lease_lasts_longer(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    bench.append(Append::to(&order).due(Due::Now)).await?;
    let leases = claim(bench, 1).await?;
    bench.clock.advance(LEASE / 2);
    let renew = async |leases: &[Lease]| bench.journal.renew(leases, LEASE).await.map_err(text);
    equal("renewed in time", renew(&leases).await?, vec![true])?;
    bench.clock.advance(LEASE - Duration::from_millis(1));
    equal("still held", claim(bench, 1).await?.len(), 0)?;
    bench.clock.advance(LEASE * 2);
    equal("renewed late, and nobody came", renew(&leases).await?, vec![true])?;
    equal("held again", claim(bench, 1).await?.len(), 0)?;
    bench.clock.advance(LEASE);
    let other = claim(bench, 1).await?;
    equal("claimed by another", other.len(), 1)?;
    let nobody = Lease::new(stream("order", "2")?, leases[0].epoch, Sequence::START);
    let all = [leases[0].clone(), other[0].clone(), nobody];
    equal("the old, the new, and nobody's", renew(&all).await?, vec![false, true, false])?;
    bench.append(Append::to(&order).fenced(&other[0]).release()).await?;
    equal("given back", renew(&other).await?, vec![false])
}

pub(super) async fn a_released_stream_is_free_at_once(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    bench.append(Append::to(&order).due(Due::Now)).await?;
    let lease = claim(bench, 1).await?.pop().ok_or("nothing was claimed")?;
    let later = Append::to(&order).fenced(&lease).event(event(1));
    bench.append(later.due(Due::After(LEASE / 3)).release()).await?;
    let head = bench.journal.head(&order).await.map_err(text)?.ok_or("it is gone")?;
    equal("who holds it", head.held, None)?;
    equal("not due yet", claim(bench, 1).await?.len(), 0)?;
    bench.clock.advance(LEASE / 3);
    let lease = claim(bench, 1).await?.pop().ok_or("it is due and free")?;
    bench.append(Append::to(&order).fenced(&lease).due(Due::Never).release()).await?;
    bench.clock.advance(LEASE * 9);
    equal("never due again", claim(bench, 1).await?.len(), 0)
}

pub(super) async fn a_stream_can_begin_in_somebodys_hands(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let begin = || Append::to(&order).after(Sequence::START).event(event(1)).due(Due::Now);
    let begun = bench.append(begin().held_by("worker-1", LEASE)).await?;
    let lease = begun.lease(&order).ok_or("there is no lease")?;
    equal("where it is", lease.sequence, Sequence::new(1))?;
    let records = bench.journal.read(&order, Sequence::START, 9).await.map_err(text)?;
    equal("the epoch of its record", records[0].epoch, lease.epoch)?;
    let head = bench.journal.head(&order).await.map_err(text)?.ok_or("it is gone")?;
    equal("who holds it", head.held.map(|held| held.owner), Some("worker-1".to_string()))?;
    equal("others", claim(bench, 1).await?.len(), 0)?;
    bench.append(Append::to(&order).fenced(&lease).event(event(2))).await?;

    let error = bench.refused(begin().held_by("worker-2", LEASE)).await?;
    holds("it is not begun twice", matches!(error, JournalError::Conflict { .. }))?;
    let empty = stream("order", "2")?;
    bench.append(Append::to(&empty)).await?;
    let begin = Append::to(&empty).after(Sequence::START).held_by("worker-2", LEASE);
    let error = bench.refused(begin).await?;
    holds("one that is there is not begun", matches!(error, JournalError::Busy { .. }))?;
    let pair = || Append::to(&order).after(Sequence::new(2)).held_by("worker-1", LEASE);
    let error = bench.refused(pair()).await?;
    holds("only a beginning is held", matches!(error, JournalError::Invalid(_)))?;

    bench.clock.advance(LEASE);
    let next = claim(bench, 1).await?.pop().ok_or("the lease has run out")?;
    holds("epochs grow", next.epoch > lease.epoch)
}

pub(super) async fn a_clock_that_is_set_back_frees_what_is_held(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let hour = Duration::from_secs(3_600);
    bench.append(Append::to(&order).due(Due::At(noon() - hour * 2))).await?;
    let first = claim(bench, 1).await?;
    bench.clock.set(noon() - hour);
    let second = claim(bench, 1).await?;
    equal("claimed again", second.len(), 1)?;
    holds("a later claim has a higher epoch", second[0].epoch > first[0].epoch)?;
    equal("and held", claim(bench, 1).await?.len(), 0)
}

pub(super) async fn epochs_never_come_twice(bench: &Bench) -> Found {
    let order = stream("order", "1")?;
    let mut last: Option<Lease> = None;
    for _ in 0..3 {
        bench
            .append(Append::to(&order).after(Sequence::START).event(event(1)).due(Due::Now))
            .await?;
        if let Some(old) = &last {
            // It has the right sequence, by accident: the number alone would let it in.
            let stale = Append::to(&order).fenced(old).after(Sequence::new(1)).event(event(2));
            let fenced = matches!(bench.refused(stale).await?, JournalError::Fenced { .. });
            holds("who held the stream before it was removed is fenced", fenced)?;
        }
        let lease = claim(bench, 1).await?.pop().ok_or("nothing was claimed")?;
        holds("epochs grow", last.is_none_or(|last| lease.epoch > last.epoch))?;
        bench.append(Append::to(&order).fenced(&lease).due(Due::Never).release()).await?;
        bench.journal.remove(&order, Sequence::new(1)).await.map_err(text)?;
        last = Some(lease);
    }
    Ok(())
}
