//! The smallest contract that panics: `execute` is one `unreachable`, which is what a panic is in wasm. `instantiate`
//! and `migrate` answer with an empty response, so a contract can become it and come back.

use super::{Suite, PLENTY};
use firebreak_chain::message::{self, InstantiateAccess};

const ANSWER: &[u8] = br#"{"ok":{"messages":[],"attributes":[],"events":[],"data":null}}"#;
/// Where the region of the answer is, and the answer itself. What is allocated comes after them.
const REGION: u8 = 8;
const ANSWER_AT: u8 = 32;
/// 256, as LEB128.
const HEAP: [u8; 2] = [0x80, 0x02];

const I32: u8 = 0x7f;
const LOCAL_GET_0: [u8; 2] = [0x20, 0];
const LOCAL_GET_1: [u8; 2] = [0x20, 1];
const HEAP_GET: [u8; 2] = [0x23, 0];
const ADD: u8 = 0x6a;

impl Suite {
    /// Stores the contract; gives its code id.
    #[track_caller]
    pub fn store_trap(&mut self) -> u64 {
        let store = message::store_code(&self.address("treasury"), wasm(), &InstantiateAccess::Everybody).unwrap();
        let stored = self.net().send("treasury", &[store], PLENTY).unwrap();
        stored.number("store_code", "code_id").expect("a stored code has an id")
    }
}

fn wasm() -> Vec<u8> {
    let function = |parameters: u8, results: u8| {
        let mut bytes = vec![0x60, parameters];
        bytes.extend(vec![I32; parameters.into()]);
        bytes.push(results);
        bytes.extend(vec![I32; results.into()]);
        bytes
    };
    let types = [function(0, 0), function(1, 1), function(1, 0), function(2, 1), function(3, 1)];
    // Each with its type, and where an export names it.
    let functions: [(&str, u8, Vec<u8>); 6] = [
        ("interface_version_8", 0, body(0, &[])),
        ("allocate", 1, allocate()),
        ("deallocate", 2, body(0, &[])),
        ("migrate", 3, body(0, &[0x41, REGION])),
        ("instantiate", 4, body(0, &[0x41, REGION])),
        ("execute", 4, body(0, &[0x00])),
    ];
    let export = |name: &str, kind: u8, index: u8| [string(name.as_bytes()), vec![kind, index]].concat();
    let exports = (0u8..).zip(&functions).map(|(index, (name, ..))| export(name, 0, index));
    let length = ANSWER.len() as u8;
    let region = [[ANSWER_AT, 0, 0, 0], [length, 0, 0, 0], [length, 0, 0, 0]].concat();
    let data = |at: u8, bytes: &[u8]| [vec![0, 0x41, at, 0x0b], string(bytes)].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types),
        section(3, &functions.each_ref().map(|(_, kind, _)| vec![*kind])),
        section(5, &[vec![0, 1]]),
        section(6, &[[vec![I32, 1, 0x41], HEAP.to_vec(), vec![0x0b]].concat()]),
        section(7, &exports.chain([export("memory", 2, 0)]).collect::<Vec<_>>()),
        section(10, &functions.each_ref().map(|(_, _, body)| body.clone())),
        section(11, &[data(REGION, &region), data(ANSWER_AT, ANSWER)]),
    ]
    .concat()
}

/// A region of twelve bytes (offset, capacity, length) and the asked bytes after it; nothing is ever given back.
fn allocate() -> Vec<u8> {
    let store = |offset: u8| [0x36, 2, offset];
    let code = [
        &HEAP_GET[..],
        &[0x21, 1],
        // region.offset = region + 12
        &LOCAL_GET_1,
        &LOCAL_GET_1,
        &[0x41, 12, ADD],
        &store(0),
        // region.capacity = size; its length is zero already
        &LOCAL_GET_1,
        &LOCAL_GET_0,
        &store(4),
        // heap = region + 12 + size
        &LOCAL_GET_1,
        &[0x41, 12, ADD],
        &LOCAL_GET_0,
        &[ADD, 0x24, 0],
        &LOCAL_GET_1,
    ];
    body(1, &code.concat())
}

fn body(locals: u8, code: &[u8]) -> Vec<u8> {
    let locals = if locals == 0 { vec![0] } else { vec![1, locals, I32] };
    string(&[locals, code.to_vec(), vec![0x0b]].concat())
}

fn section(id: u8, items: &[Vec<u8>]) -> Vec<u8> {
    let content = [vec![items.len() as u8], items.concat()].concat();
    [vec![id], string(&content)].concat()
}

/// Bytes with their length before them.
fn string(bytes: &[u8]) -> Vec<u8> {
    [length(bytes.len()), bytes.to_vec()].concat()
}

/// LEB128 of a number below 16,384.
fn length(number: usize) -> Vec<u8> {
    if number < 128 {
        vec![number as u8]
    } else {
        vec![(number % 128) as u8 | 0x80, (number / 128) as u8]
    }
}
