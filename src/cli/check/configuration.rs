//! Looks at the configuration file, and at where cron would look for it and for the state.
//!
//! It refuses to know what is in the file, which was read already.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Place;
use crate::check::{Event, Finding, Mark, Topic, Trouble};
use crate::config::Config;

/// Who else may write a file.
const OTHERS_WRITE: u32 = 0o022;

/// Tells how the configuration is.
pub(super) fn look(place: &Place<'_>, config: &Config, tell: &mut dyn FnMut(Event<'_>)) {
    let path = &config.path;
    // A pipe has no permissions that matter, and is not there any more.
    let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file);
    let mode = metadata.map(|metadata| metadata.permissions().mode() & 0o7777);
    let seen = match mode {
        Some(mode) => format!("{} (mode {mode:04o})", path.display()),
        None => path.display().to_string(),
    };
    let exposed = mode.filter(|mode| mode & OTHERS_WRITE != 0);
    let trouble = exposed.map(|mode| Trouble::Writable {
        path: path.clone(),
        mode,
    });
    found(tell, seen, trouble);

    let home = &place.folders.home;
    let variables = [
        ("XDG_CONFIG_HOME", ".config", path.parent()),
        (
            "XDG_STATE_HOME",
            ".local/state",
            Some(place.folders.state.as_path()),
        ),
    ];
    for (variable, usual, folder) in variables {
        if let Some(folder) = folder.filter(|folder| is_led_away(variable, home, usual, folder)) {
            let trouble = Trouble::Elsewhere {
                variable,
                path: folder.to_owned(),
            };
            found(tell, folder.display().to_string(), Some(trouble));
        }
    }
}

/// Whether the variable is what leads to this folder, and its usual place is another.
fn is_led_away(variable: &str, home: &Path, usual: &str, folder: &Path) -> bool {
    let base = std::env::var_os(variable).filter(|base| !base.is_empty());
    base.is_some_and(|base| {
        folder == Path::new(&base).join("popfetch") && folder != home.join(usual).join("popfetch")
    })
}

fn found(tell: &mut dyn FnMut(Event<'_>), seen: String, trouble: Option<Trouble>) {
    tell(Event::Found(&Finding {
        topic: Topic::Configuration,
        mark: if trouble.is_some() {
            Mark::Note
        } else {
            Mark::Pass
        },
        seen,
        details: Vec::new(),
        trouble,
    }));
}
