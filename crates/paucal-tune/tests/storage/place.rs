//! Places for studies: an empty one of each kind.

use std::sync::atomic::{AtomicUsize, Ordering};

use ::postgres::{Client, NoTls};
use paucal_tune::TuneError;
use paucal_tune::storage::{self, Storage};

/// A place that goes away with the test.
pub struct Place {
    pub address: String,
    _folder: Option<tempfile::TempDir>,
    database: Option<Database>,
}

/// A database of its own on the server for tests.
struct Database {
    server: String,
    name: String,
}

impl Place {
    pub fn sqlite() -> Self {
        Self::file("sqlite", "study.db")
    }

    pub fn journal() -> Self {
        Self::file("journal", "study.log")
    }

    fn file(scheme: &str, name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:///{}", folder.path().join(name).display());
        Self { address, _folder: Some(folder), database: None }
    }

    /// A new database, if there is a server.
    pub fn postgres() -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let Ok(server) = std::env::var("PAUCAL_TEST_POSTGRES") else {
            eprintln!("skipped on PostgreSQL: PAUCAL_TEST_POSTGRES is not set");
            return None;
        };
        let name = format!("paucal_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut client = Client::connect(&server, NoTls).unwrap();
        client.batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        let address = address_of(&server, &name);
        Some(Self { address, _folder: None, database: Some(Database { server, name }) })
    }

    /// One of each kind.
    pub fn every() -> Vec<Self> {
        [Some(Self::sqlite()), Some(Self::journal()), Self::postgres()].into_iter().flatten().collect()
    }

    /// A connection of its own, as another process has.
    pub fn open(&self) -> Box<dyn Storage> {
        storage::open(&self.address).unwrap()
    }

    /// Why it cannot be opened.
    pub fn open_error(&self) -> TuneError {
        storage::open(&self.address).err().unwrap()
    }

    /// A plain connection to the database.
    pub fn client(&self) -> Client {
        Client::connect(&self.address, NoTls).unwrap()
    }

    /// A plain connection to the server.
    pub fn server(&self) -> Client {
        Client::connect(&self.database.as_ref().unwrap().server, NoTls).unwrap()
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.database.as_ref().unwrap().name
    }

    /// The file.
    pub fn path(&self) -> &str {
        self.address.split_once(":///").unwrap().1
    }
}

/// The address of a server with another database.
pub fn address_of(server: &str, database: &str) -> String {
    format!("{}/{database}", server.rsplit_once('/').unwrap().0)
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(Database { server, name }) = &self.database {
            let mut client = Client::connect(server, NoTls).unwrap();
            client.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
        }
    }
}
