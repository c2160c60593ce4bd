use crate::machine::Machine;

pub fn moves(m: &mut Machine) -> bool {
    let market = m.market();
    let price = m.moved(market, 150);
    m.world.price(market, price).is_done()
}

pub fn gaps(m: &mut Machine) -> bool {
    let market = m.market();
    let price = m.moved(market, 2_000);
    m.world.price(market, price).is_done()
}

pub fn again(m: &mut Machine) -> bool {
    m.world.refresh().is_done()
}

/// Without the others it publishes nothing, unless theirs are there already.
pub fn one_feeder(m: &mut Machine) -> bool {
    let (market, feeder) = (m.market(), m.dice.below(3) as usize);
    let price = m.moved(market, 100);
    m.world.report_of(feeder, &[(market, price)]).is_done()
}

pub fn evaluate(m: &mut Machine) -> bool {
    let market = m.market();
    m.world.evaluate("anyone", market).is_done()
}

pub fn next_block(m: &mut Machine) -> bool {
    m.world.next_block();
    true
}

pub fn minutes(m: &mut Machine) -> bool {
    let seconds = m.dice.between(30, 900) as u64;
    m.world.advance(seconds);
    m.world.refresh().is_done()
}

pub fn hours(m: &mut Machine) -> bool {
    let seconds = m.dice.between(1_800, 40_000) as u64;
    m.world.advance(seconds);
    m.world.refresh().is_done()
}

/// What a settlement's window wants: a round a minute.
pub fn an_hour(m: &mut Machine) -> bool {
    let market = m.market();
    (0..62).fold(true, |all, _| {
        m.world.advance(55);
        let price = m.moved(market, 20);
        m.world.price(market, price).is_done() && m.world.refresh().is_done() && all
    })
}

/// Prices grow old, and nobody repairs that.
pub fn silence(m: &mut Machine) -> bool {
    let seconds = m.dice.between(61, 700) as u64;
    m.world.advance(seconds);
    true
}
