//! A systemd unit for a runner: a text that its reader installs, so every surprising line says why.
//!
//! Whatever a unit forbids is forbidden to the jobs, too. So the block at its end holds what ordinary commands
//! never miss, and less of it where the jobs are those of root, which administer the machine.

use std::fmt::Write as _;

/// What a unit is about.
#[derive(Debug, Clone)]
pub(crate) struct Unit<'a> {
    pub manager: Manager,
    /// Absolute paths.
    pub binary: &'a str,
    pub database: &'a str,
    pub directory: &'a str,
    /// Jobs may call sudo, or a mailer that is set-uid.
    pub allows_setuid: bool,
}

/// Which systemd runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Manager {
    /// That of the machine; as this user, or as root.
    System(Option<String>),
    /// That of the user who installs it.
    User,
}

/// With all of these a process cannot gain rights, whatever it executes: for seccomp filters in the hands of
/// an unprivileged user, the kernel insists on it.
const WITHOUT_NEW_RIGHTS: &str = "\
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
";

const KERNEL: &str = "\
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
";

const FILES: &str = "\
ProtectSystem=full
ProtectControlGroups=yes
";

const FOR_ROOT: &str = "\
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
";

pub(crate) fn unit_text(unit: &Unit<'_>) -> String {
    let (place, control, target) = match unit.manager {
        Manager::System(_) => (
            "/etc/systemd/system/punctual.service",
            "systemctl",
            "multi-user.target",
        ),
        Manager::User => (
            "~/.config/systemd/user/punctual.service",
            "systemctl --user",
            "default.target",
        ),
    };
    let mut text = format!(
        "\
# A punctual runner. Save this as {place}, then:
#   {control} daemon-reload && {control} enable --now punctual

[Unit]
Description=punctual, jobs of {}
Documentation=man:punctual(1)
",
        one_line(unit.database)
    );
    if let Manager::System(_) = unit.manager {
        let directory = quoted(unit.directory);
        let _ = write!(
            text,
            "After=remote-fs.target nss-user-lookup.target time-sync.target\n\
             RequiresMountsFor={directory}\n"
        );
    }
    let _ = write!(
        text,
        "\n[Service]\nType=notify\nExecStart={} --db {} run\n",
        quoted(unit.binary),
        quoted(unit.database).replace('$', "$$")
    );
    if let Manager::System(Some(user)) = &unit.manager {
        let _ = writeln!(text, "User={user}");
    }
    text.push_str(
        "\
# SIGTERM is for the runner: it gives its jobs 25 s (run --grace) and ends what is left. Should the runner
# itself be killed, its jobs go on, and the next runner takes them over.
KillMode=process
TimeoutStopSec=40
Restart=on-failure
RestartSec=5
# Options or a job file that were not understood: another try would not help.
RestartPreventExitStatus=2
# A job that runs out of memory does not end the others.
OOMPolicy=continue
",
    );
    hardening(unit, &mut text);
    let _ = write!(text, "\n[Install]\nWantedBy={target}\n");
    text
}

fn hardening(unit: &Unit<'_>, text: &mut String) {
    let blocks: &[&str] = match (&unit.manager, unit.allows_setuid) {
        (Manager::System(None), _) => &[FOR_ROOT],
        (Manager::System(Some(_)), false) => &[WITHOUT_NEW_RIGHTS, KERNEL, FILES],
        (Manager::System(Some(_)), true) => &[FILES],
        (Manager::User, false) => &[WITHOUT_NEW_RIGHTS],
        (Manager::User, true) => return,
    };
    text.push_str(match (&unit.manager, unit.allows_setuid) {
        (Manager::System(None), _) => "\n# These jobs administer the machine, so little is forbidden.\n",
        (_, true) => "\n# This holds for the jobs, too.\n",
        (_, false) => {
            "\n# This holds for the jobs, too. If they call sudo, or a mailer that is set-uid (Postfix, Exim), write the\n\
             # unit with --allow-setuid.\n"
        }
    });
    text.extend(blocks.iter().copied());
}

/// A word of a unit file: specifiers and escapes mean nothing in it.
fn quoted(word: &str) -> String {
    let mut out = "\"".to_owned();
    for c in word.chars() {
        match c {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str("\\\""),
            '%' => out.push_str("%%"),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                for byte in c.encode_utf8(&mut bytes).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A path in a sentence.
fn one_line(path: &str) -> String {
    let plain = |c: char| if c.is_control() { '?' } else { c };
    path.chars()
        .map(plain)
        .collect::<String>()
        .replace('%', "%%")
}

#[cfg(test)]
mod tests {
    use super::{Manager, Unit, quoted, unit_text};

    fn unit(manager: Manager) -> Unit<'static> {
        Unit {
            manager,
            binary: "/usr/local/bin/punctual",
            database: "/var/lib/punctual/punctual.db",
            directory: "/var/lib/punctual",
            allows_setuid: false,
        }
    }

    #[test]
    fn the_unit_of_a_user_on_a_server() {
        assert_eq!(
            unit_text(&unit(Manager::System(Some("ann".to_owned())))),
            r#"# A punctual runner. Save this as /etc/systemd/system/punctual.service, then:
#   systemctl daemon-reload && systemctl enable --now punctual

[Unit]
Description=punctual, jobs of /var/lib/punctual/punctual.db
Documentation=man:punctual(1)
After=remote-fs.target nss-user-lookup.target time-sync.target
RequiresMountsFor="/var/lib/punctual"

[Service]
Type=notify
ExecStart="/usr/local/bin/punctual" --db "/var/lib/punctual/punctual.db" run
User=ann
# SIGTERM is for the runner: it gives its jobs 25 s (run --grace) and ends what is left. Should the runner
# itself be killed, its jobs go on, and the next runner takes them over.
KillMode=process
TimeoutStopSec=40
Restart=on-failure
RestartSec=5
# Options or a job file that were not understood: another try would not help.
RestartPreventExitStatus=2
# A job that runs out of memory does not end the others.
OOMPolicy=continue

# This holds for the jobs, too. If they call sudo, or a mailer that is set-uid (Postfix, Exim), write the
# unit with --allow-setuid.
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
SystemCallArchitectures=native
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectClock=yes
ProtectHostname=yes
ProtectSystem=full
ProtectControlGroups=yes

[Install]
WantedBy=multi-user.target
"#
        );
    }

    #[test]
    fn jobs_that_need_more_rights_get_them() {
        let setuid = |manager| {
            unit_text(&Unit {
                allows_setuid: true,
                ..unit(manager)
            })
        };
        let texts = [
            unit_text(&unit(Manager::System(None))),
            setuid(Manager::System(Some("ann".to_owned()))),
            setuid(Manager::User),
        ];
        // Each of these would imply NoNewPrivileges= for an unprivileged user.
        for text in texts {
            let implied = ["NoNewPrivileges", "RestrictSUIDSGID", "ProtectKernel"];
            assert!(!implied.iter().any(|word| text.contains(word)), "{text}");
            assert!(text.contains("KillMode=process\n"));
        }
        assert!(unit_text(&unit(Manager::User)).contains("NoNewPrivileges=yes\n"));
    }

    #[test]
    fn a_strange_path_stays_one_word() {
        assert_eq!(quoted("/a b/%h\"\\\n"), r#""/a b/%%h\"\\\x0a""#);
    }
}
