-- The OAuth 2.0 dialect: browser sessions, consents, what codes and sessions were allowed.

ALTER TABLE clients ADD COLUMN oauth jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN clients.oauth IS 'What only the OAuth 2.0 dialect asks of a client.';
ALTER TABLE tenants ADD COLUMN pages jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN tenants.pages IS 'Titles, logo and style sheet of the hosted pages.';
ALTER TABLE users ADD COLUMN profile jsonb NOT NULL DEFAULT '{}';
COMMENT ON COLUMN users.profile IS 'What OpenID Connect clients may learn beyond the columns.';

CREATE TABLE browser_sessions (
    id uuid PRIMARY KEY,
    token_hash bytea NOT NULL CONSTRAINT browser_sessions_token_hash_unique UNIQUE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    membership_id uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    credential_version bigint NOT NULL,
    user_epoch bigint NOT NULL,
    membership_epoch bigint NOT NULL,
    methods text COLLATE "C" NOT NULL,
    authenticated_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    ip_address text COLLATE "C",
    user_agent text
);
CREATE INDEX browser_sessions_user_id ON browser_sessions (user_id);
CREATE INDEX browser_sessions_client_key ON browser_sessions (client_key);
CREATE INDEX browser_sessions_membership_id ON browser_sessions (membership_id);
CREATE INDEX browser_sessions_expires_at ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_ended_at ON browser_sessions (ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON TABLE browser_sessions IS 'Browsers in which somebody is signed in to this service itself.';
COMMENT ON COLUMN browser_sessions.token_hash IS 'SHA-256 of the cookie.';
COMMENT ON COLUMN browser_sessions.client_key IS 'The client the sign-in was made for.';
COMMENT ON COLUMN browser_sessions.credential_version IS 'The password version at sign-in; with another one it counts no more.';
COMMENT ON COLUMN browser_sessions.user_epoch IS 'The user''s epoch at sign-in; with another one it counts no more.';
COMMENT ON COLUMN browser_sessions.membership_epoch IS 'The membership''s epoch at sign-in; with another one it counts no more.';
COMMENT ON COLUMN browser_sessions.methods IS 'What the sign-in proved (RFC 8176), words with spaces between them.';
COMMENT ON COLUMN browser_sessions.authenticated_at IS 'auth_time of the ID tokens.';
COMMENT ON COLUMN browser_sessions.expires_at IS 'Absolute end, whatever it is used for.';

ALTER TABLE grants ADD COLUMN oauth jsonb;
COMMENT ON COLUMN grants.oauth IS 'What a code of the OAuth 2.0 dialect is bound to; null for the native dialect.';
ALTER TABLE sessions ADD COLUMN oauth jsonb;
COMMENT ON COLUMN sessions.oauth IS 'What the client was allowed; null for the native dialect.';
ALTER TABLE sessions ADD COLUMN browser_session_id uuid REFERENCES browser_sessions (id) ON DELETE SET NULL;
COMMENT ON COLUMN sessions.browser_session_id IS 'The browser session it was granted in, with which it ends.';
CREATE INDEX sessions_browser_session_id ON sessions (browser_session_id) WHERE browser_session_id IS NOT NULL;

ALTER TABLE login_attempts ADD COLUMN page_transaction text;
COMMENT ON COLUMN login_attempts.page_transaction IS 'The sealed transaction of the hosted pages a browser returns to; null = it goes to the client.';

CREATE TABLE consents (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    scopes jsonb NOT NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, client_key)
);
CREATE INDEX consents_client_key ON consents (client_key);
COMMENT ON TABLE consents IS 'What users allowed clients, so that they are not asked again.';
COMMENT ON COLUMN consents.scopes IS 'Every scope allowed so far.';
