//! The world every test begins in, as an `apply` file.

/// The password of every user but the imported one.
pub const PASSWORD: &str = "Correct-Horse-7";
/// A password that the policy accepts for every user.
pub const NEW_PASSWORD: &str = "Battery-Staple-8";
/// Cost-10 bcrypt hash of [`PASSWORD`], made by libxcrypt.
pub const BCRYPT_OF_PASSWORD: &str = "$2b$10$abcdefghijklmnopqrstuuPiS4iUBT88yFvUSk/tP0Mi6eDKfUO/S";

/// Id of the tenant with key `acme`.
pub const ACME: &str = "11111111-1111-7111-8111-111111111111";
/// Id of the tenant with key `globex`.
pub const GLOBEX: &str = "22222222-2222-7222-8222-222222222222";
/// Id of the inactive tenant with key `closed`.
pub const CLOSED: &str = "33333333-3333-7333-8333-333333333333";
/// Id of the user `alice`.
pub const ALICE: &str = "bbbbbbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb";

/// Secret of the confidential clients.
pub const CLIENT_SECRET: &str = "websecret-0123456789";
/// Signing key that the client `hs256` shares with us.
pub const HS256_SECRET: &str = "a-shared-key-of-more-than-thirty-two-bytes";

/// The confidential client most tests use.
pub const WEBAPP: &str = "webapp";
/// A confidential client that `alice` may use too.
pub const OTHER: &str = "other";
/// A public client.
pub const MOBILE: &str = "mobile";

/// The secret of a client; public ones have none.
#[must_use]
pub fn secret_of(client: &str) -> Option<&'static str> {
    (client != MOBILE).then_some(CLIENT_SECRET)
}

const WORLD: &str = r#"
[[tenants]]
key = "acme"
name = "Acme"
id = "11111111-1111-7111-8111-111111111111"

[[tenants]]
key = "globex"
name = "Globex"
id = "22222222-2222-7222-8222-222222222222"

[[tenants]]
key = "closed"
name = "Closed"
id = "33333333-3333-7333-8333-333333333333"
status = "inactive"

[[roles]]
name = "SuperAdmin"
permissions = ["ViewLoginActivity", "ViewUser", "CreateUser"]

[[roles]]
name = "Member"
permissions = ["ViewUser", "CreateUser"]

[[roles]]
name = "Auditor"
tenant = "globex"
permissions = ["ViewLoginActivity"]

[[clients]]
client_id = "webapp"
client_secret = "{CLIENT_SECRET}"
type = "web"
redirect_uris = ["http://127.0.0.1:4200/cb"]
access_token_ttl = "15m"
refresh_token_ttl = "1d"
auth_code_ttl = "3m"

[[clients]]
client_id = "other"
client_secret = "{CLIENT_SECRET}"
type = "web"

[[clients]]
client_id = "mobile"
type = "spa"
redirect_uris = ["myapp://callback"]

[[clients]]
client_id = "eddsa"
client_secret = "{CLIENT_SECRET}"
algorithm = "EdDSA"

[[clients]]
client_id = "rs256"
client_secret = "{CLIENT_SECRET}"
algorithm = "RS256"

[[clients]]
client_id = "hs256"
client_secret = "{CLIENT_SECRET}"
algorithm = "HS256"
hs256_secret = "{HS256_SECRET}"

[[clients]]
client_id = "switched-off"
client_secret = "{CLIENT_SECRET}"
enabled = false

[[users]]
id = "bbbbbbbb-bbbb-7bbb-8bbb-bbbbbbbbbbbb"
username = "alice"
password = "{PASSWORD}"
email = "alice@example.com"
email_verified = true
phone = "+15550000001"
first_name = "Alice"
last_name = "Testington"
gender = "F"
dob = "1990-05-17"
clients = ["webapp", "other", "mobile", "eddsa", "rs256", "hs256"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "SuperAdmin", allow = ["SpecialPerm", "ViewUser"], deny = ["CreateUser"], locale = "de" }]

[[users]]
username = "bob"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]

[[users]]
username = "gloria"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "globex"
memberships = [{ tenant = "globex", role = "Auditor" }]

[[users]]
username = "registered"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member", status = "registered" }]

[[users]]
username = "inactive"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member", status = "inactive" }]

[[users]]
username = "rejected"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member", status = "rejected" }]

[[users]]
username = "changer"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member", status = "password_change_needed" }]

[[users]]
username = "seven"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member", status = 7 }]

[[users]]
username = "lonely"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"

[[users]]
username = "clientless"
password = "{PASSWORD}"
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]

[[users]]
username = "mobile-only"
password = "{PASSWORD}"
clients = ["mobile"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]

[[users]]
username = "removed"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
deleted = true
memberships = [{ tenant = "acme", role = "Member" }]

[[users]]
username = "Mixed.Case"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]

[[users]]
username = "imported"
password_hash = "{BCRYPT_OF_PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]

[[users]]
username = "federated"
clients = ["webapp"]
default_tenant = "acme"
memberships = [{ tenant = "acme", role = "Member" }]
identities = [{ provider = "google", subject = "google-subject-1" }]

[[users]]
username = "twofold"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [
  { tenant = "acme", role = "Member" },
  { tenant = "globex", role = "Auditor", locale = "fr" },
  { tenant = "closed", role = "Member" },
]

[[users]]
username = "invited"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "acme"
memberships = [
  { tenant = "acme", role = "Member" },
  { tenant = "globex", role = "Auditor", status = "registered" },
]

[[users]]
username = "homeless"
password = "{PASSWORD}"
clients = ["webapp"]
memberships = [{ tenant = "closed", role = "Member" }, { tenant = "globex", role = "Auditor" }]

[[users]]
username = "shut"
password = "{PASSWORD}"
clients = ["webapp"]
default_tenant = "closed"
memberships = [{ tenant = "closed", role = "Member" }]
"#;

/// The `apply` file.
#[must_use]
pub fn world() -> String {
    let values = [
        ("{CLIENT_SECRET}", CLIENT_SECRET),
        ("{HS256_SECRET}", HS256_SECRET),
        ("{PASSWORD}", PASSWORD),
        ("{BCRYPT_OF_PASSWORD}", BCRYPT_OF_PASSWORD),
    ];
    values.iter().fold(WORLD.to_owned(), |text, (place, value)| text.replace(place, value))
}
