//! The journal: one file of framed records that grows at its end.
//!
//! Does not know who may write; the store asks for the lock first.

#![expect(
    clippy::disallowed_methods,
    reason = "this is what the `Store` port stands for"
)]

use super::{
    frame::{self, Next, Start},
    replace::replace_for_good,
    stored::{Decoder, Encoder},
};
use crate::{
    model::{Record, Recorded},
    port::{Durability, StoreError},
};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

/// The command that keeps what is sound of a damaged journal.
const RECOVERY: &str = "mosdat state recover";

/// What was read of a journal.
#[derive(Debug, Default)]
pub(super) struct Contents {
    decoder: Decoder,
    /// Where the last sound frame ends. What follows, if anything, was cut short.
    pub(super) sound: usize,
    /// How many records there are up to there.
    pub(super) records: u64,
    /// What is wrong with what follows, when it was not just cut short.
    pub(super) damage: Option<String>,
}

impl Contents {
    /// Reads the journal at `path`; a missing one is empty. Damage is part of the result.
    pub(super) fn read(path: &Path) -> Result<(Self, Vec<u8>), StoreError> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(io_error("read", path, source)),
        };
        Ok((Self::parse(&bytes, path)?, bytes))
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self, StoreError> {
        let mut contents = Self::default();
        match frame::start(bytes) {
            Start::Torn => return Ok(contents),
            Start::Known => contents.sound = frame::FILE_HEADER,
            Start::Damaged => {
                contents.damage = Some("it does not start like one".into());
                return Ok(contents);
            }
            Start::TooNew(found) => {
                return Err(StoreError::TooNew {
                    path: path.into(),
                    found,
                    known: frame::FORMAT,
                });
            }
        }
        loop {
            match frame::next(bytes, contents.sound) {
                Next::End | Next::Torn => return Ok(contents),
                Next::Damaged(why) => {
                    contents.damage = Some(why.into());
                    return Ok(contents);
                }
                Next::Frame { payload, end } => match contents.decoder.read(payload) {
                    Ok(count) => {
                        contents.records += count;
                        contents.sound = end;
                    }
                    Err(why) => {
                        contents.damage = Some(why);
                        return Ok(contents);
                    }
                },
            }
        }
    }

    /// Refuses a damaged journal.
    pub(super) fn whole(self, path: &Path) -> Result<Self, StoreError> {
        match self.damage {
            None => Ok(self),
            Some(why) => Err(StoreError::Damaged {
                path: path.into(),
                offset: self.sound as u64,
                why,
                good: self.records,
                recovery: RECOVERY.into(),
            }),
        }
    }

    /// Returns what the records add up to.
    pub(super) fn into_recorded(self) -> Recorded {
        self.decoder.recorded
    }
}

/// A journal that is open for writing.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    encoder: Encoder,
}

impl Journal {
    /// Opens the journal at `path`, or creates it, and removes what was cut short at its end.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let (contents, bytes) = Contents::read(path)?;
        let contents = contents.whole(path)?;
        let mut length = contents.sound;
        if length == 0 {
            length = frame::FILE_HEADER;
            replace_for_good(path, &frame::file_header())
                .map_err(|source| io_error("create", path, source))?;
        }
        let file = OpenOptions::new().append(true).open(path);
        let file = file.map_err(|source| io_error("open", path, source))?;
        if bytes.len() > length {
            file.set_len(length as u64)
                .map_err(|source| io_error("shorten", path, source))?;
        }
        Ok(Self {
            path: path.into(),
            file: Arc::new(file),
            length: length as u64,
            encoder: contents.decoder.into_encoder(),
        })
    }

    /// Returns how long the file is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Returns the file, for someone else to sync.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Appends records in one write: all, or, should that fail, none. After a failure the journal
    /// has to be opened again, because what the encoder remembers may not be there.
    pub(super) fn append(
        &mut self,
        records: &[Record],
        durability: Durability,
    ) -> Result<(), StoreError> {
        let mut payload = Vec::new();
        for record in records {
            self.encoder.write(record, &mut payload);
        }
        let frame = frame::framed(&payload);
        let mut written = self.file.as_ref().write_all(&frame);
        if durability == Durability::Power {
            written = written.and_then(|()| self.file.sync_data());
        }
        if let Err(source) = written {
            // Should this fail as well, the rest is a torn tail, which the next open removes.
            let _shortened = self.file.set_len(self.length);
            return Err(io_error("append to", &self.path, source));
        }
        self.length += frame.len() as u64;
        Ok(())
    }
}

