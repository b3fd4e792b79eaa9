//! The contract of nut stores, checked by several stores on one directory, as several processes have
//! it.

use std::sync::Arc;

use file_store::FileStore;
use tower_sqrl_core::conformance::nuts::Suite;
use tower_sqrl_core::nuts::NutStore;

#[tokio::test(flavor = "multi_thread")]
async fn a_store_on_files_keeps_the_contract() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let stores = [(); 3].map(|()| Arc::new(FileStore(path.to_owned())) as Arc<dyn NutStore>);
    Suite::new(stores).rounds(300).run().await;
}
