//! Reading where a model says that something is. What is not on the picture, or may be meant
//! otherwise, is not a place.

use super::picture::Place;
use crate::model::{AxisOrder, Coordinates, Unit};
use serde::Deserialize;

/// What a model says of where something is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// There, in parts of both sides (0 to 1), to the right first: a point, or a box.
    At(Vec<f64>),
    /// Nowhere.
    Absent,
    /// Nothing that can be read, and why.
    Unreadable(String),
}

/// The numbers of an answer, as they came.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers {
    /// Two for a point, four for a box.
    pub(super) values: Vec<f64>,
    /// Whether the answer said which is which.
    pub(super) is_named: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Document {
    found: Option<bool>,
    x: Option<f64>,
    y: Option<f64>,
    #[serde(alias = "point_2d")]
    point: Option<Vec<f64>>,
    #[serde(alias = "bbox_2d", alias = "box_2d", alias = "box")]
    bbox: Option<Vec<f64>>,
}

/// Reads an answer of a model that tells places as `coordinates` in a picture of this size.
pub(super) fn read(text: &str, coordinates: Coordinates, (width, height): (u32, u32)) -> Told {
    let numbers = match numbers(text) {
        Ok(Some(numbers)) => numbers,
        Ok(None) => return Told::Absent,
        Err(why) => return Told::Unreadable(why),
    };
    let Numbers { values, is_named } = numbers;
    let is_swapped = coordinates.order == AxisOrder::Yx && !is_named;
    let sides = |at: usize| {
        let is_x = at.is_multiple_of(2) != is_swapped;
        f64::from(if is_x { width } else { height })
    };
    // Numbers that small are parts of a side, whatever was agreed: a click in the very corner.
    let is_tiny = values.iter().all(|value| *value <= 1.0);
    let is_broken = values.iter().any(|value| value.fract() != 0.0);
    if coordinates.unit != Unit::Fractions && is_tiny && is_broken {
        return Told::Unreadable(format!(
            "{values:?} are parts of a side, not {}",
            coordinates.as_str()
        ));
    }
    let parts = values
        .iter()
        .enumerate()
        .map(|(at, value)| match coordinates.unit {
            Unit::Pixels => value / sides(at),
            Unit::Thousandths => value / 1000.0,
            Unit::Fractions => *value,
        });
    let mut parts: Vec<f64> = parts.collect();
    if parts.iter().any(|part| !(0.0..=1.0).contains(part)) {
        return Told::Unreadable(format!("{values:?} is not on the picture"));
    }
    if is_swapped {
        parts = parts.chunks(2).flat_map(|two| [two[1], two[0]]).collect();
    }
    match Place::of_parts(&parts, width, height) {
        Some(_) => Told::At(parts),
        None => Told::Unreadable(format!("{values:?} is no box")),
    }
}

/// Reads the numbers of an answer; nothing when it says that there is no place.
pub(super) fn numbers(text: &str) -> Result<Option<Numbers>, String> {
    let shown = || text.chars().take(80).collect::<String>();
    let documents: Vec<Document> = super::objects::all(text);
    let documents = documents.into_iter().filter(Document::says_something);
    let mut read = documents.map(Document::numbers);
    if let Some(first) = read.next() {
        let first = first.ok_or_else(|| format!("`{}` has no place", shown()))?;
        if read.any(|other| other.as_ref() != Some(&first)) {
            return Err(format!("`{}` names several places", shown()));
        }
        return Ok(first);
    }
    match &lists(text)[..] {
        [values] => Ok(Some(Numbers {
            values: values.clone(),
            is_named: false,
        })),
        [] => Err(format!("`{}` names no place", shown())),
        _ => Err(format!("`{}` names several places", shown())),
    }
}

impl Document {
    fn says_something(&self) -> bool {
        let has_place = self.x.is_some() || self.point.is_some() || self.bbox.is_some();
        has_place || self.y.is_some() || self.found.is_some()
    }

    /// Returns its numbers, or that there are none to be had.
    #[expect(clippy::option_option, reason = "unreadable, absent, there")]
    fn numbers(self) -> Option<Option<Numbers>> {
        if self.found == Some(false) {
            return Some(None);
        }
        let unnamed = |values| {
            let is_named = false;
            Numbers { values, is_named }
        };
        let numbers = match (self.bbox, self.point, self.x, self.y) {
            (Some(values), _, _, _) if values.len() == 4 => unnamed(values),
            (None, Some(values), _, _) if values.len() == 2 => unnamed(values),
            (None, None, Some(x), Some(y)) => Numbers {
                values: vec![x, y],
                is_named: true,
            },
            _ => return None,
        };
        Some(Some(numbers))
    }
}

