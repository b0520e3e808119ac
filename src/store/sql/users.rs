//! Users, their passwords and the clients they may sign in through.

use async_trait::async_trait;
use doorward_core::domain::ids::{ClientKey, Id as _, TenantId, UserId};
use doorward_core::domain::time::Timestamp;
use doorward_core::domain::user::{Account, User, username_key};
use doorward_core::ports::store::{Stored, Users};
use sqlx::AssertSqlSafe;

use super::super::folded;
use super::row::Fields;
use super::{Row, SqlTx, Statement, at, maybe_at};

/// One row per allowed client (or one without): the account in one statement.
macro_rules! account_where {
    ($condition:literal) => {
        concat!(
            "SELECT u.id, u.username, u.email, u.email_verified, u.phone, u.first_name, u.middle_name,
                    u.last_name, u.gender, u.dob, u.photo_url, u.designation, u.default_tenant_id,
                    u.last_login_at, u.deleted_at, u.credential_version, u.epoch,
                    p.hash AS password_hash, c.client_key AS allowed_client
             FROM users u
             LEFT JOIN password_credentials p ON p.user_id = u.id
             LEFT JOIN user_clients c ON c.user_id = u.id
             WHERE ",
            $condition,
            " ORDER BY c.client_key"
        )
    };
}

pub(super) fn read_user(fields: Fields<'_>) -> Stored<User> {
    Ok(User {
        id: fields.id("id")?,
        username: fields.get("username")?,
        email: fields.get("email")?,
        email_verified: fields.get("email_verified")?,
        phone: fields.get("phone")?,
        first_name: fields.get("first_name")?,
        middle_name: fields.get("middle_name")?,
        last_name: fields.get("last_name")?,
        gender: fields.get("gender")?,
        dob: fields.get("dob")?,
        photo_url: fields.get("photo_url")?,
        designation: fields.get("designation")?,
        default_tenant: fields.maybe_id("default_tenant_id")?,
        last_login: fields.maybe_time("last_login_at")?,
        deleted_at: fields.maybe_time("deleted_at")?,
        credential_version: fields.get("credential_version")?,
        epoch: fields.get("epoch")?,
    })
}

fn read_account(rows: &[Row]) -> Stored<Option<Account>> {
    let Some(first) = rows.first() else {
        return Ok(None);
    };
    let fields = Fields::new(first, "users");
    let clients = rows.iter().filter_map(|row| {
        Fields::new(row, "user_clients").maybe_id::<ClientKey>("allowed_client").transpose()
    });
    Ok(Some(Account {
        user: read_user(fields)?,
        password_hash: fields.get("password_hash")?,
        clients: clients.collect::<Stored<_>>()?,
    }))
}

fn bind_profile<'q>(statement: Statement<'q>, user: &'q User) -> Statement<'q> {
    statement
        .bind(user.id.uuid())
        .bind(&user.username)
        .bind(username_key(&user.username))
        .bind(user.email.as_deref())
        .bind(user.email_verified)
        .bind(user.phone.as_deref())
        .bind(&user.first_name)
        .bind(user.middle_name.as_deref())
        .bind(user.last_name.as_deref())
        .bind(user.gender.as_deref())
        .bind(user.dob)
        .bind(user.photo_url.as_deref())
        .bind(user.designation.as_deref())
        .bind(user.default_tenant.map(TenantId::uuid))
        .bind(maybe_at(user.deleted_at))
}

impl SqlTx {
    async fn put_password(&mut self, user: UserId, hash: &str, scheme: &str, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO password_credentials (user_id, hash, scheme, changed_at) VALUES ($1, $2, $3, $4)
             ON CONFLICT (user_id) DO UPDATE
             SET hash = excluded.hash, scheme = excluded.scheme, changed_at = excluded.changed_at",
        )
        .bind(user.uuid())
        .bind(hash)
        .bind(scheme)
        .bind(at(now));
        self.run(statement).await.map(|_| ())
    }
}

#[async_trait]
impl Users for SqlTx {
    async fn account_by_username_key(&mut self, key: &str) -> Stored<Option<Account>> {
        let statement = sqlx::query(account_where!("u.username_key = $1 AND u.deleted_at IS NULL"));
        read_account(&self.all(statement.bind(key)).await?)
    }

    async fn accounts_by_email(&mut self, address: &str) -> Stored<Vec<Account>> {
        let statement = AssertSqlSafe(format!(
            "SELECT id FROM users WHERE {} = $1 AND deleted_at IS NULL ORDER BY id LIMIT 2",
            folded("email")
        ));
        let rows = self.all(sqlx::query(statement).bind(address)).await?;
        let mut accounts = Vec::new();
        for row in &rows {
            accounts.extend(self.account(Fields::new(row, "users").id("id")?).await?);
        }
        Ok(accounts)
    }

