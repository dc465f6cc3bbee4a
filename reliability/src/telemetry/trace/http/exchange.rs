use alloc::boxed::Box;

use http::{HeaderMap, Method, StatusCode, Uri, Version};

use super::super::{Context, Fields, Kind, OpenSpan, span};
use super::describe::{self, OTHER};
use super::durations::{HTTP_CLIENT, HTTP_SERVER, RPC_CLIENT, RPC_SERVER};
use super::grpc::{self, Code};
use super::methods;
use crate::time::{Clock, Instant};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// What is known of a request before it is on its way.
#[derive(Debug)]
pub(super) struct About {
    pub(super) side: Side,
    /// Of those that have a name of their own.
    pub(super) method: Option<&'static str>,
    pub(super) uri: Option<Uri>,
    pub(super) route: Option<Box<str>>,
    /// Where it is known: a client learns it from the answer.
    pub(super) version: Option<&'static str>,
    /// It is one of gRPC.
    pub(super) is_call: bool,
    /// Its duration is counted.
    pub(super) is_counted: bool,
}

/// A request under way: its span, and all that is to be said of it when it ends. Where nobody says
/// how it ended, it was dropped.
#[derive(Debug)]
pub struct Exchange {
    span: OpenSpan,
    context: Context,
    about: About,
    began: Option<Instant>,
    status: Option<StatusCode>,
    code: Option<Code>,
    has_ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// As the status or the code says.
    Told,
    /// With an error of that type, instead of an answer or in the middle of one.
    Broken(&'static str),
    Dropped,
    Panicked,
}

impl About {
    fn rpc_method(&self) -> Option<&str> {
        self.uri.as_ref().and_then(grpc::method)
    }

    fn address(&self) -> Option<&str> {
        self.uri.as_ref().and_then(describe::address)
    }

    fn port(&self) -> Option<u16> {
        self.uri.as_ref().and_then(describe::port)
    }

    fn describe(&self, method: &Method, fields: &mut Fields) {
        if self.is_call {
            fields.add("rpc.system.name", "grpc");
            fields.text("rpc.method", self.rpc_method().unwrap_or(OTHER));
        } else {
            fields.add("http.request.method", self.method.unwrap_or(OTHER));
            if self.method.is_none() {
                fields.text("http.request.method_original", method.as_str());
            }
            if let Some(route) = &self.route {
                fields.text("http.route", route);
            }
        }
        if let Some(version) = self.version {
            fields.add("network.protocol.version", version);
        }
        if let Some(address) = self.address() {
            fields.text("server.address", address);
        }
        if let Some(port) = self.port() {
            fields.add("server.port", port);
        }
    }

    /// Semantic conventions, "Name" of HTTP spans and of RPC spans.
    fn begin(&self, method: &Method, more: impl FnOnce(&mut Fields)) -> OpenSpan {
        let short = if self.is_call { "grpc" } else { self.method.unwrap_or("HTTP") };
        let kind = match self.side {
            Side::Server => Kind::Server,
            Side::Client => Kind::Client,
        };
        let span = span(short).kind(kind).fields(|fields| {
            self.describe(method, fields);
            more(fields);
        });
        let span = span.begin();
        match (self.is_call.then(|| self.rpc_method()).flatten(), &self.route) {
            (Some(method), _) => span.rename(method),
            (None, Some(route)) => span.rename_to(format_args!("{short} {route}")),
            (None, None) => {}
        }
        span
    }

    fn count(&self, status: Option<StatusCode>, code: Option<Code>, error: Option<&str>) -> Series {
        let status = status.map(|status| status.as_u16());
        let (method, version) = (self.method.unwrap_or(OTHER), self.version);
        let name = code.map(Code::name);
        let (address, port) = (self.address(), self.port());
        match (self.is_call, self.side) {
            (false, Side::Server) => {
                let scheme = self.uri.as_ref().map(describe::scheme);
                let route = self.route.as_deref();
                HTTP_SERVER.with((method, scheme, route, status, version, error))
            }
            (false, Side::Client) => {
                HTTP_CLIENT.with((method, address, port, status, version, error))
            }
            (true, Side::Server) => {
                // Methods that there are not are as many as callers can think of.
                let known = self.rpc_method().filter(|method| methods::is_known(method, code));
                RPC_SERVER.with(("grpc", known.unwrap_or(OTHER), name, error))
            }
            (true, Side::Client) => {
                let method = self.rpc_method().unwrap_or(OTHER);
                RPC_CLIENT.with(("grpc", method, address, port, name, error))
            }
        }
    }
}

type Series = &'static crate::telemetry::metrics::Histogram;

impl Exchange {
    /// Begins in the context of the running code.
    pub(super) fn begin(about: About, method: &Method, more: impl FnOnce(&mut Fields)) -> Self {
        let span = about.begin(method, more);
        let context = span.context();
        let began = about.is_counted.then(|| Clock::precise().now());
        Self { span, context, about, began, status: None, code: None, has_ended: false }
    }

