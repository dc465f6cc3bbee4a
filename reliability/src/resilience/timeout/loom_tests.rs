use core::time::Duration;

use loom::sync::Arc;
use loom::thread;

use super::*;
use crate::sync::{Quantile, Sketch};

/// A refresh that began under the old rule does not overwrite what the new one says.
#[test]
fn loom_the_rule_that_was_set_last_is_in_force() {
    loom::model(|| {
        let nothing = Sketch::new().snapshot(0);
        let follows = Rule::Follows {
            quantile: Quantile::P50,
            factor: 2.0,
            min: Duration::from_millis(1),
            max: Duration::from_millis(9),
            initial: Some(Duration::from_millis(9)),
        };
        let adapted = Arc::new(Adapted::new(Some(follows), &nothing));
        let other = {
            let (adapted, nothing) = (Arc::clone(&adapted), nothing.clone());
            thread::spawn(move || adapted.renew(&nothing))
        };
        adapted.set(Some(Rule::Fixed(Duration::from_millis(5))), &nothing);
        other.join().unwrap();
        assert_eq!(adapted.load(), Some(Duration::from_millis(5)));
    });
}