pub(super) fn io_error(what: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        what,
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::compaction::compacted, *};
    use crate::model::{
        ContentHash, History, Ingredient, LayerName, Lease, LeaseId, StepRecord, Timestamp, Verdict,
    };
    use proptest::{collection::vec, prelude::*};

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-c]",
            "sha256:[0-9a-f]{64}",
            "sha256:[0-9A-F]{64}",
            ".{0,8}"
        ]
    }

    fn ingredients() -> impl Strategy<Value = Vec<Ingredient>> {
        let one = (text(), text()).prop_map(|(name, value)| Ingredient {
            name: name.into(),
            value: value.into(),
        });
        vec(one, 0..4)
    }

    fn verdict() -> impl Strategy<Value = Verdict> {
        prop::sample::select(Verdict::ALL.to_vec())
    }

    fn step() -> impl Strategy<Value = StepRecord> {
        let words = (text(), text(), ingredients(), ingredients());
        let numbers = (
            any::<u32>(),
            any::<u64>(),
            any::<u64>(),
            any::<Option<u8>>(),
        );
        let verdicts = (verdict(), vec(verdict(), 0..=History::LENGTH));
        (words, numbers, verdicts).prop_map(|(words, numbers, verdicts)| StepRecord {
            hash: ContentHash::of(words.1.as_bytes()),
            ingredients: words.2,
            verdict: verdicts.0,
            detail: words.0,
            attempts: numbers.0,
            finished: Timestamp(numbers.1),
            duration_ms: numbers.2,
            output: numbers.3.map(|byte| ContentHash::of(&[byte])),
            notes: words.3,
            run: words.1.as_str().into(),
            history: History(verdicts.1),
        })
    }

    fn record() -> impl Strategy<Value = Record> {
        let layer = || any::<u8>().prop_map(|byte| LayerName::of(ContentHash::of(&[byte])));
        let lease = |run: &str, number| LeaseId::new(&run.into(), number);
        prop_oneof![
            (text(), text()).prop_map(|(key, run)| Record::Started {
                key: key.as_str().into(),
                run: run.as_str().into(),
            }),
            (text(), step()).prop_map(|(key, step)| Record::Finished {
                key: key.as_str().into(),
                step: Box::new(step),
            }),
            (text(), 0..3_usize).prop_map(move |(name, number)| Record::Leased(Lease {
                id: lease(&name, number),
                machine: name.as_str().into(),
                step: name.as_str().into(),
                since: Timestamp(number as u64),
            })),
            (text(), 0..3_usize).prop_map(move |(run, n)| Record::Released(lease(&run, n))),
            (text(), layer()).prop_map(|(on, layer)| Record::LayerMade(on.as_str().into(), layer)),
            (text(), layer())
                .prop_map(|(on, layer)| Record::LayerRemoved(on.as_str().into(), layer)),
            text().prop_map(|key| Record::Forgotten(key.as_str().into())),
            (text(), text())
                .prop_map(|(a, b)| Record::Renamed(a.as_str().into(), b.as_str().into())),
        ]
    }

    fn batches() -> impl Strategy<Value = Vec<Vec<Record>>> {
        vec(vec(record(), 1..4), 1..8)
    }

    /// A journal, where each of its frames starts, and what it adds up to before each.
    struct Written {
        bytes: Vec<u8>,
        starts: Vec<usize>,
        sums: Vec<Recorded>,
    }

    fn written(batches: &[Vec<Record>]) -> Written {
        let (mut encoder, mut recorded) = (Encoder::default(), Recorded::default());
        let (mut bytes, mut starts, mut sums) = (frame::file_header(), Vec::new(), Vec::new());
        for batch in batches {
            starts.push(bytes.len());
            sums.push(recorded.clone());
            let mut payload = Vec::new();
            for record in batch {
                encoder.write(record, &mut payload);
                recorded.apply(record.clone());
            }
            bytes.extend(frame::framed(&payload));
        }
        sums.push(recorded);
        Written {
            bytes,
            starts,
            sums,
        }
    }

    fn load(bytes: &[u8]) -> Result<Recorded, StoreError> {
        let path = Path::new("journal");
        let contents = Contents::parse(bytes, path)?.whole(path)?;
        Ok(contents.into_recorded())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_written_is_read(batches in batches()) {
            let written = written(&batches);
            prop_assert_eq!(Some(&load(&written.bytes).unwrap()), written.sums.last());
        }

        #[test]
        fn a_compacted_journal_adds_up_to_the_same(batches in batches(), more in vec(record(), 0..3)) {
            let mut recorded = written(&batches).sums.pop().unwrap();
            let mut bytes = compacted(&recorded);
            prop_assert_eq!(&load(&bytes).unwrap(), &recorded);
            // And can be appended to.
            let contents = Contents::parse(&bytes, Path::new("journal")).unwrap();
            let (mut encoder, mut payload) = (contents.decoder.into_encoder(), Vec::new());
            for record in &more {
                encoder.write(record, &mut payload);
                recorded.apply(record.clone());
            }
            bytes.extend(frame::framed(&payload));
            prop_assert_eq!(&load(&bytes).unwrap(), &recorded);
        }

        #[test]
        fn a_flipped_byte_is_found_where_it_is(
            batches in batches(),
            at in any::<prop::sample::Index>(),
            flip in 1..=u8::MAX,
        ) {
            let Written { mut bytes, starts, sums } = written(&batches);
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let frame = starts.iter().rposition(|start| *start <= at);
            let last = starts.len() - 1;
            match load(&bytes) {
                Err(StoreError::Damaged { offset, good, .. }) => {
                    let start = frame.map_or(0, |frame| starts[frame]);
                    prop_assert_eq!(offset, start as u64);
                    let sound = &sums[frame.unwrap_or(0)];
                    prop_assert_eq!(good, sound.serial.0);
                }
                Err(StoreError::TooNew { .. }) => prop_assert!(false, "the format has a check"),
                Err(other) => prop_assert!(false, "{other}"),
                Ok(recorded) => {
                    prop_assert_eq!(frame, Some(last), "only the last frame may look torn");
                    prop_assert_eq!(&recorded, &sums[last]);
                }
            }
        }

        #[test]
        fn a_journal_that_was_cut_short_is_a_prefix(
            batches in batches(),
            at in any::<prop::sample::Index>(),
            zeros in 0..40_usize,
        ) {
            let Written { mut bytes, mut starts, sums } = written(&batches);
            starts.push(bytes.len());
            let cut = at.index(bytes.len() + 1);
            bytes.truncate(cut);
            let whole = starts.iter().rposition(|start| *start <= cut).unwrap_or(0);
            prop_assert_eq!(&load(&bytes).unwrap(), &sums[whole]);
            if cut >= frame::FILE_HEADER {
                // A loss of power can leave zeros where the rest should be.
                bytes.resize(cut + zeros, 0);
                prop_assert!(sums[whole..].contains(&load(&bytes).unwrap()));
            }
        }
    }
}
