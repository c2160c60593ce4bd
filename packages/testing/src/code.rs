//! The codes that a World stores, and the contracts that make up the suite.

/// One stored code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(usize)]
pub enum Code {
    Oracle,
    Breaker,
    Insurance,
    Guardian,
    Vault,
    /// cw4-group: council and DAO members.
    Group,
    /// cw3-flex-multisig: the DAO.
    Multisig,
}

/// How many codes there are.
pub const CODES: usize = 7;

impl Code {
    pub const ALL: [Self; CODES] =
        [Self::Oracle, Self::Breaker, Self::Insurance, Self::Guardian, Self::Vault, Self::Group, Self::Multisig];

    pub fn name(self) -> &'static str {
        match self {
            Self::Oracle => "oracle",
            Self::Breaker => "circuit-breaker",
            Self::Insurance => "insurance-fund",
            Self::Guardian => "guardian",
            Self::Vault => "derivatives-vault",
            Self::Group => "cw4-group",
            Self::Multisig => "cw3-flex-multisig",
        }
    }
}
