//! `#[traced]`.

use reliability::resilience::resilient;
use reliability::telemetry::trace::Context;
use reliability::telemetry::traced;

use crate::fault::PriceError;

/// With everything.
#[traced(name = "order", level = debug, fields(order.id = id, who = %who.trim(), ?list), skip(secret))]
pub(crate) async fn order(
    id: u32,
    who: &str,
    list: &[u8],
    secret: String,
    opaque: fn(u8) -> u8,
) -> Result<usize, PriceError> {
    let one = usize::from(core::future::ready(opaque(1)).await);
    if secret.is_empty() {
        Err(PriceError::Unknown)
    } else {
        Ok(one.max(who.len()).max(list.len()))
    }
}

/// With everything else.
#[traced(kind = consumer, err = debug, ret = display, links = causes, metrics, skip_all)]
pub(crate) fn consume(causes: &[Context]) -> Result<usize, PriceError> {
    if causes.is_empty() { Ok(0) } else { Err(PriceError::Lost) }
}

/// Sync, without a result.
#[traced]
pub(crate) fn tick(count: &mut u32) {
    *count = count.wrapping_add(1);
}

/// In one stack with the other attribute.
#[traced(skip_all)]
#[resilient(retry(backoff = constant("1ms")), idempotent)]
pub(crate) async fn flaky(calls: &mut u32, name: String) -> Result<String, PriceError> {
    *calls = calls.wrapping_add(1);
    core::future::ready(()).await;
    if *calls < 3 { Err(PriceError::Lost) } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn functions_do_their_work() {
        assert!(matches!(order(1, "me", &[1], "s".into(), |byte| byte).await, Ok(2)));
        assert!(order(1, "me", &[1], String::new(), |byte| byte).await.is_err());
        assert!(matches!(consume(&[]), Ok(0)));
        let mut calls = 0;
        tick(&mut calls);
        assert!(matches!(flaky(&mut calls, "n".into()).await.as_deref(), Ok("n")));
        assert_eq!(calls, 3);
    }
}
