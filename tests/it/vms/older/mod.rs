//! Scenarios as older versions had them, on a machine.

use super::{images, prepared};
use crate::{
    project::Project,
    vlm::server::{Colour, Model},
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// The colour of a line on the badge, by which the model knows the app's window: nothing else on the
/// desktop has it.
const BADGE: Colour = [0x61, 0x35, 0x83];

/// A colour that nothing on the screen has.
const NOWHERE: Colour = [255, 0, 255];

const SCENARIOS: [(&str, &str); 3] = [
    ("smoke-atspi", include_str!("smoke-atspi.yaml")),
    ("example-vars", include_str!("example-vars.yaml")),
    (
        "example-accept-any",
        include_str!("example-accept-any.yaml"),
    ),
];

fn plan(model: &str) -> String {
    let images = images::folder();
    let (images, image) = (images.display(), images::NAME);
    format!(
        "[matrix]\nname = \"older\"\nscenarios = [\"older/*\"]\ntimeout = \"10m\"\n\
         [app]\nname = \"notes\"\nversion = \"1\"\nbinary = \"/usr/bin/notes\"\n\
         [vlm]\nbase_url = \"{model}\"\nmodel = \"holo3\"\nverify_model = \"holo3\"\n\
         [qemu]\nimages = \"{images}\"\naccel = \"tcg\"\nparallel = 2\n\
         [[vm]]\nname = \"desk\"\nprovider = \"qemu\"\nimage = \"{image}\"\nsession = \"x11\"\n\
         memory = \"768M\"\ncpus = 1\n\
         [[vm.package]]\nformat = \"deb\"\nfile_glob = \"notes_*_all.deb\"\n\
         [[build]]\nname = \"main\"\nsource = {{ path = \"notes\" }}\n\
         commands = [\"./package.sh\"]\n"
    )
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_of_older_versions_pass_on_a_machine() {
    let model = Model::named("holo3")
        .thing("the badge labeled 'Workspace'", BADGE)
        .shows("the Notes window of Workspace shows its badge", BADGE)
        .shows("the window is still that of Workspace", BADGE)
        .shows("the Notes main window is visible", BADGE)
        .shows("a note called +49123456789 is open", NOWHERE)
        .shows("Settings panel is open", NOWHERE)
        .shows("a note with an empty title is visible", NOWHERE);
    let server = model.start().await;
    let project = Project::in_folder(prepared::folder());
    project.write("plan.toml", &plan(&server.url()));
    copy(Path::new("examples/notes"), &project.path().join("notes"));
    for (name, text) in SCENARIOS {
        project.write(&format!("scenarios/older/{name}.yaml"), text);
    }
    let (ran, status) = tokio::task::spawn_blocking(move || {
        let ran = project.run(&["apply", "plan.toml", "--yes"]);
        let status = project.run(&["status", "plan.toml", "--json"]).out;
        (ran, status)
    })
    .await
    .unwrap();
    let status: Value = serde_json::from_str(&status).unwrap();
    let cells = status["cells"].as_array().unwrap().iter();
    let verdicts = cells.map(|cell| {
        let text = |name: &str| cell[name].as_str().unwrap_or_default().to_owned();
        (text("key"), (text("verdict"), text("detail")))
    });
    let verdicts: BTreeMap<String, (String, String)> = verdicts.collect();
    assert_eq!(ran.code, Some(0), "{verdicts:#?}\n{}{}", ran.out, ran.err);
    for (name, _) in SCENARIOS {
        let key = format!("desk/none/main.deb/older/{name}:exercise");
        assert_eq!(verdicts[&key].0, "passed", "{verdicts:#?}");
    }
    // The one that needs no model asked none.
    let asked = server.asked();
    assert!(
        asked.iter().all(|one| !one.text.contains("New")),
        "{asked:?}"
    );
    assert!(asked.iter().any(|one| one.kind == "place"));
}
