//! Clocks: the one timer the runner sleeps on, and the names of this boot.
//!
//! The timer is absolute and on the wall clock, so that a due time needs no arithmetic and a suspended
//! machine wakes late but right. Nobody reads the wall clock here: `now` is an argument everywhere else.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Ready;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

/// Where a disarmed timer points: far enough never to come, and armed, because the kernel reports a
/// clock step only through an armed timer.
const NEVER: i64 = 1 << 40;

/// Why the wall timer woke us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimerEvent {
    /// The instant last set has come.
    Due,
    /// Somebody set the wall clock, or the machine woke from sleep. The instant stays set.
    ClockChanged,
}

/// An alarm on the wall clock that also rings when the clock is set.
#[derive(Debug)]
pub(crate) struct WallTimer {
    timer: AsyncFd<OwnedFd>,
    /// A clock step that `set` found before `fired` could: the kernel reports each step once.
    stepped: Notify,
}

impl WallTimer {
    /// A disarmed timer. Needs the runtime that will wait for it.
    pub(crate) fn new() -> io::Result<Self> {
        let timer = timerfd_create(
            TimerfdClockId::Realtime,
            TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
        )?;
        let timer = Self {
            timer: super::ready::readable(timer)?,
            stepped: Notify::new(),
        };
        timer.set(None)?;
        Ok(timer)
    }

