//! `[vlm]`: the vision models that may be asked. Who answers, and whether, is not looked at.

use super::{documents::Documents, name, reader::Table, source::Found};
use crate::model::{Coordinates, FAMILIES, ModelFamily, Shape, VlmSettings};

/// Reads `[vlm]`; nothing when there is none.
pub(super) fn read(documents: &Documents<'_>) -> Option<VlmSettings> {
    let table = documents.one("vlm", "[vlm]")?;
    let usual = VlmSettings::default();
    let model = table.filled_text("model");
    let family = table.filled_text("family");
    let settings = VlmSettings {
        endpoints: read_endpoints(&table),
        model: model.map(|model| model.value.into()),
        verify_model: table.filled_text("verify_model").map(own),
        expected_model: table.filled_text("expected_model").map(own),
        api_key: table.secret("api_key"),
        max_tokens_floor: table
            .whole("max_tokens_floor", 0..=1_000_000)
            .map_or(usual.max_tokens_floor, |floor| floor.value),
        family: family.and_then(|family| known_family(&table, family)),
        coordinates: table.choice("coordinates", &Coordinates::ALL),
        shape: table.choice("answers", &Shape::ALL),
        max_pixels: table
            .whole("max_pixels", 100_000..=100_000_000_u64)
            .map(|most| most.value),
        budget: table
            .whole("budget", 0..=u32::MAX)
            .map_or(usual.budget, |budget| budget.value),
        offline: table.truth("offline").unwrap_or(usual.offline),
        timeout: table.limit("timeout").unwrap_or(usual.timeout),
        cache: table.truth("cache").unwrap_or(usual.cache),
        cache_ttl: table.limit("cache_ttl").unwrap_or(usual.cache_ttl),
        control: table.truth("control").unwrap_or(usual.control),
        zoom: table.truth("zoom").unwrap_or(usual.zoom),
    };
    if let Some(model) = model
        && settings.verify_model.is_none()
        && family_of(&settings).is_some_and(|family| family.only_points)
    {
        let message = format!("`{}` only points, and judges no statement", model.value);
        let hint = "add a `verify_model`, here or as the variable `VLM_VERIFY_MODEL`";
        table.mistakes.warn(model.at, message, hint);
    }
    table.finish();
    Some(settings)
}

fn own(text: Found<&str>) -> String {
    text.value.into()
}

fn family_of(settings: &VlmSettings) -> Option<&'static ModelFamily> {
    let named = settings.family.as_deref().and_then(ModelFamily::of_name);
    named.or_else(|| ModelFamily::of_model(settings.model.as_deref()?))
}

/// Reads addresses with commas between them.
fn read_endpoints(table: &Table<'_>) -> Vec<String> {
    let Some(text) = table.filled_text("base_url") else {
        return Vec::new();
    };
    let each = text.value.split(',').map(str::trim);
    let each: Vec<&str> = each.filter(|address| !address.is_empty()).collect();
    for address in &each {
        let rest = address.strip_prefix("http://");
        let rest = rest.or_else(|| address.strip_prefix("https://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.starts_with('/')) {
            let message = format!("`{address}` is no address of a server");
            let hint = "write it as `\"http://127.0.0.1:8000/v1\"`; several with commas between";
            table.mistakes.error(text.at, message, hint);
        }
    }
    each.into_iter().map(Into::into).collect()
}

fn known_family(table: &Table<'_>, family: Found<&str>) -> Option<String> {
    if ModelFamily::of_name(family.value).is_some() {
        return Some(family.value.into());
    }
    let message = format!("no family of models is called `{}`", family.value);
    let hint = name::near(family.value, FAMILIES.iter().map(|known| known.name));
    table.mistakes.error(family.at, message, hint);
    None
}
