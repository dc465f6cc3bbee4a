use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::error::Error;
use core::fmt;
use core::time::Duration;
use std::thread;

use crate::error::Invalid;
use crate::json::Text;
use crate::sre::slo::timeline::unix_seconds;
use crate::sre::{Decision, DecisionKind, Notify};

/// Posts each decision as JSON to an address, with the client of `reqwest`.
///
/// Whatever answers with a status from 200 to 299 has been told; all else is
/// [told again](Notify). For an address with `https` let your own dependency on `reqwest` bring
/// the TLS that you want.
///
/// ```json
/// {"text":"checkout/availability: page: burn > 14.4 over 1h and 5m; 93.1% of the budget left",
///  "slo":"checkout","objective":"availability","kind":"fired","severity":"page","urgent":true,
///  "budget_left_percent":93.056,"unix_seconds":1793491260}
/// ```
///
/// Several chats show `text` as it stands.
///
/// # Examples
///
/// ```no_run
/// use reliability::sre::{Watch, Webhook};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let watch = Watch::builder().notify(Webhook::new("http://pager.internal/hook")?).start()?;
/// # drop(watch);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Webhook {
    client: reqwest::Client,
    url: reqwest::Url,
}

/// From the first byte sent to the last one received.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Webhook {
    /// A hook at that address, `http` or `https`, which has five seconds to answer.
    ///
    /// # Errors
    ///
    /// [`Invalid`] when that is no such address, or the client cannot be made.
    pub fn new(url: &str) -> Result<Self, Invalid> {
        let parsed = reqwest::Url::parse(url).ok();
        let parsed = parsed.filter(|parsed| ["http", "https"].contains(&parsed.scheme()));
        let parsed = parsed.ok_or_else(|| {
            Invalid::new(
                "webhook",
                "url",
                "an address with http or https",
                alloc::format!("`{url}`"),
            )
            .with_advice("write such as `http://pager.internal/hook`")
        })?;
        // No kept connections: there may be hours between two decisions, and each is sent by a runtime
        // of its own.
        let client = reqwest::Client::builder().timeout(TIMEOUT).pool_max_idle_per_host(0);
        let client = client.build().map_err(|error| {
            Invalid::new("webhook", "client", "one that can be made", error)
                .with_advice("look at what `reqwest` says")
        })?;
        Ok(Self { client, url: parsed })
    }

    /// On a thread of its own, because whoever looks by hand may stand in a runtime already.
    fn post(&self, body: String) -> Result<(), Box<dyn Error + Send + Sync>> {
        let send = move || -> Result<(), Box<dyn Error + Send + Sync>> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let request = self.client.post(self.url.clone()).body(body);
            let request = request.header("content-type", "application/json");
            runtime.block_on(async { request.send().await?.error_for_status() })?;
            Ok(())
        };
        thread::scope(|scope| match scope.spawn(send).join() {
            Ok(sent) => sent,
            Err(_) => Err("the client panicked".into()),
        })
    }
}

impl Notify for Webhook {
    fn notify(&self, decision: &Decision) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.post(Body(decision).to_string())
    }
}

/// A decision as JSON.
struct Body<'a>(&'a Decision);

impl fmt::Display for Body<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(decision) = self;
        let (kind, detail) = match &decision.kind {
            DecisionKind::Fired(alert) => ("fired", Some(("severity", alert.urgency.to_string()))),
            DecisionKind::Ended(alert) => ("ended", Some(("severity", alert.urgency.to_string()))),
            DecisionKind::Turned { to, .. } => ("turned", Some(("stance", to.to_string()))),
            DecisionKind::Exempted(why) => ("exempted", Some(("why", why.clone()))),
            DecisionKind::Lost(why) => ("lost", Some(("why", why.clone()))),
        };
        write!(f, r#"{{"text":{},"slo":{}"#, Text(&decision.to_string()), Text(&decision.slo))?;
        if let Some(objective) = &decision.objective {
            write!(f, r#","objective":{}"#, Text(objective))?;
        }
        write!(f, r#","kind":"{kind}""#)?;
        if let Some((key, value)) = detail {
            write!(f, r#","{key}":{}"#, Text(&value))?;
        }
        write!(f, r#","urgent":{}"#, decision.is_urgent())?;
        if let Some(remaining) = decision.remaining {
            write!(f, r#","budget_left_percent":{:.3}"#, 100.0 * remaining)?;
        }
        write!(f, r#","unix_seconds":{}}}"#, unix_seconds(decision.at))
    }
}

#[cfg(all(test, not(reliability_loom)))]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use std::io::{self, Read, Write};
    use std::net::TcpListener;
    use std::time::UNIX_EPOCH;

    fn decision() -> Decision {
        Decision {
            at: UNIX_EPOCH + Duration::from_secs(60),
            slo: "check\"out".into(),
            objective: None,
            kind: DecisionKind::Exempted("a fix\n".into()),
            remaining: Some(-0.5),
        }
    }

    const BODY: &str = concat!(
        r#"{"text":"check\"out: let through: a fix\n; -50.0% of the budget left","#,
        r#""slo":"check\"out","kind":"exempted","why":"a fix\n","urgent":false,"#,
        r#""budget_left_percent":-50.000,"unix_seconds":60}"#,
    );

    type Served = thread::JoinHandle<io::Result<Vec<String>>>;

    /// Answers one request with each of these statuses; the requests it got.
    fn server(statuses: &'static [u16]) -> io::Result<(String, Served)> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = alloc::format!("http://{}/hook", listener.local_addr()?);
        let serve = move || {
            let serve_one = |status: &u16| {
                let (mut stream, _) = listener.accept()?;
                let (mut got, mut part) = (Vec::new(), [0; 4_096]);
                while !got.ends_with(b"}") {
                    let read = stream.read(&mut part)?;
                    got.extend_from_slice(&part[..read]);
                }
                write!(stream, "HTTP/1.1 {status} x\r\ncontent-length: 0\r\n\r\n")?;
                Ok(String::from_utf8_lossy(&got).into_owned())
            };
            statuses.iter().map(serve_one).collect()
        };
        Ok((url, thread::spawn(serve)))
    }

    #[tokio::test]
    async fn a_decision_is_posted_and_only_a_success_is_told() {
        let (url, server) = server(&[200, 503]).unwrap();
        let webhook = Webhook::new(&url).unwrap();
        // Also from within a runtime.
        assert!(webhook.notify(&decision()).is_ok());
        assert!(webhook.notify(&decision()).is_err());
        let requests = server.join().unwrap().unwrap();
        for request in requests {
            assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
            assert!(request.contains("content-type: application/json"), "{request}");
            assert!(request.ends_with(BODY), "{request}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in ["", "pager", "ftp://pager/hook"] {
            let refused = Webhook::new(url).unwrap_err().to_string();
            assert!(refused.contains(url), "{refused}");
        }
    }
}
