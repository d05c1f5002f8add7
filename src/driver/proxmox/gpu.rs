//! GPUs that are passed through: given to a machine before it starts, looked for in its guest, and
//! taken from whoever else has them.

use super::{
    api::{ApiError, Call, segment},
    vm::{Config, Vm},
};
use crate::model::Gpu;
use serde::Deserialize;
use std::{collections::BTreeMap, time::Duration};

/// How long a guest may take to list its devices.
const LISTING: Duration = Duration::from_mins(1);

/// Where a mosdat GPU goes in a configuration.
const SLOT: &str = "hostpci";

/// What shows devices in a guest: one line each, `10de:2684 030000`.
const ON_LINUX: &str = r#"cd /sys/bus/pci/devices && for it in *; do
  read -r vendor <"$it/vendor" && read -r device <"$it/device" && read -r class <"$it/class" &&
  echo "${vendor#0x}:${device#0x} ${class#0x}"
done"#;

/// The same on Windows.
const ON_WINDOWS: &str = r"Get-CimInstance Win32_PnPEntity | Where-Object { $_.DeviceID -match 'PCI.VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})' -and $_.ConfigManagerErrorCode -eq 0 } | ForEach-Object { $null = $_.DeviceID -match 'VEN_([0-9A-F]{4})&DEV_([0-9A-F]{4})'; $class = if ($_.PNPClass -eq 'Display') { '030000' } else { '000000' }; ($matches[1] + ':' + $matches[2]).ToLower() + ' ' + $class }";

/// A device of a mapping.
pub(super) struct Mapped {
    /// Vendor and device: `10de:2684`.
    pub(super) id: String,
    /// Its address; of several functions, all of them with `;` between.
    pub(super) path: String,
}

/// Returns what a configuration says of a GPU; `is_q35` tells whether the machine has PCI Express.
pub(super) fn value(gpu: &Gpu, is_q35: bool) -> String {
    let mut text = match (&gpu.mapping, &gpu.pci) {
        (Some(mapping), _) => format!("mapping={mapping}"),
        (None, Some(pci)) => format!("host={pci}"),
        (None, None) => String::new(),
    };
    if is_q35 {
        text.push_str(",pcie=1");
    }
    if gpu.is_primary {
        text.push_str(",x-vga=1");
    }
    text
}

/// Whether an entry of a configuration is this GPU.
fn is_it(gpu: &Gpu, value: &str) -> bool {
    value.split(',').any(|part| match part.split_once('=') {
        Some(("mapping", id)) => gpu.mapping.as_deref() == Some(id),
        Some(("host", address)) => is_address(gpu, address),
        Some(_) => false,
        None => is_address(gpu, part),
    })
}

/// Whether an address, with a function or without, is this GPU's.
fn is_address(gpu: &Gpu, address: &str) -> bool {
    let bare = |text: &str| text.split('.').next().unwrap_or_default().to_lowercase();
    gpu.mapping.is_none()
        && gpu
            .pci
            .as_deref()
            .is_some_and(|pci| bare(pci) == bare(address))
}

/// Returns what has to be changed in `config` so that of `all` GPUs the machine has only `wanted`.
pub(super) fn changes(
    config: &Config,
    wanted: Option<&Gpu>,
    all: &[Gpu],
) -> BTreeMap<String, Option<String>> {
    let is_q35 = config.get("machine").is_some_and(|it| it.contains("q35"));
    let mut changes = BTreeMap::new();
    let entries = config
        .values
        .iter()
        .filter(|(key, _)| key.starts_with(SLOT));
    let mut taken: Vec<&str> = Vec::new();
    let mut has_wanted = false;
    for (key, entry) in entries {
        taken.push(key);
        let known = all.iter().find(|gpu| is_it(gpu, entry));
        match (known, wanted) {
            (Some(known), Some(wanted)) if known.name == wanted.name && !has_wanted => {
                has_wanted = true;
                let value = value(wanted, is_q35);
                if *entry != value {
                    changes.insert(key.clone(), Some(value));
                }
            }
            (Some(_), _) => drop(changes.insert(key.clone(), None)),
            // Somebody else's device stays.
            (None, _) => {}
        }
    }
    if let Some(wanted) = wanted.filter(|_| !has_wanted) {
        let slots = (0..16).map(|number| format!("{SLOT}{number}"));
        let mut free = slots.filter(|slot| !taken.contains(&slot.as_str()));
        let slot = free.next().unwrap_or_else(|| format!("{SLOT}0"));
        changes.insert(slot, Some(value(wanted, is_q35)));
    }
    changes
}

