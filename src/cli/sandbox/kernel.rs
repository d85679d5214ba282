//! The walls, as Linux builds them: Landlock.
//!
//! It refuses to know why something is let through. Invariant: there are walls for files that hold at least what Linux 5.19
//! can, or there are none at all; whatever a newer kernel can hold of this, it holds.

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, NetPort, PathBeneath,
    PathFd, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use super::{Access, Cause, Rules};

/// The first that can let files go from one folder to another, as a Maildir's do.
const LEAST: ABI = ABI::V2;

/// The last that popfetch was tried with. TCP is held since V4, signals to others since V6.
const KNOWN: ABI = ABI::V7;

/// What there is instead of [`LEAST`].
const TOO_OLD: &str = "this kernel has no Landlock, or one older than that of Linux 5.19, or it is not among the security modules that are switched on (lsm=)";

/// Walls that are not closed yet.
pub(super) struct Walls(RulesetCreated);

/// Builds walls with these doors.
pub(super) fn build(rules: &Rules) -> Result<Walls, Cause> {
    let files = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(LEAST));
    let mut walls = files
        .map_err(|_| TOO_OLD)?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(KNOWN))?
        .handle_access(AccessNet::from_all(KNOWN))?
        .scope(Scope::Signal)?
        .create()?;
    for (path, access) in &rules.paths {
        // What cannot be opened now needs no door.
        let Ok(place) = PathFd::new(path) else {
            continue;
        };
        let mut rights = rights(*access);
        if !path.is_dir() {
            rights &= AccessFs::from_file(KNOWN);
        }
        if !rights.is_empty() {
            walls = walls.add_rule(PathBeneath::new(place, rights))?;
        }
    }
    for port in &rules.ports {
        walls = walls.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    if rules.binds {
        // The system chooses the port, and only then.
        walls = walls.add_rule(NetPort::new(0, AccessNet::BindTcp))?;
    }
    Ok(Walls(walls))
}

fn rights(access: Access) -> BitFlags<AccessFs> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    match access {
        Access::Names => AccessFs::ReadDir.into(),
        Access::Read => read,
        Access::Write => {
            let change = AccessFs::WriteFile | AccessFs::Truncate;
            let make = AccessFs::MakeReg | AccessFs::MakeDir;
            let remove = AccessFs::RemoveFile | AccessFs::RemoveDir;
            read | change | make | remove | AccessFs::Refer
        }
        Access::Terminal => read | AccessFs::WriteFile | AccessFs::IoctlDev,
    }
}

impl Walls {
    /// Closes them around this thread and all that it starts, for good; says how much they hold.
    pub(super) fn close(self) -> Result<&'static str, Cause> {
        match self.0.restrict_self()?.ruleset {
            RulesetStatus::FullyEnforced => Ok("files, programs, TCP and signals"),
            RulesetStatus::PartiallyEnforced => {
                Ok("files and programs; what else this kernel can hold")
            }
            RulesetStatus::NotEnforced => Err("the kernel holds nothing".into()),
        }
    }
}
