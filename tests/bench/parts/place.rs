//! One temporary folder for all files of this process.
//!
//! Nothing in it is removed before the end: removing is work for the disk, too, and would fall upon what is measured next.

use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

static FOLDER: Mutex<Option<TempDir>> = Mutex::new(None);

/// A path in the folder that nothing has yet.
pub(crate) fn fresh() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder.get_or_insert_with(|| {
        let above = env::var_os("POPFETCH_BENCH_DIR").map_or_else(env::temp_dir, PathBuf::from);
        TempDir::with_prefix_in("popfetch-bench-", above).unwrap()
    });
    folder.path().join(number.to_string())
}

/// Removes the folder and all that is in it.
pub(crate) fn remove() {
    let mut folder = FOLDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(folder) = folder.take() {
        folder.close().unwrap();
    }
}
