//! The vision models of a plan file, with what the environment says in their place.

use super::{secrets, settings::Settings, workplace::Workplace};
use crate::{
    driver::vlm::{Vlm, VlmCache, VlmConfig, VlmLimits},
    model::{Secret, SecretSource, VlmSettings},
    port::Clock,
};
use std::{path::PathBuf, sync::Arc};

impl Settings {
    /// Returns the models that may be asked: those of the plan file, unless variables name others.
    /// Nothing when neither says anything.
    pub(super) fn vlm(&self, planned: Option<&VlmSettings>) -> Option<VlmSettings> {
        let get = |name: &str| {
            let value = self.environment.get(name);
            value.filter(|value| !value.is_empty()).cloned()
        };
        let (address, model) = (get("VLM_BASE_URL"), get("VLM_MODEL"));
        if planned.is_none() && (address.is_none() || model.is_none()) {
            return None;
        }
        let mut vlm = planned.cloned().unwrap_or_default();
        if let Some(address) = address {
            let each = address.split(',').map(str::trim);
            let each = each.filter(|address| !address.is_empty());
            vlm.endpoints = each.map(Into::into).collect();
        }
        if let Some(model) = model
            && vlm.model.as_ref() != Some(&model)
        {
            // What the plan file says of its own model is not true of another.
            (vlm.family, vlm.coordinates, vlm.shape) = (None, None, None);
            vlm.expected_model = None;
            vlm.model = Some(model);
        }
        vlm.verify_model = get("VLM_VERIFY_MODEL").or(vlm.verify_model);
        if vlm.api_key.is_none() {
            let variables = ["VLM_API_KEY", "OPENAI_API_KEY"];
            let set = variables.into_iter().find(|name| get(name).is_some());
            vlm.api_key = set.map(|name| SecretSource::Environment(name.into()));
        }
        let is_off = get("MOSDAT_VLM_NOCACHE").is_some_and(|value| value != "0");
        vlm.cache &= !is_off;
        Some(vlm)
    }
}

impl Workplace {
    /// Returns all that asking a vision model needs, where one is named; an error says what is
    /// missing.
    pub(super) fn vlm_config(&self, clock: &Arc<dyn Clock>) -> Option<Result<VlmConfig, String>> {
        let settings = self.vlm_settings()?;
        let key = settings.api_key.as_ref();
        let key = key.map(|source| secrets::find(source, &self.settings.environment));
        let key = match key.transpose() {
            Ok(key) => key,
            Err(why) => return Some(Err(format!("its key: {why}"))),
        };
        Some(Ok(VlmConfig {
            limits: VlmLimits::usual(settings.timeout),
            settings,
            key,
            secrets: self.known_secrets(),
            cache_dir: self.vlm_cache_dir(),
            log: self.dir.join("logs/vlm.jsonl"),
            clock: Arc::clone(clock),
        }))
    }

    /// Makes what asks the vision model, where one is named.
    pub(super) fn vision(&self, clock: &Arc<dyn Clock>) -> Option<Vlm> {
        let config = self.vlm_config(clock)?;
        Some(config.map_or_else(Vlm::unusable, Vlm::new))
    }

    /// Opens what models have answered, whether or not one may be asked now.
    pub(super) fn vlm_cache(&self) -> VlmCache {
        let settings = self.vlm_settings().unwrap_or_default();
        VlmCache::open(self.vlm_cache_dir(), settings.cache_ttl)
    }

    fn vlm_settings(&self) -> Option<VlmSettings> {
        self.settings.vlm(self.loaded.settings.vlm.as_ref())
    }

    fn vlm_cache_dir(&self) -> PathBuf {
        self.cache_dir().join("vlm")
    }

    /// Returns every secret that can be looked up: none of them may be sent to a model, or written
    /// down.
    pub(super) fn known_secrets(&self) -> Vec<Secret> {
        let machines = self.loaded.desired.machines.values();
        let consoles = machines.filter_map(|machine| machine.reach.console.as_ref());
        let passwords = consoles.filter_map(|console| console.password.as_ref());
        let proxmox = self.loaded.settings.proxmox.as_ref();
        let token = proxmox.and_then(|proxmox| proxmox.secret.as_ref());
        let vlm = self.vlm_settings();
        let key = vlm.as_ref().and_then(|vlm| vlm.api_key.as_ref());
        let sources = passwords.chain(token).chain(key);
        let found = sources.map(|source| secrets::find(source, &self.settings.environment));
        found
            .filter_map(Result::ok)
            .chain(self.passwords())
            .collect()
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

    fn planned() -> VlmSettings {
        VlmSettings {
            endpoints: vec!["http://one/v1".into()],
            model: Some("small".into()),
            family: Some("qwen3-vl".into()),
            expected_model: Some("small".into()),
            ..VlmSettings::default()
        }
    }

    #[test]
    fn without_a_table_the_environment_has_to_name_both_server_and_model() {
        let url = ("VLM_BASE_URL", "http://two/v1, http://three/v1");
        let model = ("VLM_MODEL", "qwen3-vl");
        assert_eq!(settings(&[]).vlm(None), None);
        assert_eq!(settings(&[url]).vlm(None), None);
        assert_eq!(settings(&[model]).vlm(None), None);
        let vlm = settings(&[url, model]).vlm(None).unwrap();
        assert_eq!(vlm.endpoints, ["http://two/v1", "http://three/v1"]);
        assert_eq!(vlm.model.as_deref(), Some("qwen3-vl"));
        assert!(vlm.cache);
    }

    #[test]
    fn variables_come_before_the_plan_file() {
        let same = settings(&[]).vlm(Some(&planned()));
        assert_eq!(same, Some(planned()));
        let vlm = settings(&[
            ("VLM_BASE_URL", "http://two/v1"),
            ("VLM_MODEL", "large"),
            ("VLM_VERIFY_MODEL", "judge"),
            ("OPENAI_API_KEY", "key"),
            ("MOSDAT_VLM_NOCACHE", "1"),
        ]);
        let vlm = vlm.vlm(Some(&planned())).unwrap();
        assert_eq!(vlm.endpoints, ["http://two/v1"]);
        assert_eq!(vlm.model.as_deref(), Some("large"));
        assert_eq!(vlm.verify_model.as_deref(), Some("judge"));
        // What was said of the other model.
        assert_eq!((vlm.family, vlm.expected_model), (None, None));
        let key = SecretSource::Environment("OPENAI_API_KEY".into());
        assert_eq!(vlm.api_key, Some(key));
        assert!(!vlm.cache);
    }

    #[test]
    fn the_key_of_the_plan_file_comes_first() {
        let key = Some(SecretSource::Environment("OWN".into()));
        let planned = VlmSettings {
            api_key: key.clone(),
            ..planned()
        };
        let vlm = settings(&[("VLM_API_KEY", "x"), ("VLM_MODEL", "small")]);
        let vlm = vlm.vlm(Some(&planned)).unwrap();
        assert_eq!(vlm.api_key, key);
        assert_eq!(vlm.family.as_deref(), Some("qwen3-vl"));
    }
}
