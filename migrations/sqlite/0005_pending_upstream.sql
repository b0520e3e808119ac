-- While a sign-in waits for its second factor, that holds the provider's side of it.
ALTER TABLE upstream_sessions ADD COLUMN challenge_id BLOB REFERENCES challenges (id) ON DELETE CASCADE;
CREATE UNIQUE INDEX upstream_sessions_challenge_id_unique ON upstream_sessions (challenge_id);
