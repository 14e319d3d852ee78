//! The man pages: rendered from the clap tree, so that they cannot lag behind it.
//!
//! A room of tests only. `punctual.1` has everything in one place: the words that no `--help` has are
//! in `man/punctual.1.md`; verbs, options, states and reasons are put into their places here. Each
//! verb has a page of its own, and each topic of `help` is one, too. A page that is not the committed
//! one fails; `UPDATE=1 cargo test` writes it.

mod roff;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

use clap::{Arg, Command, CommandFactory as _};

use super::args::Args;
use super::help::TOPICS;
use crate::domain::{Reason, RunState};
use roff::{ascii, escaped, laid_out, literal, prose_of, roff_of};

const SOURCE: &str = include_str!("../../man/punctual.1.md");

/// The day of the last release. mandoc wants one, and today's would change the page every day.
const DATE: &str = "2026-11-23";

#[test]
fn the_man_pages_are_those_of_the_clap_tree() {
    let pages = pages();
    for (file, page) in &pages {
        must_be(&format!("man/{file}"), page);
    }
    let man = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let files = fs::read_dir(man).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let is_source = |name: &str| name.split('.').next_back() == Some("md");
    let strays: Vec<String> = names
        .filter(|name| !is_source(name) && pages.iter().all(|(file, _)| file != name))
        .collect();
    assert_eq!(strays, [""; 0], "man pages of verbs that are gone");
}

#[test]
fn the_man_pages_are_clean() {
    let directory = tempfile::tempdir().unwrap();
    let files: Vec<_> = pages()
        .into_iter()
        .map(|(file, page)| {
            let path = directory.path().join(file);
            fs::write(&path, page).unwrap();
            path
        })
        .collect();
    match Process::new("mandoc").arg("-Tlint").args(files).output() {
        Ok(output) => assert_eq!(String::from_utf8_lossy(&output.stdout), ""),
        Err(error) => println!("skipped: mandoc: {error}"),
    }
}

/// Compares with the committed file, or writes it.
pub(super) fn must_be(file: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    if committed == rendered {
        return;
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, rendered).unwrap();
        return;
    }
    let differing = rendered
        .lines()
        .zip(committed.lines().chain(std::iter::repeat("")))
        .find(|(now, then)| now != then);
    panic!("{file} is not what the clap tree says; UPDATE=1 cargo test writes it: {differing:?}");
}

/// All pages, with the names of their files.
fn pages() -> Vec<(String, String)> {
    let mut tree = Args::command();
    tree.build();
    let mut pages = vec![("punctual.1".to_owned(), main_page(&tree))];
    pages.extend(shown(&tree).map(|verb| {
        let file = format!("punctual-{}.1", verb.get_name());
        (file, verb_page(&tree, verb))
    }));
    pages.extend(TOPICS.iter().map(|(topic, text)| {
        let file = format!("punctual-{topic}.7");
        (file, topic_page(topic, text))
    }));
    pages
}

fn title(name: &str, section: u8) -> String {
    let of = if section == 1 {
        "User Commands"
    } else {
        "Miscellaneous"
    };
    format!(
        ".TH {} {section} {DATE} \"punctual {}\" \"{of}\"\n",
        escaped(&name.to_uppercase()),
        env!("CARGO_PKG_VERSION")
    )
}

fn topic_page(topic: &str, text: &str) -> String {
    let name = format!("punctual-{topic}");
    let (about, text) = text.split_once('\n').unwrap();
    let roff = format!(
        "{}.SH NAME\n{} \\- {}\n{}.SH SEE ALSO\n{}\n",
        title(&name, 7),
        escaped(&name),
        escaped(about),
        roff_of(text),
        see_also(&name)
    );
    laid_out(&ascii(&roff))
}

