-- What the benchmark needs beside the rows of Debian's package. Run in the folder of the keys; @ISSUER@ is replaced before.

-- One plugin instance for each algorithm; it is served at /api/NAME.
INSERT INTO g_plugin_module_instance (gpmi_module, gpmi_name, gpmi_display_name, gpmi_parameters)
SELECT 'oidc', plugin.column1, plugin.column1, json_object(
    'iss', '@ISSUER@', 'subject-type', 'public',
    'jwt-type', plugin.column2, 'jwt-key-size', '256',
    'key', CAST(readfile(plugin.column2 || '.key') AS TEXT), 'cert', CAST(readfile(plugin.column2 || '.pub') AS TEXT),
    'access-token-duration', 3600, 'refresh-token-duration', 1209600, 'code-duration', 600,
    'refresh-token-rolling', json('true'), 'jwks-show', json('true'), 'allow-non-oidc', json('true'),
    'auth-type-code-enabled', json('true'), 'auth-type-token-enabled', json('false'),
    'auth-type-id-token-enabled', json('true'), 'auth-type-none-enabled', json('false'),
    'auth-type-password-enabled', json('true'), 'auth-type-client-enabled', json('true'),
    'auth-type-refresh-enabled', json('true'),
    'introspection-revocation-allowed', json('true'), 'introspection-revocation-auth-scope', json('[]'),
    'introspection-revocation-allow-target-client', json('true'),
    'email-claim', 'on-demand', 'name-claim', 'on-demand',
    'email-claim-scope', json('["email"]'), 'name-claim-scope', json('["profile"]'),
    'scope', json('[]'), 'additional-parameters', json('[]'), 'claims', json('[]'))
FROM (VALUES ('rs256', 'rsa'), ('es256', 'ecdsa')) AS plugin;

INSERT INTO g_scope (gs_name, gs_display_name, gs_description, gs_password_required, gs_password_max_age)
VALUES ('profile', 'Profile', '', 0, 0), ('email', 'E-mail', '', 0, 0);

-- Its secret is the property: the server compares it without hashing.
INSERT INTO g_client (gc_client_id, gc_name, gc_confidential) VALUES ('bench', 'Bench', 1);
INSERT INTO g_client_property (gc_id, gcp_name, gcp_value)
SELECT gc_id, property.column1, property.column2
FROM g_client, (VALUES ('client_secret', 'bench-secret-of-the-peer-0123456789'), ('authorization_type', 'client_credentials'),
    ('authorization_type', 'password'), ('token_endpoint_auth_method', 'client_secret_basic'),
    ('redirect_uri', 'http://127.0.0.1:4200/cb')) AS property
WHERE gc_client_id = 'bench';
INSERT INTO g_client_scope (gcs_name) VALUES ('bench');
INSERT INTO g_client_scope_client (gc_id, gcs_id) SELECT gc_id, gcs_id FROM g_client, g_client_scope;

-- A user whose password is that of the package's own: password.
INSERT INTO g_user (gu_username, gu_name, gu_email) VALUES ('alice', 'Alice Test', 'alice@example.com');
INSERT INTO g_user_password (gu_id, guw_password)
SELECT alice.gu_id, guw_password FROM g_user AS alice, g_user_password WHERE alice.gu_username = 'alice';
INSERT INTO g_user_scope (gus_name) VALUES ('openid'), ('profile'), ('email');
INSERT INTO g_user_scope_user (gu_id, gus_id)
SELECT gu_id, gus_id FROM g_user, g_user_scope WHERE gu_username = 'alice' AND gus_name IN ('openid', 'profile', 'email');
