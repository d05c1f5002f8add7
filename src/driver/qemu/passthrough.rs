//! GPUs of this computer that are handed to a machine by VFIO: looked at before QEMU is started, so that
//! what is missing is said in words.

use crate::model::Gpu;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Where this computer tells of its devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Devices {
    /// The kernel's own folder: `/sys`.
    pub sys: PathBuf,
    /// Where device files are: `/dev`.
    pub dev: PathBuf,
}

impl Default for Devices {
    fn default() -> Self {
        Self {
            sys: "/sys".into(),
            dev: "/dev".into(),
        }
    }
}

impl Devices {
    /// Returns the device in QEMU's words, or what is missing before it can be passed through.
    pub(super) fn pass(&self, gpu: &Gpu) -> Result<String, String> {
        let Some(pci) = &gpu.pci else {
            return Err(
                "on this computer a GPU is named by its address: `pci = \"0000:01:00.0\"`".into(),
            );
        };
        let address = if pci.contains('.') {
            pci.clone()
        } else {
            format!("{pci}.0")
        };
        let device = self.sys.join("bus/pci/devices").join(&address);
        if !device.is_dir() {
            return Err(format!(
                "there is no PCI device {address} (`lspci -D` lists them)"
            ));
        }
        let name_of = |link: &str| {
            let target = fs::read_link(device.join(link)).ok()?;
            Some(target.file_name()?.to_string_lossy().into_owned())
        };
        let Some(group) = name_of("iommu_group") else {
            return Err(format!(
                "{address} is in no IOMMU group: switch VT-d or AMD-Vi on in the firmware, and add \
                 `intel_iommu=on` or `amd_iommu=on` to the kernel's command line"
            ));
        };
        let driver = name_of("driver").unwrap_or_else(|| "no driver".into());
        if driver != "vfio-pci" {
            return Err(format!(
                "{address} belongs to {driver}, not to vfio-pci: `driverctl set-override {address} vfio-pci`"
            ));
        }
        let others = self.others(&device, &group);
        if !others.is_empty() {
            return Err(format!(
                "{address} shares its IOMMU group {group} with {}, which vfio-pci does not have",
                others.join(", ")
            ));
        }
        let file = self.dev.join("vfio").join(&group);
        if let Err(err) = fs::OpenOptions::new().read(true).write(true).open(&file) {
            return Err(format!("`{}` cannot be opened: {err}", file.display()));
        }
        let primary = if gpu.is_primary { ",x-vga=on" } else { "" };
        Ok(format!("vfio-pci,host={address}{primary}"))
    }

    /// Returns the devices of a group that another driver has; bridges take no harm.
    fn others(&self, own: &Path, group: &str) -> Vec<String> {
        let dir = self
            .sys
            .join("kernel/iommu_groups")
            .join(group)
            .join("devices");
        let entries = fs::read_dir(dir).into_iter().flatten().flatten();
        let is_strange = |device: &Path| {
            let driver = fs::read_link(device.join("driver")).ok();
            let driver = driver.and_then(|it| Some(it.file_name()?.to_string_lossy().into_owned()));
            driver.is_some_and(|driver| driver != "vfio-pci" && driver != "pcieport")
        };
        let names = entries.filter_map(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            let device = own.with_file_name(&name);
            (device != *own && is_strange(&device)).then_some(name)
        });
        names.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A computer with one card and its sound, in one group.
    struct Computer {
        devices: Devices,
        dir: tempfile::TempDir,
    }

    const CARD: &str = "0000:01:00.0";
    const SOUND: &str = "0000:01:00.1";

    impl Computer {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let at = |path: &str| dir.path().join(path);
            for device in [CARD, SOUND] {
                fs::create_dir_all(at("sys/bus/pci/devices").join(device)).unwrap();
            }
            fs::create_dir_all(at("dev/vfio")).unwrap();
            let devices = Devices {
                sys: at("sys"),
                dev: at("dev"),
            };
            Self { devices, dir }
        }

        fn with_iommu(self) -> Self {
            let group = self.dir.path().join("sys/kernel/iommu_groups/7");
            fs::create_dir_all(group.join("devices")).unwrap();
            for device in [CARD, SOUND] {
                let at = self.device(device);
                symlink(&group, at.join("iommu_group")).unwrap();
                symlink(&at, group.join("devices").join(device)).unwrap();
            }
            self
        }

        fn with_driver(self, device: &str, driver: &str) -> Self {
            let link = self.device(device).join("driver");
            drop(fs::remove_file(&link));
            symlink(self.dir.path().join("drivers").join(driver), link).unwrap();
            self
        }

        fn with_file(self) -> Self {
            fs::File::create(self.dir.path().join("dev/vfio/7")).unwrap();
            self
        }

        fn device(&self, device: &str) -> PathBuf {
            self.dir.path().join("sys/bus/pci/devices").join(device)
        }

        fn says(&self, gpu: &Gpu) -> String {
            self.devices.pass(gpu).unwrap_or_else(|why| why)
        }
    }

    fn gpu(pci: Option<&str>) -> Gpu {
        Gpu {
            name: "card".into(),
            pci: pci.map(Into::into),
            mapping: None,
            is_primary: false,
            take_over: false,
        }
    }

    #[test]
    fn what_is_missing_is_said_one_after_the_other() {
        let card = gpu(Some("0000:01:00"));
        let check = |computer: &Computer, part: &str| {
            let said = computer.says(&card);
            assert!(said.contains(part), "{part}: {said}");
        };
        let computer = Computer::new();
        assert!(computer.says(&gpu(None)).contains("`pci = "));
        assert!(
            computer
                .says(&gpu(Some("0000:09:00")))
                .contains("no PCI device 0000:09:00.0")
        );
        check(&computer, "in no IOMMU group");
        let computer = computer.with_iommu();
        check(&computer, "belongs to no driver");
        let computer = computer.with_driver(CARD, "nouveau");
        check(&computer, "belongs to nouveau, not to vfio-pci");
        let computer = computer
            .with_driver(CARD, "vfio-pci")
            .with_driver(SOUND, "snd_hda_intel");
        check(&computer, "shares its IOMMU group 7 with 0000:01:00.1");
        let computer = computer.with_driver(SOUND, "vfio-pci");
        check(&computer, "vfio/7` cannot be opened");
        let computer = computer.with_file();
        assert_eq!(computer.says(&card), "vfio-pci,host=0000:01:00.0");
        let primary = Gpu {
            is_primary: true,
            ..card.clone()
        };
        assert_eq!(
            computer.says(&primary),
            "vfio-pci,host=0000:01:00.0,x-vga=on"
        );
    }
}
