//! Several servers that answer as one: the one that answered last is asked first, the next one when
//! it fails. Bounded in tries and in time.

use super::{
    conversation::Conversation,
    health::Health,
    http::{Address, Failure, Http},
    limits::VlmLimits,
    said,
};
use crate::{model::Secret, port::VisionError};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::time::{Instant, sleep_until, timeout};

/// Where questions go to.
#[derive(Debug)]
pub(super) struct Endpoints {
    http: Http,
    each: Vec<Endpoint>,
    key: Option<Secret>,
    /// What each has to serve.
    expected: Option<String>,
    limits: VlmLimits,
    health: Mutex<Health>,
}

#[derive(Debug)]
struct Endpoint {
    address: Address,
    /// Whether it has refused forms of answers, and taken the same question without one.
    knows_no_forms: AtomicBool,
    /// Whether it was found to serve what is expected.
    is_checked: AtomicBool,
}

/// An answer, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) endpoint: String,
    pub(super) body: Vec<u8>,
}

/// Why an endpoint gave no answer.
enum Trouble {
    Http(Failure),
    /// It serves something else.
    Unfit(String),
}

#[derive(Deserialize)]
struct Models {
    data: Vec<Served>,
}

#[derive(Deserialize)]
struct Served {
    id: String,
}

impl Endpoints {
    pub(super) fn new(
        http: Http,
        addresses: Vec<Address>,
        key: Option<Secret>,
        expected: Option<String>,
        limits: VlmLimits,
    ) -> Self {
        let health = Health::new(addresses.len(), limits.passes, limits.rest);
        let each = addresses.into_iter().map(|address| Endpoint {
            address,
            knows_no_forms: AtomicBool::new(false),
            is_checked: AtomicBool::new(expected.is_none()),
        });
        Self {
            http,
            each: each.collect(),
            key,
            limits,
            health: Mutex::new(health),
            expected,
        }
    }

    /// Asks until one answers, within the limits.
    pub(super) async fn ask(&self, question: &Conversation<'_>) -> Result<Answered, VisionError> {
        let deadline = Instant::now() + self.limits.total;
        let mut last = None;
        for pass in 0..self.limits.passes {
            if pass > 0 && !self.pause(deadline).await {
                break;
            }
            let order = self.health().order(Instant::now());
            for at in order {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                match self
                    .ask_one(at, question, left.min(self.limits.answer))
                    .await
                {
                    Ok(body) => {
                        self.health().answered(at);
                        let endpoint = self.each[at].address.shown.clone();
                        return Ok(Answered { endpoint, body });
                    }
                    Err(Trouble::Http(Failure::Refused { status, body })) => {
                        let why = format!("{status} {}", said::complaint(&body));
                        return Err(self.refused(at, why));
                    }
                    Err(trouble) => {
                        self.note(at, &trouble);
                        last = Some((at, trouble));
                    }
                }
            }
        }
        Err(self.nobody(last))
    }

    /// Waits before the next pass; false when there is none to wait for.
    async fn pause(&self, deadline: Instant) -> bool {
        let now = Instant::now();
        let Some(next) = self.health().next(now) else {
            return false;
        };
        let until = next.max(now + self.limits.pause);
        if until >= deadline {
            return false;
        }
        sleep_until(until).await;
        true
    }

    async fn ask_one(
        &self,
        at: usize,
        question: &Conversation<'_>,
        limit: std::time::Duration,
    ) -> Result<Vec<u8>, Trouble> {
        let endpoint = &self.each[at];
        let asked = async {
            self.check(endpoint, limit).await?;
            let has_form =
                question.prompt.form.is_some() && !endpoint.knows_no_forms.load(Ordering::Relaxed);
            let asked = self.post(endpoint, question, has_form, limit).await;
            // Servers that know no forms of answers say so in many ways.
            let is_misunderstood = matches!(&asked, Err(Failure::Refused { status, .. }) if matches!(status, 400 | 422));
            if !has_form || !is_misunderstood {
                return asked.map_err(Trouble::Http);
            }
            let body = self.post(endpoint, question, false, limit).await;
            let body = body.map_err(Trouble::Http)?;
            endpoint.knows_no_forms.store(true, Ordering::Relaxed);
            Ok(body)
        };
        let slow = |_| Trouble::Http(Failure::Slow(limit));
        timeout(limit, asked).await.map_err(slow)?
    }

