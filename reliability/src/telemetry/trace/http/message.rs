use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};

/// A request that can be sent: of the crate `http`, which hyper and tonic take, and with the feature
/// `reqwest` of that.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::http::Outgoing;
///
/// fn describe<R: Outgoing>(request: &R) -> String {
///     let uri = request.uri().unwrap_or_default();
///     format!("{} {uri} with {} headers", request.method(), request.headers().len())
/// }
///
/// let request = http::Request::get("http://shop/tea").body(())?;
/// assert_eq!(describe(&request), "GET http://shop/tea with 0 headers");
/// # Ok::<(), http::Error>(())
/// ```
pub trait Outgoing: sealed::Message {
    /// How something is asked for.
    fn method(&self) -> &Method;
    /// What is asked for; `None` where it is not what a [`Uri`] can hold.
    fn uri(&self) -> Option<Uri>;
    /// Its headers.
    fn headers(&self) -> &HeaderMap;
    /// Its headers, to change.
    fn headers_mut(&mut self) -> &mut HeaderMap;
}

/// What comes back for an [`Outgoing`] request.
///
/// # Examples
///
/// ```
/// use reliability::telemetry::trace::http::Incoming;
///
/// fn describe<R: Incoming>(answer: &R) -> String {
///     format!("{:?} {} with {} headers", answer.version(), answer.status(), answer.headers().len())
/// }
///
/// assert_eq!(describe(&http::Response::new(())), "HTTP/1.1 200 OK with 0 headers");
/// ```
pub trait Incoming: sealed::Message {
    /// How it went.
    fn status(&self) -> StatusCode;
    /// By which version of HTTP.
    fn version(&self) -> Version;
    /// Its headers.
    fn headers(&self) -> &HeaderMap;
}

mod sealed {
    pub trait Message {}
    impl<B> Message for http::Request<B> {}
    impl<B> Message for http::Response<B> {}
    #[cfg(feature = "reqwest")]
    impl Message for reqwest::Request {}
    #[cfg(feature = "reqwest")]
    impl Message for reqwest::Response {}
}

impl<B> Outgoing for Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn uri(&self) -> Option<Uri> {
        Some(self.uri().clone())
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

impl<B> Incoming for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}

#[cfg(feature = "reqwest")]
impl Outgoing for reqwest::Request {
    fn method(&self) -> &Method {
        self.method()
    }

    fn uri(&self) -> Option<Uri> {
        self.url().as_str().parse().ok()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

#[cfg(feature = "reqwest")]
impl Incoming for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }

    fn headers(&self) -> &HeaderMap {
        self.headers()
    }
}
