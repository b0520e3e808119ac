ALTER TABLE clients ADD COLUMN second_factor text COLLATE "C" CHECK (second_factor IN ('off', 'optional', 'required'));
COMMENT ON COLUMN clients.second_factor IS 'When a second factor is asked for here; null = as the server says.';
ALTER TABLE roles ADD COLUMN second_factor text COLLATE "C" CHECK (second_factor IN ('off', 'optional', 'required'));
COMMENT ON COLUMN roles.second_factor IS 'When its holders are asked for a second factor, if that is stricter than client and server; null = as those say.';
ALTER TABLE grants ADD COLUMN methods text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN grants.methods IS 'What the sign-in proved (RFC 8176), words with spaces between them; empty = unknown.';
ALTER TABLE sessions ADD COLUMN methods text COLLATE "C" NOT NULL DEFAULT '';
COMMENT ON COLUMN sessions.methods IS 'What the sign-in proved (RFC 8176), words with spaces between them; empty = unknown.';
ALTER TABLE users ADD COLUMN sign_up_data text;
COMMENT ON COLUMN users.sign_up_data IS 'What the app asked to be kept when the user signed up, JSON; null otherwise.';

CREATE TABLE challenges (
    id uuid PRIMARY KEY,
    purpose text COLLATE "C" NOT NULL CHECK (purpose IN ('sign_in', 'second_factor')),
    handle_hash bytea NOT NULL CONSTRAINT challenges_handle_hash_unique UNIQUE,
    client_key uuid NOT NULL REFERENCES clients (key) ON DELETE CASCADE,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    tenant_id uuid REFERENCES tenants (id),
    membership_id uuid REFERENCES memberships (id) ON DELETE CASCADE,
    credential_version bigint NOT NULL,
    methods text COLLATE "C" NOT NULL,
    channel text COLLATE "C" CHECK (channel IN ('email', 'sms')),
    code_mac bytea,
    key_version bigint,
    tries bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    CHECK ((channel IS NULL) = (code_mac IS NULL)),
    CHECK ((channel IS NULL) = (key_version IS NULL)),
    CHECK ((tenant_id IS NULL) = (membership_id IS NULL))
);
CREATE INDEX challenges_expires_at ON challenges (expires_at);
CREATE INDEX challenges_client_key ON challenges (client_key);
CREATE INDEX challenges_user_id ON challenges (user_id);
CREATE INDEX challenges_membership_id ON challenges (membership_id);
COMMENT ON TABLE challenges IS 'One-time codes that somebody still has to give: a sign-in of their own, or its second half.';
COMMENT ON COLUMN challenges.handle_hash IS 'SHA-256 of the pending code, or of the account''s name: a newer one replaces it.';
COMMENT ON COLUMN challenges.user_id IS 'Null for a name that nobody has: kept too, so that nothing tells it from others.';
COMMENT ON COLUMN challenges.tenant_id IS 'Where the first half of the sign-in goes; null for a sign-in by code alone.';
COMMENT ON COLUMN challenges.credential_version IS 'The password version when it began.';
COMMENT ON COLUMN challenges.methods IS 'What was proved before (RFC 8176), words with spaces between them.';
COMMENT ON COLUMN challenges.channel IS 'How the code was sent; null = a code of the authenticator app is expected.';
COMMENT ON COLUMN challenges.code_mac IS 'HMAC-SHA-256 of handle and code under a server key.';
COMMENT ON COLUMN challenges.tries IS 'Guesses so far.';

CREATE TABLE authenticators (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    confirmed_at timestamptz,
    last_step bigint,
    created_at timestamptz NOT NULL,
    CHECK ((confirmed_at IS NULL) = (last_step IS NULL))
);
CREATE UNIQUE INDEX authenticators_confirmed_unique ON authenticators (user_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX authenticators_unconfirmed_unique ON authenticators (user_id) WHERE confirmed_at IS NULL;
COMMENT ON TABLE authenticators IS 'Authenticator apps (RFC 6238).';
COMMENT ON COLUMN authenticators.sealed_secret IS 'The shared secret, sealed (AES-256-GCM).';
COMMENT ON COLUMN authenticators.confirmed_at IS 'When the first good code came; null = not in force.';
COMMENT ON COLUMN authenticators.last_step IS 'The last time step a code was accepted of: earlier ones and this one are refused.';

CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, code_hash)
);
COMMENT ON TABLE recovery_codes IS 'Codes for whom the authenticator app is lost; a used one is removed.';
COMMENT ON COLUMN recovery_codes.code_hash IS 'SHA-256 of user and code (80 random bits).';

CREATE TABLE links (
    id uuid PRIMARY KEY,
    purpose text COLLATE "C" NOT NULL CHECK (purpose IN ('reset_password', 'sign_up', 'verify_email')),
    token_hash bytea NOT NULL CONSTRAINT links_token_hash_unique UNIQUE,
    subject_hash bytea NOT NULL,
    client_key uuid REFERENCES clients (key) ON DELETE CASCADE,
    user_id uuid REFERENCES users (id) ON DELETE CASCADE,
    email text,
    data text,
    invited_tenant_id uuid REFERENCES tenants (id),
    invited_role_id uuid REFERENCES roles (id),
    credential_version bigint NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz,
    CHECK ((invited_tenant_id IS NULL) = (invited_role_id IS NULL))
);
CREATE INDEX links_fresh_of_subject ON links (subject_hash, purpose) WHERE spent_at IS NULL;
CREATE INDEX links_expires_at ON links (expires_at);
CREATE INDEX links_client_key ON links (client_key);
CREATE INDEX links_user_id ON links (user_id);
COMMENT ON TABLE links IS 'Links in mails, each used once.';
COMMENT ON COLUMN links.token_hash IS 'SHA-256 of the token; the token itself is not stored.';
COMMENT ON COLUMN links.subject_hash IS 'SHA-256 of whom it is about: a newer link about the same spends the older one.';
COMMENT ON COLUMN links.user_id IS 'Null for sign-up, and for links about nobody.';
COMMENT ON COLUMN links.email IS 'Where it was sent.';
COMMENT ON COLUMN links.data IS 'What the app asked to be kept with the account, JSON.';
COMMENT ON COLUMN links.invited_tenant_id IS 'The tenant whoever invited chose; null = the configured one.';
COMMENT ON COLUMN links.credential_version IS 'The password version when it was sent.';
COMMENT ON COLUMN links.spent_at IS 'When it was used, or a newer one took its place.';

CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    kind text COLLATE "C" NOT NULL,
    sealed_message bytea NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    attempts bigint NOT NULL,
    dead_at timestamptz,
    last_error text
);
CREATE INDEX outbox_due_at ON outbox (due_at) WHERE dead_at IS NULL;
CREATE INDEX outbox_dead_at ON outbox (dead_at) WHERE dead_at IS NOT NULL;
COMMENT ON TABLE outbox IS 'Mails and text messages that wait to be sent; one that was sent is removed.';
COMMENT ON COLUMN outbox.kind IS 'What it is, for who looks at the queue.';
COMMENT ON COLUMN outbox.sealed_message IS 'The message, sealed (AES-256-GCM): it holds codes and links.';
COMMENT ON COLUMN outbox.due_at IS 'When it may be tried next; while an attempt is under way, when that is taken for failed.';
COMMENT ON COLUMN outbox.dead_at IS 'When it was given up.';

CREATE TABLE former_passwords (
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    replaced_at timestamptz NOT NULL,
    hash text NOT NULL,
    PRIMARY KEY (user_id, replaced_at)
);
COMMENT ON TABLE former_passwords IS 'Hashes of passwords before the current one, as many as the policy compares with.';
