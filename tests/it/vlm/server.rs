//! A vision model to test against, behind a server that speaks as `OpenAI`'s chat does. It looks at
//! the picture it is sent: a thing is a colour, and it is where that colour is.
//!
//! ```ignore
//! let server = Model::named("qwen3-vl-8b")          // what it serves; anything else is a 404
//!     .tells(Units::Thousandths, Order::Xy, Form::Box) // how it tells places
//!     .multiple(32)                                 // what sides of pictures have to be
//!     .thing("the red button", RED)                 // where that colour is, or nowhere
//!     .shows("a red button can be seen", RED)       // yes when the colour is there, else no
//!     .riddle("it will rain")                       // unclear
//!     .key("sesame")                                // `Authorization: Bearer sesame`, or 401
//!     .secret("hunter2")                            // must be in no request
//!     .never_shows(GREEN)                           // must be in no picture
//!     .start().await;
//! server.next([Reply::Status(503), Reply::Wrong]);  // the next answers; `Reply::Right` after them
//! let url = server.url();                           // for `base_url`
//! let asked = server.asked();                       // every question, as it was understood
//! ```
//!
//! It is stricter than real ones: a field nobody knows, a temperature that is not 0 (but for other
//! samples, which need a seed), a picture of a wrong size, a secret, or a question about nothing it
//! was told of is a complaint. A complaint is answered with 409, and fails the test when the server is
//! dropped.

use super::looking::{Seen, see};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::stream;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response,
    body::{Bytes, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
};
use tokio::{net::TcpListener, task::JoinSet};

/// Red, green and blue.
pub(crate) type Colour = [u8; 3];

/// In which numbers places are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    /// Of the picture as it came.
    Pixels,
    /// Of the picture as the server has shrunk it to so many pixels, without a word.
    ShrunkPixels(u32),
    Thousandths,
    Fractions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Xy,
    Yx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Point,
    Box,
}

/// How a question is answered.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// As it is.
    Right,
    /// The opposite, or the opposite corner.
    Wrong,
    /// Right, but with the place moved by so much of each side.
    Beside(f64, f64),
    /// With these words.
    Says(String),
    /// With nothing but thoughts, which end with the right answer.
    Thinks,
    /// With words that the limit of tokens cut off.
    CutOff(String),
    /// With a body that is no answer.
    Garbage(&'static str),
    /// With an error.
    Status(u16),
    /// With 429, and when to come again.
    Busy { seconds: u32 },
    /// With half of an answer, before the connection breaks.
    Broken,
    /// Not at all; the connection stays open.
    Silent,
}

/// A question, as the server understood it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// `judgement`, `place` or `free`.
    pub(crate) kind: &'static str,
    pub(crate) model: String,
    pub(crate) text: String,
    pub(crate) size: (u32, u32),
    pub(crate) temperature: f64,
    pub(crate) seed: Option<u64>,
    pub(crate) max_tokens: u64,
    pub(crate) has_form: bool,
}

/// What a server serves, before it is started.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    names: Vec<String>,
    units: Units,
    order: Order,
    form: Form,
    multiple: u32,
    knows_forms: bool,
    points_anyway: bool,
    key: Option<String>,
    secrets: Vec<String>,
    hidden: Vec<Colour>,
    things: Vec<(String, Colour)>,
    statements: Vec<(String, Colour)>,
    /// What nobody can see.
    riddles: Vec<String>,
    /// What it says of every statement, whatever the picture.
    says_always: Option<&'static str>,
}

/// A server that listens. Dropping it ends it, and tells what it complained about.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    _serving: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    model: Model,
    script: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
    complaints: Mutex<Vec<String>>,
    /// The last picture, as it was sent and as it was understood.
    last: Mutex<Option<(String, Arc<Seen>)>>,
}

