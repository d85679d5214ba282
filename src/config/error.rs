//! Why there is no configuration, and how that is shown.
//!
//! It refuses to know how a problem is found. Invariant: nothing here holds a password; what an error carries of the file
//! was masked before.

use std::error::Error as _;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// Why a configuration could not be had. [`Error::render`] shows all of it; `Display` leaves out what `source` tells.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing says where the user's home folder is.
    #[error("your home folder is unknown; set HOME")]
    NoHome,
    /// There is no such file.
    #[error("there is no configuration file {}", .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system would not let it be read.
    #[error("cannot read the configuration file {}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// It is a folder.
    #[error("{} is a folder; name the configuration file in it", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
    },
    /// It is larger than any configuration.
    #[error("{} is larger than 1 MiB; is it a configuration file?", .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// It is not UTF-8.
    #[error("{}:{line}: not UTF-8; save the file in this encoding", .path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line of the first octets that are not, from 1.
        line: usize,
    },
    /// It is another user's, who could have any command run.
    #[error(
        "{} belongs to another user (uid {owner}), and can name commands to run; run popfetch as that user, or with a file of yours",
        .path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// All may write it, and have any command run.
    #[error(
        "all users can write {} (mode {mode:04o}), and it can name commands to run; run: chmod go-w {}",
        .path.display(),
        shell_words::quote(&.path.to_string_lossy())
    )]
    Writable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds a password and others can read it.
    #[error(
        "{} holds a password and others can read it (mode {mode:04o}); run: chmod 600 {}",
        .path.display(),
        shell_words::quote(&.path.to_string_lossy())
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// All accounts are in one table on one line, which is for people to change.
    #[error(
        "{}: the accounts are in one table, `accounts = {{ … }}`, which popfetch does not change; write each below a line `[accounts.NAME]`",
        .path.display()
    )]
    OneLine {
        /// The file.
        path: PathBuf,
    },
    /// The account that is to be added is none, or not beside those that are there.
    #[error("{}: account `{name}` cannot be added: {reason}", .path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The account.
        name: String,
        /// What is wrong with it, and the cure.
        reason: String,
    },
    /// Where an account begins and ends cannot be told.
    #[error("{}: popfetch cannot change account `{name}`, which is written in an unusual way; change it by hand", .path.display())]
    Unchangeable {
        /// The file.
        path: PathBuf,
        /// The account.
        name: String,
    },
    /// It could not be written.
    #[error("cannot write the configuration file {}; it is as it was", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// What it says is not a configuration.
    #[error("{}", render(.path, .diagnostics, &Renderer::plain()))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All that is wrong, in the file's order.
        diagnostics: Vec<Diagnostic>,
    },
}

/// One thing that is wrong with the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Where; `None` means the file as a whole.
    pub place: Option<Place>,
}

/// A place in the file, with what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The line itself, with the secrets in it masked: columns are counted in this.
    pub text: String,
    /// What is meant of `text`, in octets.
    pub span: Range<usize>,
}

impl Error {
    /// The whole report, for people: the error, its cause and its cure, with ANSI colours if `color`; no newline at the
    /// end.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        match self {
            Self::Invalid { path, diagnostics } => render(path, diagnostics, &renderer),
            other => {
                let mut report = Group::with_title(Level::ERROR.primary_title(other.to_string()));
                if let Some(cause) = other.source() {
                    report = report.element(Level::NOTE.message(cause.to_string()));
                }
                if matches!(other, Self::Missing { .. }) {
                    let help = format!(
                        "`popfetch account add you@example.org` writes one; or write it yourself, for example:\n{EXAMPLE}"
                    );
                    report = report.element(Level::HELP.message(help));
                }
                renderer.render(&[report])
            }
        }
    }
}

fn render(path: &Path, diagnostics: &[Diagnostic], renderer: &Renderer) -> String {
    let path = path.to_string_lossy();
    let reports = diagnostics.iter().map(|diagnostic| {
        let mut report = match &diagnostic.place {
            None => {
                let title = format!("{path}: {}", diagnostic.message);
                Group::with_title(Level::ERROR.primary_title(title))
            }
            Some(place) => Level::ERROR.primary_title(&diagnostic.message).element(
                Snippet::source(&place.text)
                    .path(&*path)
                    .line_start(place.line)
                    .annotation(AnnotationKind::Primary.span(place.span.clone())),
            ),
        };
        if let Some(help) = &diagnostic.help {
            report = report.element(Level::HELP.message(help));
        }
        renderer.render(&[report])
    });
    reports.collect::<Vec<_>>().join("\n\n")
}

/// The smallest configuration that does something.
pub(super) const EXAMPLE: &str = r#"[accounts.work]
host = "pop.example.com"
user = "me@example.com"
deliver = { maildir = "~/Mail/work" }"#;
