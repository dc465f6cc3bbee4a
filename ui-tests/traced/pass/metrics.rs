//! Calls are counted, whatever the function looks like.

use std::sync::Arc;

use reliability::telemetry::metrics::{self, Data, Metric};
use reliability::telemetry::traced;

#[derive(Debug)]
struct NoFault;

#[traced(metrics)]
fn free(value: u8) -> Result<u8, NoFault> {
    if value == 0 { Err(NoFault) } else { Ok(value) }
}

#[traced(metrics, skip_all)]
async fn borrowed<'a, T, const N: usize>(list: &'a [T; N]) -> Option<&'a T>
where
    T: Sync,
{
    std::future::ready(()).await;
    list.first()
}

#[traced(metrics)]
fn opaque(value: u8) -> Result<impl Send + Clone, Box<dyn std::error::Error>> {
    if value == 0 { Err("zero")? } else { Ok(value) }
}

struct Shop {
    open: bool,
}

impl Shop {
    #[traced(metrics)]
    fn close(&mut self) {
        self.open = false;
    }

    #[traced(metrics, name = "shop.ask")]
    async fn ask(self: Arc<Self>, (first, _): (u8, u8)) -> u8 {
        std::future::ready(first).await
    }
}

trait Sells {
    fn sell(&self) -> bool;

    #[traced(metrics)]
    fn gives(&self) -> bool {
        !self.sell()
    }
}

impl Sells for Shop {
    #[traced(metrics)]
    fn sell(&self) -> bool {
        self.open
    }
}

macro_rules! made {
    ($name:ident) => {
        #[traced(metrics)]
        fn $name() -> u8 {
            #[traced(metrics)]
            fn inside() -> u8 {
                1
            }
            inside()
        }
    };
}

made!(r#match);

mod shadowing {
    #![allow(dead_code, non_camel_case_types)]

    pub enum Option {}
    pub enum Result {}
    pub const OPERATION: u8 = 3;

    #[reliability::telemetry::traced(metrics)]
    pub async fn shadows(value: u8) -> ::core::result::Result<u8, u8> {
        ::core::result::Result::Ok(value + OPERATION)
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn counted(metrics: &[Metric]) -> u64 {
    let calls = metrics.iter().find(|metric| metric.name == "reliability.operation.calls");
    match calls.map(|calls| &calls.data) {
        Some(Data::Counter(points)) => points.iter().map(|point| point.value).sum(),
        _ => 0,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    assert!(free(0).is_err() && free(1).is_ok());
    assert_eq!(is_send(borrowed(&[1, 2])).await, Some(&1));
    assert!(opaque(0).is_err());
    let _clone = opaque(1).unwrap().clone();
    let mut shop = Shop { open: true };
    shop.close();
    assert!(!shop.sell() && shop.gives());
    assert_eq!(is_send(Arc::new(shop).ask((5, 6))).await, 5);
    assert_eq!(r#match(), 1);
    assert_eq!(shadowing::shadows(1).await, Ok(4));
    assert_eq!(counted(&metrics::collect()), 2 + 1 + 2 + 1 + 3 + 1 + 2 + 1);
}
