//! Where secrets are: in the plan file, the environment, or a file. Looked up only when one is
//! needed, and never shown.

use super::settings::at_home;
use crate::model::{Secret, SecretSource};
use std::{collections::BTreeMap, fs};

/// Looks a secret up; an error says what is missing.
pub(super) fn find(
    source: &SecretSource,
    environment: &BTreeMap<String, String>,
) -> Result<Secret, String> {
    match source {
        SecretSource::Literal(secret) => Ok(secret.clone()),
        SecretSource::Environment(name) => {
            let value = environment.get(name).filter(|value| !value.is_empty());
            let value = value.ok_or_else(|| format!("the variable `{name}` is not set"))?;
            Ok(Secret::new(value))
        }
        SecretSource::File(file) => {
            let file = &at_home(file, environment);
            #[expect(clippy::disallowed_methods, reason = "a secret goes through no cache")]
            let text = fs::read_to_string(file);
            let text = text.map_err(|err| format!("failed to read `{}`: {err}", file.display()))?;
            Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_looked_up_where_they_are_said_to_be() {
        let environment = BTreeMap::from([("TOKEN".to_owned(), "a".to_owned())]);
        let find = |source| find(&source, &environment);
        let variable = |name: &str| SecretSource::Environment(name.into());
        assert_eq!(find(variable("TOKEN")), Ok(Secret::new("a")));
        let why = find(variable("OTHER")).unwrap_err();
        assert!(why.contains("`OTHER` is not set"), "{why}");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        let why = find(SecretSource::File(file.clone())).unwrap_err();
        assert!(why.contains("secret"), "{why}");
        std::io::Write::write_all(&mut fs::File::create(&file).unwrap(), b"b c\r\n").unwrap();
        assert_eq!(find(SecretSource::File(file)), Ok(Secret::new("b c")));
        let home = dir.path().display().to_string();
        let environment = BTreeMap::from([("HOME".to_owned(), home)]);
        let source = SecretSource::File("plans/~/secret".into());
        assert_eq!(super::find(&source, &environment), Ok(Secret::new("b c")));
    }
}
