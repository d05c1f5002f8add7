//! Scenarios that are other documents on other machines.

use super::fakes::{APP, Map};
use mosdat::{
    config::load,
    model::{Desired, Files, Platform, Scenarios, SignIn},
    scenario::ScenarioFolder,
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Two machines of each platform, of which `win11` and `debian` have folders of their own.
const MACHINES: &str = r#"
[sim]
[[vm]]
name = "debian"
[[vm.package]]
format = "deb"
[[vm]]
name = "fedora"
os_type = "linux"
[[vm.package]]
format = "deb"
[[vm]]
name = "win10"
os_type = "windows"
[[vm.package]]
format = "exe"
[[vm]]
name = "win11"
os_type = "windows"
[[vm.package]]
format = "exe"
"#;

const PLAIN: &str = "steps: [{routine: open}]\n";

/// Scenarios and a routine that differs on Windows.
const DOCUMENTS: [(&str, &str); 8] = [
    ("both", PLAIN),
    ("linux/start", PLAIN),
    ("win11/start", PLAIN),
    ("windows/start", "steps: [{shell: x}]\n"),
    ("linux/menu", PLAIN),
    ("debian/both", "steps: [{shell: own}]\n"),
    ("routines/open", "steps: [{shell: a}]\n"),
    ("routines/windows/open", "steps: [{shell: b}]\n"),
];

fn desired(scenarios: &str) -> Desired {
    let plan = format!("[matrix]\n{scenarios}\n{APP}\n{MACHINES}");
    let mut all = vec![("plan.toml".to_owned(), plan)];
    let documents = DOCUMENTS.iter();
    all.extend(documents.map(|(name, text)| (format!("scenarios/{name}.yaml"), (*text).into())));
    let all: Vec<(&str, &str)> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let files: Arc<dyn Files + Send + Sync> = Arc::new(Map::of(&all));
    let open = |dir: &Path, _: &SignIn| -> Box<dyn Scenarios> {
        Box::new(ScenarioFolder::new(PathBuf::from(dir), Arc::clone(&files)))
    };
    let loaded = load(Path::new("plan.toml"), &*files, &open);
    loaded.unwrap_or_else(|found| panic!("{found:?}")).desired
}

/// A line for each cell: the documents it consists of, or why it is left out.
fn cells(scenarios: &str) -> String {
    let desired = desired(scenarios);
    let lines = desired.cells.iter().map(|cell| {
        let says = if let Some(why) = &cell.skip {
            format!("- {why}")
        } else {
            let scenario = desired.scenario(&cell.machine, &cell.scenario).unwrap();
            assert_eq!(scenario.name, cell.scenario);
            let files: Vec<&str> = scenario.files.keys().map(String::as_str).collect();
            files.join(" ")
        };
        format!("{} {}: {says}\n", cell.machine, cell.scenario)
    });
    lines.collect()
}

#[test]
fn a_name_is_the_document_of_the_machine_or_its_platform_or_of_all() {
    insta::assert_snapshot!(cells("scenarios = [\"start\", \"both\"]"), @r"
    debian both: debian/both.yaml
    debian start: linux/start.yaml routines/open.yaml
    fedora both: both.yaml routines/open.yaml
    fedora start: linux/start.yaml routines/open.yaml
    win10 both: both.yaml routines/windows/open.yaml
    win10 start: windows/start.yaml
    win11 both: both.yaml routines/windows/open.yaml
    win11 start: routines/windows/open.yaml win11/start.yaml
    ");
}

#[test]
fn what_is_for_one_platform_is_left_out_on_others() {
    insta::assert_snapshot!(cells("scenarios = [\"menu\", \"linux/menu\", \"smoke/x11\"]\nmachines = [\"fedora\", \"win10\"]"), @r"
    fedora linux/menu: linux/menu.yaml routines/open.yaml
    fedora menu: linux/menu.yaml routines/open.yaml
    fedora smoke/x11: smoke/x11
    win10 linux/menu: - is for Linux; `win10` runs Windows
    win10 menu: - there is no `menu` for Windows
    win10 smoke/x11: - is for Linux; `win10` runs Windows
    ");
}

#[test]
fn a_glob_means_documents_and_names_only_where_no_document_fits() {
    let names = |scenarios| {
        let desired = desired(&format!("machines = \"fedora\"\n{scenarios}"));
        let names = desired.cells.iter().map(|cell| cell.scenario.to_string());
        names.collect::<Vec<_>>().join(" ")
    };
    let all = "both debian/both linux/menu linux/start win11/start windows/start";
    assert_eq!(names(""), all);
    assert_eq!(names("scenarios = \"[!s]*\""), all);
    assert_eq!(names("scenarios = \"linux/*\""), "linux/menu linux/start");
    assert_eq!(names("scenarios = \"st*\""), "start");
    assert_eq!(
        names("scenarios = [\"*/start\", \"start\"]"),
        "linux/start start win11/start windows/start"
    );
}

#[test]
fn what_a_machine_runs_is_linux_unless_it_says_otherwise() {
    let machines = desired("scenarios = \"both\"").machines;
    let runs = |name: &str| machines[&name.into()].platform;
    assert_eq!([runs("debian"), runs("fedora")], [Platform::Linux; 2]);
    assert_eq!(runs("win10"), Platform::Windows);
}
