-- Text that people never read in a language (words, keys, tokens) is compared byte by byte: COLLATE "C".

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    key text COLLATE "C" NOT NULL CONSTRAINT tenants_key_unique UNIQUE,
    name text NOT NULL,
    status text COLLATE "C" NOT NULL CHECK (status IN ('active', 'inactive')),
    epoch bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
COMMENT ON TABLE tenants IS 'Organisations whose data is kept apart from every other''s.';
COMMENT ON COLUMN tenants.key IS 'The operator''s short name.';
COMMENT ON COLUMN tenants.name IS 'The name shown to people.';
COMMENT ON COLUMN tenants.status IS 'inactive: nobody signs in, and tokens of the tenant are dead.';
COMMENT ON COLUMN tenants.epoch IS 'Raised to invalidate every token of the tenant.';

CREATE TABLE roles (
    id uuid PRIMARY KEY,
    tenant_id uuid REFERENCES tenants (id),
    name text COLLATE "C" NOT NULL,
    permissions jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX roles_tenant_name_unique ON roles (tenant_id, name) WHERE tenant_id IS NOT NULL;
CREATE UNIQUE INDEX roles_common_name_unique ON roles (name) WHERE tenant_id IS NULL;
COMMENT ON TABLE roles IS 'Named sets of permissions.';
COMMENT ON COLUMN roles.tenant_id IS 'The tenant it belongs to; null = usable in every tenant.';
COMMENT ON COLUMN roles.permissions IS 'Permission and scope words, an array of strings in order.';

CREATE TABLE clients (
    key uuid PRIMARY KEY,
    client_id text COLLATE "C" NOT NULL CONSTRAINT clients_client_id_unique UNIQUE,
    secret_hash bytea,
    name text NOT NULL,
    client_type text COLLATE "C" NOT NULL CHECK (client_type IN ('web', 'spa', 'm2m')),
    tenant_id uuid REFERENCES tenants (id),
    redirect_uris jsonb NOT NULL,
    logout_redirect_uris jsonb NOT NULL,
    grant_types jsonb NOT NULL,
    scopes jsonb NOT NULL,
    access_token_ttl_ms bigint NOT NULL CHECK (access_token_ttl_ms >= 0),
    refresh_token_ttl_ms bigint NOT NULL CHECK (refresh_token_ttl_ms >= 0),
    auth_code_ttl_ms bigint NOT NULL CHECK (auth_code_ttl_ms >= 0),
    algorithm text COLLATE "C",
    hs256_secret bytea,
    enabled boolean NOT NULL,
    epoch bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX clients_tenant_id ON clients (tenant_id);
COMMENT ON TABLE clients IS 'Registered OAuth clients (RFC 6749 section 2).';
COMMENT ON COLUMN clients.key IS 'Internal key; client_id is the public name.';
COMMENT ON COLUMN clients.secret_hash IS 'HMAC-SHA-256 of the secret under a server key; null for public clients.';
COMMENT ON COLUMN clients.client_type IS 'web = confidential, spa = public, m2m = machine without a user.';
COMMENT ON COLUMN clients.tenant_id IS 'Owner; null = the operator''s.';
COMMENT ON COLUMN clients.redirect_uris IS 'Exact redirect URIs, an array of strings in order.';
COMMENT ON COLUMN clients.access_token_ttl_ms IS 'Lifetime of access tokens in milliseconds.';
COMMENT ON COLUMN clients.refresh_token_ttl_ms IS 'Idle lifetime of refresh tokens in milliseconds.';
COMMENT ON COLUMN clients.auth_code_ttl_ms IS 'Lifetime of authorization codes in milliseconds.';
COMMENT ON COLUMN clients.algorithm IS 'Signature algorithm of its access tokens; null = the server''s default.';
COMMENT ON COLUMN clients.hs256_secret IS 'The HS256 key shared with the client, sealed (AES-256-GCM).';
COMMENT ON COLUMN clients.epoch IS 'Raised to invalidate every token of the client.';

CREATE TABLE users (
    id uuid PRIMARY KEY,
    username text NOT NULL,
    username_key text COLLATE "C" NOT NULL,
    email text,
    email_verified boolean NOT NULL,
    phone text,
    first_name text NOT NULL,
    middle_name text,
    last_name text,
    gender text,
    dob date,
    photo_url text,
    designation text,
    default_tenant_id uuid REFERENCES tenants (id),
    last_login_at timestamptz,
    deleted_at timestamptz,
    credential_version bigint NOT NULL,
    epoch bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_username_key_unique ON users (username_key) WHERE deleted_at IS NULL;
CREATE INDEX users_removed_username_key ON users (username_key, deleted_at) WHERE deleted_at IS NOT NULL;
COMMENT ON TABLE users IS 'People''s accounts.';
COMMENT ON COLUMN users.username IS 'As given.';
COMMENT ON COLUMN users.username_key IS 'The username in Unicode lower case: what sign-in looks for. A deleted account frees it.';
COMMENT ON COLUMN users.default_tenant_id IS 'The tenant a sign-in lands in.';
COMMENT ON COLUMN users.deleted_at IS 'Set when the account was removed; such a user does not exist for any caller.';
COMMENT ON COLUMN users.credential_version IS 'Raised when the password changes; a sign-in proves that the version it checked is the current one.';
COMMENT ON COLUMN users.epoch IS 'Raised to invalidate every token of the user.';

CREATE TABLE password_credentials (
    user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash text NOT NULL,
    scheme text COLLATE "C" NOT NULL,
    changed_at timestamptz NOT NULL
);
COMMENT ON TABLE password_credentials IS 'Password hashes; an account without a row signs in at an identity provider only.';
COMMENT ON COLUMN password_credentials.hash IS 'PHC or bcrypt string.';
COMMENT ON COLUMN password_credentials.scheme IS 'Kind and cost of the hash, such as argon2id$m=19456,t=2,p=1.';

CREATE TABLE user_clients (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    PRIMARY KEY (user_id, client_key)
);
CREATE INDEX user_clients_client_key ON user_clients (client_key);
COMMENT ON TABLE user_clients IS 'The clients a user may sign in through.';

CREATE TABLE memberships (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    role_id uuid NOT NULL REFERENCES roles (id),
    status smallint NOT NULL CHECK (status BETWEEN 0 AND 12),
    locale text COLLATE "C",
    epoch bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT memberships_user_tenant_unique UNIQUE (user_id, tenant_id)
);
CREATE INDEX memberships_tenant_id ON memberships (tenant_id);
CREATE INDEX memberships_role_id ON memberships (role_id);
COMMENT ON TABLE memberships IS 'A user''s role and standing in one tenant.';
COMMENT ON COLUMN memberships.status IS '0 registered, 1 active, 2 inactive, 3 password change needed, 4 rejected; up to 12 as imported.';
COMMENT ON COLUMN memberships.epoch IS 'Raised to invalidate every token of the membership.';

CREATE TABLE membership_permissions (
    membership_id uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    allowed boolean NOT NULL,
    position integer NOT NULL,
    permission text COLLATE "C" NOT NULL,
    PRIMARY KEY (membership_id, allowed, position)
);
COMMENT ON TABLE membership_permissions IS 'What a user may do beyond the role, or may not do in spite of it.';
COMMENT ON COLUMN membership_permissions.allowed IS 'true = extra permission, false = permission taken away.';
COMMENT ON COLUMN membership_permissions.position IS 'Keeps the order of the words.';

CREATE TABLE identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT identities_provider_subject_unique UNIQUE (provider, subject)
);
CREATE INDEX identities_user_id ON identities (user_id);
COMMENT ON TABLE identities IS 'Links to accounts at identity providers.';
COMMENT ON COLUMN identities.subject IS 'The account''s stable id at the provider; never an e-mail address.';

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    membership_id uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text COLLATE "C",
    ip_address text COLLATE "C",
    user_agent text,
    device_id text,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX sessions_live_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;
COMMENT ON TABLE sessions IS 'One sign-in of one user through one client.';
COMMENT ON COLUMN sessions.id IS 'sid of its tokens.';
COMMENT ON COLUMN sessions.tenant_id IS 'The tenant it speaks for now; a switch changes it.';
COMMENT ON COLUMN sessions.last_used_at IS 'When a token of it was last issued.';
COMMENT ON COLUMN sessions.expires_at IS 'Absolute end: no refresh reaches beyond it.';
COMMENT ON COLUMN sessions.end_reason IS 'logout, password_changed, refresh_reuse, code_replay or deactivated.';

CREATE TABLE grants (
    id uuid PRIMARY KEY,
    code_hash bytea NOT NULL CONSTRAINT grants_code_hash_unique UNIQUE,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    membership_id uuid NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    credential_version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    session_id uuid REFERENCES sessions (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX grants_expires_at ON grants (expires_at);
CREATE INDEX grants_session_id ON grants (session_id) WHERE session_id IS NOT NULL;
COMMENT ON TABLE grants IS 'Authorization codes (RFC 6749 section 4.1.2), each used once.';
COMMENT ON COLUMN grants.code_hash IS 'SHA-256 of the code; the code itself is not stored.';
COMMENT ON COLUMN grants.credential_version IS 'The password version that was checked at sign-in.';
COMMENT ON COLUMN grants.session_id IS 'The session its use created: ended when the code is replayed.';

CREATE TABLE refreshes (
    id uuid PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash bytea NOT NULL CONSTRAINT refreshes_token_hash_unique UNIQUE,
    parent_id uuid CONSTRAINT refreshes_parent_id_unique UNIQUE REFERENCES refreshes (id),
    key_version bigint,
    access_token_id uuid NOT NULL,
    access_issued_at timestamptz NOT NULL,
    access_expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz,
    consumed_operation text COLLATE "C" CHECK (consumed_operation IN ('refresh', 'switch')),
    consumed_tenant_id uuid,
    consumed_ip_address text COLLATE "C",
    CHECK ((consumed_at IS NULL) = (consumed_operation IS NULL)),
    CHECK ((consumed_at IS NULL) = (consumed_tenant_id IS NULL))
);
CREATE INDEX refreshes_session_id ON refreshes (session_id);
COMMENT ON TABLE refreshes IS 'Refresh tokens; all of one session are a family (RFC 9700 section 4.14).';
COMMENT ON COLUMN refreshes.token_hash IS 'SHA-256 of the token; the token itself is not stored.';
COMMENT ON COLUMN refreshes.parent_id IS 'The token it replaced. Unique: a token has one successor.';
COMMENT ON COLUMN refreshes.key_version IS 'Version of the server key it was derived with; null for a family''s first, which is random.';
COMMENT ON COLUMN refreshes.access_token_id IS 'jti of the access token issued with it; with both times, enough to issue the very same one again.';
COMMENT ON COLUMN refreshes.expires_at IS 'End of its idle time, never beyond the session''s end.';
COMMENT ON COLUMN refreshes.consumed_at IS 'Set once it was used; kept until the family ends, so that a copy is recognised.';

CREATE TABLE revocations (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('session', 'token', 'user', 'membership', 'tenant', 'client')),
    subject uuid NOT NULL,
    epoch bigint,
    until timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CHECK ((epoch IS NULL) = (kind IN ('session', 'token')))
);
CREATE INDEX revocations_xid ON revocations (xid);
CREATE INDEX revocations_until ON revocations (until);
COMMENT ON TABLE revocations IS 'Append-only: what no token may rely on any more. Every node tails it.';
COMMENT ON COLUMN revocations.xid IS 'The writing transaction: rows are re-read from the oldest one still running, so that a late commit is not missed.';
COMMENT ON COLUMN revocations.subject IS 'Session, token (jti), user, membership, tenant or client, as kind says.';
COMMENT ON COLUMN revocations.epoch IS 'Tokens with a smaller epoch of the subject are dead.';
COMMENT ON COLUMN revocations.until IS 'Expiry of the last token concerned; the row may go after it.';

CREATE TABLE login_activity (
    id uuid PRIMARY KEY,
    actor text COLLATE "C" NOT NULL,
    tenant_id uuid,
    login_time timestamptz NOT NULL,
    token_payload text COLLATE "C" NOT NULL,
    login_type text COLLATE "C" NOT NULL,
    device_info text COLLATE "C",
    ip_address text COLLATE "C"
);
CREATE INDEX login_activity_page ON login_activity (tenant_id, login_time DESC, id DESC);
CREATE INDEX login_activity_tenant_id ON login_activity (tenant_id, id);
CREATE INDEX login_activity_actor ON login_activity (tenant_id, actor, login_time);
CREATE INDEX login_activity_active_users ON login_activity (tenant_id, login_time, login_type, actor, id);
COMMENT ON TABLE login_activity IS 'Who signed in, refreshed, signed out, or failed to. No foreign keys: it outlives what it tells of.';
COMMENT ON COLUMN login_activity.actor IS 'The user''s id as text; imported rows may hold other keys.';
COMMENT ON COLUMN login_activity.tenant_id IS 'Null for a failure of a user without a tenant.';
COMMENT ON COLUMN login_activity.token_payload IS 'JSON text about user and client, never with a secret.';
COMMENT ON COLUMN login_activity.login_type IS 'ACCESS, RELOGIN, LOGOUT, FAILED; imported rows may hold other words.';
COMMENT ON COLUMN login_activity.device_info IS 'User-Agent.';

CREATE TABLE signing_keys (
    kid text COLLATE "C" PRIMARY KEY,
    algorithm text COLLATE "C" NOT NULL,
    public_jwk jsonb NOT NULL,
    sealed_private bytea NOT NULL,
    is_first boolean NOT NULL,
    created_at timestamptz NOT NULL,
    signs_from timestamptz,
    retired_at timestamptz
);
CREATE UNIQUE INDEX signing_keys_first_unique ON signing_keys (algorithm) WHERE is_first;
COMMENT ON TABLE signing_keys IS 'Keys of access tokens: next (published), current (signs), retired (verifies).';
COMMENT ON COLUMN signing_keys.sealed_private IS 'PKCS#8, sealed (AES-256-GCM) under the master key.';
COMMENT ON COLUMN signing_keys.is_first IS 'Made because the algorithm had no key; unique, so that two nodes starting at once agree.';
COMMENT ON COLUMN signing_keys.signs_from IS 'Null while it is only published.';

CREATE TABLE server_keys (
    version bigint PRIMARY KEY,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL
);
COMMENT ON TABLE server_keys IS 'Symmetric keys of the server (client secrets, derived refresh tokens), sealed (AES-256-GCM).';
