//! Dependencies point inwards, and each outside library is named by one crate only (docs/architecture.md).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use toml::{Table, Value};

/// What a crate of ours may name of the others. A crate that is not listed has no rule yet, which is an error.
const INSIDE: &[(&str, &[&str])] = &[
    ("doorward-core", &[]),
    ("doorward-crypto", &["doorward-core"]),
    ("doorward-dev-idp", &["doorward-core"]),
    ("doorward-http", &["doorward-core"]),
    ("doorward-notify", &["doorward-core"]),
    ("doorward-providers", &["doorward-core"]),
    ("doorward-revocation", &["doorward-core"]),
    ("doorward-store", &["doorward-core"]),
    (
        "doorward-server",
        &[
            "doorward-core",
            "doorward-crypto",
            "doorward-dev-idp",
            "doorward-http",
            "doorward-notify",
            "doorward-providers",
            "doorward-revocation",
            "doorward-store",
        ],
    ),
    ("doorward-xtask", &[]),
];

/// Crates that may name anything: they look at the whole from outside.
const OUTSIDERS: &[&str] = &["doorward-tests", "doorward-bench"];

/// Libraries that only these crates may name.
const OUTSIDE: &[(&str, &[&str])] = &[
    ("argon2", &["doorward-crypto"]),
    ("bcrypt", &["doorward-crypto"]),
    ("clap", &["doorward-server"]),
    ("hyper", &["doorward-http"]),
    ("hyper-util", &["doorward-http"]),
    ("jsonwebtoken", &["doorward-crypto", "doorward-dev-idp", "doorward-providers"]),
    ("lettre", &["doorward-notify"]),
    (
        "metrics",
        &["doorward-crypto", "doorward-http", "doorward-revocation", "doorward-server", "doorward-store"],
    ),
    ("metrics-exporter-prometheus", &["doorward-server"]),
    ("oauth2", &["doorward-providers"]),
    ("openidconnect", &["doorward-providers"]),
    ("openssl", &["doorward-providers"]),
    ("poem", &["doorward-dev-idp", "doorward-http"]),
    ("poem-openapi", &["doorward-http"]),
    ("redis", &["doorward-revocation"]),
    ("reqwest", &["doorward-notify", "doorward-providers"]),
    // The fake provider is the other end of SAML: it reads requests and signs answers.
    ("roxmltree", &["doorward-dev-idp", "doorward-providers"]),
    ("samael", &["doorward-dev-idp", "doorward-providers"]),
    ("sqlx", &["doorward-store"]),
];

/// Reads every manifest of the workspace and compares it with the rules. Dev-dependencies are free.
///
/// # Errors
/// Every edge that no rule allows.
pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let manifests = manifests(root)?;
    let violations: Vec<String> =
        manifests.iter().flat_map(|(name, dependencies)| violations(name, dependencies)).collect();
    if violations.is_empty() {
        return Ok(format!("dependency rules: {} crates are fine", manifests.len()));
    }
    bail!("dependency rules are broken:\n  {}", violations.join("\n  "))
}

fn violations(name: &str, dependencies: &[String]) -> Vec<String> {
    if OUTSIDERS.contains(&name) {
        return Vec::new();
    }
    let Some((_, inside)) = INSIDE.iter().find(|(crate_name, _)| *crate_name == name) else {
        return vec![format!("{name} has no rule: add one to src/xtask/check_deps.rs")];
    };
    let mut violations = Vec::new();
    for dependency in dependencies {
        let dependency = dependency.as_str();
        if dependency.starts_with("doorward-") && !inside.contains(&dependency) {
            violations.push(format!("{name} must not depend on {dependency}"));
        }
        if let Some((_, owners)) = OUTSIDE.iter().find(|(library, _)| *library == dependency)
            && !owners.contains(&name)
        {
            violations.push(format!("{name} must not name {dependency}: only {} may", owners.join(", ")));
        }
    }
    violations
}

/// Package name → names of its dependencies and build-dependencies.
fn manifests(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let workspace = read_manifest(&root.join("Cargo.toml"))?;
    let shared = table(&workspace, &["workspace", "dependencies"]).cloned().unwrap_or_default();
    let members = workspace["workspace"]["members"].as_array().context("workspace.members is no list")?;
    let mut manifests = BTreeMap::new();
    for pattern in members.iter().filter_map(Value::as_str) {
        for directory in expand(root, pattern)? {
            let manifest = read_manifest(&directory.join("Cargo.toml"))?;
            let name = manifest["package"]["name"].as_str().context("package.name is no text")?;
            manifests.insert(name.to_owned(), dependencies(&manifest, &shared));
        }
    }
    Ok(manifests)
}

/// `src/*` → every directory in `src` with a manifest.
fn expand(root: &Path, pattern: &str) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let Some(parent) = pattern.strip_suffix("/*") else {
        return Ok(vec![root.join(pattern)]);
    };
    let mut directories = Vec::new();
    for entry in fs::read_dir(root.join(parent)).with_context(|| format!("cannot list {parent}"))? {
        let directory = entry?.path();
        if directory.join("Cargo.toml").exists() {
            directories.push(directory);
        }
    }
    Ok(directories)
}

fn dependencies(manifest: &Table, shared: &Table) -> Vec<String> {
    let mut names = Vec::new();
    let mut collect = |holder: &Table| {
        for kind in ["dependencies", "build-dependencies"] {
            for (key, value) in table(holder, &[kind]).into_iter().flatten() {
                names.push(package_name(key, value, shared));
            }
        }
    };
    collect(manifest);
    for holder in table(manifest, &["target"]).into_iter().flat_map(Table::values).filter_map(Value::as_table)
    {
        collect(holder);
    }
    names
}

/// The package behind a key: `x = { package = "y" }` names y, also when written in the workspace's table.
fn package_name(key: &str, value: &Value, shared: &Table) -> String {
    let renamed = value.get("package").or_else(|| shared.get(key).and_then(|shared| shared.get("package")));
    renamed.and_then(Value::as_str).unwrap_or(key).to_owned()
}

fn table<'a>(root: &'a Table, path: &[&str]) -> Option<&'a Table> {
    path.iter().try_fold(root, |table, key| table.get(*key)?.as_table())
}

fn read_manifest(path: &Path) -> anyhow::Result<Table> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("cannot parse {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(manifest: &str, shared: &str) -> Vec<String> {
        let parse = |text: &str| text.parse::<Table>().expect("TOML");
        dependencies(&parse(manifest), &parse(shared))
    }

    #[test]
    fn renamed_and_platform_dependencies_are_seen() {
        let manifest = "[dependencies]\na.workspace = true\n[dev-dependencies]\nfree = \"1\"\n\
                        [target.'cfg(unix)'.dependencies]\nb = { package = \"sqlx\", version = \"1\" }";
        assert_eq!(names(manifest, "a = { package = \"poem\", version = \"1\" }"), ["poem", "sqlx"]);
    }

    #[test]
    fn edges_between_adapters_are_violations() {
        let edge = |from, to: &str| violations(from, &[to.to_owned()]);
        assert_eq!(
            edge("doorward-http", "doorward-store"),
            ["doorward-http must not depend on doorward-store"]
        );
        assert_eq!(
            edge("doorward-core", "sqlx"),
            ["doorward-core must not name sqlx: only doorward-store may"]
        );
        assert_eq!(edge("doorward-new", "serde").len(), 1);
        assert!(edge("doorward-server", "doorward-store").is_empty());
        assert!(edge("doorward-tests", "sqlx").is_empty());
    }
}
