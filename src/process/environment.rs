//! The environment of a job, composed from values: pure, so that a job started by hand gets exactly what
//! a scheduled one gets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// What a job wants of its environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EnvPlan {
    /// Cron's minimal set instead of the runner's environment.
    pub(crate) clean: bool,
    /// The PATH where no other is given.
    pub(crate) path: Option<String>,
    /// Given with the job.
    pub(crate) set: Vec<(String, String)>,
    /// From the job's environment file, just read.
    pub(crate) file: Vec<(String, String)>,
    /// The job's directory. Ours would be a lie there; a shell would set it right, a program does not.
    pub(crate) cwd: String,
}

/// A variable and its value.
pub(crate) type Fact = (Cow<'static, str>, String);

/// A variable that no program can be given.
#[derive(Debug, thiserror::Error)]
#[error("the value of {} has a NUL character", .0.escape_debug())]
pub(crate) struct HasNul(String);

/// A text as programs get it: `KEY=VALUE`.
fn text(key: &[u8], value: &[u8]) -> Result<CString, HasNul> {
    let text = CString::new([key, value].join(&b'='));
    text.map_err(|_| HasNul(String::from_utf8_lossy(key).into_owned()))
}

/// A variable as a program gets it.
#[derive(Debug)]
struct Variable {
    text: CString,
    /// Length of the key.
    key: usize,
}

impl Variable {
    fn new(key: &OsStr, value: &OsStr) -> Result<Self, HasNul> {
        Ok(Self {
            text: text(key.as_bytes(), value.as_bytes())?,
            key: key.len(),
        })
    }

    fn key(&self) -> &[u8] {
        &self.text.as_bytes()[..self.key]
    }

    fn value(&self) -> &[u8] {
        &self.text.as_bytes()[self.key + 1..]
    }
}

/// A whole environment, in which nothing is written twice.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    /// What the options of a job come to: the same for many attempts, and not copied for each.
    base: Arc<[Variable]>,
    /// What only this attempt is told.
    facts: Vec<Fact>,
}

impl Environment {
    /// Each key is there once. No program can be told of a NUL byte.
    pub(super) fn new<K: AsRef<OsStr>, V: AsRef<OsStr>>(
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, HasNul> {
        let pairs = pairs.into_iter();
        let base = pairs.map(|(key, value)| Variable::new(key.as_ref(), value.as_ref()));
        Ok(Self {
            base: base.collect::<Result<_, _>>()?,
            facts: Vec::new(),
        })
    }

    /// All of it, for the program.
    pub(super) fn texts(&self) -> Result<Vec<Cow<'_, CStr>>, HasNul> {
        let base = self
            .base
            .iter()
            .filter(|variable| !self.overrides(variable.key()));
        let base = base.map(|variable| Ok(Cow::Borrowed(&*variable.text)));
        let facts = self
            .facts
            .iter()
            .map(|(key, value)| text(key.as_bytes(), value.as_bytes()).map(Cow::Owned));
        base.chain(facts).collect()
    }

    fn overrides(&self, key: &[u8]) -> bool {
        self.facts.iter().any(|(fact, _)| fact.as_bytes() == key)
    }

    pub(super) fn path(&self) -> Option<&OsStr> {
        let path = self.base.iter().find(|variable| variable.key() == b"PATH");
        path.map(|path| OsStr::from_bytes(path.value()))
    }

    /// The same for another attempt: the facts, which nobody can fake.
    pub(crate) fn with(&self, facts: Vec<Fact>) -> Self {
        Self {
            base: Arc::clone(&self.base),
            facts,
        }
    }
}

/// What a service manager tells the runner and nobody else: a job that spoke on its line would speak for it.
const OF_THE_SERVICE: [&[u8]; 3] = [b"NOTIFY_SOCKET", b"WATCHDOG_", b"LISTEN_"];

/// Composes what a job's options come to: the runner's without any `PUNCTUAL_*` and without what its service
/// manager told it (or cron's minimal set), the plan's PATH, the file, what was given, and the directory. Later ones win.
pub(crate) fn compose(
    inherited: impl Iterator<Item = (OsString, OsString)>,
    plan: &EnvPlan,
) -> Result<Environment, HasNul> {
    let mut all: BTreeMap<OsString, OsString> = inherited
        .filter(|(key, _)| {
            let key = key.as_bytes();
            let of_the_service = OF_THE_SERVICE.iter().any(|own| key.starts_with(own));
            !key.starts_with(b"PUNCTUAL_") && !of_the_service
        })
        .collect();
    if plan.clean {
        all = minimal(&all);
    }
    let path = plan.path.iter().map(|path| ("PATH", path.as_str()));
    let given = plan.file.iter().chain(&plan.set);
    let given = given.map(|(key, value)| (key.as_str(), value.as_str()));
    for (key, value) in path.chain(given).chain([("PWD", plan.cwd.as_str())]) {
        all.insert(key.into(), value.into());
    }
    all.remove(OsStr::new("OLDPWD"));
    Environment::new(all)
}

