use http::{HeaderMap, Method, StatusCode};

/// A request of any HTTP library.
///
/// # Examples
///
/// ```
/// use http::Method;
/// use reliability::resilience::http::Request;
///
/// // For requests of `http` as well as of `reqwest`.
/// fn describe<R: Request>(request: &mut R) -> String {
///     request.headers_mut().remove("authorization");
///     format!("{} with {} headers", request.method(), request.headers().len())
/// }
///
/// let mut request = http::Request::builder()
///     .method(Method::PUT)
///     .header("authorization", "secret")
///     .header("accept", "text/plain")
///     .body(())?;
/// assert_eq!(describe(&mut request), "PUT with 1 headers");
/// # Ok::<(), http::Error>(())
/// ```
pub trait Request {
    /// What is asked for.
    fn method(&self) -> &Method;
    /// Its headers.
    fn headers(&self) -> &HeaderMap;
    /// Its headers, to change.
    fn headers_mut(&mut self) -> &mut HeaderMap;
}

impl<B> Request for http::Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

#[cfg(feature = "reqwest")]
impl Request for reqwest::Request {
    fn method(&self) -> &Method {
        self.method()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

/// An answer of any HTTP library.
///
/// # Examples
///
/// ```
/// use reliability::resilience::http::Response;
///
/// fn is_cached<R: Response>(response: &R) -> bool {
///     response.status().is_success() && response.headers().contains_key("age")
/// }
///
/// let response = http::Response::builder().header("age", "7").body(())?;
/// assert!(is_cached(&response));
/// # Ok::<(), http::Error>(())
/// ```
pub trait Response {
    /// How it went.
    fn status(&self) -> StatusCode;
    /// Its headers.
    fn headers(&self) -> &HeaderMap;
}

impl<B> Response for http::Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

#[cfg(feature = "reqwest")]
impl Response for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}
