use super::*;
use crate::RiskError;
use proptest::prelude::*;

const START: u64 = 1_700_000_400; // the start of a slot
const OPEN: OutflowFactors = OutflowFactors { queue: BasisPoints::ONE, own: BasisPoints::ONE };
const MINUTE: u64 = 60;

fn amount(atoms: u128) -> Amount {
    Amount::from_atoms(atoms)
}

/// 10,000 in an hour and ten times that in a day, whatever is there.
fn parameters() -> OutflowParams {
    OutflowParams {
        hour_min: amount(10_000),
        hour_ratio: Ratio::ZERO,
        day_min: amount(100_000),
        day_ratio: Ratio::ZERO,
        deposit_delay_seconds: HOUR,
        small_exit_max: amount(50),
    }
}

fn at(now: u64) -> Moment {
    Moment { now, value: amount(1_000_000) }
}

/// An owner whose first coins came long ago.
fn old() -> OwnerFlow {
    OwnerFlow { since: 1, ..OwnerFlow::default() }
}

fn new() -> OwnerFlow {
    OwnerFlow { since: START, ..OwnerFlow::default() }
}

fn leave(outflow: &mut Outflow, class: ExitClass, atoms: u128, now: u64) -> u128 {
    outflow.leave(class, &mut new(), amount(atoms), OPEN, at(now), &parameters()).unwrap().paid.atoms()
}

/// `docs/formulas.md#f14-outflow`
#[test]
fn worked_example_of_an_outflow() {
    let mut outflow = Outflow::default();
    let parameters = OutflowParams {
        hour_min: amount(1_000),
        hour_ratio: Ratio::percent(1),
        day_min: amount(1_000),
        day_ratio: Ratio::percent(10),
        ..parameters()
    };
    assert_eq!(parameters.baselines(amount(1_000_000)), Ok(Baselines { hour: amount(10_000), day: amount(100_000) }));
    assert_eq!(parameters.baselines(amount(50_000)), Ok(Baselines { hour: amount(1_000), day: amount(5_000) }));
    let mut exit = |wanted, now| {
        let exit = outflow.leave(ExitClass::Traders, &mut new(), amount(wanted), OPEN, at(now), &parameters).unwrap();
        (exit.paid.atoms(), exit.parked.atoms())
    };
    // 40 % for traders, 10 % for whoever comes first.
    assert_eq!(exit(6_000, START), (5_000, 1_000));
    // Six minutes later a tenth of each has come back.
    assert_eq!(exit(6_000, START + 360), (500, 5_500));
    assert_eq!(exit(6_000, START + 360 + HOUR), (5_000, 1_000));
}

#[test]
fn each_class_has_capacity_that_the_other_cannot_use() {
    let mut outflow = Outflow::default();
    assert_eq!(leave(&mut outflow, ExitClass::Traders, 1_000_000, START), 5_000);
    assert_eq!(leave(&mut outflow, ExitClass::Providers, 1_000_000, START), 4_000);
    assert_eq!(leave(&mut outflow, ExitClass::Traders, 1, START), 0);
}

#[test]
fn the_day_limits_what_the_hours_would_allow() {
    let mut outflow = Outflow::default();
    // 5,000 an hour for ten hours; from then on what a day gives back in an hour: 50,000 / 24, and before that a part of it.
    let paid: Vec<u128> =
        (0..24).map(|hour| leave(&mut outflow, ExitClass::Traders, 1_000_000, START + hour * HOUR)).collect();
    assert_eq!(paid[..10], [5_000; 10]);
    assert!(paid.iter().sum::<u128>() <= 50_000 + 50_000 * 23 / 24, "{paid:?}");
    assert_eq!(paid[23], 2_082); // 40,000 / 24 and 10,000 / 24, each rounded down
}

