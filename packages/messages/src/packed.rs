//! Packed storage: postcard behind a leading version byte, for the records that every trade writes.
//!
//! A written byte costs 30 gas on a Cosmos chain, so an account as JSON costs three times what it costs packed. Enums
//! grow only at the end; a change of a record's shape raises its version and needs a migration, and a test fixes the
//! bytes.

use cosmwasm_std::storage_keys::namespace_with_key;
use cosmwasm_std::{Order, QuerierWrapper, StdError, StdResult, Storage};
use cw_storage_plus::{Bound, Key, KeyDeserialize, Map, Prefixer, PrimaryKey};
use serde::{de::DeserializeOwned, Serialize};
use std::marker::PhantomData;
use thiserror::Error;

#[derive(Debug, Clone, PartialEq, Error)]
pub enum PackedError {
    #[error("there is no {what}")]
    Missing { what: String },
    #[error("{what} has version {found}, this code reads version {wanted}")]
    Version { what: String, wanted: u8, found: u8 },
    #[error("{what} cannot be read: its {length} bytes are not a record of this version")]
    Malformed { what: String, length: usize },
    #[error("{what} cannot be written")]
    Unwritable { what: String },
}

/// A record's bytes: the version byte, then postcard.
pub fn to_packed<T: Serialize>(what: &str, version: u8, value: &T) -> Result<Vec<u8>, PackedError> {
    postcard::to_extend(value, vec![version]).map_err(|_| PackedError::Unwritable { what: what.into() })
}

/// Reads a record; a byte too many or too few is an error.
pub fn from_packed<T: DeserializeOwned>(what: &str, version: u8, bytes: &[u8]) -> Result<T, PackedError> {
    let malformed = || PackedError::Malformed { what: what.into(), length: bytes.len() };
    let (found, body) = bytes.split_first().ok_or_else(malformed)?;
    if *found != version {
        return Err(PackedError::Version { what: what.into(), wanted: version, found: *found });
    }
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        _ => Err(malformed()),
    }
}

/// One packed record under one key: a counterpart of [`cw_storage_plus::Item`].
pub struct PackedItem<T> {
    key: &'static str,
    version: u8,
    value: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> PackedItem<T> {
    pub const fn new(key: &'static str, version: u8) -> Self {
        Self { key, version, value: PhantomData }
    }

    pub fn key(&self) -> &'static [u8] {
        self.key.as_bytes()
    }

    /// Errors: [`PackedError::Missing`] when the key is unset.
    pub fn load(&self, storage: &dyn Storage) -> Result<T, PackedError> {
        self.may_load(storage)?.ok_or_else(|| PackedError::Missing { what: self.key.into() })
    }

    pub fn may_load(&self, storage: &dyn Storage) -> Result<Option<T>, PackedError> {
        storage.get(self.key()).map(|bytes| from_packed(self.key, self.version, &bytes)).transpose()
    }

    pub fn save(&self, storage: &mut dyn Storage, value: &T) -> Result<(), PackedError> {
        storage.set(self.key(), &to_packed(self.key, self.version, value)?);
        Ok(())
    }

    /// Reads another contract's record. `None` for whatever is not a readable record: callers treat it as the most
    /// restrictive one.
    pub fn query(&self, querier: &QuerierWrapper, contract: &str) -> Option<T> {
        let bytes = querier.query_wasm_raw(contract, self.key()).ok()??;
        from_packed(self.key, self.version, &bytes).ok()
    }
}

/// Packed records under keys of one namespace: a counterpart of [`cw_storage_plus::Map`].
pub struct PackedMap<K, T> {
    namespace: &'static str,
    version: u8,
    types: PhantomData<(K, T)>,
}

