use alloc::string::String;
use core::fmt::Write as _;

use http::header::{HeaderName, HeaderValue};

use super::{DeadlineHeader, Request};
use crate::resilience::IdempotencyKey;

/// The header that carries an [`IdempotencyKey`], of the IETF draft "The Idempotency-Key HTTP
/// Header Field".
///
/// # Examples
///
/// See [`idempotency_key`].
pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Writes what the running call has for the one that it is about to make: what is left of its
/// deadline, and its idempotency key.
///
/// To be called inside the attempt: each attempt has less time left than the one before.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use http::Request;
/// use reliability::error::Rejected;
/// use reliability::resilience::{Policy, http::propagate};
///
/// let policy = Policy::builder("orders").deadline(Duration::from_secs(3)).build()?;
/// let request = policy
///     .call(|| async {
///         let mut request = Request::new(());
///         propagate(&mut request);
///         Ok::<_, Rejected>(request)
///     })
///     .await?;
/// assert!(request.headers().contains_key("x-envoy-expected-rq-timeout-ms"));
/// # Ok(())
/// # }
/// ```
pub fn propagate<R: Request>(request: &mut R) {
    DeadlineHeader::default().write(request.headers_mut());
    write_idempotency_key(request);
}

/// Writes [`IdempotencyKey::current`], if there is one and the request has none yet.
///
/// A key that is not fit for a header, for it holds line breaks or the like, is written in
/// hexadecimal after `hex-`. It is never left out: the other side would take each attempt for a
/// call of its own.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), reliability::error::Rejected> {
/// use http::Request;
/// use reliability::error::Rejected;
/// use reliability::resilience::http::write_idempotency_key;
/// use reliability::resilience::resilient;
///
/// #[resilient(retry(attempts = 3), idempotency_key = format!("order-{order}"))]
/// async fn place(order: u64) -> Result<Request<()>, Rejected> {
///     let mut request = Request::new(());
///     write_idempotency_key(&mut request);
///     // ... send it ...
///     Ok(request)
/// }
///
/// assert_eq!(place(17).await?.headers()["idempotency-key"], "order-17");
/// # Ok(())
/// # }
/// ```
pub fn write_idempotency_key<R: Request>(request: &mut R) {
    if request.headers().contains_key(IDEMPOTENCY_KEY) {
        return;
    }
    if let Some(value) = IdempotencyKey::current().and_then(|key| key_value(key.as_str())) {
        request.headers_mut().insert(IDEMPOTENCY_KEY, value);
    }
}

/// The key that a request came with.
///
/// For [`idempotency_key`](crate::resilience::tower::PolicyLayer::idempotency_key).
///
/// # Examples
///
/// ```
/// use http::Request;
/// use reliability::resilience::http::{IDEMPOTENCY_KEY, idempotency_key};
///
/// let request = Request::post("/orders").header(IDEMPOTENCY_KEY, "order-17").body(())?;
/// assert_eq!(idempotency_key(&request).map(|key| key.to_string()), Some("order-17".to_owned()));
/// assert!(idempotency_key(&Request::new(())).is_none());
/// # Ok::<(), http::Error>(())
/// ```
pub fn idempotency_key<R: Request>(request: &R) -> Option<IdempotencyKey> {
    let value = request.headers().get(IDEMPOTENCY_KEY)?;
    core::str::from_utf8(value.as_bytes()).ok().map(IdempotencyKey::new)
}

/// Spaces at the ends would be lost on the way.
fn key_value(key: &str) -> Option<HeaderValue> {
    let plain = key.trim_ascii() == key && !key.is_empty();
    let value = HeaderValue::from_bytes(key.as_bytes()).ok().filter(|_| plain);
    value.or_else(|| {
        let mut hex = String::from("hex-");
        for byte in key.bytes() {
            write!(hex, "{byte:02x}").ok()?;
        }
        HeaderValue::try_from(hex).ok()
    })
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn keys_that_a_header_cannot_hold_are_written_in_hexadecimal() {
        assert_eq!(key_value("order-17").unwrap(), "order-17");
        assert_eq!(
            key_value("Bestellung für 17").unwrap().as_bytes(),
            "Bestellung für 17".as_bytes()
        );
        assert_eq!(
            key_value("a\r\nSet-Cookie: b").unwrap(),
            "hex-610d0a5365742d436f6f6b69653a2062"
        );
        assert_eq!(key_value(" a").unwrap(), "hex-2061");
        assert_eq!(key_value("").unwrap(), "hex-");
    }

    #[test]
    fn a_key_that_the_request_has_stays() {
        let mut request = http::Request::post("/").header("idempotency-key", "mine").body(());
        let request = request.as_mut().unwrap();
        propagate(request);
        assert_eq!(idempotency_key(request), Some(IdempotencyKey::new("mine")));
    }

    proptest! {
        #[test]
        fn every_key_is_written_and_no_two_alike(keys in prop::collection::vec(".*|[ab\n]*", 0..20)) {
            let mut written = HashMap::new();
            for key in keys {
                let value = key_value(&key).unwrap();
                let earlier = written.insert(value.as_bytes().to_vec(), key.clone());
                prop_assert!(earlier.is_none_or(|earlier| earlier == key));
            }
        }
    }
}