#[test]
fn a_factor_lowers_capacity_once_and_not_again_with_every_exit() {
    for (factor, allowed) in [(10_000, 5_000), (5_000, 2_500), (2_500, 1_250), (0, 0)] {
        let factor = BasisPoints(factor);
        let factors = OutflowFactors { queue: factor, own: factor };
        let mut outflow = Outflow::default();
        let mut paid = 0;
        for _ in 0..20 {
            let exit = outflow.leave(ExitClass::Traders, &mut new(), amount(1_000), factors, at(START), &parameters());
            paid += exit.unwrap().paid.atoms();
        }
        assert_eq!(paid, allowed, "{factor:?}");
    }
}

#[test]
fn deposits_raise_capacity_after_the_delay_and_it_flows_off_again() {
    let mut outflow = Outflow::default();
    let mut owner = OwnerFlow::default();
    outflow.deposit(ExitClass::Traders, &mut owner, amount(20_000), at(START), &parameters()).unwrap();
    let capacity = |outflow: &Outflow, now| {
        outflow.capacity(ExitClass::Traders, BasisPoints::ONE, at(now), &parameters()).unwrap().atoms()
    };
    // The hour in which it came ends at most 3,600 s later, then the delay runs.
    let hour_ends = START / HOUR * HOUR + HOUR;
    assert_eq!(capacity(&outflow, START), 5_000);
    assert_eq!(capacity(&outflow, hour_ends + HOUR - 1), 5_000);
    assert_eq!(capacity(&outflow, hour_ends + HOUR), 25_000);
    leave(&mut outflow, ExitClass::Traders, 0, hour_ends + HOUR);
    assert_eq!(capacity(&outflow, hour_ends + HOUR + 1_800), 15_000);
    assert_eq!(capacity(&outflow, hour_ends + 2 * HOUR), 5_000);
}

#[test]
fn a_deposit_that_nobody_looks_at_flows_off_all_the_same() {
    let mut outflow = Outflow::default();
    outflow.deposit(ExitClass::Traders, &mut old(), amount(1_000_000), at(START), &parameters()).unwrap();
    assert_eq!(leave(&mut outflow, ExitClass::Traders, 1_000_000, START + 3 * DAY), 5_000);
}

#[test]
fn who_takes_out_what_it_has_just_brought_uses_no_capacity() {
    let mut outflow = Outflow::default();
    let mut owner = OwnerFlow::default();
    let leave = |outflow: &mut Outflow, owner: &mut OwnerFlow, atoms, now| {
        outflow.leave(ExitClass::Traders, owner, amount(atoms), OPEN, at(now), &parameters()).unwrap().paid.atoms()
    };
    outflow.deposit(ExitClass::Traders, &mut owner, amount(20_000), at(START), &parameters()).unwrap();
    assert_eq!(leave(&mut outflow, &mut owner, 12_000, START + 1), 12_000);
    // 8,000 of its own, 5,000 of capacity.
    assert_eq!(leave(&mut outflow, &mut owner, 20_000, START + 2), 13_000);
    assert!(outflow.fresh.iter().all(|fresh| fresh.traders.is_zero()), "nothing is left to be credited");
    // What was credited is no longer the owner's own.
    outflow.deposit(ExitClass::Traders, &mut owner, amount(20_000), at(START + DAY), &parameters()).unwrap();
    let later = START + DAY + 3 * HOUR;
    leave(&mut outflow, &mut new(), 0, later);
    assert_eq!(leave(&mut outflow, &mut owner, 20_000, later + HOUR), 5_000);
}

#[test]
fn value_that_came_today_does_not_raise_the_baseline() {
    let parameters = OutflowParams {
        hour_min: amount(100),
        hour_ratio: Ratio::percent(10),
        day_min: amount(100),
        day_ratio: Ratio::percent(100),
        ..parameters()
    };
    let mut outflow = Outflow::default();
    let mut capacity = |value, now| {
        let at = Moment { now, value: amount(value) };
        outflow.leave(ExitClass::Traders, &mut new(), amount(0), OPEN, at, &parameters).unwrap();
        outflow.capacity(ExitClass::Traders, BasisPoints::ONE, at, &parameters).unwrap().atoms()
    };
    assert_eq!(capacity(10_000, START), 500);
    assert_eq!(capacity(1_000_000, START + HOUR), 500);
    assert_eq!(capacity(1_000_000, START + DAY), 500);
    // The low has left the window, and an hour has filled the bucket.
    capacity(1_000_000, START + 26 * HOUR);
    assert_eq!(capacity(1_000_000, START + 27 * HOUR), 50_000);
}

