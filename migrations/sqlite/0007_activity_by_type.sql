CREATE INDEX login_activity_type ON login_activity (tenant_id, login_type, login_time, actor, id);

-- What the planner believes of this table, rather than what it would guess: a tenant has many rows, a type of them still
-- many, an actor few. Without it a user's activity was looked for along the whole tenant. Fixed, so that plans do not change
-- while a database grows. The first statement only makes the table of statistics.
ANALYZE sqlite_schema;
DELETE FROM sqlite_stat1 WHERE tbl = 'login_activity';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('login_activity', 'sqlite_autoindex_login_activity_1', '1000000 1'),
    ('login_activity', 'login_activity_page', '1000000 500000 2 1'),
    ('login_activity', 'login_activity_tenant_id', '1000000 500000 1'),
    ('login_activity', 'login_activity_actor', '1000000 500000 100 1'),
    ('login_activity', 'login_activity_type', '1000000 500000 50000 2 1 1');
