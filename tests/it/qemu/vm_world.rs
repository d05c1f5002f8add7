//! A template that all tests of machines start from: the first test boots it, the others wait.

use mosdat::{
    driver::{
        image::ImageStore,
        qemu::{Agent, Engine, Folder, Qemu, Ram, Spec, Start, Template, Vm, VmError},
    },
    model::{Boot, Image, LeaseId, Network, RunId, Session},
    port::Images,
};
use std::{
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// The image that tests start.
const IMAGE: &str = "debian12";

/// Long enough for anything on a busy computer.
pub(super) const LONG: Duration = Duration::from_secs(150);

/// What a test has: QEMU, an image, and a folder of its own, whose name is as odd as may be.
pub(super) struct World {
    pub(super) qemu: Qemu,
    pub(super) image: Image,
    pub(super) work: PathBuf,
    count: AtomicUsize,
    _dir: TempDir,
}

impl World {
    pub(super) async fn new() -> Self {
        let path = std::env::var("PATH").unwrap();
        let dir = tempfile::tempdir().unwrap();
        let work = dir.path().join("a folder, share=on");
        fs::create_dir(&work).unwrap();
        Self {
            qemu: Qemu::find(&path).await.unwrap(),
            image: image(&work),
            work,
            count: AtomicUsize::new(0),
            _dir: dir,
        }
    }

    /// A folder for one more machine.
    pub(super) fn folder(&self) -> Folder {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let lease = LeaseId::new(&RunId::new("r"), number);
        Folder::create(&self.work, &lease).unwrap()
    }

    /// What everything is marked with that is started here.
    pub(super) fn marker(&self) -> String {
        self.work.display().to_string()
    }

    /// A machine that boots the image on `disk`.
    pub(super) fn spec(&self, disk: PathBuf) -> Spec {
        Spec {
            name: "vm-test, of mosdat".into(),
            engine: Engine::Tcg,
            cpus: 2,
            memory: 768,
            ram: Ram::Anonymous,
            session: Session::X11,
            geometry: (1024, 768),
            network: Network::Closed,
            disk,
            boot: self.image.boot.clone(),
            has_agent_port: true,
            devices: Vec::new(),
            start: Start::Boot,
        }
    }

    pub(super) async fn start(&self, spec: Spec, folder: Folder) -> Vm {
        self.try_start(spec, folder).await.unwrap()
    }

    pub(super) async fn try_start(&self, spec: Spec, folder: Folder) -> Result<Vm, VmError> {
        Vm::start(&self.qemu, spec, folder, &self.marker(), LONG).await
    }

    /// A disk in `folder` that starts as `base`.
    pub(super) async fn disk(&self, base: &Path, folder: &Folder) -> PathBuf {
        let disk = folder.file("disk.qcow2");
        self.qemu.create_overlay(base, &disk).await.unwrap();
        disk
    }

    /// A machine that goes on where the template stands, with its desktop open.
    pub(super) async fn clone_of(&self, kept: &Kept) -> Vm {
        let folder = self.folder();
        let disk = self.disk(&kept.template.disk, &folder).await;
        let spec = kept.template.clone_of(&kept.spec, disk);
        self.start(spec, folder).await
    }

    /// The template, which is made when there is none.
    pub(super) async fn template(&self) -> Kept {
        let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("vm templates, all");
        fs::create_dir_all(&all).unwrap();
        let lock = File::create(all.join("lock")).unwrap();
        // In another thread: the first holder boots a machine meanwhile.
        let lock = tokio::task::spawn_blocking(move || lock.lock().map(|()| lock));
        let _lock = lock.await.unwrap().unwrap();
        let kept = Kept::new(self, &all.join(self.key()));
        if !kept.dir.exists() {
            for old in fs::read_dir(&all).unwrap().flatten() {
                if old.path().is_dir() {
                    fs::remove_dir_all(old.path()).unwrap();
                }
            }
            self.make(&kept).await;
        }
        kept
    }

    #[expect(clippy::print_stderr, reason = "the figures are the output")]
    async fn make(&self, kept: &Kept) {
        let new = kept.dir.with_extension("new");
        fs::create_dir_all(&new).unwrap();
        let making = Kept::new(self, &new);
        let disk = &making.template.disk;
        let made = self.qemu.create_overlay(&self.image.disk, disk).await;
        made.unwrap();
        let begun = Instant::now();
        let vm = self.start(making.spec.clone(), self.folder()).await;
        agent(&vm).ready(LONG).await.unwrap();
        eprintln!("booted, its agent answers: {:.2?}", begun.elapsed());
        assert!(vm.can_become_template().await.unwrap());
        let begun = Instant::now();
        vm.save_state(&making.template.state, LONG).await.unwrap();
        eprintln!("state saved: {:.2?}", begun.elapsed());
        vm.quit().await;
        fs::rename(new, &kept.dir).unwrap();
    }

    /// Another build of mosdat may make machines otherwise.
    fn key(&self) -> String {
        let own = std::env::current_exe().unwrap().metadata().unwrap();
        let built = own.modified().unwrap();
        let built = built.duration_since(std::time::UNIX_EPOCH).unwrap();
        format!("{}-{}", self.image.identity.short(), built.as_millis())
    }
}

/// The template, and what it was made of.
pub(super) struct Kept {
    pub(super) dir: PathBuf,
    pub(super) template: Template,
    pub(super) spec: Spec,
}

impl Kept {
    fn new(world: &World, dir: &Path) -> Self {
        let template = Template {
            disk: dir.join("disk.qcow2"),
            ram: dir.join("ram"),
            state: dir.join("state"),
        };
        let spec = Spec {
            ram: Ram::File(template.ram.clone()),
            ..world.spec(template.disk.clone())
        };
        Self {
            dir: dir.into(),
            template,
            spec,
        }
    }
}

pub(super) fn agent(vm: &Vm) -> &Agent {
    vm.agent().unwrap()
}

/// The image that tests start, with its kernel in `dir`.
fn image(dir: &Path) -> Image {
    let store = std::env::var_os("MOSDAT_TEST_IMAGES").expect(
        "MOSDAT_TEST_IMAGES must name a folder of images, as `mosdat image build` makes it",
    );
    let found = ImageStore::new(&store).find(IMAGE).unwrap();
    let mut image = found.unwrap_or_else(|| {
        panic!("there is no image `{IMAGE}` in {}", store.display());
    });
    if let Boot::Kernel { kernel, initrd, .. } = &mut image.boot {
        for file in [kernel, initrd] {
            let name = file.file_name().unwrap().display();
            let link = dir.join(format!("readonly=on,{name}"));
            symlink(&*file, &link).unwrap();
            *file = link;
        }
    }
    image
}
