//! Gap stress: the price jumps through the margins while nobody can trade, and keepers are slow.
//!
//! Invented. Shape: three quiet quarters of an hour, four minutes in which the feed says nothing, then 17 % lower
//! (the worst hour of Black Thursday fell 24.5 % from open to low), a further slide, half of it back. No reaction,
//! however fast, acts before the first price after a gap: what this scenario shows is who pays for it, and what
//! happens to those who buy into the fall.

/// 2024-01-01 00:00 UTC.
pub const STARTS_AT: u64 = 1_704_067_200;

/// Minutes from the start, length in minutes, then open, high, low, close in hundredths of a dollar.
pub const STRETCHES: [[u64; 6]; 8] = [
    [0, 15, 1_000_000, 1_003_000, 998_500, 1_001_200],
    [15, 15, 1_001_200, 1_004_400, 999_000, 1_002_600],
    [30, 15, 1_002_600, 1_003_100, 997_800, 999_400],
    // Minutes 45 to 49: no bars.
    [49, 11, 829_500, 838_000, 801_000, 806_300],
    [60, 20, 806_300, 842_000, 768_000, 781_500],
    [80, 20, 781_500, 823_000, 777_000, 818_200],
    [100, 40, 818_200, 871_000, 815_500, 862_400],
    [140, 40, 862_400, 884_000, 851_000, 877_700],
];
