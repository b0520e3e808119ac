//! Users whom messages can reach, beside those of [`bootstrap`](crate::bootstrap), and who is who among them.

use super::app::App;
use crate::bootstrap::{CLIENT_SECRET, PASSWORD};

/// An active member of acme with an address and a telephone, for every client.
pub const ERIN: &str = "erin";
/// Her address.
pub const ERIN_MAIL: &str = "erin@example.com";
/// Her telephone.
pub const ERIN_PHONE: &str = "+15550000002";
/// Another active member, with an address only.
pub const FRANK: &str = "frank";
/// His address.
pub const FRANK_MAIL: &str = "frank@example.com";
/// A member whose role always asks for a second factor.
pub const GWEN: &str = "gwen";
/// Her address.
pub const GWEN_MAIL: &str = "gwen@example.com";
/// A client that asks for no second factor.
pub const LAX: &str = "lax";
/// A client that asks everybody for a second factor.
pub const STRICT: &str = "strict";

/// Users of the client `webapp` to whom nothing of the kind may be sent, by what they are.
pub const SHUT_OUT: [(&str, &str); 5] = [
    ("inactive", "ines"),
    ("registered", "regina"),
    ("rejected", "rafael"),
    ("deleted", "della"),
    ("of an inactive tenant", "clara"),
];

/// A user without a password, who signs in at a provider.
pub const SOCIAL: &str = "sonia";
/// A user of another tenant.
pub const ELSEWHERE: &str = "olga";
/// A user of another client only.
pub const OF_MOBILE: &str = "mona";

const PEOPLE: &str = r#"
[[roles]]
name = "Guarded"
permissions = ["ViewUser"]
mfa = "required"

[[clients]]
client_id = "lax"
client_secret = "{CLIENT_SECRET}"
type = "web"
mfa = "off"

[[clients]]
client_id = "strict"
client_secret = "{CLIENT_SECRET}"
type = "web"
mfa = "required"
"#;

/// Name, what is special about the user, and about the membership.
const USERS: [(&str, &str, &str); 11] = [
    (
        ERIN,
        "phone = \"+15550000002\"\nfirst_name = \"Erin\"\nlast_name = \"Oakhurst\"",
        "role = \"SuperAdmin\"",
    ),
    (FRANK, "first_name = \"Frank\"", "role = \"Member\""),
    (GWEN, "first_name = \"Gwen\"", "role = \"Guarded\""),
    ("ines", "", "role = \"Member\", status = \"inactive\""),
    ("regina", "", "role = \"Member\", status = \"registered\""),
    ("rafael", "", "role = \"Member\", status = \"rejected\""),
    ("della", "deleted = true", "role = \"Member\""),
    ("clara", "", "role = \"Member\""),
    (SOCIAL, "identities = [{ provider = \"google\", subject = \"google-sonia\" }]", "role = \"Member\""),
    (ELSEWHERE, "", "role = \"Auditor\""),
    (OF_MOBILE, "", "role = \"Member\""),
];

/// Their `apply` file.
#[must_use]
pub fn people() -> String {
    let users = USERS.map(|(name, special, membership)| {
        let tenant = match name {
            ELSEWHERE => "globex",
            "clara" => "closed",
            _ => "acme",
        };
        let clients = match name {
            ERIN | FRANK | GWEN => "\"webapp\", \"other\", \"mobile\", \"lax\", \"strict\"",
            OF_MOBILE => "\"mobile\"",
            _ => "\"webapp\"",
        };
        let password = if name == SOCIAL { String::new() } else { format!("password = \"{PASSWORD}\"\n") };
        format!(
            "\n[[users]]\nusername = \"{name}\"\nemail = \"{name}@example.com\"\nemail_verified = true\n{password}\
             clients = [{clients}]\ndefault_tenant = \"{tenant}\"\n{special}\n\
             memberships = [{{ tenant = \"{tenant}\", {membership} }}]\n"
        )
    });
    PEOPLE.replace("{CLIENT_SECRET}", CLIENT_SECRET) + &users.concat()
}

impl App {
    /// Adds the people.
    pub async fn introduce_people(&self) {
        self.apply(&people()).await;
    }
}
