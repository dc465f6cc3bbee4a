-- What it takes to copy a journal: sealing one, and adopting what was in another.

-- The highest number of a claim: those that a crash has skipped count as well.
CREATE FUNCTION {schema}.journal_last_epoch() RETURNS bigint LANGUAGE sql VOLATILE AS $$
    SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {schema}.journal_epochs
$$;

-- Says who holds a stream, and has changed nothing then.
CREATE FUNCTION {schema}.journal_seal(
    wall bigint, seal boolean, OUT o_kind text, OUT o_key text
)
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    moment bigint;
BEGIN
    -- Waits for all who have begun to write, or to adopt; who comes meanwhile waits for this one.
    LOCK TABLE {schema}.journal_streams IN SHARE ROW EXCLUSIVE MODE;
    moment := {schema}.journal_now(wall);
    IF seal THEN
        SELECT kind, key INTO o_kind, o_key FROM {schema}.journal_streams
            WHERE held_since <= moment AND moment < held_until LIMIT 1;
    END IF;
    IF o_kind IS NULL THEN
        UPDATE {schema}.journal_schema SET sealed = seal;
    END IF;
END
$$;

-- All of it or nothing. 0: it is there, 1: the journal is not sealed, 2: that stream ends elsewhere.
CREATE FUNCTION {schema}.journal_adopt(
    kinds text[],           -- the streams, each once, and in the same order everywhere
    keys text[],
    streams integer[],      -- of each record: which one of the streams
    sequences bigint[],
    epochs bigint[],
    times bigint[],
    names text[],
    versions bigint[],
    encodings text[],
    payloads bytea[],
    head_streams integer[], -- of each head: which one of the streams
    head_sequences bigint[],
    head_epochs bigint[],
    statuses text[],
    priorities smallint[],
    dues bigint[],
    begins bigint[],        -- when it was created
    changes bigint[],
    highest bigint,         -- the highest epoch that was ever given there
    OUT o_state integer, OUT o_stream integer, OUT o_expected bigint, OUT o_found bigint
)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    transaction bigint;
    place record;
    ids bigint[]; ends bigint[]; begun bigint[];
    positions bigint[];
    s integer; made bigint;
BEGIN
    IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
        RAISE EXCEPTION 'journal_adopt must be the first to write in its transaction';
    END IF;
    -- It is not unsealed before this has ended, and of two who adopt, one waits.
    LOCK TABLE {schema}.journal_streams IN ROW EXCLUSIVE MODE;
    PERFORM pg_advisory_xact_lock(hashtextextended('{schema}.journal_adopt', 0));
    PERFORM pg_advisory_xact_lock_shared({schema}.journal_lock());
    IF NOT (SELECT sealed FROM {schema}.journal_schema) THEN
        o_state := 1;
        RETURN;
    END IF;

    FOR s IN 1 .. cardinality(kinds) LOOP
        SELECT id, sequence INTO place
            FROM {schema}.journal_streams WHERE kind = kinds[s] AND key = keys[s] FOR UPDATE;
        ids[s] := place.id;
        ends[s] := coalesce(place.sequence, 0);
        begun[s] := NULL;
    END LOOP;
    o_state := 2;
    FOR r IN 1 .. cardinality(streams) LOOP
        s := streams[r];
        o_stream := s;
        o_expected := sequences[r] - 1;
        o_found := ends[s];
        IF o_expected <> o_found THEN
            RETURN;
        END IF;
        ends[s] := sequences[r];
        begun[s] := coalesce(begun[s], times[r]);
    END LOOP;
    FOR h IN 1 .. cardinality(head_streams) LOOP
        s := head_streams[h];
        o_stream := s;
        o_expected := head_sequences[h];
        o_found := ends[s];
        IF o_expected <> o_found THEN
            RETURN;
        END IF;
        begun[s] := coalesce(begun[s], begins[h]);
    END LOOP;
    o_state := 0;

    FOR s IN 1 .. cardinality(kinds) LOOP
        IF ids[s] IS NULL THEN
            INSERT INTO {schema}.journal_streams
                (kind, key, sequence, epoch, status, priority, created_at, changed_at)
            VALUES (kinds[s], keys[s], ends[s], 0, '', 0, begun[s], begun[s])
            RETURNING id INTO made;
            ids[s] := made;
        ELSE
            UPDATE {schema}.journal_streams SET sequence = ends[s]
                WHERE id = ids[s] AND sequence <> ends[s];
        END IF;
    END LOOP;
    positions := array_fill(NULL::bigint, ARRAY[cardinality(streams)]);
    FOR r IN 1 .. cardinality(streams) LOOP
        positions[r] := nextval('{schema}.journal_positions');
    END LOOP;
    IF cardinality(streams) > 0 THEN
        SELECT pg_current_xact_id()::text::bigint + shift INTO transaction
            FROM {schema}.journal_schema;
        INSERT INTO {schema}.journal_records
            SELECT transaction, r.position, ids[r.stream], r.sequence, r.epoch, r.at, r.name,
                   r.version, r.encoding, r.payload
            FROM unnest(positions, streams, sequences, epochs, times, names, versions, encodings,
                        payloads)
                AS r (position, stream, sequence, epoch, at, name, version, encoding, payload);
    END IF;
    FOR h IN 1 .. cardinality(head_streams) LOOP
        UPDATE {schema}.journal_streams
            SET epoch = head_epochs[h], status = statuses[h], priority = priorities[h],
                due_at = dues[h], claimable_at = dues[h], owner = NULL, held_since = NULL,
                held_until = NULL, created_at = begins[h], changed_at = changes[h]
            WHERE id = ids[head_streams[h]];
    END LOOP;
    -- Nobody else takes a number meanwhile, and none is given back.
    IF highest > {schema}.journal_last_epoch() THEN
        PERFORM setval('{schema}.journal_epochs', highest);
    END IF;
END
$$;
