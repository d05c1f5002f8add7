//! Where the images are that these tests start machines from.

use std::path::PathBuf;

/// The image that machines start from.
pub(super) const NAME: &str = "debian12";

/// Returns the folder of images.
pub(super) fn folder() -> PathBuf {
    let how = format!(
        "MOSDAT_TEST_IMAGES names the folder with the image `{NAME}`: \
         `mosdat image build {NAME}` makes it"
    );
    let folder = std::env::var_os("MOSDAT_TEST_IMAGES").unwrap_or_else(|| panic!("{how}"));
    let folder = std::path::absolute(folder).unwrap();
    assert!(
        folder.join(NAME).is_dir(),
        "{how}; there is none in `{}`",
        folder.display()
    );
    folder
}
