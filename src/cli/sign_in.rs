//! What scenarios are given from outside: variables that were typed, where to sign in, passwords.

use super::{error::CliError, secrets, settings::Settings, workplace::Workplace};
use crate::{
    model::{Machine, Secret, SecretSource, SignIn},
    run::script::Provided,
    scenario::{Given, is_password, refused_name},
};
use std::collections::BTreeMap;

/// Reads variables such as `title=Milk`.
pub(super) fn variables(typed: &[String]) -> Result<BTreeMap<String, String>, CliError> {
    let mut vars = BTreeMap::new();
    for text in typed {
        let Some((name, value)) = text.split_once('=') else {
            // It may be a password.
            let why = "`--var` takes `KEY=VALUE`, and one of them has no `=`";
            return Err(CliError::Usage(why.into()));
        };
        if let Some(why) = refused_name(name) {
            let why = format!("`{name}` cannot be set by `--var`: {why}");
            return Err(CliError::Usage(why));
        }
        if vars.insert(name.to_owned(), value.to_owned()).is_some() {
            let why = format!("`--var {name}` is given twice");
            return Err(CliError::Usage(why));
        }
    }
    Ok(vars)
}

impl Settings {
    /// Returns where scenarios sign in, and as whom: what the plan file says, else the environment.
    fn sign_in(&self, planned: &SignIn) -> SignIn {
        let get = |name: &str| self.variable(name).cloned();
        let password = self.source(&["FUNCTIONAL_TEST_PASSWORD"]);
        SignIn {
            workspace_url: planned
                .workspace_url
                .clone()
                .or_else(|| get("FUNCTIONAL_WORKSPACE_URL")),
            test_user: planned
                .test_user
                .clone()
                .or_else(|| get("FUNCTIONAL_TEST_USER")),
            test_password: planned.test_password.clone().or(password),
        }
    }

    /// Returns where the password of a machine's user is, where somebody says.
    fn vm_password(&self, machine: &Machine) -> Option<SecretSource> {
        let planned = machine.reach.password.clone();
        planned.or_else(|| self.source(&["MOSDAT_VM_PASSWORD", "DEFAULT_VM_PASSWORD"]))
    }

    /// Returns what scenarios are given beside passwords.
    pub(super) fn given(&self, planned: &SignIn, vars: &BTreeMap<String, String>) -> Given {
        let sign_in = self.sign_in(planned);
        let known = [
            ("workspace_url", sign_in.workspace_url),
            ("test_user", sign_in.test_user),
        ];
        let known = known.into_iter();
        Given {
            vars: vars.clone(),
            usual: known
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect(),
            ..Given::default()
        }
    }

    fn variable(&self, name: &str) -> Option<&String> {
        let value = self.environment.get(name);
        value.filter(|value| !value.is_empty())
    }

    fn source(&self, names: &[&str]) -> Option<SecretSource> {
        let name = names.iter().find(|name| self.variable(name).is_some())?;
        Some(SecretSource::Environment((*name).into()))
    }
}

impl Workplace {
    /// Looks up what scenarios are given, passwords among it.
    pub(super) fn provided(&self) -> Provided {
        let find = |source: SecretSource| secrets::find(&source, &self.settings.environment);
        let sign_in = self.settings.sign_in(&self.loaded.settings.sign_in);
        let machines = self.loaded.desired.machines.iter();
        Provided {
            texts: self.given.usual.clone(),
            test_password: sign_in.test_password.map(find),
            vm_passwords: machines
                .filter_map(|(name, machine)| {
                    let source = self.settings.vm_password(machine)?;
                    Some((name.clone(), find(source)))
                })
                .collect(),
        }
    }

    /// Returns the passwords that scenarios may type.
    pub(super) fn passwords(&self) -> Vec<Secret> {
        let provided = self.provided();
        let found = provided.vm_passwords.into_values();
        let found = found.chain(provided.test_password).filter_map(Result::ok);
        let typed = self.given.vars.iter();
        let typed = typed.filter(|(name, _)| is_password(name));
        found
            .chain(typed.map(|(_, value)| Secret::new(value)))
            .collect()
    }

    /// Says which typed variables no scenario of the plan uses: most likely a slip of the pen.
    pub(super) fn warn_of_unused(&self) {
        let desired = &self.loaded.desired;
        let own = desired.own_scenarios.values().flat_map(BTreeMap::values);
        let scenarios = desired.scenarios.values().chain(own);
        let used: Vec<_> = scenarios.map(|scenario| &scenario.variables).collect();
        for name in self.given.vars.keys().filter(|name| !is_password(name)) {
            if !used.iter().any(|variables| variables.contains_key(name)) {
                let text = format!("warning: no scenario uses the variable `{name}`");
                self.settings.face.say(&text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{arguments::ColorChoice, face::Face};

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Settings {
            face: Face::new(ColorChoice::Never, true, None, true),
            state_dir: None,
            environment: variables.iter().map(own).collect(),
            log: String::new(),
        }
    }

    #[test]
    fn the_plan_file_comes_before_the_environment() {
        let planned = SignIn {
            test_user: Some("robot".into()),
            ..SignIn::default()
        };
        let settings = settings(&[
            ("FUNCTIONAL_WORKSPACE_URL", "https://chat.example.test"),
            ("FUNCTIONAL_TEST_USER", "other"),
            ("FUNCTIONAL_TEST_PASSWORD", "hunter2"),
        ]);
        let given = settings.given(&planned, &BTreeMap::new());
        let usual: Vec<(&str, &str)> = given
            .usual
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let url = ("workspace_url", "https://chat.example.test");
        assert_eq!(usual, [("test_user", "robot"), url]);
        let password = settings.sign_in(&planned).test_password;
        let there = SecretSource::Environment("FUNCTIONAL_TEST_PASSWORD".into());
        assert_eq!(password, Some(there));
    }

    #[test]
    fn variables_are_typed_once_and_with_a_name() {
        let read = |typed: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|text| (*text).to_owned()).collect();
            variables(&typed)
        };
        let vars = read(&["a=1=2", "b="]).unwrap();
        assert_eq!((vars["a"].as_str(), vars["b"].as_str()), ("1=2", ""));
        for wrong in [
            &["a"][..],
            &["a=1", "a=1"],
            &["app_path=x"],
            &["a-b=1"],
            &["=1"],
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
