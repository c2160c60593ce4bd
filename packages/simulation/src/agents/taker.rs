//! Leveraged longs and shorts: one side for life, entered whenever the trader is free.

#[derive(Debug, Clone)]
pub(super) struct TakerRule {
    pub is_long: bool,
}
