//! Engines, tried with a QEMU that does as it is told.

use super::*;
use std::os::unix::fs::PermissionsExt;

/// A computer with a QEMU that does as it is told here.
struct Computer {
    dir: tempfile::TempDir,
    engines: Engines,
    qemu: Qemu,
    proof: Proof,
}

impl Computer {
    /// `script` is what QEMU does, given a word for the engine.
    async fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let text = format!(
            "#!/bin/sh\n\
             case \"$*\" in *-version*) echo QEMU 1.0; exit;; esac\n\
             echo tried >> {tried}\n\
             case \"$*\" in *host,-arch*) engine=reduced;; *) engine=plain;; esac\n{script}\n",
            tried = path("tried").display(),
        );
        for (name, text) in [("qemu-system-x86_64", &*text), ("qemu-img", "#!/bin/sh\n")] {
            fs::write(path(name), text).unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        for name in ["kernel", "initrd", "kvm"] {
            fs::write(path(name), name).unwrap();
        }
        let engines = Engines {
            device: path("kvm"),
            ..Engines::new(path("cache/engine.json"))
        };
        let proof = Proof {
            marker: format!("trial in {}", dir.path().display()),
            kernel: path("kernel"),
            initrd: path("initrd"),
            arguments: "console=ttyS0".into(),
        };
        let path_var = format!("{}:/usr/bin:/bin", dir.path().display());
        let qemu = Qemu::find(&path_var).await.unwrap();
        Self {
            dir,
            engines,
            qemu,
            proof,
        }
    }

    async fn choose(&self, wanted: Accelerator) -> Result<Choice, VmError> {
        self.engines
            .choose(wanted, &self.qemu, Some(&self.proof))
            .await
    }

    async fn automatic(&self) -> Choice {
        self.choose(Accelerator::Auto).await.unwrap()
    }

    fn tries(&self) -> usize {
        let text = fs::read_to_string(self.dir.path().join("tried")).unwrap_or_default();
        text.lines().count()
    }
}

const KVM: Choice = Choice {
    engine: Engine::Kvm,
    why: None,
};

#[tokio::test]
async fn a_kernel_that_says_so_proves_that_it_works_and_is_asked_once() {
    let mut computer = Computer::new("echo 'mosdat: alive'; sleep 60").await;
    assert_eq!(computer.automatic().await, KVM);
    let tries = computer.tries();
    assert!(tries >= 1);
    assert_eq!(computer.choose(Accelerator::Kvm).await.unwrap(), KVM);
    assert_eq!(computer.tries(), tries, "the answer was known");
    fs::write(&computer.proof.kernel, "another kernel").unwrap();
    assert_eq!(computer.automatic().await, KVM);
    assert!(computer.tries() > tries, "with another kernel it was not");
    let tries = computer.tries();
    computer.qemu.version = "QEMU 2.0".into();
    assert_eq!(computer.automatic().await, KVM);
    assert!(computer.tries() > tries);
}

#[tokio::test]
async fn the_answer_ends_with_the_start_of_the_computer() {
    let computer = Computer::new("echo 'mosdat: alive'; sleep 60").await;
    computer.automatic().await;
    let tries = computer.tries();
    let file = &computer.engines.file;
    let mut known: Known = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    known.boot = "yesterday".into();
    known.write(file).unwrap();
    computer.automatic().await;
    assert!(computer.tries() > tries);
}

#[tokio::test]
async fn a_computer_that_cannot_show_all_is_asked_for_less() {
    let script = "[ $engine = reduced ] || { echo no MSR; exit 1; }; echo 'mosdat: alive'";
    let computer = Computer::new(script).await;
    assert_eq!(computer.automatic().await.engine, Engine::KvmReduced);
}

#[tokio::test]
async fn firmware_alone_proves_nothing() {
    let mut computer = Computer::new("echo SeaBIOS; echo Linux version 6.1; sleep 600").await;
    computer.engines.limit = Duration::from_millis(300);
    let choice = computer.automatic().await;
    assert_eq!(choice.engine, Engine::Tcg);
    let why = choice.why.unwrap();
    assert!(
        why.contains("a kernel does not get to its first program within "),
        "{why}"
    );
    let err = computer
        .choose(Accelerator::Kvm)
        .await
        .unwrap_err()
        .to_string();
    assert!(err.starts_with("`accel = \"kvm\"` cannot be: "), "{err}");
    assert_eq!(computer.tries(), 2, "no is an answer, too");
}

#[tokio::test]
async fn a_trial_is_found_by_the_mark_of_whom_it_is_for() {
    let computer = Computer::new("exec sleep 600").await;
    let until_found = async { while process::end_marked(&computer.proof.marker).await == 0 {} };
    let (choice, ()) = tokio::join!(computer.automatic(), until_found);
    assert!(choice.why.unwrap().contains("SIGTERM"));
}

#[tokio::test]
async fn a_qemu_that_gives_up_says_why() {
    let computer = Computer::new("echo Could not access KVM kernel module; exit 1").await;
    let why = computer.automatic().await.why.unwrap();
    assert!(why.contains("Could not access KVM kernel module"), "{why}");
    assert!(why.contains("exited with 1"), "{why}");
}

#[tokio::test]
async fn without_a_device_or_a_kernel_nothing_is_tried() {
    let mut computer = Computer::new("echo 'mosdat: alive'").await;
    let choice = computer
        .engines
        .choose(Accelerator::Auto, &computer.qemu, None)
        .await;
    let why = choice.unwrap().why.unwrap();
    assert_eq!(why, "no image has a kernel of its own to try it with");
    let tcg = computer.choose(Accelerator::Tcg).await.unwrap();
    assert_eq!((tcg.engine, tcg.why), (Engine::Tcg, None));
    computer.engines.device = computer.dir.path().join("nothing");
    let why = computer.automatic().await.why.unwrap();
    assert!(why.starts_with("there is no `"), "{why}");
    assert_eq!(computer.tries(), 0);
}
