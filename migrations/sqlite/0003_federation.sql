-- The issuer an account at a provider was first seen with; empty until then (rows from `apply` and `import`).
ALTER TABLE identities ADD COLUMN issuer TEXT NOT NULL DEFAULT '';

-- An account may be recognised by its verified address.
CREATE INDEX users_email_folded ON users (lower(email));

-- Sign-ins at providers that have begun and are not back yet; one row is used up by one callback.
CREATE TABLE login_attempts (
    id BLOB PRIMARY KEY NOT NULL,
    -- SHA-256 of state, RelayState, nonce or ticket.
    state_hash BLOB NOT NULL CONSTRAINT login_attempts_state_hash_unique UNIQUE,
    -- SHA-256 of the browser's cookie; null where no browser was sent anywhere yet.
    browser_hash BLOB,
    provider TEXT NOT NULL,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    intent TEXT NOT NULL CHECK (intent IN ('sign_in', 'link', 'native')),
    -- Who links; null for other intents.
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    -- What the provider remembers, sealed.
    sealed_memo BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT;
CREATE INDEX login_attempts_expires_at ON login_attempts (expires_at);
CREATE INDEX login_attempts_client_key ON login_attempts (client_key);
CREATE INDEX login_attempts_user_id ON login_attempts (user_id);

-- The provider's side of a sign-in: held by the code until that is redeemed, then by the session.
CREATE TABLE upstream_sessions (
    id BLOB PRIMARY KEY NOT NULL,
    grant_id BLOB CONSTRAINT upstream_sessions_grant_id_unique UNIQUE REFERENCES grants (id) ON DELETE CASCADE,
    session_id BLOB CONSTRAINT upstream_sessions_session_id_unique UNIQUE REFERENCES sessions (id) ON DELETE CASCADE,
    identity_id BLOB NOT NULL REFERENCES identities (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    -- The provider's tokens, sealed.
    sealed_tokens BLOB NOT NULL
) STRICT;
CREATE INDEX upstream_sessions_identity_id ON upstream_sessions (identity_id);

-- Messages of providers that were accepted once; a row may go when its message would be refused for its age.
CREATE TABLE replay_marks (
    -- SHA-256 of provider, issuer and message id.
    mark_hash BLOB PRIMARY KEY NOT NULL,
    until TEXT NOT NULL
) STRICT;
CREATE INDEX replay_marks_until ON replay_marks (until);
