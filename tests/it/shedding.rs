//! A server that gets twice the calls that it can answer: what its queue makes of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reliability::error::{Reason, Rejected};
use reliability::resilience::bulkhead::{Bulkhead, BulkheadBuilder, Shed};
use reliability::resilience::{Policy, resilient};
use tokio::time::{Instant, sleep};

/// Ten calls at a time, 10 ms each, and a queue that is good for a second of them.
fn server() -> BulkheadBuilder {
    Bulkhead::builder("server").concurrent(10).queue(1_000).wait(Duration::from_secs(1))
}

#[derive(Debug, Default)]
struct Served {
    latencies: Vec<Duration>,
    refused: Vec<Reason>,
}

impl Served {
    fn p99(&self) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted[sorted.len() * 99 / 100]
    }

    fn refused_for(&self, reason: Reason) -> usize {
        self.refused.iter().filter(|refused| **refused == reason).count()
    }
}

/// So many calls, so many a second.
async fn serve(bulkhead: &Bulkhead, calls: u32, per_second: u32) -> Served {
    let served = Arc::new(Mutex::new(Served::default()));
    let mut tasks = Vec::new();
    let start = Instant::now();
    for call in 0..calls {
        tokio::time::sleep_until(start + Duration::from_secs(1) * call / per_second).await;
        let (bulkhead, served) = (bulkhead.clone(), Arc::clone(&served));
        tasks.push(tokio::spawn(async move {
            let arrived = Instant::now();
            let entered = bulkhead.enter().await;
            if entered.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
            let mut served = served.lock().unwrap();
            match &entered {
                Ok(_) => served.latencies.push(arrived.elapsed()),
                Err(rejected) => served.refused.push(rejected.reason()),
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    Arc::try_unwrap(served).unwrap().into_inner().unwrap()
}

#[tokio::test(start_paused = true)]
async fn under_twice_the_load_answers_stay_fast_where_a_plain_queue_makes_all_of_them_slow() {
    let plain = serve(&server().build().unwrap(), 30_000, 2_000).await;
    let shed = serve(&server().shed(Shed::standard()).build().unwrap(), 30_000, 2_000).await;
    assert!(plain.p99() > Duration::from_millis(800), "plain: {:?}", plain.p99());
    assert!(shed.p99() < Duration::from_millis(50), "with shedding: {:?}", shed.p99());
    let (answers, plain_answers) = (shed.latencies.len(), plain.latencies.len());
    assert!(answers * 100 > plain_answers * 90, "{answers} of {plain_answers} answers");
    assert!(shed.refused_for(Reason::Shed) > shed.refused.len() / 2);
    assert_eq!(plain.refused_for(Reason::Shed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_the_queue_was_made_for_is_answered() {
    let bulkhead = server().shed(Shed::standard()).build().unwrap();
    // 80 ms worth of calls at once, again and again.
    for _ in 0..10 {
        let served = serve(&bulkhead, 80, 1_000_000).await;
        assert_eq!((served.latencies.len(), served.refused.len()), (80, 0));
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(bulkhead.rejected(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_the_overload_calls_wait_as_long_as_before() {
    let bulkhead = server().shed(Shed::standard()).build().unwrap();
    serve(&bulkhead, 4_000, 2_000).await;
    assert!(bulkhead.rejected() > 0);
    let refused = bulkhead.rejected();
    let served = serve(&bulkhead, 80, 1_000_000).await;
    assert_eq!((served.latencies.len(), bulkhead.rejected()), (80, refused));
    assert!(!bulkhead.is_shedding());
    assert_eq!((bulkhead.in_use(), bulkhead.queued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_policy_tells_its_callers_that_they_were_shed() {
    #[resilient(bulkhead(concurrent = 1, queue = 100, wait = "10s", shed))]
    async fn slow() -> Result<(), Rejected> {
        sleep(Duration::from_millis(20)).await;
        Ok(())
    }
    let calls: Vec<_> = (0..40).map(|_| tokio::spawn(slow())).collect();
    let mut shed = 0;
    for call in calls {
        shed += u32::from(call.await.unwrap().is_err_and(|r| r.reason() == Reason::Shed));
    }
    assert!((20..40).contains(&shed), "{shed} of 40 were shed");

    let bulkhead = Bulkhead::builder("shared").concurrent(1).queue(10).shed(Shed::standard());
    let policy = Policy::builder("shared").bulkhead(bulkhead.build().unwrap()).build().unwrap();
    policy.reconfigure(|settings| settings.bulkhead.as_mut().unwrap().shed = None).unwrap();
    assert_eq!(policy.bulkhead().unwrap().settings().shed, None);
}
