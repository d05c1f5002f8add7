//! How images lie on the disk: whole, checked, and there as long as somebody uses them.

use super::{import::disk, tools::World};
use mosdat::{
    driver::image::{ImageStore, RemoveError},
    model::{Boot, Image},
    port::{ImageError, Images},
};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

fn store(world: &World) -> ImageStore {
    ImageStore::new(world.images())
}

fn imported(world: &World, name: &str, content: u8) -> Image {
    let file = disk(world, name, content);
    world.ok(&["import", &file, "--name", name, "--user", "ada"]);
    store(world).find(name).unwrap().unwrap()
}

fn folder(image: &Image) -> &Path {
    image.disk.parent().unwrap()
}

#[test]
fn images_are_found_by_name() {
    let world = World::new();
    assert_eq!(store(&world).list().unwrap(), []);
    assert_eq!(store(&world).find("a").unwrap(), None);
    let a = imported(&world, "a", 1);
    let b = imported(&world, "b", 2);
    world.build();
    let found = store(&world).list().unwrap();
    assert_eq!(found[..2], [a.clone(), b]);
    assert_eq!(found[2].name, "debian12");
    let Boot::Kernel { kernel, initrd, .. } = &found[2].boot else {
        panic!("it starts from a kernel");
    };
    assert!(kernel.is_file() && initrd.is_file());
    assert!(found[2].key.as_ref().unwrap().is_file());
    assert_eq!(a.boot, Boot::Disk);
    assert!(a.disk.is_absolute());
    for name in ["..", "../a", ".build", ""] {
        assert_eq!(store(&world).find(name).unwrap(), None, "{name}");
    }
}

#[test]
fn a_folder_of_images_can_be_moved() {
    let world = World::new();
    let before = imported(&world, "a", 1);
    fs::rename(world.images(), world.path("moved")).unwrap();
    let after = ImageStore::new(world.path("moved"))
        .find("a")
        .unwrap()
        .unwrap();
    assert_eq!(after.identity, before.identity);
    assert!(after.disk.starts_with(world.path("moved")));
}

