//! Async and sync functions and methods, with and without a result, of all shapes.

use std::fmt::Display;
use std::sync::Arc;

use reliability::telemetry::traced;

struct Opaque;

#[derive(Debug)]
struct Failed;

#[traced]
async fn free(name: &str, count: u32, opaque: Opaque, (a, b): (u8, u8)) -> Result<u32, Failed> {
    let Opaque = opaque;
    if name.is_empty() { Err(Failed) } else { Ok(count + u32::from(a + b)) }
}

#[traced(name = "other", level = debug, fields(who = %who.trim(), order.id = 7, ?list), skip_all)]
fn sync<'a>(who: &'a str, list: &mut Vec<u8>) -> &'a str {
    list.push(1);
    if list.len() > 1 {
        return "more";
    }
    who
}

#[traced(skip(secret))]
fn nothing(secret: u8) {
    assert_eq!(secret, 1);
}

#[traced]
async fn generic<T: Display + Send, const N: usize>(value: T, r#type: [u8; N]) -> impl Display {
    format!("{value}{}", r#type.len())
}

struct Store {
    stock: Vec<u32>,
}

impl Store {
    #[traced]
    async fn shared(&self) -> Result<&u32, Failed> {
        self.stock.first().ok_or(Failed)
    }

    #[traced]
    async fn exclusive(&mut self) -> &mut u32 {
        &mut self.stock[0]
    }

    #[traced]
    fn sync_exclusive(&mut self, #[cfg(all())] add: u32) -> &mut u32 {
        self.stock[0] += add;
        &mut self.stock[0]
    }

    #[traced]
    async fn counted(self: Arc<Self>) -> Result<usize, &'static str> {
        let stock = self.stock.iter().sum::<u32>();
        usize::try_from(stock).map_err(|_| "too many")
    }
}

trait Ask {
    #[traced]
    fn ask(&self) -> Result<u8, String> {
        Err("nothing".into())
    }
}

impl Ask for Store {}

/// Has what it is asked for.
struct Warehouse;

impl Ask for Warehouse {
    #[traced]
    #[must_use]
    fn ask(&self) -> Result<u8, String> {
        #[traced]
        fn inside(of: &Warehouse) -> Result<u8, String> {
            let Warehouse = of;
            Ok(1)
        }
        inside(self)
    }
}

mod shadowing {
    #![allow(dead_code)]
    enum Result {}
    enum Option {}
    enum Some {}
    use reliability::telemetry::traced;

    #[traced]
    pub async fn parsed(text: &str) -> std::result::Result<u8, std::num::ParseIntError> {
        text.parse()
    }
}

macro_rules! made {
    ($name:ident, $span:literal) => {
        #[traced(name = $span)]
        async fn $name(value: u8) -> u8 {
            value
        }
    };
}

made!(by_macro, "made");

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert_eq!(is_send(free("a", 1, Opaque, (2, 3))).await.unwrap(), 6);
    assert!(free("", 1, Opaque, (2, 3)).await.is_err());
    assert_eq!(sync(" a ", &mut vec![]), " a ");
    nothing(1);
    assert_eq!(is_send(generic("a", [1, 2])).await.to_string(), "a2");
    let mut store = Store { stock: vec![1] };
    *store.exclusive().await += 2;
    assert_eq!(*store.sync_exclusive(1), 4);
    assert_eq!(*store.shared().await.unwrap(), 4);
    assert!(store.ask().is_err());
    assert_eq!(Warehouse.ask(), Ok(1));
    assert_eq!(shadowing::parsed("7").await, Ok(7));
    assert_eq!(Arc::new(store).counted().await.unwrap(), 4);
    assert_eq!(by_macro(3).await, 3);
}
