-- no-transaction
CREATE INDEX CONCURRENTLY login_activity_type ON login_activity (tenant_id, login_type, login_time, actor, id)
