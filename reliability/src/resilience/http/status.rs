use http::StatusCode;

use super::{Request, Response, retry_after, write_retry_after};
use crate::error::{BadStatus, Reason, Rejected, class_of_status};

/// The answer, unless its status is an error, 400 or above.
///
/// As `error_for_status` of reqwest, with an error that knows its class and when to come back.
///
/// # Errors
///
/// [`BadStatus`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::Fault;
///
/// let busy = http::Response::builder().status(503).header("retry-after", "7").body(()).unwrap();
/// let error = reliability::resilience::http::ok(busy).unwrap_err();
/// assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
/// ```
pub fn ok<R: Response>(response: R) -> Result<R, BadStatus> {
    match class_of_status(response.status().as_u16()) {
        None => Ok(response),
        Some(_) => Err(of_response(&response)),
    }
}

/// The failure that an answer stands for: status 408, 425, 429, and 500 or above.
///
/// For [`classify_response`]. The other 4xx are proper answers to questions that were wrong; a
/// caller gets them, and neither breaker nor retry takes note.
///
/// [`classify_response`]: crate::resilience::tower::PolicyLayer::classify_response
///
/// # Examples
///
/// ```
/// use http::{Response, StatusCode};
/// use reliability::error::{Class, Fault};
/// use reliability::resilience::http::bad_status;
///
/// let busy = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE).body(())?;
/// assert_eq!(bad_status(&busy).map(|bad| bad.class()), Some(Class::Overloaded));
///
/// let missing = Response::builder().status(StatusCode::NOT_FOUND).body(())?;
/// assert_eq!(bad_status(&missing), None);
/// # Ok::<(), http::Error>(())
/// ```
pub fn bad_status<R: Response>(response: &R) -> Option<BadStatus> {
    let bad = matches!(response.status().as_u16(), 408 | 425 | 429 | 500..);
    bad.then(|| of_response(response))
}

fn of_response<R: Response>(response: &R) -> BadStatus {
    let status = BadStatus::new(response.status());
    match retry_after(response.headers()) {
        Some(after) => status.with_retry_after(after),
        None => status,
    }
}