#[test]
fn small_exits_of_owners_that_are_not_new_go_on_when_capacity_is_gone() {
    let mut outflow = Outflow::default();
    leave(&mut outflow, ExitClass::Traders, 1_000_000, START);
    let mut exit = |owner: &mut OwnerFlow, atoms, now| {
        outflow.leave(ExitClass::Traders, owner, amount(atoms), OPEN, at(now), &parameters()).unwrap().paid.atoms()
    };
    assert_eq!(exit(&mut new(), 50, START), 0, "too young");
    let mut owner = old();
    assert_eq!(exit(&mut owner, 51, START), 0, "too large");
    assert_eq!(exit(&mut owner, 30, START), 30);
    assert_eq!(exit(&mut owner, 30, START), 20, "its own part of a day");
    assert_eq!(exit(&mut old(), 50, START), 50, "another owner");
    // however many there are, the reserve of 1,000 is all they get.
    let rest: u128 = (0..10_000).map(|_| exit(&mut old(), 50, START)).sum();
    assert_eq!(rest, 1_000 - 30 - 20 - 50);
}

#[test]
fn ten_thousand_new_accounts_take_nothing_of_the_reserve_and_leave_the_others_their_share() {
    //
    let mut outflow = Outflow::default();
    let paid: u128 = (0..10_000).map(|_| leave(&mut outflow, ExitClass::Traders, 50, START)).sum();
    assert_eq!(paid, 5_000);
    assert_eq!(outflow.hour.reserve, amount(1_000));
    assert_eq!(leave(&mut outflow, ExitClass::Providers, 4_000, START), 4_000);
    let mut owner = old();
    let exit = outflow.leave(ExitClass::Traders, &mut owner, amount(50), OPEN, at(START), &parameters()).unwrap();
    assert_eq!(exit.paid, amount(50));
}

/// An owner that wants out, and parks what it does not get.
#[derive(Default)]
struct Leaver {
    owner: OwnerFlow,
    parked: Parked,
    paid: u128,
}

impl Leaver {
    fn ask(&mut self, outflow: &mut Outflow, atoms: u128, now: u64) {
        let exit =
            outflow.leave(ExitClass::Traders, &mut self.owner, amount(atoms), OPEN, at(now), &parameters()).unwrap();
        self.paid += exit.paid.atoms();
        if !exit.parked.is_zero() {
            outflow.park(ExitClass::Traders, &mut self.parked, exit.parked, now).unwrap();
        }
    }
    fn collect(&mut self, outflow: &mut Outflow, now: u64) -> u128 {
        let paid = outflow.collect(ExitClass::Traders, &mut self.parked, OPEN, at(now), &parameters()).unwrap().atoms();
        self.paid += paid;
        paid
    }
}

/// Sixty users who want 75 each in every hour, nine tenths of what traders may take, for two days; an attacker with the
/// hour's whole capacity in between. What the users got.
fn honest_paid(attack: impl Fn(&mut Outflow, &mut Leaver, u64)) -> u128 {
    let mut outflow = Outflow::default();
    let mut users: Vec<Leaver> = (0..60).map(|_| Leaver { owner: new(), ..Leaver::default() }).collect();
    let mut attacker = Leaver::default();
    for minute in 0..10 * 60 {
        let now = START + minute * MINUTE;
        attack(&mut outflow, &mut attacker, minute);
        let user = &mut users[minute as usize % 60];
        user.ask(&mut outflow, 75, now);
        user.collect(&mut outflow, now);
    }
    users.iter().map(|user| user.paid).sum()
}

