//! Which model is asked what. One that only points judges nothing: it would say yes to anything.

use super::sizes::Sizes;
use crate::model::{AxisOrder, Coordinates, ModelFamily, Shape, Unit, VlmSettings};

/// The model that says where something is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    pub(super) model: String,
    pub(super) coordinates: Coordinates,
    pub(super) shape: Shape,
    pub(super) sizes: Sizes,
    /// Whether it points at something even when there is nothing.
    pub(super) only_points: bool,
}

/// The model that says whether something is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judge {
    pub(super) model: String,
    pub(super) sizes: Sizes,
}

/// What pictures are sent to models whose family is not known.
const ANY_SIZES: Sizes = Sizes {
    multiple: 28,
    least_pixels: 56 * 56,
    most_pixels: 16_384 * 28 * 28,
    longest_side: 0,
};

impl Pointer {
    /// Finds out how `settings.model` points; an error says what nobody knows.
    pub(super) fn of(settings: &VlmSettings) -> Result<Self, String> {
        let pointer = Self::or_usual(settings)?;
        if settings.coordinates.is_none() && family(settings).is_none() {
            return Err(format!(
                "nobody knows in which numbers `{}` tells places; `mosdat vlm probe` finds out, \
                 and `coordinates` in `[vlm]` says it",
                pointer.model
            ));
        }
        Ok(pointer)
    }

    /// The same, but takes an unknown model to point as most do.
    pub(super) fn or_usual(settings: &VlmSettings) -> Result<Self, String> {
        let Some(model) = settings.model.clone() else {
            return Err("`[vlm]` has no `model`, and `VLM_MODEL` is not set".into());
        };
        let family = family(settings);
        let usual = Coordinates {
            unit: Unit::Thousandths,
            order: AxisOrder::Xy,
        };
        let known = family.map_or(usual, |family| family.coordinates);
        Ok(Self {
            coordinates: settings.coordinates.unwrap_or(known),
            shape: settings
                .shape
                .or(family.map(|family| family.shape))
                .unwrap_or(Shape::Point),
            sizes: sizes(settings, family),
            only_points: family.is_some_and(|family| family.only_points),
            model,
        })
    }
}

impl Judge {
    /// Finds the model that judges; an error says why there is none.
    pub(super) fn of(settings: &VlmSettings) -> Result<Self, String> {
        let (model, family) = match (&settings.verify_model, &settings.model) {
            (Some(model), _) => (model, ModelFamily::of_model(model)),
            (None, Some(model)) => (model, family(settings)),
            (None, None) => {
                return Err("`[vlm]` has no `model`, and `VLM_MODEL` is not set".into());
            }
        };
        if family.is_some_and(|family| family.only_points) {
            return Err(format!(
                "`{model}` only points, and says yes to anything; name another as `verify_model` \
                 in `[vlm]`, or as `VLM_VERIFY_MODEL`"
            ));
        }
        Ok(Self {
            model: model.clone(),
            sizes: sizes(settings, family),
        })
    }
}

fn family(settings: &VlmSettings) -> Option<&'static ModelFamily> {
    let named = settings.family.as_deref().and_then(ModelFamily::of_name);
    named.or_else(|| ModelFamily::of_model(settings.model.as_deref()?))
}

fn sizes(settings: &VlmSettings, family: Option<&ModelFamily>) -> Sizes {
    let sizes = family.map_or(ANY_SIZES, Sizes::of);
    let most = settings.max_pixels.unwrap_or(sizes.most_pixels);
    Sizes {
        most_pixels: most.min(sizes.most_pixels),
        ..sizes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(model: &str, verify_model: &str) -> VlmSettings {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        VlmSettings {
            model: some(model),
            verify_model: some(verify_model),
            ..VlmSettings::default()
        }
    }

    #[test]
    fn a_model_that_only_points_does_not_judge() {
        for model in [
            "holo2-4b",
            "ui-tars-7b",
            "OS-Atlas-Base",
            "seeclick",
            "cogagent",
        ] {
            let why = Judge::of(&settings(model, "")).unwrap_err();
            assert!(why.contains("`verify_model`"), "{why}");
            assert!(Judge::of(&settings("qwen3-vl", model)).is_err());
            let judge = Judge::of(&settings(model, "qwen3-vl-8b")).unwrap();
            assert_eq!(judge.model, "qwen3-vl-8b");
            assert!(Pointer::of(&settings(model, "")).unwrap().only_points);
        }
        let own = VlmSettings {
            family: Some("holo2".into()),
            ..settings("tuned-by-us", "")
        };
        assert!(Judge::of(&own).is_err());
    }

    #[test]
    fn nobody_guesses_how_an_unknown_model_points() {
        let why = Pointer::of(&settings("small", "")).unwrap_err();
        assert!(why.contains("vlm probe"), "{why}");
        let said = VlmSettings {
            coordinates: Some(Coordinates::ALL[0].1),
            ..settings("small", "")
        };
        assert_eq!(Pointer::of(&said).unwrap().coordinates.as_str(), "pixels");
        assert!(Judge::of(&settings("small", "")).is_ok());
    }

    #[test]
    fn settings_come_before_what_is_known_of_the_family() {
        let known = Pointer::of(&settings("qwen2.5-vl-7b", "")).unwrap();
        assert_eq!(known.coordinates.as_str(), "pixels");
        assert_eq!(known.shape, Shape::Box);
        let said = VlmSettings {
            coordinates: Some(Coordinates::ALL[2].1),
            shape: Some(Shape::Point),
            max_pixels: Some(1_000_000),
            ..settings("qwen2.5-vl-7b", "")
        };
        let said = Pointer::of(&said).unwrap();
        assert_eq!(said.coordinates.as_str(), "thousandths");
        assert_eq!(said.shape, Shape::Point);
        assert_eq!(said.sizes.most_pixels, 1_000_000);
    }
}
