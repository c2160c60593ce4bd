use super::*;

/// Every action once; the match fails to compile when one is added and not listed.
fn all() -> Vec<Action> {
    use Action::*;
    let listed = |action: &Action| match action {
        IncreaseExposure
        | ReduceExposure
        | Cancel
        | ExecuteOrders
        | AddCollateral
        | WithdrawCollateral
        | Liquidate
        | ProvideLiquidity
        | RequestLiquidityWithdrawal
        | CollectParked
        | ClaimLiquidityWithdrawal
        | SweepFees
        | Configure
        | Recapitalize
        | Settle
        | ReportBreach => true,
    };
    let all = vec![
        IncreaseExposure,
        ReduceExposure,
        Liquidate,
        WithdrawCollateral,
        ProvideLiquidity,
        ClaimLiquidityWithdrawal,
        Cancel,
        ExecuteOrders,
        AddCollateral,
        RequestLiquidityWithdrawal,
        CollectParked,
        SweepFees,
        Configure,
        Recapitalize,
        Settle,
        ReportBreach,
    ];
    assert!(all.iter().all(listed));
    all
}

//
#[test]
fn every_cell_of_the_matrix_is_what_the_page_says() {
    let written: Vec<String> = all()
        .into_iter()
        .map(|action| {
            let cell = |validity| format!("{:?}", price_use(action, validity));
            let cells = [Validity::Valid, Validity::SoftInvalid, Validity::Invalid].map(cell);
            format!("{action}: {}", cells.join(" | "))
        })
        .collect();
    let rest = [
        "cancel",
        "execute-orders",
        "add-collateral",
        "request-liquidity-withdrawal",
        "collect-parked",
        "sweep-fees",
        "configure",
        "recapitalize",
        "settle",
        "report-breach",
    ];
    let mut wanted: Vec<String> = [
        "increase-exposure: AdverseEdge | Refused | Refused",
        "reduce-exposure: AdverseEdge | AdverseEdge | Waits",
        "liquidate: Mark | FavourableEdge | LastValid",
        "withdraw-collateral: Mark | Refused | Refused",
        "provide-liquidity: Mark | Refused | Refused",
        "claim-liquidity-withdrawal: Mark | Refused | Refused",
    ]
    .map(String::from)
    .to_vec();
    wanted.extend(rest.map(|action| format!("{action}: Unneeded | Unneeded | Unneeded")));
    assert_eq!(written, wanted);
}

#[test]
fn more_doubt_never_opens_what_less_doubt_refuses() {
    for action in all() {
        let refused = |validity| price_use(action, validity) == PriceUse::Refused;
        assert!(!refused(Validity::SoftInvalid) || refused(Validity::Invalid), "{action}");
        assert!(!refused(Validity::Valid), "{action}");
    }
}
