//! Calls: signed, counted, logged, and repeated where that is safe.

use super::{
    ApiError, Call, CallLog, Credentials, Exchange, Failure, Method, Reply, Request, error,
    sign_in::{Held, Proof, Ticket},
    task::Started,
};
use crate::{
    model::Timestamp,
    port::{ByteStream, Clock},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};

/// The first pause before a call is repeated; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Stands for a clock that was not heard of yet.
const UNHEARD: i64 = i64::MIN;

/// How long calls may take, and how many there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiLimits {
    /// How many calls may be under way at once.
    pub in_flight: usize,
    /// How long one answer may take. A refused ticket alone takes three seconds.
    pub answer: Duration,
    /// The longest wait between two looks at a task.
    pub look: Duration,
    /// How long a machine that another task has locked is waited for.
    pub locked: Duration,
}

impl Default for ApiLimits {
    fn default() -> Self {
        Self {
            in_flight: 8,
            answer: Duration::from_secs(30),
            look: Duration::from_secs(1),
            locked: Duration::from_mins(5),
        }
    }
}

/// A server that answers calls.
pub struct Client {
    exchange: Arc<dyn Exchange>,
    credentials: Credentials,
    ticket: Held,
    gate: Semaphore,
    log: CallLog,
    pub(super) limits: ApiLimits,
    pub(super) started: Started,
    /// By how many milliseconds the server's clock is ahead of `clock`.
    ahead: AtomicI64,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.exchange.server())
    }
}

/// Everything that an answer may hold.
#[derive(Debug, Default, Deserialize)]
struct Body {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    errors: BTreeMap<String, Value>,
}

