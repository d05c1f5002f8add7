//! Records as they are stored: a counterpart of [`Record`] of its own, so that the model can
//! change without the format, with texts written once and numbered after that.
//!
//! Knows nothing of frames and files. A new variant, or a new field, is a new format.

use crate::model::{
    ContentHash, History, Ingredient, LayerName, Lease, LeaseId, MachineName, Record, Recorded,
    RunId, Serial, StepKey, StepRecord, Timestamp, Verdict,
};
use serde::{
    Deserialize, Serialize,
    de::{
        IntoDeserializer,
        value::{Error as ValueError, StrDeserializer},
    },
};
use std::{collections::BTreeMap, sync::Arc};

/// One thing in the journal. Numbers of type `u32` stand for the texts and ingredients that came
/// before, in their order.
#[derive(Debug, Serialize, Deserialize)]
enum Stored<'a> {
    /// The next text.
    Text(&'a str),
    /// The next text, which reads `sha256:` and 64 digits.
    Digest(&'a [u8]),
    /// The next ingredient.
    Ingredient { name: u32, value: u32 },
    /// How many records led here; after a compaction fewer are left.
    Serial(u64),
    #[serde(borrow)]
    Record(StoredRecord<'a>),
}

#[derive(Debug, Serialize, Deserialize)]
enum StoredRecord<'a> {
    Started {
        key: u32,
        run: u32,
    },
    #[serde(borrow)]
    Finished(StoredStep<'a>),
    Leased {
        id: u32,
        machine: u32,
        step: u32,
        since: u64,
    },
    Released(u32),
    LayerMade(u32, u32),
    LayerRemoved(u32, u32),
    Forgotten(u32),
    Renamed(u32, u32),
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredStep<'a> {
    key: u32,
    run: u32,
    hash: &'a [u8],
    output: Option<&'a [u8]>,
    ingredients: Vec<u32>,
    notes: Vec<u32>,
    verdict: u8,
    /// One byte for each verdict.
    history: &'a [u8],
    detail: &'a str,
    attempts: u32,
    finished: u64,
    duration_ms: u64,
}

/// Writes records, and remembers which texts and ingredients it has written.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    texts: BTreeMap<Arc<str>, u32>,
    ingredients: BTreeMap<(u32, u32), u32>,
}

impl Encoder {
    /// Writes one record, after the texts and ingredients that it is the first to use.
    pub(super) fn write(&mut self, record: &Record, to: &mut Vec<u8>) {
        let mut text = |text: &str| self.text(text, to);
        let stored = match record {
            Record::Started { key, run } => StoredRecord::Started {
                key: text(key.as_str()),
                run: text(run.as_str()),
            },
            Record::Finished { key, step } => return self.write_step(key, step, to),
            Record::Leased(lease) => StoredRecord::Leased {
                id: text(lease.id.as_str()),
                machine: text(lease.machine.as_str()),
                step: text(lease.step.as_str()),
                since: lease.since.0,
            },
            Record::Released(id) => StoredRecord::Released(text(id.as_str())),
            Record::LayerMade(machine, layer) => {
                StoredRecord::LayerMade(text(machine.as_str()), text(layer.as_str()))
            }
            Record::LayerRemoved(machine, layer) => {
                StoredRecord::LayerRemoved(text(machine.as_str()), text(layer.as_str()))
            }
            Record::Forgotten(key) => StoredRecord::Forgotten(text(key.as_str())),
            Record::Renamed(from, new) => {
                StoredRecord::Renamed(text(from.as_str()), text(new.as_str()))
            }
        };
        put(&Stored::Record(stored), to);
    }

    /// Writes how a step ended.
    pub(super) fn write_step(&mut self, key: &StepKey, step: &StepRecord, to: &mut Vec<u8>) {
        let history: Vec<u8> = step.history.0.iter().map(|v| code(*v)).collect();
        let stored = StoredStep {
            key: self.text(key.as_str(), to),
            run: self.text(step.run.as_str(), to),
            hash: step.hash.as_bytes(),
            output: step
                .output
                .as_ref()
                .map(|output| output.as_bytes().as_slice()),
            ingredients: self.ingredients(&step.ingredients, to),
            notes: self.ingredients(&step.notes, to),
            verdict: code(step.verdict),
            history: &history,
            detail: &step.detail,
            attempts: step.attempts,
            finished: step.finished.0,
            duration_ms: step.duration_ms,
        };
        put(&Stored::Record(StoredRecord::Finished(stored)), to);
    }

    fn ingredients(&mut self, list: &[Ingredient], to: &mut Vec<u8>) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(list.len());
        for Ingredient { name, value } in list {
            let pair = (self.text(name, to), self.text(value, to));
            let next = self.ingredients.len() as u32;
            let number = *self.ingredients.entry(pair).or_insert_with(|| {
                let (name, value) = pair;
                put(&Stored::Ingredient { name, value }, to);
                next
            });
            numbers.push(number);
        }
        numbers
    }

    fn text(&mut self, text: &str, to: &mut Vec<u8>) -> u32 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let digest: Option<ContentHash> = text.parse().ok();
        match digest.filter(|digest| digest.to_string() == text) {
            Some(digest) => put(&Stored::Digest(digest.as_bytes()), to),
            None => put(&Stored::Text(text), to),
        }
        let number = self.texts.len() as u32;
        self.texts.insert(text.into(), number);
        number
    }
}

/// Writes how many records led here.
pub(super) fn write_serial(serial: Serial, to: &mut Vec<u8>) {
    put(&Stored::Serial(serial.0), to);
}

