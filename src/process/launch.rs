//! Starting a process the fast way, and saying exactly why one did not start.
//!
//! Everything a child needs is arranged for `posix_spawn` with a shared address space (`CLONE_VFORK`, see `kernel`):
//! an absolute program, the group, the directory and the streams through its own attributes, nothing run between
//! fork and exec. A start then costs the same however big we are.

use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::thread;

use rustix::fs::{Access, FlockOperation, MemfdFlags, access, flock, memfd_create};
use rustix::io::Errno;
use rustix::process::setpriority_process;

use super::child::Child;
use super::environment::Environment;
use super::kernel::Start;
use super::output::Spare;
use super::program::{self, Opening};
use crate::os::fs::{self, Kind};

/// The shell for a prelude and for scripts that name no interpreter.
const SHELL: &str = "/bin/sh";

/// This very program, even when the file of that name has been replaced or removed.
pub(crate) const OURSELVES: &str = "/proc/self/exe";

/// Starts this program with other words, in a group of its own that no terminal speaks to. What it reads is
/// its end of a line; it says nothing.
pub(crate) fn start_ourselves(words: &[&OsStr], line: BorrowedFd<'_>) -> io::Result<Child> {
    let env = Environment::new(std::env::vars_os()).map_err(io::Error::other)?;
    let null = File::options().write(true).open(NULL)?;
    let words = words.iter().copied();
    let args = texts([OsStr::new("punctual")].into_iter().chain(words))?;
    Child::start(&Start {
        program: &text(OURSELVES.as_ref())?,
        args: &args,
        env: &env.texts().map_err(io::Error::other)?,
        cwd: c"/",
        streams: [line, null.as_fd(), null.as_fd()],
    })
}

/// Everything about one start. Nothing is inherited but umask and niceness (unless set), resource limits
/// and the terminal.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The argument vector; the first word may be a name to look for in the job's PATH.
    pub(crate) command: Vec<OsString>,
    /// Absolute.
    pub(crate) cwd: PathBuf,
    /// The whole environment.
    pub(crate) env: Environment,
    pub(crate) umask: Option<u32>,
    /// The niceness itself, not a change of ours.
    pub(crate) nice: Option<i32>,
    /// What it reads; nothing when missing.
    pub(crate) stdin: Option<Vec<u8>>,
    /// Where its output goes: must not exist.
    pub(crate) output: PathBuf,
}

/// Why nothing was started. In every case nothing of the attempt is left behind.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpawnError {
    /// The machine is short of something just now: not the job's fault, and worth another try.
    #[error("no process could be started: {0}")]
    Again(#[source] io::Error),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    NotExecutable(String),
    #[error("{0}")]
    Other(String),
}

/// Starts a process in its own group, with its output in a new file that it keeps locked.
pub(crate) fn spawn(launch: &Launch) -> Result<Child, SpawnError> {
    spawn_with(launch, &|| (), &mut None)
}

/// The same, but waits when all is ready that can be; and with a file that was an attempt's before, which is taken
/// if it is used.
pub(crate) fn spawn_with(
    launch: &Launch,
    wait: &dyn Fn(),
    spare: &mut Option<Spare>,
) -> Result<Child, SpawnError> {
    if !launch.cwd.is_absolute() {
        let cwd = launch.cwd.display();
        return Err(SpawnError::Other(format!(
            "cwd {cwd}: not an absolute path"
        )));
    }
    let name = launch
        .command
        .first()
        .map_or(OsStr::new(""), OsString::as_os_str);
    let program = program::find(name, &launch.cwd, launch.env.path())?;
    let direct = Argv::new(program.clone(), &launch.command);
    let started = match start(direct, launch, wait, spare) {
        Err(Failure::Exec(error)) if is_script(&error, &program) => {
            let direct = Argv::new(program.clone(), &launch.command);
            start(direct.for_shell(), launch, wait, spare)
        }
        other => other,
    };
    started.map_err(|failure| match failure {
        Failure::Told(error) => error,
        Failure::Exec(error) => explain(error, &program, launch),
    })
}

