//! What stands in for the keyring in a build without it.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::Owner;
use super::error::Error;
use crate::secret::Secret;

fn absent<T>() -> Result<T, Error> {
    Err(Error::Keyring {
        reason: "this popfetch was built without it".to_owned(),
    })
}

/// Says that there is no keyring.
pub(super) fn look_up(_: Owner<'_>, _: Duration, _: &AtomicBool) -> Result<Option<Secret>, Error> {
    absent()
}

/// Says that there is no keyring.
///
/// # Errors
/// Always.
pub fn is_there(_: Owner<'_>, _: &AtomicBool) -> Result<(), Error> {
    absent()
}

/// Says that there is no keyring.
///
/// # Errors
/// Always.
pub fn store(_: Owner<'_>, _: Secret, _: &AtomicBool) -> Result<(), Error> {
    absent()
}

/// Says that there is no keyring.
pub(super) fn store_within(
    _: Duration,
    _: Owner<'_>,
    _: Secret,
    _: &AtomicBool,
) -> Result<(), Error> {
    absent()
}

/// Says that there is no keyring.
///
/// # Errors
/// Always.
pub fn remove(_: Owner<'_>, _: &AtomicBool) -> Result<bool, Error> {
    absent()
}
