//! A page of its own for one difference: what was approved and what was seen, blinking.

use base64::{Engine as _, engine::general_purpose::STANDARD};

const STYLE: &str = "body{font:14px sans-serif;margin:16px;background:#f4f4f4;color:#222}\
    .blink{position:relative;display:inline-block;border:1px solid #888}\
    .blink img{display:block;max-width:100%}\
    .blink .seen{position:absolute;left:0;top:0;animation:blink 1.2s steps(1) infinite}\
    #still:checked~.blink .seen{animation:none;visibility:hidden}\
    @keyframes blink{0%{visibility:visible}50%{visibility:hidden}}\
    @media(prefers-reduced-motion:reduce){.blink .seen{animation:none;position:static}}";

/// Returns the page.
pub(in crate::cli) fn blink(
    name: &str,
    words: &str,
    approved: &[u8],
    seen: &[u8],
    difference: &[u8],
) -> String {
    let (name, words) = (escape(name), escape(words));
    let [approved, seen, difference] = [approved, seen, difference]
        .map(|png| format!("data:image/png;base64,{}", STANDARD.encode(png)));
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
         <style>{STYLE}</style></head><body>\n<h1>{name}</h1>\n<p>{words}</p>\n\
         <input type=\"checkbox\" id=\"still\"><label for=\"still\">only what was approved</label><br>\n\
         <div class=\"blink\"><img alt=\"approved\" src=\"{approved}\">\
         <img class=\"seen\" alt=\"seen\" src=\"{seen}\"></div>\n\
         <h2>What differs</h2>\n<div class=\"blink\"><img alt=\"what differs\" src=\"{difference}\"></div>\n\
         </body></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
