use std::panic::AssertUnwindSafe;

use super::*;
use crate::resilience::{Hedge, hedge};
use crate::sync::Quantile;

const BY_FAULT: &Classifier<E> = &Classifier::by_fault();

/// One hedge after 10 ms.
fn early() -> Hedge {
    Hedge::after(10 * MS)
}

fn hedged(hedge: Hedge) -> Policy {
    Policy::builder("p").hedge(hedge).build().unwrap()
}

/// What the requests of a test do: one entry each, how long it takes and how it ends.
struct Requests<'s> {
    script: &'s [(u64, Result<u32, E>)],
    made: Cell<usize>,
    running: Cell<u32>,
    most: Cell<u32>,
}

/// Counts its request as under way as long as it lives.
struct Running<'r>(&'r Cell<u32>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

impl<'s> Requests<'s> {
    fn new(script: &'s [(u64, Result<u32, E>)]) -> Self {
        Self { script, made: Cell::new(0), running: Cell::new(0), most: Cell::new(0) }
    }

    async fn request(&self) -> Result<u32, E> {
        let number = self.made.replace(self.made.get() + 1);
        let (millis, outcome) = self.script[number].clone();
        self.running.set(self.running.get() + 1);
        self.most.set(self.most.get().max(self.running.get()));
        let _running = Running(&self.running);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        outcome
    }

    /// The result of one call, and after how many milliseconds it came.
    async fn call(&self, policy: &Policy) -> (Result<u32, E>, u128) {
        let start = Clock::precise().now();
        let result = policy.call(|| self.request()).await;
        assert_eq!(self.running.get(), 0, "a request outlived its call");
        (result, since(start).as_millis())
    }
}

/// How often hedges were sent, won and denied.
fn hedges(policy: &Policy) -> [u64; 3] {
    let totals = policy.totals();
    [totals.hedges(), totals.hedges_won(), totals.hedges_denied()]
}

/// What the table of the `hedge` module says, through the driver.
#[tokio::test(start_paused = true)]
async fn each_outcome_means_what_the_table_says() {
    let stay_away = E::After(Duration::from_secs(3));
    let overloaded = E::Of(Class::Overloaded);
    type Row<'r> = (&'r str, u32, &'r [(u64, Result<u32, E>)], (Result<u32, E>, u128), [u64; 3]);
    let rows: &[Row<'_>] = &[
        ("ready in time", 1, &[(9, Ok(1))], (Ok(1), 9), [0, 0, 0]),
        ("the hedge is quicker", 1, &[(100, Ok(1)), (5, Ok(2))], (Ok(2), 15), [1, 1, 0]),
        ("the first is quicker", 1, &[(12, Ok(1)), (50, Ok(2))], (Ok(1), 12), [1, 0, 0]),
        ("a failure in time", 1, &[(5, Err(TRANSIENT))], (Err(TRANSIENT), 5), [0, 0, 0]),
        (
            "the first fails, the hedge answers",
            1,
            &[(20, Err(TRANSIENT)), (50, Ok(2))],
            (Ok(2), 60),
            [1, 1, 0],
        ),
        (
            "the hedge fails, the first answers",
            1,
            &[(40, Ok(1)), (5, Err(TRANSIENT))],
            (Ok(1), 40),
            [1, 0, 0],
        ),
        (
            "the hedge fails for good",
            1,
            &[(40, Ok(1)), (5, Err(PERMANENT))],
            (Err(PERMANENT), 15),
            [1, 0, 0],
        ),
        (
            "the first fails for good",
            1,
            &[(20, Err(PERMANENT)), (50, Ok(2))],
            (Err(PERMANENT), 20),
            [1, 0, 0],
        ),
        (
            "both fail, the last one tells",
            1,
            &[(20, Err(TRANSIENT)), (50, Err(overloaded.clone()))],
            (Err(overloaded.clone()), 60),
            [1, 0, 0],
        ),
        (
            "both fail, who asks us to stay away is heard",
            1,
            &[(20, Err(stay_away.clone())), (50, Err(TRANSIENT))],
            (Err(stay_away.clone()), 60),
            [1, 0, 0],
        ),
        (
            "the third is the quickest",
            2,
            &[(100, Ok(1)), (100, Ok(2)), (5, Ok(3))],
            (Ok(3), 25),
            [2, 1, 0],
        ),
        (
            "an overloaded dependency gets no third",
            2,
            &[(100, Ok(1)), (5, Err(overloaded.clone()))],
            (Ok(1), 100),
            [1, 0, 0],
        ),
        (
            "a failure sends no hedge early",
            2,
            &[(100, Ok(1)), (2, Err(TRANSIENT)), (30, Ok(3))],
            (Ok(3), 50),
            [2, 1, 0],
        ),
        (
            "five at once",
            4,
            &[(90, Ok(1)), (90, Ok(2)), (90, Ok(3)), (90, Ok(4)), (90, Ok(5))],
            (Ok(1), 90),
            [4, 0, 0],
        ),
    ];
    for (name, max, script, expected, counted) in rows {
        let policy = hedged(early().max(*max));
        let requests = Requests::new(script);
        assert_eq!(requests.call(&policy).await, *expected, "{name}");
        assert_eq!(hedges(&policy), *counted, "{name}");
        assert_eq!(policy.totals().finished(), 1, "{name}");
        assert_eq!(requests.made.get(), script.len(), "{name}: one request per entry");
    }
}

