//! A page that shows how the process is doing, served by the process itself.
//!
//! When it is three in the morning and the usual tools are what is broken, a browser and a port
//! still work. The page is plain files inside of the program: nothing is built, nothing is loaded
//! from elsewhere, and it works on a phone, with the keyboard alone, and with a screen reader.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use reliability::telemetry::dashboard;
//!
//! // Port 0 is any that is free.
//! let page = dashboard::serve("127.0.0.1:0").await?;
//! println!("look at {}", page.url());
//! # let address = page.address();
//! # assert!(address.ip().is_loopback());
//! page.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Modules own their [`Panel`]s, and a program can [add](add_panel) its own. What a panel shows is a
//! [`View`]: a sentence that says how it stands, and a few [`Widget`]s. The same is there for
//! programs, as JSON:
//!
//! | address | what |
//! |---|---|
//! | `/` | the page |
//! | `/events` | a frame with all panels, once a second, as server-sent events |
//! | `/api/panels` | the latest frame |
//! | `/api/panels/{id}` | one panel of it |
//! | `POST /api/actions` | an order: `{"panel": .., "row": .., "action": ..}`, with the token of the operators |
//!
//! # Who may look, and who may act
//!
//! The page binds to loopback, and refuses any other address until
//! [`exposed`](DashboardBuilder::exposed) says that this is meant. It shows only, until
//! [`operators`](DashboardBuilder::operators) sets a token. Names that are not its own are refused,
//! so that no page from elsewhere can read it through a browser on this machine
//! ([DNS rebinding](https://en.wikipedia.org/wiki/DNS_rebinding)). Clients are bounded: those who look
//! cannot take more than a few connections, and panels are asked once a second for all of them.

mod builder;
mod connections;
mod frame;
mod json;
mod layout;
mod own;
mod panel;
mod routes;
mod serving;
mod view;
pub(crate) mod words;

pub use builder::{Dashboard, DashboardBuilder};
pub(crate) use own::Part;
pub(crate) use panel::Submitted;
pub use panel::{NotDone, Panel, add_panel};
pub use serving::{ServeError, Serving, serve};
pub use view::{
    Action, Cell, Chart, Column, Content, Edge, EventView, Map, Node, Number, Row, Series,
    SpanView, Standing, Table, Tile, TraceView, Unit, View, Widget,
};
