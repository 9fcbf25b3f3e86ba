//! The migrations of the schema, on each engine.

use sqlx::migrate::{Migration, MigrationSource, MigrationType, Migrator};

pub(super) type MigrationStep = (i64, &'static str, &'static str);

/// Lists the migrations, one on a line. Each exists for both engines.
macro_rules! steps {
    ($($number:literal $name:literal)*) => {
        pub(super) const SQLITE: &[MigrationStep] =
            &[$(($number, $name, include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")))),*];
        pub(super) const POSTGRES: &[MigrationStep] =
            &[$(($number, $name, include_str!(concat!("../../../migrations/postgres/", $name, ".sql")))),*];
    };
}
steps! {
    1 "0001_event_log"
    2 "0002_checkpoints"
    3 "0003_read_models"
    4 "0004_people"
    5 "0005_search"
    6 "0006_second_wall"
    7 "0007_stable_views"
    8 "0008_seal"
    9 "0009_saved_searches"
    10 "0010_log_head"
    11 "0011_throttle"
    12 "0012_snapshots"
    13 "0013_versions"
    14 "0014_clock"
    15 "0015_account_log"
    16 "0016_seal_contradictions"
    17 "0017_seal_questions"
    18 "0018_which_step"
    19 "0019_copied"
    20 "0020_owners"
    21 "0021_consumers"
}

#[derive(Debug)]
struct MigrationSteps(&'static [MigrationStep]);

impl MigrationSource<'static> for MigrationSteps {
    fn resolve(
        self,
    ) -> futures::future::BoxFuture<'static, Result<Vec<Migration>, sqlx::error::BoxDynError>> {
        let migration = |&(number, name, sql): &MigrationStep| {
            Migration::new(number, name.into(), MigrationType::Simple, sql.into(), false)
        };
        let migrations = self.0.iter().map(migration).collect();
        Box::pin(async move { Ok(migrations) })
    }
}

/// With `pass_over`, unknown migrations in the database are ignored: the schema says that this version may do so.
pub(super) async fn migrator(
    steps: &'static [MigrationStep],
    pass_over: bool,
) -> Result<Migrator, sqlx::migrate::MigrateError> {
    let mut migrator = Migrator::new(MigrationSteps(steps)).await?;
    migrator.set_ignore_missing(pass_over);
    Ok(migrator)
}
