//! A refresh token with everything its rotation depends on: one statement, and so one round trip and one moment.

use doorward_core::domain::ids::{Id as _, TenantId};
use doorward_core::domain::secret::TokenHash;
use doorward_core::ports::store::{PresentedRefresh, Stored};
use uuid::Uuid;

use super::row::Fields;
use super::{Row, Statement, clients, memberships, refreshes, sessions, users};

/// One row per extra permission of the membership, or one without. Prefixes: `r_` the token, `n_` its successor, `s_` session,
/// `c_` client, `u_` user, `m_` membership.
const PRESENTED: &str = "
    SELECT r.id AS r_id, r.session_id AS r_session_id, r.token_hash AS r_token_hash, r.parent_id AS r_parent_id,
        r.key_version AS r_key_version, r.access_token_id AS r_access_token_id,
        r.access_issued_at AS r_access_issued_at, r.access_expires_at AS r_access_expires_at,
        r.created_at AS r_created_at, r.expires_at AS r_expires_at, r.consumed_at AS r_consumed_at,
        r.consumed_operation AS r_consumed_operation, r.consumed_tenant_id AS r_consumed_tenant_id,
        r.consumed_ip_address AS r_consumed_ip_address,
        n.id AS n_id, n.session_id AS n_session_id, n.token_hash AS n_token_hash, n.parent_id AS n_parent_id,
        n.key_version AS n_key_version, n.access_token_id AS n_access_token_id,
        n.access_issued_at AS n_access_issued_at, n.access_expires_at AS n_access_expires_at,
        n.created_at AS n_created_at, n.expires_at AS n_expires_at, n.consumed_at AS n_consumed_at,
        n.consumed_operation AS n_consumed_operation, n.consumed_tenant_id AS n_consumed_tenant_id,
        n.consumed_ip_address AS n_consumed_ip_address,
        s.id AS s_id, s.user_id AS s_user_id, s.client_key AS s_client_key, s.tenant_id AS s_tenant_id,
        s.membership_id AS s_membership_id, s.created_at AS s_created_at, s.last_used_at AS s_last_used_at,
        s.expires_at AS s_expires_at, s.ended_at AS s_ended_at, s.ip_address AS s_ip_address,
        s.user_agent AS s_user_agent, s.device_id AS s_device_id, s.methods AS s_methods,
        s.oauth AS s_oauth,
        c.key AS c_key, c.key AS c_id, c.client_id AS c_client_id, c.secret_hash AS c_secret_hash,
        c.name AS c_name, c.client_type AS c_client_type, c.tenant_id AS c_tenant_id,
        c.redirect_uris AS c_redirect_uris, c.logout_redirect_uris AS c_logout_redirect_uris,
        c.grant_types AS c_grant_types, c.scopes AS c_scopes, c.access_token_ttl_ms AS c_access_token_ttl_ms,
        c.refresh_token_ttl_ms AS c_refresh_token_ttl_ms, c.auth_code_ttl_ms AS c_auth_code_ttl_ms,
        c.algorithm AS c_algorithm, c.hs256_secret AS c_hs256_secret,
        c.second_factor AS c_second_factor, c.oauth AS c_oauth, c.enabled AS c_enabled, c.epoch AS c_epoch,
        u.id AS u_id, u.username AS u_username, u.email AS u_email, u.email_verified AS u_email_verified,
        u.phone AS u_phone, u.first_name AS u_first_name, u.middle_name AS u_middle_name,
        u.last_name AS u_last_name, u.gender AS u_gender, u.dob AS u_dob, u.photo_url AS u_photo_url,
        u.designation AS u_designation, u.default_tenant_id AS u_default_tenant_id,
        u.last_login_at AS u_last_login_at, u.deleted_at AS u_deleted_at,
        u.credential_version AS u_credential_version, u.epoch AS u_epoch,
        allowed.client_key AS allowed_client,
        m.id AS m_id, m.user_id AS m_user_id, m.tenant_id AS m_tenant_id, m.status AS m_status,
        m.locale AS m_locale, m.epoch AS m_epoch, t.status AS m_tenant_status, t.epoch AS m_tenant_epoch,
        t.name AS m_tenant_name,
        o.name AS m_role_name, o.permissions AS m_role_permissions,
        o.second_factor AS m_role_second_factor,
        p.permission AS m_permission, p.allowed AS m_allowed
    FROM refreshes r
    JOIN sessions s ON s.id = r.session_id
    JOIN clients c ON c.key = s.client_key
    JOIN users u ON u.id = s.user_id
    LEFT JOIN refreshes n ON n.parent_id = r.id
    LEFT JOIN user_clients allowed ON allowed.user_id = s.user_id AND allowed.client_key = s.client_key
    LEFT JOIN memberships m ON m.user_id = s.user_id AND m.tenant_id = COALESCE($2, s.tenant_id)
    LEFT JOIN tenants t ON t.id = m.tenant_id
    LEFT JOIN roles o ON o.id = m.role_id
    LEFT JOIN membership_permissions p ON p.membership_id = m.id
    WHERE r.token_hash = $1
    ORDER BY p.allowed, p.position";

pub(super) fn select(token: &TokenHash, tenant: Option<TenantId>) -> Statement<'_> {
    sqlx::query(PRESENTED).bind(token.as_bytes().as_slice()).bind(tenant.map(TenantId::uuid))
}

pub(super) fn read(rows: &[Row]) -> Stored<Option<PresentedRefresh>> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let present = |prefix| Fields::of(first, "refreshes", prefix).get::<Option<Uuid>>("id");
    let successor =
        present("n_")?.map(|_| refreshes::read(Fields::of(first, "refreshes", "n_"))).transpose()?;
    let membership = match present("m_")? {
        Some(_) => memberships::read_all(rows.iter().map(|row| Fields::of(row, "memberships", "m_")))?.pop(),
        None => None,
    };
    Ok(Some(PresentedRefresh {
        refresh: refreshes::read(Fields::of(first, "refreshes", "r_"))?,
        successor,
        session: sessions::read(Fields::of(first, "sessions", "s_"))?,
        client: clients::read(Fields::of(first, "clients", "c_"))?,
        user: users::read_user(Fields::of(first, "users", "u_"))?,
        is_client_allowed: Fields::new(first, "user_clients")
            .get::<Option<Uuid>>("allowed_client")?
            .is_some(),
        membership,
    }))
}
