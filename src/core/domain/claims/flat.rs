//! Reading claims in one pass, each at its place.
//!
//! `#[serde(flatten)]` would copy every claim into a list of its own first, and would not see repeated names.

use serde::Deserialize;

use super::{Claims, UserClaims, UserPreferences};
use crate::domain::ids::{ClientKey, MembershipId, SessionId, TenantId, TokenId, UserId};
use crate::domain::revocation::Epochs;

/// All claims side by side, as the token has them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FlatClaims {
    id: UserId,
    first_name: String,
    last_name: Option<String>,
    middle_name: Option<String>,
    username: String,
    email: Option<String>,
    phone: Option<String>,
    last_login: Option<String>,
    photo_url: Option<String>,
    designation: Option<String>,
    dob: Option<String>,
    gender: Option<String>,
    default_tenant_id: Option<TenantId>,
    permissions: Vec<String>,
    role: String,
    #[serde(default)]
    age: Option<i32>,
    user_preferences: UserPreferences,
    tenant_id: TenantId,
    user_tenant_id: MembershipId,
    status: i64,
    iat: i64,
    exp: i64,
    iss: String,
    nbf: i64,
    sub: UserId,
    aud: String,
    jti: TokenId,
    sid: SessionId,
    #[serde(rename = "client_id")]
    client_id: String,
    #[serde(rename = "client_key")]
    client_key: ClientKey,
    #[serde(rename = "auth_time", default)]
    auth_time: Option<i64>,
    #[serde(default)]
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
    scope: String,
    epochs: Epochs,
}

impl From<FlatClaims> for Claims {
    fn from(flat: FlatClaims) -> Self {
        Self {
            user: UserClaims {
                id: flat.id,
                first_name: flat.first_name,
                last_name: flat.last_name,
                middle_name: flat.middle_name,
                username: flat.username,
                email: flat.email,
                phone: flat.phone,
                last_login: flat.last_login,
                photo_url: flat.photo_url,
                designation: flat.designation,
                dob: flat.dob,
                gender: flat.gender,
                default_tenant_id: flat.default_tenant_id,
                permissions: flat.permissions,
                role: flat.role,
                age: flat.age,
                user_preferences: flat.user_preferences,
                tenant_id: flat.tenant_id,
                user_tenant_id: flat.user_tenant_id,
                status: flat.status,
            },
            iat: flat.iat,
            exp: flat.exp,
            iss: flat.iss,
            nbf: flat.nbf,
            sub: flat.sub,
            aud: flat.aud,
            jti: flat.jti,
            sid: flat.sid,
            client_id: flat.client_id,
            client_key: flat.client_key,
            auth_time: flat.auth_time,
            acr: flat.acr,
            amr: flat.amr,
            scope: flat.scope,
            epochs: flat.epochs,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Claims;

    fn value() -> Value {
        let id = "0b7f4c1e-7c39-4c0a-9f57-1d2c3b4a5968";
        json!({
            "id": id, "firstName": "Ada", "lastName": null, "middleName": null, "username": "ada", "email": "a@example.com",
            "phone": null, "lastLogin": null, "photoUrl": null, "designation": null, "dob": "1990-01-01T00:00:00.000Z",
            "gender": "F", "defaultTenantId": id, "permissions": ["ViewLoginActivity"], "role": "Admin", "age": 36,
            "userPreferences": {"locale": "en"}, "tenantId": id, "userTenantId": id, "status": 1,
            "iat": 1, "exp": 2, "iss": "https://a", "nbf": 1, "sub": id, "aud": "https://a", "jti": id, "sid": id,
            "client_id": "web", "client_key": id, "auth_time": 1, "acr": "aal1", "amr": ["pwd"], "scope": "",
            "epochs": {"user": 1, "membership": 2, "tenant": 3, "client": 4},
        })
    }

    #[test]
    fn what_is_written_is_read() {
        let value = value();
        let claims: Claims = serde_json::from_value(value.clone()).unwrap();
        assert_eq!(serde_json::to_value(&claims).unwrap(), value);
    }

    #[test]
    fn claims_may_be_absent_only_where_they_are_optional() {
        let whole = value();
        let names: Vec<&String> = whole.as_object().unwrap().keys().collect();
        for name in names {
            let mut less = whole.clone();
            less.as_object_mut().unwrap().remove(name);
            let optional = whole[name].is_null()
                || ["age", "auth_time", "acr", "amr", "email", "dob", "gender", "defaultTenantId"]
                    .contains(&name.as_str());
            assert_eq!(serde_json::from_value::<Claims>(less).is_ok(), optional, "{name}");
        }
    }

    #[test]
    fn a_repeated_claim_is_refused() {
        let text = value().to_string();
        for (name, again) in [
            ("top", text.replacen('{', r#"{"sub":"0b7f4c1e-7c39-4c0a-9f57-1d2c3b4a5968","#, 1)),
            ("optional", text.replacen('{', r#"{"phone":null,"#, 1)),
            ("inner", text.replace(r#""epochs":{"#, r#""epochs":{"user":1,"#)),
            ("preferences", text.replace(r#"{"locale":"#, r#"{"locale":"de","locale":"#)),
        ] {
            assert!(serde_json::from_str::<Claims>(&text).is_ok());
            assert!(serde_json::from_str::<Claims>(&again).is_err(), "{name}");
        }
    }
}
