use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Client, Config, Error, Socket};

/// What moves a connection's bytes, and hands out what the server says unasked.
pub(crate) type Driver =
    Box<dyn FnMut(&mut Context<'_>) -> Poll<Option<Result<AsyncMessage, Error>>> + Send>;

type Dialed = Pin<Box<dyn Future<Output = Result<(Client, Driver), Error>> + Send>>;

/// Makes connections, with whatever encryption the user has brought.
#[derive(Clone)]
pub(crate) struct Dial(Arc<dyn Fn(Config) -> Dialed + Send + Sync>);

impl Dial {
    pub(crate) fn with<T>(tls: T) -> Self
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        Self(Arc::new(move |config| {
            let tls = tls.clone();
            Box::pin(async move {
                let (client, mut connection) = config.connect(tls).await?;
                let driver: Driver = Box::new(move |context| connection.poll_message(context));
                Ok((client, driver))
            })
        }))
    }

    pub(crate) async fn dial(&self, config: &Config) -> Result<(Client, Driver), Error> {
        (self.0)(config.clone()).await
    }
}

/// Until the connection is gone, or whoever has it.
pub(crate) async fn drive(mut driver: Driver) {
    poll_fn(|context| {
        loop {
            // What the server says unasked is meant for people who type.
            match ready!(driver(context)) {
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Poll::Ready(()),
            }
        }
    })
    .await;
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}
