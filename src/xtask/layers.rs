//! Inside core: `domain` imports neither `ports` nor `usecase`, `ports` does not import `usecase`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

/// A folder of core and what its code must not name.
const RULES: &[(&str, &[&str])] = &[("domain", &["ports", "usecase"]), ("ports", &["usecase"])];

/// Reads every source file of the inner layers. Comments may name anything.
///
/// # Errors
/// Every line that reaches outwards.
pub(crate) fn check(root: &Path) -> anyhow::Result<String> {
    let mut violations = Vec::new();
    let mut files = 0;
    for (layer, forbidden) in RULES {
        let mut pending = vec![root.join("src/core").join(layer)];
        while let Some(path) = pending.pop() {
            if path.is_dir() {
                for entry in fs::read_dir(&path)? {
                    pending.push(entry?.path());
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files += 1;
                let text =
                    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                let shown = path.strip_prefix(root).unwrap_or(&path).display().to_string();
                violations.extend(outward_lines(&text, forbidden).map(|line| format!("{shown}:{line}")));
            }
        }
    }
    if violations.is_empty() {
        return Ok(format!("layers of core: {files} files are fine"));
    }
    bail!("layers of core are broken:\n  {}", violations.join("\n  "))
}

fn outward_lines<'a>(text: &'a str, forbidden: &'a [&str]) -> impl Iterator<Item = String> + 'a {
    let code = (1..).zip(text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter_map(move |(number, line)| {
        // A braced list could hide what it names over several lines: one path per line is asked for instead.
        if line.contains("crate::{") || line.contains("super::super::{") {
            return Some(format!("{number}: write imports of other layers one by one"));
        }
        let named = forbidden.iter().find(|layer| {
            line.contains(&format!("crate::{layer}")) || line.contains(&format!("super::super::{layer}"))
        })?;
        Some(format!("{number}: must not name {named}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_counts() {
        let text =
            "//! See [`crate::ports`].\nuse crate::domain::ids;\nuse crate::ports::clock;\nuse crate::{a};\n";
        let lines: Vec<String> = outward_lines(text, &["ports", "usecase"]).collect();
        assert_eq!(lines, ["3: must not name ports", "4: write imports of other layers one by one"]);
    }
}
