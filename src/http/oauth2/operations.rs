//! What the document says of each operation.

/// One operation, under all its paths.
pub(super) struct Operation {
    /// The usual path first, then the one of the dialect's older clients.
    pub(super) paths: &'static [&'static str],
    pub(super) method: &'static str,
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) read_from: Source,
    pub(super) proof: Proof,
    pub(super) reply: Reply,
    /// Every other status that can happen.
    pub(super) failures: &'static [u16],
}

/// Where parameters are read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Source {
    Query,
    Form,
    /// Either; the document tells of the form.
    FormOrQuery,
}

/// What has to be proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    Nothing,
    /// Who the client is, by header or form.
    Client,
    /// An access token with `openid`.
    Bearer,
}

/// What is answered when all is well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reply {
    /// JSON of that schema.
    Json(&'static str),
    /// A page, or a redirect to one or to the client.
    Redirect,
    /// A page.
    Page,
}

/// A parameter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) is_required: bool,
    pub(super) description: &'static str,
}

const fn required(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, is_required: true, description }
}

const fn optional(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, is_required: false, description }
}

const CLIENT_ID: Parameter =
    optional("client_id", "Public identifier of the client; beside Basic it has to match");
const CLIENT_SECRET: Parameter =
    optional("client_secret", "Secret of the client, where it is not in the header");
