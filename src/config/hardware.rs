//! Memory, processors and network of a virtual machine on this computer.

use super::{reader::Table, value::Value};
use crate::model::{Hardware, Network};

/// The least and most memory that makes sense, in MiB.
const MEMORY: std::ops::RangeInclusive<u32> = 64..=1_048_576;

/// Reads what the table says about hardware, but for the image; the rest is as `usual`.
pub(super) fn read(table: &Table<'_>, usual: &Hardware) -> Hardware {
    let networks = [Network::Closed, Network::Open].map(|network| (network.as_str(), network));
    let cpus = table.whole("cpus", 1..=256_u32);
    Hardware {
        image: usual.image.clone(),
        memory: table.get("memory").and_then(memory).unwrap_or(usual.memory),
        cpus: cpus.map_or(usual.cpus, |cpus| cpus.value),
        network: table.choice("network", &networks).unwrap_or(usual.network),
    }
}

/// Reads an amount of memory: MiB, or text with a unit.
fn memory(value: Value<'_>) -> Option<u32> {
    if value.inner.get_ref().is_integer() {
        return value.whole(MEMORY).map(|memory| memory.value);
    }
    let text = value.filled_text()?;
    let mebibytes = parse(text.value).filter(|memory| MEMORY.contains(memory));
    if mebibytes.is_none() {
        let message = format!("`{}` is not an amount of memory", text.value);
        let hint = "write it as `\"768M\"` or `\"2G\"`";
        value.mistakes.error(text.at, message, hint);
    }
    mebibytes
}

/// Reads `768M`, `768MiB`, `2G` or `2GiB`.
fn parse(text: &str) -> Option<u32> {
    let text = text.strip_suffix("iB").unwrap_or(text);
    let (number, factor) = match text.strip_suffix('G') {
        Some(number) => (number, 1024),
        None => (text.strip_suffix('M')?, 1),
    };
    number.trim_end().parse::<u32>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn memory_has_a_unit() {
        let check = |text: &str, want: Option<u32>| assert_eq!(parse(text), want, "{text}");
        check("768M", Some(768));
        check("768MiB", Some(768));
        check("2G", Some(2048));
        check("2 GiB", Some(2048));
        check("2", None);
        check("2T", None);
        check("-1G", None);
        check("9999999G", None);
    }
}
