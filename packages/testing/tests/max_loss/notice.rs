//! What the timelock's shortest delay lets a thief take whom nobody cancels: first loss into the pool. What else waits an hour takes
//! nothing from anybody.

use crate::stage::*;
use firebreak_messages::guardian::OperationScheduled;
use firebreak_messages::insurance_fund::ExecuteMsg as FundMsg;
use firebreak_testing::*;

/// All of it is asked for, as soon as may be and once more at the end: the fund's window lets out what it does.
pub fn inject(world: &mut World, seconds: u64) {
    let until = world.now() + seconds;
    let vault = world.addresses.derivatives_vault.to_string();
    let call = world.call(Code::Insurance, &FundMsg::Inject { vault, amount: usd(1_000_000) });
    let operations = [call.clone(), call].map(|call| world.schedule(vec![call]).fact::<OperationScheduled>());
    for (operation, at) in operations.iter().zip([operations[1].ready_at, until - HOUR / 4]) {
        world.advance_to(at.max(world.now()));
        world.refresh().done();
        world.execute_operation(operation.operation).done();
    }
}
