-- no-transaction
DROP INDEX CONCURRENTLY IF EXISTS login_activity_active_users
