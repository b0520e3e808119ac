-- What is different in release 19 from schema_14.sql.
ALTER TABLE main.roles ADD tenant_id uuid NOT NULL, ADD allowed_clients text[], ADD description varchar(500);
ALTER TABLE main.users ADD photo_url text, ADD designation varchar(50);
ALTER TABLE main.auth_clients ALTER client_secret TYPE text, ALTER secret TYPE text;
ALTER TABLE main.user_credentials ALTER secret_key TYPE text;
ALTER TABLE main.user_permissions ALTER permission TYPE text;
