//! `new-provider NAME`: a provider that speaks OpenID Connect, with its test, registered everywhere a kind must be named.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};

const PROVIDER: &str = include_str!("templates/provider.rs.txt");
const TESTS: &str = include_str!("templates/provider_tests.rs.txt");
const LIST: &str = "providers/lib.rs";
const KINDS: &str = "src/core/ports/provider.rs";
/// Where the plain OpenID kind has an arm that the new kind shares: the scripted provider plays it, the conformance tests
/// run against it.
const ARMS: &[&str] = &[
    "src/dev_idp/routes.rs",
    "tests/harness/federation.rs",
    "tests/it/providers/conformance.rs",
    "tests/it/providers/upstream_logout.rs",
];

/// Writes the files. Nothing is written unless every place was found.
///
/// # Errors
/// The name is no usable word or taken; a place where the kind must be named was not found.
pub(crate) fn create(root: &Path, name: &str) -> anyhow::Result<String> {
    check_name(name)?;
    let kind = variant(name);
    let (source, tests) = (format!("providers/{name}.rs"), format!("providers/{name}/tests.rs"));
    ensure!(!root.join(&source).exists(), "{source} exists");
    let mut files = vec![
        (source.clone(), fill(PROVIDER, name, &kind)),
        (tests, fill(TESTS, name, &kind)),
        (LIST.to_owned(), registered(&read(root, LIST)?, name, &kind)?),
        (KINDS.to_owned(), with_kind(&read(root, KINDS)?, name, &kind)?),
    ];
    for path in ARMS {
        files.push((
            (*path).to_owned(),
            with_arm(&read(root, path)?, &kind).with_context(|| (*path).to_owned())?,
        ));
    }
    for (path, content) in &files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().context("every file has a directory")?)?;
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let written: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    Ok(format!(
        "written: {}\n\nnext: put what is particular about it into {source}; say in docs/providers.md what to register at the \
         provider; add it to the kinds in src/server/config/providers.rs and run ./dev reference; ./dev check",
        written.join(", ")
    ))
}

fn check_name(name: &str) -> anyhow::Result<()> {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    let starts = name.starts_with(|first: char| first.is_ascii_lowercase());
    ensure!(
        plain && starts && name.len() <= 30 && !name.contains("__") && !name.ends_with('_'),
        "the name is a word of a-z, 0-9 and _, such as `gitlab`"
    );
    ensure!(!matches!(name, "deadline" | "engine" | "settings" | "lib" | "mod"), "{name} is taken");
    Ok(())
}

/// `my_idp` → `MyIdp`.
fn variant(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(1.min(word.len()));
        format!("{}{rest}", first.to_ascii_uppercase())
    };
    name.split('_').map(capital).collect()
}

fn fill(template: &str, name: &str, kind: &str) -> String {
    template.replace("{{name}}", name).replace("{{Kind}}", kind)
}

fn read(root: &Path, path: &str) -> anyhow::Result<String> {
    fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"))
}

/// The registration list with one more line.
fn registered(list: &str, name: &str, kind: &str) -> anyhow::Result<String> {
    let list = before(list, "mod oidc;\n", &format!("mod {name};\n"))?;
    let plain = "    (ProviderKind::Oidc, oidc::build),\n";
    before(&list, plain, &format!("    (ProviderKind::{kind}, {name}::build),\n"))
}

/// The closed list of kinds with one more.
fn with_kind(kinds: &str, name: &str, kind: &str) -> anyhow::Result<String> {
    ensure!(!kinds.contains(&format!("Self::{kind} ")), "the kind {name} exists");
    let kinds = before(
        kinds,
        "    /// Any OpenID provider.\n    Oidc,\n",
        &format!("    /// {kind}.\n    {kind},\n"),
    )?;
    let kinds = before(&kinds, "        Self::Oidc,\n    ];", &format!("        Self::{kind},\n"))?;
    let kinds = before(
        &kinds,
        "            Self::Oidc => \"oidc\",\n",
        &format!("            Self::{kind} => \"{name}\",\n"),
    )?;
    let kinds = before(&kinds, " => None,\n", &format!(" | Self::{kind}"))?;
    counted(&kinds)
}

/// The length of the array `ALL`, one more.
fn counted(kinds: &str) -> anyhow::Result<String> {
    let start = "pub const ALL: [Self; ";
    let (head, rest) = kinds.split_once(start).context("ALL is not where it was")?;
    let (count, tail) = rest.split_once(']').context("ALL is not what it was")?;
    let count: usize = count.parse().context("ALL is not what it was")?;
    Ok(format!("{head}{start}{}]{tail}", count + 1))
}

fn with_arm(source: &str, kind: &str) -> anyhow::Result<String> {
    let arm = "ProviderKind::Oidc =>";
    if !source.contains(arm) {
        bail!("there is no arm `{arm}`");
    }
    Ok(source.replace(arm, &format!("ProviderKind::{kind} | {arm}")))
}

/// Puts text before the only place that reads like this.
fn before(source: &str, place: &str, text: &str) -> anyhow::Result<String> {
    ensure!(source.matches(place).count() == 1, "there is not exactly one {:?}", place.trim());
    Ok(source.replacen(place, &format!("{text}{place}"), 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A repository with nothing but the files that are changed.
    fn copy() -> tempfile::TempDir {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the repository");
        let copy = tempfile::tempdir().expect("a directory");
        for path in ARMS.iter().chain(&[LIST, KINDS]) {
            let target = copy.path().join(path);
            fs::create_dir_all(target.parent().expect("a directory")).expect("it can be made");
            fs::copy(root.join(path), target).expect("it can be copied");
        }
        copy
    }

    fn written(root: &Path, path: &str) -> String {
        fs::read_to_string(root.join(path)).expect(path)
    }

    #[test]
    fn a_provider_is_registered_everywhere() {
        let copy = copy();
        create(copy.path(), "my_idp").expect("it is written");
        let root = copy.path();
        assert!(written(root, "providers/my_idp.rs").contains("impl Preset for MyIdp"));
        assert!(written(root, "providers/my_idp/tests.rs").contains("ProviderKind::MyIdp"));
        assert!(written(root, LIST).contains("(ProviderKind::MyIdp, my_idp::build),"));
        let kinds = written(root, KINDS);
        for line in [
            "    MyIdp,\n",
            "Self::MyIdp => \"my_idp\",",
            "        Self::MyIdp,\n",
            " | Self::MyIdp => None,",
        ] {
            assert_eq!(kinds.matches(line).count(), 1, "{line}");
        }
        let error = create(root, "my_idp").expect_err("it exists").to_string();
        assert_eq!(error, "providers/my_idp.rs exists");
        create(root, "gitlab").expect("a second one");
        assert!(written(root, KINDS).contains("pub const ALL: [Self; 11]"));
    }

    #[test]
    fn names_are_words_that_are_free() {
        let copy = copy();
        for name in ["", "Git", "git-lab", "1st", "_x", "x_", "a__b", "engine", "../x", "google"] {
            let taken = name == "google";
            let error = create(copy.path(), name).expect_err(name).to_string();
            assert!(!taken || error.contains("exists"), "{error}");
        }
        assert!(!copy.path().join("providers/x.rs").exists());
    }

    #[test]
    fn nothing_is_written_when_a_place_is_missing() {
        let copy = copy();
        fs::write(copy.path().join(ARMS[0]), "").expect("it can be written");
        let error = create(copy.path(), "gitlab").expect_err("a place is missing").to_string();
        assert_eq!(error, ARMS[0]);
        assert!(!copy.path().join("providers/gitlab.rs").exists());
    }
}
