//! From the options typed to the options meant: paths absolute, variables read, files taken in.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::domain::{Options, closest};
use crate::schedule;

use super::admit;
use super::args::JobArgs;
use super::context::Context;
use super::failure::{Code, Failure};
use super::user;

/// What a new job takes from the one who adds it: the directory and the PATH.
pub(super) fn captured(args: &JobArgs) -> Result<Options, Failure> {
    let cwd = match (&args.cwd, &args.user) {
        (Some(_), _) => None,
        // As from cron: where another user is at home, for ours may be closed to it.
        (None, Some(name)) => Some(user::home(name)?),
        (None, None) => Some(std::env::current_dir().map_err(|error| {
            Failure::new(Code::Failed, format!("the working directory: {error}"))
                .hint("give one with --cwd")
        })?),
    };
    Ok(Options {
        cwd: cwd.map(utf8).transpose()?,
        path: std::env::var("PATH")
            .ok()
            .map(|path| absolute_entries(&path)),
        ..Options::default()
    })
}

/// Lays the options that were typed over those there are.
pub(super) fn overlay(
    mut options: Options,
    args: &JobArgs,
    context: &Context,
) -> Result<Options, Failure> {
    if let Some(zone) = &args.tz {
        admit::zone_named(zone)?;
        options.tz = Some(zone.clone());
    }
    let zone = match &options.tz {
        Some(zone) => admit::zone_named(zone)?,
        None => context.zone,
    };
    let time = |text: &Option<String>| {
        text.as_ref()
            .map(|text| {
                schedule::parse_time(text, context.now, zone)
                    .map_err(|error| Failure::when(text, error))
            })
            .transpose()
    };
    if let Some(cwd) = &args.cwd {
        options.cwd = Some(directory(cwd)?);
    }
    options.env.extend(environment(args)?);
    options.env_clean |= args.env_clean;
    if options.env_clean || options.env.contains_key("PATH") {
        options.path = None;
    }
    if let Some(file) = &args.env_file {
        let file = std::path::absolute(file).map_err(|error| io_failure(file, &error))?;
        options.env_file = Some(utf8(file)?);
    }
    if let Some(file) = &args.stdin {
        options.stdin = Some(read_stdin(file)?);
    }
    options.retries = args.retries.unwrap_or(options.retries);
    options.overlap = args.overlap.unwrap_or(options.overlap);
    options.missed = args.missed.unwrap_or(options.missed);
    put(&mut options.from, time(&args.from)?);
    put(&mut options.until, time(&args.until)?);
    put(&mut options.shell, args.shell.clone());
    put(&mut options.umask, args.umask.clone());
    put(&mut options.user, args.user.clone());
    user::check(&options)?;
    put(&mut options.nice, args.nice);
    put(&mut options.timeout, args.timeout);
    put(&mut options.kill_after, args.kill_after);
    put(&mut options.backoff, args.backoff);
    put(&mut options.retry_on, args.retry_on.clone());
    put(&mut options.success_codes, args.success_codes.clone());
    put(&mut options.deadline, args.deadline);
    put(&mut options.jitter, args.jitter);
    put(&mut options.unique, args.unique.clone());
    put(&mut options.output_limit, args.output_limit);
    put(&mut options.on_success, args.on_success.clone());
    put(&mut options.on_failure, args.on_failure.clone());
    put(&mut options.on_finish, args.on_finish.clone());
    put(&mut options.mail_to, args.mail_to.clone());
    options.mail_on = args.mail_on.unwrap_or(options.mail_on);
    if args.mail_on.is_some() && options.mail_to.is_none() {
        return Err(
            Failure::usage("--mail-on says when, and nothing says to whom")
                .hint("add --mail-to ADDRESS"),
        );
    }
    Ok(options)
}

fn put<T>(place: &mut Option<T>, typed: Option<T>) {
    if typed.is_some() {
        *place = typed;
    }
}

