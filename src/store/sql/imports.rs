//! Many rows of another service at once: a statement per table instead of one per row.

use async_trait::async_trait;
use doorward_core::domain::activity::Activity;
use doorward_core::domain::ids::{Id as _, TenantId};
use doorward_core::domain::import::{Known, NewMembership, NewUser};
use doorward_core::domain::time::Timestamp;
use doorward_core::domain::user::{Identity, username_key};
use doorward_core::ports::import::Imports;
use doorward_core::ports::store::Stored;
use sqlx::QueryBuilder;
use sqlx::query_builder::Separated;
use uuid::Uuid;

use super::row::Fields;
use super::{Db, SqlTx, at, maybe_at};

/// Most values of one statement: SQLite takes 32,766, PostgreSQL twice as many.
const MOST_VALUES: usize = 30_000;

impl SqlTx {
    /// The ids among those asked for that `SELECT id … WHERE … IN (` finds.
    async fn which(&mut self, select: &'static str, ids: &[Uuid]) -> Stored<Vec<Uuid>> {
        let mut known = Vec::new();
        for some in ids.chunks(MOST_VALUES) {
            let mut builder: QueryBuilder<Db> = QueryBuilder::new(select);
            let mut list = builder.separated(", ");
            for id in some {
                list.push_bind(*id);
            }
            builder.push(")");
            for row in self.all(builder.build().persistent(false)).await? {
                known.push(Fields::new(&row, "imported").get("id")?);
            }
        }
        Ok(known)
    }

    async fn which_usernames(&mut self, keys: &[String]) -> Stored<Vec<String>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut builder: QueryBuilder<Db> = QueryBuilder::new(
            "SELECT username_key FROM users WHERE deleted_at IS NULL AND username_key IN (",
        );
        let mut list = builder.separated(", ");
        for key in keys {
            list.push_bind(key.as_str());
        }
        builder.push(")");
        let rows = self.all(builder.build().persistent(false)).await?;
        rows.iter().map(|row| Fields::new(row, "users").get("username_key")).collect()
    }

    async fn which_identities(&mut self, asked: &[(String, String)]) -> Stored<Vec<(String, String)>> {
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let mut builder: QueryBuilder<Db> =
            QueryBuilder::new("SELECT provider, subject FROM identities WHERE (provider, subject) IN (");
        builder.push_values(asked, |mut row, (provider, subject)| {
            row.push_bind(provider.as_str()).push_bind(subject.as_str());
        });
        builder.push(")");
        let rows = self.all(builder.build().persistent(false)).await?;
        let pair = |row| {
            let fields = Fields::new(row, "identities");
            Ok((fields.get("provider")?, fields.get("subject")?))
        };
        rows.iter().map(pair).collect()
    }

    /// `head` = `INSERT INTO … (…) `, without the word VALUES; `width` = values of a row.
    async fn insert<Item>(
        &mut self,
        head: &'static str,
        width: usize,
        rows: &[Item],
        tail: &'static str,
        mut push: impl FnMut(Separated<'_, Db, &'static str>, &Item),
    ) -> Stored<()> {
        for some in rows.chunks(MOST_VALUES / width) {
            let mut builder: QueryBuilder<Db> = QueryBuilder::new(head);
            builder.push_values(some, &mut push);
            builder.push(tail);
            self.run(builder.build().persistent(false)).await?;
        }
        Ok(())
    }

    async fn insert_users(&mut self, users: &[NewUser], now: Timestamp) -> Stored<()> {
        let head = "INSERT INTO users (id, username, username_key, email, email_verified, phone, first_name,
            middle_name, last_name, gender, dob, photo_url, designation, default_tenant_id, last_login_at, deleted_at,
            credential_version, epoch, created_at, updated_at) ";
        self.insert(head, 20, users, "", |mut row, new| {
            let user = &new.user;
            row.push_bind(user.id.uuid())
                .push_bind(user.username.as_str())
                .push_bind(username_key(&user.username))
                .push_bind(user.email.as_deref())
                .push_bind(user.email_verified)
                .push_bind(user.phone.as_deref())
                .push_bind(user.first_name.as_str())
                .push_bind(user.middle_name.as_deref())
                .push_bind(user.last_name.as_deref())
                .push_bind(user.gender.as_deref())
                .push_bind(user.dob)
                .push_bind(user.photo_url.as_deref())
                .push_bind(user.designation.as_deref())
                .push_bind(user.default_tenant.map(TenantId::uuid))
                .push_bind(maybe_at(user.last_login))
                .push_bind(maybe_at(user.deleted_at))
                .push_bind(user.credential_version)
                .push_bind(user.epoch)
                .push_bind(at(new.created_at))
                .push_bind(at(now));
        })
        .await
    }

    async fn insert_credentials(&mut self, users: &[NewUser], now: Timestamp) -> Stored<()> {
        let passwords: Vec<_> = users
            .iter()
            .filter_map(|new| new.password.as_ref().map(|password| (new.user.id, password)))
            .collect();
        let head = "INSERT INTO password_credentials (user_id, hash, scheme, changed_at) ";
        self.insert(head, 4, &passwords, "", |mut row, (user, (hash, scheme))| {
            row.push_bind(user.uuid()).push_bind(hash.as_str()).push_bind(scheme.as_str()).push_bind(at(now));
        })
        .await?;
        let clients: Vec<_> =
            users.iter().flat_map(|new| new.clients.iter().map(|client| (new.user.id, *client))).collect();
        let head = "INSERT INTO user_clients (user_id, client_key) ";
        self.insert(head, 2, &clients, "", |mut row, (user, client)| {
            row.push_bind(user.uuid()).push_bind(client.uuid());
        })
        .await?;
        let identities: Vec<&Identity> = users.iter().filter_map(|new| new.identity.as_ref()).collect();
        let head = "INSERT INTO identities (id, user_id, provider, subject, created_at) ";
        self.insert(head, 5, &identities, "", |mut row, identity| {
            row.push_bind(identity.id.uuid())
                .push_bind(identity.user.uuid())
                .push_bind(identity.provider.as_str())
                .push_bind(identity.subject.as_str())
                .push_bind(at(now));
        })
        .await
    }

    async fn insert_memberships(&mut self, users: &[NewUser], now: Timestamp) -> Stored<()> {
        let memberships: Vec<&NewMembership> = users.iter().flat_map(|new| &new.memberships).collect();
        let head =
            "INSERT INTO memberships (id, user_id, tenant_id, role_id, status, locale, epoch, created_at,
            updated_at) ";
        self.insert(head, 9, &memberships, "", |mut row, new| {
            let membership = &new.membership;
            row.push_bind(membership.id.uuid())
                .push_bind(membership.user.uuid())
                .push_bind(membership.tenant.uuid())
                .push_bind(new.role.uuid())
                // At most 12 by construction.
                .push_bind(i16::try_from(membership.status.code()).unwrap_or(i16::MAX))
                .push_bind(membership.locale.as_deref())
                .push_bind(membership.epoch)
                .push_bind(at(new.created_at))
                .push_bind(at(now));
        })
        .await?;
        let mut permissions = Vec::new();
        for NewMembership { membership, .. } in memberships {
            for (allowed, words) in [(true, &membership.allowed), (false, &membership.denied)] {
                permissions.extend(
                    (0_i32..)
                        .zip(words)
                        .map(|(position, word)| (membership.id, allowed, position, word.as_str())),
                );
            }
        }
        let head = "INSERT INTO membership_permissions (membership_id, allowed, position, permission) ";
        self.insert(head, 4, &permissions, "", |mut row, (membership, allowed, position, word)| {
            row.push_bind(membership.uuid()).push_bind(*allowed).push_bind(*position).push_bind(*word);
        })
        .await
    }
}

