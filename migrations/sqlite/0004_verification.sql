-- When a second factor is asked for here; null = as the server says.
ALTER TABLE clients ADD COLUMN second_factor TEXT CHECK (second_factor IN ('off', 'optional', 'required'));
-- When its holders are asked for a second factor, if that is stricter than client and server; null = as those say.
ALTER TABLE roles ADD COLUMN second_factor TEXT CHECK (second_factor IN ('off', 'optional', 'required'));
-- What the sign-in proved (RFC 8176), words with spaces between them; empty = unknown.
ALTER TABLE grants ADD COLUMN methods TEXT NOT NULL DEFAULT '';
-- What the sign-in proved (RFC 8176), words with spaces between them; empty = unknown.
ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT '';
-- What the app asked to be kept when the user signed up, JSON; null otherwise.
ALTER TABLE users ADD COLUMN sign_up_data TEXT;

-- One-time codes that somebody still has to give: a sign-in of their own, or its second half.
CREATE TABLE challenges (
    id BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'second_factor')),
    -- SHA-256 of the pending code, or of the account's name: a newer one replaces it.
    handle_hash BLOB NOT NULL CONSTRAINT challenges_handle_hash_unique UNIQUE,
    client_key BLOB NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    -- Null for a name that nobody has: kept too, so that nothing tells it from others.
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    -- Where the first half of the sign-in goes; null for a sign-in by code alone.
    tenant_id BLOB REFERENCES tenants (id),
    membership_id BLOB REFERENCES memberships (id) ON DELETE CASCADE,
    -- The password version when it began.
    credential_version INTEGER NOT NULL,
    -- What was proved before (RFC 8176), words with spaces between them.
    methods TEXT NOT NULL,
    -- How the code was sent; null = a code of the authenticator app is expected.
    channel TEXT CHECK (channel IN ('email', 'sms')),
    -- HMAC-SHA-256 of handle and code under a server key.
    code_mac BLOB,
    key_version INTEGER,
    -- Guesses so far.
    tries INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    CHECK ((channel IS NULL) = (code_mac IS NULL)),
    CHECK ((channel IS NULL) = (key_version IS NULL)),
    CHECK ((tenant_id IS NULL) = (membership_id IS NULL))
) STRICT;
CREATE INDEX challenges_expires_at ON challenges (expires_at);
CREATE INDEX challenges_client_key ON challenges (client_key);
CREATE INDEX challenges_user_id ON challenges (user_id);
CREATE INDEX challenges_membership_id ON challenges (membership_id);

-- Authenticator apps (RFC 6238).
CREATE TABLE authenticators (
    id BLOB PRIMARY KEY NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The shared secret, sealed (AES-256-GCM).
    sealed_secret BLOB NOT NULL,
    -- When the first good code came; null = not in force.
    confirmed_at TEXT,
    -- The last time step a code was accepted of: earlier ones and this one are refused.
    last_step INTEGER,
    created_at TEXT NOT NULL,
    CHECK ((confirmed_at IS NULL) = (last_step IS NULL))
) STRICT;
CREATE UNIQUE INDEX authenticators_confirmed_unique ON authenticators (user_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX authenticators_unconfirmed_unique ON authenticators (user_id) WHERE confirmed_at IS NULL;

-- Codes for whom the authenticator app is lost; a used one is removed.
CREATE TABLE recovery_codes (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of user and code (80 random bits).
    code_hash BLOB NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (user_id, code_hash)
) STRICT;

-- Links in mails, each used once.
CREATE TABLE links (
    id BLOB PRIMARY KEY NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('reset_password', 'sign_up', 'verify_email')),
    -- SHA-256 of the token; the token itself is not stored.
    token_hash BLOB NOT NULL CONSTRAINT links_token_hash_unique UNIQUE,
    -- SHA-256 of whom it is about: a newer link about the same spends the older one.
    subject_hash BLOB NOT NULL,
    client_key BLOB REFERENCES clients (key) ON DELETE CASCADE,
    -- Null for sign-up, and for links about nobody.
    user_id BLOB REFERENCES users (id) ON DELETE CASCADE,
    -- Where it was sent.
    email TEXT,
    -- What the app asked to be kept with the account, JSON.
    data TEXT,
    -- The tenant whoever invited chose; null = the configured one.
    invited_tenant_id BLOB REFERENCES tenants (id),
    invited_role_id BLOB REFERENCES roles (id),
    -- The password version when it was sent.
    credential_version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    -- When it was used, or a newer one took its place.
    spent_at TEXT,
    CHECK ((invited_tenant_id IS NULL) = (invited_role_id IS NULL))
) STRICT;
CREATE INDEX links_fresh_of_subject ON links (subject_hash, purpose) WHERE spent_at IS NULL;
CREATE INDEX links_expires_at ON links (expires_at);
CREATE INDEX links_client_key ON links (client_key);
CREATE INDEX links_user_id ON links (user_id);

-- Mails and text messages that wait to be sent; one that was sent is removed.
CREATE TABLE outbox (
    id BLOB PRIMARY KEY NOT NULL,
    -- What it is, for who looks at the queue.
    kind TEXT NOT NULL,
    -- The message, sealed (AES-256-GCM): it holds codes and links.
    sealed_message BLOB NOT NULL,
    created_at TEXT NOT NULL,
    -- When it may be tried next; while an attempt is under way, when that is taken for failed.
    due_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    -- When it was given up.
    dead_at TEXT,
    last_error TEXT
) STRICT;
CREATE INDEX outbox_due_at ON outbox (due_at) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead_at ON outbox (dead_at) WHERE dead_at IS NOT NULL;

-- Hashes of passwords before the current one, as many as the policy compares with.
CREATE TABLE former_passwords (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    replaced_at TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (user_id, replaced_at)
) STRICT;
