//! What a model said of pictures it was shown: it is asked again only when the picture changed.

use super::Look;
use crate::model::Frame;
use std::{collections::VecDeque, sync::Arc};

/// How many answers are remembered: a caret that blinks makes two pictures, and there may be
/// several questions about each.
const MOST: usize = 24;

/// What a model said of pictures it was shown.
#[derive(Debug, Default)]
pub(in crate::run::script) struct Memory(VecDeque<Answered>);

#[derive(Debug)]
struct Answered {
    question: String,
    size: (u32, u32),
    pixels: Arc<Vec<u8>>,
    look: Look,
}

impl Memory {
    /// Returns the answer to the same question about the same picture. It is the answer about
    /// `frame`, whenever that picture was seen first.
    pub(super) fn recall(&self, question: &str, frame: &Frame) -> Option<Look> {
        let is_same = |answered: &&Answered| {
            answered.question == question
                && answered.size == (frame.width, frame.height)
                && (Arc::ptr_eq(&answered.pixels, &frame.rgba) || answered.pixels == frame.rgba)
        };
        let mut look = self.0.iter().find(is_same)?.look.clone();
        match &mut look {
            Look::There(seen) => seen.frame = Some(frame.clone()),
            Look::NotThere(_, seen_on) => *seen_on = Some(frame.clone()),
            Look::Unclear(_) => {}
        }
        Some(look)
    }

    /// Keeps an answer.
    pub(super) fn keep(&mut self, question: String, frame: &Frame, look: &Look) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(Answered {
            question,
            size: (frame.width, frame.height),
            pixels: Arc::clone(&frame.rgba),
            look: look.clone(),
        });
    }
}