/// Whether of `all` GPUs a machine has one in its configuration.
pub(super) fn has_any(config: &Config, all: &[Gpu]) -> bool {
    let entries = || {
        config
            .values
            .iter()
            .filter(|(key, _)| key.starts_with(SLOT))
    };
    all.iter()
        .any(|gpu| entries().any(|(_, entry)| is_it(gpu, entry)))
}

impl Vm {
    /// Changes which of `all` GPUs the machine has with its next start. Returns whether anything had
    /// to be changed.
    pub(super) async fn give(&self, wanted: Option<&Gpu>, all: &[Gpu]) -> Result<bool, ApiError> {
        let config = self.config().await?;
        let changes = changes(&config, wanted, all);
        if changes.is_empty() {
            return Ok(false);
        }
        let changes = changes
            .iter()
            .map(|(key, value)| (key.as_str(), value.clone()));
        self.change(&config, &changes.collect()).await?;
        Ok(true)
    }

    /// Looks in the guest for a GPU that it was given. Returns what is wrong when it is not there.
    pub(super) async fn sees(&self, gpu: &Gpu) -> Result<Result<(), String>, ApiError> {
        let ids = self.ids_of(gpu).await;
        let listed = self.list_devices().await?;
        let lines: Vec<(&str, &str)> = listed
            .lines()
            .filter_map(|line| line.split_once(' '))
            .collect();
        let found = match &ids {
            Some(ids) => lines
                .iter()
                .any(|(id, _)| ids.iter().any(|known| known.eq_ignore_ascii_case(id))),
            // Nobody tells what it is, so any card that is not made up will do.
            None => lines.iter().any(|(id, class)| {
                let made_up = ["1234:", "1b36:", "1af4:", "15ad:", "1013:"];
                class.starts_with("03") && !made_up.iter().any(|vendor| id.starts_with(vendor))
            }),
        };
        if found {
            return Ok(Ok(()));
        }
        let what = ids.map_or_else(|| "a graphics card".into(), |ids| ids.join(" or "));
        let seen: Vec<&str> = lines.iter().map(|(id, _)| *id).collect();
        Ok(Err(format!(
            "the guest does not see {what}, only {}",
            seen.join(", ")
        )))
    }

    async fn list_devices(&self) -> Result<String, ApiError> {
        #[derive(Deserialize)]
        struct Told {
            result: System,
        }
        #[derive(Deserialize)]
        struct System {
            #[serde(default)]
            id: String,
        }
        let told: Told = self
            .agent(super::api::Method::Get, "get-osinfo", &[])
            .await?;
        let ran = if told.result.id == "mswindows" {
            let shell = [
                "powershell.exe",
                "-NoProfile",
                "-NonInteractive",
                "-Command",
                "-",
            ];
            self.exec(&shell, ON_WINDOWS.as_bytes(), LISTING).await?
        } else {
            self.exec(&["/bin/sh", "-s"], ON_LINUX.as_bytes(), LISTING)
                .await?
        };
        Ok(String::from_utf8_lossy(&ran.output).into_owned())
    }

