use crate::machine::Machine;
use firebreak_messages::insurance_fund::{ExecuteMsg, QueryMsg, StakerResponse};
use firebreak_risk::{Amount, FundShares};
use firebreak_testing::*;

pub fn sweep(m: &mut Machine) -> bool {
    m.world.sweep_fees().is_done()
}

pub fn report_breach(m: &mut Machine) -> bool {
    use firebreak_messages::derivatives_vault::{ExecuteMsg, SolvencyReported};
    let reported = m.world.send("anyone", Code::Vault, &ExecuteMsg::ReportBreach {}, Amount::ZERO);
    reported.0.is_ok_and(|outcome| {
        // What nobody reports is that a check of the last frame holds no more.
        assert!(outcome.facts::<SolvencyReported>().iter().all(|fact| fact.breached_since == 0), "a check is broken");
        true
    })
}

pub fn add_first_loss(m: &mut Machine) -> bool {
    let amount = m.dice.between(1, 20_000) as u64;
    m.world.add_first_loss("treasury", usd(amount)).is_done()
}

pub fn stake(m: &mut Machine) -> bool {
    let (name, amount) = (m.staker(), m.dice.between(1, 50_000) as u64);
    m.world.stake(&name, usd(amount)).is_done()
}

fn staker(m: &mut Machine) -> Option<(String, StakerResponse)> {
    let name = m.staker();
    let address = m.world.address(&name).to_string();
    let found = m.world.try_query(Code::Insurance, &QueryMsg::Staker { address }).ok()?;
    Some((name, found))
}

pub fn request(m: &mut Machine) -> bool {
    let Some((name, staker)) = staker(m) else { return false };
    let shares = FundShares::from_atoms(m.part_of_atoms(staker.shares.atoms()));
    m.world.send(&name, Code::Insurance, &ExecuteMsg::RequestUnstake { shares }, Amount::ZERO).is_done()
}

pub fn take_back(m: &mut Machine) -> bool {
    let Some((name, staker)) = staker(m) else { return false };
    let Some(first) = staker.requests.first() else { return false };
    let msg = ExecuteMsg::CancelUnstake { request: first.request };
    m.world.send(&name, Code::Insurance, &msg, Amount::ZERO).is_done()
}

/// Waits for the cool-down now and then.
pub fn claim(m: &mut Machine) -> bool {
    let Some((name, staker)) = staker(m) else { return false };
    let Some(first) = staker.requests.first() else { return false };
    if m.dice.one_in(2) {
        m.world.advance_to(first.matures_at);
        let _ = m.world.refresh();
    }
    let msg = ExecuteMsg::ClaimUnstake { request: first.request, amount_min: Amount::ZERO };
    m.world.send(&name, Code::Insurance, &msg, Amount::ZERO).is_done()
}

pub fn receive_fees(m: &mut Machine) -> bool {
    let amount = usd(m.dice.between(1, 5_000) as u64);
    m.world.fund("benefactor", amount);
    m.world.send("benefactor", Code::Insurance, &ExecuteMsg::ReceiveFees {}, amount).is_done()
}