/// One verb, with all of its options.
fn verb_page(tree: &Command, verb: &Command) -> String {
    let name = format!("punctual-{}", verb.get_name());
    let about = about(verb);
    let mut chars = about.chars();
    let begin = chars.next().unwrap().to_lowercase();
    let mut roff = format!(
        "{}.SH NAME\n{} \\- {begin}{}\n.SH SYNOPSIS\n",
        title(&name, 1),
        escaped(&name),
        escaped(chars.as_str())
    );
    let nested: Vec<&Command> = shown(verb).collect();
    if nested.is_empty() {
        let _ = writeln!(roff, "{}\n.SH DESCRIPTION", usage(verb));
        let _ = writeln!(roff, "{}", escaped(&sentence(&about)));
        let aliases: Vec<&str> = verb.get_visible_aliases().collect();
        if !aliases.is_empty() {
            let _ = writeln!(roff, "Also called \\fB{}\\fR.", escaped(&aliases.join(" ")));
        }
        roff.push_str(&notes(verb));
        if verb.get_arguments().any(|arg| arg.get_id() == "when") {
            roff.push_str(".PP\n\\fBpunctual\\-schedules\\fR(7) explains WHEN.\n");
        }
        let options = options(verb, Whose::Own(None));
        if !options.is_empty() {
            let _ = writeln!(roff, ".SH OPTIONS\n{options}");
        }
    } else {
        let usages: Vec<String> = nested.iter().map(|verb| usage(verb)).collect();
        let _ = writeln!(roff, ".nf\n{}\n.fi\n.SH DESCRIPTION", usages.join("\n"));
        let _ = writeln!(roff, "{}", escaped(&sentence(&about)));
        roff.push_str(&verbs(verb, &mut vec![verb.get_name().to_owned()]));
    }
    let _ = writeln!(
        roff,
        ".PP\nThese stand with every verb:\n{}",
        options(tree, Whose::Everyones)
    );
    let _ = writeln!(
        roff,
        ".SH EXIT STATUS\n0 when it is done; 2 for what was not understood, 3 for what does not exist, \
         4 for a conflict, 5 for a database that cannot be used, and 1 for any other failure. \
         \\fBpunctual\\fR(1) has them all.\n.SH SEE ALSO\n{}",
        see_also(&name)
    );
    laid_out(&ascii(&roff))
}

fn see_also(name: &str) -> String {
    let pages = [
        ("punctual", 1),
        ("punctual-schedules", 7),
        ("punctual-policies", 7),
        ("punctual-json", 7),
    ];
    let others = pages.iter().filter(|(page, _)| *page != name);
    let others: Vec<String> = others
        .map(|(page, section)| format!("\\fB{}\\fR({section})", escaped(page)))
        .collect();
    others.join(",\n")
}

fn main_page(tree: &Command) -> String {
    let mut roff = title("punctual", 1);
    let mut rest = SOURCE;
    while let Some((before, after)) = rest.split_once("\n{") {
        let (hole, after) = after.split_once("}\n").unwrap();
        roff.push_str(&roff_of(before));
        roff.push_str(&match hole {
            "SYNOPSIS" => synopsis(tree),
            "OPTIONS" => options(tree, Whose::Everyones),
            "VERBS" => verbs(tree, &mut Vec::new()),
            "SCHEDULES" => {
                let (_, text) = TOPICS[0].1.split_once('\n').unwrap();
                let (text, _) = text.split_once("# EXAMPLES").unwrap();
                roff_of(text)
            }
            "STATES" => roff_of(&states()),
            "REASONS" => roff_of(&reasons()),
            _ => panic!("what belongs into {{{hole}}}?"),
        });
        rest = after;
    }
    roff.push_str(&roff_of(rest));
    laid_out(&ascii(&roff))
}

/// Global options are listed once, at the top.
#[derive(Clone, Copy)]
enum Whose<'a> {
    Everyones,
    /// Without the options of this other verb that come in groups.
    Own(Option<&'a Command>),
}

fn synopsis(tree: &Command) -> String {
    let usages = shown(tree)
        .filter(|verb| !verb.has_subcommands())
        .map(usage);
    let mut roff = ".nf\n".to_owned();
    roff.extend(usages.map(|usage| format!("{usage}\n")));
    let nested = shown(tree).filter(|verb| verb.has_subcommands());
    for verb in nested {
        roff.extend(shown(verb).map(|verb| format!("{}\n", usage(verb))));
    }
    roff.push_str(".fi\n");
    roff
}

/// `punctual add [OPTIONS] <WHEN> <COMMAND>...`, its fixed words in bold.
fn usage(verb: &Command) -> String {
    let usage = verb.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = verb.get_bin_name().unwrap_or_else(|| verb.get_name());
    let rest = usage.strip_prefix(name).unwrap_or(usage);
    format!("\\fB{}\\fR{}", escaped(name), escaped(rest))
}

