CREATE TABLE attempts (
    key bytea PRIMARY KEY,
    empty_at_micros bigint NOT NULL
);
CREATE INDEX attempts_empty_at_micros ON attempts (empty_at_micros);
COMMENT ON TABLE attempts IS 'Leaky buckets of failed attempts to guess; a row that is empty may go.';
COMMENT ON COLUMN attempts.key IS 'SHA-256 of account, address or client.';
COMMENT ON COLUMN attempts.empty_at_micros IS 'When the bucket is empty, in microseconds since 1970: one failure adds a fixed time.';

-- Whether a user signed in from a device or an address before.
CREATE INDEX sessions_user_id ON sessions (user_id, created_at);