#[tokio::test(start_paused = true)]
async fn the_losing_request_is_dropped_at_once_and_not_with_the_attempt() {
    let policy = hedged(early());
    let requests = Requests::new(&[(100, Ok(1)), (5, Ok(2))]);
    let mut call = Call::new(&policy, BY_FAULT);
    let mut attempt = Box::pin(call.attempt_hedged(|| requests.request()));
    assert_eq!((&mut attempt).await, Ok(2));
    assert_eq!(requests.running.get(), 0);
    assert_eq!(requests.most.get(), 2);
    drop(attempt);
    assert_eq!(call.conclude(Ok(2)), Ok(2));
}

#[tokio::test(start_paused = true)]
async fn until_the_quantile_is_known_the_initial_delay_holds_or_nothing_is_hedged() {
    let slow = [(100, Ok(1)), (5, Ok(2))];
    for (hedge, hedges_sent) in [(Hedge::standard(), 0), (Hedge::standard().initial(10 * MS), 1)] {
        let policy = hedged(hedge);
        assert!(Requests::new(&slow).call(&policy).await.0.is_ok());
        assert_eq!(policy.totals().hedges(), hedges_sent);
    }

    let policy = hedged(Hedge::after(Quantile::P90));
    for call in 0..40 {
        let usual = [(5 + call % 3, Ok(1))];
        assert!(Requests::new(&usual).call(&policy).await.0.is_ok());
    }
    let after = policy.hedge_after().unwrap();
    assert!((6 * MS..=9 * MS).contains(&after), "{after:?}");
    assert_eq!(Requests::new(&slow).call(&policy).await.0, Ok(2));
    assert_eq!(hedges(&policy), [1, 1, 0]);
}

