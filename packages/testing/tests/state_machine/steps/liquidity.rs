use crate::machine::Machine;
use firebreak_messages::derivatives_vault::ExecuteMsg;
use firebreak_risk::PoolShares;
use firebreak_testing::*;

pub fn provide(m: &mut Machine) -> bool {
    let (name, amount) = (m.provider(), m.dice.between(1, 200_000) as u64);
    m.world.provide(&name, usd(amount)).is_done()
}

pub fn request(m: &mut Machine) -> bool {
    let name = m.provider();
    let shares = m.world.provider(&name).shares.atoms();
    let part = PoolShares::from_atoms(m.part_of_atoms(shares));
    m.world.request_withdrawal(&name, part).is_done()
}

fn waiting(m: &mut Machine) -> Option<(String, u64)> {
    let name = m.provider();
    let requests = m.world.provider(&name).requests;
    if requests.is_empty() {
        return None;
    }
    let request = m.dice.pick(&requests).request;
    Some((name, request))
}

pub fn take_back(m: &mut Machine) -> bool {
    waiting(m).is_some_and(|(name, request)| m.world.cancel_withdrawal(&name, request).is_done())
}

/// Waits for the cool-down now and then, or nobody would ever be in time.
pub fn claim(m: &mut Machine) -> bool {
    let Some((name, request)) = waiting(m) else { return false };
    if m.dice.one_in(2) {
        let matures_at =
            m.world.provider(&name).requests.iter().find(|waiting| waiting.request == request).map(|of| of.matures_at);
        m.world.advance_to(matures_at.unwrap_or(0));
        let _ = m.world.refresh();
    }
    let claimed = m.world.claim_withdrawal(&name, request).is_done();
    // Now and then nobody executes it, and the next one executes both.
    if m.dice.one_in(4) {
        return claimed;
    }
    m.world.pay_claims().is_done() && claimed
}

/// The kind that claims has most of them executed; here it is what the others have left, often nothing.
pub fn execute_claims(m: &mut Machine) -> bool {
    let waiting = m.world.claims_wait();
    m.world.execute_claims_alone().is_done() || !waiting
}

pub fn recapitalize(m: &mut Machine) -> bool {
    let amount = usd(m.dice.between(1, 50_000) as u64);
    m.world.fund("benefactor", amount);
    m.world.send("benefactor", Code::Vault, &ExecuteMsg::Recapitalize {}, amount).is_done()
}
