//~ are one name in snake_case
use reliability::distributed::transaction::saga::saga;

#[saga(input = u64, refuse = String)]
enum PlaceOrder {
    #[step(reserve, undo = release)]
    Reserved(u32),
    #[allow(non_camel_case_types)]
    #[step(pack, undo = unpack)]
    reserved(()),
}

fn main() {}
