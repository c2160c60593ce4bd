//! Every sequence of steps up to a depth, breadth first, so that what is found is found by the shortest way. A state that was seen is not
//! gone through again: the same storage, block and past have the same future.

use crate::goes_on::{covers, goes_on, Cover};
use crate::judge::{judge, Move};
use crate::past::Past;
use crate::scene::Scene;
use crate::steps::{take, Step, STEPS};
use crate::strangers::{privileges, refused};
use crate::view::View;
use firebreak_testing::*;
use std::collections::HashSet;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// What was broken, and the steps to it.
#[derive(Debug)]
pub struct Finding {
    pub what: String,
    pub path: Vec<Step>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {:?}", self.what, self.path)
    }
}

#[derive(Debug)]
pub struct Figures {
    pub depth: usize,
    pub states: usize,
    /// Steps that were taken, and steps that were refused.
    pub transitions: u64,
    pub refused: u64,
    /// Messages of those who have no right to them.
    pub strangers: u64,
    /// States from which everything was found to go on.
    pub went_on: u64,
    /// States that are reduce-only already, that the council can restrict, that only a rule can.
    pub covered: [u64; 3],
    /// The most coins that left on any path.
    pub left: u128,
    /// How often each step was taken.
    pub taken: [u64; STEPS.len()],
    pub seconds: f64,
}

impl Figures {
    fn new(depth: usize) -> Self {
        let (states, transitions, refused, strangers, went_on) = (1, 0, 0, 0, 0);
        let (covered, taken, seconds) = ([0; 3], [0; STEPS.len()], 0.0);
        let left = 0;
        Self { depth, states, transitions, refused, strangers, went_on, covered, left, taken, seconds }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { depth, states, transitions, refused, strangers, went_on, covered, left, taken, seconds } = self;
        write!(
            f,
            "{} steps, depth {depth}: {states} states, {transitions} transitions, {refused} refused steps, {strangers} refused strangers, \
             {went_on} states gone on from, reduce-only already, by the council, by a rule {covered:?}, at most {left} left, {seconds:.1} s",
            STEPS.len()
        )?;
        for (step, _) in STEPS.iter().zip(taken).filter(|(_, times)| **times == 0) {
            write!(f, "; never {step:?}")?;
        }
        Ok(())
    }
}

/// A way that is to be gone further.
struct Way {
    path: Vec<Step>,
    past: Past,
    print: (u64, u64),
}

/// `every`: from one of so many states it is found out whether everything goes on, and from all within one step.
pub fn search(scene: &mut Scene, depth: usize, every: u64) -> Result<Figures, Finding> {
    let (began, mut figures) = (Instant::now(), Figures::new(depth));
    let root = scene.world.moment();
    let privileges = privileges(&scene.world, 1);
    let mut seen = HashSet::new();
    let mut ways = vec![Way { path: vec![], past: scene.past.clone(), print: scene.world.fingerprint() }];
    seen.insert((ways[0].print, hash_of(&ways[0].past)));
    for level in 0..depth {
        let mut further = vec![];
        for (number, way) in ways.iter().enumerate() {
            let found = |path: &[Step], what: String| Finding { what, path: path.to_vec() };
            walk(scene, &root, way);
            let here = scene.world.moment();
            let before = View::of(&scene.world);
            figures.strangers +=
                refused(&mut scene.world, &privileges, number).map_err(|what| found(&way.path, what))?;
            for (index, step) in STEPS.into_iter().enumerate() {
                scene.world.go_back_to(&here);
                let mut past = way.past.clone();
                let Some(outcome) = take(&mut scene.world, &mut past, &scene.raised, step) else {
                    figures.refused += 1;
                    continue;
                };
                figures.transitions += 1;
                figures.taken[index] += 1;
                let path = [&way.path[..], &[step]].concat();
                let after = View::of(&scene.world);
                past.lived(&before, &after);
                let taken =
                    Move { step, outcome: &outcome, before: &before, past: &way.past, after: &after, now_past: &past };
                judge(scene, taken).map_err(|what| found(&path, what))?;
                if let Some(violation) = scene.world.tally().kept.first() {
                    return Err(found(&path, format!("0: an invariant of every World: {violation}")));
                }
                figures.left = figures.left.max(past.left.iter().map(|(_, left)| left).sum());
                let print = scene.world.fingerprint();
                if !seen.insert((print, hash_of(&past))) {
                    continue;
                }
                figures.states += 1;
                if level == 0 || print.0.is_multiple_of(every) {
                    let there = scene.world.moment();
                    goes_on(scene, &past).map_err(|what| found(&path, what))?;
                    figures.went_on += 1;
                    scene.world.go_back_to(&there);
                }
                let cover = covers(scene, &after, &mut past.clone()).map_err(|what| found(&path, what))?;
                figures.covered[match cover {
                    Cover::Already => 0,
                    Cover::Council => 1,
                    Cover::Rule => 2,
                }] += 1;
                if level + 1 < depth {
                    further.push(Way { path, past, print });
                }
            }
        }
        ways = further;
    }
    figures.seconds = began.elapsed().as_secs_f64();
    scene.world.go_back_to(&root);
    Ok(figures)
}

/// Goes a way again from the start: cheaper than to keep a moment of each.
fn walk(scene: &mut Scene, root: &Moment, way: &Way) {
    scene.world.go_back_to(root);
    let mut past = scene.past.clone();
    for step in &way.path {
        let taken = take(&mut scene.world, &mut past, &scene.raised, *step);
        assert!(taken.is_some(), "{step:?} of {:?} was taken before", way.path);
    }
    assert_eq!(scene.world.fingerprint(), way.print, "the same steps lead elsewhere: {:?}", way.path);
}

fn hash_of(past: &Past) -> u64 {
    let mut hasher = DefaultHasher::new();
    past.hash(&mut hasher);
    hasher.finish()
}