#[test]
fn capital_that_cycles_leaves_honest_users_four_fifths() {
    // one hourly capacity, in each minute in and in the next one out; or held until its deposit counts no more as its own, the
    // worst of which leaves 90 %.
    let alone = honest_paid(|_, _, _| ());
    assert_eq!(alone, 10 * 4_500);
    let cycle = |outflow: &mut Outflow, attacker: &mut Leaver, minute: u64, period: u64| {
        let now = START + minute * MINUTE;
        match minute % period {
            0 => outflow
                .deposit(ExitClass::Traders, &mut attacker.owner, amount(10_000), at(now), &parameters())
                .unwrap(),
            last if last == period - 1 => {
                attacker.collect(outflow, now);
                let free = 10_000 - attacker.parked.amount.atoms().min(10_000);
                if free > 0 {
                    attacker.ask(outflow, free, now);
                }
            }
            _ => {
                attacker.collect(outflow, now);
            }
        }
    };
    for period in [2, 3, 10, 60, 61, 120, 125, 150, 180, 200, 240, 300] {
        let attacked = honest_paid(|outflow, attacker, minute| cycle(outflow, attacker, minute, period));
        assert!(attacked * 5 >= alone * 4, "{attacked} of {alone} at {period} minutes");
    }
}

#[test]
fn a_queue_that_is_left_alone_for_a_day_is_served_one_capacity_and_not_a_days_worth() {
    let mut outflow = Outflow::default();
    let mut one = Leaver::default();
    one.ask(&mut outflow, 105_000, START);
    assert_eq!(one.paid, 5_000);
    let frozen = OutflowFactors { queue: BasisPoints(0), own: BasisPoints(0) };
    let exit = outflow.leave(ExitClass::Traders, &mut old(), amount(1), frozen, at(START + HOUR), &parameters());
    assert_eq!(exit, Ok(Exit { paid: amount(0), parked: amount(1) }));
    assert_eq!(one.collect(&mut outflow, START + DAY), 5_000);
    assert_eq!(one.collect(&mut outflow, START + DAY), 0);
}

#[test]
fn all_that_wait_are_served_the_same_fraction_once_in_a_slot() {
    //
    let mut outflow = Outflow::default();
    leave(&mut outflow, ExitClass::Traders, 5_000, START);
    let mut leavers: Vec<Leaver> = (0..4).map(|_| Leaver::default()).collect();
    for (leaver, atoms) in leavers.iter_mut().zip([1_000, 2_000, 3_000, 4_000]) {
        leaver.ask(&mut outflow, atoms, START);
        assert_eq!(leaver.paid, 0);
    }
    for leaver in &mut leavers {
        assert_eq!(leaver.collect(&mut outflow, START + 599), 0, "not in the slot in which it came");
    }
    // Ten minutes give back a sixth of 5,000 in the hour: 833, in two parts that are rounded down each.
    let next = START + 600;
    let served: Vec<u128> = leavers.iter_mut().rev().map(|leaver| leaver.collect(&mut outflow, next)).collect();
    assert_eq!(served, [332, 249, 166, 83]);
    assert_eq!(leavers[0].collect(&mut outflow, next + 599), 0);
    assert_eq!(leavers[0].collect(&mut outflow, next + 600), 83);
}

#[test]
fn while_others_wait_nobody_comes_before_them() {
    let mut outflow = Outflow::default();
    let (mut first, mut second) = (Leaver::default(), Leaver::default());
    first.ask(&mut outflow, 10_000, START);
    // Half of the next slot's capacity is there, and the second does not get it.
    second.ask(&mut outflow, 100, START + 300);
    assert_eq!(second.paid, 0);
    first.collect(&mut outflow, START + 600);
    assert!(second.collect(&mut outflow, START + 600) >= 16, "832 of 5,100 are served");
}