#[async_trait]
impl Imports for SqlTx {
    async fn known_roles(&mut self, ids: &[Uuid]) -> Stored<Vec<Uuid>> {
        self.which("SELECT id FROM roles WHERE id IN (", ids).await
    }

    async fn known_activities(&mut self, ids: &[Uuid]) -> Stored<Vec<Uuid>> {
        self.which("SELECT id FROM login_activity WHERE id IN (", ids).await
    }

    async fn known(&mut self, asked: &Known) -> Stored<Known> {
        Ok(Known {
            users: self.which("SELECT id FROM users WHERE id IN (", &asked.users).await?,
            usernames: self.which_usernames(&asked.usernames).await?,
            memberships: self.which("SELECT id FROM memberships WHERE id IN (", &asked.memberships).await?,
            identities: self.which_identities(&asked.identities).await?,
        })
    }

    async fn add_users(&mut self, users: &[NewUser], now: Timestamp) -> Stored<()> {
        self.insert_users(users, now).await?;
        self.insert_credentials(users, now).await?;
        self.insert_memberships(users, now).await
    }

    async fn add_activities(&mut self, activities: &[Activity]) -> Stored<()> {
        let head = "INSERT INTO login_activity (id, actor, tenant_id, login_time, token_payload, login_type,
            device_info, ip_address) ";
        self.insert(head, 8, activities, " ON CONFLICT (id) DO NOTHING", |mut row, activity| {
            row.push_bind(activity.id.uuid())
                .push_bind(activity.actor.as_str())
                .push_bind(activity.tenant.map(TenantId::uuid))
                .push_bind(at(activity.login_time))
                .push_bind(activity.token_payload.as_str())
                .push_bind(activity.login_type.as_str())
                .push_bind(activity.device_info.as_deref())
                .push_bind(activity.ip_address.as_deref());
        })
        .await
    }
}
