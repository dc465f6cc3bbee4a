-- Who reads all, and how far that is everything.

-- Below it, no record comes up any more: the first transaction that writes records and still runs,
-- or else the first that has not begun.
CREATE FUNCTION {schema}.journal_horizon() RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    writing bigint := {schema}.journal_lock();
    here oid := (SELECT oid FROM pg_database WHERE datname = current_database());
    seen pg_snapshot;
    horizon bigint;
    unclear boolean;
BEGIN
    FOR attempt IN 1 .. 10 LOOP
        seen := pg_current_snapshot();
        -- Whoever has a number also has it locked. One without the lock of those who write records
        -- is none of them; one without any has ended since, and another look leaves it out. The locks
        -- are looked at once, in which nobody can change them.
        WITH locks AS MATERIALIZED (
            SELECT virtualtransaction AS holder, locktype, mode, transactionid::text::bigint AS number,
                   database, classid::bigint << 32 | objid::bigint AS key, objsubid
            FROM pg_locks WHERE locktype IN ('transactionid', 'advisory') AND granted
        )
        SELECT min(running.number) FILTER (WHERE own.holder IS NULL OR writes.holder IS NOT NULL),
               count(*) FILTER (WHERE own.holder IS NULL) > 0
            INTO horizon, unclear
            FROM (SELECT xip::text::bigint AS number FROM pg_snapshot_xip(seen) AS xip) AS running
            LEFT JOIN locks AS own
                ON own.locktype = 'transactionid' AND own.mode = 'ExclusiveLock'
               AND own.number = running.number % 4294967296
            LEFT JOIN locks AS writes
                ON writes.locktype = 'advisory' AND writes.mode = 'ShareLock'
               AND writes.holder = own.holder AND writes.database = here
               AND writes.key = writing AND writes.objsubid = 1;
        EXIT WHEN NOT unclear;
    END LOOP;
    RETURN coalesce(horizon, pg_snapshot_xmax(seen)::text::bigint)
        + (SELECT shift FROM {schema}.journal_schema);
END
$$;

CREATE FUNCTION {schema}.journal_read_all(
    behind_xact bigint, behind_position bigint, most bigint, largest bigint -- in bytes
)
RETURNS TABLE (o_kind text, o_key text, o_xact bigint, o_position bigint, o_sequence bigint,
               o_epoch bigint, o_recorded_at bigint, o_name text, o_version bigint,
               o_encoding text, o_payload bytea)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    horizon bigint := {schema}.journal_horizon();
BEGIN
    -- Sees what was committed until now, and so all that the horizon was clear of.
    RETURN QUERY
        SELECT s.kind, s.key, r.xact, r.position, r.sequence, r.epoch, r.recorded_at, r.name,
               r.version, r.encoding, r.payload
        FROM (
            SELECT *, sum(octet_length(page.payload)) OVER (ORDER BY page.xact, page.position) AS bytes
            FROM (
                SELECT * FROM {schema}.journal_records AS all_of_them
                WHERE (all_of_them.xact, all_of_them.position) > (behind_xact, behind_position)
                  AND all_of_them.xact < horizon
                ORDER BY all_of_them.xact, all_of_them.position LIMIT most
            ) AS page
        ) AS r JOIN {schema}.journal_streams AS s ON s.id = r.stream
        WHERE r.bytes - octet_length(r.payload) < largest
        ORDER BY r.xact, r.position;
END
$$;
