//! The certificate and key by which a server may know this client.
//!
//! It refuses to know who asks for them. Invariants: a key that others can read is refused, and what is checked is what is
//! read; a key's octets are wiped when they are not needed any more.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use native_tls::Identity;
use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::error::Error;

/// More than any chain of certificates with its key takes.
const LARGEST: usize = 256 * 1024;

/// The PEM files of a client's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The certificate, and those above it.
    pub chain: PathBuf,
    /// The certificate's key; in the same file, if there is none.
    pub key: Option<PathBuf>,
}

impl ClientCertificate {
    /// The file that the key is in.
    pub(super) fn key_file(&self) -> &Path {
        self.key.as_ref().unwrap_or(&self.chain)
    }

    /// Reads certificate and key.
    pub(super) fn load(&self) -> Result<Identity, Error> {
        let chain_failed = |source| Error::ClientCertificate {
            path: self.chain.clone(),
            source,
        };
        let file = self.key_file();
        let key_failed = |source| Error::ClientKey {
            path: file.to_owned(),
            source,
        };
        let (pem, mode) = read(file).map_err(|source| match &self.key {
            Some(_) => key_failed(source),
            None => chain_failed(source),
        })?;
        let found = find_key(&pem);
        // A certificate alone may be read by all.
        if mode & 0o077 != 0 && found != Err(NoKey::None) {
            return Err(Error::ClientKeyExposed {
                path: file.to_owned(),
                mode,
            });
        }
        let key = match found {
            Ok(key) => key,
            Err(NoKey::OtherForm) => {
                return Err(Error::ClientKeyForm {
                    path: file.to_owned(),
                });
            }
            Err(NoKey::None) => {
                return Err(key_failed(io::Error::other(
                    "it holds no private key in PEM form",
                )));
            }
        };
        let separate = match &self.key {
            Some(_) => Some(read(&self.chain).map_err(chain_failed)?.0),
            None => None,
        };
        let chain = separate.as_ref().unwrap_or(&pem);
        if native_tls::Certificate::stack_from_pem(chain).is_ok_and(|chain| chain.is_empty()) {
            return Err(chain_failed(io::Error::other(
                "it holds no certificate in PEM form",
            )));
        }
        Identity::from_pkcs8(chain, key).map_err(|error| chain_failed(io::Error::other(error)))
    }
}

/// Reads a file, with its permission bits.
fn read(path: &Path) -> io::Result<(Zeroizing<Vec<u8>>, u32)> {
    let file = OpenOptions::new()
        .read(true)
        // Opening a pipe would wait for somebody to write to it.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // Room for all at once: a buffer that grows leaves copies behind that nobody wipes.
    let mut content = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
    file.take(LARGEST as u64 + 1).read_to_end(&mut content)?;
    if content.len() > LARGEST {
        return Err(io::Error::other("it is too large for a PEM file"));
    }
    Ok((content, metadata.permissions().mode() & 0o7777))
}

/// Why there is no key to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NoKey {
    /// There is one, but of a kind of its own (RSA, EC) or encrypted.
    OtherForm,
    /// There is none.
    None,
}

/// The key in a PEM file, from its first line (RFC 7468 §10: PKCS#8, the one form that all TLS libraries take).
fn find_key(pem: &[u8]) -> Result<&[u8], NoKey> {
    const BEGIN: &[u8] = b"-----BEGIN PRIVATE KEY-----";
    const OTHER: &[u8] = b" PRIVATE KEY-----";
    match memchr::memmem::find(pem, BEGIN) {
        Some(at) => Ok(&pem[at..]),
        None if memchr::memmem::find(pem, OTHER).is_some() => Err(NoKey::OtherForm),
        None => Err(NoKey::None),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use tempfile::TempDir;

    use super::*;

    /// A self-signed certificate and its key.
    fn pair() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["me".to_owned()]).unwrap();
        (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
    }

    fn write(folder: &TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn two_files_or_one_with_both_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let (chain, key) = pair();
        let client = ClientCertificate {
            chain: write(&folder, "chain.pem", &chain, 0o644),
            key: Some(write(&folder, "key.pem", &key, 0o600)),
        };
        assert!(client.load().is_ok());
        for both in [chain.clone() + &key, format!("Bag: x\n{key}{chain}")] {
            let client = ClientCertificate {
                chain: write(&folder, "both.pem", &both, 0o600),
                key: None,
            };
            assert!(client.load().is_ok());
        }
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_wherever_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let (chain, key) = pair();
        let (both, open) = (chain.clone() + &key, 0o640);
        for client in [
            ClientCertificate {
                chain: write(&folder, "chain.pem", &chain, 0o600),
                key: Some(write(&folder, "key.pem", &key, open)),
            },
            ClientCertificate {
                chain: write(&folder, "both.pem", &both, open),
                key: None,
            },
        ] {
            let error = client.load().err().unwrap();
            let Error::ClientKeyExposed { path, mode } = error else {
                panic!("{error}");
            };
            assert_eq!((path.as_path(), mode), (client.key_file(), open));
        }
    }

    #[test]
    fn a_key_in_another_form_is_told_from_none() {
        let folder = tempfile::tempdir().unwrap();
        let chain = write(&folder, "chain.pem", &pair().0, 0o600);
        let load = |key: &str| {
            let key = Some(write(&folder, "key.pem", key, 0o600));
            let chain = chain.clone();
            ClientCertificate { chain, key }.load().err().unwrap()
        };
        for kind in ["RSA", "EC", "ENCRYPTED"] {
            let error = load(&format!("-----BEGIN {kind} PRIVATE KEY-----\nAA==\n"));
            assert!(matches!(error, Error::ClientKeyForm { .. }), "{error}");
        }
        let error = load("nothing");
        assert!(matches!(error, Error::ClientKey { .. }), "{error}");
        let error = load("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assert!(matches!(error, Error::ClientCertificate { .. }), "{error}");
    }

    #[test]
    fn a_file_without_a_certificate_and_a_missing_one_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = write(&folder, "key.pem", &pair().1, 0o600);
        for chain in [write(&folder, "empty.pem", "", 0o600), "/nowhere".into()] {
            let client = ClientCertificate {
                chain: chain.clone(),
                key: Some(key.clone()),
            };
            match client.load().err().unwrap() {
                Error::ClientCertificate { path, .. } => assert_eq!(path, chain),
                other => panic!("{other}"),
            }
        }
    }
}
