//~ no step is called `Quoted`; before this one there are `Reserved`
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[step(pack, undo = unpack, beside = Quoted)]
    Packed(()),
}

fn main() {}