/// The program and the words it will see.
#[derive(Debug)]
struct Argv {
    program: PathBuf,
    zero: OsString,
    rest: Vec<OsString>,
}

impl Argv {
    fn new(program: PathBuf, command: &[OsString]) -> Self {
        Self {
            program,
            zero: command.first().cloned().unwrap_or_default(),
            rest: command.iter().skip(1).cloned().collect(),
        }
    }

    /// A text without `#!` is run by the shell, as `execvp` and every shell do.
    fn for_shell(mut self) -> Self {
        let program = std::mem::replace(&mut self.program, SHELL.into());
        self.rest.insert(0, program.into_os_string());
        self
    }

    /// The umask belongs to our whole process, so a shell sets it on the other side. A shell cannot pass
    /// on a zeroth word of our choice; the program's path takes its place.
    fn under_umask(self, umask: u32) -> Self {
        let script = format!("umask {umask:04o} && exec \"$@\"");
        let prelude = [
            "-c".into(),
            script.into(),
            SHELL.into(),
            self.program.into(),
        ];
        Self {
            program: SHELL.into(),
            zero: SHELL.into(),
            rest: prelude.into_iter().chain(self.rest).collect(),
        }
    }
}

enum Failure {
    /// Explained already.
    Told(SpawnError),
    /// From the start itself: it may be about the directory, the program or the machine.
    Exec(io::Error),
}

impl From<SpawnError> for Failure {
    fn from(error: SpawnError) -> Self {
        Self::Told(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Exec(error)
    }
}

fn start(
    argv: Argv,
    launch: &Launch,
    wait: &dyn Fn(),
    spare: &mut Option<Spare>,
) -> Result<Child, Failure> {
    let argv = match launch.umask {
        Some(umask) => {
            // The shell would start, and only then find out and say so in the job's output.
            access(&argv.program, Access::EXEC_OK).map_err(|error| Failure::Exec(error.into()))?;
            argv.under_umask(umask)
        }
        None => argv,
    };
    let stdin = match &launch.stdin {
        Some(bytes) => readable(bytes).map_err(|error| shortage("stdin", &error))?,
        None => File::open(NULL).map_err(|error| shortage(NULL, &error))?,
    };
    let program = text(argv.program.as_os_str())?;
    let words = [&argv.zero].into_iter().chain(&argv.rest);
    let words = texts(words.map(OsString::as_os_str))?;
    let env = launch.env.texts().map_err(io::Error::other)?;
    let cwd = text(launch.cwd.as_os_str())?;
    wait();
    // Last of all, because this file is the sign that a start was tried.
    let output = match spare.take().and_then(|spare| rename(spare, &launch.output)) {
        Some(file) => file,
        None => create_output(&launch.output)?,
    };
    let start = Start {
        program: &program,
        args: &words,
        env: &env,
        cwd: &cwd,
        streams: [stdin.as_fd(), output.as_fd(), output.as_fd()],
    };
    let started = match launch.nice {
        Some(nice) => start_niced(&start, nice),
        None => Child::start(&start).map_err(Failure::Exec),
    };
    if started.is_err() {
        let _ = std::fs::remove_file(&launch.output);
    }
    started
}

/// As the kernel wants it.
fn text(word: &OsStr) -> io::Result<CString> {
    Ok(CString::new(word.as_bytes())?)
}

fn texts<'a>(words: impl Iterator<Item = &'a OsStr>) -> io::Result<Vec<CString>> {
    words.map(text).collect()
}

/// Niceness belongs to a thread and a child inherits that of the thread that starts it, so a thread of
/// its own is nice. Exact errors, no prelude, and nobody else is touched.
fn start_niced(start: &Start<'_>, nice: i32) -> Result<Child, Failure> {
    let starting = || {
        setpriority_process(None, nice).map_err(|error| {
            let error = io::Error::from(error);
            Failure::Told(SpawnError::Other(format!("nice {nice}: {error}")))
        })?;
        Child::start(start).map_err(Failure::Exec)
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, starting);
        let thread = thread.map_err(Failure::Exec)?;
        thread.join().expect("nothing in it panics")
    })
}

