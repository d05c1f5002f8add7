//! Leases on machines of a cluster: a line in the machine's description, which every controller
//! sees. It is written only when nobody else changed the configuration meanwhile.
//!
//! A description survives a return to a snapshot; tags do not.

use super::{
    api::{ApiError, Reason},
    vm::{Config, Vm},
};
use crate::model::{LeaseId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};

/// What the line starts with.
const PREFIX: &str = "mosdat-lease: ";

/// How often a change that others were ahead of is tried again.
const TRIES: usize = 10;

/// Who has a machine, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who: `user@host`.
    pub holder: String,
    /// For which use.
    pub lease: LeaseId,
    /// Tells uses of the same name in different work folders apart.
    pub marker: String,
    /// Until when, by the server's clock.
    pub until: Timestamp,
}

/// Why a machine could not be leased.
#[derive(Debug)]
pub(super) enum NotLeased {
    /// Somebody else has it.
    Held(Claim),
    /// The server did not do it.
    Api(Box<ApiError>),
}

impl From<ApiError> for NotLeased {
    fn from(err: ApiError) -> Self {
        Self::Api(err.into())
    }
}

/// Returns the claim in a description, if there is one that can be read.
pub fn claim_of(description: &str) -> Option<Claim> {
    let line = description
        .lines()
        .find_map(|line| line.strip_prefix(PREFIX))?;
    serde_json::from_str(line).ok()
}

/// Returns the description with another claim, or without.
pub(super) fn with_claim(description: &str, claim: Option<&Claim>) -> String {
    let lines = description.lines().filter(|line| !line.starts_with(PREFIX));
    let mut text = lines.collect::<Vec<_>>().join("\n");
    if let Some(claim) = claim {
        if !text.is_empty() {
            text.push('\n');
        }
        let claim = serde_json::to_string(claim).expect("a claim is plain data");
        text = format!("{text}{PREFIX}{claim}");
    }
    text
}

impl Vm {
    /// Leases the machine, or keeps a lease for longer. A claim whose time is over is replaced; the
    /// one that was is returned.
    pub(super) async fn lease(
        &self,
        holder: &str,
        lease: &LeaseId,
        marker: &str,
        term: Duration,
    ) -> Result<Option<Claim>, NotLeased> {
        self.rewrite(|seen, now| {
            let is_own = |claim: &Claim| claim.lease == *lease && claim.marker == marker;
            let stale = match seen {
                Some(claim) if is_own(&claim) => None,
                Some(claim) if claim.until > now => return Err(NotLeased::Held(claim)),
                other => other,
            };
            let claim = Claim {
                holder: holder.into(),
                lease: lease.clone(),
                marker: marker.into(),
                until: Timestamp(now.0 + term.as_millis() as u64),
            };
            Ok((Some(claim), stale))
        })
        .await
    }

    /// Gives the machine back, if it is still `lease` that has it.
    pub(super) async fn give_back(&self, lease: &LeaseId, marker: &str) -> Result<(), ApiError> {
        let done = self.rewrite(|seen, _| match seen {
            Some(claim) if claim.lease == *lease && claim.marker == marker => Ok((None, None)),
            other => Ok((other, None)),
        });
        match done.await {
            Ok(_) => Ok(()),
            Err(NotLeased::Api(err)) => Err(*err),
            Err(NotLeased::Held(_)) => unreachable!("giving back refuses nobody"),
        }
    }

    /// Replaces the claim by what `decide` makes of it, again when somebody else was faster.
    async fn rewrite(
        &self,
        decide: impl Fn(Option<Claim>, Timestamp) -> Result<(Option<Claim>, Option<Claim>), NotLeased>,
    ) -> Result<Option<Claim>, NotLeased> {
        let mut tries = 0;
        loop {
            let config: Config = self.config().await?;
            let old = config.description();
            let (claim, told) = decide(claim_of(old), self.client.now())?;
            let new = with_claim(old, claim.as_ref());
            if new == old {
                return Ok(told);
            }
            let value = (!new.is_empty()).then_some(new);
            let changes = BTreeMap::from([("description", value)]);
            match self.change(&config, &changes).await {
                Ok(()) => return Ok(told),
                Err(err) if err.reason() == Reason::Changed && tries < TRIES => tries += 1,
                Err(err) => return Err(err.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunId;

    #[test]
    fn a_claim_is_one_line_among_others() {
        let claim = Claim {
            holder: "ci@host".into(),
            lease: LeaseId::new(&RunId::new("r"), 1),
            marker: "m".into(),
            until: Timestamp(5),
        };
        let text = with_claim("for tests\nkeep!", Some(&claim));
        assert_eq!(claim_of(&text), Some(claim.clone()));
        assert!(
            text.starts_with("for tests\nkeep!\nmosdat-lease: {"),
            "{text}"
        );
        let later = Claim {
            until: Timestamp(9),
            ..claim
        };
        let again = with_claim(&text, Some(&later));
        assert_eq!((claim_of(&again), again.lines().count()), (Some(later), 3));
        assert_eq!(with_claim(&again, None), "for tests\nkeep!");
        assert_eq!(with_claim("mosdat-lease: what?", None), "");
        assert_eq!(claim_of("mosdat-lease: what?"), None);
    }
}
