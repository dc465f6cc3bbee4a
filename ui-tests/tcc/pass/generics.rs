//! With `where`, constants as parameters, what lives for ever, and the path of the crate.
#![deny(warnings)]

use core::fmt::Debug;

use reliability::distributed::transaction::tcc::{Cx, Tcc, Transient};

trait Store: Clone + Send + Sync + 'static {
    const NAME: &'static str;
}

#[derive(Clone, Debug)]
struct Disk;

impl Store for Disk {
    const NAME: &'static str = "disk";
}

#[derive(Tcc)]
#[tcc(
    input = Vec<u8>,
    refuse = [S; N],
    try = Shelf::put,
    confirm = Shelf::<S, N>::keep,
    cancel = Self::take_back,
    crate = ::reliability
)]
struct Shelf<S, const N: usize = 2>
where
    S: Store,
    [S; N]: Debug,
{
    label: &'static str,
    store: S,
}

impl<S: Store, const N: usize> Shelf<S, N>
where
    [S; N]: Debug,
{
    async fn put(&self, _: &Cx, what: &[u8]) -> Result<(), [S; N]> {
        if what.len() <= N { Ok(()) } else { Err([(); N].map(|()| self.store.clone())) }
    }

    async fn keep(&self, _: &Cx, _: &Vec<u8>) -> Result<(), Transient> {
        Ok(())
    }

    async fn take_back(&self, _: &Cx, _: &Vec<u8>) -> Result<(), Transient> {
        Ok(())
    }
}

fn main() {
    let shelf = Shelf::<Disk> { label: Disk::NAME, store: Disk };
    assert_eq!((shelf.label, <Shelf<Disk, 3> as Tcc>::NAME), ("disk", "Shelf"));
}
