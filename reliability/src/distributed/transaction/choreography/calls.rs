//! Calls of the users' functions, which may take for ever, or panic.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::catch_unwind;

/// `None` when it takes longer.
pub(super) async fn limited<T>(
    limit: Option<Duration>,
    body: impl Future<Output = T>,
) -> Option<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, body).await.ok(),
        None => Some(body.await),
    }
}

/// A panic of a handler is the failure of an attempt. The function is called when this is polled
/// first, so that its own panic is caught, too.
pub(super) fn caught<'a, T: 'a>(
    body: impl Future<Output = T> + Send + 'a,
    failed: impl Fn(String) -> T + Send + 'a,
) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
    let mut body = Box::pin(body);
    Box::pin(core::future::poll_fn(move |context| {
        let polled = catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<&str>().map(ToString::to_string);
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            Poll::Ready(failed(format!("it panicked: {}", said.unwrap_or_default())))
        })
    }))
}