#[test]
fn what_a_cancel_frees_goes_to_the_others_and_the_served_part_stays_its_owners() {
    let mut outflow = Outflow::default();
    leave(&mut outflow, ExitClass::Traders, 5_000, START);
    let (mut one, mut other) = (Leaver::default(), Leaver::default());
    one.ask(&mut outflow, 9_000, START);
    other.ask(&mut outflow, 1_000, START);
    assert_eq!(other.collect(&mut outflow, START + 600), 83);
    let level = outflow.hour;
    let back = outflow.take_back(ExitClass::Traders, &mut one.parked, Amount::from_atoms(u128::MAX)).unwrap();
    assert_eq!((back.atoms(), one.parked.amount.atoms()), (8_252, 748), "the unserved part, and no more");
    assert_eq!(outflow.hour, level, "and no capacity");
    assert_eq!(one.collect(&mut outflow, START + 601), 748);
    // The other has the next slot for itself.
    assert_eq!(other.collect(&mut outflow, START + 1_200), 832);
}

#[test]
fn an_exit_that_is_restricted_more_than_its_queue_is_paid_its_part_and_waits_for_the_rest() {
    let mut outflow = Outflow::default();
    leave(&mut outflow, ExitClass::Traders, 5_000, START);
    let (mut one, mut other) = (Leaver::default(), Leaver::default());
    one.ask(&mut outflow, 1_000, START);
    other.ask(&mut outflow, 1_000, START);
    let quarter = OutflowFactors { queue: BasisPoints::ONE, own: BasisPoints(2_500) };
    let now = START + 600;
    let paid = outflow.collect(ExitClass::Traders, &mut one.parked, quarter, at(now), &parameters()).unwrap();
    assert_eq!(paid.atoms(), 104); // a quarter of 416
    assert_eq!(one.parked.amount.atoms(), 896);
    let again = outflow.collect(ExitClass::Traders, &mut one.parked, quarter, at(now), &parameters());
    assert_eq!(again, Ok(Amount::ZERO));
    assert_eq!(outflow.hour.traders.plus(outflow.hour.shared), Ok(amount(312)), "its capacity is free again");
    assert_eq!(other.collect(&mut outflow, now), 416);
}

#[test]
fn a_deficit_takes_what_is_parked_and_at_last_what_was_served() {
    let mut outflow = Outflow::default();
    leave(&mut outflow, ExitClass::Traders, 5_000, START);
    let mut one = Leaver::default();
    one.ask(&mut outflow, 2_000, START);
    let mut another = Leaver::default();
    another.ask(&mut outflow, 1, START);
    another.collect(&mut outflow, START + 600);
    let ready = outflow.traders.ready(&one.parked).unwrap().atoms();
    assert!(ready > 800);
    let mut seize = |wanted| outflow.seize(ExitClass::Traders, &mut one.parked, amount(wanted)).unwrap().atoms();
    assert_eq!(seize(1_000), 1_000);
    assert_eq!(seize(900), 900);
    assert_eq!(seize(900), 100);
    assert_eq!(seize(900), 0);
    assert_eq!(one.parked.amount, Amount::ZERO);
}

#[test]
fn a_queue_factor_of_zero_cannot_be_collected_at() {
    let mut outflow = Outflow::default();
    let frozen = OutflowFactors { queue: BasisPoints(0), own: BasisPoints(0) };
    let mut parked = Parked { amount: amount(5), ..Parked::default() };
    let refused = outflow.collect(ExitClass::Traders, &mut parked, frozen, at(START), &parameters());
    assert_eq!(refused, Err(RiskError::DivisionByZero { what: "a fraction of an amount" }));
}

#[test]
fn an_hour_has_one_minimum() {
    let mut floor = ValueFloor::default();
    assert_eq!(floor.observe(START, amount(5)), amount(5));
    assert_eq!(floor.observe(START + 1, amount(7)), amount(5));
    assert_eq!(floor.minima.len(), 1);
    assert_eq!(floor.observe(START + 2, amount(5)), amount(5));
    assert_eq!(floor.observe(START + HOUR, amount(7)), amount(5));
    assert_eq!(floor.minima.len(), 2);
}

