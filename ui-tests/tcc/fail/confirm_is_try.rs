//~ `try` reserves and `confirm` uses what is reserved, and these are one function
#![allow(dead_code)]
use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};

#[derive(Tcc)]
#[tcc(input = u32, refuse = String, try = Stock::take, confirm = Stock::take, cancel = Stock::release)]
struct Stock;

impl Stock {
    async fn reserve(&self, _: &Cx, _: &u32) -> Result<(), String> {
        Ok(())
    }

    async fn take(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }

    async fn release(&self, _: &Cx, _: &u32) -> Result<(), Transient> {
        Ok(())
    }
}

fn main() {}
