-- A small world in the old service's database, with one of everything that an import must judge. Runs on the tables of
-- releases 14 and 19 alike. Everybody's password is Correct-Horse-7-Battery.
SET search_path TO main, public;

INSERT INTO tenants (id, name, status, key) VALUES
    ('11111111-1111-4111-8111-111111111111', 'Acme', 1, 'acme'),
    ('22222222-2222-4222-8222-222222222222', 'Beta', 0, 'beta');
INSERT INTO tenants (id, name, status, key, deleted) VALUES
    ('33333333-3333-4333-8333-333333333333', 'Gone', 1, 'gone', true);

-- Release 19 wants a tenant for every role, release 14 knows none.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM information_schema.columns
               WHERE table_schema = 'main' AND table_name = 'roles' AND column_name = 'tenant_id') THEN
        ALTER TABLE main.roles ALTER COLUMN tenant_id SET DEFAULT '11111111-1111-4111-8111-111111111111';
    END IF;
END $$;
INSERT INTO roles (id, name, permissions) VALUES
    ('aaaaaaaa-0000-4000-8000-000000000001', 'SuperAdmin', '{ViewLoginActivity,ViewUser}'),
    ('aaaaaaaa-0000-4000-8000-000000000002', 'Member', '{ViewUser}'),
    ('aaaaaaaa-0000-4000-8000-000000000003', 'Member', '{ViewUser}'),
    ('aaaaaaaa-0000-4000-8000-000000000004', 'Member', '{ViewUser,DeleteUser}');

INSERT INTO auth_clients (id, client_id, client_secret, redirect_url, access_token_expiration, refresh_token_expiration,
                          auth_code_expiration, secret, client_type) VALUES
    (1, 'webapp', 'CANARY-old-client-secret-of-webapp', 'https://app.example/cb', 900, 86400, 180,
     'CANARY-old-signing-secret-of-webapp', 'public'),
    (2, 'backoffice', 'short', 'http://intranet.example/cb', 604800, 86400, 180, 'short', 'confidential'),
    (3, 'spa', '', 'javascript:alert(1)', 900, 0, 180, 'x', 'public'),
    (4, 'webapp', 'CANARY-another-secret', NULL, 900, 86400, 180, 'x', 'public'),
    (5, 'lost', '', NULL, 900, 86400, 180, 'x', 'confidential');

INSERT INTO users (id, first_name, middle_name, last_name, username, email, phone, created_on, last_login, auth_client_ids,
                   gender, dob, default_tenant_id, deleted, deleted_on) VALUES
    ('bbbbbbbb-0000-4000-8000-000000000001', 'Alice', NULL, 'Test', 'alice', 'alice@example.com', '+15550000001',
     '2020-01-01 10:00:00+00', '2025-06-01 12:00:00.123456+00', '{1,2}', 'F', '1990-05-17',
     '11111111-1111-4111-8111-111111111111', false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000002', 'Alice', NULL, 'Capital', 'Alice', NULL, NULL,
     '2019-01-01 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000003', 'Bob', 'B', NULL, 'Bob', NULL, NULL,
     '2020-01-02 10:00:00+00', NULL, '{1,4}', 'M', NULL, NULL, false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000004', 'Carol', NULL, NULL, 'carol', NULL, NULL,
     '2020-01-03 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000005', 'Dave', NULL, NULL, 'dave', NULL, NULL,
     '2020-01-04 10:00:00+00', NULL, '{}', NULL, NULL, '33333333-3333-4333-8333-333333333333', false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000006', 'Erin', NULL, NULL, 'erin', NULL, NULL,
     '2020-01-05 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, true, '2021-01-01 00:00:00+00'),
    ('bbbbbbbb-0000-4000-8000-000000000007', 'Erin', NULL, 'Again', 'erin', NULL, NULL,
     '2021-01-05 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000008', 'Frank', NULL, NULL, 'frank', 'frank@example.com', NULL,
     '2021-01-06 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000009', 'Grace', NULL, NULL, 'grace', NULL, NULL,
     '2021-01-07 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, false, NULL),
    ('bbbbbbbb-0000-4000-8000-000000000010', 'Heidi', NULL, NULL, 'heidi', NULL, NULL,
     '2021-01-08 10:00:00+00', NULL, '{1}', NULL, NULL, NULL, false, NULL);

INSERT INTO user_credentials (user_id, auth_provider, auth_id, password, secret_key) VALUES
    ('bbbbbbbb-0000-4000-8000-000000000001', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', 'CANARY-totp-secret'),
    ('bbbbbbbb-0000-4000-8000-000000000002', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000003', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000004', 'internal', NULL, 'md5:0123456789abcdef', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000006', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000007', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000008', 'aws-cognito', 'cognito-sub-8', '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000009', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL),
    ('bbbbbbbb-0000-4000-8000-000000000010', 'internal', NULL, '$2a$10$3dUzD5DOVcpUG/897Es4ZuQxzCX1/VErxoIGGsrGwlqe3wZ27HG5O', NULL);

INSERT INTO user_tenants (id, user_id, tenant_id, role_id, status, locale, created_on) VALUES
    ('cccccccc-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000001',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000001', 1, 'de', '2020-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000002', 'bbbbbbbb-0000-4000-8000-000000000001',
     '22222222-2222-4222-8222-222222222222', 'aaaaaaaa-0000-4000-8000-000000000003', 1, NULL, '2020-02-02 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000003', 'bbbbbbbb-0000-4000-8000-000000000001',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000002', 2, NULL, '2020-02-03 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000004', 'bbbbbbbb-0000-4000-8000-000000000003',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000004', 3, NULL, '2020-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000005', 'bbbbbbbb-0000-4000-8000-000000000004',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000002', 1, NULL, '2020-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000006', 'bbbbbbbb-0000-4000-8000-000000000005',
     '33333333-3333-4333-8333-333333333333', 'aaaaaaaa-0000-4000-8000-000000000002', 1, NULL, '2020-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000007', 'bbbbbbbb-0000-4000-8000-000000000007',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000002', 77, NULL, '2021-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000008', 'bbbbbbbb-0000-4000-8000-000000000008',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000002', 1, NULL, '2021-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000009', 'bbbbbbbb-0000-4000-8000-000000000009',
     '11111111-1111-4111-8111-111111111111', 'aaaaaaaa-0000-4000-8000-000000000002', 0, NULL, '2021-02-01 00:00:00+00'),
    ('cccccccc-0000-4000-8000-000000000010', 'bbbbbbbb-0000-4000-8000-000000000010',
     '22222222-2222-4222-8222-222222222222', 'aaaaaaaa-0000-4000-8000-000000000002', 1, NULL, '2021-02-01 00:00:00+00');

INSERT INTO user_permissions (user_tenant_id, permission, allowed, deleted) VALUES
    ('cccccccc-0000-4000-8000-000000000001', 'SpecialPerm', true, false),
    ('cccccccc-0000-4000-8000-000000000001', 'ViewUser', false, false),
    ('cccccccc-0000-4000-8000-000000000001', 'Forgotten', true, true);

INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type, device_info, ip_address) VALUES
    ('dddddddd-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000001',
     '11111111-1111-4111-8111-111111111111', '2025-06-01 12:00:00+00', '{"iv":"00","encryptedData":"11","authTag":"22"}',
     'ACCESS', 'curl/8', '{"iv":"00","encryptedData":"33","authTag":"44"}'),
    ('dddddddd-0000-4000-8000-000000000002', 'somebody', 'not-an-id', '2025-06-02 12:00:00+00', '{}', 'LOGOUT', NULL, NULL);
