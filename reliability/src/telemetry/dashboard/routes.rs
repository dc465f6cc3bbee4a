//! What is answered to whom.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::convert::Infallible;
use std::net::IpAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, REFERRER_POLICY,
    RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use futures_util::stream;
use serde_json::{Value, json};

use super::connections::Places;
use super::frame::Frames;
use super::{DashboardBuilder, NotDone, panel};

#[derive(Clone)]
struct Page {
    settings: Arc<DashboardBuilder>,
    frames: Frames,
    /// Those who may follow events.
    places: Arc<Places>,
}

/// An order is three short words.
const LARGEST_ORDER: usize = 4096;

pub(super) fn router(settings: Arc<DashboardBuilder>, frames: Frames) -> Router {
    let places = Arc::new(Places::new(settings.clients));
    let file = |kind: &'static str, text: &'static str| {
        get(move || async move { ([(CONTENT_TYPE, kind)], text) })
    };
    let script = |text| file("text/javascript; charset=utf-8", text);
    Router::new()
        .route("/", file("text/html; charset=utf-8", include_str!("assets/index.html")))
        .route("/page.css", file("text/css; charset=utf-8", include_str!("assets/page.css")))
        .route("/page.js", script(include_str!("assets/page.js")))
        .route("/dom.js", script(include_str!("assets/dom.js")))
        .route("/numbers.js", script(include_str!("assets/numbers.js")))
        .route("/traces.js", script(include_str!("assets/traces.js")))
        .route("/widgets.js", script(include_str!("assets/widgets.js")))
        .route("/icon.svg", file("image/svg+xml", include_str!("assets/icon.svg")))
        .route("/events", get(events))
        .route("/api/panels", get(panels))
        .route("/api/panels/{id}", get(one_panel))
        .route("/api/actions", post(act))
        .layer(DefaultBodyLimit::max(LARGEST_ORDER))
        .layer(from_fn(with_headers))
        .with_state(Page { settings, frames, places })
}

/// Nothing from elsewhere, nobody's frame, nothing kept.
async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers: [(HeaderName, &'static str); 5] = [
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Refuses requests that are meant for somebody else.
pub(super) fn own_names_only(router: Router, settings: Arc<DashboardBuilder>) -> Router {
    router.layer(from_fn_with_state(settings, own_name))
}

async fn own_name(
    State(settings): State<Arc<DashboardBuilder>>,
    request: Request,
    next: Next,
) -> Response {
    let name = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .map_or_else(String::new, |host| without_port(host).to_lowercase());
    if is_own(&name, &settings.hosts) {
        return next.run(request).await;
    }
    let told = format!(
        "`{name}` is not a name of this page; to reach it so, write \
         `Dashboard::builder().host(\"{name}\")`"
    );
    (StatusCode::MISDIRECTED_REQUEST, told).into_response()
}

fn without_port(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.split(':').next().unwrap_or(host),
    }
}

/// Numbers cannot be rebound to another address.
fn is_own(name: &str, hosts: &[String]) -> bool {
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok()
        || hosts.iter().any(|host| host == name)
}

async fn events(State(page): State<Page>) -> Response {
    let Some(place) = page.places.take() else {
        let told = "As many are looking as may. Close another page, or ask for `api/panels`.";
        let again = [(RETRY_AFTER, "5")];
        return (StatusCode::SERVICE_UNAVAILABLE, again, told).into_response();
    };
    let following = (page.frames.follow(), place);
    let frames = stream::unfold(following, |(mut following, place)| async move {
        let frame = following.next().await?;
        let event = Bytes::from(format!("event: frame\ndata: {}\n\n", frame.text));
        Some((Ok::<_, Infallible>(event), (following, place)))
    });
    ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(frames)).into_response()
}

async fn panels(State(page): State<Page>) -> Response {
    let frame = page.frames.latest();
    ([(CONTENT_TYPE, JSON)], frame.text.to_string()).into_response()
}

const JSON: &str = "application/json";

async fn one_panel(State(page): State<Page>, Path(id): Path<String>) -> Response {
    let frame = page.frames.latest();
    let all = frame.value["panels"].as_array();
    match all.into_iter().flatten().find(|panel| panel["id"] == *id) {
        Some(panel) => ([(CONTENT_TYPE, JSON)], panel.to_string()).into_response(),
        None => {
            let known: alloc::vec::Vec<&str> =
                all.into_iter().flatten().filter_map(|panel| panel["id"].as_str()).collect();
            let told = format!("no panel has the id `{id}`; there are {}", known.join(", "));
            answer(StatusCode::NOT_FOUND, &told)
        }
    }
}

fn answer(status: StatusCode, message: &str) -> Response {
    let text = json!({ "message": message }).to_string();
    (status, [(CONTENT_TYPE, JSON)], text).into_response()
}

async fn act(State(page): State<Page>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(token) = &page.settings.operators else {
        let told = "This page only shows: `Dashboard::builder().operators(token)` was not set.";
        return answer(StatusCode::FORBIDDEN, told);
    };
    let given = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if !given.and_then(|given| given.strip_prefix("Bearer ")).is_some_and(|it| token.is(it)) {
        let mut refused = answer(StatusCode::UNAUTHORIZED, "That is not the operators' token.");
        refused.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        return refused;
    }
    let order: Value = serde_json::from_slice(&body).unwrap_or_default();
    let word = |name: &str| order[name].as_str();
    let (Some(id), Some(row), Some(action)) = (word("panel"), word("row"), word("action")) else {
        let told = r#"expected {"panel": "..", "row": "..", "action": ".."}"#;
        return answer(StatusCode::BAD_REQUEST, told);
    };
    match carry_out(id, row, action) {
        Ok(done) => answer(StatusCode::OK, &done),
        Err(why) => answer(StatusCode::UNPROCESSABLE_ENTITY, &why.to_string()),
    }
}

/// Orders leave a trace, whoever gave them.
fn carry_out(id: &str, row: &str, action: &str) -> Result<String, NotDone> {
    let mut outcome = Err(NotDone::new(format!("no panel has the id `{id}`")));
    panel::for_each(|panel| {
        if panel.id() == id {
            outcome = panel.act(row, action);
        }
    });
    tracing::event!(
        name: "reliability.dashboard.ordered",
        target: "reliability",
        tracing::Level::WARN,
        reliability.dashboard.panel = id,
        reliability.dashboard.row = row,
        reliability.dashboard.action = action,
        reliability.dashboard.done = outcome.is_ok(),
        "an operator gave an order",
    );
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_and_numbers_are_answered() {
        let hosts = ["status.example".to_string()];
        let own = |host: &str| is_own(&without_port(host).to_lowercase(), &hosts);
        for host in ["localhost:80", "127.0.0.1:9090", "[::1]:9090", "10.0.0.7", "Status.Example"] {
            assert!(own(host), "{host}");
        }
        for host in ["", "evil.example:9090", "127.0.0.1.evil.example", "localhost.evil.example"] {
            assert!(!own(host), "{host}");
        }
    }
}