const ASSERTION: Parameter = optional("client_assertion", "A JWT of the client (RFC 7523 §2.2)");
const ASSERTION_TYPE: Parameter =
    optional("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
const HINT: Parameter =
    optional("token_type_hint", "access_token or refresh_token; a wrong one changes nothing");
const SCOPE: Parameter = optional("scope", "Scopes with spaces between them");
const RESOURCE: Parameter =
    optional("resource", "What the tokens are for; may come more than once (RFC 8707 §2)");

const AUTHORIZE: &[Parameter] = &[
    required("response_type", "code"),
    required("client_id", "Public identifier of the client"),
    required("redirect_uri", "One of the client's, exactly"),
    SCOPE,
    optional("state", "Comes back with the answer; 2048 bytes at most"),
    optional("nonce", "Comes back in the ID token; 2048 bytes at most"),
    optional("code_challenge", "PKCE (RFC 7636); only a confidential client can be excused from it"),
    optional("code_challenge_method", "S256"),
    optional("response_mode", "query or form_post"),
    optional("prompt", "none, or some of login, consent and select_account"),
    optional("max_age", "How old the sign-in may be, in seconds"),
    optional("id_token_hint", "An ID token of who is expected"),
    optional("login_hint", "A username to begin with"),
    optional("acr_values", "aal1 or aal2"),
    optional("claims", "Claims one by one, as JSON (OpenID Connect Core §5.5)"),
    optional("ui_locales", "Languages of the pages, preferred ones first"),
    RESOURCE,
];

const TOKEN: &[Parameter] = &[
    required("grant_type", "authorization_code, refresh_token, client_credentials or password"),
    optional("code", "For authorization_code; works once"),
    optional("redirect_uri", "For authorization_code: that of the authorization request"),
    optional("code_verifier", "For authorization_code: PKCE"),
    optional("refresh_token", "For refresh_token; works once"),
    optional("username", "For password, where a client may use that"),
    optional("password", "For password"),
    SCOPE,
    RESOURCE,
    CLIENT_ID,
    CLIENT_SECRET,
    ASSERTION,
    ASSERTION_TYPE,
];

const TOKEN_OF_CLIENT: &[Parameter] = &[
    required("token", "An access token or a refresh token"),
    HINT,
    CLIENT_ID,
    CLIENT_SECRET,
    ASSERTION,
    ASSERTION_TYPE,
];

const ID_TOKEN: &[Parameter] = &[
    required("id_token", "An ID token of the client"),
    optional("claims", "The claims that are wanted, with commas between them"),
    CLIENT_ID,
    CLIENT_SECRET,
    ASSERTION,
    ASSERTION_TYPE,
];

const END_SESSION: &[Parameter] = &[
    optional("id_token_hint", "An ID token of the session; an expired one is good too"),
    optional("client_id", "Public identifier of the client"),
    optional("post_logout_redirect_uri", "Where to go afterwards: one of the client's, exactly"),
    optional("state", "Comes back there"),
];

const ACCESS_TOKEN_FORM: &[Parameter] =
    &[optional("access_token", "The access token, where it is not in the header")];
const ACCESS_TOKEN: &[Parameter] =
    &[optional("access_token", "The access token in question; one in the header does as well")];

/// Everything that reads a body may find it bad.
const READS_FORM: &[u16] = &[400, 401, 408, 413, 429, 500, 503];
const ASKS_BEARER: &[u16] = &[400, 401, 403, 500, 503];
const SHOWS_PAGE: &[u16] = &[400, 403, 429, 500, 503];

/// A question or a wish by GET and by POST.
macro_rules! twice {
    ($get:literal, $post:literal, $form:expr, $operation:expr) => {
        [
            Operation { method: "get", id: $get, read_from: Source::Query, ..$operation },
            Operation { method: "post", id: $post, read_from: $form, ..$operation },
        ]
    };
}

const AUTHORIZATION: [Operation; 2] = twice!(
    "authorize",
    "authorizeByPost",
    Source::FormOrQuery,
    Operation {
        paths: &["/oauth2/authorize"],
        method: "",
        id: "",
        summary: "Sends the browser to the sign-in, or back to the client with a code or an error",
        parameters: AUTHORIZE,
        read_from: Source::Query,
        proof: Proof::Nothing,
        reply: Reply::Redirect,
        failures: SHOWS_PAGE,
    }
);

const USERINFO: [Operation; 2] = twice!(
    "userinfo",
    "userinfoByPost",
    Source::Form,
    Operation {
        paths: &["/oauth2/userinfo"],
        method: "",
        id: "",
        summary: "Claims about the user of an access token",
        parameters: ACCESS_TOKEN_FORM,
        read_from: Source::Query,
        proof: Proof::Bearer,
        reply: Reply::Json("UserInfo"),
        failures: ASKS_BEARER,
    }
);

const TOKENINFO: [Operation; 2] = twice!(
    "tokeninfo",
    "tokeninfoByPost",
    Source::FormOrQuery,
    Operation {
        paths: &["/oauth2/tokeninfo"],
        method: "",
        id: "",
        summary: "The claims of an access token",
        parameters: ACCESS_TOKEN,
        read_from: Source::Query,
        proof: Proof::Nothing,
        reply: Reply::Json("TokenInfo"),
        failures: READS_FORM,
    }
);

const SIGN_OUT: [Operation; 2] = twice!(
    "endSession",
    "endSessionByPost",
    Source::FormOrQuery,
    Operation {
        paths: &["/oauth2/connect/endSession"],
        method: "",
        id: "",
        summary: "Ends the browser's session and that of every client in it",
        parameters: END_SESSION,
        read_from: Source::Query,
        proof: Proof::Nothing,
        reply: Reply::Redirect,
        failures: SHOWS_PAGE,
    }
);

const OTHERS: [Operation; 6] = [
    Operation {
        paths: &["/oauth2/token", "/oauth2/access_token"],
        method: "post",
        id: "token",
        summary: "Tokens for a code, a refresh token, a client or a password",
        parameters: TOKEN,
        read_from: Source::Form,
        proof: Proof::Client,
        reply: Reply::Json("TokenResponse"),
        failures: READS_FORM,
    },
    Operation {
        paths: &["/oauth2/introspect"],
        method: "post",
        id: "introspect",
        summary: "Whether a token is alive, and what it says",
        parameters: TOKEN_OF_CLIENT,
        read_from: Source::FormOrQuery,
        proof: Proof::Client,
        reply: Reply::Json("Introspection"),
        failures: READS_FORM,
    },
    Operation {
        paths: &["/oauth2/revoke", "/oauth2/token/revoke"],
        method: "post",
        id: "revoke",
        summary: "Ends an access token, or with a refresh token the whole session",
        parameters: TOKEN_OF_CLIENT,
        read_from: Source::FormOrQuery,
        proof: Proof::Client,
        reply: Reply::Json("Nothing"),
        failures: READS_FORM,
    },
    Operation {
        paths: &["/oauth2/idtokeninfo"],
        method: "post",
        id: "idtokeninfo",
        summary: "The claims of an ID token",
        parameters: ID_TOKEN,
        read_from: Source::FormOrQuery,
        proof: Proof::Client,
        reply: Reply::Json("IdToken"),
        failures: READS_FORM,
    },
    Operation {
        paths: &["/oauth2/connect/checkSession"],
        method: "get",
        id: "checkSession",
        summary: "The frame that tells a page whether the browser's session has changed",
        parameters: &[optional("id_token", "An ID token; has to be one of ours")],
        read_from: Source::Query,
        proof: Proof::Nothing,
        reply: Reply::Page,
        failures: &[400, 500, 503],
    },
    Operation {
        paths: &["/.well-known/jwks.json", "/oauth2/connect/jwk_uri"],
        method: "get",
        id: "jwks",
        summary: "The public keys of signatures",
        parameters: &[],
        read_from: Source::Query,
        proof: Proof::Nothing,
        reply: Reply::Json("Jwks"),
        failures: &[500, 503],
    },
];

const DISCOVERY: [Operation; 1] = [Operation {
    paths: &[
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/oauth2/.well-known/openid-configuration",
        "/oauth2/.well-known/oauth-authorization-server",
    ],
    method: "get",
    id: "discovery",
    summary: "The metadata of this service",
    parameters: &[],
    read_from: Source::Query,
    proof: Proof::Nothing,
    reply: Reply::Json("Metadata"),
    failures: &[],
}];

/// Every operation.
pub(super) fn operations() -> impl Iterator<Item = &'static Operation> {
    let all: [&'static [Operation]; 6] =
        [&AUTHORIZATION, &OTHERS, &USERINFO, &TOKENINFO, &SIGN_OUT, &DISCOVERY];
    all.into_iter().flatten()
}

/// What a failed request means, by status.
pub(super) fn failure_description(status: u16) -> &'static str {
    match status {
        400 => "The request is malformed, or what it asks for is not granted.",
        401 => "Client or access token is not accepted.",
        403 => "Not allowed.",
        408 => "The request body took too long.",
        413 => "The request body is too large.",
        429 => "Too much was tried or is waiting; try again after `Retry-After` seconds.",
        503 => "A part the answer depends on cannot be reached; try again after `Retry-After` seconds.",
        _ => "A defect of the service.",
    }
}
