//! Column names that say "this is a key".

/// Words that name a key on their own.
const KEY_WORDS: [&str; 14] = [
    "id",
    "ids",
    "key",
    "uuid",
    "guid",
    "mrn",
    "identifier",
    "index",
    "idx",
    "rowid",
    "pid",
    "pseudonym",
    "accession",
    "unnamed",
];

/// Who or what is identified, when the name ends there (`patient`) or in `id`, `no`, `nr` or `number`.
const BEARERS: [&str; 22] = [
    "patient",
    "subject",
    "case",
    "sample",
    "record",
    "person",
    "encounter",
    "visit",
    "admission",
    "stay",
    "hadm",
    "study",
    "row",
    "user",
    "participant",
    "specimen",
    "lesion",
    "image",
    "recording",
    "client",
    "customer",
    "medical",
];

/// Whether the name is that of a key: `id`, `PatientID`, `patient_no`, `subject`, `code number`, …
pub(crate) fn is_key(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else { return false };
    if words.iter().any(|w| KEY_WORDS.contains(&w.as_str())) {
        return true;
    }
    let counted = ["id", "no", "nr", "num", "number", "code"];
    let stem = counted.iter().find_map(|ending| last.strip_suffix(ending).filter(|stem| !stem.is_empty()));
    if stem.is_some_and(|stem| BEARERS.contains(&stem)) {
        return true;
    }
    match words.as_slice() {
        [only] => ["patient", "subject", "case", "participant"].contains(&only.as_str()),
        [.., bearer, number] => {
            counted.contains(&number.as_str()) && (BEARERS.contains(&bearer.as_str()) || bearer == "code")
        }
        [] => false,
    }
}

/// The words of a name in lower case, parted at anything but letters and digits and where lower case
/// turns into upper case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for c in name.chars() {
        if c.is_alphanumeric() {
            let starts = !previous.is_alphanumeric() || (previous.is_lowercase() && c.is_uppercase());
            if starts {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        previous = c;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::is_key;

    #[test]
    fn keys() {
        for name in [
            "id",
            "ID",
            "PatientID",
            "patient_id",
            "Patient ID",
            "patientid",
            "subject",
            "Patient",
            "hadm_id",
            "case no",
            "Sample code number",
            "record-number",
            "MRN",
            "Unnamed: 0",
            "rowid",
            "image_id",
        ] {
            assert!(is_key(name), "{name}");
        }
    }

    #[test]
    fn features() {
        for name in [
            "age",
            "width",
            "humid",
            "acid",
            "uric_acid",
            "fluid",
            "education-num",
            "number of pregnancies",
            "case_fatality",
            "thyroid",
            "c0",
            "",
            "Num of pregnancies",
            "bmi",
            "patient_age",
        ] {
            assert!(!is_key(name), "{name}");
        }
    }
}
