//! A drill, for people.

use super::{Course, Outcome};
use crate::timeline::money;
use std::fmt::Write;

impl Outcome {
    /// Both timelines, and what was measured before and after.
    pub fn page(&self) -> String {
        let mut page = format!("{}: {}\n", self.drill.name(), self.drill.trouble());
        for (title, course) in [("without the procedure", &self.without), ("with the procedure", &self.with)] {
            let _ = writeln!(page, "\n{title}\n{}", timeline(course));
        }
        let _ = writeln!(
            page,
            "\n{}: {} without, {} with",
            self.drill.measured(),
            money(self.without.measured),
            money(self.with.measured)
        );
        page
    }
}

fn timeline(course: &Course) -> String {
    let lines = course.lines.iter().map(|line| {
        let (minutes, seconds) = (line.at / 60, line.at % 60);
        format!("  {minutes:>5}:{seconds:02}  {:<12} {}", line.level.to_string(), line.what)
    });
    lines.collect::<Vec<_>>().join("\n")
}
