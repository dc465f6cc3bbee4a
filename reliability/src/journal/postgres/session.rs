//! A connection that is ours, with the statements that were prepared on it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use tokio::sync::OnceCell;
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

use super::error::Failed;
use crate::journal::Journal;

/// What is asked of the database.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    Append,
    Claim,
    Renew,
    Remove,
    Read,
    ReadAll,
    Head,
    Heads,
    HeadsOf,
    Standing,
    Seal,
    Adopt,
    End,
}

const ASKS: usize = 13;

/// The texts of all that is asked, for one schema.
#[derive(Debug)]
pub(super) struct Texts([String; ASKS]);

const HEAD: &str = "SELECT kind, key, sequence, epoch, status, priority, due_at, owner, held_since, \
     held_until, created_at, changed_at FROM {schema}.journal_streams";

impl Texts {
    pub(super) fn of(schema: &str) -> Self {
        let head = |rest: &str| alloc::format!("{HEAD} {rest}");
        let texts = [
            "SELECT o_state, o_sequence, o_epoch, o_xact, o_position FROM {schema}.journal_append($1, \
             $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
                .into(),
            "SELECT o_kind, o_key, o_epoch, o_sequence \
             FROM {schema}.journal_claim($1, $2, $3, $4, $5)"
                .into(),
            "SELECT {schema}.journal_renew($1, $2, $3, $4, $5)".into(),
            "SELECT o_state, o_sequence, o_epoch \
             FROM {schema}.journal_remove($1, $2, $3, $4, $5)"
                .into(),
            // What is behind a page that has become too large is not even sent.
            "SELECT $1::text, $2::text, r.xact, r.position, r.sequence, r.epoch, r.recorded_at, \
             r.name, r.version, r.encoding, r.payload \
             FROM (SELECT *, sum(octet_length(payload)) OVER (ORDER BY sequence) AS bytes \
                   FROM (SELECT * FROM {schema}.journal_records \
                         WHERE stream = (SELECT id FROM {schema}.journal_streams \
                                         WHERE kind = $1 AND key = $2) AND sequence > $3 \
                         ORDER BY sequence LIMIT $4) AS page) AS r \
             WHERE r.bytes - octet_length(r.payload) < {page} ORDER BY r.sequence"
                .into(),
            "SELECT o_kind, o_key, o_xact, o_position, o_sequence, o_epoch, o_recorded_at, o_name, \
             o_version, o_encoding, o_payload FROM {schema}.journal_read_all($1, $2, $3, {page})"
                .into(),
            head("WHERE kind = $1 AND key = $2"),
            head(
                "WHERE (kind, key) > ($1, $2) AND ($3::text IS NULL OR status = $3) \
                  ORDER BY kind, key LIMIT $4",
            ),
            head(
                "WHERE kind = $1 AND key > $2 AND ($3::text IS NULL OR status = $3) \
                  ORDER BY key LIMIT $4",
            ),
            "SELECT sealed, {schema}.journal_last_epoch() FROM {schema}.journal_schema".into(),
            "SELECT o_kind, o_key FROM {schema}.journal_seal($1, $2)".into(),
            "SELECT o_state, o_stream, o_expected, o_found FROM {schema}.journal_adopt($1, $2, $3, \
             $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"
                .into(),
            "SELECT xact, position FROM {schema}.journal_records \
             ORDER BY xact DESC, position DESC LIMIT 1"
                .into(),
        ];
        let page = Journal::LARGEST_PAGE.to_string();
        let own = |text: String| text.replace("{schema}", schema).replace("{page}", &page);
        Self(texts.map(own))
    }
}

pub(super) struct Session {
    client: Client,
    driver: AbortHandle,
    prepared: [OnceCell<Statement>; ASKS],
}

impl Session {
    pub(super) fn new(client: Client, driver: AbortHandle) -> Self {
        Self { client, driver, prepared: [const { OnceCell::const_new() }; ASKS] }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Ends it without a word, because none is answered.
    pub(super) fn give_up(&self) {
        self.driver.abort();
    }

    /// What is written is committed when this returns: the server says that it is ready for more
    /// only then, and the client waits for that.
    pub(super) async fn ask(
        &self,
        texts: &Texts,
        ask: Ask,
        with: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failed> {
        let (at, Texts(texts)) = (ask as usize, texts);
        let prepare = || self.client.prepare(&texts[at]);
        let statement = self.prepared[at].get_or_try_init(prepare).await.map_err(Failed::ToSend)?;
        if self.client.is_closed() {
            return Err(Failed::Gone);
        }
        self.client.query(statement, with).await.map_err(Failed::Sent)
    }
}
