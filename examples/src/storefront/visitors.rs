use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::http::Http;
use super::shop::FRESHNESS;

/// How many visitors each route has. Each waits for its page before it asks for the next one, so
/// that a page that hangs keeps a visitor busy, as it does in life.
const VISITORS: u32 = 16;
/// What a visitor does between two pages.
const PAUSE: Duration = Duration::from_millis(25);
/// After that a visitor has had enough.
const PATIENCE: Duration = Duration::from_secs(2);
/// How many articles there are.
const SKUS: u32 = 10;

/// What the visitors of a route have met.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    /// Pages with a fresh price.
    pub(super) fresh: usize,
    /// Pages with a cached price.
    pub(super) cached: usize,
    /// Error pages, broken connections, and visitors who left.
    pub(super) failed: usize,
    /// How long each of all these took.
    times: Vec<Duration>,
}

impl Tally {
    pub(super) fn served(&self) -> usize {
        self.fresh + self.cached
    }

    pub(super) fn visits(&self) -> usize {
        self.served() + self.failed
    }

    /// The share of visits that got a page, 0 to 1; `None` without visits.
    pub(super) fn served_share(&self) -> Option<f64> {
        share(self.served(), self.visits())
    }

    /// The share of served pages whose price was cached, 0 to 1.
    pub(super) fn cached_share(&self) -> Option<f64> {
        share(self.cached, self.served())
    }

    /// The time within which that share of all visits was over, exactly.
    pub(super) fn quantile(&self, share: f64) -> Option<Duration> {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = (share * times.len() as f64).ceil() as usize;
        times.get(rank.saturating_sub(1)).copied()
    }

    pub(super) fn merge(&mut self, other: &Tally) {
        self.fresh += other.fresh;
        self.cached += other.cached;
        self.failed += other.failed;
        self.times.extend_from_slice(&other.times);
    }

    fn add(&mut self, page: Page, took: Duration) {
        match page {
            Page::Fresh => self.fresh += 1,
            Page::Cached => self.cached += 1,
            Page::Failed => self.failed += 1,
        }
        self.times.push(took);
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[derive(Debug, Clone, Copy)]
enum Page {
    Fresh,
    Cached,
    Failed,
}

/// The visitors of one route; they come back until they are told to leave.
#[derive(Debug)]
pub(super) struct Visitors {
    tally: Arc<Mutex<Tally>>,
    there: JoinSet<()>,
}

impl Visitors {
    pub(super) fn arrive(shop: SocketAddr, route: &'static str) -> Self {
        let tally = Arc::<Mutex<Tally>>::default();
        let http = Http::new(shop);
        let mut there = JoinSet::new();
        for number in 0..VISITORS {
            there.spawn(visit(http.clone(), route, number, tally.clone()));
        }
        Self { tally, there }
    }

    /// Ends all visits. Who waits for a page closes the connection, as a browser does.
    pub(super) async fn leave(mut self) {
        self.there.shutdown().await;
    }

    /// What happened since the last time this was asked.
    pub(super) fn take_tally(&self) -> Tally {
        std::mem::take(&mut *self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn visit(http: Http, route: &str, number: u32, tally: Arc<Mutex<Tally>>) {
    // Visitors who arrive together would stay in step for the whole run.
    sleep(PAUSE * number / VISITORS).await;
    for sku in (0..SKUS).cycle().skip(number as usize) {
        let start = Instant::now();
        let page =
            timeout(PATIENCE, look(&http, &format!("{route}/{sku}"))).await.unwrap_or(Page::Failed);
        let took = start.elapsed();
        tally.lock().unwrap_or_else(PoisonError::into_inner).add(page, took);
        sleep(PAUSE).await;
    }
}

async fn look(http: &Http, path: &str) -> Page {
    match http.get(path).await {
        Ok(answer) if answer.status == StatusCode::OK => {
            let fresh = answer.headers.get(FRESHNESS).is_some_and(|value| value == "fresh");
            if fresh { Page::Fresh } else { Page::Cached }
        }
        Ok(_) | Err(_) => Page::Failed,
    }
}

#[cfg(test)]
impl Tally {
    /// So many fresh and failed pages, all after that many milliseconds.
    pub(super) fn sample(fresh: usize, failed: usize, milliseconds: u64) -> Self {
        Self {
            fresh,
            failed,
            times: vec![Duration::from_millis(milliseconds); fresh + failed],
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_time_that_was_measured() {
        let mut tally = Tally::default();
        assert_eq!(tally.quantile(0.5), None);
        for milliseconds in (1..=100).rev() {
            tally.add(Page::Fresh, Duration::from_millis(milliseconds));
        }
        assert_eq!(tally.quantile(0.5), Some(Duration::from_millis(50)));
        assert_eq!(tally.quantile(0.99), Some(Duration::from_millis(99)));
        assert_eq!(tally.quantile(1.0), Some(Duration::from_millis(100)));
    }

    #[test]
    fn a_cached_page_is_served_and_said() {
        let mut tally = Tally::default();
        for page in [Page::Fresh, Page::Cached, Page::Cached, Page::Failed] {
            tally.add(page, Duration::ZERO);
        }
        assert_eq!(tally.served_share(), Some(0.75));
        assert_eq!(tally.cached_share(), Some(2.0 / 3.0));
        assert_eq!(Tally::default().served_share(), None);
    }
}
