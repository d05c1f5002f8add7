//! What an image is made of, and when that is another thing.

use mosdat::{
    driver::image::{Recipe, Release},
    model::Session,
};
use std::collections::BTreeSet;

fn recipe(release: Release, sessions: &[Session], packages: &[&str]) -> Recipe {
    Recipe {
        release,
        sessions: sessions.iter().copied().collect(),
        packages: packages.iter().map(|&name| name.to_owned()).collect(),
    }
}

const ALL: &[Session] = &[Session::X11, Session::Wayland, Session::None];

#[test]
fn recipes_that_differ_in_anything_have_other_digests() {
    let recipes = [
        recipe(Release::Debian12, ALL, &[]),
        recipe(Release::Debian13, ALL, &[]),
        recipe(Release::Debian12, &[Session::X11], &[]),
        recipe(Release::Debian12, &[Session::Wayland], &[]),
        recipe(Release::Debian12, &[Session::None], &[]),
        recipe(Release::Debian12, ALL, &["git"]),
    ];
    let digests: BTreeSet<_> = recipes.iter().map(Recipe::digest).collect();
    assert_eq!(digests.len(), recipes.len());
}

#[test]
fn recipes_that_say_the_same_have_the_same_digest() {
    let one = recipe(
        Release::Debian12,
        &[Session::None, Session::X11],
        &["b", "a"],
    );
    let other = recipe(
        Release::Debian12,
        &[Session::X11, Session::None],
        &["a", "b", "b"],
    );
    assert_eq!(one.digest(), other.digest());
    // A package that every image has is no other recipe.
    let same = recipe(
        Release::Debian12,
        &[Session::None, Session::X11],
        &["b", "a", "sudo"],
    );
    assert_eq!(one.digest(), same.digest());
}

#[test]
fn packages_are_those_that_the_sessions_need() {
    let has = |sessions: &[Session], name: &str| {
        let recipe = recipe(Release::Debian12, sessions, &[]);
        recipe.all_packages().contains(name)
    };
    assert!(has(&[Session::X11], "openbox") && !has(&[Session::X11], "sway"));
    assert!(has(&[Session::Wayland], "sway") && !has(&[Session::Wayland], "openbox"));
    assert!(!has(&[Session::None], "xserver-xorg-core"));
    for package in [
        "openssh-server",
        "qemu-guest-agent",
        "at-spi2-core",
        "linux-image-amd64",
    ] {
        assert!(has(&[Session::None], package), "{package}");
    }
}

#[test]
fn a_release_is_named_as_it_is_typed() {
    for release in Release::ALL {
        assert_eq!(release.as_str().parse(), Ok(release));
    }
    let error = "debian11".parse::<Release>().unwrap_err();
    assert!(error.contains("debian12 and debian13"), "{error}");
}