impl<K, T> PackedMap<K, T>
where
    for<'a> K: PrimaryKey<'a> + KeyDeserialize<Output = K> + Clone + std::fmt::Debug + 'static,
    T: Serialize + DeserializeOwned,
{
    pub const fn new(namespace: &'static str, version: u8) -> Self {
        Self { namespace, version, types: PhantomData }
    }

    /// The whole storage key, as raw reads need it.
    pub fn key(&self, key: K) -> Vec<u8> {
        // `()` stands in for the value: cw-storage-plus computes the key, this type reads and writes the bytes.
        Map::<K, ()>::new(self.namespace).key(key).to_vec()
    }

    fn name(&self, key: &K) -> String {
        format!("{} {key:?}", self.namespace)
    }

    /// Errors: [`PackedError::Missing`] when the key is unset.
    pub fn load(&self, storage: &dyn Storage, key: K) -> Result<T, PackedError> {
        self.may_load(storage, key.clone())?.ok_or_else(|| PackedError::Missing { what: self.name(&key) })
    }

    pub fn may_load(&self, storage: &dyn Storage, key: K) -> Result<Option<T>, PackedError> {
        storage.get(&self.key(key.clone())).map(|bytes| from_packed(&self.name(&key), self.version, &bytes)).transpose()
    }

    pub fn save(&self, storage: &mut dyn Storage, key: K, value: &T) -> Result<(), PackedError> {
        let bytes = to_packed(self.namespace, self.version, value)?;
        storage.set(&self.key(key), &bytes);
        Ok(())
    }

    pub fn remove(&self, storage: &mut dyn Storage, key: K) {
        storage.remove(&self.key(key));
    }

    pub fn has(&self, storage: &dyn Storage, key: K) -> bool {
        storage.get(&self.key(key)).is_some()
    }

    /// One page of (key, record) in ascending order of keys, after `start_after`.
    pub fn page(&self, storage: &dyn Storage, start_after: Option<K>, limit: usize) -> StdResult<Vec<(K, T)>>
    where
        for<'a> Bound<'a, K>: From<Bound<'a, K>>,
    {
        let map = Map::<K, ()>::new(self.namespace);
        let start = start_after.map(|key| Bound::ExclusiveRaw(joined(&key)));
        map.keys(storage, start, None, Order::Ascending)
            .take(limit)
            .map(|key| {
                let key = key?;
                let value =
                    self.load(storage, key.clone()).map_err(|error| StdError::generic_err(error.to_string()))?;
                Ok((key, value))
            })
            .collect()
    }

    /// The records whose keys begin with a prefix, in ascending order, from the first behind `after` on; read one by one as
    /// they are asked for.
    pub fn under<'s>(
        &'s self,
        storage: &'s dyn Storage,
        prefix: <K as PrimaryKey<'s>>::Prefix,
        after: Option<<K as PrimaryKey<'s>>::Suffix>,
    ) -> impl Iterator<Item = StdResult<(<K as PrimaryKey<'s>>::Suffix, T)>> + 's
    where
        <K as PrimaryKey<'s>>::Suffix: PrimaryKey<'s> + KeyDeserialize<Output = <K as PrimaryKey<'s>>::Suffix>,
    {
        let parts = prefix.prefix();
        let names: Vec<&[u8]> = [self.namespace.as_bytes()].into_iter().chain(parts.iter().map(Key::as_ref)).collect();
        let prefix = namespace_with_key(&names, &[]);
        let start = after.map_or(prefix.clone(), |after| [prefix.as_slice(), &after.joined_key(), &[0]].concat());
        let end = after_all(&prefix);
        storage.range(Some(&start), end.as_deref(), Order::Ascending).map(move |(key, bytes)| {
            let rest = key.get(prefix.len()..).unwrap_or_default().to_vec();
            let rest = <<K as PrimaryKey<'s>>::Suffix as KeyDeserialize>::from_vec(rest)?;
            let value = from_packed(self.namespace, self.version, &bytes);
            Ok((rest, value.map_err(|error| StdError::generic_err(error.to_string()))?))
        })
    }

    /// Reads another contract's record; `None` as in [`PackedItem::query`].
    pub fn query(&self, querier: &QuerierWrapper, contract: &str, key: K) -> Option<T> {
        let bytes = querier.query_wasm_raw(contract, self.key(key.clone())).ok()??;
        from_packed(self.namespace, self.version, &bytes).ok()
    }
}

/// The first key that does not begin with the prefix and comes after all that do; `None` when there is none.
fn after_all(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

fn joined<'a, K: PrimaryKey<'a>>(key: &K) -> Vec<u8> {
    key.joined_key()
}