fn verbs(tree: &Command, above: &mut Vec<String>) -> String {
    let mut roff = String::new();
    for verb in shown(tree) {
        above.push(verb.get_name().to_owned());
        let _ = writeln!(roff, ".SS {}", above.join(" "));
        if verb.has_subcommands() {
            let _ = writeln!(roff, "{}", escaped(&sentence(&about(verb))));
            roff.push_str(&verbs(verb, above));
        } else {
            let _ = writeln!(roff, "{}", usage(verb));
            let aliases: Vec<&str> = verb.get_visible_aliases().collect();
            let _ = writeln!(roff, ".PP\n{}", escaped(&sentence(&about(verb))));
            if !aliases.is_empty() {
                let _ = writeln!(roff, "Also called \\fB{}\\fR.", escaped(&aliases.join(" ")));
            }
            roff.push_str(&notes(verb));
            let shared = if verb.get_name() == "add" {
                None
            } else {
                tree.find_subcommand("add")
            };
            roff.push_str(&options(verb, Whose::Own(shared)));
        }
        above.pop();
    }
    roff
}

/// What `--help` says below the options; the promise has a section of its own.
fn notes(verb: &Command) -> String {
    let help = verb
        .get_after_long_help()
        .or_else(|| verb.get_after_help())
        .map(ToString::to_string)
        .unwrap_or_default();
    let (prose, examples) = help.split_once("Examples:\n").unwrap_or((&help, ""));
    let mut roff = String::new();
    for paragraph in prose.split("\n\n").map(str::trim) {
        let is_elsewhere = paragraph.starts_with("The promise:")
            || paragraph.starts_with("WHEN is one argument:")
            || paragraph.starts_with("Topics:");
        if !paragraph.is_empty() && !is_elsewhere {
            let _ = writeln!(roff, ".PP\n{}", prose_of(paragraph));
        }
    }
    if !examples.is_empty() {
        roff.push_str(".PP\n.RS 4\n.EX\n");
        for line in examples.lines() {
            let _ = writeln!(roff, "{}", literal(line.trim()));
        }
        roff.push_str(".EE\n.RE\n");
    }
    roff
}

fn options(of: &Command, whose: Whose) -> String {
    let is_in_a_group_of = |verb: &Command, arg: &Arg| {
        let same = verb
            .get_arguments()
            .find(|other| other.get_id() == arg.get_id());
        same.is_some_and(|other| other.get_help_heading().is_some())
    };
    let is_wanted = |arg: &Arg| match whose {
        Whose::Everyones => arg.is_global_set(),
        Whose::Own(_) => {
            !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version")
        }
    };
    let wanted = of
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && is_wanted(arg));
    let (mut told, mut all): (Vec<&Arg>, Vec<&Arg>) = wanted.partition(|arg| match whose {
        Whose::Own(Some(verb)) => arg.get_help_heading().is_some() && is_in_a_group_of(verb, arg),
        _ => false,
    });
    // Positional ones first, and the rest by heading, as in --help.
    all.sort_by_key(|arg| (!arg.is_positional(), arg.get_help_heading().is_some()));
    let mut roff = String::new();
    let mut heading = None;
    for arg in all {
        if arg.get_help_heading() != heading && matches!(whose, Whose::Own(_)) {
            heading = arg.get_help_heading();
            let _ = writeln!(roff, ".PP\n{}:", escaped(heading.unwrap_or("Options")));
        }
        let _ = writeln!(roff, ".TP\n{}\n{}", header(arg), body(arg));
    }
    told.dedup_by_key(|arg| arg.get_help_heading());
    if !told.is_empty() {
        let headings: Vec<&str> = told
            .iter()
            .filter_map(|arg| arg.get_help_heading())
            .collect();
        let _ = writeln!(
            roff,
            ".PP\nThe options of \\fBpunctual add\\fR under {} are here, too.",
            escaped(&headings.join(", "))
        );
    }
    roff
}