#[test]
fn an_owner_is_as_old_as_its_first_coins() {
    let mut owner = OwnerFlow::default();
    let mut outflow = Outflow::default();
    assert_eq!(owner.small_left(u64::MAX, &parameters()), Ok(Amount::ZERO), "without coins nobody grows old");
    for (now, since) in [(START, START), (START + 2 * HOUR, START)] {
        outflow.deposit(ExitClass::Traders, &mut owner, amount(1), at(now), &parameters()).unwrap();
        assert_eq!(owner.since, since);
    }
    let age = owner::OWNER_AGE_MIN_SECONDS;
    for (now, left) in [(START + age - 1, 0), (START + age, 50), (START + age + 1, 50)] {
        assert_eq!(owner.clone().small_left(now, &parameters()), Ok(amount(left)), "{}", now - START);
    }
}

#[test]
fn nothing_leaves_at_a_factor_of_zero_not_even_what_came_lately() {
    let (mut outflow, mut owner) = (Outflow::default(), new());
    outflow.deposit(ExitClass::Traders, &mut owner, amount(500), at(START), &parameters()).unwrap();
    let shut = OutflowFactors { own: BasisPoints(0), ..OPEN };
    let exit = outflow.leave(ExitClass::Traders, &mut owner, amount(400), shut, at(START), &parameters()).unwrap();
    assert_eq!(exit, Exit { paid: Amount::ZERO, parked: amount(400) });
    let exit = outflow.leave(ExitClass::Traders, &mut owner, amount(400), OPEN, at(START), &parameters()).unwrap();
    assert_eq!(exit.paid, amount(400));
}

#[test]
fn an_epoch_ends_below_a_billionth_and_not_at_it() {
    for (waiting, epoch, index) in [(1_000_000_000, 0, 1_000_000_000), (1_000_000_002, 1, Ratio::ONE.atoms())] {
        let (mut queue, mut parked) = (ParkedQueue::default(), Parked::default());
        queue.enter(&mut parked, amount(waiting), START).unwrap();
        // One atom is left, of a billion and of a little more.
        queue.serve(amount(waiting - 1)).unwrap();
        assert_eq!((queue.epoch, queue.index.atoms()), (epoch, index), "{waiting}");
        assert!(queue.unserved(&parked).unwrap() <= amount(2));
    }
}

#[test]
fn a_queue_served_ten_thousand_times_pays_out_what_was_granted() {
    // The index falls below 10^-9 and starts anew, many times.
    let mut queue = ParkedQueue::default();
    let mut one = Parked::default();
    queue.enter(&mut one, amount(1_000_000_000_000_000), START).unwrap();
    let (mut granted, mut paid) = (0, 0);
    for step in 0..10_000u128 {
        if queue.waiting < amount(1_000) {
            let mut more = Parked::default();
            queue.enter(&mut more, amount(1_000_000_000_000), START).unwrap();
        }
        let part = queue.waiting.atoms() * (step % 7 + 1) / 10 + 1;
        queue.serve(amount(part)).unwrap();
        granted += part;
        let ready = queue.ready(&one).unwrap();
        queue.collect(&mut one, ready, Amount::ZERO).unwrap();
        paid += ready.atoms();
        assert!(paid <= granted);
    }
    // The last atom waits until the queue is served whole: it was rounded up ten thousand times.
    assert_eq!(paid, 999_999_999_999_999);
    assert!(queue.epoch > 2);
}

#[test]
fn deposits_of_an_hour_are_one_entry_and_those_of_the_next_another() {
    let mut outflow = Outflow::default();
    for (hour, traders) in [(7, 10), (7, 5), (8, 3)] {
        outflow.add_fresh(hour, amount(traders), amount(1)).unwrap();
    }
    let entries: Vec<_> = outflow.fresh.iter().map(|fresh| (fresh.hour, fresh.traders, fresh.providers)).collect();
    assert_eq!(entries, [(7, amount(15), amount(2)), (8, amount(3), amount(1))]);
}

