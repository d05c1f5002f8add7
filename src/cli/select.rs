//! Makes a selection of what was typed.

use super::{arguments::SelectArguments, error::CliError};
use crate::{
    plan::select::{Filter, Selection, SelectorError},
    run::Look,
};

/// Reads the selectors.
pub(super) fn selection(typed: &SelectArguments) -> Result<Selection, CliError> {
    let filters = |texts: &[String]| -> Result<Vec<Filter>, SelectorError> {
        texts.iter().map(|text| Filter::parse(text)).collect()
    };
    Ok(Selection {
        targets: filters(&typed.target)?,
        excludes: filters(&typed.exclude)?,
        replaces: filters(&typed.replace)?,
        failed: typed.failed,
        partition: typed.partition.as_deref().map(partition).transpose()?,
    })
}

/// Whether providers are asked.
pub(super) fn look(typed: &SelectArguments) -> Look {
    if typed.no_refresh {
        Look::Recall
    } else {
        Look::Refresh
    }
}

fn partition(text: &str) -> Result<(u64, u64), CliError> {
    let refuse = || CliError::Usage(format!("`{text}` is no partition; one reads like `2/5`"));
    let (part, parts) = text.split_once('/').ok_or_else(refuse)?;
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| refuse());
    let (part, parts) = (number(part)?, number(parts)?);
    if part == 0 || part > parts {
        return Err(refuse());
    }
    Ok((part, parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_counted_from_one() {
        assert_eq!(partition("2/5").unwrap(), (2, 5));
        for text in ["0/5", "6/5", "x", "1/x", "/"] {
            assert!(partition(text).is_err(), "{text}");
        }
    }
}
