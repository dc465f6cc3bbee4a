use alloc::borrow::Cow;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::time::Duration;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Period;
use crate::error::plural;
use crate::time::{Clock, Instant};

/// A dependency that answers as it is told, call by call, and notes how it was called.
///
/// Clones are the same dependency. Each method adds an answer, and [`after`](Script::after),
/// [`times`](Script::times) and [`forever`](Script::forever) say more of the last one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::{Class, Fault, Rejected};
/// use reliability::resilience::{Backoff, Jitter, Policy, Retry};
/// use reliability::testing::{self, Script};
///
/// #[derive(Debug, Clone, PartialEq, Fault)]
/// enum Failed {
///     #[fault(transient)]
///     Reset,
///     #[fault(from)]
///     Rejected(Rejected),
/// }
///
/// testing::run(|_| async {
///     let backoff = Backoff::constant(Duration::from_millis(100)).jitter(Jitter::None);
///     let policy = Policy::builder("price")
///         .retry(Retry::attempts(4).backoff(backoff))
///         .timeout(Duration::from_secs(1))
///         .build()
///         .unwrap();
///
///     let inventory = Script::new().err(Failed::Reset).after("20ms").hang().ok(7);
///     assert_eq!(policy.call(|| inventory.call()).await, Ok(7));
///     assert_eq!(inventory.calls(), 3);
///     // It fails after 20 ms, hangs until the timeout, and answers at once.
///     assert_eq!(inventory.times_of_calls(), [0, 120, 1_220].map(Duration::from_millis));
///     inventory.assert_used_up();
/// });
///
/// // One that never answers, whose callers give up.
/// let search = Script::<u32, Failed>::named("search").hang().forever();
/// testing::run(|time| async move {
///     let call = tokio::time::timeout(Duration::from_secs(1), search.call());
///     assert!(call.await.is_err());
///     time.settle().await;
///     assert_eq!((search.calls(), search.cancelled(), search.in_flight()), (1, 1, 0));
/// });
/// ```
pub struct Script<T, E> {
    shared: Arc<Mutex<State<T, E>>>,
}

struct State<T, E> {
    name: Cow<'static, str>,
    answers: VecDeque<Planned<T, E>>,
    given: usize,
    start: Option<Instant>,
    times: Vec<Duration>,
    in_flight: usize,
    cancelled: usize,
}

/// Copies an answer, where its values can be copied.
type Again<T, E> = fn(&Answer<T, E>) -> Answer<T, E>;

struct Planned<T, E> {
    answer: Answer<T, E>,
    after: Duration,
    /// How often it is given; `None` is for ever.
    left: Option<usize>,
    again: Option<Again<T, E>>,
}

enum Answer<T, E> {
    Result(Result<T, E>),
    Hang,
    Panic(Cow<'static, str>),
}

impl<T: Clone, E: Clone> Answer<T, E> {
    fn again(&self) -> Self {
        match self {
            Answer::Result(result) => Answer::Result(result.clone()),
            Answer::Hang => Answer::Hang,
            Answer::Panic(message) => Answer::Panic(message.clone()),
        }
    }
}

impl<T, E> Script<T, E> {
    /// A dependency that has no answer yet.
    pub fn new() -> Self {
        Self::named("dependency")
    }

    /// The same, with a name for messages.
    pub fn named(name: impl Into<Cow<'static, str>>) -> Self {
        let state = State {
            name: name.into(),
            answers: VecDeque::new(),
            given: 0,
            start: None,
            times: Vec::new(),
            in_flight: 0,
            cancelled: 0,
        };
        Self { shared: Arc::new(Mutex::new(state)) }
    }

    /// Then it answers well.
    #[must_use]
    pub fn ok(self, value: T) -> Self {
        self.then(Answer::Result(Ok(value)))
    }

    /// Then it fails.
    #[must_use]
    pub fn err(self, error: E) -> Self {
        self.then(Answer::Result(Err(error)))
    }

    /// Then it never answers.
    #[must_use]
    pub fn hang(self) -> Self {
        self.then(Answer::Hang)
    }

    /// Then it panics.
    #[must_use]
    pub fn panic(self) -> Self {
        self.then(Answer::Panic("the script says so".into()))
    }

    /// The last answer takes that long.
    ///
    /// # Panics
    ///
    /// When there is no answer yet, or the text is no duration.
    #[must_use]
    #[track_caller]
    pub fn after(self, period: impl Into<Period>) -> Self {
        let Period(after) = period.into();
        self.change_last("after", |planned| planned.after = after);
        self
    }

