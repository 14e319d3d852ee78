//! The ledger of faults: every row of the contract is in it, and every test it names is there.

use std::collections::BTreeSet;
use std::fs;

use crate::source::{collect, top};

/// Rows of the ledger: the faults of the first column, and the rest of the line.
fn ledger(heading: &str) -> Vec<(Vec<String>, String)> {
    let text = fs::read_to_string(top().join("tests/FAULTS.md")).unwrap();
    let (_, section) = text.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
        .filter(|(faults, _)| *faults != "row")
        .map(|(faults, rest)| {
            (
                faults.split(", ").map(str::to_owned).collect(),
                rest.to_owned(),
            )
        })
        .collect()
}

#[test]
fn every_survived_fault_names_tests_that_exist() {
    let mut named = 0;
    let mut missing = Vec::new();
    for (faults, rest) in ledger("## Held") {
        let tests: Vec<&str> = rest
            .rsplit(" | ")
            .next()
            .unwrap()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect();
        assert!(!tests.is_empty(), "{faults:?} names no test");
        for test in tests {
            let (room, name) = test.rsplit_once("::").unwrap();
            let mut paths = Vec::new();
            for place in ["src", "tests"] {
                let place = top().join(place).join(room);
                if place.is_dir() {
                    collect(&place, &mut paths);
                }
                paths.push(place.with_extension("rs"));
            }
            let (plain, listed) = (format!("fn {name}("), format!("{name}:"));
            named += 1;
            let is_there = paths.iter().any(|path| {
                let text = fs::read_to_string(path).unwrap_or_default();
                text.contains(&plain) || text.contains(&listed)
            });
            if !is_there {
                missing.push(test.to_owned());
            }
        }
    }
    assert_eq!(missing, [""; 0]);
    assert!(named > 150, "{named} tests");
}

/// The faults of the contract: how many each letter has, and those that only should be survived.
const FAULTS: [(&str, u32); 5] = [("A", 24), ("B", 29), ("C", 17), ("D", 18), ("E", 26)];
const SHOULD: [&str; 22] = [
    "A7", "A14", "A15", "A18", "A19", "A22", "A23", "B17", "B25", "C9", "C12", "D5", "D7", "D11",
    "D14", "D15", "E8", "E16", "E19", "E24", "E25", "E26",
];

#[test]
fn every_fault_of_the_contract_is_held_or_has_its_reason() {
    let rows = |heading: &str| -> BTreeSet<String> {
        ledger(heading)
            .into_iter()
            .flat_map(|(faults, _)| faults)
            .collect()
    };
    let (held, open) = (rows("## Held"), rows("## Not held"));
    let all: BTreeSet<String> = FAULTS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number}")))
        .collect();
    let told: BTreeSet<String> = held.union(&open).cloned().collect();
    assert_eq!(told, all);
    assert!(held.is_disjoint(&open));
    let should = SHOULD.iter().filter(|row| held.contains(**row)).count();
    assert!(should >= 12, "{should}");
}
