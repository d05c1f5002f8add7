//! `[[gpu]]`: GPUs that can be passed through to a machine.

use super::{documents::Documents, mistakes::Mistakes, name, reader::Table, source::At};
use crate::model::{Gpu, GpuName};
use std::collections::BTreeMap;

/// A GPU, and where it is described.
pub(super) struct GpuTable {
    pub(super) gpu: Gpu,
    pub(super) at: At,
    /// Whether anything says which device it is.
    pub(super) has_address: bool,
}

/// Reads every `[[gpu]]`.
pub(super) fn read(documents: &Documents<'_>, mistakes: &Mistakes) -> BTreeMap<GpuName, GpuTable> {
    let mut gpus = BTreeMap::<GpuName, GpuTable>::new();
    for table in documents.each("gpu", "[[gpu]]") {
        let Some(read) = read_one(table) else {
            continue;
        };
        if let Some(first) = gpus.get(&read.gpu.name) {
            let message = format!("there are two GPUs named `{}`", read.gpu.name);
            mistakes.again(read.at, first.at, message);
            continue;
        }
        gpus.insert(read.gpu.name.clone(), read);
    }
    gpus
}

fn read_one(table: Table<'_>) -> Option<GpuTable> {
    let name = table.needs("name", "\"rtx3060\"", table.text("name"));
    let pci = table.filled_text("pci");
    let mapping = table.filled_text("mapping");
    let vendor = table.filled_text("vendor");
    let device = table.filled_text("device");
    let modes = [("compute", false), ("primary", true)];
    let is_primary = table.choice("mode", &modes).unwrap_or(false);
    let take_over = table.truth("take_over").unwrap_or(false);
    let mistakes = table.mistakes;
    let ways = [
        pci.is_some(),
        mapping.is_some(),
        vendor.is_some() || device.is_some(),
    ];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        let hint = "give one of `pci`, `mapping`, or `vendor` with `device`";
        mistakes.error(table.at, "a GPU has one address", hint);
    }
    if vendor.is_some() != device.is_some() {
        mistakes.error(table.at, "`vendor` and `device` belong together", "");
    }
    table.finish();
    let name = name?;
    name::check(name, "a GPU", mistakes);
    if name.value == GpuName::NONE {
        let message = "no GPU can be named `none`, which stands for no GPU";
        mistakes.error(name.at, message, "");
    }
    let gpu = Gpu {
        name: name.value.into(),
        pci: pci.map(|text| text.value.into()),
        mapping: mapping.map(|text| text.value.into()),
        is_primary,
        take_over,
    };
    let has_address = ways.contains(&true);
    let at = name.at;
    Some(GpuTable {
        gpu,
        at,
        has_address,
    })
}
