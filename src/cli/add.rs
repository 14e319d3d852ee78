//! `add`: a command line becomes a job.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::domain::{Command, JobView, Name, Options};
use crate::schedule::{self, WhenError};

use super::admit::{self, Admitted, Definition, LONGEST_COMMAND, Moment};
use super::args::{AddArgs, JobArgs};
use super::context::Context;
use super::failure::{Code, Failure};
use super::render::{json, text, time};
use super::{logs, wait};

pub(super) fn add(args: &AddArgs, context: &Context) -> Result<ExitCode, Failure> {
    check_when(&args.when)?;
    let separated = has_separator(args, context);
    let command = command_of(&args.command, &args.job, separated)?;
    if let Some(name) = &args.name {
        check_name(name)?;
    }
    let moment = Moment {
        now: context.now,
        zone: context.zone,
    };
    let definition = Definition {
        name: args.name.clone(),
        when: args.when.clone(),
        command,
        queue: args.job.queue.clone().unwrap_or_else(Name::default_queue),
        priority: args.job.priority.unwrap_or(0),
        options: options_of(&args.job, context)?,
        source: None,
    };
    let mut store = context.open()?;
    let admitted = store.write(|tx| admit::admit(tx, &definition, args.if_exists, moment))?;
    let job = store
        .read()
        .job(admitted.id())?
        .ok_or_else(|| Failure::new(Code::Failed, "the job was removed meanwhile"))?;
    let view = store.read().job_view(job)?;
    // Closed before anything waits: the runner's file watch sees a commit at the close.
    drop(store);
    answer(&view, admitted, context)?;
    if !args.wait && !args.follow {
        context.note_missing_runner();
        return Ok(Context::done());
    }
    let name = view.job.name.to_string();
    if args.follow {
        logs::follow_one(&name, context)?;
    }
    wait::until_final(&[name], None, false, context)
}

fn answer(view: &JobView, admitted: Admitted, context: &Context) -> Result<(), Failure> {
    if context.json {
        return context.print_json(&json::job(view, &[], context.now, context.zone));
    }
    let name = &view.job.name;
    if context.quiet {
        return context.print(&format!("{name}\n"));
    }
    let what = match (admitted, view.next) {
        (Admitted::Kept(_), _) => "kept as it was".to_owned(),
        (_, Some(next)) if next <= context.now => "due now".to_owned(),
        (_, Some(next)) => format!(
            "next {}, {}",
            time::short(next, context.now, context.zone),
            time::distance(next - context.now)
        ),
        (_, None) => format!("waits for {}", view.job.when),
    };
    context.print(&format!("{name}: {}\n", text::escape(&what)))
}

/// Errors of WHEN before the file is touched, with the hints that need to know the caller's words.
fn check_when(text: &str) -> Result<(), Failure> {
    let Err(error) = schedule::parse(text) else {
        return Ok(());
    };
    let word = text.trim();
    let is_program = !word.is_empty()
        && !word.contains(char::is_whitespace)
        && !schedule::is_form_word(word)
        && is_program(word);
    Err(if is_program && error.hint.is_none() {
        Failure::when(
            text,
            WhenError {
                hint: Some(format!("to run it once: punctual add now -- {word} …")),
                ..error
            },
        )
    } else {
        Failure::when(text, error)
    })
}

fn is_program(word: &str) -> bool {
    if word.contains('/') {
        return Path::new(word).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(word).is_file())
}

pub(super) fn check_name(name: &Name) -> Result<(), Failure> {
    if schedule::is_form_word(name.as_str()) {
        return Err(Failure::usage(format!(
            "{name} cannot be a name: it is the first word of a WHEN"
        ))
        .hint(format!("choose another, such as {name}-job")));
    }
    Ok(())
}

/// Whether `--` stood right before the command: then its first word is meant as it is.
fn has_separator(args: &AddArgs, context: &Context) -> bool {
    let before = context.words.len().checked_sub(args.command.len() + 1);
    before.is_some_and(|index| context.words[index] == "--")
}

