//! `mosdat schema`: prints which keys a document may have.

use crate::{
    cli::{
        arguments::scenario::{Document, SchemaArguments, SchemaFormat},
        error::CliError,
        exit::Ended,
        settings::Settings,
    },
    scenario::{keys::Holder, schema, table},
};

pub(in crate::cli) fn run(settings: &Settings, typed: &SchemaArguments) -> Result<Ended, CliError> {
    let Document::Scenario = typed.document;
    let text = match typed.format {
        SchemaFormat::Json => format!("{:#}\n", schema()),
        SchemaFormat::Markdown => {
            let tables =
                Holder::ALL.map(|holder| format!("## {}\n\n{}", holder.name(), table(holder)));
            tables.join("\n")
        }
    };
    settings.face.result(|out| out.write_all(text.as_bytes()))
}
