//! The table of kinds: one file for each capability, one line here for each kind. A new message gets a line.

use crate::machine::{kind, Kind};

mod drills;
mod fund;
mod governance;
mod liquidity;
mod prices;
mod procedure;
mod settlement;
mod strangers;
mod trading;

pub const KINDS: &[Kind] = &[
    kind("price moves", 60, prices::moves),
    kind("price gaps", 4, prices::gaps),
    kind("both prices again", 20, prices::again),
    kind("one feeder reports", 8, prices::one_feeder),
    kind("evaluate", 6, prices::evaluate),
    kind("a block passes", 10, prices::next_block),
    kind("minutes pass", 6, prices::minutes),
    kind("hours pass", 3, prices::hours),
    kind("silence", 2, prices::silence),
    kind("open", 40, trading::open),
    kind("close", 16, trading::close),
    kind("place", 30, trading::place),
    kind("place to reduce", 12, trading::place_reduce),
    kind("cancel", 10, trading::cancel),
    kind("execute orders", 40, trading::execute),
    kind("add collateral", 14, trading::add_collateral),
    kind("add to somebody else", 3, trading::add_to_another),
    kind("withdraw", 12, trading::withdraw),
    kind("liquidate", 24, trading::liquidate),
    kind("collect parked", 6, trading::collect_parked),
    kind("cancel parked", 4, trading::cancel_parked),
    kind("provide", 8, liquidity::provide),
    kind("ask to leave the pool", 8, liquidity::request),
    kind("take the request back", 3, liquidity::take_back),
    kind("claim from the pool", 10, liquidity::claim),
    kind("recapitalize", 2, liquidity::recapitalize),
    kind("sweep fees", 6, fund::sweep),
    kind("add first loss", 3, fund::add_first_loss),
    kind("stake", 5, fund::stake),
    kind("ask to unstake", 5, fund::request),
    kind("take the unstaking back", 2, fund::take_back),
    kind("claim the stake", 6, fund::claim),
    kind("fees for the fund", 2, fund::receive_fees),
    kind("one of the council confirms", 4, procedure::one_confirms),
    kind("the council restricts", 6, procedure::restricts),
    kind("accept a role", 2, procedure::accept_role),
    kind("complete a role", 2, procedure::complete_role),
    kind("schedule", 3, procedure::schedule),
    kind("cancel an operation", 2, procedure::cancel),
    kind("execute an operation", 3, procedure::execute),
    kind("govern: market", 1, governance::market),
    kind("govern: vault", 1, governance::vault),
    kind("govern: contest", 1, governance::contest),
    kind("govern: feed", 1, governance::feed),
    kind("govern: hook", 1, governance::hook),
    kind("govern: rules", 1, governance::rules),
    kind("govern: restrict", 1, governance::restrict),
    kind("govern: lift", 1, governance::lift),
    kind("govern: signal", 1, governance::signal),
    kind("govern: fund", 1, governance::fund),
    kind("govern: inject", 1, governance::inject),
    kind("govern: register a vault", 1, governance::register),
    kind("govern: unregister a vault", 1, governance::unregister),
    kind("govern: propose a role", 1, governance::propose_role),
    kind("govern: revoke a role", 1, governance::revoke_role),
    kind("govern: delays", 1, governance::delays),
    kind("govern: council", 1, governance::council),
    kind("govern: migrate", 1, governance::migrate),
    kind("govern: settle a market", 1, governance::settle_market),
    kind("govern: settle the vault", 1, governance::settle_vault),
    kind("an hour of prices", 1, prices::an_hour),
    kind("settle accounts", 6, settlement::accounts),
    kind("pay the settlement", 6, settlement::pay),
    kind("break a contract", 3, drills::break_one),
    kind("repair all", 6, drills::repair),
    kind("strangers are refused", 8, strangers::refused),
];
