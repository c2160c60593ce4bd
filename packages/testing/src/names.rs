//! The addresses behind actors' names.

use crate::bootstrap::API;
use crate::setup::Setup;
use cosmwasm_std::Addr;
use std::cell::RefCell;
use std::collections::HashMap;

/// Addresses that were given to names, and for every other name one that is made from it.
#[derive(Clone, Default)]
pub(crate) struct Names(RefCell<HashMap<String, Addr>>);

impl Names {
    pub fn give(&mut self, name: &str, address: Addr) {
        self.0.get_mut().insert(name.into(), address);
    }

    pub fn address(&self, name: &str) -> Addr {
        if let Some(found) = self.0.borrow().get(name) {
            return found.clone();
        }
        let made = made_from(name);
        self.0.borrow_mut().insert(name.into(), made.clone());
        made
    }

    /// Feeds were set up before their feeders had addresses of their own.
    pub fn rename_feeders(&self, setup: &mut Setup) {
        for feed in &mut setup.feeds {
            for (index, feeder) in feed.config.feeders.iter_mut().enumerate() {
                let name = format!("feeder-{index}");
                if feeder.address == made_from(&name).as_str() {
                    feeder.address = self.address(&name).into();
                }
            }
        }
    }
}

/// The address that a name has unless it was given another.
pub(crate) fn made_from(name: &str) -> Addr {
    API().addr_make(name)
}
