//! What can be said of a span: its kind, its result, its error, and what it is linked to.

use reliability::telemetry::trace::{self, Context, Current, Link, SpanId, TraceId};
use reliability::telemetry::traced;

struct Message {
    context: Context,
}

/// Values of all kinds that `tracing` takes.
#[traced(
    kind = consumer,
    skip_all,
    links = messages.iter().map(|message| &message.context),
    fields(count = messages.len(), first = %messages.len().min(1), ?hint, some = hint.is_some(), a.b = "c", r#type = 1.5)
)]
async fn consume(messages: &[Message], hint: Option<u8>) -> Result<usize, std::io::Error> {
    std::future::ready(()).await;
    Ok(messages.len())
}

#[traced(kind = client, err = debug, ret = debug)]
async fn debug(value: u8) -> Result<Vec<u8>, String> {
    Ok(vec![value])
}

#[traced(kind = server, err = display, ret = display)]
fn display(value: u8) -> Result<u8, String> {
    if value == 0 { Err("zero".into()) } else { Ok(value) }
}

struct Secret;

#[traced(kind = producer, err = hidden, ret)]
fn hidden(secret: u8) -> Result<Secret, Secret> {
    if secret == 0 { Err(Secret) } else { Ok(Secret) }
}

#[traced(kind = internal, links = [cause, trace::current()], ret)]
fn linked(cause: Option<Current>) -> impl Send + Clone {
    cause.is_some()
}

#[traced(links = Some(Link::new(trace, span)))]
fn by_ids(trace: TraceId, span: SpanId) {}

mod shadowing {
    #![allow(dead_code, non_camel_case_types)]

    pub enum Option {}
    pub enum Result {}
    pub struct Some;

    #[reliability::telemetry::traced(ret, links = [reliability::telemetry::trace::current()])]
    pub async fn inside(value: u8) -> ::core::result::Result<u8, u8> {
        ::core::result::Result::Ok(value)
    }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let messages = [Message { context: Context::empty() }];
    assert_eq!(is_send(consume(&messages, None)).await.unwrap(), 1);
    assert_eq!(is_send(debug(1)).await, Ok(vec![1]));
    assert!(display(0).is_err() && display(1).is_ok());
    assert!(hidden(0).is_err() && hidden(1).is_ok());
    let _clone = linked(trace::current()).clone();
    by_ids(TraceId::random(), SpanId::random());
    assert_eq!(shadowing::inside(2).await, Ok(2));
}
