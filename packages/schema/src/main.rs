//! `cargo run -p firebreak-schema` rewrites `schema/`.

use firebreak_schema::{path_of, schemas};
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    for schema in schemas()? {
        let path = path_of(schema.contract);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, schema.text)?;
        println!("schema/{0}/{0}.json", schema.contract);
    }
    Ok(())
}
