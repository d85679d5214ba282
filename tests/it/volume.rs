//! Much mail, and large mail, from a real server over TLS: all of it, unchanged, once, in little memory.
//!
//! It owns the bound on memory. Content is compared by SHA-256 and never held as a whole.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::support::certificates::{Authority, Leaf};
use super::support::dovecot::{self, Dovecot};
use super::support::sandbox::{Finished, Sandbox};

/// No run may hold more memory than this.
const MOST_MEMORY: u64 = 24 << 20;

type Hash = [u8; 32];

/// A Dovecot, and an account on it.
struct Place {
    server: Dovecot,
    sandbox: Sandbox,
}

impl Place {
    fn new() -> Self {
        let authority = Authority::new();
        let identity = authority.issue(Leaf::Good);
        let server = Dovecot::start(&identity.chain_pem, &identity.key_pem);
        let sandbox = Sandbox::new();
        let ca = sandbox.write("ca.pem", authority.pem());
        sandbox.config(&format!(
            "[accounts.work]\nhost = \"localhost\"\nport = {}\ntls-ca-file = \"{}\"\nuser = \"ann\"\n\
             password = \"{}\"\ndeliver = {{ maildir = \"~/Mail\" }}\n",
            server.port_pop3s(),
            ca.display(),
            dovecot::PASSWORD,
        ));
        Self { server, sandbox }
    }

    /// A run in which all is well; gives its JSON.
    #[track_caller]
    fn sync(&self) -> String {
        let Finished {
            code,
            stdout,
            stderr,
            peak,
        } = self.sandbox.run(["sync", "--json"]);
        assert_eq!((code, stderr.as_str()), (0, ""));

        let mebibytes = peak >> 20;
        assert!(peak < MOST_MEMORY, "it held {mebibytes} MiB");
        assert!(
            peak > 0,
            "the system does not tell how much memory was held"
        );
        stdout
    }

    /// The hashes of the Maildir's files, sorted; asserts that none is left in `tmp/`.
    fn here(&self) -> Vec<Hash> {
        let maildir = self.sandbox.home("Mail");
        assert_eq!(hashes(&maildir.join("tmp")), Vec::<Hash>::new());
        sorted([hashes(&maildir.join("new")), hashes(&maildir.join("cur"))].concat())
    }

    /// The hashes of the server's files, sorted. Dovecot's lines end with LF on disk, like those of the Maildir.
    fn there(&self) -> Vec<Hash> {
        let maildir = self.server.maildir("ann");
        sorted([hashes(&maildir.join("new")), hashes(&maildir.join("cur"))].concat())
    }

    /// The hashes on record, sorted.
    fn on_record(&self) -> Vec<Hash> {
        let path = self.sandbox.path("state/popfetch/state.db");
        let database = rusqlite::Connection::open(path).unwrap();
        let mut rows = database.prepare("SELECT sha256 FROM message").unwrap();
        let hashes = rows.query_map([], |row| row.get(0)).unwrap();
        sorted(hashes.map(Result::unwrap).collect())
    }
}

fn sorted(mut hashes: Vec<Hash>) -> Vec<Hash> {
    hashes.sort_unstable();
    hashes
}

/// The hash of each file in a folder.
fn hashes(folder: &Path) -> Vec<Hash> {
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| hash(&file.unwrap().path())).collect()
}

fn hash(path: &Path) -> Hash {
    let (mut file, mut hash) = (File::open(path).unwrap(), Sha256::new());
    let mut chunk = vec![0; 1 << 20];
    loop {
        match file.read(&mut chunk).unwrap() {
            0 => return hash.finalize().into(),
            read => hash.update(&chunk[..read]),
        }
    }
}

/// A small message like no other.
fn small(n: usize) -> Vec<u8> {
    let mut message = format!("From: sender-{n}@example.org\nSubject: {n}\n\n");
    for line in 0..n % 60 {
        let text = "Gr\u{fc}\u{df}e\r and some more to make it a line";
        writeln!(message, ".{n}, {line}: {text}").unwrap();
    }
    message.into_bytes()
}

/// Writes 1 GiB in lines, no two blocks of which are alike.
fn gibibyte(file: &mut BufWriter<File>) -> io::Result<()> {
    const BLOCK: usize = 1 << 20;
    let line = b".The quick brown fox jumps over the lazy dog; and then, as if once were not enough, again.\n";
    let block: Vec<u8> = line.iter().copied().cycle().take(BLOCK).collect();
    file.write_all(b"Subject: large\n\n")?;
    for number in 0..1024 {
        let head = format!("\nblock {number}\n");
        file.write_all(head.as_bytes())?;
        file.write_all(&block[head.len()..])?;
    }
    file.write_all(b"\n")
}

#[test]
fn ten_thousand_messages_arrive_unchanged_and_once_in_little_memory() {
    const COUNT: usize = 10_000;
    let place = Place::new();
    place.server.fill("ann", (0..COUNT).map(small));
    let first = place.sync();
    assert!(first.contains("\"new\":10000,"), "{first}");
    let there = place.there();
    assert_eq!(there.len(), COUNT);
    assert!(
        place.here() == there,
        "the Maildir is not what the server has"
    );
    assert!(
        place.on_record() == there,
        "the record is not what the server has"
    );

    let second = place.sync();
    assert!(second.contains("\"new\":0,"), "{second}");
    assert!(second.contains("\"listed\":10000,"), "{second}");
    assert!(place.here() == there, "the second run changed something");
}

#[test]
fn a_message_of_a_gibibyte_arrives_unchanged_and_once_in_little_memory() {
    let place = Place::new();
    place.server.fill_with("ann", gibibyte);
    let first = place.sync();
    assert!(first.contains("\"new\":1,"), "{first}");
    let there = place.there();
    assert_eq!(there.len(), 1);
    assert_eq!(place.here(), there);
    assert_eq!(place.on_record(), there);

    let second = place.sync();
    assert!(second.contains("\"new\":0,"), "{second}");
    assert_eq!(place.here(), there);
}