    async fn post(
        &self,
        endpoint: &Endpoint,
        question: &Conversation<'_>,
        has_form: bool,
        limit: std::time::Duration,
    ) -> Result<Vec<u8>, Failure> {
        let key = self.key.as_ref().map(Secret::expose);
        let (path, body) = ("/chat/completions", question.body(has_form));
        let sent = self.http.post(&endpoint.address, path, key, body, limit);
        sent.await
    }

    /// Sees to it, once, that an endpoint serves what is expected.
    async fn check(&self, endpoint: &Endpoint, limit: std::time::Duration) -> Result<(), Trouble> {
        let Some(expected) = &self.expected else {
            return Ok(());
        };
        if endpoint.is_checked.load(Ordering::Relaxed) {
            return Ok(());
        }
        let served = self
            .served(endpoint, limit)
            .await
            .map_err(|failure| match failure {
                Failure::Refused { status, .. } => {
                    Trouble::Unfit(format!("it does not say what it serves ({status})"))
                }
                Failure::Passing { .. } | Failure::Slow(_) => Trouble::Http(failure),
            })?;
        if !served.contains(expected) {
            let served = served.join(", ");
            let why = format!("it serves {served}, and not `{expected}` (`expected_model`)");
            return Err(Trouble::Unfit(why));
        }
        endpoint.is_checked.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn served(
        &self,
        endpoint: &Endpoint,
        limit: std::time::Duration,
    ) -> Result<Vec<String>, Failure> {
        let key = self.key.as_ref().map(Secret::expose);
        let body = self
            .http
            .get(&endpoint.address, "/models", key, limit)
            .await?;
        let models: Models = serde_json::from_slice(&body).map_err(|err| Failure::Passing {
            why: format!("its list of models cannot be read: {err}"),
            again_in: None,
        })?;
        Ok(models.data.into_iter().map(|model| model.id).collect())
    }

    /// Asks every endpoint what it serves; an error says why one does not tell.
    pub(super) async fn census(&self) -> BTreeMap<String, Result<Vec<String>, String>> {
        let mut told = BTreeMap::new();
        for endpoint in &self.each {
            let served = self.served(endpoint, self.limits.answer).await;
            let served = served.map_err(|failure| Trouble::Http(failure).why());
            told.insert(endpoint.address.shown.clone(), served);
        }
        told
    }

    fn note(&self, at: usize, trouble: &Trouble) {
        let (now, why) = (Instant::now(), trouble.why());
        let mut health = self.health();
        match trouble {
            Trouble::Http(Failure::Passing {
                again_in: Some(wait),
                ..
            }) => health.is_busy(at, now, *wait, &why),
            Trouble::Http(Failure::Slow(_)) | Trouble::Unfit(_) => health.is_dead(at, now, &why),
            Trouble::Http(_) => health.failed(at, now, &why),
        }
    }

    /// Returns the error of a question that nobody answered.
    fn nobody(&self, last: Option<(usize, Trouble)>) -> VisionError {
        let (health, now) = (self.health(), Instant::now());
        if let [only] = &self.each[..] {
            let endpoint = only.address.shown.clone();
            match last {
                Some((_, Trouble::Unfit(why))) => return VisionError::Refused { endpoint, why },
                Some((_, Trouble::Http(Failure::Slow(limit)))) => {
                    return VisionError::TimedOut { endpoint, limit };
                }
                Some(_) | None => {}
            }
        }
        let each = self.each.iter().enumerate();
        let each = each.map(|(at, it)| format!("{}: {}", it.address.shown, health.why(at, now)));
        let why = each.collect::<Vec<_>>().join("; ");
        VisionError::Unreachable { why }
    }

    fn refused(&self, at: usize, why: String) -> VisionError {
        // It is there, and answers.
        self.health().answered(at);
        let endpoint = self.each[at].address.shown.clone();
        VisionError::Refused { endpoint, why }
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Trouble {
    fn why(&self) -> String {
        match self {
            Self::Http(Failure::Passing { why, .. }) | Self::Unfit(why) => why.clone(),
            Self::Http(Failure::Slow(limit)) => {
                format!("no answer within {} s", limit.as_secs_f64())
            }
            Self::Http(Failure::Refused { status, body }) => {
                format!("{status} {}", said::complaint(body))
            }
        }
    }
}