    async fn removed_account_by_username_key(&mut self, key: &str) -> Stored<Option<Account>> {
        let statement = sqlx::query(account_where!(
            "u.id = (SELECT id FROM users WHERE username_key = $1 AND deleted_at IS NOT NULL
                     ORDER BY deleted_at DESC, id DESC LIMIT 1)"
        ));
        read_account(&self.all(statement.bind(key)).await?)
    }

    async fn account(&mut self, id: UserId) -> Stored<Option<Account>> {
        let statement = sqlx::query(account_where!("u.id = $1"));
        read_account(&self.all(statement.bind(id.uuid())).await?)
    }

    async fn add_user(&mut self, user: &User, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "INSERT INTO users (id, username, username_key, email, email_verified, phone, first_name,
                 middle_name, last_name, gender, dob, photo_url, designation, default_tenant_id, deleted_at,
                 last_login_at, credential_version, epoch, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19)",
        );
        let statement = bind_profile(statement, user)
            .bind(maybe_at(user.last_login))
            .bind(user.credential_version)
            .bind(user.epoch)
            .bind(at(now));
        self.run(statement).await.map(|_| ())
    }

    async fn save_user(&mut self, user: &User, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE users SET username = $2, username_key = $3, email = $4, email_verified = $5, phone = $6,
                 first_name = $7, middle_name = $8, last_name = $9, gender = $10, dob = $11, photo_url = $12,
                 designation = $13, default_tenant_id = $14, deleted_at = $15, updated_at = $16
             WHERE id = $1",
        );
        self.run(bind_profile(statement, user).bind(at(now))).await.map(|_| ())
    }

    async fn set_user_clients(&mut self, user: UserId, clients: &[ClientKey]) -> Stored<bool> {
        let statement = sqlx::query("SELECT client_key FROM user_clients WHERE user_id = $1");
        let mut surplus = Vec::new();
        for row in self.all(statement.bind(user.uuid())).await? {
            surplus.push(Fields::new(&row, "user_clients").id::<ClientKey>("client_key")?);
        }
        surplus.retain(|client| !clients.contains(client));
        let mut changed = 0;
        for client in clients {
            let statement = sqlx::query(
                "INSERT INTO user_clients (user_id, client_key) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            );
            changed += self.run(statement.bind(user.uuid()).bind(client.uuid())).await?;
        }
        for client in surplus {
            let statement = sqlx::query("DELETE FROM user_clients WHERE user_id = $1 AND client_key = $2");
            changed += self.run(statement.bind(user.uuid()).bind(client.uuid())).await?;
        }
        Ok(changed > 0)
    }

    async fn set_password(&mut self, user: UserId, hash: &str, scheme: &str, now: Timestamp) -> Stored<()> {
        let statement = sqlx::query(
            "UPDATE users SET credential_version = credential_version + 1, updated_at = $2 WHERE id = $1",
        );
        self.run(statement.bind(user.uuid()).bind(at(now))).await?;
        self.put_password(user, hash, scheme, now).await
    }

    async fn change_password(
        &mut self,
        user: UserId,
        version: i64,
        hash: &str,
        scheme: &str,
        now: Timestamp,
    ) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE users SET credential_version = credential_version + 1, updated_at = $3
             WHERE id = $1 AND credential_version = $2 AND deleted_at IS NULL",
        );
        if self.run(statement.bind(user.uuid()).bind(version).bind(at(now))).await? == 0 {
            return Ok(false);
        }
        self.put_password(user, hash, scheme, now).await?;
        Ok(true)
    }

    async fn rehash_password(
        &mut self,
        user: UserId,
        version: i64,
        hash: &str,
        scheme: &str,
    ) -> Stored<bool> {
        // Locks the user row first: a guard inside the second statement would, on PostgreSQL, be judged by a snapshot from
        // before a concurrent change, and put the old password back.
        if !self.confirm_sign_in(user, version, None).await? {
            return Ok(false);
        }
        let statement =
            sqlx::query("UPDATE password_credentials SET hash = $2, scheme = $3 WHERE user_id = $1");
        let touched = self.run(statement.bind(user.uuid()).bind(hash).bind(scheme)).await?;
        Ok(touched > 0)
    }

    async fn confirm_sign_in(
        &mut self,
        user: UserId,
        version: i64,
        last_login: Option<Timestamp>,
    ) -> Stored<bool> {
        let statement = sqlx::query(
            "UPDATE users SET last_login_at = COALESCE($3, last_login_at)
             WHERE id = $1 AND credential_version = $2 AND deleted_at IS NULL",
        );
        let statement = statement.bind(user.uuid()).bind(version).bind(maybe_at(last_login));
        Ok(self.run(statement).await? > 0)
    }

    async fn bump_user_epoch(&mut self, user: UserId) -> Stored<i64> {
        self.bump("UPDATE users SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", user.uuid()).await
    }

    async fn commonest_password_scheme(&mut self) -> Stored<Option<String>> {
        let statement = sqlx::query(
            "SELECT scheme FROM (SELECT scheme FROM password_credentials ORDER BY user_id DESC LIMIT 1000) AS sample
             GROUP BY scheme ORDER BY COUNT(*) DESC, scheme LIMIT 1",
        );
        let row = self.maybe(statement).await?;
        row.map(|row| Fields::new(&row, "password_credentials").get("scheme")).transpose()
    }
}
