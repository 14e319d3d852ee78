//! `blind SEEDS SECONDS [SEED]`: each target for so long, with inputs that nobody chose; tells the
//! slowest, and fails at a panic and at an input slower than ten milliseconds.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use punctual_fuzz::{TARGETS, feed, inputs};

const TOO_SLOW: Duration = Duration::from_millis(10);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let [_, seeds, seconds, rest @ ..] = &words[..] else {
        eprintln!("usage: blind SEEDS SECONDS [SEED]");
        return ExitCode::from(2);
    };
    let length = Duration::from_secs(seconds.parse().expect("a number of seconds"));
    let seed = rest
        .first()
        .map_or(1, |seed| seed.parse().expect("a number"));
    let mut code = ExitCode::SUCCESS;
    for target in TARGETS {
        let directory = Path::new(seeds).join(target);
        let some = inputs(&directory, seed).expect("the seeds can be read");
        let (mut count, mut slowest) = (0_u64, (Duration::ZERO, Vec::new()));
        let begun = Instant::now();
        for input in some.take_while(|_| begun.elapsed() < length) {
            let took = time(target, &input);
            count += 1;
            if took > slowest.0 {
                slowest = (took, input);
            }
        }
        let shown = slowest.1.escape_ascii().to_string();
        let shown = shown.get(..shown.len().min(300)).unwrap_or(&shown);
        println!("{target}: {count} inputs, slowest {:?}: {shown}", slowest.0);
        if slowest.0 > TOO_SLOW {
            println!("{target}: slower than {TOO_SLOW:?}");
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// The shortest of some tries when the first is slow: the machine may have been busy.
fn time(target: &str, input: &[u8]) -> Duration {
    let once = || {
        let begun = Instant::now();
        if std::panic::catch_unwind(|| feed(target, input)).is_err() {
            eprintln!("{target}: {}", input.escape_ascii());
            std::process::exit(1);
        }
        begun.elapsed()
    };
    let first = once();
    if first < TOO_SLOW / 2 {
        return first;
    }
    (0..4).map(|_| once()).fold(first, Duration::min)
}
