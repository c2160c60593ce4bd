//! What every contract's `migrate` asks first: is this the same contract, and not a newer one?

use cosmwasm_std::{StdResult, Storage};

/// Why a contract does not migrate; each contract has a variant with these two fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub wanted: String,
    pub found: String,
}

/// Records `version` when what is stored is contract `name` in that version or an older one.
///
/// Returns the refusal otherwise. Errors: nothing is stored yet.
pub fn raise_version(storage: &mut dyn Storage, name: &str, version: &str) -> StdResult<Result<(), Refusal>> {
    let found = cw2::get_contract_version(storage)?;
    if found.contract != name || parts(&found.version) > parts(version) {
        return Ok(Err(Refusal {
            wanted: format!("{name} {version} or older"),
            found: format!("{} {}", found.contract, found.version),
        }));
    }
    cw2::set_contract_version(storage, name, version)?;
    Ok(Ok(()))
}

/// `1.10.0` as numbers: texts would put it before `1.9.0`. What is no number counts as newer than everything.
fn parts(version: &str) -> Vec<u64> {
    version.split('.').map(|part| part.parse().unwrap_or(u64::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::testing::MockStorage;

    #[test]
    fn only_the_same_contract_in_the_same_or_an_older_version_migrates() {
        for (stored_name, stored, wanted) in [
            ("firebreak:oracle", "0.1.0", true),
            ("firebreak:oracle", "0.9.0", true),
            ("firebreak:oracle", "0.10.0", true),
            ("firebreak:oracle", "0.10.1", false),
            ("firebreak:oracle", "1.0.0", false),
            ("firebreak:oracle", "next", false),
            ("firebreak:guardian", "0.1.0", false),
        ] {
            let mut storage = MockStorage::default();
            cw2::set_contract_version(&mut storage, stored_name, stored).unwrap();
            let migrated = raise_version(&mut storage, "firebreak:oracle", "0.10.0").unwrap();
            assert_eq!(migrated.is_ok(), wanted, "{stored_name} {stored}");
            let kept = cw2::get_contract_version(&storage).unwrap().version;
            assert_eq!(kept, if wanted { "0.10.0" } else { stored });
        }
    }
}
