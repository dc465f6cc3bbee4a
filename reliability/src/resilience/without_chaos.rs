//! Without the feature `chaos(..)` is checked, and nothing of it is left.

use super::{Layer, registry, resilient};
use crate::error::Rejected;

fn refused() -> Rejected {
    Rejected::new(crate::error::Reason::Injected, "mine")
}

#[resilient(
    crate = ::reliability,
    timeout = "1s",
    chaos(error(rate = 1, make = refused), seed = 3),
)]
async fn disturbed() -> Result<u32, Rejected> {
    Ok(7)
}

#[resilient(crate = ::reliability, chaos(error(rate = 1)))]
async fn alone() -> Result<u32, Rejected> {
    Ok(7)
}

#[tokio::test]
async fn without_the_feature_there_is_no_chaos_layer() {
    assert_eq!((disturbed().await, alone().await), (Ok(7), Ok(7)));
    let layers = |name| registry::find(name).map(|entry| entry.policy().layers().to_vec());
    assert_eq!(layers("disturbed"), Some(vec![Layer::Timeout]));
    assert_eq!(layers("alone"), Some(vec![]));
}
