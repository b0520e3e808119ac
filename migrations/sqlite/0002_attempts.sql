-- Leaky buckets of failed attempts to guess; a row that is empty may go.
CREATE TABLE attempts (
    -- SHA-256 of account, address or client.
    key BLOB NOT NULL PRIMARY KEY,
    -- When the bucket is empty, in microseconds since 1970: one failure adds a fixed time.
    empty_at_micros INTEGER NOT NULL
);
CREATE INDEX attempts_empty_at_micros ON attempts (empty_at_micros);

-- Whether a user signed in from a device or an address before.
CREATE INDEX sessions_user_id ON sessions (user_id, created_at);
