//! What can be done with a machine, by where its disks lie.

use super::{census::Census, vm::Config};
use crate::model::{Abilities, LiveLayers};
use std::path::Path;

/// What can be done with a machine, by where its disks lie and what is passed through to it.
pub(super) fn abilities(census: &Census, config: &Config) -> Abilities {
    // Where only the newest snapshot can be returned to, a layer would be in the way of its base.
    let layers = disks(census, config).all(|(kind, volume)| match kind {
        "zfspool" | "lvm" | "iscsi" | "iscsidirect" | "dir" | "nfs" | "cifs" => is_qcow2(volume),
        _ => true,
    });
    let has_device = config.values.keys().any(|key| key.starts_with("hostpci"));
    Abilities {
        layers,
        base_layer: false,
        live_layers: if layers && !has_device {
            LiveLayers::WithoutGpu
        } else {
            LiveLayers::Never
        },
    }
}

/// Whether clones of a template can stand on its disks.
pub(super) fn can_link(census: &Census, config: &Config) -> bool {
    disks(census, config).all(|(kind, volume)| match kind {
        "lvm" | "iscsi" | "iscsidirect" => false,
        "dir" | "nfs" | "cifs" => is_qcow2(volume),
        _ => true,
    })
}

/// Returns of each disk the type of its storage, and its volume there.
fn disks<'a>(census: &'a Census, config: &'a Config) -> impl Iterator<Item = (&'a str, &'a str)> {
    let disks = config.values.iter().filter(|(key, value)| {
        let stem = key.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_disk = matches!(
            stem,
            "scsi" | "virtio" | "sata" | "ide" | "efidisk" | "tpmstate"
        );
        is_disk && stem.len() < key.len() && !value.contains("media=cdrom")
    });
    disks.filter_map(|(_, value)| {
        let (storage, volume) = value.split_once(':')?;
        let kind = census.storages.get(storage).map_or("", String::as_str);
        Some((kind, volume.split(',').next().unwrap_or_default()))
    })
}

/// Whether a volume is a file that keeps snapshots itself.
fn is_qcow2(volume: &str) -> bool {
    Path::new(volume)
        .extension()
        .is_some_and(|ending| ending == "qcow2")
}