/// Returns every list of two or four numbers in brackets, as in `click(352, 348)`.
fn lists(text: &str) -> Vec<Vec<f64>> {
    let inner = text.split(['(', '[']).skip(1);
    let inner = inner.filter_map(|rest| rest.split([')', ']']).next());
    let read = inner.filter_map(|list| {
        let numbers = list.split(',').map(|number| number.trim().parse::<f64>());
        let numbers = numbers.collect::<Result<Vec<f64>, _>>().ok()?;
        let is_place = matches!(numbers.len(), 2 | 4) && numbers.iter().all(|n| n.is_finite());
        is_place.then_some(numbers)
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelFamily;

    const SIZE: (u32, u32) = (400, 200);

    fn read_as(name: &str, text: &str) -> Told {
        let named = Coordinates::ALL.iter().find(|(known, _)| *known == name);
        read(text, named.unwrap().1, SIZE)
    }

    #[test]
    fn every_convention_is_read_as_it_is_meant() {
        let point = Told::At(vec![0.25, 0.5]);
        assert_eq!(
            read_as("pixels", r#"{"found": true, "x": 100, "y": 100}"#),
            point
        );
        assert_eq!(read_as("pixels-yx", r#"{"point": [100, 100]}"#), point);
        assert_eq!(read_as("pixels-yx", r#"{"x": 100, "y": 100}"#), point);
        assert_eq!(read_as("thousandths", r#"{"point_2d": [250, 500]}"#), point);
        assert_eq!(read_as("thousandths-yx", "[500, 250]"), point);
        assert_eq!(read_as("fractions", r#"{"x": 0.25, "y": 0.5}"#), point);
        assert_eq!(read_as("fractions", "click(0.25, 0.5)"), point);
        let area = Told::At(vec![0.25, 0.5, 0.5, 0.75]);
        assert_eq!(
            read_as("pixels", r#"[{"bbox_2d": [100, 100, 200, 150]}]"#),
            area
        );
        assert_eq!(
            read_as("thousandths", "<box>[[250, 500, 500, 750]]</box>"),
            area
        );
        assert_eq!(
            read_as("thousandths-yx", r#"{"box_2d": [500, 250, 750, 500]}"#),
            area
        );
        let gemini = ModelFamily::of_name("gemini").unwrap().coordinates;
        assert_eq!(read("[500, 250, 750, 500]", gemini, SIZE), area);
    }

    #[test]
    fn nowhere_is_an_answer() {
        for text in [
            r#"{"found": false, "x": null, "y": null}"#,
            r#"{"found": false, "x": 0, "y": 0}"#,
            r#"{"found": false, "bbox": []}"#,
        ] {
            assert_eq!(read_as("pixels", text), Told::Absent, "{text}");
        }
    }

    #[test]
    fn what_may_be_meant_otherwise_is_no_place() {
        for (name, text) in [
            ("pixels", ""),
            ("pixels", "I see 2 windows and 3 buttons"),
            ("pixels", r#"{"found": true}"#),
            ("pixels", r#"{"x": 100}"#),
            ("pixels", r#"{"x": 100, "y": "100"}"#),
            ("pixels", r#"{"x": 401, "y": 100}"#),
            ("pixels", r#"{"x": -1, "y": 100}"#),
            ("pixels", r#"{"x": 0.25, "y": 0.5}"#),
            ("thousandths", r#"{"x": 0.25, "y": 0.5}"#),
            ("thousandths", r#"{"x": 1001, "y": 5}"#),
            ("fractions", r#"{"x": 250, "y": 500}"#),
            ("pixels", r#"{"bbox": [200, 100, 100, 150]}"#),
            ("pixels", r#"{"bbox": [100, 100, 100, 100]}"#),
            ("pixels", r#"{"bbox": [1, 2, 3]}"#),
            ("pixels", "(1, 2) or (3, 4)"),
            ("pixels", r#"{"x": 1, "y": 2} {"x": 3, "y": 4}"#),
            ("pixels", r#"{"found": false} {"x": 3, "y": 4}"#),
            ("pixels", "(nan, 3)"),
        ] {
            let told = read_as(name, text);
            assert!(
                matches!(told, Told::Unreadable(_)),
                "{name} {text}: {told:?}"
            );
        }
    }
}
