//! systemd's units: nothing wrong with them in systemd's own eyes, and gone again without a trace.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use super::{HOSTILE, ODD, Place};

/// A systemctl(1) that keeps a journal of what it was asked, and answers `show` as a manager does.
const SYSTEMCTL: &str = "#!/bin/sh
case \"$*\" in
*' show '*) echo 'NextElapseUSecRealtime=@1795353000' ;;
*) echo \"$*\" >> \"$HOME/asked\" ;;
esac
folder=$XDG_CONFIG_HOME/systemd/user
case \"$2 $3\" in
'enable popfetch.timer') mkdir -p \"$folder/timers.target.wants\"; ln -sf ../popfetch.timer \"$folder/timers.target.wants/\" ;;
'enable popfetch.service') mkdir -p \"$folder/default.target.wants\"; ln -sf ../popfetch.service \"$folder/default.target.wants/\" ;;
esac
";

/// What systemd finds wrong with the units in a folder.
fn verify(place: &Place, folder: &Path) -> String {
    let mut units = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            units.push(path);
        }
    }
    let output = Command::new("systemd-analyze")
        .args(["--user", "verify"])
        .args(units)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", place.sandbox.path("home"))
        .env("XDG_RUNTIME_DIR", place.sandbox.path("runtime"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() || !said.is_empty(),
        "{}",
        output.status
    );
    said
}

#[test]
fn systemd_finds_nothing_wrong_whatever_the_paths_are_called() {
    for place in [Place::new(), Place::named(HOSTILE), Place::named(ODD)] {
        for arguments in [
            ["--every", "10m"].as_slice(),
            &["--every", "90m"],
            &["--every", "2h"],
            &["--every", "1d", "work"],
            &["--every", "1w"],
            &["--watch"],
        ] {
            let mut command = place.command();
            command
                .args(["schedule", "systemd", "--install"])
                .args(arguments);
            let out = super::Running::new(command).finish();
            assert_eq!(out.code, 75, "{}", out.stderr);
            let folder = out.stderr.split("The units are in ").nth(1).unwrap();
            let folder = folder.split(". systemd is not").next().unwrap();
            assert_eq!(verify(&place, Path::new(folder)), "", "{arguments:?}");
        }
    }
}

#[test]
fn without_install_the_units_are_printed_and_nothing_is_changed() {
    let place = Place::new();
    let before = place.sandbox.snapshot();
    let out = place.well(["systemd"]);
    assert_eq!(place.sandbox.snapshot(), before);
    for part in [
        "OnCalendar=*:0/10\n",
        "Type=oneshot\n",
        "SuccessExitStatus=75\n",
        " sync\n",
    ] {
        assert!(out.stdout.contains(part), "{part}: {}", out.stdout);
    }
    let out = place.well(["systemd", "--watch", "--every", "5m"]);
    for part in ["Type=notify\n", "sync --every 5m\n", "Restart=on-failure\n"] {
        assert!(out.stdout.contains(part), "{part}: {}", out.stdout);
    }
    assert!(!out.stdout.contains("[Timer]"), "{}", out.stdout);
}

#[test]
fn the_timer_is_started_and_its_next_run_is_told() {
    let place = Place::new();
    place.script("systemctl", SYSTEMCTL);
    let out = place.well(["systemd", "--install"]);
    assert!(
        out.stderr.contains("every 10 minutes, next at "),
        "{}",
        out.stderr
    );
    let asked = fs::read_to_string(place.sandbox.home("asked")).unwrap();
    assert_eq!(
        asked,
        "--user daemon-reload\n--user enable popfetch.timer\n--user restart popfetch.timer\n"
    );
    // Again, and it is the same.
    let before = fs::read(place.sandbox.path("config/systemd/user/popfetch.timer")).unwrap();
    place.well(["systemd", "--install"]);
    let after = fs::read(place.sandbox.path("config/systemd/user/popfetch.timer")).unwrap();
    assert_eq!(before, after);
}