    /// The last answer is given that many times in all.
    ///
    /// # Panics
    ///
    /// When there is no answer yet, or `times` is zero.
    #[must_use]
    #[track_caller]
    pub fn times(self, times: usize) -> Self
    where
        T: Clone,
        E: Clone,
    {
        assert!(times > 0, "an answer that is given 0 times is none: leave it out");
        self.change_last("times", |planned| {
            planned.left = Some(times);
            planned.again = Some(Answer::again);
        });
        self
    }

    /// The last answer is given from then on.
    ///
    /// # Panics
    ///
    /// When there is no answer yet.
    #[must_use]
    #[track_caller]
    pub fn forever(self) -> Self
    where
        T: Clone,
        E: Clone,
    {
        self.change_last("forever", |planned| {
            planned.left = None;
            planned.again = Some(Answer::again);
        });
        self
    }

    fn then(self, answer: Answer<T, E>) -> Self {
        let planned = Planned { answer, after: Duration::ZERO, left: Some(1), again: None };
        self.lock().answers.push_back(planned);
        self
    }

    #[track_caller]
    fn change_last(&self, word: &str, change: impl FnOnce(&mut Planned<T, E>)) {
        match self.lock().answers.back_mut() {
            Some(last) => change(last),
            None => {
                panic!("`{word}` says more of an answer: write it behind `ok`, `err` or `hang`")
            }
        }
    }

    /// Calls it: the future gives the next answer. It counts as a call once it is polled.
    ///
    /// # Panics
    ///
    /// When it is polled: if there is no answer left, or the answer is to panic.
    ///
    /// # Cancel safety
    ///
    /// Dropping it counts as cancelled; the answer is used up.
    pub fn call(&self) -> impl Future<Output = Result<T, E>> + use<T, E> {
        let script = self.clone();
        async move {
            let (answer, after) = script.begin();
            let mut turn = Turn { script: &script, ended: false };
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            let result = match answer {
                Answer::Result(result) => result,
                Answer::Hang => core::future::pending().await,
                Answer::Panic(message) => {
                    turn.ended = true;
                    panic!("{message}")
                }
            };
            turn.ended = true;
            result
        }
    }

    fn begin(&self) -> (Answer<T, E>, Duration) {
        let now = Clock::precise().now();
        let mut state = self.lock();
        let start = *state.start.get_or_insert(now);
        state.times.push(now.saturating_duration_since(start));
        let number = state.times.len();
        let Some(planned) = state.answers.front_mut() else {
            let message = state.exhausted(number);
            drop(state);
            panic!("{message}");
        };
        let after = planned.after;
        let more = planned.left.is_none_or(|left| left > 1);
        planned.left = planned.left.map(|left| left - 1);
        let again = planned.again.filter(|_| more).map(|again| again(&planned.answer));
        let answer = again.or_else(|| state.answers.pop_front().map(|planned| planned.answer));
        state.given += 1;
        state.in_flight += 1;
        (answer.unwrap_or(Answer::Hang), after)
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.lock().times.len()
    }

    /// When it was called, counted from the first call.
    pub fn times_of_calls(&self) -> Vec<Duration> {
        self.lock().times.clone()
    }

    /// Calls that are under way.
    pub fn in_flight(&self) -> usize {
        self.lock().in_flight
    }

    /// Calls that were dropped before they had an answer.
    pub fn cancelled(&self) -> usize {
        self.lock().cancelled
    }

    /// All answers were asked for, but for one that is given for ever.
    ///
    /// # Panics
    ///
    /// When some are left.
    #[track_caller]
    pub fn assert_used_up(&self) {
        let state = self.lock();
        let left: usize = state.answers.iter().filter_map(|planned| planned.left).sum();
        if left > 0 {
            let (name, calls) = (state.name.clone(), state.times.len());
            drop(state);
            let times = plural(calls as u64, "time", "times");
            let answers = plural(left as u64, "answer", "answers");
            panic!("`{name}` was called {times} and has {answers} left");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        // Values of the script are whole whenever user code can panic.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, E> State<T, E> {
    fn exhausted(&self, number: usize) -> String {
        let (name, given) = (&self.name, self.given);
        alloc::format!(
            "`{name}` has {given} answers, and this is call {number}; add an answer, or end with \
             `.forever()`"
        )
    }
}

/// One call under way.
struct Turn<'s, T, E> {
    script: &'s Script<T, E>,
    ended: bool,
}

impl<T, E> Drop for Turn<'_, T, E> {
    fn drop(&mut self) {
        let mut state = self.script.lock();
        state.in_flight -= 1;
        if !self.ended {
            state.cancelled += 1;
        }
    }
}

impl<T, E> Clone for Script<T, E> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T, E> Default for Script<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> fmt::Debug for Script<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Script")
            .field("name", &state.name)
            .field("calls", &state.times.len())
            .field("in_flight", &state.in_flight)
            .field("cancelled", &state.cancelled)
            .finish_non_exhaustive()
    }
}
