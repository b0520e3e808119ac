ALTER TABLE identities ADD COLUMN issuer text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN identities.issuer IS 'The issuer it was first seen with; empty until then (rows from apply and import).';

-- An account may be recognised by its verified address.
CREATE INDEX users_email_folded ON users (lower(email COLLATE "C"));

CREATE TABLE login_attempts (
    id uuid PRIMARY KEY,
    state_hash bytea NOT NULL CONSTRAINT login_attempts_state_hash_unique UNIQUE,
    browser_hash bytea,
    provider text COLLATE "C" NOT NULL,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    intent text COLLATE "C" NOT NULL CHECK (intent IN ('sign_in', 'link', 'native')),
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    sealed_memo bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX login_attempts_expires_at ON login_attempts (expires_at);
CREATE INDEX login_attempts_client_key ON login_attempts (client_key);
CREATE INDEX login_attempts_user_id ON login_attempts (user_id);
COMMENT ON TABLE login_attempts IS 'Sign-ins at providers that have begun and are not back yet; one row is used up by one callback.';
COMMENT ON COLUMN login_attempts.state_hash IS 'SHA-256 of state, RelayState, nonce or ticket.';
COMMENT ON COLUMN login_attempts.browser_hash IS 'SHA-256 of the browser''s cookie; null where no browser was sent anywhere yet.';
COMMENT ON COLUMN login_attempts.user_id IS 'Who links; null for other intents.';
COMMENT ON COLUMN login_attempts.sealed_memo IS 'What the provider remembers, sealed (AES-256-GCM).';

CREATE TABLE upstream_sessions (
    id uuid PRIMARY KEY,
    grant_id uuid CONSTRAINT upstream_sessions_grant_id_unique UNIQUE REFERENCES grants (id) ON DELETE CASCADE,
    session_id uuid CONSTRAINT upstream_sessions_session_id_unique UNIQUE REFERENCES sessions (id) ON DELETE CASCADE,
    identity_id uuid NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    provider text COLLATE "C" NOT NULL,
    sealed_tokens bytea NOT NULL
);
CREATE INDEX upstream_sessions_identity_id ON upstream_sessions (identity_id);
COMMENT ON TABLE upstream_sessions IS 'The provider''s side of a sign-in: held by the code until that is redeemed, then by the session.';
COMMENT ON COLUMN upstream_sessions.sealed_tokens IS 'The provider''s tokens, sealed (AES-256-GCM).';

CREATE TABLE replay_marks (
    mark_hash bytea PRIMARY KEY,
    until timestamptz NOT NULL
);
CREATE INDEX replay_marks_until ON replay_marks (until);
COMMENT ON TABLE replay_marks IS 'Messages of providers that were accepted once; a row may go when its message would be refused for its age.';
COMMENT ON COLUMN replay_marks.mark_hash IS 'SHA-256 of provider, issuer and message id.';
