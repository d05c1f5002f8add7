//! Files that are sent and fetched, and arrive whole.

use super::{
    LIMIT, in_time,
    server::{Rules, Server, Told},
};
use mosdat::port::ShellError;
use std::{fs, path::Path};

/// A file that does not compress and whose pieces differ.
fn make(path: &Path, size: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let mut bytes = vec![0; size];
    random.fill(&mut bytes);
    fs::write(path, &bytes).unwrap();
    bytes
}

/// Whether anything that only passes through is left in a folder.
fn leftovers(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

fn check_told(told: &Told, size: u64) {
    let told = told.all();
    assert!(told.len() > 2, "{told:?}");
    assert!(told.is_sorted(), "{told:?}");
    assert!(told.iter().all(|(_, total)| *total == size), "{told:?}");
    assert_eq!(told.last(), Some(&(size, size)));
}

async fn there_and_back(server: &Server, size: usize) {
    let folder = server.path("folder with 'quotes' and $signs");
    fs::create_dir(&folder).unwrap();
    let (near, back) = (server.path("near"), server.path("back"));
    let far = folder.join("-far");
    let bytes = make(&near, size);
    let shell = server.shell().await;

    let told = Told::default();
    let (to, progress) = (far.to_str().unwrap(), told.listener());
    in_time(shell.upload(&near, to, &progress)).await.unwrap();
    check_told(&told, size as u64);
    assert!(fs::read(&far).unwrap() == bytes);

    let told = Told::default();
    let progress = told.listener();
    in_time(shell.download(to, &back, &progress)).await.unwrap();
    check_told(&told, size as u64);
    assert!(fs::read(&back).unwrap() == bytes);
    assert_eq!(leftovers(&folder), [""; 0]);
    assert_eq!(leftovers(server.path("near").parent().unwrap()), [""; 0]);
}

#[tokio::test]
async fn fifty_megabytes_go_there_and_back() {
    there_and_back(&Server::start(), 50_000_001).await;
}

#[tokio::test]
async fn without_sftp_files_go_there_and_back() {
    let server = Server::start_with(&Rules {
        sftp: "",
        ..Rules::default()
    });
    // Parts of 8 MiB, the last of which is empty.
    there_and_back(&server, 16 << 20).await;
}

#[tokio::test]
async fn where_the_program_for_sftp_is_missing_files_go_there_and_back() {
    let server = Server::start_with(&Rules {
        sftp: "/nonexistent/sftp-server",
        ..Rules::default()
    });
    there_and_back(&server, 1 << 20).await;
}

#[tokio::test]
async fn new_keys_in_the_midst_of_it_do_no_harm() {
    let server = Server::start_with(&Rules {
        lines: "RekeyLimit 3M",
        ..Rules::default()
    });
    there_and_back(&server, 20_000_000).await;
}

#[tokio::test]
async fn an_empty_file_and_a_relative_path_are_fine() {
    for sftp in ["internal-sftp", ""] {
        let server = Server::start_with(&Rules {
            sftp,
            ..Rules::default()
        });
        let (near, back) = (server.path("near"), server.path("back"));
        fs::write(&near, b"").unwrap();
        let shell = server.shell().await;
        let name = format!(".mosdat-test-{}", std::process::id());
        shell.upload(&near, &name, &|_, _| {}).await.unwrap();
        shell.download(&name, &back, &|_, _| {}).await.unwrap();
        assert_eq!(fs::read(&back).unwrap(), b"");
        let removed = shell.run(&format!("rm {name}"), b"", LIMIT).await.unwrap();
        assert!(removed.is_success(), "{removed:?}");
    }
}

#[tokio::test]
async fn a_file_that_is_there_is_replaced_as_a_whole() {
    let server = Server::start();
    let (near, far) = (server.path("near"), server.path("far"));
    fs::write(&far, "old").unwrap();
    let reader = fs::File::open(&far).unwrap();
    fs::write(&near, "new").unwrap();
    let shell = server.shell().await;
    shell
        .upload(&near, &server.there("far"), &|_, _| {})
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(&far).unwrap(), "new");
    assert_eq!(std::io::read_to_string(reader).unwrap(), "old");
}

#[tokio::test]
async fn what_the_machine_refuses_is_told_in_its_words() {
    for sftp in ["internal-sftp", ""] {
        let server = Server::start_with(&Rules {
            sftp,
            ..Rules::default()
        });
        let near = server.path("near");
        fs::write(&near, "new").unwrap();
        fs::create_dir(server.path("folder")).unwrap();
        let shell = server.shell().await;
        let words = async |to: &str| {
            let err = shell.upload(&near, &server.there(to), &|_, _| {}).await;
            match err.unwrap_err() {
                err @ ShellError::Remote { .. } => err.to_string(),
                err => panic!("{err}"),
            }
        };
        let missing = words("no/such/folder").await.to_lowercase();
        assert!(
            missing.contains("no such file") || missing.contains("nonexistent"),
            "{missing}"
        );
        let folder = words("folder").await;
        assert!(folder.contains("folder"), "{folder}");
        assert_eq!(leftovers(server.path("near").parent().unwrap()), [""; 0]);
        assert_eq!(leftovers(&server.path("folder")), [""; 0]);

        let back = server.path("back");
        let err = shell
            .download(&server.there("nowhere"), &back, &|_, _| {})
            .await;
        let err = err.unwrap_err();
        assert!(err.to_string().contains("No such file"), "{err}");
        assert!(!back.exists());
        assert_eq!(leftovers(server.path("near").parent().unwrap()), [""; 0]);
    }
}

#[tokio::test]
async fn what_cannot_be_read_here_is_told_as_such() {
    let server = Server::start();
    let shell = server.shell().await;
    for name in ["nowhere", ""] {
        let err = shell
            .upload(&server.path(name), &server.there("far"), &|_, _| {})
            .await;
        assert!(matches!(err, Err(ShellError::Local { .. })), "{err:?}");
    }
    fs::write(server.path("far"), "something").unwrap();
    let err = shell
        .download(&server.there("far"), &server.path("no/folder"), &|_, _| {})
        .await;
    assert!(matches!(err, Err(ShellError::Local { .. })), "{err:?}");
}

#[tokio::test]
async fn a_full_disk_is_told_in_the_machines_words() {
    for sftp in ["internal-sftp", ""] {
        // What the server starts can write no file of more than 1 MB: the same to it as no room.
        let server = Server::start_with(&Rules {
            sftp,
            before: "trap '' XFSZ; ulimit -f 2048",
            ..Rules::default()
        });
        let near = server.path("near");
        make(&near, 20_000_000);
        let shell = server.shell().await;
        let err = in_time(shell.upload(&near, &server.there("far"), &|_, _| {})).await;
        let err = err.unwrap_err();
        assert!(matches!(err, ShellError::Remote { .. }), "{err}");
        assert!(err.to_string().contains("File too large"), "{err}");
        assert!(!server.path("far").exists());
        assert_eq!(leftovers(near.parent().unwrap()), [""; 0]);
    }
}