/// What cron gives its jobs. Who we are comes from the runner's own environment, under either name.
fn minimal(inherited: &BTreeMap<OsString, OsString>) -> BTreeMap<OsString, OsString> {
    let value_of = |key: &str| inherited.get(OsStr::new(key));
    let user = value_of("LOGNAME").or_else(|| value_of("USER"));
    let ours = [
        ("HOME", value_of("HOME")),
        ("LOGNAME", user),
        ("USER", user),
    ];
    let ours = ours
        .into_iter()
        .filter_map(|(key, value)| Some((key.into(), value?.clone())));
    let fixed = [("SHELL", "/bin/sh"), ("PATH", "/usr/bin:/bin")];
    let fixed = fixed.map(|(key, value)| (key.into(), value.into()));
    fixed.into_iter().chain(ours).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(environment: &Environment) -> Vec<String> {
        let texts = environment.texts().unwrap().into_iter();
        texts
            .map(|text| text.to_str().unwrap().to_owned())
            .collect()
    }

    fn composed(inherited: &[(&str, &str)], plan: &EnvPlan, facts: &[Fact]) -> Vec<String> {
        let inherited = inherited.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        let environment = compose(inherited, plan).unwrap().with(facts.to_vec());
        let mut texts = texts(&environment);
        texts.retain(|text| !text.starts_with("PWD="));
        texts
    }

    #[test]
    fn the_directory_is_that_of_the_job() {
        let plan = EnvPlan {
            set: pairs(&[("PWD", "/forged")]),
            cwd: "/job".to_owned(),
            ..EnvPlan::default()
        };
        let inherited = [("PWD", "/runner"), ("OLDPWD", "/before")];
        let inherited = inherited.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        let environment = compose(inherited, &plan).unwrap();
        assert_eq!(texts(&environment), ["PWD=/job"]);
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn the_runners_own_words_never_leak_and_facts_win() {
        let plan = EnvPlan {
            set: pairs(&[("PUNCTUAL_JOB", "forged"), ("PUNCTUAL_MINE", "kept")]),
            ..EnvPlan::default()
        };
        let inherited = [
            ("PUNCTUAL_MARK", "outer/1"),
            ("PUNCTUAL_DB", "/outer"),
            ("NOTIFY_SOCKET", "/run/notify"),
            ("WATCHDOG_USEC", "1"),
            ("LISTEN_FDS", "1"),
            ("A", "1"),
        ];
        let facts = [("PUNCTUAL_JOB".into(), "backup".to_owned())];
        assert_eq!(
            composed(&inherited, &plan, &facts),
            ["A=1", "PUNCTUAL_MINE=kept", "PUNCTUAL_JOB=backup"]
        );
    }

    #[test]
    fn later_sources_win_and_a_given_path_beats_the_adders() {
        let plan = EnvPlan {
            path: Some("/adder".to_owned()),
            file: pairs(&[("A", "file"), ("B", "file"), ("PATH", "/file")]),
            set: pairs(&[("B", "set")]),
            ..EnvPlan::default()
        };
        let inherited = [("A", "runner"), ("C", "runner"), ("PATH", "/runner")];
        assert_eq!(
            composed(&inherited, &plan, &[]),
            ["A=file", "B=set", "C=runner", "PATH=/file"]
        );
    }

    #[test]
    fn a_value_that_no_program_can_be_given_is_named() {
        let plan = EnvPlan {
            file: pairs(&[("A", "fine"), ("B", "a\0b")]),
            ..EnvPlan::default()
        };
        let told = compose([].into_iter(), &plan).unwrap_err().to_string();
        assert_eq!(told, "the value of B has a NUL character");
    }

    #[test]
    fn clean_is_what_cron_gives() {
        let plan = EnvPlan {
            clean: true,
            ..EnvPlan::default()
        };
        let inherited = [
            ("HOME", "/h"),
            ("USER", "u"),
            ("PATH", "/runner"),
            ("LD_PRELOAD", "/x"),
            ("SHELL", "/bin/zsh"),
        ];
        assert_eq!(
            composed(&inherited, &plan, &[]),
            [
                "HOME=/h",
                "LOGNAME=u",
                "PATH=/usr/bin:/bin",
                "SHELL=/bin/sh",
                "USER=u"
            ]
        );
        assert_eq!(
            composed(&[], &plan, &[]),
            ["PATH=/usr/bin:/bin", "SHELL=/bin/sh"]
        );
    }
}
