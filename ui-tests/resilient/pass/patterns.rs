//! Destructured parameters, `mut`, `_`, raw identifiers and `#[cfg]` on parameters.

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

#[derive(Clone)]
struct Order {
    id: u32,
    items: Vec<u32>,
}

#[resilient(fallback = empty, retry(attempts = 2, backoff = constant("1ms")), idempotent)]
async fn r#match(
    Order { id, mut items }: Order,
    (a, b): (u32, u32),
    &[first, ..]: &[u32; 2],
    mut r#type: String,
    _: u8,
    #[cfg(all())] present: String,
    #[cfg(any())] absent: Missing,
    [x, y]: &mut [u32; 2],
) -> Result<u32, Error> {
    items.push(a);
    r#type.push_str(&present);
    *x += 1;
    *y += 1;
    if id == 0 {
        return Err(Error::Busy);
    }
    Ok(id + b + first + items.len() as u32 + r#type.len() as u32)
}

fn empty(
    order: Order,
    pair: (u32, u32),
    array: &[u32; 2],
    r#type: String,
    byte: u8,
    present: String,
    counts: &mut [u32; 2],
    _error: Error,
) -> Result<u32, Error> {
    assert_eq!((order.items.len(), pair, array[0]), (1, (2, 3), 4));
    assert_eq!((r#type.as_str(), byte, present.as_str()), ("t", 9, "p"));
    Ok(counts[0])
}

#[deny(unused)]
#[resilient(fallback = kept_for, timeout = "1s")]
async fn left_to_the_fallback(a: String) -> Result<u32, Error> {
    Err(Error::Busy)
}

fn kept_for(a: String, _error: Error) -> Result<u32, Error> {
    Ok(a.len() as u32)
}

#[resilient(fallback = fewer, timeout = "1s")]
async fn conditional(
    a: u32,
    #[cfg(all())]
    #[cfg(any())]
    absent: Missing,
) -> Result<u32, Error> {
    if a == 0 { Err(Error::Busy) } else { Ok(a) }
}

fn fewer(a: u32, _error: Error) -> Result<u32, Error> {
    Ok(a)
}

#[deny(unused)]
#[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
async fn excused(
    #[allow(unused_variables)] a: u32,
    #[expect(unused_variables)] b: String,
    #[allow(unused_mut)] mut c: u32,
    #[cfg_attr(all(), allow(unused_variables))] d: u32,
) -> Result<u32, Error> {
    Ok(c)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut counts = [0, 0];
    let order = Order { id: 1, items: vec![1] };
    let sum = r#match(order, (2, 3), &[4, 5], "t".into(), 9, "p".into(), &mut counts);
    assert_eq!(sum.await.unwrap(), 1 + 3 + 4 + 2 + 2);
    let order = Order { id: 0, items: vec![1] };
    let twice = r#match(order, (2, 3), &[4, 5], "t".into(), 9, "p".into(), &mut counts);
    assert_eq!(twice.await.unwrap(), 3);
    assert_eq!(left_to_the_fallback("ab".into()).await.unwrap(), 2);
    assert_eq!(conditional(0).await.unwrap(), 0);
    assert_eq!(excused(1, "b".into(), 3, 4).await.unwrap(), 3);
}
