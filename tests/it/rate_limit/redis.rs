//! A quota shared through a Redis server of the test's own: on a free port, in a folder of its own,
//! and killed when the test says so.

mod in_policies;
mod turns;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reliability::resilience::rate_limit::redis::{RedisRateLimit, WhileAway};
use reliability::resilience::rate_limit::{Decision, Quota};
use reliability::resilience::registry;
use reliability::telemetry;
use reliability::time::ManualClock;

use crate::policy::events::{assert_as_documented, heard_of};

struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    fn start() -> Self {
        // Free at this moment; who is given it meanwhile makes the test fail to start, not to pass.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        Self::on(port)
    }

    fn on(port: u16) -> Self {
        let folder =
            std::env::temp_dir().join(format!("reliability-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir"])
            .arg(&folder)
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server: `apt-get install redis-server`");
        let says = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert!(
            says.into_iter().any(|line| line.contains("Ready to accept connections")),
            "the server did not start",
        );
        Self { process, folder, port }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What the server answers, line by line, to something that is said to it by hand.
    fn say(&self, words: &[&str]) -> Vec<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let said: String = words.iter().map(|it| format!("${}\r\n{it}\r\n", it.len())).collect();
        write!(stream, "*{}\r\n{said}", words.len()).unwrap();
        // It closes the connection when it is told so, and then everything has been read.
        stream.write_all(b"QUIT\r\n").unwrap();
        BufReader::new(stream).lines().map(Result::unwrap).collect()
    }

    /// The server's clock, in microseconds, as the script counts them.
    fn now(&self) -> f64 {
        let lines = self.say(&["TIME"]);
        let number = |line: usize| lines[line].parse::<f64>().unwrap();
        (number(2) - 1_750_000_000.0) * 1e6 + number(4)
    }

    /// As `kill -9` does.
    fn kill(mut self) -> u16 {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.port
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A loaded machine is slow, which is not what is tested.
const PATIENCE: Duration = Duration::from_secs(20);

fn limit(server: &str, quota: Quota, while_away: WhileAway) -> (RedisRateLimit, ManualClock) {
    let manual = ManualClock::new();
    let built = RedisRateLimit::builder("api", server)
        .quota(quota)
        .while_away(while_away)
        .timeout(PATIENCE)
        .clock(manual.clock());
    (built.build().unwrap(), manual)
}

async fn allowed(limit: &RedisRateLimit, times: u32) -> u32 {
    let mut allowed = 0;
    for _ in 0..times {
        allowed += u32::from(limit.check().await.is_allowed());
    }
    allowed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_one_quota() {
    let server = Server::start();
    let quota = Quota::per_day(40);
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            // Each has a connection of its own, as processes have.
            let (limit, _) = limit(&server.url(), quota, WhileAway::Refuse);
            tokio::spawn(async move { (allowed(&limit, 30).await, limit.calls_away()) })
        })
        .collect();
    let mut total = 0;
    for task in tasks {
        let (allowed, calls_away) = task.await.unwrap();
        assert_eq!(calls_away, 0);
        total += allowed;
    }
    assert_eq!(total, 40);
}

#[tokio::test]
async fn who_asks_first_makes_the_one_connection() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_day(40), WhileAway::Refuse);
    let local = tokio::task::LocalSet::new();
    for _ in 0..20 {
        let limit = limit.clone();
        local.spawn_local(async move { assert!(limit.check().await.is_allowed()) });
    }
    local.await;
    assert_eq!(limit.check_n(20).await.unwrap(), Decision::Allowed { remaining: 0 });
    assert_eq!(limit.calls_away(), 0);
    let stats = server.say(&["INFO", "stats"]);
    let connections = stats.iter().find_map(|it| it.strip_prefix("total_connections_received:"));
    assert_eq!(connections, Some("2"), "the limit's, and the one that asks for this number");
}

#[tokio::test]
async fn the_server_says_what_is_left_and_when_to_come_back() {
    let server = Server::start();
    let (limit, _) = limit(&server.url(), Quota::per_day(24), WhileAway::Refuse);
    assert_eq!(limit.check_n(20).await.unwrap(), Decision::Allowed { remaining: 4 });
    let Decision::Limited { retry_after } = limit.check_n(5).await.unwrap() else {
        panic!("five of four");
    };
    let hour = Duration::from_secs(3600);
    assert!(retry_after <= hour && retry_after > hour - PATIENCE, "{retry_after:?}");
    assert_eq!(limit.check_n(4).await.unwrap(), Decision::Allowed { remaining: 0 });
    assert_eq!(limit.check_n(25).await.unwrap_err().setting(), "permits");
    assert!(limit.check_key("tenant").await.is_allowed(), "a key has a quota of its own");
    assert!(limit.try_acquire().await.is_err());
    assert!(!limit.is_away());
}