#[test]
fn damage_that_shows_in_sizes_is_found_at_once_and_all_other_when_asked() {
    let world = World::new();
    let image = imported(&world, "a", 1);
    let store = store(&world);
    let bytes = fs::read(&image.disk).unwrap();
    let put = |bytes: &[u8]| {
        fs::remove_file(&image.disk).unwrap();
        fs::write(&image.disk, bytes).unwrap();
    };
    put(&bytes[..1000]);
    let error = store.find("a").unwrap_err();
    assert!(matches!(&error, ImageError::Damaged { name, .. } if name == "a"));
    assert!(
        error.to_string().contains("has 1000 bytes instead of"),
        "{error}"
    );
    assert_eq!(store.list().unwrap(), [], "only sound ones are listed");
    assert_eq!(store.survey().unwrap().len(), 1, "but none is concealed");

    let mut flipped = bytes.clone();
    *flipped.last_mut().unwrap() ^= 1;
    put(&flipped);
    assert!(store.find("a").unwrap().is_some());
    let error = store.check(&image).unwrap_err();
    assert!(error.to_string().contains("is not what it was"), "{error}");
    let ran = world.run(&["list", "--check"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("is not what it was"), "{}", ran.out);

    put(&bytes);
    store.check(&image).unwrap();
    fs::remove_file(&image.disk).unwrap();
    let error = store.find("a").unwrap_err();
    assert!(
        error.to_string().contains("`disk.qcow2` is missing"),
        "{error}"
    );
}

#[test]
fn what_describes_an_image_is_not_guessed_at() {
    let world = World::new();
    let image = imported(&world, "a", 1);
    let path = folder(&image).join("image.json");
    let text = fs::read_to_string(&path).unwrap();
    let put = |text: &str| {
        fs::remove_file(&path).unwrap();
        fs::write(&path, text).unwrap();
        store(&world).find("a").unwrap_err().to_string()
    };
    assert!(put("{").contains("does not describe an image"));
    let newer = put(&text.replace("\"format\": 1", "\"format\": 2"));
    assert!(newer.contains("another mosdat"), "{newer}");
    let odd = put(&text.replace("\"format\": 1", "\"format\": 1, \"boot\": {}"));
    assert!(odd.contains("unknown field `boot`"), "{odd}");
    // Without a kernel it cannot have arguments for one.
    let arguments = put(&text.replace("\"arguments\": null", "\"arguments\": \"quiet\""));
    assert!(arguments.contains("belong together"), "{arguments}");
    put("{\"format\": 2}");
    // It is neither listed nor in the way of its removal.
    assert!(world.run(&["list"]).out.contains("does not describe"));
    world.ok(&["rm", "a"]);
    assert_eq!(store(&world).find("a").unwrap(), None);
}

#[test]
fn an_image_in_use_stays() {
    let world = World::new();
    let image = imported(&world, "a", 1);
    let store = store(&world);
    let (one, two) = (store.hold(&image).unwrap(), store.hold(&image).unwrap());
    let ran = world.run(&["rm", "a"]);
    assert_eq!(ran.code, Some(1));
    let holder = format!("(pid {})", std::process::id());
    assert!(
        ran.err.contains("in use by") && ran.err.contains(&holder),
        "{}",
        ran.err
    );
    drop(one);
    let error = store.remove("a").unwrap_err();
    assert!(matches!(error, RemoveError::InUse { .. }));
    assert!(store.find("a").unwrap().is_some());
    drop(two);
    assert_eq!(store.remove("a").unwrap(), 1);
    assert!(!folder(&image).exists());
    let error = store.hold(&image).unwrap_err();
    assert!(error.to_string().contains("it was removed"), "{error}");
}

#[test]
fn an_image_that_was_replaced_stays_until_it_is_pruned() {
    let world = World::new();
    let first = imported(&world, "a", 1);
    let store = store(&world);
    let hold = store.hold(&first).unwrap();
    let second = imported(&world, "a", 2);
    assert_ne!(first.identity, second.identity);
    assert!(first.disk.exists(), "layers may rest on it");
    let ran = world.run(&["prune"]);
    assert_eq!(ran.out, "removed 0 replaced images\n");
    assert!(ran.err.contains("stays: it is in use by"), "{}", ran.err);
    drop(hold);
    assert_eq!(world.ok(&["prune", "a"]), "removed 1 replaced images\n");
    assert!(!first.disk.exists());
    assert_eq!(store.find("a").unwrap(), Some(second));
}

#[test]
fn removing_takes_all_of_a_name_and_says_so() {
    let world = World::new();
    imported(&world, "a", 1);
    imported(&world, "a", 2);
    assert_eq!(
        world.ok(&["rm", "a"]),
        "removed the image `a`, and 1 that it had replaced\n"
    );
    assert!(!world.images().join("a").exists());
    let ran = world.run(&["rm", "a"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("there is no image `a`"), "{}", ran.err);
}

#[test]
fn what_was_being_removed_when_all_ended_is_removed_later() {
    let world = World::new();
    imported(&world, "a", 1);
    let gone = world.images().join(".gone-0123456789abcdef0123");
    fs::create_dir(&gone).unwrap();
    fs::write(gone.join("disk.qcow2"), "rest").unwrap();
    assert_eq!(world.list().len(), 1);
    world.ok(&["prune"]);
    assert!(!gone.exists());
}

#[test]
fn nobody_but_its_owner_reads_a_private_key() {
    let world = World::new();
    let file = disk(&world, "a", 1);
    fs::write(world.path("key"), "-----BEGIN X\n").unwrap();
    fs::set_permissions(world.path("key"), fs::Permissions::from_mode(0o644)).unwrap();
    world.ok(&[
        "import", &file, "--name", "a", "--user", "ada", "--key", "key",
    ]);
    let image = store(&world).find("a").unwrap().unwrap();
    let mode = fs::metadata(image.key.unwrap())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}