impl Model {
    /// One that takes pictures with sides of any length, and tells thousandths of points.
    pub(crate) fn named(name: &str) -> Self {
        Self {
            names: vec![name.into()],
            units: Units::Thousandths,
            order: Order::Xy,
            form: Form::Point,
            multiple: 1,
            knows_forms: true,
            points_anyway: false,
            key: None,
            secrets: Vec::new(),
            hidden: Vec::new(),
            things: Vec::new(),
            // What every model is asked before it is believed.
            statements: vec![
                ("a red rectangle is visible".into(), [215, 25, 30]),
                ("a purple rectangle is visible".into(), [128, 0, 128]),
            ],
            riddles: Vec::new(),
            says_always: None,
        }
    }

    /// Serves another model as well, which is as good as the first.
    pub(crate) fn and(mut self, name: &str) -> Self {
        self.names.push(name.into());
        self
    }

    pub(crate) fn tells(mut self, units: Units, order: Order, form: Form) -> Self {
        (self.units, self.order, self.form) = (units, order, form);
        self
    }

    pub(crate) fn multiple(mut self, multiple: u32) -> Self {
        self.multiple = multiple;
        self
    }

    /// Refuses forms of answers with 400.
    pub(crate) fn without_forms(mut self) -> Self {
        self.knows_forms = false;
        self
    }

    /// Points into a corner where it should say that there is nothing.
    pub(crate) fn points_anyway(mut self) -> Self {
        self.points_anyway = true;
        self
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.into());
        self
    }

    pub(crate) fn secret(mut self, word: &str) -> Self {
        self.secrets.push(word.into());
        self
    }

    pub(crate) fn never_shows(mut self, colour: Colour) -> Self {
        self.hidden.push(colour);
        self
    }

    pub(crate) fn thing(mut self, phrase: &str, colour: Colour) -> Self {
        self.things.push((phrase.into(), colour));
        self
    }

    pub(crate) fn shows(mut self, statement: &str, colour: Colour) -> Self {
        self.statements.push((statement.into(), colour));
        self
    }

    /// Says of this that nobody can tell.
    pub(crate) fn says_always(mut self, answer: &'static str) -> Self {
        self.says_always = Some(answer);
        self
    }

    pub(crate) fn riddle(mut self, statement: &str) -> Self {
        self.riddles.push(statement.into());
        self
    }

    /// Listens on a port of this computer that is free.
    pub(crate) async fn start(self) -> Server {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            model: self,
            script: Mutex::default(),
            asked: Mutex::default(),
            complaints: Mutex::default(),
            last: Mutex::default(),
        });
        let mut serving = JoinSet::new();
        serving.spawn(accept(listener, Arc::clone(&shared)));
        Server {
            address,
            shared,
            _serving: serving,
        }
    }
}

impl Server {
    pub(crate) fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Says how the next questions are answered, one after another.
    pub(crate) fn next(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.script.lock().unwrap().extend(replies);
    }

    /// Every question so far, those that were answered with an error too.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// What it complained about since it was asked last. Whoever takes it, deals with it.
    pub(crate) fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.complaints.lock().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let complaints = self.complaints();
        if !thread::panicking() {
            assert!(
                complaints.is_empty(),
                "the model complained: {complaints:#?}"
            );
        }
    }
}

type Sent = Response<BoxBody<Bytes, io::Error>>;

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| serve(Arc::clone(&shared), request));
            let serving = http1::Builder::new().serve_connection(TokioIo::new(socket), service);
            drop(serving.await);
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Sent> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let given = head.headers.get("authorization");
    let wanted = shared.model.key.as_ref().map(|key| format!("Bearer {key}"));
    if given.map(|given| given.to_str().unwrap_or("").to_owned()) != wanted {
        return Ok(error(401, "who are you?"));
    }
    match (head.method.as_str(), head.uri.path()) {
        ("GET", "/v1/models") => {
            let list = shared.model.names.iter().map(|name| json!({"id": name}));
            let list = json!({"object": "list", "data": list.collect::<Vec<_>>()});
            Ok(respond(200, list.to_string()))
        }
        ("POST", "/v1/chat/completions") => {
            let is_json = head
                .headers
                .get("content-type")
                .is_some_and(|it| it == "application/json");
            let understood = if is_json {
                shared.understand(&body)
            } else {
                Err(Refused::Complaint("it is not sent as JSON".into()))
            };
            match understood {
                Ok((asked, seen)) => shared.answer(asked, &seen).await,
                Err(Refused::Plainly(status, why)) => Ok(error(status, &why)),
                Err(Refused::Complaint(why)) => {
                    shared.complaints.lock().unwrap().push(why.clone());
                    Ok(error(409, &why))
                }
            }
        }
        (method, path) => Ok(error(404, &format!("no {method} {path} here"))),
    }
}

