//! How processes of one machine talk to each other: datagrams between sockets in a folder.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use reliability::distributed::transaction::three_phase::{Envelope, Inbox, Message, Transport};
use tokio::net::UnixDatagram;

/// The socket of one process. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    socket: Arc<UnixDatagram>,
    folder: PathBuf,
    /// The network breaks in two as soon as the first of them knows.
    breaks: bool,
}

impl Wire {
    pub(crate) fn of(folder: &Path, name: &str, breaks: bool) -> io::Result<Self> {
        let path = folder.join(name).with_extension("socket");
        // That of a process that was killed.
        let _ = std::fs::remove_file(&path);
        let socket = Arc::new(UnixDatagram::bind(path)?);
        Ok(Self { socket, folder: folder.to_owned(), breaks })
    }

    /// Hands over what comes, for as long as the process lives.
    pub(crate) fn deliver_to(&self, inbox: Inbox) {
        let socket = Arc::clone(&self.socket);
        tokio::spawn(async move {
            let mut bytes = vec![0; 65_536];
            while let Ok(length) = socket.recv(&mut bytes).await {
                let text = str::from_utf8(&bytes[..length]).unwrap_or_default();
                if let Ok(envelope) = Envelope::from_json(text) {
                    inbox.deliver(envelope);
                }
            }
        });
    }
}

/// While there is such a file, the network is cut: `tea` is on one side, all others on the other one.
pub(crate) fn cut(folder: &Path) -> PathBuf {
    folder.join("cut")
}

impl Transport for Wire {
    fn send(&self, envelope: Envelope) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let knows = self.breaks && envelope.message == Message::PreCommit;
            let between_sides = (envelope.from == "tea") != (envelope.to == "tea");
            if between_sides && cut(&self.folder).exists() || knows && envelope.to != "tea" {
                return;
            }
            let to = self.folder.join(&envelope.to).with_extension("socket");
            // Who is dead does not hear it.
            let _ = self.socket.send_to(envelope.to_json().as_bytes(), to).await;
            if knows {
                let _ = std::fs::write(cut(&self.folder), "");
            }
        })
    }
}
