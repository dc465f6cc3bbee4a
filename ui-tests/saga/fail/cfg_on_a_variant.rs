//~ write two versions of the saga
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[cfg(windows)]
    #[step(pack, undo = unpack)]
    Packed(()),
}

fn main() {}