    /// Where all runs that belongs to it.
    pub(super) const fn context(&self) -> &Context {
        &self.context
    }

    /// The head of the answer has come.
    pub(super) fn head(&mut self, status: StatusCode, version: Version, headers: &HeaderMap) {
        self.status = Some(status);
        if self.about.side == Side::Client {
            self.about.version = describe::version(version);
        }
        if self.about.is_call {
            self.code = Code::of(headers).or_else(|| Code::of_status(status));
        }
    }

    /// Whether anything follows the head, whatever a handler has put there. (RFC 9110, section 6.4.1.)
    pub(super) fn has_body(&self) -> bool {
        let status = self.status.map(|status| status.as_u16());
        self.about.method != Some("HEAD") && !matches!(status, Some(100..=199 | 204 | 304))
    }

    /// Whether something comes behind the body without which nobody knows how it went, however long
    /// the body was said to be.
    pub(super) fn waits_for_trailers(&self) -> bool {
        self.about.is_call && self.code.is_none()
    }

    /// Trailers have come: they are the last of an answer.
    pub(super) fn trailers(&mut self, trailers: &HeaderMap) {
        if self.about.is_call {
            self.code = Code::of(trailers).or(self.code);
        }
        self.ended();
    }

    /// The answer is complete.
    pub(super) fn ended(&mut self) {
        // gRPC, "Responses": a call that ends without a status has none that is known.
        if self.about.is_call {
            self.code.get_or_insert(Code::UNKNOWN);
        }
        self.end(Ending::Told);
    }

    /// The head is all of the answer that is waited for.
    pub(super) fn ended_at_head(&mut self) {
        self.end(Ending::Told);
    }

    /// Instead of an answer, or of the rest of it, there is an error.
    #[cold]
    pub(super) fn broke<E>(&mut self) {
        self.end(Ending::Broken(describe::error_type::<E>()));
    }

    fn end(&mut self, ending: Ending) {
        if core::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let status = self.status;
        let error = match ending {
            Ending::Broken(error) => Some(error),
            Ending::Dropped => Some("cancelled"),
            Ending::Panicked => Some("panicked"),
            Ending::Told => self.error_told(&status),
        };
        self.tell(ending, error);
        if let Some(began) = self.began {
            let took = Clock::precise().now().saturating_duration_since(began);
            let series = self.about.count(status, self.code, error);
            // Inside, so that the trace is an example of the duration.
            self.span.in_scope(|| series.record_duration(took));
        }
        self.span.finish();
    }

    /// Semantic conventions for HTTP spans, "Status", and for gRPC: not all that a client did wrong
    /// is the server's fault.
    fn error_told<'s>(&self, status: &'s Option<StatusCode>) -> Option<&'s str> {
        let is_server = self.about.side == Side::Server;
        if self.about.is_call {
            let code = self.code?;
            let fails = if is_server { code.is_error_of_server() } else { code != Code::OK };
            return fails.then(|| code.name());
        }
        let status = status.as_ref()?;
        let fails = status.is_server_error() || (status.is_client_error() && !is_server);
        fails.then(|| status.as_str())
    }

    fn tell(&self, ending: Ending, error: Option<&str>) {
        self.span.add(|fields| {
            match (self.about.is_call, self.code, self.status) {
                (true, Some(code), _) => fields.add("rpc.response.status_code", code.name()),
                (false, _, Some(status)) => {
                    fields.add("http.response.status_code", status.as_u16());
                }
                _ => {}
            }
            if let (Side::Client, Some(version)) = (self.about.side, self.about.version) {
                fields.add("network.protocol.version", version);
            }
            if let Some(error) = error {
                fields.text("error.type", error);
            }
            match ending {
                Ending::Dropped => fields.add("reliability.ended", "cancelled"),
                Ending::Panicked => fields.add("reliability.ended", "panicked"),
                Ending::Told | Ending::Broken(_) => {}
            }
        });
        match (ending, error) {
            // No error: whoever dropped the call did not want its answer any more.
            (Ending::Dropped, _) | (_, None) => {}
            // What an attribute says is not said again.
            (Ending::Told, Some(_)) => self.span.fail(""),
            (Ending::Panicked, _) => self.span.fail("panicked"),
            (Ending::Broken(_), _) if self.status.is_none() => self.span.fail("no answer"),
            (Ending::Broken(_), _) => self.span.fail("the answer broke off"),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        if std::thread::panicking() {
            self.end(Ending::Panicked);
        } else {
            if self.about.is_call {
                self.code.get_or_insert(Code::CANCELLED);
            }
            self.end(Ending::Dropped);
        }
    }
}
