//! A page of its own for proposed pictures: the one that counts and the new one, side by side.

use crate::driver::disk::Proposal;
use base64::{Engine as _, engine::general_purpose::STANDARD};

const STYLE: &str = "body{font:14px sans-serif;margin:16px;background:#f4f4f4;color:#222}\
    section{margin-bottom:32px}figure{display:inline-block;margin:0 16px 0 0;vertical-align:top}\
    img{display:block;border:1px solid #888;min-width:64px;image-rendering:pixelated}\
    code{background:#e4e4e4;padding:1px 4px}";

/// Returns the page.
pub(in crate::cli) fn review_page(proposals: &[Proposal]) -> String {
    let sections: Vec<String> = proposals.iter().map(section).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Proposed \
         pictures</title><style>{STYLE}</style></head><body>\n<h1>{} proposed</h1>\n{}</body></html>\n",
        proposals.len(),
        sections.concat()
    )
}

fn section(proposal: &Proposal) -> String {
    let name = escape(&proposal.name);
    let (target, found_by) = (escape(&proposal.target), escape(&proposal.found_by));
    format!(
        "<section><h2>{target}</h2>\n<p>Found by {found_by}.</p>\n{}{}\n\
         <p><code>mosdat anchors accept {name}</code></p></section>\n",
        picture("remembered", &proposal.old),
        picture("new", &proposal.new)
    )
}

fn picture(what: &str, png: &[u8]) -> String {
    if png.is_empty() {
        return format!("<figure><figcaption>{what}: none</figcaption></figure>");
    }
    let data = STANDARD.encode(png);
    format!(
        "<figure><figcaption>{what}</figcaption><img alt=\"{what}\" \
         src=\"data:image/png;base64,{data}\"></figure>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