/// The words after the options, as what they are: a shell string or an argument vector.
fn command_of(words: &[String], args: &JobArgs, separated: bool) -> Result<Command, Failure> {
    let first = words.first().map(String::as_str).unwrap_or_default();
    if words.iter().all(|word| word.trim().is_empty()) {
        return Err(Failure::usage("the command is empty").hint("write what to run after WHEN"));
    }
    if !separated && words.len() > 1 && schedule::reads_as_time(first) {
        return Err(Failure::usage(format!(
            "the command begins with {first:?}, which reads as a part of WHEN"
        ))
        .hint("quote WHEN as one argument, such as '0 3 * * *'; if it is the command, write -- before it"));
    }
    let command = if args.sh {
        Command::Shell(words.join(" "))
    } else if words.len() > 1 || args.exec {
        if !args.exec {
            refuse_shell_words(words)?;
        }
        Command::Argv(words.to_vec())
    } else {
        Command::Shell(first.to_owned())
    };
    let longest = match &command {
        Command::Shell(line) => line.len(),
        Command::Argv(words) => words.iter().map(|word| word.len() + 1).sum(),
    };
    if longest > LONGEST_COMMAND {
        return Err(Failure::usage(format!(
            "the command has {longest} bytes, {LONGEST_COMMAND} are the limit"
        ))
        .hint("put it into a script, or pass data with --stdin"));
    }
    Ok(command)
}

/// Words that only a shell understands, handed to a program as arguments, are a mistake.
fn refuse_shell_words(words: &[String]) -> Result<(), Failure> {
    let operator = words
        .iter()
        .find(|word| matches!(word.as_str(), "|" | "||" | "&&" | ";" | ">" | "<"));
    if let Some(operator) = operator {
        return Err(Failure::usage(format!(
            "{operator:?} means something to a shell only, and several words are run without one"
        ))
        .hint("add --sh, or write the command as one quoted word"));
    }
    let first = &words[0];
    let assigns = first.split_once('=').is_some_and(|(key, _)| {
        !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    });
    if assigns {
        return Err(Failure::usage(format!(
            "{first:?} sets a variable in a shell only, and several words are run without one"
        ))
        .hint("use --env, or add --sh"));
    }
    Ok(())
}

/// The options as domain words: paths absolute, variables read, files taken in.
fn options_of(args: &JobArgs, context: &Context) -> Result<Options, Failure> {
    let time = |text: &Option<String>| {
        text.as_ref()
            .map(|text| {
                let zone = match &args.tz {
                    Some(zone) => admit::zone_named(zone)?,
                    None => context.zone,
                };
                schedule::parse_time(text, context.now, zone)
                    .map_err(|error| Failure::when(text, error))
            })
            .transpose()
    };
    let cwd = match &args.cwd {
        Some(path) => std::path::absolute(path),
        None => std::env::current_dir(),
    }
    .map_err(|error| {
        Failure::new(Code::Failed, format!("the working directory: {error}"))
            .hint("give one with --cwd")
    })?;
    if args.cwd.is_some() && !cwd.is_dir() {
        return Err(
            Failure::usage(format!("{} is not a directory", cwd.display()))
                .hint("make it first, or choose another --cwd"),
        );
    }
    if let Some(zone) = &args.tz {
        admit::zone_named(zone)?;
    }
    let env = environment(args)?;
    let path = if args.env_clean || env.contains_key("PATH") {
        None
    } else {
        std::env::var("PATH")
            .ok()
            .map(|path| absolute_entries(&path))
    };
    Ok(Options {
        tz: args.tz.clone(),
        cwd: Some(utf8(cwd)?),
        path,
        env,
        env_file: args
            .env_file
            .as_ref()
            .map(|file| std::path::absolute(file).map_err(|error| io_failure(file, &error)))
            .transpose()?
            .map(utf8)
            .transpose()?,
        env_clean: args.env_clean,
        shell: args.shell.clone(),
        umask: args.umask.clone(),
        nice: args.nice,
        stdin: args.stdin.as_deref().map(read_stdin).transpose()?,
        timeout: args.timeout,
        kill_after: args.kill_after,
        retries: args.retries.unwrap_or(0),
        backoff: args.backoff,
        retry_on: args.retry_on.clone(),
        success_codes: args.success_codes.clone(),
        overlap: args.overlap.unwrap_or_default(),
        missed: args.missed.unwrap_or_default(),
        deadline: args.deadline,
        jitter: args.jitter,
        from: time(&args.from)?,
        until: time(&args.until)?,
        unique: args.unique.clone(),
        output_limit: args.output_limit,
        ..Options::default()
    })
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
    String::from_utf8(bytes).map_err(|_| {
        Failure::usage(format!("--stdin {}: not valid UTF-8", path.display()))
            .hint("keep the data in a file and redirect it in the command")
    })
}
