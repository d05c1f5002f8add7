//! Files of secrets that X servers let programs in with.
//!
//! Each entry is a family, an address, the number of a display, the name of a protocol and the
//! secret; all but the family with its length before it. All numbers have two bytes, high one first.

/// The kind of secret that is known here.
const COOKIE: &[u8] = b"MIT-MAGIC-COOKIE-1";
/// Entries for displays of the machine itself, and for any.
const LOCAL: [u16; 2] = [256, 0xffff];

/// Returns the secret for a display of the machine itself; `None` when the file has none.
pub(super) fn cookie(file: &[u8], display: u32) -> Option<Vec<u8>> {
    let display = display.to_string();
    let mut rest = file;
    while let Some(family) = number(&mut rest) {
        let (_address, number) = (field(&mut rest)?, field(&mut rest)?);
        let (name, secret) = (field(&mut rest)?, field(&mut rest)?);
        let is_for_it = number.is_empty() || number == display.as_bytes();
        if LOCAL.contains(&family) && is_for_it && name == COOKIE {
            return Some(secret.to_vec());
        }
    }
    None
}

fn number(rest: &mut &[u8]) -> Option<u16> {
    let (bytes, tail) = rest.split_first_chunk::<2>()?;
    *rest = tail;
    Some(u16::from_be_bytes(*bytes))
}

fn field<'f>(rest: &mut &'f [u8]) -> Option<&'f [u8]> {
    let length = number(rest)?.into();
    let (field, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(family: u16, display: &str, name: &str, secret: &[u8]) -> Vec<u8> {
        let mut entry = family.to_be_bytes().to_vec();
        for field in [b"host", display.as_bytes(), name.as_bytes(), secret] {
            entry.extend((field.len() as u16).to_be_bytes());
            entry.extend(field);
        }
        entry
    }

    #[test]
    fn the_secret_of_the_right_display_is_found() {
        let name = "MIT-MAGIC-COOKIE-1";
        let file = [
            entry(0, "0", name, b"of the network"),
            entry(256, "0", "XDM-AUTHORIZATION-1", b"another kind"),
            entry(256, "1", name, b"one"),
            entry(256, "0", name, b"zero"),
            entry(0xffff, "", name, b"any"),
        ]
        .concat();
        assert_eq!(cookie(&file, 0).unwrap(), b"zero");
        assert_eq!(cookie(&file, 1).unwrap(), b"one");
        assert_eq!(cookie(&file, 7).unwrap(), b"any");
        assert_eq!(cookie(b"", 0), None);
    }

    #[test]
    fn a_file_that_is_cut_off_or_damaged_has_no_secret() {
        let whole = entry(256, "0", "MIT-MAGIC-COOKIE-1", b"zero");
        for length in 0..whole.len() {
            assert_eq!(cookie(&whole[..length], 0), None, "{length}");
        }
    }
}
