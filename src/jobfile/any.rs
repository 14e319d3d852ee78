//! Bytes that nobody would write: what the fuzzers of `tests/fuzz` try for hours is tried here for a
//! moment, so that their laws are held by every test run.

use std::path::Path;

#[path = "../../tests/fuzz/src/laws.rs"]
mod laws;
#[path = "../../tests/fuzz/src/mutation.rs"]
mod mutation;

#[test]
fn any_input_is_read_or_refused() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds");
    for target in laws::names() {
        let inputs = mutation::Mutator::new(&seeds.join(target), 20_261_201).unwrap();
        for input in inputs.take(300) {
            laws::hold(target, &input);
        }
    }
}
