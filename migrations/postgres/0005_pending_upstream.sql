ALTER TABLE upstream_sessions ADD COLUMN challenge_id uuid REFERENCES challenges (id) ON DELETE CASCADE;
CREATE UNIQUE INDEX upstream_sessions_challenge_id_unique ON upstream_sessions (challenge_id);
COMMENT ON COLUMN upstream_sessions.challenge_id IS
    'The sign-in that waits for its second factor, which holds the provider''s side of it meanwhile.';
