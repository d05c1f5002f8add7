//! Vision models as they are set up, and what is known of their families: in which numbers they
//! tell a place, which pictures they take, whether they can be asked more than "where".

use super::SecretSource;
use std::time::Duration;

/// The vision models that may be asked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a setting of its own, and they are set in any combination"
)]
pub struct VlmSettings {
    /// Where they are, the first first: `http://host:port/v1`. May come from the environment.
    pub endpoints: Vec<String>,
    /// The model that says where something is. May come from the environment.
    pub model: Option<String>,
    /// The model that says whether something is so; `model` when missing.
    pub verify_model: Option<String>,
    /// What an endpoint must serve, by its own word, to be asked at all.
    pub expected_model: Option<String>,
    /// Where the key to the endpoints is.
    pub api_key: Option<SecretSource>,
    /// No answer is cut shorter than this many tokens: models that think aloud need more.
    pub max_tokens_floor: u32,
    /// The name of `model`'s family, when its own name does not tell.
    pub family: Option<String>,
    /// How `model` tells a place, when not as its family does.
    pub coordinates: Option<Coordinates>,
    /// Whether `model` is asked for a point or for a box, when not as its family is.
    pub shape: Option<Shape>,
    /// The most pixels of a picture that is sent, when not what the family takes.
    pub max_pixels: Option<u64>,
    /// How many questions a run may ask.
    pub budget: u32,
    /// Whether nobody is asked, and only what is remembered counts.
    pub offline: bool,
    /// How long one endpoint may take for one answer.
    pub timeout: Duration,
    /// Whether answers are remembered.
    pub cache: bool,
    /// How long they are.
    pub cache_ttl: Duration,
    /// Whether a small thing is looked at again, closer, before its place is believed.
    pub zoom: bool,
    /// Whether the model that judges has to judge a picture that is known before it is believed.
    pub control: bool,
}

impl Default for VlmSettings {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            model: None,
            verify_model: None,
            expected_model: None,
            api_key: None,
            max_tokens_floor: 0,
            family: None,
            coordinates: None,
            shape: None,
            max_pixels: None,
            budget: 1000,
            offline: false,
            timeout: Duration::from_secs(90),
            cache: true,
            cache_ttl: Duration::from_hours(24),
            zoom: true,
            control: true,
        }
    }
}

/// The numbers in which a model tells a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coordinates {
    /// What they count.
    pub unit: Unit,
    /// Which comes first.
    pub order: AxisOrder,
}

/// What a coordinate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Pixels of the picture that it was sent.
    Pixels,
    /// Thousandths of its side.
    Thousandths,
    /// The side is 1.
    Fractions,
}

/// Which coordinate comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisOrder {
    /// To the right, then down.
    Xy,
    /// Down, then to the right.
    Yx,
}

/// What a place is told as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Two numbers: its middle.
    Point,
    /// Four: two corners.
    Box,
}

impl Coordinates {
    /// Each kind with its name in plan files.
    pub const ALL: [(&'static str, Self); 6] = [
        ("pixels", Self::of(Unit::Pixels, AxisOrder::Xy)),
        ("pixels-yx", Self::of(Unit::Pixels, AxisOrder::Yx)),
        ("thousandths", Self::of(Unit::Thousandths, AxisOrder::Xy)),
        ("thousandths-yx", Self::of(Unit::Thousandths, AxisOrder::Yx)),
        ("fractions", Self::of(Unit::Fractions, AxisOrder::Xy)),
        ("fractions-yx", Self::of(Unit::Fractions, AxisOrder::Yx)),
    ];

    const fn of(unit: Unit, order: AxisOrder) -> Self {
        Self { unit, order }
    }

    /// Returns its name in plan files.
    pub fn as_str(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, other)| *other == self);
        found.expect("all there are have a name").0
    }
}

impl Shape {
    /// Each with its name in plan files.
    pub const ALL: [(&'static str, Self); 2] = [("point", Self::Point), ("box", Self::Box)];

    /// Returns its name in plan files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Point => "point",
            Self::Box => "box",
        }
    }
}

/// Models that are alike in what they take and how they answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFamily {
    /// What plan files call it.
    pub name: &'static str,
    /// What the names of its models begin with, without capitals and whoever publishes them.
    pub begins: &'static [&'static str],
    /// How a place is told.
    pub coordinates: Coordinates,
    /// What it is asked for.
    pub shape: Shape,
    /// The sides of a picture must be multiples of this, or they are made so, and places shift.
    pub multiple: u32,
    /// Pictures of fewer pixels are enlarged.
    pub least_pixels: u64,
    /// Pictures of more pixels are shrunk.
    pub most_pixels: u64,
    /// Longer sides are shrunk; 0 when only pixels count.
    pub longest_side: u32,
    /// Whether it was made for nothing but pointing: it points at something even when there is
    /// nothing, and what it says of a statement is worth nothing.
    pub only_points: bool,
}

impl ModelFamily {
    /// Returns the family that a model's name tells.
    pub fn of_model(model: &str) -> Option<&'static Self> {
        let own = model.rsplit('/').next().unwrap_or(model).to_lowercase();
        let own: String = own
            .chars()
            .map(|c| if matches!(c, '_' | ' ' | ':') { '-' } else { c })
            .collect();
        let begins = |family: &&Self| family.begins.iter().any(|begin| own.starts_with(begin));
        FAMILIES.iter().find(begins)
    }

    /// Returns the family of that name.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.name == name)
    }
}

