//! What a step did, or why it was refused.

use crate::meter::Usage;
use cosmwasm_std::Event;
use cw_multi_test::error::AnyError;
use firebreak_messages::event::Fact;
use std::error::Error;
use std::fmt;

/// A step that went through.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Events of all its transactions, in order.
    pub events: Vec<Event>,
    /// What its last transaction touched.
    pub usage: Usage,
    /// Block time and height after it.
    pub now: u64,
    pub height: u64,
}

impl Outcome {
    /// Every fact of a type, in order.
    pub fn facts<T: Fact>(&self) -> Vec<T> {
        T::all(&self.events)
    }

    /// The one fact of a type. Panics, with the events that there were, when there is none or more than one.
    #[track_caller]
    pub fn fact<T: Fact>(&self) -> T {
        let mut facts = self.facts::<T>();
        match (facts.pop(), facts.len()) {
            (Some(fact), 0) => fact,
            (found, more) => {
                let types: Vec<&str> = self.events.iter().map(firebreak_messages::event::bare_type).collect();
                let count = usize::from(found.is_some()) + more;
                panic!("one {} was wanted, found {count} among {types:?}", T::NAME)
            }
        }
    }

    pub fn has<T: Fact>(&self) -> bool {
        !self.facts::<T>().is_empty()
    }

    /// Appends what came after.
    pub(crate) fn then(&mut self, next: Outcome) {
        self.events.extend(next.events);
        self.usage = next.usage;
        self.now = next.now;
        self.height = next.height;
    }
}

/// A step that was refused: nothing of its last transaction moved.
pub struct Refusal {
    pub error: AnyError,
    pub usage: Usage,
}

impl Refusal {
    /// The contract's own error, if it was one of this type.
    pub fn error_as<E: Error + Send + Sync + fmt::Debug + fmt::Display + 'static>(&self) -> Option<&E> {
        // The embedded chain adds a context for each message on the way; the error underneath is the one that counts.
        self.error.downcast_ref::<E>()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error.root_cause())
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

/// The result of a step. A test says what it wanted: [`Self::done`] or [`Self::refused`]; a step whose result nobody looks
/// at is a compiler warning, so that no refusal goes unnoticed.
#[must_use = "say what the step should do: .done() or .refused::<E>()"]
#[derive(Debug)]
pub struct Attempt(pub Result<Outcome, Refusal>);

impl Attempt {
    /// The outcome. Panics with the refusal's text when there is none.
    #[track_caller]
    pub fn done(self) -> Outcome {
        match self.0 {
            Ok(outcome) => outcome,
            Err(refusal) => panic!("the step was refused: {refusal:?}"),
        }
    }

    /// The refusal as the contract's own error. Panics when the step went through, or was refused for another reason.
    #[track_caller]
    pub fn refused<E: Error + Send + Sync + Clone + 'static>(self) -> E {
        let refusal = self.refusal();
        match refusal.error_as::<E>() {
            Some(error) => error.clone(),
            None => panic!("the step was refused by something else: {refusal:?}"),
        }
    }

    /// Asserts the exact error, for errors that cannot be cloned.
    #[track_caller]
    pub fn refused_with<E: Error + Send + Sync + PartialEq + 'static>(self, wanted: E) {
        let refusal = self.refusal();
        match refusal.error_as::<E>() {
            Some(error) => assert_eq!(*error, wanted),
            None => panic!("{wanted:?} was wanted, the step was refused by something else: {refusal:?}"),
        }
    }

    /// The refusal. Panics when the step went through.
    #[track_caller]
    pub fn refusal(self) -> Refusal {
        match self.0 {
            Ok(outcome) => panic!("the step went through: {:?}", outcome.events),
            Err(refusal) => refusal,
        }
    }

    /// [`Outcome::fact`] of a step that went through.
    #[track_caller]
    pub fn fact<T: Fact>(self) -> T {
        self.done().fact()
    }

    /// [`Outcome::facts`] of a step that went through.
    #[track_caller]
    pub fn facts<T: Fact>(self) -> Vec<T> {
        self.done().facts()
    }

    pub fn is_done(&self) -> bool {
        self.0.is_ok()
    }

    /// Goes on with another step if this one went through.
    pub(crate) fn and(self, next: impl FnOnce() -> Attempt) -> Attempt {
        match self.0 {
            Err(refusal) => Attempt(Err(refusal)),
            Ok(mut outcome) => match next().0 {
                Err(refusal) => Attempt(Err(refusal)),
                Ok(after) => {
                    outcome.then(after);
                    Attempt(Ok(outcome))
                }
            },
        }
    }
}
