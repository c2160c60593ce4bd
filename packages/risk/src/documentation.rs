//! The page and the code name each other.

use std::path::Path;

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formulas.md")).unwrap()
}

/// The anchor that Markdown viewers give a heading.
fn anchor(heading: &str) -> String {
    heading
        .trim()
        .to_lowercase()
        .chars()
        .filter(|character| character.is_alphanumeric() || " -".contains(*character))
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

fn sources(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            text.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_section_that_the_code_names_exists_and_every_section_has_an_example() {
    let page = page();
    let anchors: Vec<String> = page.lines().filter_map(|line| line.strip_prefix("## ")).map(anchor).collect();
    let mut code = String::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut code);
    let marker = ["docs/formulas", ".md#"].concat();
    let named: Vec<&str> = code
        .split(marker.as_str())
        .skip(1)
        .map(|rest| rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).next().unwrap())
        .collect();
    assert!(named.len() > 20);
    for name in named {
        assert!(anchors.iter().any(|anchor| anchor == name), "no section {name}");
    }
    for section in page.split("\n## ").skip(1) {
        let heading = section.lines().next().unwrap();
        let example = section.split("Worked example (`").nth(1);
        let Some(test) = example.and_then(|rest| rest.split('`').next()) else {
            assert_eq!(heading, "Units", "{heading} has no worked example");
            continue;
        };
        assert!(code.contains(&format!("fn {test}()")), "{heading} names {test}, which is no test");
    }
}
