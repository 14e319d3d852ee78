//! The hooks of the runs: what each is told, and its end on its way to the core.

use chrono::Utc;

use crate::os::{fs, users};

use super::super::core::Event;
use super::super::hooks::{Followed, HookEnd};
use super::super::ledger::{HookStart, Mail};
use super::super::mail::{self, Letter, Sender};
use super::Driver;

impl Driver {
    pub(super) fn start_hook(&mut self, start: &HookStart) {
        let text = match &start.mail {
            Some(mail) => self.letter(start, mail),
            None => (self.describe)(&start.run, &start.attempts),
        };
        let hook = Followed::of(&self.launcher, start);
        let starting = self.parents.hook(&self.launcher.hook(start, text));
        let tell = self.tell_hook.clone();
        tokio::spawn(async move {
            let _ = tell.send(hook.end(starting).await);
        });
    }

    pub(super) fn hear_hook(&mut self, end: Option<HookEnd>) {
        let Some(HookEnd {
            hook,
            what,
            failure,
        }) = end
        else {
            return;
        };
        if let Some(failure) = &failure {
            self.say(&format!("{what} failed: {failure}"));
        }
        self.feed(Event::HookEnded(hook, failure));
    }

    fn letter(&self, start: &HookStart, mail: &Mail) -> String {
        let user = users::name_of(fs::effective_uid());
        mail::message(&Letter {
            to: &start.hook.command,
            run: &start.run,
            command: &mail.command,
            output: mail.output.as_ref(),
            id: &self.launcher.mark_of_hook(start.hook.id).replace('/', "."),
            sender: &Sender::new(user.as_deref(), &users::host()),
            now: Utc::now(),
            zone: (self.zone)(),
        })
    }
}
