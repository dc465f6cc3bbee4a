use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::thread::{self, JoinHandle};

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::time::Clock;

/// No scraper says more.
const HEAD_MAX: usize = 8 * 1024;

/// One that says nothing, or does not read, keeps the others waiting for so long.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers `GET /metrics` at that address, as [`answer`](super::answer) does, until the server is
/// dropped.
///
/// One thread, one request after the other, because a scraper asks once in some seconds; a request has
/// two seconds and 8 KiB. It has no TLS and asks nobody who he is: bind it where only the scraper
/// comes, such as `127.0.0.1`.
///
/// # Errors
///
/// When the address cannot be bound, or no thread can be started.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use reliability::telemetry::prometheus;
///
/// let server = prometheus::serve("127.0.0.1:0")?;
/// let mut scraper = TcpStream::connect(server.address())?;
/// scraper.write_all(b"GET /metrics HTTP/1.1\r\nHost: shop\r\n\r\n")?;
/// let mut answer = String::new();
/// scraper.read_to_string(&mut answer)?;
/// assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn serve(address: impl ToSocketAddrs) -> io::Result<Server> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    let stopped = Arc::new(AtomicBool::new(false));
    let thread = {
        let stopped = Arc::clone(&stopped);
        let name = String::from("reliability-prometheus");
        thread::Builder::new().name(name).spawn(move || accept(&listener, &stopped))?
    };
    Ok(Server { address, stopped, thread: Some(thread) })
}

/// A server of metrics; made by [`serve`]. Dropping it ends it.
///
/// # Examples
///
/// See [`serve`].
#[derive(Debug)]
#[must_use = "dropping it ends the server"]
pub struct Server {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it listens: tells the port, where 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets it serve for as long as the process lives.
    pub fn forever(mut self) {
        self.thread = None;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.stopped.store(true, Ordering::Relaxed);
        let mut address = self.address;
        if address.ip().is_unspecified() {
            let here = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
            address.set_ip(here.parse().unwrap_or(address.ip()));
        }
        // Whoever waits for the next request gets one. If that fails, waiting for the thread would not
        // end.
        if TcpStream::connect_timeout(&address, PATIENCE).is_ok() {
            let _ = thread.join();
        }
    }
}

fn accept(listener: &TcpListener, stopped: &AtomicBool) {
    for stream in listener.incoming() {
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        match stream {
            // What goes wrong with one scraper is told to that one, by the connection.
            Ok(stream) => drop(respond(stream)),
            // Such as too many open files: it would be the same again at once.
            Err(_) => thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn respond(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut stream)?;
    let mut lines = head.lines();
    let mut request = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (request.next().unwrap_or_default(), request.next().unwrap_or_default());
    let path = path.split('?').next().unwrap_or_default();
    let (status, content_type, body) = match (method, path) {
        ("GET" | "HEAD", "/metrics") => {
            let (content_type, text) = super::answer(header(lines, "accept").as_deref());
            ("200 OK", content_type, text)
        }
        (_, "/metrics") => ("405 Method Not Allowed", "text/plain", "ask with GET\n".into()),
        _ => ("404 Not Found", "text/plain", "metrics are at /metrics\n".into()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes())?;
    }
    stream.flush()
}

/// All values of a header, as one.
fn header<'a>(lines: impl Iterator<Item = &'a str>, wanted: &str) -> Option<String> {
    let values = lines.filter_map(|line| line.split_once(':'));
    let values = values.filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    let values: Vec<_> = values.map(|(_, value)| value.trim()).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// Everything up to the empty line.
fn read_head(stream: &mut TcpStream) -> io::Result<String> {
    let clock = Clock::precise();
    let begun = clock.now();
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer)?;
        // One that says a letter a second is as bad as one that says nothing.
        let late = clock.now().saturating_duration_since(begun) > PATIENCE;
        if read == 0 || late || head.len() + read > HEAD_MAX {
            return Err(io::ErrorKind::InvalidData.into());
        }
        head.extend_from_slice(&buffer[..read]);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