    /// Sets the next instant; `None` leaves only the alarm for clock steps.
    pub(crate) fn set(&self, at: Option<DateTime<Utc>>) -> io::Result<()> {
        let (secs, nanos) = at.map_or((NEVER, 0), |at| {
            (at.timestamp(), i64::from(at.timestamp_subsec_nanos()))
        });
        // All zero would disarm, and negative is refused: what lies before 1970 is simply due.
        let at = if secs < 0 { (0, 1) } else { (secs, nanos) };
        let at = if at == (0, 0) { (0, 1) } else { at };
        let spec = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: at.0,
                tv_nsec: at.1,
            },
        };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        match timerfd_settime(self.timer.get_ref(), flags, &spec) {
            Ok(_) => Ok(()),
            // The timer is set all the same; the error says that the clock was stepped since the last
            // look, and says it only here.
            Err(Errno::CANCELED) => {
                self.stepped.notify_one();
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the instant or a clock step. Dropping the wait loses nothing.
    pub(crate) async fn fired(&self) -> io::Result<TimerEvent> {
        tokio::select! {
            biased;
            () = self.stepped.notified() => Ok(TimerEvent::ClockChanged),
            event = self.read() => event,
        }
    }

    async fn read(&self) -> io::Result<TimerEvent> {
        loop {
            let mut guard = self.timer.readable().await?;
            let mut expirations = [0_u8; 8];
            match rustix::io::read(self.timer.get_ref(), &mut expirations) {
                Ok(_) => return Ok(TimerEvent::Due),
                Err(Errno::CANCELED) => return Ok(TimerEvent::ClockChanged),
                Err(Errno::AGAIN) => guard.clear_ready_matching(Ready::READABLE),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A clock that ticks while it is set, for a thread that sleeps else.
#[derive(Debug)]
pub(crate) struct Ticker(OwnedFd);

impl Ticker {
    pub(crate) fn new() -> io::Result<Self> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?;
        Ok(Self(timer))
    }

    /// Ticks so often from now on; zero is never.
    pub(crate) fn set(&self, every: Duration) {
        self.arm(every, every);
    }

    /// Ticks once, after this span.
    pub(crate) fn once(&self, after: Duration) {
        // Zero would be never.
        self.arm(after.max(Duration::from_nanos(1)), Duration::ZERO);
    }

    fn arm(&self, first: Duration, every: Duration) {
        let span = |span: Duration| Timespec {
            tv_sec: span.as_secs().try_into().unwrap_or(i64::MAX),
            tv_nsec: span.subsec_nanos().into(),
        };
        let spec = Itimerspec {
            it_interval: span(every),
            it_value: span(first),
        };
        // Nothing of what it refuses is said here.
        let _ = timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &spec);
    }

    /// Waits for a tick.
    pub(crate) fn tick(&self) -> io::Result<()> {
        let mut ticks = [0_u8; 8];
        rustix::io::retry_on_intr(|| rustix::io::read(&self.0, &mut ticks))?;
        Ok(())
    }
}

impl AsFd for Ticker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The kernel's name for this boot: a pid and a start time mean something only together with it.
pub(crate) fn boot_id() -> io::Result<String> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(id.trim().to_owned())
}

/// A name for this start of the machine *or container*, for `@reboot`.
///
/// Containers on one host share a boot id, and the kernel hands the number of a dead pid namespace out
/// again; the start time of the namespace's first process tells two starts of a container apart.
pub(crate) fn boot_instance() -> io::Result<String> {
    let boot = boot_id()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid")
        .map_or_else(|_| "-".to_owned(), |link| link.display().to_string());
    let init = super::proc::stat(1).map_or(0, |stat| stat.start);
    Ok(format!("{boot}/{namespace}/{init}"))
}

/// Time since boot, sleep included.
pub(crate) fn boottime() -> Duration {
    since_boot(ClockId::Boottime)
}

/// A moment of the clock above as `/proc/PID/stat` tells it: in whole clock ticks (proc(5), `starttime`).
pub(crate) fn ticks(since_boot: Duration) -> u64 {
    const NANOSECONDS: u64 = 1_000_000_000;
    let tick = NANOSECONDS / rustix::param::clock_ticks_per_second().max(1);
    u64::try_from(since_boot.as_nanos()).unwrap_or(u64::MAX) / tick
}

/// Time since boot, sleep left out: what timeouts count.
pub(crate) fn monotonic() -> Duration {
    since_boot(ClockId::Monotonic)
}

fn since_boot(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(
        u64::try_from(time.tv_sec).expect("these clocks start at zero"),
        u32::try_from(time.tv_nsec).expect("nanoseconds within a second"),
    )
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn now() -> DateTime<Utc> {
        SystemTime::now().into()
    }

    #[tokio::test]
    async fn a_timer_is_never_early() {
        let timer = WallTimer::new().unwrap();
        let at = now() + Duration::from_millis(30);
        timer.set(Some(at)).unwrap();
        assert_eq!(timer.fired().await.unwrap(), TimerEvent::Due);
        assert!(now() >= at);
    }

    #[tokio::test]
    async fn instants_long_past_are_due_at_once() {
        let timer = WallTimer::new().unwrap();
        for at in [
            DateTime::UNIX_EPOCH,
            DateTime::<Utc>::MIN_UTC,
            now() - Duration::from_secs(5),
        ] {
            timer.set(Some(at)).unwrap();
            assert_eq!(timer.fired().await.unwrap(), TimerEvent::Due);
        }
    }

    #[tokio::test]
    async fn a_disarmed_timer_stays_silent_even_after_it_was_due() {
        let timer = WallTimer::new().unwrap();
        timer.set(Some(DateTime::UNIX_EPOCH)).unwrap();
        timer.set(None).unwrap();
        let wait = tokio::time::timeout(Duration::from_millis(50), timer.fired());
        assert!(wait.await.is_err());
        timer.set(Some(DateTime::<Utc>::MAX_UTC)).unwrap();
        let wait = tokio::time::timeout(Duration::from_millis(50), timer.fired());
        assert!(wait.await.is_err());
    }

    #[tokio::test]
    async fn dropping_the_wait_loses_nothing() {
        let timer = WallTimer::new().unwrap();
        timer.set(Some(now() + Duration::from_millis(20))).unwrap();
        for _ in 0..10 {
            let wait = tokio::time::timeout(Duration::from_millis(1), timer.fired());
            if wait.await.is_ok() {
                return;
            }
        }
        assert_eq!(timer.fired().await.unwrap(), TimerEvent::Due);
    }

    #[test]
    fn this_boot_has_a_name() {
        assert_eq!(boot_id().unwrap().len(), 36);
        assert!(boot_instance().unwrap().starts_with(&boot_id().unwrap()));
        // In this order, since time passes between the two looks.
        let awake = monotonic();
        assert!(boottime() >= awake);
    }
}