#[tokio::test]
async fn when_the_server_is_killed_each_decides_for_itself_or_nobody_does() {
    let server = Server::start();
    let local = WhileAway::Local(Quota::per_day(3));
    let (alone, alone_time) = limit(&server.url(), Quota::per_day(10), local);
    let (strict, strict_time) = limit(&server.url(), Quota::per_day(10), WhileAway::Refuse);
    assert_eq!((allowed(&alone, 2).await, allowed(&strict, 2).await), (2, 2));

    let port = server.kill();
    assert_eq!((allowed(&alone, 9).await, allowed(&strict, 9).await), (3, 0));
    assert!(alone.is_away() && strict.is_away());
    assert_eq!((alone.calls_away(), strict.calls_away()), (9, 9));
    let retry_after = Some(RedisRateLimit::PROBE_EVERY);
    assert_eq!(strict.check().await.retry_after(), retry_after);

    // Nobody asks the server before it is time, and then it is asked again.
    let server = Server::on(port);
    assert_eq!(allowed(&strict, 3).await, 0);
    for time in [&alone_time, &strict_time] {
        time.advance(RedisRateLimit::PROBE_EVERY);
    }
    assert_eq!(allowed(&strict, 6).await, 6, "the new server knows of nothing that was used");
    assert_eq!(allowed(&alone, 9).await, 4);
    assert!(!alone.is_away() && !strict.is_away());
    drop(server);
}

#[tokio::test]
async fn it_is_listed_shown_and_changed_by_name() {
    let server = Server::start();
    let limit = RedisRateLimit::builder("shown-in-redis", server.url()).quota(Quota::per_day(10));
    let limit = limit.timeout(PATIENCE).clock(ManualClock::new().clock()).build().unwrap();
    assert_eq!(limit.check_n(4).await.unwrap(), Decision::Allowed { remaining: 6 });
    let found = registry::find_rate_limit("shown-in-redis").unwrap();
    let change = |quota, wait| {
        registry::reconfigure_rate_limit("shown-in-redis", |settings| {
            (settings.quota, settings.wait) = (quota, wait);
        })
    };
    change(Quota::per_day(20), None).unwrap();
    assert_eq!(limit.check_n(16).await.unwrap(), Decision::Allowed { remaining: 0 });
    assert_eq!(change(Quota::per_day(0), None).unwrap_err().setting(), "quota");
    assert_eq!(
        change(Quota::per_day(30), Some(Duration::from_secs(3601))).unwrap_err().setting(),
        "wait"
    );
    assert_eq!(found.settings().quota, Quota::per_day(20));

    server.kill();
    assert_eq!(allowed(&limit, 3).await, 0);
    let seen = telemetry::snapshot();
    let seen = seen.rate_limits.iter().find(|it| it.name == "shown-in-redis").unwrap();
    assert_eq!((seen.permits, seen.remaining, seen.rejected, seen.keys), (20, 0, 3, None));
    let store = seen.store.unwrap();
    assert!(store.away && store.calls_away == 3, "{store:?}");
    let table = telemetry::snapshot().to_string();
    let told = "THE STORE IS AWAY of rate limit shown-in-redis: 3 calls were decided without it";
    assert!(table.lines().any(|line| line == told), "{table}");
}

async fn leave_and_come_back() {
    let server = Server::start();
    let local = WhileAway::Local(Quota::per_day(3));
    let (limit, time) = limit(&server.url(), Quota::per_day(10), local);
    assert_eq!(allowed(&limit, 2).await, 2);
    let port = server.kill();
    assert_eq!(allowed(&limit, 5).await, 3);
    let server = Server::on(port);
    time.advance(RedisRateLimit::PROBE_EVERY);
    assert_eq!(allowed(&limit, 2).await, 2);
    drop(server);
}

#[tokio::test]
async fn it_tells_once_that_the_server_is_away_and_once_that_it_is_back() {
    let heard = heard_of(leave_and_come_back).await;
    let [(_, away), (_, back)] = heard.as_slice() else { panic!("{} events", heard.len()) };
    assert_eq!(away["reliability.rate_limit.name"], "api");
    assert_eq!(away["reliability.rate_limit.while_away"], "local");
    assert!(!away["reliability.error"].is_empty());
    assert_eq!(back["reliability.rate_limit.away_calls"], "5");
    assert_as_documented(&heard, |event| event.starts_with("reliability.rate_limit."));
}

#[tokio::test]
async fn a_server_that_was_never_there_is_no_reason_to_fail() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}/", free.local_addr().unwrap());
    drop(free);
    let (limit, _) = limit(&url, Quota::per_day(10), WhileAway::Local(Quota::per_day(2)));
    assert_eq!(allowed(&limit, 5).await, 2);
}

/// Accepts each connection and answers whatever it is told so, without reading it.
async fn impostor(answer: &'static [u8]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            stream.writable().await.unwrap();
            assert_eq!(stream.try_write(answer).unwrap(), answer.len());
            open.push(stream);
        }
    });
    url
}

/// The clock is paused: when nobody has anything to do, the timeout is over.
#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_or_answers_nonsense_is_one_that_is_away() {
    let answers: [&[u8]; 7] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        b"*2\r\n:1\r\n:-1\r\n*2\r\n:1\r\n:-1\r\n*2\r\n:1\r\n:-1\r\n",
        b"*5\r\n:1\r\n:-1\r\n:0\r\n$1\r\n0\r\n$1\r\n0\r\n",
        b"*2\r\n:300\r\n:1\r\n*2\r\n:300\r\n:1\r\n*2\r\n:300\r\n:1\r\n",
        b"\xff\x00\xff",
    ];
    for answer in answers {
        let url = impostor(answer).await;
        let (strict, _) = limit(&url, Quota::per_day(10), WhileAway::Refuse);
        let local = WhileAway::Local(Quota::per_day(2));
        let (alone, _) = limit(&url, Quota::per_day(10), local);
        let answer = String::from_utf8_lossy(answer);
        assert_eq!((allowed(&strict, 5).await, allowed(&alone, 5).await), (0, 2), "{answer}");
        assert_eq!((strict.calls_away(), alone.calls_away()), (5, 5), "{answer}");
    }
}
