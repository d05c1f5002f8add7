//! Values that scenarios are given from outside: where to sign in, as whom, and passwords.

use super::Exercise;
use crate::{
    model::{MachineName, Secret},
    scenario::{PROVIDED, Script, is_password},
};
use std::collections::BTreeMap;

/// A password; why it cannot be had, when somebody said where it is and it is not there.
pub type Password = Result<Secret, String>;

/// Values that scenarios are given from outside, where they have none of their own.
#[derive(Clone, Debug, Default)]
pub struct Provided {
    /// What anybody may see, by the variable's name.
    pub texts: BTreeMap<String, String>,
    /// The password of the user that scenarios sign in as, where somebody says.
    pub test_password: Option<Password>,
    /// The password of each machine's user, where somebody says.
    pub vm_passwords: BTreeMap<MachineName, Password>,
}

impl Provided {
    /// Returns the values that hold on `machine`, passwords among them.
    pub(super) fn values(&self, machine: &MachineName) -> BTreeMap<String, String> {
        let mut values = self.texts.clone();
        for name in PROVIDED {
            if let Some(Ok(secret)) = self.password(name, machine) {
                values.insert(name.to_owned(), secret.expose().to_owned());
            }
        }
        values
    }

    fn password(&self, name: &str, machine: &MachineName) -> Option<&Password> {
        match name {
            "test_password" => self.test_password.as_ref(),
            "vm_password" => self.vm_passwords.get(machine),
            _ => None,
        }
    }
}

/// Says which variable the scenario needs and nobody has set, when there is one.
pub(super) fn missing(script: &Script, context: &Exercise<'_>) -> Option<String> {
    let provided = context.provided;
    let values = provided.values(context.machine);
    let has = |name: &str| script.vars.contains_key(name) || values.contains_key(name);
    let mut missing = PROVIDED.into_iter().filter(|name| !has(name));
    let name = missing.find(|name| script.mentions(name))?;
    let why = match provided.password(name, context.machine) {
        Some(Err(why)) => why.clone(),
        Some(Ok(_)) | None => where_to_say_it(name).to_owned(),
    };
    Some(format!("`{{{name}}}` is not known: {why}"))
}

fn where_to_say_it(name: &str) -> &'static str {
    match name {
        "workspace_url" => {
            "set `workspace_url` of `[functional]`, or the variable `FUNCTIONAL_WORKSPACE_URL`"
        }
        "test_user" => "set `test_user` of `[functional]`, or the variable `FUNCTIONAL_TEST_USER`",
        "test_password" => {
            "set `test_password` of `[functional]`, or the variable `FUNCTIONAL_TEST_PASSWORD`"
        }
        _ => "set `password` of the `[[vm]]`, or the variable `MOSDAT_VM_PASSWORD`",
    }
}

/// Returns the passwords that the scenario is carried out with.
pub(super) fn secrets(script: &Script, context: &Exercise<'_>) -> Vec<Secret> {
    let mut values = context.provided.values(context.machine);
    values.extend(script.vars.clone());
    let passwords = values.into_iter().filter(|(name, _)| is_password(name));
    passwords.map(|(_, value)| Secret::new(value)).collect()
}