#[test]
fn what_was_installed_is_removed_and_nothing_else() {
    let place = Place::new();
    place.script("systemctl", SYSTEMCTL);
    let other = "config/systemd/user/other.timer";
    place.sandbox.write(other, "[Timer]\n");
    place.well(["systemd", "--install"]);
    place.well(["systemd", "--remove"]);
    let folder = place.sandbox.path("config/systemd/user");
    let mut left: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["other.timer", "timers.target.wants"]);
    assert_eq!(
        fs::read_dir(folder.join("timers.target.wants"))
            .unwrap()
            .count(),
        0
    );
    let out = place.well(["systemd", "--remove"]);
    assert!(out.stderr.contains("nothing"), "{}", out.stderr);
}

#[test]
fn a_service_that_stays_takes_the_place_of_the_timer_and_back() {
    let place = Place::new();
    place.script("systemctl", SYSTEMCTL);
    let folder = place.sandbox.path("config/systemd/user");
    place.well(["systemd", "--install"]);
    let out = place.well(["systemd", "--install", "--watch"]);
    assert!(out.stderr.contains("every 10 minutes"), "{}", out.stderr);
    assert!(!folder.join("popfetch.timer").exists());
    assert!(
        !folder
            .join("timers.target.wants/popfetch.timer")
            .is_symlink()
    );
    assert!(
        folder
            .join("default.target.wants/popfetch.service")
            .is_symlink()
    );
    place.well(["systemd", "--install"]);
    assert!(
        folder
            .join("timers.target.wants/popfetch.timer")
            .is_symlink()
    );
    assert!(
        !folder
            .join("default.target.wants/popfetch.service")
            .is_symlink()
    );
}

#[test]
fn where_systemd_is_not_reached_it_is_said_what_is_left_to_do() {
    let place = Place::new();
    // Each in its time: systemd's own words have changed.
    for said in [
        "Failed to connect to bus: No medium found",
        "Failed to connect to user scope bus via local transport: No such file or directory",
        "System has not been booted with systemd as init system (PID 1). Can't operate.",
    ] {
        place.script(
            "systemctl",
            &format!("#!/bin/sh\necho \"{said}\" >&2\nexit 1\n"),
        );
        let out = place.run(["systemd", "--install"]);
        assert_eq!(out.code, 75);
        let left = "systemctl --user daemon-reload && systemctl --user enable --now popfetch.timer";
        assert!(out.stderr.contains(left), "{}", out.stderr);
    }
    let folder = place.sandbox.path("config/systemd/user");
    // As if it had been run, and then there was no systemd again.
    let wants = folder.join("timers.target.wants");
    fs::create_dir(&wants).unwrap();
    symlink("../popfetch.timer", wants.join("popfetch.timer")).unwrap();
    place.well(["systemd", "--remove"]);
    assert!(!wants.join("popfetch.timer").is_symlink());
    assert!(!folder.join("popfetch.timer").exists());
}

#[test]
fn units_that_somebody_else_wrote_are_left_alone() {
    let place = Place::new();
    let theirs = "config/systemd/user/popfetch.service";
    let path = place
        .sandbox
        .write(theirs, "[Service]\nExecStart=/bin/true\n");
    for option in ["--install", "--remove"] {
        let out = place.run(["systemd", option]);
        assert_eq!(out.code, 74, "{}", out.stderr);
        assert!(
            out.stderr.contains("written by somebody else"),
            "{}",
            out.stderr
        );
        assert!(fs::read_to_string(&path).unwrap().contains("/bin/true"));
    }
    assert!(
        !place
            .sandbox
            .path("config/systemd/user/popfetch.timer")
            .exists()
    );
}

#[test]
fn a_manager_that_refuses_is_quoted() {
    let place = Place::new();
    place.script(
        "systemctl",
        "#!/bin/sh\necho 'Unit is masked' >&2\nexit 1\n",
    );
    let out = place.run(["systemd", "--install"]);
    assert_eq!(out.code, 74);
    assert!(out.stderr.contains("Unit is masked"), "{}", out.stderr);
}
