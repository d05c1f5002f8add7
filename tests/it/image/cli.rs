//! `mosdat image` as it is typed.

use super::{import::disk, tools::World};

#[test]
fn an_empty_folder_says_how_to_fill_it() {
    let world = World::new();
    let told = world.ok(&["list"]);
    assert!(told.contains("`mosdat image build` makes one"), "{told}");
    let told = world.ok(&["list", "--json"]);
    assert_eq!(told, "{\"format_version\":1,\"images\":[]}\n");
}

#[test]
fn the_table_has_a_line_for_each_image() {
    let world = World::new();
    let import = |content| {
        let file = disk(&world, "mine", content);
        world.ok(&[
            "import",
            &file,
            "--name",
            "mine",
            "--user",
            "ada",
            "--session",
            "none",
        ]);
    };
    import(1);
    import(2);
    let told = world.ok(&["list"]);
    let lines: Vec<Vec<&str>> = told
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["NAME", "SESSIONS", "SIZE", "MADE", "IDENTITY"]);
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[1][..2], ["mine", "none"]);
    assert_eq!(lines[1].last(), Some(&"replaced"));
    assert_ne!(lines[2].last(), Some(&"replaced"));
}

#[test]
fn where_images_lie_is_typed_or_said_by_the_environment_or_usual() {
    let world = World::new();
    let file = disk(&world, "mine", 1);
    let import = ["import", &file, "--name", "mine", "--user", "ada"];
    let typed = [&import[..], &["--images", "typed"]].concat();
    world.ok(&typed);
    assert!(world.path("typed/mine/current").exists());
    world.ok(&import);
    assert!(world.images().join("mine/current").exists());
    let run = |set: &[(&str, &str)]| {
        let mut command = world.command(&import);
        command
            .env_remove("MOSDAT_IMAGES")
            .envs(set.iter().copied());
        let output = command.output().unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let home = world.path("home").display().to_string();
    let data = world.path("data").display().to_string();
    assert!(run(&[("HOME", &home), ("XDG_DATA_HOME", &data)]).0);
    assert!(world.path("data/mosdat/images/mine/current").exists());
    assert!(run(&[("HOME", &home)]).0);
    assert!(
        world
            .path("home/.local/share/mosdat/images/mine/current")
            .exists()
    );
    let (worked, err) = run(&[]);
    assert!(!worked && err.contains("--images DIR"), "{err}");
}

#[test]
fn names_that_are_none_are_refused_before_anything_is_done() {
    let world = World::new();
    for arguments in [
        &["build", "debian12", "--name", "../up"][..],
        &["build", "debian12", "--name", ".hidden"],
        &["rm", "a/b"],
        &["build", "debian12", "--packages", "vim,--option"],
        &["build", "debian12", "--packages", "sudo-"],
        &["build", "debian11"],
        &["build", "debian12", "--session", "tty"],
        &["import", "x", "--name", "a"],
    ] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, Some(1), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(world.calls(), [""; 0]);
    assert!(!world.images().exists());
}

#[test]
fn sessions_and_packages_are_lists() {
    let world = World::new();
    let told = world.ok(&[
        "build",
        "debian13",
        "--session",
        "x11,none",
        "--packages",
        "vim, git",
        "--mirror",
        "http://m.invalid",
        "--name",
        "small",
    ]);
    assert!(told.starts_with("made the image `small`"), "{told}");
    let images = world.list();
    assert_eq!(images[0]["sessions"].to_string(), r#"["x11","none"]"#);
}

#[test]
fn help_says_what_each_command_is_for() {
    let world = World::new();
    let help = world.ok(&["--help"]);
    for word in ["build", "list", "rm", "prune", "import"] {
        assert!(help.contains(&format!("  {word}")), "{help}");
    }
    for (command, words) in [
        (
            "build",
            &[
                "--session",
                "--packages",
                "--mirror",
                "--name",
                "--force",
                "MOSDAT_IMAGES",
            ][..],
        ),
        ("import", &["--user", "--key", "--no-agent", "only read"]),
        ("list", &["--json", "--check"]),
        ("rm", &["NAME"]),
        ("prune", &["layers"]),
    ] {
        let help = world.ok(&[command, "--help"]);
        for word in words {
            assert!(help.contains(word), "{command}: {word}\n{help}");
        }
    }
}
