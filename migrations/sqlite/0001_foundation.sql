-- The twin of postgres/0001_foundation.sql, which explains tables and columns.
-- Ids are 16-byte BLOBs, times RFC 3339 text in UTC with at most microseconds, booleans 0 and 1, JSON is text.

CREATE TABLE tenants (
    id BLOB PRIMARY KEY,
    key TEXT NOT NULL CONSTRAINT tenants_key_unique UNIQUE,
    name TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('active', 'inactive')),
    epoch INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

CREATE TABLE roles (
    id BLOB PRIMARY KEY,
    tenant_id BLOB REFERENCES tenants (id),
    name TEXT NOT NULL,
    permissions TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX roles_tenant_name_unique ON roles (tenant_id, name) WHERE tenant_id IS NOT NULL;
CREATE UNIQUE INDEX roles_common_name_unique ON roles (name) WHERE tenant_id IS NULL;

CREATE TABLE clients (
    key BLOB PRIMARY KEY,
    client_id TEXT NOT NULL CONSTRAINT clients_client_id_unique UNIQUE,
    secret_hash BLOB,
    name TEXT NOT NULL,
    client_type TEXT NOT NULL CHECK (client_type IN ('web', 'spa', 'm2m')),
    tenant_id BLOB REFERENCES tenants (id),
    redirect_uris TEXT NOT NULL,
    logout_redirect_uris TEXT NOT NULL,
    grant_types TEXT NOT NULL,
    scopes TEXT NOT NULL,
    access_token_ttl_ms INTEGER NOT NULL CHECK (access_token_ttl_ms >= 0),
    refresh_token_ttl_ms INTEGER NOT NULL CHECK (refresh_token_ttl_ms >= 0),
    auth_code_ttl_ms INTEGER NOT NULL CHECK (auth_code_ttl_ms >= 0),
    algorithm TEXT,
    hs256_secret BLOB,
    enabled INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX clients_tenant_id ON clients (tenant_id);

CREATE TABLE users (
    id BLOB PRIMARY KEY,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    email TEXT,
    email_verified INTEGER NOT NULL,
    phone TEXT,
    first_name TEXT NOT NULL,
    middle_name TEXT,
    last_name TEXT,
    gender TEXT,
    dob TEXT,
    photo_url TEXT,
    designation TEXT,
    default_tenant_id BLOB REFERENCES tenants (id),
    last_login_at TEXT,
    deleted_at TEXT,
    credential_version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX users_username_key_unique ON users (username_key) WHERE deleted_at IS NULL;
CREATE INDEX users_removed_username_key ON users (username_key, deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE password_credentials (
    user_id BLOB PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    scheme TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;

CREATE TABLE user_clients (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    PRIMARY KEY (user_id, client_key)
) STRICT;
CREATE INDEX user_clients_client_key ON user_clients (client_key);

CREATE TABLE memberships (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    role_id BLOB NOT NULL REFERENCES roles (id),
    status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 12),
    locale TEXT,
    epoch INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CONSTRAINT memberships_user_tenant_unique UNIQUE (user_id, tenant_id)
) STRICT;
CREATE INDEX memberships_tenant_id ON memberships (tenant_id);
CREATE INDEX memberships_role_id ON memberships (role_id);

CREATE TABLE membership_permissions (
    membership_id BLOB NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    allowed INTEGER NOT NULL,
    position INTEGER NOT NULL,
    permission TEXT NOT NULL,
    PRIMARY KEY (membership_id, allowed, position)
) STRICT;

CREATE TABLE identities (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CONSTRAINT identities_provider_subject_unique UNIQUE (provider, subject)
) STRICT;
CREATE INDEX identities_user_id ON identities (user_id);

CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    membership_id BLOB NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    last_used_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT,
    end_reason TEXT,
    ip_address TEXT,
    user_agent TEXT,
    device_id TEXT,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;
CREATE INDEX sessions_live_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expires_at ON sessions (expires_at);
CREATE INDEX sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE grants (
    id BLOB PRIMARY KEY,
    code_hash BLOB NOT NULL CONSTRAINT grants_code_hash_unique UNIQUE,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    tenant_id BLOB NOT NULL REFERENCES tenants (id),
    membership_id BLOB NOT NULL REFERENCES memberships (id) ON DELETE CASCADE,
    credential_version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    consumed_at TEXT,
    session_id BLOB REFERENCES sessions (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX grants_expires_at ON grants (expires_at);
CREATE INDEX grants_session_id ON grants (session_id) WHERE session_id IS NOT NULL;

CREATE TABLE refreshes (
    id BLOB PRIMARY KEY,
    session_id BLOB NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    token_hash BLOB NOT NULL CONSTRAINT refreshes_token_hash_unique UNIQUE,
    parent_id BLOB CONSTRAINT refreshes_parent_id_unique UNIQUE REFERENCES refreshes (id),
    key_version INTEGER,
    access_token_id BLOB NOT NULL,
    access_issued_at TEXT NOT NULL,
    access_expires_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    consumed_at TEXT,
    consumed_operation TEXT CHECK (consumed_operation IN ('refresh', 'switch')),
    consumed_tenant_id BLOB,
    consumed_ip_address TEXT,
    CHECK ((consumed_at IS NULL) = (consumed_operation IS NULL)),
    CHECK ((consumed_at IS NULL) = (consumed_tenant_id IS NULL))
) STRICT;
CREATE INDEX refreshes_session_id ON refreshes (session_id);

CREATE TABLE revocations (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('session', 'token', 'user', 'membership', 'tenant', 'client')),
    subject BLOB NOT NULL,
    epoch INTEGER,
    until TEXT NOT NULL,
    created_at TEXT NOT NULL,
    CHECK ((epoch IS NULL) = (kind IN ('session', 'token')))
) STRICT;
CREATE INDEX revocations_until ON revocations (until);

CREATE TABLE login_activity (
    id BLOB PRIMARY KEY,
    actor TEXT NOT NULL,
    tenant_id BLOB,
    login_time TEXT NOT NULL,
    token_payload TEXT NOT NULL,
    login_type TEXT NOT NULL,
    device_info TEXT,
    ip_address TEXT
) STRICT;
CREATE INDEX login_activity_page ON login_activity (tenant_id, login_time DESC, id DESC);
CREATE INDEX login_activity_tenant_id ON login_activity (tenant_id, id);
CREATE INDEX login_activity_actor ON login_activity (tenant_id, actor, login_time);
CREATE INDEX login_activity_active_users ON login_activity (tenant_id, login_time, login_type, actor, id);

CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private BLOB NOT NULL,
    is_first INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    signs_from TEXT,
    retired_at TEXT
) STRICT;
CREATE UNIQUE INDEX signing_keys_first_unique ON signing_keys (algorithm) WHERE is_first;

CREATE TABLE server_keys (
    version INTEGER PRIMARY KEY,
    sealed BLOB NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