/// Adds up stored records.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// What the records so far add up to.
    pub(super) recorded: Recorded,
    texts: Vec<Arc<str>>,
    ingredients: Vec<Ingredient>,
    pairs: Vec<(u32, u32)>,
}

impl Decoder {
    /// Adds what a frame holds, and returns how many records that were; or says what is wrong.
    pub(super) fn read(&mut self, mut payload: &[u8]) -> Result<u64, String> {
        let mut count = 0;
        while !payload.is_empty() {
            let (stored, rest) = postcard::take_from_bytes(payload)
                .map_err(|error| format!("a record cannot be read: {error}"))?;
            count += u64::from(self.add(stored)?);
            payload = rest;
        }
        Ok(count)
    }

    /// Returns what writes the records that follow.
    pub(super) fn into_encoder(self) -> Encoder {
        let number = |(number, text)| (text, number);
        let pairs = self.pairs.into_iter().zip(0..);
        Encoder {
            texts: (0..).zip(self.texts).map(number).collect(),
            ingredients: pairs.collect(),
        }
    }

    /// Adds one thing; false when it is no record by itself.
    fn add(&mut self, stored: Stored<'_>) -> Result<bool, String> {
        match stored {
            Stored::Text(text) => self.texts.push(text.into()),
            Stored::Digest(digest) => self.texts.push(hash(digest)?.to_string().into()),
            Stored::Ingredient { name, value } => {
                let ingredient = Ingredient {
                    name: self.text(name)?,
                    value: self.text(value)?,
                };
                self.ingredients.push(ingredient);
                self.pairs.push((name, value));
            }
            Stored::Serial(serial) => self.recorded.serial = Serial(serial),
            Stored::Record(stored) => {
                let record = self.record(stored)?;
                self.recorded.apply(record);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn record(&self, stored: StoredRecord<'_>) -> Result<Record, String> {
        let key = |number| self.text(number).map(StepKey::new);
        let machine = |number| self.text(number).map(MachineName::new);
        Ok(match stored {
            StoredRecord::Started { key: step, run } => Record::Started {
                key: key(step)?,
                run: RunId::new(self.text(run)?),
            },
            StoredRecord::Finished(step) => Record::Finished {
                key: key(step.key)?,
                step: Box::new(self.step(&step)?),
            },
            StoredRecord::Leased {
                id,
                machine: on,
                step,
                since,
            } => Record::Leased(Lease {
                id: self.lease(id)?,
                machine: machine(on)?,
                step: key(step)?,
                since: Timestamp(since),
            }),
            StoredRecord::Released(id) => Record::Released(self.lease(id)?),
            StoredRecord::LayerMade(on, layer) => {
                Record::LayerMade(machine(on)?, self.layer(layer)?)
            }
            StoredRecord::LayerRemoved(on, layer) => {
                Record::LayerRemoved(machine(on)?, self.layer(layer)?)
            }
            StoredRecord::Forgotten(step) => Record::Forgotten(key(step)?),
            StoredRecord::Renamed(from, to) => Record::Renamed(key(from)?, key(to)?),
        })
    }

    fn step(&self, stored: &StoredStep<'_>) -> Result<StepRecord, String> {
        let history: Result<_, _> = stored.history.iter().map(|code| verdict(*code)).collect();
        Ok(StepRecord {
            hash: hash(stored.hash)?,
            ingredients: self.ingredients(&stored.ingredients)?,
            verdict: verdict(stored.verdict)?,
            detail: stored.detail.into(),
            attempts: stored.attempts,
            finished: Timestamp(stored.finished),
            duration_ms: stored.duration_ms,
            output: stored.output.map(hash).transpose()?,
            notes: self.ingredients(&stored.notes)?,
            run: RunId::new(self.text(stored.run)?),
            history: History(history?),
        })
    }

    fn ingredients(&self, numbers: &[u32]) -> Result<Vec<Ingredient>, String> {
        let ingredient = |number: &u32| {
            let found = self.ingredients.get(*number as usize);
            found
                .cloned()
                .ok_or_else(|| format!("ingredient {number} is not there"))
        };
        numbers.iter().map(ingredient).collect()
    }

    fn text(&self, number: u32) -> Result<Arc<str>, String> {
        let found = self.texts.get(number as usize);
        found
            .cloned()
            .ok_or_else(|| format!("text {number} is not there"))
    }

    fn lease(&self, number: u32) -> Result<LeaseId, String> {
        let text = self.text(number)?;
        let text: StrDeserializer<'_, ValueError> = text.as_ref().into_deserializer();
        LeaseId::deserialize(text).map_err(|error| error.to_string())
    }

    fn layer(&self, number: u32) -> Result<LayerName, String> {
        let text = self.text(number)?;
        LayerName::parse(&text).ok_or_else(|| format!("`{text}` is not a layer"))
    }
}

fn put(stored: &Stored<'_>, to: &mut Vec<u8>) {
    postcard::to_io(stored, to).expect("a vector takes whatever is written to it");
}

fn hash(bytes: &[u8]) -> Result<ContentHash, String> {
    let bytes = bytes.try_into().map(ContentHash::from_bytes);
    bytes.map_err(|_| "a digest has not 32 bytes".into())
}

/// What a verdict is stored as.
fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Passed => 0,
        Verdict::Flaky => 1,
        Verdict::Expected => 2,
        Verdict::Failed => 3,
        Verdict::Blocked => 4,
        Verdict::Skipped => 5,
    }
}

fn verdict(stored: u8) -> Result<Verdict, String> {
    let found = Verdict::ALL
        .into_iter()
        .find(|verdict| code(*verdict) == stored);
    found.ok_or_else(|| format!("there is no verdict {stored}"))
}
