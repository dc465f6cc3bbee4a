//! Type and const generics with `where`, lifetimes, and `impl Trait` in argument and return.

use reliability::error::{Class, Fault, Rejected};
use reliability::resilience::resilient;

#[derive(Debug)]
enum Error {
    Busy,
    #[allow(dead_code, reason = "printed by tests that fail")]
    Rejected(Rejected),
}

impl Fault for Error {
    fn class(&self) -> Class {
        match self {
            Error::Busy => Class::Transient,
            Error::Rejected(rejected) => rejected.class(),
        }
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        Error::Rejected(rejected)
    }
}

use std::fmt::Display;

#[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
async fn all<'a, T, const N: usize>(first: &'a T, rest: [T; N]) -> Result<(&'a T, usize), Error>
where
    T: Display + Clone + Send + Sync,
{
    drop(rest);
    Ok((first, N))
}

#[resilient(fallback = shout_back, retry(attempts = 2, backoff = constant("1ms")), idempotent)]
async fn shout(words: impl Display + Clone) -> Result<impl Display, Error> {
    Ok(words.to_string())
}

fn shout_back(_words: impl Display, error: Error) -> Result<String, Error> {
    Err(error)
}

#[resilient(timeout = "1s")]
async fn moved(value: impl Into<String>) -> Result<String, Error> {
    Ok(value.into())
}

struct Cell<T>(T);

impl<T: Copy + PartialOrd> Cell<T> {
    #[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
    async fn at_least(&self, least: T) -> Result<T, Error> {
        if self.0 >= least { Ok(self.0) } else { Err(Error::Busy) }
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
async fn functions(
    calls: &mut u32,
) -> Result<(Box<dyn Fn(&str) -> &str + Send>, fn(&str) -> &str), Error> {
    *calls += 1;
    Ok((Box::new(str::trim), str::trim))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(is_send(all(&1, [2, 3])).await.unwrap(), (&1, 2));
    assert_eq!(is_send(shout("hey")).await.unwrap().to_string(), "hey");
    assert_eq!(is_send(moved("on")).await.unwrap(), "on");
    let (boxed, pointer) = is_send(functions(&mut 0)).await.unwrap();
    assert_eq!(boxed(" a "), pointer(" a "));
    assert_eq!(is_send(Cell(5).at_least(4)).await.unwrap(), 5);
}