/// Why a question is not answered.
enum Refused {
    /// As real servers do.
    Plainly(u16, String),
    /// Nobody should ever send such a thing.
    Complaint(String),
}

fn complain<T>(why: impl Into<String>) -> Result<T, Refused> {
    Err(Refused::Complaint(why.into()))
}

const FIELDS: &[&str] = &[
    "max_tokens",
    "messages",
    "model",
    "response_format",
    "seed",
    "temperature",
];

impl Shared {
    fn understand(&self, body: &[u8]) -> Result<(Asked, Arc<Seen>), Refused> {
        let text = String::from_utf8_lossy(body);
        if let Some(secret) = self.model.secrets.iter().find(|it| text.contains(*it)) {
            return complain(format!("the secret `{secret}` was sent"));
        }
        let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
            return complain("the body is no JSON object");
        };
        if let Some(field) = fields.keys().find(|it| !FIELDS.contains(&it.as_str())) {
            return complain(format!("nobody knows the field `{field}`"));
        }
        let model = fields["model"].as_str().unwrap_or_default().to_owned();
        if !self.model.names.contains(&model) {
            return Err(Refused::Plainly(404, format!("no model `{model}`")));
        }
        let form = fields.get("response_format");
        if form.is_some() && !self.model.knows_forms {
            return Err(Refused::Plainly(
                400,
                "response_format: not supported".into(),
            ));
        }
        let Some([message]) = fields["messages"].as_array().map(Vec::as_slice) else {
            return complain("there is not one message");
        };
        let (picture, text) = match message["content"].as_array().map(Vec::as_slice) {
            Some([picture, text]) if message["role"] == "user" => (picture, text),
            _ => return complain("the message is not a picture and a text of the user"),
        };
        let Some(text) = text["text"].as_str().filter(|_| text["type"] == "text") else {
            return complain("the second part is no text");
        };
        let seen = self.look(picture)?;
        let kind = match form {
            Some(form) => check_form(form)?,
            None if text.contains("{\"answer\"") => "judgement",
            None if text.contains("{\"found\"") => "place",
            None => "free",
        };
        let asked = Asked {
            kind,
            text: text.into(),
            size: (seen.width, seen.height),
            temperature: fields["temperature"].as_f64().unwrap_or(f64::NAN),
            seed: fields.get("seed").and_then(Value::as_u64),
            max_tokens: fields["max_tokens"].as_u64().unwrap_or(0),
            has_form: form.is_some(),
            model,
        };
        let is_cold = asked.temperature == 0.0 && !fields.contains_key("seed");
        let is_sample = (asked.temperature - 0.3).abs() < 1e-9 && asked.seed.is_some();
        if !(is_cold || is_sample) {
            return complain(format!(
                "temperature {}, seed {:?}",
                asked.temperature, asked.seed
            ));
        }
        if asked.max_tokens == 0 {
            return complain("there is no limit of tokens");
        }
        Ok((asked, seen))
    }

    fn look(&self, part: &Value) -> Result<Arc<Seen>, Refused> {
        let url = part["image_url"]["url"].as_str();
        let data = url.and_then(|url| url.strip_prefix("data:image/png;base64,"));
        let Some(data) = data.filter(|_| part["type"] == "image_url") else {
            return complain("the first part is no PNG picture");
        };
        let last = self.last.lock().unwrap().clone();
        let seen = if let Some((_, seen)) = last.filter(|(known, _)| known == data) {
            seen
        } else {
            let png = STANDARD.decode(data);
            let png = png.map_err(|err| Refused::Complaint(err.to_string()))?;
            let seen = Arc::new(see(&png).map_err(Refused::Complaint)?);
            *self.last.lock().unwrap() = Some((data.into(), Arc::clone(&seen)));
            seen
        };
        let multiple = self.model.multiple;
        if seen.width % multiple != 0 || seen.height % multiple != 0 {
            let (width, height) = (seen.width, seen.height);
            return complain(format!("{width}x{height} is no multiple of {multiple}"));
        }
        for colour in &self.model.hidden {
            if seen.find(*colour).is_some() {
                return complain(format!(
                    "the picture shows {colour:?}, which was to be hidden"
                ));
            }
        }
        Ok(seen)
    }

    async fn answer(&self, asked: Asked, seen: &Seen) -> io::Result<Sent> {
        let reply = self.script.lock().unwrap().pop_front();
        let reply = reply.unwrap_or(Reply::Right);
        self.asked.lock().unwrap().push(asked.clone());
        let right = match self.content(&asked, seen, &reply) {
            Ok(right) => right,
            Err(why) => {
                self.complaints.lock().unwrap().push(why.clone());
                return Ok(error(409, &why));
            }
        };
        Ok(match reply {
            Reply::Right | Reply::Wrong | Reply::Beside(..) => say(&json!(right), None, "stop"),
            Reply::Says(text) => say(&json!(text), None, "stop"),
            Reply::Thinks => {
                let thoughts = format!("{{\"answer\": \"no\"}}? no, no</think>{right}");
                say(&Value::Null, Some(&thoughts), "stop")
            }
            Reply::CutOff(text) => say(&json!(text), None, "length"),
            Reply::Garbage(body) => respond(200, body.into()),
            Reply::Status(status) => error(status, "as the script says"),
            Reply::Busy { seconds } => {
                let mut busy = error(429, "too many questions");
                let value = seconds.to_string().parse().unwrap();
                busy.headers_mut().insert("retry-after", value);
                busy
            }
            Reply::Broken => {
                let half = Frame::data(Bytes::from("{\"choices\": [{\"message\": {\"cont"));
                let end = io::Error::other("the connection breaks");
                let body = StreamBody::new(stream::iter([Ok(half), Err(end)]));
                Response::new(BodyExt::boxed(body))
            }
            Reply::Silent => std::future::pending().await,
        })
    }

    /// What the model writes when it is right, or wrong as `reply` has it.
    fn content(&self, asked: &Asked, seen: &Seen, reply: &Reply) -> Result<String, String> {
        let known = |list: &[(String, Colour)]| {
            let found = list.iter().filter(|(text, _)| asked.text.contains(text));
            found.max_by_key(|(text, _)| text.len()).map(|it| it.1)
        };
        let unknown = || format!("nobody told about this: {}", asked.text);
        let is_wrong = *reply == Reply::Wrong;
        match asked.kind {
            "judgement" => {
                if let Some(answer) = self.model.says_always {
                    return Ok(json!({"answer": answer, "seen": "everything"}).to_string());
                }
                if self.model.riddles.iter().any(|it| asked.text.contains(it)) {
                    let answer = if is_wrong { "yes" } else { "unclear" };
                    return Ok(json!({"answer": answer, "seen": "nothing"}).to_string());
                }
                // A thing that is there can be seen.
                let colour = known(&self.model.statements).or_else(|| known(&self.model.things));
                let is_there = seen.find(colour.ok_or_else(unknown)?).is_some();
                let answer = if is_there == is_wrong { "no" } else { "yes" };
                Ok(json!({"answer": answer, "seen": "what is shown"}).to_string())
            }
            "place" => {
                let colour = known(&self.model.things).ok_or_else(unknown)?;
                let mut edges = seen.find(colour);
                if self.model.points_anyway {
                    edges = edges.or(Some([0.01, 0.01, 0.02, 0.02]));
                }
                let edges = edges.map(|[left, top, right, bottom]| match *reply {
                    Reply::Beside(x, y) => [left + x, top + y, right + x, bottom + y],
                    _ if is_wrong => [1.0 - right, 1.0 - bottom, 1.0 - left, 1.0 - top],
                    _ => [left, top, right, bottom],
                });
                Ok(self.place(edges, seen))
            }
            _ => Ok(format!("a picture of {}x{}", seen.width, seen.height)),
        }
    }

    /// Writes a place, given in parts of both sides, as this model does.
    fn place(&self, edges: Option<[f64; 4]>, seen: &Seen) -> String {
        let Some([left, top, right, bottom]) = edges else {
            return json!({"found": false}).to_string();
        };
        let shrink = match self.model.units {
            Units::ShrunkPixels(most) => {
                let pixels = f64::from(seen.width) * f64::from(seen.height);
                (f64::from(most) / pixels).sqrt().min(1.0)
            }
            _ => 1.0,
        };
        let number = |part: f64, side: u32| match self.model.units {
            Units::Pixels | Units::ShrunkPixels(_) => {
                json!((part * f64::from(side) * shrink).round() as i64)
            }
            Units::Thousandths => json!((part * 1000.0).round() as i64),
            Units::Fractions => json!((part * 10_000.0).round() / 10_000.0),
        };
        let x = |part: f64| number(part, seen.width);
        let y = |part: f64| number(part, seen.height);
        let (middle_x, middle_y) = (x(f64::midpoint(left, right)), y(f64::midpoint(top, bottom)));
        let told = match (self.model.form, self.model.order) {
            (Form::Point, Order::Xy) => json!({"found": true, "x": middle_x, "y": middle_y}),
            (Form::Point, Order::Yx) => json!({"found": true, "point": [middle_y, middle_x]}),
            (Form::Box, Order::Xy) => {
                json!({"found": true, "bbox": [x(left), y(top), x(right), y(bottom)]})
            }
            (Form::Box, Order::Yx) => {
                json!({"found": true, "bbox": [y(top), x(left), y(bottom), x(right)]})
            }
        };
        told.to_string()
    }
}

