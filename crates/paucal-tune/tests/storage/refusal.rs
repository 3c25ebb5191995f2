//! What cannot be opened is refused with a reason, and no password is told.

use paucal_core::Advice;
use paucal_tune::TuneError;
use paucal_tune::storage;

use crate::place::{Place, address_of};

/// The error of an address; with it goes a hint.
fn refused(address: &str) -> TuneError {
    let error = storage::open(address).err().unwrap();
    assert!(error.hint().is_some());
    assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("sesame"), "{error}");
    error
}

#[test]
fn files() {
    for address in ["mysql://ann:sesame@host/x", "sqlite:///", "journal:///", "study", "redis://x"] {
        assert!(matches!(refused(address), TuneError::Address(_)), "{address}");
    }
    for address in ["sqlite:////no/such/folder/x.db", "journal:////no/such/folder/x.log"] {
        assert!(matches!(refused(address), TuneError::Unreachable { .. }), "{address}");
        assert!(matches!(storage::existing(address).err(), Some(TuneError::Unreachable { .. })));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text");
    for text in [
        "this is no storage, but long enough to be taken for one at first sight\n",
        "no end of line",
        "{\"a\": 1}\n",
    ] {
        std::fs::write(&path, text).unwrap();
        for scheme in ["sqlite", "journal"] {
            let error = refused(&format!("{scheme}:///{}", path.display()));
            assert!(matches!(error, TuneError::NotAStorage { .. }), "{scheme}: {error}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "looking changes nothing");
    }
}

#[test]
fn one_kind_is_not_taken_for_the_other() {
    let (sqlite, journal) = (Place::sqlite(), Place::journal());
    sqlite.open();
    journal.open().open_study("s", paucal_tune::Direction::Minimise).unwrap();
    let error = refused(&format!("journal:///{}", sqlite.path()));
    assert!(error.to_string().contains("sqlite:///"), "{error}");
    let error = refused(&format!("sqlite:///{}", journal.path()));
    assert!(error.to_string().contains("journal:///"), "{error}");
    // By its path alone each is known.
    assert_eq!(storage::existing(journal.path()).unwrap().studies().unwrap().len(), 1);
    assert_eq!(storage::existing(sqlite.path()).unwrap().studies().unwrap().len(), 0);
}

#[test]
fn other_versions_and_other_programs() {
    let place = Place::sqlite();
    place.open();
    let database = rusqlite::Connection::open(place.path()).unwrap();
    database.execute("UPDATE alembic_version SET version_num = 'v9.0.0'", []).unwrap();
    assert!(matches!(refused(&place.address), TuneError::Schema { found, .. } if found == "v9.0.0"));
    database.execute("DROP TABLE studies", []).unwrap();
    assert!(matches!(refused(&place.address), TuneError::NotAStorage { .. }));

    let Some(place) = Place::postgres() else { return };
    assert!(matches!(storage::existing(&place.address).err(), Some(TuneError::NotAStorage { .. })));
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(place.client().query_one(tables, &[]).unwrap().get::<_, i64>(0), 0, "looking makes no table");
    place.open();
    place.client().execute("UPDATE alembic_version SET version_num = 'v9.0.0'", &[]).unwrap();
    assert!(matches!(refused(&place.address), TuneError::Schema { found, .. } if found == "v9.0.0"));
    place.client().batch_execute("DROP TABLE studies CASCADE").unwrap();
    assert!(matches!(refused(&place.address), TuneError::NotAStorage { .. }));
}

#[test]
fn servers() {
    let nobody = refused("postgresql://ann:sesame@127.0.0.1:1/studies");
    assert!(
        matches!(&nobody, TuneError::Unreachable { url, .. } if url == "postgresql://ann:***@127.0.0.1:1/studies")
    );
    let strange = refused("postgresql://ann:sesame@127.0.0.1/studies?no_such_option=1");
    assert!(matches!(strange, TuneError::Address(_)));
    for mode in ["sslmode=require", "sslmode=verify-full", "sslrootcert=ca.pem"] {
        let error = refused(&format!("postgresql+psycopg2://ann:sesame@127.0.0.1/studies?{mode}"));
        assert!(matches!(error, TuneError::Encryption(_)), "{mode}: {error}");
    }

    let Some(place) = Place::postgres() else { return };
    assert!(matches!(refused(&address_of(&place.address, "no_such_database")), TuneError::NoDatabase { .. }));
    let stranger = place.address.replacen("//paucal@", "//stranger:sesame@", 1);
    assert_ne!(stranger, place.address, "the server for tests is that of .ci/with-postgres");
    assert!(matches!(refused(&stranger), TuneError::Login { .. }));
    for scheme in ["postgres", "postgresql+psycopg2", "postgresql+psycopg"] {
        let address = place.address.replacen("postgresql", scheme, 1) + "?sslmode=prefer";
        assert!(storage::open(&address).is_ok(), "{address}");
    }
}
