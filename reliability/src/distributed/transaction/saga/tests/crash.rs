use super::super::*;
use super::order::*;

type Ended = End<PlaceOrderDone, Refused>;

/// Complete or not at all, and no card charged twice.
fn whole(world: &World, end: &Ended) {
    let told = world.lock();
    let all = (told.reserved.len(), told.charged.len(), told.mailed.len());
    match end {
        End::Completed(done) => {
            assert_eq!(all, (1, 1, 1), "{end:?} {:?}", told.calls);
            assert!(told.charged.contains_key(&done.charged));
        }
        End::RolledBack(_) => assert_eq!(all, (0, 0, 0), "{end:?} {:?}", told.calls),
        _ => panic!("{end:?}"),
    }
}

#[tokio::test]
async fn an_order_is_whole_whatever_crashes() {
    let crashes = CrashTest::<PlaceOrder>::of(order).run(|| World::failing(&[]), whole).await;
    assert!(crashes.runs > 300 && crashes.rolled_back > 50 && crashes.completed > 100, "{crashes}");
}

#[tokio::test]
async fn a_refused_order_leaves_nothing_whatever_crashes() {
    let poor = || World::failing(&[("charge", &["no money"; 9]), ("release", &["locked"; 2])]);
    let crashes = CrashTest::<PlaceOrder>::of(order).run(poor, |world, end| {
        whole(world, end);
        assert!(matches!(end, End::RolledBack(_)), "{end:?}");
    });
    assert!(crashes.await.runs > 300);
}

/// The test finds what it is there to find.
#[tokio::test]
#[should_panic(expected = "left: (")]
async fn an_undo_that_ignores_what_may_have_happened_is_found() {
    let lazy = || World::lazy();
    CrashTest::<PlaceOrder>::of(order).run(lazy, whole).await;
}