/// A request that loses counts with the time it had. Otherwise the slow ones would vanish from what
/// p90 is taken of, and more and more calls would be hedged.
#[tokio::test(start_paused = true)]
async fn hedging_does_not_make_the_dependency_look_quicker_than_it_is() {
    let budget = RetryBudget::builder("p").ratio(1.0).build().unwrap();
    let policy = hedged(Hedge::after(Quantile::P90).budget(budget));
    let random = std::cell::RefCell::new(fastrand::Rng::with_seed(3));
    // A tenth of the requests takes 500 ms, the others 10 to 20.
    let request = || async {
        let (slow, millis) = {
            let mut random = random.borrow_mut();
            (random.u32(..20) < 3, random.u64(10..20))
        };
        tokio::time::sleep(Duration::from_millis(if slow { 500 } else { millis })).await;
        Ok::<_, E>(())
    };
    for _ in 0..2_000 {
        policy.call(request).await.unwrap();
    }
    let before = policy.totals().hedges();
    for _ in 0..4_000 {
        policy.call(request).await.unwrap();
    }
    let share = (policy.totals().hedges() - before) as f64 / 4_000.0;
    assert!((0.08..0.2).contains(&share), "{share} of the calls were hedged");
    let after = policy.hedge_after().unwrap();
    assert!(after >= 15 * MS, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_means_no_hedge_and_nothing_else() {
    let budget = RetryBudget::builder("p").ratio(0.0).capacity(1).build().unwrap();
    let policy = hedged(early().max(2).budget(budget.clone()));
    let requests = Requests::new(&[(100, Ok(1)), (50, Ok(2))]);
    assert_eq!(requests.call(&policy).await, (Ok(2), 60));
    assert_eq!(hedges(&policy), [1, 1, 1], "the second hedge found no token");
    assert_eq!(Requests::new(&[(100, Ok(1))]).call(&policy).await, (Ok(1), 100));
    assert_eq!((hedges(&policy), budget.tokens()), ([1, 1, 2], 0.0));
}

#[tokio::test(start_paused = true)]
async fn retries_and_hedges_draw_on_one_budget_and_calls_pay_in_once() {
    let budget = RetryBudget::builder("p").ratio(0.5).capacity(10).build().unwrap();
    (0..5).for_each(|_| budget.withdraw().unwrap());
    let policy = Policy::builder("p")
        .retry(retrying(3, 10 * MS).budget(budget.clone()))
        .hedge(early())
        .build()
        .unwrap();
    let slow = (40, Err(TRANSIENT));
    let script = [slow.clone(), slow.clone(), slow.clone(), slow, (1, Ok(7))];
    assert_eq!(Requests::new(&script).call(&policy).await.0, Ok(7));
    // Five requests: the first one is free, two retries and two hedges are not.
    assert_eq!((policy.totals().retries(), policy.totals().hedges()), (2, 2));
    assert_eq!(budget.tokens(), 5.0 + 0.5 - 4.0);
    assert_eq!(policy.retry_budget().map(RetryBudget::tokens), Some(1.5));
}

#[test]
fn the_budget_is_written_once() {
    let budget = || RetryBudget::builder("own").build().unwrap();
    let build = |retry, hedge| Policy::builder("p").retry(retry).hedge(hedge).build();
    let refused = build(retrying(2, MS), early().budget(budget())).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`p`: `budget` must be written on `retry`, for both, but is written on `hedge`; two \
         budgets would let them add twice the load that each allows",
    );
    // Where nobody wrote one there is one nevertheless: hedges are sent when everything is slow.
    assert!(build(retrying(2, MS), early()).unwrap().retry_budget().is_some());
    assert!(hedged(early()).retry_budget().is_some());
    let alone = hedged(early().budget(budget()));
    assert_eq!(alone.retry_budget().map(|budget| budget.name().to_string()), Some("own".into()));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_inside_is_that_of_each_request_and_outside_that_of_all() {
    let script = [(100, Ok(1)), (100, Ok(2))];
    let inside = Policy::builder("p").hedge(early()).timeout(40 * MS).build().unwrap();
    let (result, millis) = Requests::new(&script).call(&inside).await;
    assert_eq!((result, millis), (Err(E::Refused(Reason::TimedOut)), 50), "10 + 40");
    let outside = Policy::builder("p").timeout(40 * MS).hedge(early()).build().unwrap();
    let (result, millis) = Requests::new(&script).call(&outside).await;
    assert_eq!((result, millis), (Err(E::Refused(Reason::TimedOut)), 40));

    // The first one times out, and the hedge has its own time left.
    let script = [(100, Ok(1)), (35, Ok(2))];
    assert_eq!(Requests::new(&script).call(&inside).await, (Ok(2), 45));
    // A timeout that is shorter than the delay leaves nothing to hedge.
    let short = Policy::builder("p").hedge(early()).timeout(5 * MS).build().unwrap();
    let (result, millis) = Requests::new(&script).call(&short).await;
    assert_eq!((result, millis), (Err(E::Refused(Reason::TimedOut)), 5));
    assert_eq!(hedges(&short), [0, 0, 0]);
}

/// That all of them take at least so long is news, although it is less than the others took: without
/// it, a timeout that has become too short would never be seen to be.
#[tokio::test(start_paused = true)]
async fn an_attempt_that_a_timeout_outside_cuts_off_counts_as_at_least_so_long() {
    let by_end = |change: fn(PolicyBuilder) -> PolicyBuilder| async move {
        let policy = change(Policy::builder("p")).build().unwrap();
        for _ in 0..40 {
            assert_eq!(Requests::new(&[(100, Ok(1)), (200, Ok(2))]).call(&policy).await.0, Ok(1));
        }
        let before = policy.attempt_latency().count();
        let shorter = policy.reconfigure(|settings| match &mut settings.timeout {
            Some(timeout) => *timeout = (20 * MS).into(),
            None => settings.deadline = Some(20 * MS),
        });
        assert_eq!(shorter, Ok(()));
        let (result, millis) = Requests::new(&[(100, Ok(1)), (200, Ok(2))]).call(&policy).await;
        assert!(result.is_err());
        assert_eq!(millis, 20);
        policy.attempt_latency().count() - before
    };
    // The first request counts. The hedge had less time than a timeout, and says nothing.
    assert_eq!(by_end(|to| to.timeout(900 * MS).hedge(early())).await, 1);
    // A deadline is the caller's haste, and less than usual says nothing.
    assert_eq!(by_end(|to| to.deadline(900 * MS).hedge(early())).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_all_requests() {
    let policy = Policy::builder("p").deadline(30 * MS).hedge(early()).build().unwrap();
    let requests = Requests::new(&[(100, Ok(1)), (100, Ok(2))]);
    let (result, millis) = requests.call(&policy).await;
    assert_eq!((result, millis), (Err(E::Refused(Reason::DeadlineExceeded)), 30));
    assert_eq!(requests.most.get(), 2);
    let outer = Deadline::after(20 * MS);
    let requests = Requests::new(&[(100, Ok(1)), (100, Ok(2))]);
    let (result, millis) = outer.scope(requests.call(&policy)).await;
    assert_eq!((result, millis), (Err(E::Refused(Reason::DeadlineExceeded)), 20));
}

#[tokio::test(start_paused = true)]
async fn all_requests_of_an_attempt_stand_in_one_place_and_count_as_one_outcome() {
    let policy = Policy::builder("p")
        .breaker(Breaker::builder("p").build().unwrap())
        .bulkhead(Bulkhead::builder("p").concurrent(1).queue(0).build().unwrap())
        .hedge(early())
        .build()
        .unwrap();
    let requests = Requests::new(&[(30, Ok(1)), (100, Ok(2))]);
    let both = Cell::new(false);
    let (result, ()) = tokio::join!(policy.call(|| requests.request()), async {
        tokio::time::sleep(20 * MS).await;
        both.set(requests.running.get() == 2);
        assert_eq!(policy.bulkhead().map(Bulkhead::in_use), Some(1));
    });
    assert_eq!((result, both.get()), (Ok(1), true));
    assert_eq!(policy.breaker().map(|breaker| breaker.snapshot().window.calls), Some(1));
    assert_whole(&policy).await;
}

#[tokio::test(start_paused = true)]
async fn every_request_sees_the_same_key_and_the_deadline() {
    let policy = Policy::builder("p")
        .deadline(100 * MS)
        .retry(retrying(2, MS))
        .hedge(early())
        .build()
        .unwrap();
    let seen = Mutex::new(Vec::new());
    let made = Cell::new(0);
    let key = IdempotencyKey::new("order-17");
    let mut call = Call::new(&policy, BY_FAULT).with_idempotency_key(key.clone());
    let result = loop {
        let outcome = call
            .attempt_hedged(|| {
                made.set(made.get() + 1);
                let number = made.get();
                let seen = &seen;
                async move {
                    let deadline = Deadline::current().map(Deadline::instant);
                    seen.lock().unwrap().push((IdempotencyKey::current(), deadline));
                    tokio::time::sleep(20 * MS).await;
                    if number < 4 { Err(TRANSIENT) } else { Ok(number) }
                }
            })
            .await;
        match call.judge(outcome) {
            Next::Done(result) => break result,
            Next::Again(pause) => pause.await,
        }
    };
    assert_eq!(result, Ok(4));
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|(seen, _)| *seen == Some(key.clone())));
    assert!(seen.iter().all(|(_, deadline)| deadline.is_some() && *deadline == seen[0].1));
}

fn whole_stack() -> Policy {
    Policy::builder("full")
        .deadline(Duration::from_secs(3))
        .retry(retrying(2, 10 * MS))
        .breaker(Breaker::builder("full").probes(1).build().unwrap())
        .bulkhead(Bulkhead::builder("full").concurrent(1).queue(4).wait(500 * MS).build().unwrap())
        .hedge(early().max(2))
        .timeout(800 * MS)
        .build()
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_at_any_poll_ends_all_requests_and_gives_everything_back() {
    let mut completed = false;
    let mut most = 0;
    for polls in 1..60 {
        let policy = whole_stack();
        let fails = (45, Err(TRANSIENT));
        let script: [_; 6] = core::array::from_fn(|_| fails.clone());
        let requests = Requests::new(&script);
        let ended = drop_after(polls, policy.call(|| requests.request())).await;
        completed |= ended.is_some();
        most = most.max(requests.most.get());
        assert_eq!(requests.running.get(), 0, "after {polls} polls");
        assert_eq!(policy.totals().finished(), 1, "after {polls} polls");
        assert_eq!(policy.totals().cancelled(), u64::from(ended.is_none()), "after {polls} polls");
        assert_whole(&policy).await;
    }
    assert!(completed, "the last round must see the whole call");
    assert_eq!(most, 3, "some round must see all requests under way");
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_any_request_passes_on_and_gives_everything_back() {
    for panics in 0..3 {
        for while_making in [false, true] {
            let policy = whole_stack();
            let made = Cell::new(0);
            let running = Cell::new(0);
            let work = || {
                let number = made.replace(made.get() + 1);
                assert!(!(while_making && number == panics && number > 0), "while it is made");
                let running = &running;
                async move {
                    running.set(running.get() + 1);
                    let _running = Running(running);
                    tokio::time::sleep(40 * MS).await;
                    assert!(number != panics, "in the work");
                    pending::<()>().await;
                    Ok::<_, E>(())
                }
            };
            let call = AssertUnwindSafe(policy.call(work));
            let outcome = catch_unwind(call).await;
            assert!(outcome.is_err(), "request {panics}");
            assert_eq!(running.get(), 0);
            assert_eq!((policy.totals().panicked(), policy.totals().finished()), (1, 1));
            let counts = policy.breaker().map(|breaker| breaker.snapshot().window);
            assert_eq!(counts.map(|counts| counts.failures), Some(1));
            assert_whole(&policy).await;
        }
    }
}

/// The outcome of a future that may panic while it is polled.
async fn catch_unwind<F: Future>(future: AssertUnwindSafe<F>) -> std::thread::Result<F::Output> {
    let mut future = Some(Box::pin(future.0));
    poll_fn(|cx| {
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| {
            future.as_mut().map(|future| future.as_mut().poll(cx))
        }));
        match polled {
            Ok(Some(Poll::Ready(output))) => Poll::Ready(Ok(output)),
            Ok(_) => Poll::Pending,
            Err(panic) => {
                // As a task that unwinds: what is under way is dropped.
                future = None;
                Poll::Ready(Err(panic))
            }
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_others_poll_is_dropped_as_the_task_unwinds() {
    let policy = hedged(early());
    let task = {
        let policy = policy.clone();
        tokio::spawn(async move {
            let work = || async {
                tokio::time::sleep(30 * MS).await;
                panic!("in the work")
            };
            policy.call::<(), E, _, _>(work).await
        })
    };
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(policy.totals().panicked(), 1);
}

#[tokio::test(start_paused = true)]
async fn settings_change_while_the_policy_works_and_a_bad_one_changes_nothing() {
    let policy = hedged(early());
    let refused = policy.reconfigure(|settings| {
        settings.hedge.as_mut().unwrap().max = 9;
    });
    assert_eq!(refused.unwrap_err().setting(), "max");
    policy
        .reconfigure(|settings| {
            let hedge = settings.hedge.as_mut().unwrap();
            (hedge.after, hedge.max) = ((30 * MS).into(), 2);
        })
        .unwrap();
    let settings = policy.settings().hedge.unwrap();
    assert_eq!((settings.after, settings.max), (hedge::After::Fixed(30 * MS), 2));
    let requests = Requests::new(&[(100, Ok(1)), (100, Ok(2)), (5, Ok(3))]);
    assert_eq!(requests.call(&policy).await, (Ok(3), 65));
    assert!(policy.reconfigure(|settings| settings.hedge = None).is_err());
}

#[tokio::test(start_paused = true)]
async fn work_that_is_attempted_plainly_is_never_sent_twice() {
    let policy = hedged(early());
    let requests = Requests::new(&[(100, Ok(1))]);
    let mut call = Call::new(&policy, BY_FAULT);
    let outcome = call.attempt(requests.request()).await;
    assert_eq!(call.conclude(outcome), Ok(1));
    assert_eq!(hedges(&policy), [0, 0, 0]);

    let unhedged = Policy::builder("p").timeout(50 * MS).build().unwrap();
    let requests = Requests::new(&[(100, Ok(1))]);
    let mut call = Call::new(&unhedged, BY_FAULT);
    let outcome = call.attempt_hedged(|| requests.request()).await;
    assert!(matches!(outcome, Err(Failure::Rejected(_))));
}

#[test]
fn what_lets_calls_in_stands_outside() {
    let hedge_first = || Policy::builder("p").hedge(early());
    let breaker = || Breaker::builder("p").build().unwrap();
    let bulkhead = || Bulkhead::builder("p").build().unwrap();
    let refused = [
        (hedge_first().retry(retrying(2, MS)).build(), "retry"),
        (hedge_first().breaker(breaker()).build(), "breaker"),
        (hedge_first().bulkhead(bulkhead()).build(), "bulkhead"),
        (hedge_first().deadline(MS).build(), "deadline"),
        (hedge_first().fallback().build(), "fallback"),
    ];
    for (built, layer) in refused {
        let invalid = built.unwrap_err();
        assert_eq!((invalid.setting(), invalid.got()), (layer, "inside `hedge`"));
    }
    assert!(hedge_first().timeout(MS).build().is_ok());
}
