//! The same strings in files: crontabs, job files, batches.

use crate::sandbox::Sandbox;
use crate::screen::on_screen;
use crate::strings::{STRINGS, obeyed};

/// Contents in which `@` stands for the string.
const CONTENTS: [(&str, &str); 16] = [
    ("crontab", "0 3 * * * echo @\n"),
    ("crontab", "61 3 * * * echo @\n"),
    ("crontab", "@ 3 * * * true\n"),
    ("crontab", "0 3 * * * @ true\n"),
    ("crontab", "A=@\n0 3 * * * true%@\n"),
    ("crontab", "CRON_TZ=@\n0 3 * * * true\n"),
    ("crontab", "MAILTO=@\n@\n"),
    (
        "jobs.toml",
        "[job.x]\nwhen = \"never\"\ncommand = '''@'''\n",
    ),
    (
        "jobs.toml",
        "[job.\"@\"]\nwhen = \"never\"\ncommand = \"true\"\n",
    ),
    ("jobs.toml", "[job.x]\nwhen = \"@\"\ncommand = \"true\"\n"),
    (
        "jobs.toml",
        "[job.x]\n@ = 1\nwhen = \"now\"\ncommand = \"true\"\n",
    ),
    ("jobs.toml", "@"),
    ("jobs.json", "{\"job\":{\"@\":{\"when\":\"never\"}}}"),
    ("batch", "true\n@\n"),
    ("batch", "{\"command\":\"@\",\"@\":1}\n"),
    ("batch", "{\"command\":\"true\",\"when\":\"@\"}\n"),
];

#[test]
fn no_string_of_any_file_reaches_a_terminal_raw() {
    std::thread::scope(|scope| {
        for (name, string) in STRINGS {
            scope.spawn(move || {
                let sandbox = Sandbox::new();
                for (file, content) in CONTENTS {
                    sandbox.write(file, content.replace('@', string));
                    let lines: &[&[&str]] = match file {
                        "crontab" => &[
                            &["import", "crontab", "crontab"],
                            &["run", "--until-idle", "--file", "crontab"],
                        ],
                        "batch" => &[&["add", "never", "--batch", "batch"]],
                        file => &[
                            &["apply", "--dry-run", file],
                            &["apply", file],
                            &["apply", "--prune", file],
                        ],
                    };
                    for words in lines {
                        let (code, bytes) = on_screen(&mut sandbox.command(*words));
                        let said = String::from_utf8_lossy(&bytes);
                        let what = format!("{name}: {words:?} of {content:?}");
                        assert!((0..=5).contains(&code), "{what}: exit {code}: {said}");
                        assert!(!said.contains("panicked"), "{what}: {said}");
                        assert_eq!(obeyed(&bytes), None, "{what}: {said:?}");
                    }
                }
                sandbox.check_integrity();
            });
        }
    });
}
