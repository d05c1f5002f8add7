//! Compaction: recorded state written as short as it can be.
//!
//! Does not decide when, and replaces no file.

use super::{
    frame,
    stored::{Encoder, write_serial},
};
use crate::model::{Record, Recorded};

/// How much goes into one frame. A frame is read as a whole or not at all.
const FRAME: usize = 32 * 1024;

/// Returns the bytes of a journal that adds up to `recorded`.
pub(super) fn compacted(recorded: &Recorded) -> Vec<u8> {
    let mut writer = Writer {
        bytes: frame::file_header(),
        payload: Vec::new(),
        encoder: Encoder::default(),
    };
    for (key, step) in &recorded.steps {
        writer.encoder.write_step(key, step, &mut writer.payload);
        writer.flush_when_full();
    }
    // After the steps, because the end of a step takes it off the unfinished ones.
    for (key, run) in &recorded.unfinished {
        let (key, run) = (key.clone(), run.clone());
        writer.write(&Record::Started { key, run });
    }
    for lease in recorded.leases.values() {
        writer.write(&Record::Leased(lease.clone()));
    }
    for (machine, layer) in &recorded.layers {
        writer.write(&Record::LayerMade(machine.clone(), layer.clone()));
    }
    // Last, because each record counts itself.
    write_serial(recorded.serial, &mut writer.payload);
    writer.flush();
    writer.bytes
}

struct Writer {
    bytes: Vec<u8>,
    payload: Vec<u8>,
    encoder: Encoder,
}

impl Writer {
    fn write(&mut self, record: &Record) {
        self.encoder.write(record, &mut self.payload);
        self.flush_when_full();
    }

    fn flush_when_full(&mut self) {
        if self.payload.len() >= FRAME {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.bytes.extend(frame::framed(&self.payload));
        self.payload.clear();
    }
}
