//! `paucal table audit`.

use crate::support::{Place, clinic};

#[test]
fn an_audit_prints_writes_and_leaves_an_editable_schema() {
    let place = Place::new();
    place.write("clinic.csv", clinic(300, 1));
    let printed = place.done("table audit clinic.csv --target outcome --group patient --out audit").out;
    assert!(printed.contains("marker") && printed.contains("numeric"), "{printed}");
    for file in
        ["schema.toml", "schema.sdv.json", "result.json", "report.html", "manifest.json", "config.toml"]
    {
        assert!(place.exists(&format!("audit/{file}")), "{file}");
    }
    let result = place.json("audit/result.json");
    assert_eq!(result["schema"], "paucal.audit/1");
    assert_eq!(result["target"]["positive"], "ill");
    assert_eq!(result["leak"]["status"], "measured");
    // The schema is read back, also in SDV's form.
    place.done("table audit clinic.csv --schema audit/schema.toml");
    place.done("table audit clinic.csv --schema audit/schema.sdv.json");
}

#[test]
fn keys_constants_and_dirty_labels_are_found() {
    let place = Place::new();
    let rows = (0..60).map(|i| {
        format!(
            "{},{},x,{}\n",
            1000 + i,
            i % 7,
            if i % 3 == 0 {
                "ckd\t"
            } else if i % 3 == 1 {
                "ckd"
            } else {
                "notckd"
            }
        )
    });
    place.write("dirt.csv", format!("PatientID,score,doctor,class\n{}", rows.collect::<String>()));
    let report = place.done("table audit dirt.csv --target class --json").json();
    let said = report["findings"].to_string();
    for word in ["PatientID", "doctor", "ckd\\\\t"] {
        assert!(said.contains(word), "{word} in {said}");
    }
}