/// A file without a name, holding what the job will read.
fn readable(bytes: &[u8]) -> io::Result<File> {
    let flags = MemfdFlags::CLOEXEC;
    // Newer kernels want to hear that it will not be executed, older ones do not know the word.
    let file = memfd_create("stdin", flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| memfd_create("stdin", flags))?;
    let mut file = File::from(file);
    file.write_all(bytes)?;
    file.rewind()?;
    Ok(file)
}

/// Opened for each start: a lock or a flag on it is shared by all that have it from one opening.
const NULL: &str = "/dev/null";

/// Creates the output file and locks its description, which the child will share: as long as anybody
/// holds it, the lock is held. Only a hint, so a file system without locks will do.
fn create_output(path: &Path) -> Result<File, SpawnError> {
    match fs::create_private_append(path) {
        Ok(file) => {
            let _ = flock(&file, FlockOperation::NonBlockingLockExclusive);
            Ok(file)
        }
        // Something is there that we did not make: waiting would not make it go away.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(SpawnError::Other(format!("{}: {error}", path.display())))
        }
        Err(error) => Err(shortage(&path.display().to_string(), &error)),
    }
}

/// Gives a spare file the attempt's name. It is open, locked and private already.
fn rename(spare: Spare, path: &Path) -> Option<File> {
    if fs::rename_to_new(&spare.path, path).is_ok() {
        return Some(spare.file);
    }
    let _ = std::fs::remove_file(&spare.path);
    None
}

/// What failed is ours and not the job's: a full disk, no descriptor left.
fn shortage(what: &str, error: &io::Error) -> SpawnError {
    SpawnError::Again(io::Error::new(error.kind(), format!("{what}: {error}")))
}

/// Whether the kernel refused it for being a text that names no interpreter.
fn is_script(error: &io::Error, program: &Path) -> bool {
    errno(error) == Some(Errno::NOEXEC) && matches!(program::opening(program), Opening::Text)
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw_os_error)
}

/// One number from the kernel stands for many things; looking again tells which it was.
fn explain(error: io::Error, program: &Path, launch: &Launch) -> SpawnError {
    let Some(code) = errno(&error) else {
        return SpawnError::Other(format!("the command or its environment: {error}"));
    };
    match code {
        Errno::AGAIN | Errno::NOMEM | Errno::MFILE | Errno::NFILE => {
            return SpawnError::Again(error);
        }
        Errno::TOOBIG => {
            return SpawnError::Other(format!("the command with its environment: {error}"));
        }
        _ => {}
    }
    if let Err(error) = enter(&launch.cwd) {
        return SpawnError::Other(format!("cwd {}: {error}", launch.cwd.display()));
    }
    let told = format!("{}{}: {error}", program.display(), suspect(code, program));
    match code {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::NAMETOOLONG => {
            SpawnError::NotFound(told)
        }
        Errno::ACCESS | Errno::PERM | Errno::NOEXEC | Errno::TXTBSY | Errno::LIBBAD => {
            SpawnError::NotExecutable(told)
        }
        _ => SpawnError::Other(told),
    }
}

/// Whether a process of ours could make this its directory.
fn enter(cwd: &Path) -> io::Result<()> {
    if fs::stat(cwd)?.kind != Kind::Directory {
        return Err(Errno::NOTDIR.into());
    }
    Ok(access(cwd, Access::EXEC_OK)?)
}

/// Who is really missing or forbidden when the program itself is fine: what the kernel needs to run it.
fn suspect(code: Errno, program: &Path) -> String {
    let is_fine = fs::stat(program).is_ok_and(|facts| facts.kind == Kind::File)
        && access(program, Access::EXEC_OK).is_ok();
    if !is_fine {
        return String::new();
    }
    match (program::opening(program), code) {
        (Opening::Interpreter(name), _) => format!(": its interpreter {}", name.display()),
        (Opening::Binary, Errno::NOENT) => ": its loader".to_owned(),
        _ => String::new(),
    }
}
