//! Where the database is, and which zone this machine keeps.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::schedule::Zone;

use crate::os;

use super::failure::{Code, Failure};

/// `--db`, else `PUNCTUAL_DB`, else `punctual.db` in the user's data directory. Always
/// absolute, so that SQLite never takes it for a URI.
pub(super) fn database(given: Option<&Path>) -> Result<PathBuf, Failure> {
    let from_environment = std::env::var_os("PUNCTUAL_DB").filter(|path| !path.is_empty());
    let path = match given
        .map(Path::to_owned)
        .or(from_environment.map(PathBuf::from))
    {
        Some(path) if path.as_os_str().is_empty() => {
            return Err(Failure::usage("--db names no file").hint("write --db FILE"));
        }
        Some(path) => path,
        None => data_directory()?.join("punctual.db"),
    };
    std::path::absolute(&path).map_err(|error| {
        Failure::new(Code::Database, format!("{}: {error}", path.display()))
            .hint("name an absolute path with --db")
    })
}

/// The data directory of the platform's conventions; without HOME, the home in passwd.
fn data_directory() -> Result<PathBuf, Failure> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    if let Some(home) = &home
        && !Path::new(home).is_absolute()
    {
        return Err(Failure::new(
            Code::Database,
            format!(
                "HOME is not an absolute path: {}",
                Path::new(home).display()
            ),
        )
        .hint("set HOME, or name the database with --db"));
    }
    if home.is_some()
        && let Some(directories) = directories::ProjectDirs::from("", "", "punctual")
    {
        return Ok(directories.data_dir().to_owned());
    }
    os::fs::home_from_passwd()
        .map(|home| home.join(".local/share/punctual"))
        .ok_or_else(|| {
            Failure::new(
                Code::Database,
                "there is no home directory to keep a database in",
            )
            .hint("name one with --db FILE or PUNCTUAL_DB")
        })
}

/// Where this user is at home: `HOME`, else what passwd says.
pub(super) fn home() -> Result<PathBuf, Failure> {
    std::env::var_os("HOME")
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
        .or_else(os::fs::home_from_passwd)
        .ok_or_else(|| Failure::new(Code::Failed, "there is no home directory").hint("set HOME"))
}

/// The machine's zone: `TZ` if it names one, else what /etc/localtime is; UTC when neither does.
///
/// A runner asks for each line of its log, so what was found holds for a second.
pub(super) fn local_zone() -> Zone {
    static FOUND: Mutex<Option<(Instant, Zone)>> = Mutex::new(None);
    let mut found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    match *found {
        Some((at, zone)) if at.elapsed() < Duration::from_secs(1) => zone,
        _ => found.insert((Instant::now(), look_for_zone())).1,
    }
}

fn look_for_zone() -> Zone {
    let from_environment = std::env::var("TZ").ok().and_then(|word| zone_of(&word));
    from_environment
        .or_else(|| iana_time_zone::get_timezone().ok()?.parse().ok())
        .unwrap_or(Zone::UTC)
}

/// The zone that the C library would take a value of `TZ` for, if that has a name.
fn zone_of(word: &str) -> Option<Zone> {
    let name = word.trim_start_matches(':');
    if name.is_empty() {
        return Some(Zone::UTC);
    }
    let (_, name) = name.rsplit_once("/zoneinfo/").unwrap_or(("", name));
    name.parse().ok()
}

/// A value of `TZ` that says nothing to us, and so did not choose the zone.
pub(super) fn strange_zone() -> Option<String> {
    let word = std::env::var_os("TZ")?.to_string_lossy().into_owned();
    let is_the_machines = word.trim_start_matches(':') == "/etc/localtime";
    (!is_the_machines && zone_of(&word).is_none()).then_some(word)
}
