-- The OAuth 2.0 dialect: browser sessions, consents, what codes and sessions were allowed.

-- JSON: what only this dialect asks of a client.
ALTER TABLE clients ADD COLUMN oauth TEXT NOT NULL DEFAULT '{}';
-- JSON: titles, logo and style sheet of the hosted pages.
ALTER TABLE tenants ADD COLUMN pages TEXT NOT NULL DEFAULT '{}';
-- JSON: what OpenID Connect clients may learn beyond the columns.
ALTER TABLE users ADD COLUMN profile TEXT NOT NULL DEFAULT '{}';

CREATE TABLE browser_sessions (
    id BLOB PRIMARY KEY NOT NULL,
    -- SHA-256 of the cookie.
    token_hash BLOB NOT NULL CONSTRAINT browser_sessions_token_hash_unique UNIQUE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    membership_id BLOB NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    credential_version INTEGER NOT NULL,
    user_epoch INTEGER NOT NULL,
    membership_epoch INTEGER NOT NULL,
    -- What the sign-in proved (RFC 8176), words with spaces between them.
    methods TEXT NOT NULL,
    authenticated_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT,
    ip_address TEXT,
    user_agent TEXT
) STRICT;
CREATE INDEX browser_sessions_user_id ON browser_sessions (user_id);
CREATE INDEX browser_sessions_client_key ON browser_sessions (client_key);
CREATE INDEX browser_sessions_membership_id ON browser_sessions (membership_id);
CREATE INDEX browser_sessions_expires_at ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_ended_at ON browser_sessions (ended_at) WHERE ended_at IS NOT NULL;

-- JSON: what a code of this dialect is bound to; null for the native dialect.
ALTER TABLE grants ADD COLUMN oauth TEXT;
-- JSON: what the client was allowed; null for the native dialect.
ALTER TABLE sessions ADD COLUMN oauth TEXT;
ALTER TABLE sessions ADD COLUMN browser_session_id BLOB REFERENCES browser_sessions (id) ON DELETE SET NULL;
CREATE INDEX sessions_browser_session_id ON sessions (browser_session_id) WHERE browser_session_id IS NOT NULL;

-- The sealed transaction of the hosted pages a browser returns to; null = it goes to the client.
ALTER TABLE login_attempts ADD COLUMN page_transaction TEXT;

CREATE TABLE consents (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    -- JSON: every scope allowed so far.
    scopes TEXT NOT NULL,
    granted_at TEXT NOT NULL,
    PRIMARY KEY (user_id, client_key)
) STRICT;
CREATE INDEX consents_client_key ON consents (client_key);