/// Gives one option its default again.
pub(super) fn unset(options: &Options, name: &str) -> Result<Options, Failure> {
    let key = name.replace('-', "_");
    let document = serde_json::to_value(options).unwrap_or_default();
    let mut document = document.as_object().cloned().unwrap_or_default();
    if document.remove(&key).is_none() && !KEYS.contains(&key.as_str()) {
        let failure = Failure::usage(format!("--unset {name}: there is no such option"));
        return Err(match closest(&key, KEYS.into_iter()) {
            Some(near) => failure.hint(format!("did you mean {}?", near.replace('_', "-"))),
            None => failure.hint("see the options with: punctual edit --help"),
        });
    }
    serde_json::from_value(document.into())
        .map_err(|error| Failure::new(Code::Failed, format!("--unset {name}: {error}")))
}

/// The options that can be unset.
pub(super) const KEYS: [&str; 30] = [
    "tz",
    "cwd",
    "env",
    "env_file",
    "env_clean",
    "shell",
    "umask",
    "user",
    "nice",
    "stdin",
    "timeout",
    "kill_after",
    "retries",
    "backoff",
    "retry_on",
    "success_codes",
    "overlap",
    "missed",
    "deadline",
    "jitter",
    "from",
    "until",
    "unique",
    "output_limit",
    "on_success",
    "on_failure",
    "on_finish",
    "mail_to",
    "mail_on",
    "path",
];

fn directory(cwd: &Path) -> Result<String, Failure> {
    let cwd = std::path::absolute(cwd).map_err(|error| io_failure(cwd, &error))?;
    if !cwd.is_dir() {
        return Err(
            Failure::usage(format!("{} is not a directory", cwd.display()))
                .hint("make it first, or choose another --cwd"),
        );
    }
    utf8(cwd)
}

fn utf8(path: PathBuf) -> Result<String, Failure> {
    path.into_os_string().into_string().map_err(|path| {
        Failure::usage(format!("{} is not valid UTF-8", Path::new(&path).display()))
            .hint("rename it, or choose another")
    })
}

/// Relative and empty entries mean another directory in each job's own: they are left out.
fn absolute_entries(path: &str) -> String {
    let absolute: Vec<&str> = path
        .split(':')
        .filter(|entry| entry.starts_with('/'))
        .collect();
    absolute.join(":")
}

/// Variables of a terminal or a login session, which mean nothing to a job.
const SESSION: [&str; 14] = [
    "TERM",
    "COLORTERM",
    "TERM_PROGRAM",
    "TMUX",
    "STY",
    "WINDOWID",
    "DISPLAY",
    "SSH_TTY",
    "SSH_CONNECTION",
    "SSH_CLIENT",
    "OLDPWD",
    "PWD",
    "SHLVL",
    "_",
];

fn environment(args: &JobArgs) -> Result<BTreeMap<String, String>, Failure> {
    let mut env = BTreeMap::new();
    if args.env_all {
        env.extend(std::env::vars_os().filter_map(|(key, value)| {
            let (key, value) = (key.into_string().ok()?, value.into_string().ok()?);
            let kept = !SESSION.contains(&key.as_str())
                && !key.starts_with("XDG_SESSION")
                && !key.starts_with("PUNCTUAL_");
            kept.then_some((key, value))
        }));
    }
    for given in &args.env {
        let (key, value) = if let Some((key, value)) = given.split_once('=') {
            (key, value.to_owned())
        } else {
            let value = std::env::var(given).map_err(|_| {
                Failure::usage(format!("--env {given}: there is no such variable here"))
                    .hint(format!("write --env {given}=VALUE"))
            })?;
            (given.as_str(), value)
        };
        if key.is_empty() {
            return Err(Failure::usage(format!("--env {given}: the name is empty"))
                .hint("write --env NAME=VALUE"));
        }
        env.insert(key.to_owned(), value);
    }
    Ok(env)
}

fn io_failure(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{}: {error}", path.display()))
        .hint("check the path and its permissions")
}

fn read_stdin(path: &Path) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    }
    .map_err(|error| io_failure(path, &error))?;
    match String::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(text),
        _ => Err(
            Failure::usage(format!("--stdin {}: not text in UTF-8", path.display()))
                .hint("keep the data in a file and redirect it in the command"),
        ),
    }
}
