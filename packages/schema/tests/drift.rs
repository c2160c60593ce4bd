//! The committed schema is what the messages say.

use firebreak_schema::{path_of, schemas};

#[test]
fn the_committed_schema_is_up_to_date() {
    for schema in schemas().unwrap() {
        let committed = std::fs::read_to_string(path_of(schema.contract)).unwrap_or_default();
        assert!(
            committed == schema.text,
            "schema/{0}/{0}.json is not what the messages say: run `cargo run -p firebreak-schema` and commit",
            schema.contract
        );
    }
}

#[test]
fn every_message_and_query_is_described() {
    for schema in schemas().unwrap() {
        for part in ["\"instantiate\"", "\"execute\"", "\"query\"", "\"migrate\"", "\"responses\""] {
            assert!(schema.text.contains(part), "{} has no {part}", schema.contract);
        }
    }
}