/// Checks the form of an answer as strict servers do, and tells which question it belongs to.
fn check_form(form: &Value) -> Result<&'static str, Refused> {
    let inner = &form["json_schema"];
    let schema = &inner["schema"];
    let properties = schema["properties"].as_object();
    let names: Vec<&str> = properties
        .map(|all| all.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let required = schema["required"].as_array().map(|all| all.iter());
    let required: Vec<&str> = required
        .map(|all| all.filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let is_strict = form["type"] == "json_schema"
        && inner["strict"] == true
        && schema["type"] == "object"
        && schema["additionalProperties"] == false
        && names == required;
    match (is_strict, inner["name"].as_str(), &names[..]) {
        (true, Some("judgement"), ["answer", "seen"]) => Ok("judgement"),
        (true, Some("place"), ["found", "x", "y"] | ["bbox", "found"] | ["found", "point"]) => {
            Ok("place")
        }
        _ => complain(format!("it is no strict form: {form}")),
    }
}

fn say(content: &Value, thoughts: Option<&str>, finish: &str) -> Sent {
    let body = json!({
        "id": "chat-1",
        "object": "chat.completion",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": content, "reasoning_content": thoughts},
            "finish_reason": finish,
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1},
    });
    respond(200, body.to_string())
}

fn error(status: u16, why: &str) -> Sent {
    respond(status, json!({"error": {"message": why}}).to_string())
}

fn respond(status: u16, body: String) -> Sent {
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.boxed())
        .unwrap()
}