proptest! {
    #[test]
    fn no_window_lets_out_more_than_its_capacity_and_what_flows_back(
        steps in prop::collection::vec((0u64..2_000, 1u128..8_000), 1..60),
        window in 1u64..20_000,
    ) {
        let mut outflow = Outflow::default();
        let (mut now, mut exits) = (START, vec![]);
        for (elapsed, wanted) in steps {
            now += elapsed;
            exits.push((now, leave(&mut outflow, ExitClass::Traders, wanted, now)));
        }
        for (start, _) in &exits {
            let sum: u128 =
                exits.iter().filter(|(at, _)| at >= start && *at <= start + window).map(|(_, paid)| paid).sum();
            // An edge doubles nothing: a window of a minute lets out a sixtieth more than the capacity, not twice of it.
            prop_assert!(sum <= 5_000 + 5_000 * u128::from(window) / u128::from(HOUR), "{} in {}", sum, window);
        }
    }

    #[test]
    fn the_least_value_is_that_of_the_last_day(steps in prop::collection::vec((0u64..20_000, 0u128..1_000), 1..80)) {
        let mut floor = ValueFloor::default();
        let (mut now, mut seen) = (START, vec![]);
        for (elapsed, value) in steps {
            now += elapsed;
            seen.push((now, value));
            let least = floor.observe(now, amount(value)).atoms();
            let since = |seconds: u64| seen.iter().filter(move |(at, _)| at + seconds >= now).map(|(_, value)| *value);
            prop_assert!(least <= since(DAY).min().unwrap());
            prop_assert!(least >= since(DAY + HOUR).min().unwrap());
            prop_assert!(floor.minima.len() <= 25);
        }
    }

    #[test]
    fn a_queue_is_fair_and_never_pays_more_than_it_was_granted(
        steps in prop::collection::vec((0u8..4, 0usize..5, 1u128..1_000_000_000), 1..120),
    ) {
        let mut queue = ParkedQueue::default();
        let mut exits: Vec<Parked> = vec![Parked::default(); 5];
        // A model that goes from exit to exit, in floating point.
        let mut model = [0f64; 5];
        let (mut entered, mut granted, mut paid, mut back) = (0u128, 0u128, 0u128, 0u128);
        for (kind, who, atoms) in steps {
            match kind {
                0 => {
                    queue.enter(&mut exits[who], amount(atoms), START).unwrap();
                    entered += atoms;
                    model[who] += atoms as f64;
                }
                1 => {
                    let part = atoms.min(queue.waiting.atoms());
                    if part > 0 {
                        let share = 1.0 - part as f64 / queue.waiting.atoms() as f64;
                        model.iter_mut().for_each(|waiting| *waiting *= share);
                        queue.serve(amount(part)).unwrap();
                        granted += part;
                    }
                }
                2 => {
                    let ready = queue.ready(&exits[who]).unwrap();
                    queue.collect(&mut exits[who], ready, Amount::ZERO).unwrap();
                    paid += ready.atoms();
                }
                _ => {
                    back += queue.take_back(&mut exits[who], Amount::from_atoms(u128::MAX)).unwrap().atoms();
                    model[who] = 0.0;
                    if queue.waiting.is_zero() {
                        model = [0.0; 5];
                    }
                }
            }
            let owed: u128 = exits.iter().map(|exit| exit.amount.atoms()).sum();
            prop_assert_eq!(owed + paid + back, entered);
            let ready: u128 = exits.iter().map(|exit| queue.ready(exit).unwrap().atoms()).sum();
            // A rounding for each exit whenever the last one that waits is taken out.
            prop_assert!(ready + paid <= granted + 200, "{} {} {}", ready, paid, granted);
            for (exit, waiting) in exits.iter().zip(model) {
                let unserved = queue.unserved(exit).unwrap().atoms() as f64;
                prop_assert!((unserved - waiting).abs() <= 10.0 + waiting * 1e-6, "{} {}", unserved, waiting);
            }
        }
    }
}