/// The status with which a server says that it refused: 429 when a rate limit is used up, 504 when
/// time ran out, 503 otherwise.
///
/// # Examples
///
/// ```
/// use http::StatusCode;
/// use reliability::error::Reason;
/// use reliability::resilience::http::status_of;
///
/// assert_eq!(status_of(Reason::RateLimited), StatusCode::TOO_MANY_REQUESTS);
/// assert_eq!(status_of(Reason::TimedOut), StatusCode::GATEWAY_TIMEOUT);
/// assert_eq!(status_of(Reason::BulkheadFull), StatusCode::SERVICE_UNAVAILABLE);
/// ```
pub const fn status_of(reason: Reason) -> StatusCode {
    match reason {
        Reason::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Reason::TimedOut | Reason::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Reason::BreakerOpen
        | Reason::BulkheadFull
        | Reason::BudgetExhausted
        | Reason::ConcurrencyLimited
        | Reason::Shed
        | Reason::Degraded
        | Reason::Injected => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// The answer of a server that refuses: the status of [`status_of`], `Retry-After` where that is
/// known, and an empty body, for what policies a server has is nobody's business.
///
/// For [`map_rejected`](crate::resilience::tower::PolicyLayer::map_rejected).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use reliability::error::{Reason, Rejected};
/// use reliability::resilience::http::refuse;
///
/// let rejected = Rejected::new(Reason::BreakerOpen, "price").with_retry_after(Duration::from_secs(5));
/// let answer: http::Response<String> = refuse(rejected);
/// assert_eq!(answer.status(), 503);
/// assert_eq!(answer.headers()["retry-after"], "5");
/// ```
pub fn refuse<B: Default>(rejected: Rejected) -> http::Response<B> {
    let mut response = http::Response::new(B::default());
    *response.status_mut() = status_of(rejected.reason());
    if let Some(after) = rejected.retry_after() {
        write_retry_after(response.headers_mut(), after);
    }
    response
}

/// Whether making the request twice has the effect of making it once: its method says so (RFC 9110,
/// section 9.2.2), or it has an `Idempotency-Key`.
///
/// For [`idempotent_when`](crate::resilience::tower::PolicyLayer::idempotent_when).
///
/// # Examples
///
/// ```
/// use http::Request;
/// use reliability::resilience::http::is_idempotent;
///
/// assert!(is_idempotent(&Request::get("/tea").body(())?));
/// assert!(!is_idempotent(&Request::post("/orders").body(())?));
/// let named = Request::post("/orders").header("idempotency-key", "order-17").body(())?;
/// assert!(is_idempotent(&named));
/// # Ok::<(), http::Error>(())
/// ```
pub fn is_idempotent<R: Request>(request: &R) -> bool {
    request.method().is_idempotent() || request.headers().contains_key(super::IDEMPOTENCY_KEY)
}

/// A copy of all of a request but its body, and that body: for a request whose body cannot be
/// cloned, where it is known what it holds.
///
/// For [`idempotent_with`](crate::resilience::tower::PolicyLayer::idempotent_with):
///
/// ```
/// # use http::Request;
/// # struct Body(Option<u64>);
/// # impl Body { fn empty() -> Self { Body(Some(0)) } fn len(&self) -> Option<u64> { self.0 } }
/// use reliability::resilience::http::{copy_with_body, is_idempotent};
///
/// let copy = |request: &Request<Body>| {
///     let empty = request.body().len() == Some(0);
///     (empty && is_idempotent(request)).then(|| copy_with_body(request, Body::empty()))
/// };
/// assert!(copy(&Request::get("/tea").body(Body::empty()).unwrap()).is_some());
/// assert!(copy(&Request::post("/tea").body(Body::empty()).unwrap()).is_none());
/// ```
pub fn copy_with_body<A, B>(request: &http::Request<A>, body: B) -> http::Request<B> {
    let mut copy = http::Request::new(body);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    *copy.version_mut() = request.version();
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    copy
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests")]

    use super::*;
    use crate::error::Fault;
    use core::time::Duration;

    fn answer(status: u16) -> http::Response<()> {
        http::Response::builder().status(status).header("retry-after", "3").body(()).unwrap()
    }

    #[test]
    fn answers_below_400_are_as_asked_and_those_that_blame_the_caller_no_failures() {
        let table = [
            (204, true, false),
            (302, true, false),
            (404, false, false),
            (408, false, true),
            (425, false, true),
            (429, false, true),
            (500, false, true),
            (501, false, true),
            (599, false, true),
        ];
        for (status, fine, failure) in table {
            assert_eq!(ok(answer(status)).is_ok(), fine, "{status}");
            assert_eq!(bad_status(&answer(status)).is_some(), failure, "{status}");
        }
        assert_eq!(ok(answer(503)).unwrap_err().retry_after(), Some(Duration::from_secs(3)));
        assert_eq!(bad_status(&answer(500)).unwrap().retry_after(), Some(Duration::from_secs(3)));
    }

    #[test]
    fn every_refusal_has_a_status_that_clients_of_ours_understand_alike() {
        for reason in Reason::ALL {
            let answer: http::Response<()> = refuse(Rejected::new(reason, "stock"));
            assert_eq!(answer.headers().len(), 0, "{reason:?}");
            let understood = bad_status(&answer).unwrap().class();
            let expected = match reason {
                Reason::Injected => crate::error::Class::Overloaded,
                reason => reason.class(),
            };
            assert_eq!(understood, expected, "{reason:?}");
        }
    }

    #[test]
    fn a_request_is_idempotent_by_its_method_or_its_key() {
        let request = |method| http::Request::builder().method(method).uri("/").body(()).unwrap();
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"] {
            assert!(is_idempotent(&request(method)), "{method}");
        }
        for method in ["POST", "PATCH", "CONNECT", "BREW"] {
            let mut request = request(method);
            assert!(!is_idempotent(&request), "{method}");
            request.headers_mut().insert("idempotency-key", "order-17".parse().unwrap());
            assert!(is_idempotent(&request), "{method}");
        }
    }

    #[test]
    fn a_copy_has_everything_but_the_body() {
        let mut request = http::Request::put("/tea").header("accept", "text/plain").body("no");
        request.as_mut().unwrap().extensions_mut().insert(7_u32);
        let copy = copy_with_body(&request.unwrap(), 5);
        assert_eq!((copy.method().as_str(), copy.uri().path()), ("PUT", "/tea"));
        assert_eq!(copy.headers()["accept"], "text/plain");
        assert_eq!((copy.extensions().get::<u32>(), *copy.body()), (Some(&7), 5));
    }
}