impl Client {
    /// Makes a client; nothing is sent yet.
    pub fn new(
        exchange: Arc<dyn Exchange>,
        credentials: Credentials,
        limits: ApiLimits,
        log: CallLog,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            exchange,
            credentials,
            ticket: Held::default(),
            gate: Semaphore::new(limits.in_flight.max(1)),
            log,
            limits,
            started: Started::default(),
            ahead: AtomicI64::new(UNHEARD),
            clock,
        }
    }

    /// Returns where the server is, for messages.
    pub fn server(&self) -> &str {
        self.exchange.server()
    }

    /// Returns who mosdat is there: `mosdat@pve!ci`.
    pub fn user(&self) -> &str {
        self.credentials.user()
    }

    /// Returns what time it is on the server, as far as its last answer told: the one clock that
    /// several controllers share.
    pub fn now(&self) -> Timestamp {
        let here = self.clock.now();
        match self.ahead.load(Ordering::Acquire) {
            UNHEARD => here,
            ahead => Timestamp(here.0.saturating_add_signed(ahead)),
        }
    }

    /// Returns what time it is here and on the server.
    pub fn both_clocks(&self) -> (Timestamp, Timestamp) {
        (self.clock.now(), self.now())
    }

    /// Whether the server has told what time it is.
    pub(super) fn has_heard(&self) -> bool {
        self.ahead.load(Ordering::Acquire) != UNHEARD
    }

    /// Makes a call and reads what it returns.
    pub async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<T, ApiError> {
        let data = self.call(call).await?;
        serde_json::from_value(data).map_err(|err| ApiError::Unreadable {
            call: call.to_string(),
            why: err.to_string(),
        })
    }

    /// Makes a call. While its budget lasts it is repeated when nothing was sent, when somebody else
    /// had the machine, and, if it may be, when the answer was lost.
    pub async fn call(&self, call: &Call) -> Result<Value, ApiError> {
        let deadline = Instant::now() + call.budget;
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let err = match self.signed(call, attempt).await {
                Ok(data) => return Ok(data),
                Err(err) => err,
            };
            let wait = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
            if !error::may_repeat(call, &err) || Instant::now() + wait >= deadline {
                return Err(err);
            }
            sleep(wait).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        }
    }

    /// Asks for a connection that carries WebSocket frames.
    pub async fn upgrade(&self, call: &Call) -> Result<Box<dyn ByteStream>, ApiError> {
        let proof = self.proof(None).await?;
        let mut request = self.request(call, &proof);
        request.headers.extend([
            ("Connection", "Upgrade".into()),
            ("Upgrade", "websocket".into()),
            ("Sec-WebSocket-Version", "13".into()),
            ("Sec-WebSocket-Key", websocket_key()),
            ("Sec-WebSocket-Protocol", "binary".into()),
        ]);
        let began = Instant::now();
        let upgraded = self.exchange.upgrade(&request).await;
        let error = upgraded.as_ref().err();
        let error = error.map(|err| self.error(call, err.clone()));
        let words = error.as_ref().map(ToString::to_string).unwrap_or_default();
        self.log.note(call, 1, None, began.elapsed(), &words);
        upgraded.map_err(|err| self.error(call, err))
    }

    /// Makes a call once, with a new ticket if the one at hand is not taken.
    async fn signed(&self, call: &Call, attempt: u32) -> Result<Value, ApiError> {
        let proof = self.proof(None).await?;
        let refusal = match self.once(call, &proof, attempt).await {
            Err(err) if err.status() == Some(401) => err,
            done => return done,
        };
        // A call that is refused like this was not carried out.
        let Some(old) = proof.ticket() else {
            return Err(self.not_let_in(&refusal.to_string()));
        };
        let proof = self.proof(Some(old)).await?;
        match self.once(call, &proof, attempt).await {
            Err(err) if err.status() == Some(401) => Err(self.not_let_in(&err.to_string())),
            done => done,
        }
    }

    /// Returns what proves who mosdat is; not `refused`, which the server takes no more.
    async fn proof(&self, refused: Option<&str>) -> Result<Proof, ApiError> {
        let (user, password) = match &self.credentials {
            Credentials::Token { id, secret } => {
                return Ok(Proof::Token(format!("{id}={}", secret.expose())));
            }
            Credentials::Password { user, password } => (user, password),
        };
        let mut held = self.ticket.lock().await;
        let old = held.take();
        let is_refused = old.as_ref().map(|old| &*old.value) == refused;
        let ticket = match old {
            Some(old) if !is_refused && !old.is_due() => old,
            Some(old) if !is_refused => match self.sign_in(user, &old.value).await {
                Ok(renewed) => renewed,
                Err(_) => self.sign_in(user, password.expose()).await?,
            },
            Some(_) | None => self.sign_in(user, password.expose()).await?,
        };
        *held = Some(ticket.clone());
        Ok(Proof::Ticket(ticket))
    }

    async fn sign_in(&self, user: &str, password: &str) -> Result<Ticket, ApiError> {
        #[derive(Deserialize)]
        struct Answer {
            ticket: Option<String>,
            #[serde(rename = "CSRFPreventionToken")]
            csrf: Option<String>,
            #[serde(rename = "NeedTFA")]
            second_factor: Option<Value>,
        }
        let call = Call::post("/access/ticket")
            .with("username", user)
            .with("password", password);
        let born = Instant::now();
        let nothing = Proof::Token(String::new());
        let mut pause = FIRST_PAUSE;
        let deadline = born + call.budget;
        let mut attempt = 1;
        // Signing in twice does no harm.
        let data = loop {
            match self.once(&call, &nothing, attempt).await {
                Err(err) if err.is_transient() && Instant::now() + pause < deadline => {}
                done => break done,
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            attempt += 1;
        };
        let data = data.map_err(|err| match err.status() {
            Some(401) => self.not_let_in("it does not know the user or the password"),
            _ => err,
        })?;
        let answer: Answer = serde_json::from_value(data)
            .map_err(|err| self.not_let_in(&format!("its answer cannot be read: {err}")))?;
        if answer.second_factor.is_some() {
            let why = "it asks for a second factor; use an API token (`token_id`, `token_secret`)";
            return Err(self.not_let_in(why));
        }
        match (answer.ticket, answer.csrf) {
            (Some(value), Some(csrf)) => Ok(Ticket { value, csrf, born }),
            _ => Err(self.not_let_in("it gave no ticket")),
        }
    }

    fn request(&self, call: &Call, proof: &Proof) -> Request {
        let encoded = call.encoded();
        let mut target = format!("/api2/json{}", call.path);
        let body = call.method.has_body().then(|| encoded.clone());
        if body.is_none() && !encoded.is_empty() {
            target.push('?');
            target.push_str(&encoded);
        }
        let is_sign_in = call.path == "/access/ticket";
        Request {
            method: call.method,
            target,
            headers: if is_sign_in {
                Vec::new()
            } else {
                proof.headers(call.method != Method::Get)
            },
            body,
            limit: self.limits.answer,
        }
    }

    async fn once(&self, call: &Call, proof: &Proof, attempt: u32) -> Result<Value, ApiError> {
        let request = self.request(call, proof);
        let _turn = self.gate.acquire().await.expect("the gate is never closed");
        let began = Instant::now();
        let reply = self.exchange.send(&request).await;
        let status = reply.as_ref().ok().map(|reply| reply.status);
        let done = match reply {
            Ok(reply) => self.read(call, &reply),
            Err(failure) => Err(self.error(call, failure)),
        };
        let words = done.as_ref().err().map(ToString::to_string);
        let words = words.unwrap_or_default();
        self.log
            .note(call, attempt, status, began.elapsed(), &words);
        done
    }

    fn read(&self, call: &Call, reply: &Reply) -> Result<Value, ApiError> {
        if let Some(date) = reply.date {
            let ahead = date.0 as i64 - self.clock.now().0 as i64;
            self.ahead.store(ahead, Ordering::Release);
        }
        if reply.status != 200 {
            return Err(refused(call, reply));
        }
        let body: Body =
            serde_json::from_slice(&reply.body).map_err(|err| ApiError::Unreadable {
                call: call.to_string(),
                why: err.to_string(),
            })?;
        Ok(body.data)
    }

    fn error(&self, call: &Call, failure: Failure) -> ApiError {
        let server = || self.server().to_owned();
        let call_text = call.to_string();
        match failure {
            Failure::NotSent(why) => ApiError::Connect {
                server: server(),
                why,
            },
            Failure::Untrusted(why) => ApiError::Certificate {
                server: server(),
                why,
            },
            Failure::Lost(why) => ApiError::Lost {
                call: call_text,
                why,
            },
            Failure::Refused(reply) => refused(call, &reply),
        }
    }

    fn not_let_in(&self, why: &str) -> ApiError {
        ApiError::SignIn {
            server: self.server().into(),
            user: self.user().into(),
            why: why.into(),
        }
    }
}

/// Returns what the server said when it refused.
fn refused(call: &Call, reply: &Reply) -> ApiError {
    let body: Body = serde_json::from_slice(&reply.body).unwrap_or_default();
    let words = body.message.filter(|words| !words.trim().is_empty());
    let fields = body.errors.into_iter().map(|(name, why)| {
        let why = why.as_str().map_or_else(|| why.to_string(), str::to_owned);
        (name, why.trim_end().to_owned())
    });
    ApiError::Refused {
        call: call.to_string(),
        status: reply.status,
        message: words.map_or_else(|| reply.reason.clone(), |words| words.trim_end().into()),
        fields: fields.collect(),
    }
}

/// Returns what a server has to answer to: 16 random bytes in base64.
fn websocket_key() -> String {
    use base64::Engine as _;
    let mut bytes = [0; 16];
    fastrand::Rng::new().fill(&mut bytes);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
