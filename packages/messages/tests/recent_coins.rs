//! Coins that came into an account lately: what is late for a price, and what leaves first.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use firebreak_messages::derivatives_vault::{Account, RECENT_COINS_MAX};
use firebreak_risk::Amount;

const DELAY: u64 = 10;

fn units(units: u64) -> Amount {
    Amount::from_units(units)
}

/// Of payments at these seconds.
fn account(paid: &[(u64, u64)]) -> Account {
    let mut account = Account::default();
    for (at, amount) in paid {
        account.add_coins(units(*amount), *at).unwrap();
    }
    account
}

fn late(account: &Account, published_at: u64) -> Amount {
    account.coins_too_late(published_at, DELAY).unwrap()
}

#[test]
fn coins_are_late_for_a_price_like_an_order_that_was_placed_with_them() {
    //
    let account = account(&[(100, 1), (105, 2), (105, 4), (107, 8)]);
    assert_eq!((account.cash, account.recent.len()), (units(15).signed().unwrap(), 3));
    for (published_at, wanted) in [(0, 15), (109, 15), (110, 14), (114, 14), (115, 8), (116, 8), (117, 0)] {
        assert_eq!(late(&account, published_at), units(wanted), "{published_at}");
    }
}

#[test]
fn the_newest_leave_first() {
    for (taken, left, kinds) in [(0, 7, 3), (3, 4, 3), (4, 3, 2), (6, 1, 1), (7, 0, 0), (50, 0, 0)] {
        let mut account = account(&[(100, 1), (101, 2), (102, 4)]);
        account.cash = units(50).signed().unwrap();
        account.take_coins(units(taken)).unwrap();
        assert_eq!(account.cash, units(50 - taken).signed().unwrap(), "{taken}");
        assert_eq!((late(&account, 100), account.recent.len()), (units(left), kinds), "{taken}");
    }
}

#[test]
fn an_order_uses_what_was_there_when_it_was_placed() {
    for (until, left) in [(99, 7), (100, 6), (101, 4), (102, 4)] {
        let mut account = account(&[(100, 1), (101, 2), (102, 4)]);
        account.use_coins(units(3), until);
        assert_eq!((late(&account, 100), account.cash), (units(left), units(7).signed().unwrap()), "{until}");
    }
}

#[test]
fn of_one_too_many_the_two_oldest_count_as_the_older() {
    let paid: Vec<_> = (0..=RECENT_COINS_MAX as u64).map(|number| (100 + number, 1)).collect();
    let account = account(&paid);
    let found: Vec<_> = account.recent.iter().map(|coins| (coins.at, coins.amount)).collect();
    assert_eq!(found.len(), RECENT_COINS_MAX);
    assert_eq!(found[..2], [(100, units(2)), (102, units(1))]);
}
