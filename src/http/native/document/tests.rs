use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::native::native_document;

fn document() -> Value {
    serde_json::from_str(&native_document()).expect("JSON")
}

fn operations_known() -> impl Iterator<Item = &'static Operation> {
    super::super::operations::operations()
}

fn operations(document: &Value) -> Vec<Value> {
    let paths = document["paths"].as_object().expect("paths");
    paths.values().flat_map(|path| path.as_object().expect("methods").values().cloned()).collect()
}

#[test]
fn it_is_the_same_every_time() {
    assert_eq!(native_document(), native_document());
}

#[test]
fn every_operation_is_completed() {
    let document = document();
    let ids: BTreeSet<String> = operations(&document)
        .iter()
        .map(|operation| operation["operationId"].as_str().expect("an id").to_owned())
        .collect();
    let known: BTreeSet<String> = operations_known().map(|operation| operation.id.to_owned()).collect();
    assert_eq!(ids, known);
    for operation in operations(&document) {
        let responses = operation["responses"].as_object().expect("responses");
        assert!(responses.contains_key("500"));
        for (status, response) in responses {
            if status.parse::<u16>().expect("a status") >= 400 {
                assert!(response["content"]["application/json"]["schema"].is_object(), "{operation}");
            }
            assert_ne!(response["description"], "");
        }
    }
}

#[test]
fn every_reference_resolves_and_no_schema_is_empty() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    for part in native_document().split("#/components/schemas/").skip(1) {
        let name = part.split('"').next().expect("a name");
        assert!(schemas.contains_key(name), "{name}");
    }
    for name in CLOSED {
        assert!(schemas[name]["properties"].is_object(), "{name}");
    }
    for (name, properties) in NULLABLE {
        for property in properties {
            assert!(schemas[name]["properties"][*property]["type"].is_string(), "{name}.{property}");
        }
    }
    assert_eq!(document["components"]["securitySchemes"]["HTTPBearer"]["scheme"], "bearer");
}

#[test]
fn rows_have_the_columns_of_the_query() {
    let document = document();
    let properties = &document["components"]["schemas"]["LoginActivityWithRelations"]["properties"];
    let names: Vec<&str> = properties.as_object().expect("properties").keys().map(String::as_str).collect();
    assert_eq!(names, Column::ALL.map(Column::name));
}
