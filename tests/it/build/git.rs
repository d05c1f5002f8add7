//! Builds of commits.

use super::{PACK, Site};
use mosdat::{model::Source, port::BuildError};
use std::{fs, path::Path, process::Command};

fn git(dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .current_dir(dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn commit(dir: &Path, content: &str) -> String {
    fs::write(dir.join("main.txt"), content).unwrap();
    git(dir, &["add", "-A"]);
    git(dir, &["commit", "--quiet", "-m", content]);
    git(dir, &["rev-parse", "HEAD"])
}

#[tokio::test]
async fn a_commit_is_built_from_a_folder_and_from_an_address() {
    let site = Site::new();
    let source = site.source();
    git(&source, &["init", "--quiet", "-b", "main"]);
    let one = commit(&source, "one");
    git(&source, &["tag", "-a", "v1", "-m", "first"]);
    git(&source, &["branch", "feature/main"]);
    let two = commit(&source, "two");
    fs::write(source.join("main.txt"), "not committed").unwrap();
    let folder = source.display().to_string();
    for repository in [folder.clone(), format!("file://{folder}")] {
        for (reference, commit, content) in [
            ("main", &two, "two"),
            ("v1", &one, "one"),
            ("feature/main", &one, "one"),
            (&one, &one, "one"),
            ("HEAD", &two, "two"),
        ] {
            let mut build = site.plan(&["test ! -e .git", PACK]);
            // Another key for each, so that each is really built.
            build.commands.push(format!(": {repository} {reference}"));
            build.source = Source::Git {
                repository: repository.clone(),
                reference: reference.into(),
            };
            let identity = site.identity(&build).await;
            assert!(
                identity.starts_with(commit.as_str()),
                "{repository} {reference}"
            );
            let artifact = site.build(&build).await.unwrap();
            assert_eq!(site.content(&artifact), content, "{repository} {reference}");
        }
    }
    assert_eq!(git(&source, &["status", "--porcelain"]), "M main.txt");
}

#[tokio::test]
async fn a_reference_that_is_not_there_is_unknown() {
    let site = Site::new();
    let source = site.source();
    git(&source, &["init", "--quiet", "-b", "main"]);
    commit(&source, "one");
    let folder = source.display().to_string();
    for (repository, reference) in [
        (folder.clone(), "gone"),
        (folder.clone(), "--output=x"),
        (format!("file://{folder}"), "gone"),
        (format!("file://{folder}"), "ain"),
        (format!("file://{folder}x"), "main"),
    ] {
        let mut build = site.plan(&[PACK]);
        build.source = Source::Git {
            repository,
            reference: reference.into(),
        };
        assert!(!site.unknown(&build).await.is_empty());
        let error = site.build(&build).await.unwrap_err();
        assert!(matches!(error, BuildError::Source { .. }), "{error}");
    }
}

#[tokio::test]
async fn git_that_is_not_installed_is_told() {
    let mut site = Site::new();
    site.environment.insert("PATH".into(), "/nowhere".into());
    let mut build = site.plan(&[PACK]);
    build.source = Source::Git {
        repository: site.source().display().to_string(),
        reference: "main".into(),
    };
    assert!(site.unknown(&build).await.contains("`git`"));
}