const PIXELS: Coordinates = Coordinates::of(Unit::Pixels, AxisOrder::Xy);
const THOUSANDTHS: Coordinates = Coordinates::of(Unit::Thousandths, AxisOrder::Xy);
const FRACTIONS: Coordinates = Coordinates::of(Unit::Fractions, AxisOrder::Xy);

/// What most have in common: patches of 14, merged in pairs, and thousandths.
const USUAL: ModelFamily = ModelFamily {
    name: "",
    begins: &[],
    coordinates: THOUSANDTHS,
    shape: Shape::Point,
    multiple: 28,
    least_pixels: 56 * 56,
    most_pixels: 16_384 * 28 * 28,
    longest_side: 0,
    only_points: false,
};

/// The same with patches of 16.
const PATCH_16: ModelFamily = ModelFamily {
    multiple: 32,
    least_pixels: 64 * 64,
    most_pixels: 16_384 * 32 * 32,
    ..USUAL
};

/// All that are known. Where a name begins as two do, the first is meant.
pub const FAMILIES: &[ModelFamily] = &[
    ModelFamily {
        name: "qwen2.5-vl",
        begins: &["qwen2.5-vl", "qwen25-vl", "qwen2-5-vl", "qwen2.5vl"],
        coordinates: PIXELS,
        shape: Shape::Box,
        ..USUAL
    },
    ModelFamily {
        name: "qwen3-vl",
        begins: &["qwen3-vl", "qwen3vl", "qwen3.5"],
        shape: Shape::Box,
        ..PATCH_16
    },
    ModelFamily {
        name: "holo1.5",
        begins: &["holo1.5", "holo1-5"],
        coordinates: PIXELS,
        ..USUAL
    },
    ModelFamily {
        name: "holo2",
        begins: &["holo2"],
        only_points: true,
        ..PATCH_16
    },
    ModelFamily {
        name: "holo3",
        begins: &["holo3"],
        ..PATCH_16
    },
    ModelFamily {
        name: "ui-tars-1.5",
        begins: &["ui-tars-1.5", "ui-tars-1-5"],
        coordinates: PIXELS,
        only_points: true,
        ..USUAL
    },
    ModelFamily {
        name: "ui-tars",
        begins: &["ui-tars"],
        only_points: true,
        ..USUAL
    },
    ModelFamily {
        name: "gta1",
        begins: &["gta1"],
        coordinates: PIXELS,
        only_points: true,
        ..USUAL
    },
    ModelFamily {
        name: "opencua",
        begins: &["opencua"],
        coordinates: PIXELS,
        ..USUAL
    },
    ModelFamily {
        name: "ui-venus",
        begins: &["ui-venus"],
        ..PATCH_16
    },
    ModelFamily {
        name: "gui-owl",
        begins: &["gui-owl"],
        ..PATCH_16
    },
    ModelFamily {
        name: "internvl",
        begins: &["internvl"],
        shape: Shape::Box,
        ..USUAL
    },
    ModelFamily {
        name: "glm-v",
        begins: &["glm-4v", "glm-4.1v", "glm-4.5v", "glm-4.6v", "glm-v"],
        shape: Shape::Box,
        ..USUAL
    },
    ModelFamily {
        name: "gemini",
        begins: &["gemini"],
        coordinates: Coordinates::of(Unit::Thousandths, AxisOrder::Yx),
        shape: Shape::Box,
        multiple: 1,
        ..USUAL
    },
    ModelFamily {
        name: "claude",
        begins: &["claude"],
        coordinates: PIXELS,
        // The service shrinks what is larger, and counts its own pixels then.
        most_pixels: 1_150_000,
        longest_side: 1568,
        ..USUAL
    },
    ModelFamily {
        name: "moondream",
        begins: &["moondream"],
        coordinates: FRACTIONS,
        multiple: 1,
        ..USUAL
    },
    ModelFamily {
        name: "osatlas",
        begins: &["osatlas", "os-atlas"],
        only_points: true,
        ..USUAL
    },
    ModelFamily {
        name: "seeclick",
        begins: &["seeclick"],
        coordinates: FRACTIONS,
        only_points: true,
        ..USUAL
    },
    ModelFamily {
        name: "cogvlm",
        begins: &["cogvlm", "cogagent"],
        shape: Shape::Box,
        only_points: true,
        ..USUAL
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_models_name_tells_its_family() {
        let name = |model| ModelFamily::of_model(model).map(|family| family.name);
        assert_eq!(name("Qwen/Qwen2.5-VL-7B-Instruct"), Some("qwen2.5-vl"));
        assert_eq!(name("qwen3-vl:8b"), Some("qwen3-vl"));
        assert_eq!(name("Hcompany/Holo2-4B"), Some("holo2"));
        assert_eq!(name("holo1_5-3b"), Some("holo1.5"));
        assert_eq!(name("UI-TARS-1.5-7B"), Some("ui-tars-1.5"));
        assert_eq!(name("ByteDance/UI-TARS-7B-SFT"), Some("ui-tars"));
        assert_eq!(name("cogagent-9b"), Some("cogvlm"));
        assert_eq!(name("small"), None);
        assert_eq!(name("my-qwen3-vl"), None);
    }

    #[test]
    fn every_family_is_found_by_its_own_name() {
        for family in FAMILIES {
            assert_eq!(ModelFamily::of_name(family.name), Some(family));
            for begin in family.begins {
                let found = ModelFamily::of_model(&format!("Some/{begin}-7b"));
                assert_eq!(found, Some(family), "{begin}");
            }
        }
    }

    #[test]
    fn coordinates_have_the_names_that_plan_files_use() {
        for (name, coordinates) in Coordinates::ALL {
            assert_eq!(coordinates.as_str(), name);
        }
    }
}
