//! dYdX v3, YFI, 2023-11-17, about $9M of the insurance fund: more than a hundred wallets went 5x long in a market of one name, profit
//! was used as margin for more, the price fell by a third. The margin had been raised too late, wallet by wallet.
//!
//! Unprotected: the suite with margin that does not look at the market's open interest, no share of a side's cap for an account and no
//! ask of the fund, which is what a `World` starts with. Protected: margin by open interest, 20 % of the cap for an account and open
//! interest of at most twenty times the fund. The crowd, its capital and the crash are the same.

use firebreak_incidents::*;
use firebreak_messages::MarketId;
use firebreak_risk::Size;
use firebreak_testing::*;

const YFI: MarketId = MarketId(9);
const WALLETS: usize = 40;
const CAPITAL: u64 = 12_000;
const FUND: u64 = 200_000;

/// Returns the crowd's open interest, in units, and what it left to others.
fn crowd(protected: bool) -> (i128, i128) {
    let mut world = WorldBuilder::empty()
        .market(YFI, "YFI", price("14000"), |market| {
            if protected {
                market.margin.open_interest_low = usd(1_000_000);
                market.margin.open_interest_high = usd(8_000_000);
                market.account_share_max = ratio("0.2");
                market.insurance_ratio_min = ratio("0.05");
            }
        })
        .guards(Guards::Off)
        .insurance(usd(FUND))
        .build();
    // The vault notes what the fund holds.
    world.sweep_fees().done();
    let names: Vec<String> = (0..WALLETS).map(|index| format!("wallet-{index}")).collect();
    for name in &names {
        world.add_collateral(name, usd(CAPITAL)).done();
        // As much as is taken: halving what was refused.
        let mut wanted = Size::from_units(14).atoms();
        while wanted > Size::from_units(1).atoms() / 100 {
            let before = world.position_size(name, YFI);
            let _ = place(&mut world, name, YFI, Size::from_atoms(wanted));
            world.fill(YFI, price("14000")).done();
            if world.position_size(name, YFI) == before {
                wanted /= 2;
            }
        }
    }
    let open: i128 = names.iter().map(|name| world.position_size(name, YFI).atoms()).sum();
    let open_units = open / 1_000_000_000_000 * 14_000 / 1_000_000;
    world.price(YFI, price("9800")).done();
    for chunk in names.chunks(10) {
        let accounts = chunk.iter().map(|name| world.account_id(name)).collect();
        world.liquidate_by("keeper", accounts).done();
    }
    (open_units, world.losses().deficit.atoms() as i128)
}

#[test]
fn a_crowd_of_wallets_meets_a_margin_that_looks_at_all_of_them() {
    //
    let ((weak_open, weak), (real_open, real)) = (crowd(false), crowd(true));
    assert!(weak > 1_500_000_000_000, "{weak}");
    assert!(real * 3 < weak, "{real} against {weak}");
    assert!(real_open <= i128::from(FUND) * 20, "{real_open}");
    figures(
        "dYdX 2023-11-17, a crowd in one name",
        &format!("open interest {weak_open}, others pay {}", units(weak)),
        &format!("open interest {real_open}, others pay {}", units(real)),
    );
}
