//! Verbs of other tools, of cron, at, systemd, pueue and the shell, and what is called so here.
//!
//! A verb that does not exist is often one that exists elsewhere, and no letter of it is wrong.

/// What somebody types who comes from elsewhere, and ours; two where it could mean either.
const NEIGHBOURS: [(&[&str], &str); 24] = [
    (
        &[
            "create", "new", "schedule", "submit", "enqueue", "at", "crontab",
        ],
        "add",
    ),
    (&["jobs", "tasks", "ps", "list-timers", "atq"], "list"),
    (&["watch", "monitor", "htop"], "top"),
    (
        &["info", "describe", "inspect", "cat", "get", "view"],
        "show",
    ),
    (&["change", "update", "modify", "set", "rename"], "edit"),
    (
        &["delete", "del", "destroy", "forget", "atrm", "unschedule"],
        "remove",
    ),
    (&["disable", "hold", "suspend", "stash", "freeze"], "pause"),
    (&["enable", "unpause", "continue", "thaw"], "resume"),
    (&["start"], "trigger (a job) or run (the runner)"),
    (&["exec", "execute", "fire", "launch", "force"], "trigger"),
    (&["stop"], "pause (a job) or cancel (a run)"),
    (&["kill", "abort", "terminate"], "cancel"),
    (&["restart", "rerun", "redo", "again"], "retry"),
    (&["join", "await"], "wait"),
    (&["tail", "output", "follow", "journal"], "logs"),
    (&["runs", "past"], "history"),
    (
        &["when", "upcoming", "agenda", "calendar", "preview"],
        "next",
    ),
    (&["queues", "group", "parallel", "lane"], "queue"),
    (
        &["daemon", "worker", "runner", "serve", "server", "crond"],
        "run",
    ),
    (&["doctor", "health", "verify", "validate", "ping"], "check"),
    (&["sync", "deploy"], "apply"),
    (&["dump"], "export"),
    (&["clean", "gc", "vacuum", "purge"], "prune"),
    (&["version"], "--version"),
];

/// Our word for a verb of another tool.
pub(super) fn our_word(verb: &str) -> Option<&'static str> {
    let found = NEIGHBOURS.iter().find(|(theirs, _)| theirs.contains(&verb));
    found.map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::NEIGHBOURS;
    use crate::cli::args::Args;

    #[test]
    fn every_word_of_ours_exists_and_no_word_of_theirs_does() {
        let tree = Args::command();
        for (theirs, ours) in NEIGHBOURS {
            for word in ours.split(" or ") {
                let verb = word.split(' ').next().unwrap_or_default();
                assert!(
                    verb == "--version" || tree.find_subcommand(verb).is_some(),
                    "{word}"
                );
            }
            for verb in theirs {
                assert!(tree.find_subcommand(verb).is_none(), "{verb}");
                let others = NEIGHBOURS.iter().filter(|(all, _)| all.contains(verb));
                assert_eq!(others.count(), 1, "{verb}");
            }
        }
    }
}