fn header(arg: &Arg) -> String {
    let values: Vec<&str> = arg
        .get_value_names()
        .into_iter()
        .flatten()
        .map(clap::builder::Str::as_str)
        .collect();
    let more = if arg.is_positional() && arg.get_num_args().is_some_and(|n| n.max_values() > 1) {
        "..."
    } else {
        ""
    };
    let value = format!("\\fI{}\\fR{more}", escaped(&values.join(" ")));
    if arg.is_positional() {
        return value;
    }
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = [short, long]
        .into_iter()
        .flatten()
        .map(|name| format!("\\fB{}\\fR", escaped(&name)))
        .collect();
    let names = names.join(", ");
    if arg.get_action().takes_values() {
        format!("{names} {value}")
    } else {
        names
    }
}

fn body(arg: &Arg) -> String {
    let help = arg.get_long_help().or_else(|| arg.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let mut body = prose_of(&sentence(&help));
    if !arg.get_action().takes_values() {
        return body;
    }
    let values = arg.get_possible_values();
    let described = values.iter().any(|value| value.get_help().is_some());
    if described {
        for value in &values {
            let what = value.get_help().map(ToString::to_string);
            let what = what.unwrap_or_default();
            let (name, what) = (escaped(value.get_name()), prose_of(&sentence(&what)));
            let _ = write!(body, "\n\\fB{name}\\fR: {what}");
        }
    } else if !values.is_empty() {
        let names: Vec<&str> = values
            .iter()
            .map(clap::builder::PossibleValue::get_name)
            .collect();
        let _ = write!(body, "\nOne of {}.", escaped(&names.join(", ")));
    }
    if let [default] = arg.get_default_values() {
        let default = default.to_string_lossy();
        let _ = write!(body, "\nThe default is \\fB{}\\fR.", escaped(&default));
    }
    body
}

/// `Name of the job [default: made from it]` as sentences.
fn sentence(help: &str) -> String {
    let help = help.trim();
    let text = match help
        .strip_suffix(']')
        .and_then(|help| help.split_once(" [default: "))
    {
        Some((help, default)) => format!("{help}. Default: {default}"),
        None => help.to_owned(),
    };
    if text.is_empty() || text.ends_with(['.', ':']) {
        text
    } else {
        format!("{text}.")
    }
}

fn about(command: &Command) -> String {
    let about = command.get_long_about().or_else(|| command.get_about());
    about.map(ToString::to_string).unwrap_or_default()
}

fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|verb| !verb.is_hide_set() && verb.get_name() != "help")
}

fn states() -> String {
    let meaning = |state| match state {
        RunState::Blocked => "Waits for other jobs",
        RunState::Queued => "Waits for its time, for a slot, or for its job or queue to be resumed",
        RunState::Retrying => "An attempt failed; waits for the next one",
        RunState::Running => "Its process is alive",
        RunState::Succeeded => "Final: its process exited with 0, or one of the `--success-codes`",
        RunState::Failed => "Final: its last attempt went wrong",
        RunState::Cancelled => "Final: somebody ended it, or removed its job before it started",
        RunState::Skipped => "Final: it was due and did not start",
    };
    let lines = RunState::ALL.map(|state| format!("`{}`\n: {}.\n", state.as_str(), meaning(state)));
    lines.concat()
}

fn reasons() -> String {
    let meaning = |reason| match reason {
        Reason::Exit => "Failed: its exit code is not one of success",
        Reason::Signal => "Failed: a signal ended it",
        Reason::Timeout => "Failed: it took longer than `--timeout`",
        Reason::Spawn => "Failed: its process could not be started; `show` has the system's words",
        Reason::Lost => "Failed: its process ended while nobody could see how",
        Reason::Shutdown => "Failed: the runner was stopped and ended it",
        Reason::Overlap => "Skipped: an earlier run of the job was unfinished",
        Reason::Missed => {
            "Skipped: due while no runner lived or the machine slept, and `--missed` skips those"
        }
        Reason::Expired => "Skipped: not started within `--deadline`",
        Reason::Dependency => "Skipped: what it waited for can no longer happen",
        Reason::Paused => "Skipped: due while the job was paused",
    };
    let all = [
        Reason::Exit,
        Reason::Signal,
        Reason::Timeout,
        Reason::Spawn,
        Reason::Lost,
        Reason::Shutdown,
        Reason::Overlap,
        Reason::Missed,
        Reason::Expired,
        Reason::Dependency,
        Reason::Paused,
    ];
    all.map(|reason| format!("`{}`\n: {}.\n", reason.as_str(), meaning(reason)))
        .concat()
}