    /// Returns the devices that a GPU's mapping has on this node.
    pub(super) async fn mapped(&self, gpu: &Gpu) -> Result<Vec<Mapped>, ApiError> {
        #[derive(Deserialize)]
        struct Mapping {
            map: Vec<String>,
        }
        let node = self.node();
        let value_of = |entry: &str, key: &str| {
            let mut parts = entry.split(',');
            parts.find_map(|part| part.strip_prefix(key)?.strip_prefix('=').map(str::to_owned))
        };
        let mapping = gpu.mapping.as_deref().unwrap_or_default();
        let call = Call::get(format!("/cluster/mapping/pci/{}", segment(mapping)));
        let told: Mapping = self.client.ask(&call).await?;
        let here = told.map.iter();
        let here = here.filter(|entry| value_of(entry, "node").as_deref() == Some(&node));
        let devices = here.filter_map(|entry| {
            Some(Mapped {
                id: value_of(entry, "id")?,
                path: value_of(entry, "path")?,
            })
        });
        Ok(devices.collect())
    }

    /// Returns vendor and device of a GPU, as far as the cluster tells: `10de:2684`, one for each
    /// device of a mapping.
    async fn ids_of(&self, gpu: &Gpu) -> Option<Vec<String>> {
        #[derive(Deserialize)]
        struct Device {
            id: String,
            vendor: String,
            #[serde(rename = "device")]
            model: String,
        }
        if gpu.mapping.is_some() {
            let mapped = self.mapped(gpu).await.ok()?;
            let ids: Vec<String> = mapped.into_iter().map(|device| device.id).collect();
            return (!ids.is_empty()).then_some(ids);
        }
        let call = Call::get(format!("/nodes/{}/hardware/pci", segment(&self.node())));
        let devices: Vec<Device> = self.client.ask(&call).await.ok()?;
        let it = devices.iter().find(|device| is_address(gpu, &device.id))?;
        let plain = |text: &str| text.trim_start_matches("0x").to_owned();
        Some(vec![format!("{}:{}", plain(&it.vendor), plain(&it.model))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(name: &str, mapping: Option<&str>, pci: Option<&str>) -> Gpu {
        Gpu {
            name: name.into(),
            pci: pci.map(Into::into),
            mapping: mapping.map(Into::into),
            is_primary: false,
            take_over: false,
        }
    }

    fn config(values: &[(&str, &str)]) -> Config {
        let values = values
            .iter()
            .map(|(key, value)| ((*key).into(), (*value).into()));
        Config {
            values: values.collect(),
            digest: String::new(),
        }
    }

    fn told(config: &Config, wanted: Option<&Gpu>, all: &[Gpu]) -> Vec<(String, Option<String>)> {
        changes(config, wanted, all).into_iter().collect()
    }

    #[test]
    fn a_machine_gets_the_gpu_that_is_wanted_and_loses_the_others() {
        let all = [
            gpu("a", Some("rtx"), None),
            gpu("b", None, Some("0000:01:00")),
        ];
        let plain = config(&[("machine", "pc-q35-9.0")]);
        let given = |value: &str| Some(value.to_owned());
        let slot = |number: u32| format!("hostpci{number}");
        assert_eq!(
            told(&plain, Some(&all[0]), &all),
            [(slot(0), given("mapping=rtx,pcie=1"))]
        );
        assert_eq!(told(&plain, None, &all), []);
        let full = config(&[
            ("hostpci0", "0000:01:00.0,pcie=1"),
            ("hostpci1", "mapping=rtx"),
            ("hostpci2", "mapping=sound"),
        ]);
        assert_eq!(
            told(&full, None, &all),
            [(slot(0), None), (slot(1), None)],
            "another device stays"
        );
        assert_eq!(told(&full, Some(&all[0]), &all), [(slot(0), None)]);
        assert_eq!(
            told(&full, Some(&all[1]), &all),
            [(slot(0), given("host=0000:01:00")), (slot(1), None)],
            "a machine without PCI Express"
        );
        assert!(has_any(&full, &all));
        assert!(!has_any(&config(&[("hostpci2", "mapping=sound")]), &all));
    }

    #[test]
    fn a_primary_gpu_is_the_screen() {
        let primary = Gpu {
            is_primary: true,
            ..gpu("a", Some("rtx"), None)
        };
        assert_eq!(value(&primary, true), "mapping=rtx,pcie=1,x-vga=1");
    }
}
