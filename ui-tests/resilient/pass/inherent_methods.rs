//! `&self`, `&mut self`, `self` and `self: Arc<Self>` in an inherent `impl`, with fallbacks that get
//! `self` first.

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

use std::sync::Arc;

fn prefix() -> String {
    "a ".into()
}

#[derive(Debug, Clone)]
struct Store {
    stock: u32,
    asked: u32,
}

impl Store {
    #[resilient(timeout = "1s")]
    async fn shared(&self) -> Result<&u32, Error> {
        Ok(&self.stock)
    }

    #[resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent)]
    async fn shared_again(&self) -> Result<&u32, Error> {
        Ok(&self.stock)
    }

    #[resilient(retry(attempts = 3, backoff = constant("1ms")), idempotent)]
    async fn exclusive(&mut self) -> Result<u32, Error> {
        self.asked += 1;
        if self.asked < 3 { Err(Error::Busy) } else { Ok(self.asked) }
    }

    #[resilient(timeout = "1s")]
    async fn exclusive_once(&mut self) -> Result<&mut u32, Error> {
        Ok(&mut self.asked)
    }

    #[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
    async fn owned(mut self) -> Result<u32, Error> {
        self.asked += 1;
        let Self { stock, asked } = self;
        Ok(stock + asked)
    }

    #[resilient(retry(attempts = 2, backoff = constant("1ms")), idempotent)]
    async fn described(mut self) -> Result<String, Error> {
        use std::fmt::{self, Write as _};
        self.asked += 1;
        let mut text = self::prefix();
        let written: fmt::Result = write!(text, "{self:?}");
        written.map_err(|_| Error::Busy)?;
        Ok(text)
    }

    #[resilient(fallback = Self::emptied, retry(attempts = 2, backoff = constant("1ms")), idempotent)]
    async fn counted(self: Arc<Self>, least: u32) -> Result<u32, Error> {
        if self.stock < least { Err(Error::Busy) } else { Ok(self.stock) }
    }

    fn emptied(self: Arc<Self>, least: u32, _: Error) -> Result<u32, Error> {
        Ok(self.stock.min(least))
    }

    #[resilient(fallback = Self::noted, timeout = "1s")]
    async fn noting(&mut self, note: &mut Vec<u32>) -> Result<u32, Error> {
        self.asked += 1;
        note.push(self.asked);
        Err(Error::Busy)
    }

    async fn noted(&mut self, note: &mut Vec<u32>, _: Error) -> Result<u32, Error> {
        Ok(self.asked + note[0])
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut store = Store { stock: 5, asked: 0 };
    assert_eq!(*store.shared().await.unwrap(), 5);
    assert_eq!(*store.shared_again().await.unwrap(), 5);
    assert_eq!(store.exclusive().await.unwrap(), 3);
    *store.exclusive_once().await.unwrap() = 1;
    assert_eq!(store.noting(&mut Vec::new()).await.unwrap(), 4);
    assert_eq!(store.clone().owned().await.unwrap(), 8);
    assert_eq!(store.clone().described().await.unwrap(), "a Store { stock: 5, asked: 3 }");
    let store = Arc::new(store);
    assert_eq!(Arc::clone(&store).counted(4).await.unwrap(), 5);
    assert_eq!(store.counted(9).await.unwrap(), 5);
}
